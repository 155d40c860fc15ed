"""How long the gate takes on runs of orca2_core's size (51,752 samples with responses).

    python bench/gate_speed.py

prints JSON: seconds for reading, pairing, the plain tests, the clustered and stratified ones, and
the whole verb as a process of its own, imports included; and the size of an exported baseline.
Seconds are given by the clock and of CPU: on a busy machine only the latter are the gate's own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import yaml
from gate_simulation import BENCHMARKS

from orca_eval.gate.compare import Facts, compare_paired
from orca_eval.gate.judge import judge
from orca_eval.gate.pairing import pair
from orca_eval.gate.policy import policy_from_mapping
from orca_eval.gate.side import read_side
from orca_eval.paths import CONF
from orca_eval.results.baseline import write_export

T = TypeVar("T")
Seconds = dict[str, dict[str, float]]

_POLICY = CONF / "policy" / "default.yaml"
_VERB = """
import sys, yaml
from pathlib import Path
from orca_eval.gate import main_gate, policy_from_mapping
policy = policy_from_mapping(yaml.safe_load(Path(sys.argv[1]).read_text()))
main_gate(sys.argv[2], sys.argv[3], policy, Path(sys.argv[4]))
"""


def main() -> None:
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    policy = policy_from_mapping(yaml.safe_load(_POLICY.read_text(encoding="utf-8")))
    seconds: Seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        _write_runs(before, after)
        sides = _timed(seconds, "read both", lambda: [read_side(str(p)) for p in (before, after)])
        paired = _timed(seconds, "pair", lambda: pair(*sides))
        facts = Facts(())
        plain = {n: p for n, p in paired.items() if p["cluster"].isna().all() and n != "bbh"}
        other = {n: p for n, p in paired.items() if n not in plain}
        _timed(seconds, "plain tests", lambda: compare_paired(plain, policy, facts))
        _timed(
            seconds, "clustered and stratified tests", lambda: compare_paired(other, policy, facts)
        )
        comparisons = compare_paired(paired, policy, facts)
        lines = _timed(seconds, "judge", lambda: judge(comparisons))[1]
        _timed(seconds, "detectable drops", lambda: [line.detectable for line in lines])
        verb = [sys.executable, "-c", _VERB, str(_POLICY), str(before), str(after), folder]
        _timed(
            seconds,
            "whole verb",
            lambda: subprocess.run(verb, check=True, stdout=subprocess.DEVNULL),
        )
        path = write_export(sides[0].frame, sides[0].manifest, Path(folder, "baseline.parquet"))
        size = path.stat().st_size
    report = {
        "samples": sum(len(p) for p in paired.values()),
        "seconds": seconds,
        "exported baseline, kB": round(size / 1000),
    }
    print(json.dumps(report, indent=1))


def _timed(seconds: Seconds, name: str, work: Callable[[], T]) -> T:
    clock, cpu = time.perf_counter(), _cpu()
    result = work()
    seconds[name] = {
        "clock": round(time.perf_counter() - clock, 3),
        "cpu": round(_cpu() - cpu, 3),
    }
    return result


def _cpu() -> float:
    """CPU seconds of this process and of its finished children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _write_runs(before: Path, after: Path) -> None:
    """Two runs of which one answer in ten differs, with responses of 1,200 characters."""
    rng = np.random.default_rng(1)
    frames = []
    for name, benchmark in BENCHMARKS.items():
        for number, task in enumerate(benchmark.tasks):
            n = task if isinstance(task, int) else len(task)
            frame = pd.DataFrame({"doc_id": np.arange(n)})
            frame["benchmark"], frame["task"] = name, f"{name}/{number}"
            frame["doc_hash"] = [f"{x:016x}" for x in rng.integers(0, 2**62, n)]
            frame["cluster"] = None if isinstance(task, int) else [f"p{i}" for i in task]
            frame["score"] = (rng.random(n) < 0.5).astype(float)
            frames.append(frame)
    run = pd.concat(frames, ignore_index=True)
    run["answer"] = rng.choice(list("ABCD"), len(run))
    run["finish_reason"] = "stop"
    run["response"] = [f"{i} " * 200 for i in rng.integers(10_000, 99_999, len(run))]
    before.mkdir()
    run.to_parquet(before / "samples.parquet")
    flips = rng.random(len(run)) < 0.1
    run.loc[flips, "score"] = 1 - run.loc[flips, "score"]
    after.mkdir()
    run.to_parquet(after / "samples.parquet")


if __name__ == "__main__":
    main()
