"""How long the identity of a checkpoint takes: 26 GB, as a 13B model in 16 bits has, in 6 files.

    python bench/hash_weights.py [--gb 26] [--files 6] [--folder DIR]

The files hold random bytes and are removed at the end. They are hashed once with their pages out
of the system's cache as far as it lets go of them, and once more, when the digests are remembered.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from orca_eval.model.cache import file_hashes

BLOCK = 1 << 24


def make(path: Path, size: int) -> None:
    block = os.urandom(BLOCK)
    with path.open("wb") as file:
        for number in range(size // BLOCK):
            file.write(number.to_bytes(8, "little") + block[8:])
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gb", type=float, default=26)
    parser.add_argument("--files", type=int, default=6)
    parser.add_argument("--folder", default=None, help="where the files go for a while")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache"
        files = [Path(name) / f"model-{n:05}.safetensors" for n in range(args.files)]
        for file in files:
            make(file, int(args.gb * 1e9 / args.files))
        gb = sum(file.stat().st_size for file in files) / 1e9
        for what in ("read and hashed", "remembered"):
            start = time.perf_counter()
            file_hashes(files)
            seconds = time.perf_counter() - start
            print(
                f"{gb:.1f} GB in {args.files} files on {os.cpu_count()} cores, {what}: "
                f"{seconds:.3f} s ({gb / seconds:.2f} GB/s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
