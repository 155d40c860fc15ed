from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from orca_eval.model.cache import cache_folder, combined_hash, file_hashes


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_hash_is_what_sha256sum_prints_and_the_cache_lies_where_xdg_says(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"weights")

    assert file_hashes([file])[file] == hashlib.sha256(b"weights").hexdigest()
    assert cache_folder() == tmp_path / "cache" / "orca-eval"
    assert list((cache_folder() / "sha256").iterdir())


def test_hash_is_remembered_until_the_file_changes_whatever_its_mtime_says(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"weights")
    first = file_hashes([file])[file]
    (note,) = (cache_folder() / "sha256").iterdir()
    note.write_text("0" * 64)
    assert file_hashes([file])[file] == "0" * 64  # not read again
    note.write_text(first)

    status = file.stat()
    file.write_bytes(b"WEIGHTS")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file_hashes([file])[file] == hashlib.sha256(b"WEIGHTS").hexdigest()


def test_a_changed_blob_of_the_hubs_cache_has_another_hash(tmp_path: Path) -> None:
    name = hashlib.sha256(b"as downloaded").hexdigest()
    blob = tmp_path / "blobs" / name
    blob.parent.mkdir()
    blob.write_bytes(b"as downloaded")
    link = tmp_path / "snapshot" / "model.safetensors"
    link.parent.mkdir()
    link.symlink_to(blob)

    assert file_hashes([link])[link] == name
    blob.write_bytes(b"as edited")
    assert file_hashes([link])[link] == hashlib.sha256(b"as edited").hexdigest()


def test_a_cache_that_cannot_be_written_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    file = tmp_path / "w"
    file.write_bytes(b"weights")

    assert file_hashes([file])[file] == hashlib.sha256(b"weights").hexdigest()


def test_combined_hash_knows_names_and_values_not_order() -> None:
    assert combined_hash({"a": "1", "b": "2"}) == combined_hash({"b": "2", "a": "1"})
    assert combined_hash({"a": "1"}) != combined_hash({"b": "1"})
