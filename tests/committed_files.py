"""What no commit may hold: a large file, a private key, a text without a line break at its end.

python tests/committed_files.py FILE …
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

LARGEST_BYTES = 500_000
PRIVATE_KEY = b"PRIVATE KEY-----"


def problems(files: Iterable[Path]) -> list[str]:
    """A line for each file that should not be committed as it is."""
    found = []
    for path in files:
        data = path.read_bytes()
        if len(data) > LARGEST_BYTES:
            found.append(f"{path}: {len(data):,} bytes are more than {LARGEST_BYTES:,}")
        if b"-----BEGIN " + PRIVATE_KEY in data:
            found.append(f"{path}: a private key")
        if data and b"\0" not in data and (data[-1:] != b"\n" or data[-2:] == b"\n\n"):
            found.append(f"{path}: must end in one line break")
    return found


if __name__ == "__main__":
    lines = problems(map(Path, sys.argv[1:]))
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(bool(lines))
