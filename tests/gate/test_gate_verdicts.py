"""From two runs to a verdict."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import shipped
from gate_runs import MANIFEST, flipped, samples, write_run

from orca_eval.gate import main_gate, policy_from_mapping
from orca_eval.gate.verb import gate

CORE = {
    "agieval/lsat-rc": 260,
    "agieval/sat-math": 220,
    "bbh/navigate": 250,
    "bbh/snarks": 178,
    "drop/drop": 1000,
    "crass/crass": 274,
    "race/high": 500,
    "race/middle": 200,
    "gsm8k/gsm8k": 1319,
}


@pytest.fixture(scope="module")
def core() -> pd.DataFrame:
    frame = samples(CORE, right=0.6)
    drop = frame["benchmark"] == "drop"
    frame.loc[drop, "cluster"] = [f"passage {i // 10}" for i in range(int(drop.sum()))]
    return frame


def verdict(tmp_path: Path, before: pd.DataFrame, after: pd.DataFrame, policy: str) -> int:
    return main_gate(
        write_run(tmp_path / "before", before), write_run(tmp_path / "after", after),
        shipped(policy), tmp_path / "out",
    ).exit_code  # fmt: skip


def found(tmp_path: Path) -> dict[str, Any]:
    lines = json.loads((tmp_path / "out" / "gate.json").read_text())["lines"]
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize("policy", ["default", "strict", "smoke"])
def test_a_run_against_itself_passes(tmp_path: Path, core: pd.DataFrame, policy: str) -> None:
    assert verdict(tmp_path, core, core, policy) == 0


@pytest.mark.parametrize("right", [0.0, 0.6, 1.0])
def test_runs_that_agree_have_no_certain_difference(tmp_path: Path, right: float) -> None:
    frame = samples(CORE, right=right)
    drop = frame["benchmark"] == "drop"
    frame.loc[drop, "cluster"] = [f"passage {i // 10}" for i in range(int(drop.sum()))]
    assert verdict(tmp_path, frame, frame, "default") == 0
    lines = found(tmp_path)
    assert {line["method"] for line in lines.values()} == {
        "exact McNemar", "cluster bootstrap", "stratified bootstrap", "bootstrap of the mean",
    }  # fmt: skip
    for line in lines.values():
        assert line["drop"] == 0
        assert line["drop_low"] < 0 < line["drop_high"]
        assert line["drop_high"] < 0.08


def test_few_passages_have_no_interval(tmp_path: Path) -> None:
    before = samples({"drop/drop": 60}, passage=10)
    assert verdict(tmp_path, before, flipped(before, 6, 2), "default") == 2
    line = found(tmp_path)["drop"]
    assert (line["drop_low"], line["drop_high"]) == (None, None)


@pytest.mark.parametrize("policy", ["default", "strict"])
def test_as_many_gains_as_losses_pass(tmp_path: Path, core: pd.DataFrame, policy: str) -> None:
    assert verdict(tmp_path, core, flipped(core, 60, 60, "gsm8k"), policy) == 0


@pytest.mark.parametrize("policy", ["default", "strict", "smoke"])
def test_a_collapse_is_a_regression(tmp_path: Path, core: pd.DataFrame, policy: str) -> None:
    assert verdict(tmp_path, core, flipped(core, 200, 20, "gsm8k"), policy) == 1
    line = found(tmp_path)["gsm8k"]
    assert (line["finding"], line["effect"], line["losses"]) == ("worse", "REGRESSION", 200)
    assert line["method"] == "exact McNemar"


def test_an_improvement_passes(tmp_path: Path, core: pd.DataFrame) -> None:
    assert verdict(tmp_path, core, flipped(core, 20, 200, "gsm8k"), "strict") == 0


def test_a_drop_within_the_tolerance_passes_however_significant(
    tmp_path: Path, core: pd.DataFrame
) -> None:
    after = flipped(core, 12, 0, "gsm8k")
    assert verdict(tmp_path, core, after, "default") == 0
    assert found(tmp_path)["gsm8k"]["p_adjusted"] < 0.01
    assert verdict(tmp_path, core, after, "strict") == 1


def test_a_close_call_is_inconclusive_and_says_what_would_decide(
    tmp_path: Path, core: pd.DataFrame
) -> None:
    assert verdict(tmp_path, core, flipped(core, 50, 30, "gsm8k"), "default") == 2
    line = found(tmp_path)["gsm8k"]
    assert 0.05 < line["p_adjusted"] <= 0.15
    assert line["finding"] == "close"
    assert "more samples would decide" in line["sentence"]


def test_a_close_call_on_the_whole_test_set_says_that_no_more_exist(
    tmp_path: Path, core: pd.DataFrame
) -> None:
    before = core[core["benchmark"] == "gsm8k"]
    for run, frame in (("before", before), ("after", flipped(before, 55, 40))):
        write_run(tmp_path / run, frame, MANIFEST)
    assert main_gate("before", "after", shipped("default"), tmp_path / "out").exit_code == 2
    assert "no more exist" in found(tmp_path)["gsm8k"]["sentence"]


def test_few_pairs_are_inconclusive_unless_the_scores_are_identical(tmp_path: Path) -> None:
    few = samples({"gsm8k/gsm8k": 100})
    assert verdict(tmp_path, few, few, "default") == 0
    assert verdict(tmp_path, few, flipped(few, 1, 1), "default") == 2
    assert "only 100 pairs" in found(tmp_path)["gsm8k"]["sentence"]
    assert found(tmp_path)["gsm8k"]["more_samples"] == 100


def test_few_pairs_can_still_show_a_collapse(tmp_path: Path) -> None:
    few = samples({"gsm8k/gsm8k": 100}, right=0.9)
    assert verdict(tmp_path, few, flipped(few, 40, 0), "default") == 1


def test_one_sample_per_task_shows_nothing(tmp_path: Path) -> None:
    single = samples({f"bbh/t{i}": 1 for i in range(23)}, right=1.0)
    assert verdict(tmp_path, single, flipped(single, 23), "smoke") == 2
    assert "single sample" in found(tmp_path)["bbh"]["sentence"]


def test_supporting_benchmarks_can_at_most_be_inconclusive(tmp_path: Path) -> None:
    both = samples({"gsm8k/gsm8k": 400, "hellaswag/hellaswag": 2000})
    assert verdict(tmp_path, both, flipped(both, 300, 0, "hellaswag"), "default") == 2
    assert found(tmp_path)["hellaswag"]["finding"] == "worse"


def test_advisory_benchmarks_change_nothing(tmp_path: Path) -> None:
    both = samples({"gsm8k/gsm8k": 400, "hhh/hhh": 400})
    assert verdict(tmp_path, both, flipped(both, 150, 0, "hhh"), "default") == 0
    assert found(tmp_path)["hhh"]["finding"] == "worse"
    only = samples({"gsm8k/gsm8k": 400})
    assert verdict(tmp_path, both, only, "default") == 0


def test_an_average_can_regress_where_no_benchmark_does(tmp_path: Path) -> None:
    names = ("agieval", "bbh", "drop", "crass", "race", "gsm8k")
    before = samples({f"{name}/all": 1000 for name in names}, right=0.6)
    after = before
    for name in names:
        after = flipped(after, 40, 25, name)
    assert verdict(tmp_path, before, after, "default") == 1
    lines = found(tmp_path)
    assert lines["Reasoning average (6)"]["finding"] == "worse"
    assert {line["finding"] for line in lines.values() if not line["is_average"]} <= {"ok", "close"}


def test_detectable_drops(tmp_path: Path, core: pd.DataFrame) -> None:
    after = core
    for name in ("agieval", "bbh", "drop", "crass", "race", "gsm8k"):
        after = flipped(after, 12, 12, name)
    assert verdict(tmp_path, core, after, "default") == 0
    lines = gate(str(tmp_path / "before"), str(tmp_path / "after"), shipped("default")).lines
    for line in lines:
        detectable, alone = line.detectable, line.comparison.detectable(0.05, 1)
        assert detectable is not None
        assert alone is not None
        assert line.comparison.tolerated < alone < detectable < 0.15
    # An average spares itself the tests of the benchmarks that drop with it.
    average = lines[-1].comparison
    assert (
        0
        < (average.detectable(0.05, 7) or 0)
        < (replace(average, parts=()).detectable(0.05, 7) or 0)
    )


def test_a_missing_benchmark_empties_its_average(tmp_path: Path) -> None:
    run = samples({"gsm8k/gsm8k": 400})
    assert verdict(tmp_path, run, run, "default") == 0
    assert list(found(tmp_path)) == ["gsm8k"]
    notes = json.loads((tmp_path / "out" / "gate.json").read_text())["notes"]
    assert "Reasoning average" in notes[0]


def test_a_whole_passage_going_wrong_is_one_observation(tmp_path: Path) -> None:
    before = samples({"drop/drop": 1000}, right=1.0, passage=50)
    after = flipped(before, 50)
    assert verdict(tmp_path, before, after, "strict") == 0
    line = found(tmp_path)["drop"]
    assert line["method"] == "cluster bootstrap"
    assert line["p_unclustered"] < 1e-9
    assert line["p"] >= 0.5


def test_clusters_known_to_the_candidate_alone_are_used(tmp_path: Path) -> None:
    after = samples({"drop/drop": 1000}, right=1.0, passage=50)
    before = after.drop(columns=["cluster"])
    assert verdict(tmp_path, before, flipped(after, 50), "strict") == 0


@pytest.mark.parametrize(
    ("column", "value", "rate"),
    [("answer", None, "unanswered"), ("finish_reason", "length", "truncated"),
     ("response", " \n", "empty")],
)  # fmt: skip
def test_a_broken_format_is_told_from_a_lower_score(
    tmp_path: Path, column: str, value: object, rate: str
) -> None:
    before = samples({"gsm8k/gsm8k": 1000})
    after = before.copy()
    after.loc[:99, column] = value
    assert verdict(tmp_path, before, after, "default") == 1
    line = found(tmp_path)["gsm8k"]
    assert (line["finding"], line["broken_limits"]) == ("format", [rate])
    assert '<failure type="format"' in (tmp_path / "out" / "gate.xml").read_text()


def test_a_rate_has_noise_too(tmp_path: Path) -> None:
    before = samples({"gsm8k/gsm8k": 300})
    after = before.copy()
    before.loc[:39, "finish_reason"] = "length"
    after.loc[30:79, "finish_reason"] = "length"
    assert verdict(tmp_path, before, after, "default") == 0


def test_a_score_lost_with_its_answers_says_so(tmp_path: Path) -> None:
    before = samples({"gsm8k/gsm8k": 1000}, right=1.0)
    after = flipped(before, 100)
    after.loc[after["score"] == 0, "answer"] = None
    assert verdict(tmp_path, before, after, "default") == 1
    line = found(tmp_path)["gsm8k"]
    assert (line["finding"], line["broken_limits"]) == ("worse", ["unanswered"])
    assert line["losses_unanswered"] == 100
    headline = json.loads((tmp_path / "out" / "gate.json").read_text())["headline"]
    assert "scores dropped and the form of the answers broke" in headline


def test_what_could_not_be_paired_is_said(tmp_path: Path) -> None:
    before = samples({"gsm8k/gsm8k": 500})
    assert verdict(tmp_path, before, before.iloc[:300], "default") == 0
    cautions = json.loads((tmp_path / "out" / "gate.json").read_text())["cautions"]
    assert any("200 of the baseline's samples" in text for text in cautions)


def test_repeated_answers_are_one_mean_per_document(tmp_path: Path) -> None:
    one = samples({"gsm8k/gsm8k": 300})
    repeated = pd.concat([one.assign(sample_index=0), flipped(one, 30, 30).assign(sample_index=1)])
    assert verdict(tmp_path, repeated, repeated, "default") == 0
    assert found(tmp_path)["gsm8k"]["pairs"] == 300
    assert found(tmp_path)["gsm8k"]["method"] == "bootstrap"


def test_another_engine_is_a_caution(tmp_path: Path) -> None:
    other = copy.deepcopy(MANIFEST)
    other["engine"] |= {"quantization": "q8_0", "name": "llama_cpp"}
    frame = samples({"gsm8k/gsm8k": 400})
    write_run(tmp_path / "a", frame, MANIFEST)
    write_run(tmp_path / "b", frame, other)
    cautions = gate("a", "b", shipped("default")).cautions
    assert [text.split(":")[0] for text in cautions] == ["engine.name", "engine.quantization"]


def test_another_extractor_is_rescored_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = copy.deepcopy(MANIFEST)
    newer["extractor_version"] = "2"
    frame = samples({"gsm8k/gsm8k": 400}, right=1.0)
    write_run(tmp_path / "a", flipped(frame, 200), MANIFEST)
    write_run(tmp_path / "b", frame, newer)

    def rescore(samples: pd.DataFrame, *_how: str) -> pd.DataFrame:
        return samples.assign(score=samples["response"].str.len().ge(7).astype(float))

    monkeypatch.setattr("orca_eval.gate.side.rescore_frame", rescore)
    result = gate("a", "b", shipped("default"))
    assert result.lines[0].comparison.identical
    assert result.lines[0].comparison.result.candidate == pytest.approx(0.975)
    assert any("rescored in memory" in text for text in result.cautions)


def test_order_of_rows_and_kind_of_ids_dont_matter(tmp_path: Path) -> None:
    before = samples({"gsm8k/gsm8k": 400})
    after = before.sample(frac=1.0, random_state=1)
    after["doc_id"] = after["doc_id"].astype(str)
    assert verdict(tmp_path, before, after, "strict") == 0
    assert found(tmp_path)["gsm8k"]["losses"] == 0


def test_identical_texts_with_different_golds_are_told_apart_by_id(tmp_path: Path) -> None:
    before = samples({"bbh/causal_judgement": 300})
    before["doc_hash"] = "the same prompt twice"
    assert verdict(tmp_path, before, before, "default") == 0


def test_each_line_has_its_own_alpha(tmp_path: Path) -> None:
    rule = {"benchmarks": ["gsm8k"], "tier": "critical"}
    before = samples({"gsm8k/gsm8k": 1000})
    write_run(tmp_path / "a", before)
    write_run(tmp_path / "b", flipped(before, 30, 15))  # p = 0.018
    for alpha, code in ((0.05, 1), (0.01, 2), (0.001, 0)):
        policy = policy_from_mapping({"groups": {"g": {**rule, "alpha": alpha}}})
        assert main_gate("a", "b", policy, tmp_path / "out").exit_code == code
