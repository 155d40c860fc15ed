"""`kill -9` while cut replies are gone on from, and the same command again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

from orca_eval.store import ResponseStore

HERE = Path(__file__).resolve()
SHORT, LONG = 8, 32


def command(results: Path, log: Path, most: int) -> list[str]:
    return [
        *(sys.executable, "-m", "orca_eval", "run", "engine=tests.run.counting:Counting"),
        *(f"engine.log={log}", "model.path=none", "suite=bbh", "suite.quickstart=true"),
        *(f"max_tokens={most}", f"results_dir={results}", "report.samples=false"),
    ]


def finished(results: Path, log: Path, most: int) -> pd.DataFrame:
    """A run to its end, and its samples."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[2])}
    ran = subprocess.run(
        command(results, log, most), capture_output=True, text=True, check=False, env=environment
    )
    assert ran.returncode == 0, ran.stderr
    (path,) = (p for p in results.glob("*/*/samples.parquet") if tokens(p) == most)
    return pd.read_parquet(path)


def tokens(path: Path) -> int:
    return int(pd.read_parquet(path, columns=["completion_tokens"])["completion_tokens"].max())


def killed(results: Path, log: Path, after: int) -> set[str]:
    """Kills the long run once so many replies more are logged; the keys of those that it stored."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[2])}
    before = len(made(log))
    with subprocess.Popen(
        command(results, log, LONG),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=environment,
    ) as process:
        while process.poll() is None and len(made(log)) < before + after:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
    with ResponseStore(results / ".store") as store:
        keys = [bytes.fromhex(key) for key in made(log)]
        return {key.hex() for key in store.get_many(keys)}


def made(log: Path) -> list[str]:
    """The keys of the replies that the engine made, in turn."""
    return [line.split()[0] for line in log.read_text().splitlines()]


def test_what_was_gone_on_from_and_stored_is_not_made_again(tmp_path: Path) -> None:
    log, calm_log = tmp_path / "log", tmp_path / "calm log"
    calm = finished(tmp_path / "calm", calm_log, LONG)
    finished(tmp_path / "killed", log, SHORT)
    short = len(made(log))
    stored: set[str] = set()
    for after in (1, 9, 20):
        before = len(made(log))
        stored_now = killed(tmp_path / "killed", log, after)
        assert stored.isdisjoint(made(log)[before:])
        stored = stored_now
    before = len(made(log))
    ended = finished(tmp_path / "killed", log, LONG)
    assert stored.isdisjoint(made(log)[before:])
    columns = ["benchmark", "task", "doc_id", "response", "score", "completion_tokens"]
    pd.testing.assert_frame_equal(ended[columns], calm[columns])
    assert set(ended["kept_tokens"]) == {SHORT}
    counts = [int(line.split()[1]) for line in log.read_text().splitlines()[short:]]
    assert set(counts) == {LONG - SHORT}
    assert len(set(made(log)[short:])) == len(calm)
