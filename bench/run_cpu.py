"""CPU time of a whole run in two trees of this project, in turns.

    python -m bench.run_cpu OTHER_TREE DATA_ROOT REPLIES [--rounds 3]

The run is orca2_core with the replies of bench/equal_runs.py, by the replay engine. What counts is
user and system time of the command and its scoring process; the median of this tree over that of
the other one is printed last. A round before the counted ones leaves both trees compiled, as an
installed package is.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.equal_runs import HERE, golden_cases, recorded, script

MEASURED = """
import json, resource, sys
from orca_eval.cli import console
code = 0
try:
    console()
except SystemExit as ended:
    code = ended.code
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([u.ru_utime + u.ru_stime for u in used]), file=open("cpu.json", "w"))
sys.exit(code)
"""


def cpu_seconds(tree: Path, answers: Path, data_root: Path, compiled: str) -> tuple[float, float]:
    """Of the command itself, and of the process that scores; bytecode is kept in `compiled`."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(tree), "PYTHONPYCACHEPREFIX": compiled}
    with tempfile.TemporaryDirectory() as name:
        arguments = ["run", "suite=orca2_core", "engine=replay", f"engine.script={answers}"]
        arguments += ["model.path=first", f"data.root={data_root}", "report.samples=false"]
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *arguments, f"results_dir={name}"],
            cwd=name,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{tree}: {done.stderr[-2000:]}")
        own, scoring = json.loads((Path(name) / "cpu.json").read_text("utf-8"))
    return own, scoring


def main() -> None:
    """Measures both trees in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("data_root", type=Path)
    parser.add_argument("replies", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    totals: dict[Path, list[float]] = {args.other: [], HERE: []}
    with tempfile.TemporaryDirectory() as name:
        answers = Path(name) / "script.jsonl"
        lines = script(golden_cases(args.other), args.data_root, recorded(args.replies), 0)
        answers.write_text("\n".join(lines) + "\n", "utf-8")
        for counted in (False, *[True] * args.rounds):
            for tree, seconds in totals.items():
                own, scoring = cpu_seconds(tree, answers, args.data_root, name)
                if not counted:
                    continue
                seconds.append(own + scoring)
                print(f"{tree}: {own:.1f} s, scoring {scoring:.1f} s", flush=True)
    before, after = (statistics.median(totals[tree]) for tree in (args.other, HERE))
    print(f"this tree / the other: {after / before:.3f}")


if __name__ == "__main__":
    main()
