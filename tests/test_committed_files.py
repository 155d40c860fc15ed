"""The checkout itself keeps to what the commit hooks ask."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.committed_files import problems

ROOT = Path(__file__).resolve().parent.parent


def test_no_tracked_file_is_refused() -> None:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert not problems(file for file in files if file.is_file())


def test_each_kind_is_found(tmp_path: Path) -> None:
    contents = {
        "large": b"x" * 500_000 + b"\n",
        "key": b"-----BEGIN " + b"PRIVATE KEY-----\n",
        "unended": b"text",
        "blank": b"text\n\n",
        "binary": b"\0\n\n",
        "good": b"text\n",
        "empty": b"",
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    found = problems(sorted(tmp_path.iterdir()))
    assert [Path(line.split(":")[0]).name for line in found] == ["blank", "key", "large", "unended"]
