"""The router of one half of the documents, run on the other, scores what the matrix predicted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.matrix.router import router, write_router
from orca_eval.matrix.ways import Matrix, TaskKey, matrices
from orca_eval.matrix.worth import Worth
from orca_eval.results.run import read_runs

TASKS, ROWS = ("adding", "taking", "sharing"), 120
CHANCES = {
    "own": {"adding": 0.5, "taking": 0.5, "sharing": 0.5},
    "direct": {"adding": 0.8, "taking": 0.3, "sharing": 0.5},
    "step_by_step": {"adding": 0.4, "taking": 0.8, "sharing": 0.55},
}
YAML = """\
group: sums
group_alias: Sums
dataset_path: me/sums
test_split: test
process_docs: !function sums.docs
aggregate_metric_list: [{weight_by_size: false}]
metadata: {version: 1}
task:
"""
FUNCTION = """\
from orca_eval.benchmarks.items import open_answer, per_row

docs = per_row(lambda row: open_answer(row["question"], "number", [[row["result"]]]))
"""


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What all runs have in common: a benchmark of our own, and a model with planted chances."""
    base = tmp_path_factory.mktemp("sums")
    (base / "tasks/sums").mkdir(parents=True)
    lines, card, tasks = [json.dumps({"default": True, "text": "?"})], [], YAML
    for task in TASKS:
        tasks += (
            f"  - {{task: {task}, dataset_name: {task}, metadata: {{version: 1, rows: {ROWS}}}}}\n"
        )
        card.append(
            f"- config_name: {task}\n  data_files:\n  - split: test\n    path: {task}.jsonl"
        )
        rows = [
            {"question": f"{task} {number}: what is {number} + 7?", "result": str(number + 7)}
            for number in range(ROWS)
        ]
        (base / "data/me/sums").mkdir(parents=True, exist_ok=True)
        (base / f"data/me/sums/{task}.jsonl").write_text("\n".join(map(json.dumps, rows)))
        for strategy, chances in CHANCES.items():
            calls = run_config(compose_verb("run", [f"strategy={strategy}"])).strategy.calls
            for row in rows:
                turn = "".join(f"{call.user}\n\n" for call in calls) + row["question"]
                place = hashlib.sha256(turn.encode()).digest()[0] / 256
                said = row["result"] if place < chances[task] else "-1"
                lines.append(json.dumps({"prompt": turn, "text": f"###Final answer: {said}"}))
    (base / "data/me/sums/README.md").write_text("---\nconfigs:\n" + "\n".join(card) + "\n---\n")
    (base / "tasks/sums/sums.yaml").write_text(tasks)
    (base / "tasks/sums/sums.py").write_text(FUNCTION)
    (base / "script.jsonl").write_text("\n".join(lines))
    return [
        *("engine=replay", f"engine.script={base / 'script.jsonl'}", "strategy.form=user"),
        *(f"tasks.path={base / 'tasks'}", "allow_code=true", "suite=sums"),
        *(f"data.root={base / 'data'}", f"results_dir={base / 'results'}"),
    ]


def score(matrix: Matrix, way: int) -> float:
    return float(Worth(matrix, "sums").scores[way])


def halves(matrix: Matrix) -> list[dict[TaskKey, list[int]]]:
    """The documents of either half, by their numbers."""
    numbers = {key: list(part.documents) for key, part in matrix.parts.items()}
    return [
        {key: [doc for doc in own if doc % 2 == half] for key, own in numbers.items()}
        for half in (0, 1)
    ]


def test_a_router_of_one_half_scores_on_the_other_what_was_predicted(
    command: list[str], tmp_path: Path
) -> None:
    assert main(["strategies", f"strategies={','.join(CHANCES)}", *command]) == 0
    results = Path(command[-1].partition("=")[2])
    (matrix,) = matrices(read_runs(sorted(results.glob("*/sums-*"))))
    one, other = halves(matrix)
    content = router(matrix.where(one))
    assert content["by_task"]["sums/adding"] == "direct"
    assert content["by_task"]["sums/taking"] == "step_by_step"
    assert content["chosen"]["documents"] == ROWS // 2 * len(TASKS)
    found = Worth(matrix.where(one), "sums").choosing
    assert found is not None
    predicted = found.ceiling("per_task")
    assert content["chosen"]["predicted"].startswith(f"{100 * predicted.estimate:.2f} (")
    write_router(content, tmp_path)
    assert main(["run", *command, f"conf.path={tmp_path}", "strategy=by_task"]) == 0
    (again,) = matrices(read_runs(sorted(results.glob("*/sums-*"))))
    routed = again.way("by_task", "empty")
    assert routed is not None
    planted = [CHANCES[content["by_task"][f"sums/{task}"]][task] for task in TASKS]
    assert predicted.low <= sum(planted) / len(TASKS) <= predicted.high
    # The other half has a sampling error of its own: the router says how far it may lie.
    anew = found.forecast("per_task")
    told = f"; {100 * anew.low:.1f} to {100 * anew.high:.1f} on as many other documents"
    assert content["chosen"]["predicted"].endswith(told)
    assert anew.low <= score(again.where(other), routed) <= anew.high
    # Nothing was asked anew: the router's questions are the strategies' own.
    (folder,) = results.glob("*/sums-empty-by_task-*")
    samples = json.loads((folder / "manifest.json").read_text())["samples"]
    assert samples["reused"] == samples["total"]
