"""What a run records of its cost, and what becomes of a price, as a user starts them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orca_eval.cli import main
from orca_eval.engines.replay import ReplayEngine
from orca_eval.results.manifest import Manifest, read_manifest
from orca_eval.types import Completion, Request

OWN = ["suite.benchmarks=[crass,gsm8k,drop]", "suite.quickstart=true"]
PRICED = ["price.prompt=3", "price.completion=15"]
Runs = Callable[..., Path]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What the engine was asked; answers differ in length."""
    requests: list[Request] = []

    async def generate(_: ReplayEngine, request: Request) -> Completion:
        requests.append(request)
        return Completion("###Final answer: {B}", "stop", 7, 3 + len(requests) % 5)

    monkeypatch.setattr(ReplayEngine, "generate", generate)
    return requests


@pytest.fixture
def run(tmp_path: Path, asked: list[Request]) -> Runs:
    """Runs three small benchmarks; the folder of what ran last."""
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "unused"}) + "\n")
    call = ["run", "engine=replay", f"engine.script={script}", f"results_dir={tmp_path / 'out'}"]

    def once(*more: str) -> Path:
        assert main([*call, *OWN, *more]) == 0
        found = (tmp_path / "out").glob("*/*/manifest.json")
        return max(found, key=lambda path: path.stat().st_mtime_ns).parent

    return once


def generated(manifest: Manifest) -> dict[str, tuple[int, int, float]]:
    found = {name: entry.generated for name, entry in manifest.benchmarks.items()}
    return {name: (each.answers, each.of, each.tokens) for name, each in found.items()}


def test_what_benchmarks_generated_makes_the_whole(run: Runs) -> None:
    folder = run()
    manifest, frame = read_manifest(folder), pd.read_parquet(folder / "samples.parquet")
    for name, (answers, of, tokens) in generated(manifest).items():
        own = frame[frame["benchmark"] == name]
        assert answers == of == len(own)
        assert tokens == own["completion_tokens"].sum()
    total = sum(tokens for *_, tokens in generated(manifest).values())
    assert total == manifest.speed["completion_tokens"]


def test_of_stored_answers_the_tokens_count_and_the_seconds_do_not(
    run: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    run("limit=3")
    folder = run("limit=6")
    capsys.readouterr()
    manifest, frame = read_manifest(folder), pd.read_parquet(folder / "samples.parquet")
    assert {found[:2] for found in generated(manifest).values()} == {(3, 6)}
    (told,) = [cost for cost in json_of(run, capsys, "limit=6") if cost["benchmark"] == "gsm8k"]
    own = frame[frame["benchmark"] == "gsm8k"]
    assert told["completion"] == pytest.approx(own["completion_tokens"].mean())
    assert told["timed"] == 0.5
    tokens = generated(manifest)["gsm8k"][2]
    part = manifest.speed["seconds"] * tokens / manifest.speed["completion_tokens"]
    assert told["seconds"] == pytest.approx(part / 3)


def json_of(run: Runs, capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, Any]]:
    """What the same command says of its cost with --json."""
    capsys.readouterr()
    run("--json", *more)
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["cost"]
    return found


def test_an_answer_to_several_samples_is_each_ones(run: Runs) -> None:
    folder = run("sampling.n=2", "sampling.temperature=1", "limit=2")
    found = generated(read_manifest(folder))
    assert {each[:2] for each in found.values()} == {(4, 4)}


def test_another_price_asks_nothing_again_and_stays(
    run: Runs, asked: list[Request], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run()
    before, count = read_manifest(folder).content, len(asked)
    report = (folder / "report.html").read_text()
    assert "USD" not in report
    capsys.readouterr()
    assert run(*PRICED) == folder
    assert "USD / solved" in capsys.readouterr().out
    assert "USD / solved" in (folder / "report.html").read_text()
    after = read_manifest(folder)
    assert after.price.completion == 15
    assert after.content == before | {"price": after.content["price"]}
    assert "completion: 15" in (folder / "config.yaml").read_text()
    assert run() == folder  # names none: it stays
    assert read_manifest(folder).price == after.price
    assert run("price.hour=2") == folder
    assert read_manifest(folder).price.completion is None
    assert len(asked) == count


def test_a_model_s_file_may_have_its_prices(run: Runs, tmp_path: Path) -> None:
    own = tmp_path / "own" / "model" / "mine.yaml"
    own.parent.mkdir(parents=True)
    text = "defaults: [custom, _self_]\npath: mine\nprice: {prompt: 1, completion: 2}\n"
    own.write_text(text)
    mine = (f"conf.path={tmp_path / 'own'}", "model=mine", "limit=1")
    assert read_manifest(run(*mine)).price.prompt == 1
    assert read_manifest(run(*mine, "price.prompt=5")).price.prompt == 5


def test_scores_made_anew_keep_the_price(run: Runs) -> None:
    folder = run(*PRICED)
    assert run("model.parameters=7") == folder
    manifest = read_manifest(folder)
    assert manifest.model.parameters == 7
    assert manifest.price.completion == 15
    assert {found[0] for found in generated(manifest).values()} == {0}
