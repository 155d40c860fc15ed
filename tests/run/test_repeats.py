"""Runs of several answers to each document, as a user starts them."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import orca_eval
from orca_eval.cli import main
from orca_eval.engines.replay import ReplayEngine
from orca_eval.report.exports.lm_eval import lm_eval_results
from orca_eval.results.run import read_run
from orca_eval.results.scores import read_scores, write_scores
from orca_eval.scoring import vote
from orca_eval.types import Completion, Request
from orca_eval.verbs.run import run_data

KEY = ["benchmark", "task", "doc_id"]
DRAWN = ["sampling.temperature=1", "suite.benchmarks=[crass,gsm8k,drop]", "suite.quickstart=true"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What the engine was asked; each request has an answer of its own."""
    requests: list[Request] = []

    async def generate(_: ReplayEngine, request: Request) -> Completion:
        requests.append(request)
        rng = random.Random(request.key)
        if rng.random() < 0.2:
            return Completion("No idea.", "length", 3, 2)
        answer = rng.choice(["A", "B", "C", "12", "12.0", "the 12", "7", "Paris", "Paris; Rome"])
        return Completion(f"So be it.\n\n###Final answer: {{{answer}}}", "stop", 3, 5)

    monkeypatch.setattr(ReplayEngine, "generate", generate)
    return requests


def run(folder: Path, *more: str) -> Path:
    script = folder / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "unused"}) + "\n", "utf-8")
    before = set(folder.glob("results/*/*/manifest.json"))
    arguments = ["engine=replay", f"engine.script={script}", f"results_dir={folder / 'results'}"]
    assert main(["run", *arguments, *more]) == 0
    (made,) = set(folder.glob("results/*/*/manifest.json")) - before
    return made.parent


def test_the_answers_of_four_serve_eight(tmp_path: Path, asked: list[Request]) -> None:
    four = run(tmp_path, *DRAWN, "sampling.n=4")
    first = len(asked)
    eight = run(tmp_path, *DRAWN, "sampling.n=8")
    assert len(asked) == 2 * first
    few, many = (pd.read_parquet(folder / "samples.parquet") for folder in (four, eight))
    shared = many[many["sample_index"] < 4].reset_index(drop=True)
    pd.testing.assert_frame_equal(shared, few)
    assert json.loads((eight / "manifest.json").read_text("utf-8"))["samples"]["reused"] == first
    run(tmp_path, *DRAWN, "sampling.n=2")
    assert len(asked) == 2 * first


def test_columns_are_what_the_samples_say(tmp_path: Path, asked: list[Request]) -> None:
    folder = run(tmp_path, *DRAWN, "sampling.n=5")
    samples = pd.read_parquet(folder / "samples.parquet")
    scores = pd.read_csv(folder / "scores.csv").set_index("benchmark")
    for name, part in samples.groupby("benchmark"):
        expected: dict[str, list[float]] = {"pass@4": [], "majority@5": [], "consistency": []}
        for _, doc in part.groupby("doc_id"):
            right, votes = int(doc["score"].sum()), Counter[object]()
            for kind, answer in doc[["kind", "answer"]].itertuples(index=False):
                votes.update([vote(kind, answer)] if pd.notna(answer) else [])
            expected["pass@4"].append(1 - math.comb(5 - right, 4) / math.comb(5, 4))
            best = max(votes, key=lambda each: votes[each], default=None)  # the first of several
            of_best = [
                score
                for kind, answer, score in doc[["kind", "answer", "score"]].itertuples(index=False)
                if pd.notna(answer) and vote(kind, answer) == best
            ]
            assert len(set(of_best)) <= 1
            expected["majority@5"].append(of_best[0] if of_best else 0.0)
            expected["consistency"].append(len(of_best) / 5)
        row = scores.loc[name]
        assert row["samples_per_doc"] == 5
        for column, values in expected.items():
            assert row[column] == pytest.approx(sum(values) / len(values))
            if name != "drop":  # of too few passages
                assert row[f"{column}_ci_low"] <= row[column] <= row[f"{column}_ci_high"]
        assert math.isnan(row["se_items"]) == math.isnan(row["ci_low"]) == (name == "drop")
    rows = read_scores(folder)
    write_scores(tmp_path, rows)
    assert (tmp_path / "scores.csv").read_bytes() == (folder / "scores.csv").read_bytes()
    assert main(["rescore", f"run={folder}"]) == 0
    (again,) = folder.glob("rescored/*/scores.csv")
    assert again.read_bytes() == (folder / "scores.csv").read_bytes()


