"""A model folder's JSON files: whatever stands in them ends in a value or in one line."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orca_eval.errors import InputError, OrcaEvalError

MOST_BYTES = 1 << 28
_LFS_POINTER = b"version https://git-lfs"


@contextlib.contextmanager
def reading(source: Path, kind: str = "JSON") -> Iterator[None]:
    """InputError for whatever goes wrong while `source` is read and understood: a file of other
    people's may hold any value at any place."""
    try:
        yield
    except OrcaEvalError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {one_line(error)}"
        raise InputError(
            f"model.path: {source} can't be read as {kind} ({said}); copy the model again"
        ) from None


def one_line(error: BaseException) -> str:
    """What an error says, on one line that is not too long."""
    return " ".join(str(error).split())[:200]


def first_line(error: BaseException) -> str:
    """The head of what a library says, without its lines of advice; its type where it is mute."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def read_json(file: Path) -> dict[str, Any]:
    """The mapping in a JSON file; empty where there is no file.

    Raises:
        InputError: it is no regular file, no JSON, or no mapping.
    """
    with reading(file):
        found = json.loads(text_of(file)) if file.exists() else {}
        if not isinstance(found, dict):
            raise TypeError("it holds no mapping")
        return found


def refuse_pointer(file: Path) -> None:
    """Raises InputError where a regular file is what Git LFS leaves in the place of a large one."""
    with file.open("rb") as stream:
        if stream.read(len(_LFS_POINTER)) == _LFS_POINTER:
            raise InputError(
                f"model.path: {file} can't be read: it is a pointer of Git LFS; run git lfs pull"
                " in its folder, or copy the model again"
            )


def text_of(file: Path) -> str:
    """A regular file's text; a byte order mark is none of it. A pipe would be waited for."""
    if not file.is_file():
        raise ValueError("it is no regular file")
    refuse_pointer(file)
    if file.stat().st_size > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    return file.read_text("utf-8-sig")
