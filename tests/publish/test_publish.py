"""What is published, read back by those it is for; nothing in it acts, and the token stays ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from huggingface_hub import DatasetCard, parse_eval_result_entries
from markdown_it import MarkdownIt

from orca_eval.cli import main
from orca_eval.report.board import build_board
from orca_eval.report.exports.write import write_exports
from orca_eval.results.run import read_run
from tests.report.conftest import HOSTILE, HOSTILE_NAME
from tests.report.synthetic import FULL, Spec, write_run

from .hub import Hub, hub

FEW = tuple(b for b in FULL if b.id in ("race", "drop", "gsm8k", "crass", "bbh"))
ENDED = "2024-05-06T07:08:09+00:00"
TOKEN = "hf_notToBePrinted"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose model and replies are hostile."""
    path = tmp_path_factory.mktemp("publish") / "run"
    spec = Spec(HOSTILE_NAME, share=0.02, benchmarks=FEW, manifest={"finished": ENDED})
    return write_run(path, spec, {0: {"response": HOSTILE, "prompt": HOSTILE, "gold": HOSTILE}})


@pytest.fixture(scope="module")
def out(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    assert main(["publish", f"run={folder}", "repo=owner/model", f"out={out}"]) == 0
    return out


def test_the_hub_reads_the_entries(folder: Path, out: Path) -> None:
    files = sorted((out / "model" / ".eval_results").iterdir())
    assert [path.name for path in files] == [
        f"orca-eval-{name}.yaml" for name in ("bbh", "drop", "gsm8k", "race")
    ]  # CRASS has no dataset on the hub
    run = read_run(folder)
    for path in files:
        (entry,) = parse_eval_result_entries(yaml.safe_load(path.read_text("utf-8")))
        score = run.benchmark(entry.task_id)
        assert score is not None
        assert score.score is not None
        assert entry.value == round(100 * score.score, 2)
        assert entry.dataset_id == run.benchmarks[entry.task_id].presentation.dataset
        assert entry.date == ENDED
        assert str(entry.source_url).endswith("/datasets/owner/model-orca-eval")
        assert f"n={score.n}" in str(entry.notes)


def test_the_dataset_is_the_samples_and_its_card_acts_nowhere(folder: Path, out: Path) -> None:
    dataset = out / "dataset"
    assert pd.read_parquet(dataset / "samples.parquet").equals(
        pd.read_parquet(folder / "samples.parquet")
    )
    card = DatasetCard.load(dataset / "README.md")
    assert card.data.to_dict()["configs"][0]["data_files"] == "samples.parquet"
    tokens = MarkdownIt("commonmark").enable("table").parse(card.text)
    spans = [span for token in tokens for span in token.children or ()]
    assert not {span.type for span in spans} & {"image", "link_open"}
    inline = {span.content for span in spans if span.type == "html_inline"}
    assert inline <= {"<sup>", "</sup>"}  # of footnotes
    assert not [token for token in tokens if token.type == "html_block"]


def validated(path: Path, root: Path) -> None:
    every = [sys.executable, "-m", "every_eval_ever", "validate", str(path.relative_to(root))]
    done = subprocess.run(every, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout.lower().replace("0 warning", ""), done.stdout


def test_every_eval_evers_validator_accepts_record_and_samples(folder: Path, out: Path) -> None:
    pytest.importorskip("every_eval_ever")
    place = out / "dataset" / "data" / "orca-eval" / "owner" / "model"
    (samples,) = place.glob("*_samples.jsonl")
    record = samples.with_name(samples.name.replace("_samples.jsonl", ".json"))
    validated(record, out / "dataset")
    validated(samples, out / "dataset")
    scores = {r["evaluation_name"]: r for r in json.loads(record.read_text())["evaluation_results"]}
    gsm8k = read_run(folder).benchmark("gsm8k")
    assert gsm8k is not None
    assert scores["GSM8K"]["score_details"]["score"] == gsm8k.score
    lines = [json.loads(line) for line in samples.read_text("utf-8").splitlines()]
    assert len(lines) == len(pd.read_parquet(folder / "samples.parquet"))
    assert lines[0]["output"]["raw"] == [HOSTILE]


def test_every_eval_evers_converter_takes_our_lm_eval_files(out: Path) -> None:
    adapter = pytest.importorskip("every_eval_ever.converters.lm_eval.adapter")
    (results,) = (out / "dataset").glob("results_*.json")
    relation = {"evaluator_relationship": "other", "source_organization_name": "us"}
    logs = adapter.LMEvalAdapter().transform_from_file(results, relation)
    names = {result.evaluation_name for log in logs for result in log.evaluation_results}
    assert {"orca_race/orca", "orca_race::high/orca"} <= names
    assert {log.evaluation_timestamp for log in logs} == {"1714979289"}


def test_the_records_that_it_makes_of_our_files_are_valid(folder: Path, tmp_path: Path) -> None:
    instance = pytest.importorskip("every_eval_ever.converters.lm_eval.instance_level_adapter")
    write_exports(build_board([read_run(folder)], None), tmp_path / "exports", samples=True)
    (log,) = (tmp_path / "exports").glob("*/results_*.json")
    content = json.loads(log.read_text("utf-8"))
    content["model_name"] = "owner/model"  # its records name folders by it
    log.write_text(json.dumps(content))
    every = [sys.executable, "-m", "every_eval_ever"]
    places = ["--log_path", str(log.parent), "--output_dir", str(tmp_path / "data")]
    named = ["--source_organization_name", "us", "--evaluator_relationship", "other"]
    words = [*every, "convert", "lm_eval", *places, *named]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    made = [str(path.relative_to(tmp_path)) for path in sorted((tmp_path / "data").rglob("*.json"))]
    words = [*every, "validate", *made]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made
    assert done.returncode == 0, done.stdout + done.stderr
    adapter, lines = instance.LMEvalInstanceLevelAdapter(), 0
    for path in log.parent.glob("samples_*.jsonl"):
        rows = path.read_text("utf-8").splitlines()
        found = adapter.transform_samples(path, "id", "owner/model", path.name)
        assert {row.sample_id for row in found} == {str(json.loads(r)["doc_id"]) for r in rows}
        lines += len(rows)
    assert lines == len(pd.read_parquet(folder / "samples.parquet"))


def test_without_samples_nothing_of_them_is_written(folder: Path, tmp_path: Path) -> None:
    call = ["publish", f"run={folder}", "repo=owner/model", f"out={tmp_path}", "samples=false"]
    assert main(call) == 0
    assert not (tmp_path / "dataset").exists()
    text = (tmp_path / "model" / ".eval_results" / "orca-eval-race.yaml").read_text("utf-8")
    assert "source" not in text


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A hub, and a publish command in a process of its own: its address is read at an import."""
    with hub() as kept:
        environment = os.environ | {
            "HF_ENDPOINT": kept.url,
            "HF_HUB_OFFLINE": "0",
            "HF_TOKEN": TOKEN,
        }
        environment["HF_HUB_DISABLE_XET"] = "1"

        def publish(*words: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "orca_eval", "publish", *words]
            return subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )

        yield kept, publish


def test_an_upload_sends_what_was_written_and_nothing_else(
    folder: Path, tmp_path: Path, here: tuple[Hub, Any]
) -> None:
    kept, publish = here
    mine = tmp_path / "dataset" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    done = publish(f"run={folder}", "repo=owner/model", f"out={tmp_path}", "upload=true")
    assert done.returncode == 0, done.stderr
    assert set(kept.files) == {"datasets/owner/model-orca-eval", "models/owner/model"}
    sent = kept.files["models/owner/model"]
    assert ".eval_results/orca-eval-race.yaml" in sent
    assert all(name.startswith(".eval_results/") for name in sent)
    dataset = kept.files["datasets/owner/model-orca-eval"]
    assert dataset["samples.parquet"] == (folder / "samples.parquet").read_bytes()
    assert "mine.txt" not in dataset
    assert kept.tokens == {TOKEN}
    assert TOKEN not in done.stdout + done.stderr
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [content for content in written if TOKEN.encode() in content]


def test_a_hub_that_refuses_ends_in_a_line_without_the_token(
    folder: Path, tmp_path: Path, here: tuple[Hub, Any]
) -> None:
    kept, publish = here
    kept.refuses = True
    done = publish(f"run={folder}", "repo=owner/model", f"out={tmp_path}", "upload=true")
    assert done.returncode == 1
    assert "the hub took not all of it" in done.stderr
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["repo=owner/model", "upload=true"], "no token in HF_TOKEN"),
        (["repo=model"], "write it as OWNER/NAME"),
        (["repo=a/../b"], "no name of a repository"),
        (["repo=owner/model", "upload=maybe"], "upload=maybe: true or false is wanted"),
        (["repo=owner/model", "run=/nowhere"], "no such folder"),
        ([], "repo= is needed"),
    ],
)
def test_a_mistake_is_one_line(
    folder: Path,
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    run = [] if any(word.startswith("run=") for word in words) else [f"run={folder}"]
    assert main(["publish", *run, *words]) == 3
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("changes", [{"limit": 5}, {"quickstart": True}])
def test_scores_of_less_than_the_benchmarks_are_refused(
    tmp_path: Path, changes: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_run(tmp_path / "m", Spec("m", share=0.02, benchmarks=FEW, **changes))
    assert main(["publish", f"run={folder}", "repo=owner/model"]) == 3
    assert "only scores of whole benchmarks are published" in capsys.readouterr().err


def test_names_out_of_a_manifest_stay_what_they_are(tmp_path: Path) -> None:
    """Names that would end a YAML value, begin a document or name another path."""
    folder = write_run(tmp_path / "run", Spec("m", share=0.02, benchmarks=FEW))
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    evil = "../x\n- dataset: {id: evil/evil}\n---\n!!python/object:os.system {} <b> # 模型"
    manifest["prompt"]["name"] = manifest["suite"] = manifest["engine"]["name"] = evil
    entry = manifest["benchmarks"]["race"]
    entry["alias"] = entry["presentation"]["name"] = entry["presentation"]["dataset"] = evil
    (folder / "manifest.json").write_text(json.dumps(manifest))
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    out = tmp_path / "deep" / "out"
    assert main(["publish", f"run={folder}", "repo=owner/model", f"out={out}"]) == 0
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert all(path.resolve().is_relative_to(out) for path in made)
    (entry,) = parse_eval_result_entries(
        yaml.safe_load((out / "model/.eval_results/orca-eval-race.yaml").read_text("utf-8"))
    )
    assert entry.dataset_id == evil
    assert "\n" not in str(entry.notes)
    card = DatasetCard.load(out / "dataset" / "README.md")
    assert set(card.data.to_dict()) == {"configs", "tags"}
    assert "<b>" not in card.text
    (record,) = (out / "dataset" / "data").rglob("*[!s].json")
    names = {
        result["evaluation_name"] for result in json.loads(record.read_text())["evaluation_results"]
    }
    assert evil in names