def test_screen_report_and_python_show_them(
    tmp_path: Path, asked: list[Request], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run(tmp_path, "sampling.temperature=1", "suite=quickstart", "sampling.n=4")
    shown = " ".join(capsys.readouterr().out.split())
    for name in ("mean@4", "pass@4", "majority@4", "consistency", "most frequent extracted answer"):
        assert name in shown
    other = run(tmp_path, *DRAWN, "model.name=other", "sampling.n=2")
    one = run(tmp_path, *DRAWN, "sampling.temperature=0", "model.name=greedy")
    out = tmp_path / "out"
    assert main(["report", f"runs=[{folder},{other},{one}]", f"out={out}"]) == 0
    table = pd.read_csv(out / "tables" / "repeats.csv")
    figures = [name for name in table if "@" in name and "_ci_" not in name]
    assert figures == ["mean@2", "mean@4", "pass@2", "pass@4", "majority@2", "majority@4"]
    assert "greedy" not in set(table["model"])
    assert {"Reasoning average (6)", "Knowledge average (3)"} <= set(table["benchmark"])
    scores = orca_eval.load_run(folder).scores
    assert scores["pass@4"].notna().all()
    stderr = lm_eval_results(read_run(other))["results"]["orca_crass"]["acc_stderr,orca"]
    row = next(row for row in read_scores(other) if row.benchmark == "crass")
    assert row.ci_high is not None
    assert row.ci_low is not None
    assert stderr == pytest.approx((row.ci_high - row.ci_low) / (2 * 1.959964))


def test_a_single_answer_leaves_no_trace_of_several(
    tmp_path: Path, asked: list[Request], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run(tmp_path, *DRAWN, "sampling.temperature=0")
    assert not any("@" in name or name == "samples_per_doc" for name in pd.read_csv(
        folder / "scores.csv"))  # fmt: skip
    assert "Several answers" not in capsys.readouterr().out
    assert "majority@" not in (folder / "report.html").read_text("utf-8")


def test_a_program_is_told_the_columns_of_the_file(tmp_path: Path, asked: list[Request]) -> None:
    folder = run(tmp_path, *DRAWN, "sampling.n=2")
    of_file = pd.read_csv(folder / "scores.csv").to_dict("records")
    told = run_data(folder)["scores"]
    assert {name for row in told for name in row} == {*of_file[0]}
    for name in ("pass@2", "majority@2_ci_high", "se_sampling", "samples_per_doc"):
        known = [math.nan if row.get(name) is None else row[name] for row in told]
        assert known == pytest.approx([row[name] for row in of_file], nan_ok=True)


def test_a_suite_says_how_many_and_the_runs_own_keys_win(
    tmp_path: Path, asked: list[Request], capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "conf" / "suite" / "small.yaml"
    suite.parent.mkdir(parents=True)
    text = "name: small\nbenchmarks: [crass]\nquickstart: true\nn: 3\n"
    suite.write_text(text + "temperature: 0.6\n", "utf-8")
    own = [f"conf.path={tmp_path / 'conf'}", "suite=small"]
    for more, n, temperature in (
        ([], 3, 0.6),
        (["sampling.n=2"], 2, 0.6),
        (["sampling.temperature=0.9"], 3, 0.9),
        (["sampling.n=1", "sampling.temperature=0"], 1, 0.0),
    ):
        folder = run(tmp_path, *own, *more)
        sampling = json.loads((folder / "manifest.json").read_text("utf-8"))["sampling"]
        assert (sampling["n"], sampling["temperature"]) == (n, temperature)
    suite.write_text(text, "utf-8")
    script = f"engine.script={tmp_path / 'script.jsonl'}"
    assert main(["run", *own, "engine=replay", script]) == 3
    assert "greedy answers are all alike" in capsys.readouterr().err
