"""The store on a real network file system, seen by two hosts with caches and locks of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.many_writers import mounted, sftp_server
from orca_eval.store import ResponseStore, disk
from tests.store.network import completion, key, keys, merge, numbered, put
from tests.waiting import until

pytestmark = pytest.mark.skipif(sftp_server() is None, reason="sshfs can't be mounted here")


def test_two_hosts_write_read_and_merge(tmp_path: Path) -> None:
    with mounted(tmp_path, 2) as hosts:
        if len(hosts) < 2:
            pytest.skip("sshfs can't be mounted here")
        assert not any(map(disk.shares_memory, hosts))
        folders = [host / "results" / ".store" for host in hosts]
        with ResponseStore(folders[0]) as first:
            put(first, 1)
            with ResponseStore(folders[1]) as second:
                assert second.get_many(keys(4)) == numbered(1)
                put(second, 2)
                put(first, 3)
                until(lambda: len(second.get_many(keys(4))) == 3)
            with ResponseStore(folders[0]) as third:  # made after the second's, so it finds it
                assert third.get_many(keys(4)) == numbered(1, 2, 3)
            merge(folders[1])
            first.put(key(1), completion(5))
        with ResponseStore(folders[1]) as last:
            assert last.get_many(keys(4)) == {key(1): completion(5)} | numbered(2, 3)
            assert last.warnings == []
