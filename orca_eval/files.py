"""Files that are written whole or not at all, and names that any text may give them."""

import contextlib
import itertools
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

LONGEST_NAME = 120
"""Characters; file systems take 255 bytes, of which an ending and a temporary name need some."""


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A new, empty file beside `path` that takes its place once the block ends.

    Its name can't be foreseen and it is made anew, so no link that lies there leads elsewhere.

    Raises:
        OSError: the folder is not writable, or its disk is full.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """A text as one part of a path: letters, digits and `._+-`, and never a way out of a folder.

    Different texts may get one name; `SafeNames` tells them apart.
    """
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", name).strip("._")[:LONGEST_NAME] or "_"


class SafeNames:
    """Gives each text a name of its own, also where a file system takes A for a. The same texts in
    the same order get the same names."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, text: str) -> str:
        """The text's name; the same at every call."""
        if text not in self._names:
            safe = safe_name(text)
            numbered = (f"{safe}-{number}" for number in itertools.count(2))
            candidates = itertools.chain([safe], numbered)
            name = next(name for name in candidates if name.casefold() not in self._taken)
            self._names[text] = name
            self._taken.add(name.casefold())
        return self._names[text]
