"""Damages every file of a finished run folder and asks every verb about it.

    python bench/damage.py [--cells N] [--seed 0]

A cell is a file, a damage (40 bytes inverted, cut short, emptied, removed) and a verb. Each must
end as with the whole run, where the verb does not need what is damaged, or in one line that names
the file and is the same for every verb; the advice in it, followed, makes the folder whole and the
verb end as with the whole run. All cells by default; exit code 1 where one does not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from orca_eval.cli import main as orca_eval

ADVICE = "repeat the run's own command, which writes it anew from the stored responses"
DAMAGES = ("inverted", "cut", "emptied", "removed")
VERBS = ("run", "rescore", "audit", "report", "gate", "gate as baseline", "baseline export")
INVERTED_BYTES = 40


class Cell(NamedTuple):
    """What is damaged, and who is asked."""

    file: str
    damage: str
    verb: str


class Subject:
    """A finished run of quickstart items, to be copied and damaged."""

    def __init__(self, base: Path) -> None:
        self.base = base
        script = base / "script.jsonl"
        script.write_text(json.dumps({"default": True, "text": "###Final answer: {B}"}) + "\n")
        self.command = ["run", "engine=replay", f"engine.script={script}", "model.name=m"]
        self.command += ["suite.benchmarks=[arc_easy,gsm8k]", "suite.quickstart=true"]
        self.results = base / "whole"
        code, said = call([*self.command, f"results_dir={self.results}"])
        if code:
            raise RuntimeError("\n".join(said))
        (self.run,) = (path.parent for path in self.results.glob("*/*/manifest.json"))
        self.files = sorted(path.name for path in self.run.iterdir() if path.stat().st_size)

    def cells(self) -> list[Cell]:
        """All there are."""
        return [Cell(*cell) for cell in itertools.product(self.files, DAMAGES, VERBS)]

    def arguments(self, verb: str, results: Path) -> list[str]:
        """A verb's command line for the run under `results`."""
        run = results / self.run.relative_to(self.results)
        out = results / "out"
        sides = {"gate": (self.run, run), "gate as baseline": (run, self.run)}
        if verb == "run":
            return [*self.command, f"results_dir={results}"]
        if verb in sides:
            baseline, candidate = sides[verb]
            return ["gate", f"baseline={baseline}", f"candidate={candidate}", f"out={out}"]
        return {
            "rescore": ["rescore", f"run={run}"],
            "audit": ["audit", f"run={run}", f"out={results / 'audit.html'}"],
            "report": ["report", f"runs=[{run}]", f"out={out}", "report.samples=false"],
            "baseline export": ["baseline", "export", f"run={run}", f"out={results / 'b.parquet'}"],
        }[verb]


def call(arguments: list[str]) -> tuple[int, list[str]]:
    """A command's exit code and its lines on standard error."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        code = orca_eval(arguments)
    return code, errors.getvalue().splitlines()


def damaged(path: Path, damage: str, rng: random.Random) -> None:
    """Damages a file in place."""
    data = bytearray(path.read_bytes())
    if damage == "removed":
        path.unlink()
        return
    if damage == "inverted":
        at = rng.randrange(max(1, len(data) - INVERTED_BYTES))
        end = at + INVERTED_BYTES
        data[at:end] = bytes(byte ^ 0xFF for byte in data[at:end])
    path.write_bytes(data[: rng.randrange(1, len(data))] if damage == "cut" else data)
    if damage == "emptied":
        os.truncate(path, 0)


def problems(subject: Subject, cell: Cell, seed: int) -> Iterator[str]:
    """What does not hold in a cell."""
    with tempfile.TemporaryDirectory(dir=subject.base) as name:
        results = Path(name) / "results"
        shutil.copytree(subject.results, results)
        run = results / subject.run.relative_to(subject.results)
        rng = random.Random(f"{seed} {cell.file} {cell.damage}")
        damaged(run / cell.file, cell.damage, rng)
        try:
            code, said = call(subject.arguments(cell.verb, results))
            if cell.verb == "run":
                yield from not_mended(subject, run, code)
                return
            whole, _ = call(subject.arguments(cell.verb, subject.results))
            if code == whole:
                return
            if (
                len(said) != 1
                or not said[0].endswith(ADVICE)
                or str(run / cell.file) not in said[0]
            ):
                yield f"says {said}"
            code, said = call(subject.arguments("run", results))
            yield from not_mended(subject, run, code)
            code, said = call(subject.arguments(cell.verb, results))
            if code != whole:
                yield f"still exits with {code} after the advice: {said}"
        except Exception as error:
            yield f"a traceback: {type(error).__name__}: {error}"


def not_mended(subject: Subject, run: Path, code: int) -> Iterator[str]:
    """What the run's own command left as it was."""
    if code:
        yield f"the run's own command exits with {code}"
    for name in ("samples.parquet", "scores.csv"):
        if (
            not (run / name).is_file()
            or (run / name).read_bytes() != (subject.run / name).read_bytes()
        ):
            yield f"{name} is not as it was"
    for name in subject.files:
        pattern = "results_*.json" if name.startswith("results_") else name
        if not [path for path in run.glob(pattern) if path.stat().st_size]:
            yield f"{name} is still missing"


def main() -> int:
    """Tries the cells, or a seeded sample of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        subject = Subject(Path(name))
        cells = subject.cells()
        if args.cells:
            cells = random.Random(args.seed).sample(cells, args.cells)
        faults = [
            f"{' · '.join(cell)}: {problem}"
            for cell in cells
            for problem in problems(subject, cell, args.seed)
        ]
    print("\n".join(faults))
    print(f"damage: {len(cells)} cells, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
