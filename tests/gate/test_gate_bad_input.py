"""Bad input: one line that says what is wrong and what to do, never a verdict."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import shipped
from gate_runs import MANIFEST, samples, write_run

from orca_eval.errors import InputError
from orca_eval.gate import main_baseline_export, main_gate, policy_from_mapping
from orca_eval.verbs.gate import main as verb

RUN = {"gsm8k/gsm8k": 400}


def refused(baseline: str, candidate: str, match: str, policy: str = "default") -> str:
    with pytest.raises(InputError, match=match) as caught:
        main_gate(baseline, candidate, shipped(policy))
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 3
    return message


@pytest.fixture
def good(tmp_path: Path) -> str:
    return write_run(tmp_path / "good", samples(RUN), MANIFEST)


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    manifest = copy.deepcopy(MANIFEST)
    part = manifest
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return manifest


def test_missing_run(good: str, tmp_path: Path) -> None:
    refused(good, str(tmp_path / "nowhere"), "no run here")


def test_folder_without_samples(good: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(str(tmp_path / "empty"), good, "no finished run here")


@pytest.mark.parametrize("keep", [0, 4, 2000])
def test_torn_parquet(good: str, tmp_path: Path, keep: int) -> None:
    torn = Path(write_run(tmp_path / "torn", samples(RUN)))
    whole = (torn / "samples.parquet").read_bytes()
    (torn / "samples.parquet").write_bytes(whole[:keep])
    refused(good, str(torn), "torn or no parquet")


def test_missing_column(good: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", samples(RUN).drop(columns=["score", "answer"]))
    refused(good, run, "no column score, answer")


def test_no_samples(good: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", samples(RUN).iloc[:0])
    refused(good, run, "holds no samples")


def test_torn_manifest(good: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", samples(RUN))
    (Path(run) / "manifest.json").write_text(json.dumps(MANIFEST)[:50])
    refused(good, run, "manifest.json: not readable")


def test_other_data(good: str, tmp_path: Path) -> None:
    frame = samples(RUN)
    frame.loc[7, "doc_hash"] = "another"
    run = write_run(tmp_path / "run", frame, MANIFEST)
    refused(good, run, "other data: 1 documents differ, the first gsm8k gsm8k/gsm8k 7")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("prompt", "name"), "cautious"),
        (("prompt", "system_message"), "You are Orca"),
        (("sampling", "max_tokens"), 256),
        (("benchmarks", "gsm8k", "data_sha256"), "d2"),
        (("benchmarks", "gsm8k", "task_versions"), {"gsm8k": "2"}),
        (("benchmarks", "gsm8k", "aggregate"), "mean_of_tasks"),
    ],
)
def test_runs_made_differently(
    good: str, tmp_path: Path, path: tuple[str, ...], value: object
) -> None:
    run = write_run(tmp_path / "run", samples(RUN), changed(path, value))
    message = refused(good, run, "can't be compared")
    assert path[0] in message


def test_unknown_kind_of_score(tmp_path: Path) -> None:
    manifest = changed(("benchmarks", "gsm8k", "aggregate"), "median")
    run = write_run(tmp_path / "run", samples(RUN), manifest)
    refused(run, run, "pooled or mean_of_tasks is wanted")


def test_repeated_triple(good: str, tmp_path: Path) -> None:
    frame = samples(RUN)
    frame.loc[1, "doc_id"] = 0
    run = write_run(tmp_path / "run", frame)
    refused(good, run, "1 samples stand twice, the first gsm8k gsm8k/gsm8k 0")


def test_repeated_answer_of_a_repeated_index(good: str, tmp_path: Path) -> None:
    frame = samples(RUN).assign(sample_index=0)
    frame.loc[1, "doc_id"] = 0
    refused(good, write_run(tmp_path / "run", frame), "stand twice")


@pytest.mark.parametrize("score", [np.nan, np.inf, -0.5, 1.5])
def test_scores_that_are_none(good: str, tmp_path: Path, score: float) -> None:
    frame = samples(RUN)
    frame.loc[3, "score"] = score
    refused(good, write_run(tmp_path / "run", frame), "1 scores are no number from 0 to 1")


def test_empty_intersection(good: str, tmp_path: Path) -> None:
    frame = samples(RUN)
    frame["doc_id"] += 10_000
    refused(good, write_run(tmp_path / "run", frame), "no sample in common")


def test_no_common_benchmark(good: str, tmp_path: Path) -> None:
    refused(good, write_run(tmp_path / "run", samples({"bbh/a": 100})), "no sample in common")


def test_one_benchmark_without_common_samples(tmp_path: Path) -> None:
    frame = samples({"gsm8k/gsm8k": 50, "crass/crass": 50})
    moved = frame.copy()
    moved.loc[moved["benchmark"] == "crass", "doc_id"] += 1000
    baseline = write_run(tmp_path / "a", frame)
    refused(baseline, write_run(tmp_path / "b", moved), "crass: the runs have no sample in common")


def test_benchmark_in_one_run_only(good: str, tmp_path: Path) -> None:
    more = write_run(tmp_path / "run", samples({**RUN, "drop/drop": 300}), MANIFEST)
    assert "only in the candidate" in refused(good, more, "drop")
    assert "only in the baseline" in refused(more, good, "drop")


def test_task_in_one_run_only(tmp_path: Path) -> None:
    baseline = write_run(tmp_path / "a", samples({"bbh/a": 100, "bbh/b": 100}))
    candidate = write_run(tmp_path / "b", samples({"bbh/a": 100}))
    refused(baseline, candidate, "bbh has no samples of bbh/b")


def test_policy_with_an_unknown_benchmark(good: str) -> None:
    policy = policy_from_mapping({"groups": {"g": {"benchmarks": ["gsm8kk"], "tier": "critical"}}})
    with pytest.raises(InputError, match="gsm8kk: did you mean gsm8k"):
        main_gate(good, good, policy)


def test_policy_that_judges_nothing(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", samples({"hhh/hhh": 300}))
    refused(run, run, "nothing that was compared is critical or supporting")


def test_other_extractor_without_a_way_to_rescore(good: str, tmp_path: Path) -> None:
    frame, manifest = samples(RUN), changed(("extractor_version",), "2")
    run = write_run(tmp_path / "run", frame.drop(columns="response"), manifest)
    refused(good, run, "run keeps no responses; `orca-eval rescore run=RUN`")
    # Responses alone don't say what was asked.
    refused(good, write_run(tmp_path / "run", frame, manifest), "no column kind")


@pytest.mark.parametrize("name", [None, "", " "])
def test_run_that_was_not_named(good: str, name: str | None) -> None:
    for given in ((name, good), (good, name)):
        with pytest.raises(InputError, match="is missing"):
            main_gate(*given, shipped("default"))
    with pytest.raises(InputError, match="run= is missing"):
        main_baseline_export(name)


def test_unwritable_output(good: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't be written"):
        main_gate(good, good, shipped("default"), tmp_path / "file")


def test_unknown_published_model(good: str) -> None:
    refused("published:Orca-2-13", good, "did you mean Orca-2-13B")


@pytest.mark.parametrize("key", ["data_sha256", "content_sha256"])
def test_a_task_whose_prompts_or_golds_were_edited(tmp_path: Path, key: str) -> None:
    one, other = (
        write_run(
            tmp_path / name, samples(RUN), changed(("benchmarks", "gsm8k", key), f"hash of {name}")
        )
        for name in ("one", "other")
    )
    refused(one, other, f"gsm8k.{key}: baseline .*candidate")
    main_baseline_export(one, tmp_path / "baseline.parquet")
    refused(str(tmp_path / "baseline.parquet"), other, f"gsm8k.{key}")


def test_a_run_named_like_a_number_is_the_one_that_was_named(tmp_path: Path) -> None:
    for name in ("1.1", "83e2010"):
        write_run(tmp_path / name, samples(RUN), MANIFEST)
    for typed in ("1.10", "83e2011"):
        with pytest.raises(InputError, match=f"^{typed}: no run here"):
            verb(["baseline=" + typed, "candidate=1.1"])
    verb(["baseline=83e2010", "candidate=1.1"])


def test_samples_by_themselves_need_no_manifest_and_a_folder_does(
    good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(write_run(tmp_path / "run", samples(RUN)))
    (run / "manifest.json").unlink()
    refused(good, str(run), "manifest.json: no such file; repeat the run's own command")
    assert main_gate(good, str(run / "samples.parquet"), shipped("default")).exit_code == 0
    assert "no manifest in" in capsys.readouterr().out
