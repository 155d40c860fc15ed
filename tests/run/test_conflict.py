"""A reply whose letter names one option and whose text is another's: a rate, and a choice."""

import json
from pathlib import Path

import pandas as pd
import pytest

from orca_eval.benchmarks.load import load_benchmark
from orca_eval.cli import main
from orca_eval.results.run import read_run

Output = pytest.CaptureFixture[str]
SUITE = ["suite.benchmarks=[mmlu]", "suite.quickstart=true"]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A run whose replies name the gold in three ways: by the letter beside another option's text,
    by the text beside another's letter, and plainly."""
    lines = []
    docs = [
        doc for task in load_benchmark("mmlu", None, quickstart=True).tasks for doc in task.docs
    ]
    for number, doc in enumerate(docs):
        assert doc.options is not None
        gold = doc.golds[0][0]
        other = next(label for label in doc.options if label != gold)
        letter, text = [(gold, other), (other, gold), (gold, gold)][number % 3]
        reply = f"{letter}. {doc.options[text]}"
        lines.append(json.dumps({"prompt": doc.messages[-1]["content"], "text": reply}))
    script = tmp_path / "script.jsonl"
    script.write_text("\n".join(lines) + "\n")
    return ["run", *SUITE, "engine=replay", f"engine.script={script}", "model.path=m"]


def run(command: list[str], results: Path, *more: str) -> Path:
    assert main([*command, f"results_dir={results}", *more]) == 0
    (manifest,) = results.glob("m/*/manifest.json")
    return manifest.parent


def counts(folder: Path) -> tuple[int, int, int, int]:
    """Samples, those in conflict, and those right by the letter and by the text."""
    samples = pd.read_parquet(folder / "samples.parquet")
    conflicts = samples[samples["by_letter"].notna()]
    assert set(conflicts["rule"]) == {"letter_text_conflict"}
    by_letter, by_text = (int(conflicts[name].sum()) for name in ("by_letter", "by_text"))
    return len(samples), len(conflicts), by_letter, by_text


def test_both_scores_stand_beside_the_rate(
    command: list[str], tmp_path: Path, capsys: Output
) -> None:
    folder = run(command, tmp_path / "none")
    n, conflicts, by_letter, by_text = counts(folder)
    assert conflicts == by_letter + by_text
    assert 0 < by_letter < n
    score = read_run(folder).benchmark("mmlu")
    assert score is not None
    plain = (n - conflicts) / n
    assert score.score == pytest.approx(plain)
    assert score.conflict_rate == pytest.approx(conflicts / n)
    assert score.score_by_letter == pytest.approx(plain + by_letter / n)
    assert score.score_by_text == pytest.approx(plain + by_text / n)
    shown = capsys.readouterr().out
    assert "letter ≠ text" in shown
    assert f"(counting the letter gives {100 * (plain + by_letter / n):.2f}" in " ".join(
        shown.split()
    )
    report = tmp_path / "report"
    assert main(["report", f"runs=[{folder}]", f"out={report}"]) == 0
    rates = pd.read_csv(next(report.rglob("rates.csv")))
    assert rates["by_letter"].iloc[0] == pytest.approx(100 * (plain + by_letter / n), abs=0.01)


@pytest.mark.parametrize("conflict", ["letter", "text"])
def test_either_may_count_in_a_run_and_in_rescoring(
    command: list[str], conflict: str, tmp_path: Path
) -> None:
    before = run(command, tmp_path / "none")
    after = run(command, tmp_path / "other", f"extract.conflict={conflict}")
    assert after.name != before.name  # other numbers, another run
    score, reference = (read_run(folder).benchmark("mmlu") for folder in (after, before))
    assert score is not None
    assert reference is not None
    assert score.score == pytest.approx(getattr(reference, f"score_by_{conflict}"))
    assert score.conflict_rate == reference.conflict_rate
    assert main(["rescore", f"run={before}", f"extract.conflict={conflict}"]) == 0
    (rescored,) = (before / "rescored").glob("*")
    again = read_run(rescored).benchmark("mmlu")
    assert again is not None
    assert again.score == score.score
    assert json.loads((rescored / "manifest.json").read_text())["extract"]["conflict"] == conflict


def test_unlike_choices_are_not_compared(
    command: list[str], tmp_path: Path, capsys: Output
) -> None:
    before = run(command, tmp_path / "none")
    after = run(command, tmp_path / "other", "extract.conflict=letter")
    manifest = json.loads((before / "manifest.json").read_text())
    del manifest["extract"]  # as an older version wrote it
    (before / "manifest.json").write_text(json.dumps(manifest))
    gate = ["gate", f"baseline={before}", f"candidate={after}", f"out={tmp_path / 'gate'}"]
    assert main(gate) == 3
    assert "extract.conflict: baseline none, candidate letter" in capsys.readouterr().err


def test_what_is_no_choice_is_one_line(command: list[str], tmp_path: Path, capsys: Output) -> None:
    assert main([*command, f"results_dir={tmp_path}", "extract.conflict=leter"]) == 3
    assert "extract.conflict=leter" in capsys.readouterr().err
    assert main(["rescore", f"run={tmp_path}", "extract.conflict=both"]) == 3
    assert "extract.conflict=both" in capsys.readouterr().err
