"""Scores that are no share of right answers: scale, direction, ungraded ones, a task's faults."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.errors import RunError
from orca_eval.run import evaluate
from orca_eval.types import Completion, Doc, Measure, Message, Scored, Step, once

from .fakes import FakeEngine

ERROR = Measure("error", 0, 10, "lower")


def number(_: Doc, done: Sequence[Completion]) -> Scored:
    """The reply is the score; anything else is ungraded."""
    text = done[-1].text
    value = float(text) if text.replace(".", "").isdigit() else None
    return Scored(None if value is None else text, "own", None, value)


class Saying(FakeEngine):
    """Answers by the number of the document, which is its prompt's last word."""

    def __init__(self, name: str, say: Callable[[int], object]) -> None:
        super().__init__()
        self.name, self.say = name, say

    def identity(self) -> dict[str, object]:
        return {"engine": "fake", "name": self.name}

    async def generate(self, request: object) -> Completion:
        found = await super().generate(request)  # type: ignore[arg-type]
        return found._replace(text=str(self.say(int(found.text))))


def message(number: int) -> Message:
    return {"role": "user", "content": f"Item {number}"}


Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Runs one benchmark of eight documents; its folder."""

    def run(
        name: str, say: Callable[[int], object], measure: Measure = ERROR,
        score: object = number, ask: object = once,
    ) -> Path:  # fmt: skip
        docs = [
            Doc(
                "errors",
                "part",
                n,
                f"h{n}",
                ({"role": "user", "content": f"Item {n}"},),
                "text",
                (),
            )
            for n in range(8)
        ]
        task = Task("part", "1", tuple(docs), 8, None, {}, score, ask)  # type: ignore[arg-type]
        made = Benchmark("errors", "Errors", "pooled", (task,), "0" * 64, "here", measure=measure)
        monkeypatch.setattr(evaluate, "load_suite", lambda _config, _known: [made])
        monkeypatch.setattr(evaluate, "build_engine", lambda _: Saying(name, say))
        given = ["engine=replay", "model.path=m", f"model.name={name}", f"results_dir={tmp_path}"]
        composed = compose_verb("run", given)
        return evaluate.run(run_config(composed), composed)

    return run


def test_less_is_better_where_the_measure_says_so(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = made("good", lambda n: 1 + n % 3), made("bad", lambda n: 5 + n % 3)
    runs = f"runs=[{good},{bad}]"
    assert main(["report", runs, "baseline=good", f"out={tmp_path / 'report'}"]) == 0
    said = capsys.readouterr().out
    assert "error, 0 to 10, lower is better" in said
    tables = "".join(file.read_text() for file in (tmp_path / "report/tables").glob("*.md"))
    assert "| good | **" in tables.replace("<sup>a</sup>", "")  # the best
    assert "−213.33" in said  # 5.875 over 1.875, which is worse
    (results,) = (tmp_path / "report").glob("exports/good/results_*.json")
    content = json.loads(results.read_text("utf-8"))
    assert content["results"]["errors"]["error,orca"] == 1.875
    assert content["higher_is_better"]["errors"]["error"] is False
    policy = ["policy.others.tier=critical", "policy.min_pairs=4", f"out={tmp_path}"]
    assert main(["gate", f"baseline={good}", f"candidate={bad}", *policy]) == 1
    assert main(["gate", f"baseline={bad}", f"candidate={good}", *policy]) == 0


def test_what_nothing_graded_passes_no_gate_and_ends_no_report(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = made("none", lambda _: "?")
    first = made("first", lambda n: 3 if n < 4 else "?")
    last = made("last", lambda n: "?" if n < 4 else 3)
    policy = ["policy.others.tier=critical", "policy.min_pairs=2", f"out={tmp_path}"]
    for baseline, candidate in ((none, none), (first, none), (first, last)):
        assert main(["gate", f"baseline={baseline}", f"candidate={candidate}", *policy]) == 3
        line = capsys.readouterr().err.splitlines()[-1]
        assert "errors: ungraded are " in line
        assert "so nothing can be compared" in line
    assert main(["gate", f"baseline={first}", f"candidate={first}", *policy]) == 0
    assert "ungraded are 4 of the baseline's samples" in " ".join(capsys.readouterr().out.split())
    runs = f"runs=[{first},{last},{none}]"
    assert main(["report", runs, "baseline=first", f"out={tmp_path / 'report'}"]) == 0
    assert "no document graded in both runs" in capsys.readouterr().out
    assert main(["rescore", f"run={first}"]) == 0
    said = capsys.readouterr().out
    assert "3.00" in said
    assert "0 samples changed" in said


def raises(_: Doc, __: Sequence[Completion]) -> Step:
    raise ZeroDivisionError("of the task")


def asks_nothing(_: Doc, __: Sequence[Completion]) -> None:
    return None


def scores(value: float) -> Callable[[Doc, Sequence[Completion]], Scored]:
    return lambda _, __: Scored("x", "own", None, value)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"ask": raises}, "errors/part: its ask failed: ZeroDivisionError: of the task"),
        ({"ask": asks_nothing}, "errors/part doc 0: its ask asks nothing"),
        ({"score": scores(float("inf"))}, "errors/part: its score is inf, no number from 0 to 100"),
        ({"score": scores(101)}, "errors/part: its score is 101, no number from 0 to 100"),
    ],
)
def test_a_tasks_own_fault_is_a_line(made: Made, wrong: dict[str, object], line: str) -> None:
    with pytest.raises(RunError, match=line):
        made("m", lambda n: n, **wrong)


def test_a_manifest_whose_measure_is_not_the_scores_is_damaged(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made("m", lambda n: 2 + n)
    path = folder / "manifest.json"
    content = json.loads(path.read_text("utf-8"))
    del content["benchmarks"]["errors"]["measure"]
    path.write_text(json.dumps(content), "utf-8")
    assert main(["report", f"runs=[{folder}]", f"out={folder / 'out'}"]) == 3
    assert "benchmarks.errors: its measure ends at 1, the score is 5.5" in capsys.readouterr().err


def test_a_cell_of_figures_that_is_no_mapping_is_damage(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made("m", lambda n: n)
    frame = pd.read_parquet(folder / "samples.parquet")
    for cell in ("x", "[]", "3", '{"a": "b"}'):
        frame.assign(figures=cell).to_parquet(folder / "samples.parquet", index=False)
        assert main(["rescore", f"run={folder}"]) == 3
        assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(("name", "low", "high"), [("elo", 0, 2000), ("x", 1, 1), ("mean", 1, 10)])
def test_a_measure_that_no_file_can_hold_is_refused(name: str, low: float, high: float) -> None:
    with pytest.raises(ValueError, match=f"measure {name}: "):
        Measure(name, low, high)
