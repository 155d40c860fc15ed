"""The files that decide what a task from outside asks and how it scores it."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

INCLUDE = re.compile(r"^\s*include:\s*['\"]?([^'\"#\n]+?)['\"]?\s*(?:#.*)?$", re.MULTILINE)
MOST_BYTES = 10 << 20  # a larger file beside a task is data, which its documents' hashes cover


def task_files_sha256(file: Path) -> str:
    """sha256 (hex) over a task YAML, what it includes, and the code and settings beside these.

    A YAML's functions are in modules of its folder, which may import each other.
    """
    digest = sha256()
    for path in sorted(set(_files(file.resolve(), set()))):
        digest.update(f"{path.name}\0".encode("utf-8", "surrogateescape"))
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(file: Path, seen: set[Path]) -> Iterator[Path]:
    if file in seen or not file.is_file():
        return
    seen.add(file)
    yield file
    for pattern in ("*.py", "*.yaml", "*.yml"):
        for beside in file.parent.glob(pattern):
            if beside.is_file() and beside.stat().st_size <= MOST_BYTES:
                yield beside.resolve()
    for name in INCLUDE.findall(file.read_text("utf-8", errors="replace")):
        yield from _files((file.parent / name).resolve(), seen)
