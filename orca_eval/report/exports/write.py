"""Every run's exports, a folder per run."""

import json
from itertools import groupby
from pathlib import Path

from orca_eval.files import SafeNames
from orca_eval.report.board import Board
from orca_eval.report.exports.lm_eval import lm_eval_samples, stamp, write_results
from orca_eval.report.exports.model_card import model_index
from orca_eval.results.run import Run


def write_exports(board: Board, folder: Path, samples: bool) -> None:
    """lm-eval's files and the model-index block of every run of the board."""
    names = SafeNames()
    for run in board.runs:
        target = folder / names.of(run.label)
        target.mkdir(parents=True, exist_ok=True)
        write_results(run, target)
        if block := model_index(run):
            (target / "model-index.md").write_text(block, encoding="utf-8")
        if samples:
            _write_samples(run, target)


def _write_samples(run: Run, target: Path) -> None:
    """A file per task; a task's samples lie together in a run."""
    names, written = SafeNames(), set[str]()
    for task, lines in groupby(lm_eval_samples(run), key=lambda pair: pair[0]):
        name = "::".join(map(names.of, task.split("::")))
        mode = "a" if name in written else "w"
        written.add(name)
        path = target / f"samples_{name}_{stamp(run)}.jsonl"
        with path.open(mode, encoding="utf-8") as file:
            for _, line in lines:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
