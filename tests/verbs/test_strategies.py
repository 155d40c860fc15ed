"""The matrix from one command: what is missing is run, then which strategy serves which task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from orca_eval.benchmarks.load import load_benchmark
from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.matrix.behaviour import SHOWN, behaviour_of
from orca_eval.matrix.tables import matrix_tables
from orca_eval.matrix.ways import Matrix, matrices
from orca_eval.matrix.worth import Worth
from orca_eval.report.board import build_board
from orca_eval.results.run import read_runs
from orca_eval.run.strategy import Asking
from orca_eval.types import Doc, Step

BENCHMARKS = ("bbh", "gsm8k", "arc_easy")
Chance = Callable[[str, str, str], float]
"""Of a right answer, by strategy, benchmark and task."""


def write_script(path: Path, strategies: Sequence[str], chance: Chance) -> None:
    """A model whose answers are right as often as `chance` says, told in the user's turn."""
    lines = [json.dumps({"default": True, "text": "no idea"})]
    for strategy in strategies:
        calls = run_config(compose_verb("run", [f"strategy={strategy}"])).strategy.calls
        for name in BENCHMARKS:
            for task in load_benchmark(name, None, quickstart=True).tasks:
                for doc in task.docs:
                    turn = doc.messages[-1]["content"]
                    for call in calls:
                        step = Asking(calls, "", in_system=False).step(_step(doc), call, "")
                        turn = step.messages[-1]["content"]
                    digest = hashlib.sha256(f"{strategy} {turn}".encode()).digest()
                    right = digest[0] / 256 < chance(strategy, name, task.name)
                    gold = doc.golds[0][0] if right else "none of it"
                    text = f"Step 1. Think.\nStep 2. Done.\n###Final answer: {gold}"
                    lines.append(json.dumps({"prompt": turn, "text": text}))
    path.write_text("\n".join(dict.fromkeys(lines)))


def _step(doc: Doc) -> Step:
    return Step(doc.messages)


def better_on_its_own(strategy: str, benchmark: str, _task: str) -> float:
    return 0.9 if (strategy == "direct") == (benchmark == "bbh") else 0.3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A matrix's folder, and its command."""
    base = tmp_path_factory.mktemp("matrix")
    write_script(base / "script.jsonl", ("own", "direct", "step_by_step"), better_on_its_own)
    command = [
        *("strategies", "strategies=[own,direct,step_by_step]", "strategy.form=user"),
        *("engine=replay", f"engine.script={base / 'script.jsonl'}", "suite.quickstart=true"),
        *(f"suite.benchmarks=[{','.join(BENCHMARKS)}]", f"results_dir={base / 'results'}"),
        *("prompts=[empty,cautious]", f"out={base / 'out'}"),
    ]
    assert main(command) == 0
    return base, command


def matrix_of(base: Path) -> Matrix:
    (matrix,) = matrices(read_runs([base / "results"]))
    return matrix


def test_writes_every_table_and_a_router_for_each_prompt(
    made: tuple[Path, list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    base, command = made
    tables = {path.stem for path in (base / "out/tables").glob("strategies_*.md")}
    kinds = ("scores", "ceilings", "regret", "prices", "by_task", "own")
    assert tables == {f"strategies_{kind}_smollm2-135m-instruct" for kind in kinds}
    assert len(list((base / "out/routers").glob("*/strategy/by_task.yaml"))) == 2
    assert (base / "out/plots/heatmap.svg").is_file()
    assert main(command) == 0
    said = capfd.readouterr()
    assert said.err.count("this run is finished") == 6
    assert "best per document" in said.out


def test_the_router_runs_like_any_strategy_and_says_from_what_it_was_chosen(
    made: tuple[Path, list[str]], tmp_path: Path
) -> None:
    base, _ = made
    conf = base / "out/routers/smollm2-135m-instruct-empty"
    content = yaml.safe_load((conf / "strategy/by_task.yaml").read_text())
    assert content["by_task"]["bbh/navigate"] in ("own", "direct")
    command = [
        *("run", f"conf.path={conf}", "strategy=by_task", "strategy.form=user", "engine=replay"),
        *(f"engine.script={base / 'script.jsonl'}", "suite=race", "suite.quickstart=true"),
        f"results_dir={tmp_path}",
    ]
    assert main(command) == 0
    (manifest,) = tmp_path.glob("*/*/manifest.json")
    notes = json.loads(manifest.read_text())["notes"]
    assert any("chosen by task, from model smollm2-135m-instruct" in note for note in notes)


def test_own_word_for_word_one_of_the_strategies_has_no_regret(
    made: tuple[Path, list[str]],
) -> None:
    matrix = matrix_of(made[0])
    own = matrix.way("own", "empty")
    same = matrix.only([own, own])
    worth = Worth(same, "bbh")
    assert worth.scores[0] == worth.scores[1]
    assert worth.per_item == pytest.approx(worth.scores[0])
    assert worth.floor == pytest.approx(worth.scores[0])


def test_tables_say_where_nothing_can_be_judged(made: tuple[Path, list[str]]) -> None:
    runs = read_runs([made[0] / "results"])
    board = build_board(runs, None)
    tables = matrix_tables(board, matrix_of(made[0]))
    ceilings = next(table for table in tables if "ceilings" in table.name)
    bbh = next(row for row in ceilings.rows if row.label == "BBH")
    assert any("too few" in note for cell in bbh.cells for note in cell.notes)


@pytest.mark.parametrize(
    ("reply", "behaviour", "rule"),
    [
        ("", "none", "empty"),
        ("The answer is B.", "direct", "short"),
        ("Recall: a cube has six faces, each a square.\nSo the paper covers six squares. Final: 6",
         "recall", "heading"),
        ("1. Count the trays, of which there are four.\n2. Multiply by the nine rolls on each.\n36",
         "steps", "numbered"),
        ("She has 4 * 9 = 36 rolls on the trays now, and 36 - 6 = 30 after the sale of some.",
         "steps", "calculation"),
        ("The second option names the town that the passage talks about at its end, near the sea.",
         "direct", "otherwise"),
    ],
)  # fmt: skip
def test_what_a_reply_does_is_told_by_named_rules(reply: str, behaviour: str, rule: str) -> None:
    found = behaviour_of(reply)
    assert (found.behaviour, found.rule) == (behaviour, rule)
    assert found.behaviour in SHOWN
