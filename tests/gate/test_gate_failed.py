"""Answers that never came are in no comparison, said aloud, and too many of them decide nothing."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from gate_runs import flipped, samples, write_run

from orca_eval.errors import InputError
from orca_eval.gate import policy_from_mapping
from orca_eval.gate.judge import Finding, Verdict
from orca_eval.gate.result import GateResult
from orca_eval.gate.side import read_side
from orca_eval.gate.verb import gate
from orca_eval.results.baseline import write_export


@pytest.fixture(scope="module")
def before() -> pd.DataFrame:
    return samples({"gsm8k/gsm8k": 400}, right=0.6)


def ended(frame: pd.DataFrame, count: int, reason: str = "timeout") -> pd.DataFrame:
    """The same samples, of which so many right ones never came."""
    out = frame.copy()
    rows = out.index[out["score"] == 1][-count:]
    out.loc[rows, ["score", "answer", "response", "finish_reason"]] = [0.0, None, "", reason]
    return out


def judged(
    tmp_path: Path, before: pd.DataFrame, after: pd.DataFrame, failed_share: float | None = None
) -> GateResult:
    policy = policy_from_mapping(
        {
            "min_pairs": 50,
            "limits": {"extraction_drop": 2.0, "empty_rise": 1.0, "failed_share": failed_share},
            "groups": {"all": {"tier": "critical", "benchmarks": ["gsm8k"]}},
        }
    )
    return gate(
        write_run(tmp_path / "before", before), write_run(tmp_path / "after", after), policy
    )


@pytest.mark.parametrize("reason", ["timeout", "failed"])
def test_time_outs_of_the_baseline_hide_no_drop(
    tmp_path: Path, before: pd.DataFrame, reason: str
) -> None:
    after = flipped(before, 40)
    whole = judged(tmp_path, before, after)
    result = judged(tmp_path, ended(before, 60, reason), after)
    assert whole.verdict is result.verdict is Verdict.REGRESSION
    (line,) = result.lines
    assert line.comparison.result.n == 340
    assert line.comparison.failed is not None
    assert line.comparison.failed.baseline == 60 / 400


def test_those_of_a_candidate_are_no_format_regression(
    tmp_path: Path, before: pd.DataFrame
) -> None:
    result = judged(tmp_path, before, ended(before, 60))
    assert result.verdict is Verdict.PASS
    assert not result.lines[0].broken_limits
    (said,) = [text for text in result.cautions if "failed or timed out" in text]
    assert "0 of the baseline's samples and 60 of the candidate's" in said


@pytest.mark.parametrize(("count", "finding"), [(8, Finding.OK), (9, Finding.FAILED)])
def test_above_the_policys_share_nothing_is_decided(
    tmp_path: Path, before: pd.DataFrame, count: int, finding: Finding
) -> None:
    result = judged(tmp_path, ended(before, count), before, failed_share=2.0)
    assert result.lines[0].finding is finding
    assert (result.verdict is Verdict.INCONCLUSIVE) == (finding is Finding.FAILED)


def test_where_all_failed_there_is_nothing_to_compare(tmp_path: Path, before: pd.DataFrame) -> None:
    gone = before.assign(score=0.0, answer=None, finish_reason="failed")
    with pytest.raises(InputError, match="repeat the run's command, which asks them again"):
        judged(tmp_path, before, gone)


def test_a_baseline_file_keeps_what_failed_and_an_older_one_has_none(
    tmp_path: Path, before: pd.DataFrame
) -> None:
    run = write_run(tmp_path / "run", ended(before, 60))
    side = read_side(run)
    path = write_export(side.frame, side.manifest, tmp_path / "baseline.parquet")
    again = read_side(str(path))
    columns = ["score", "failed", "unanswered"]
    pd.testing.assert_frame_equal(
        again.frame[columns].reset_index(drop=True), side.frame[columns].reset_index(drop=True)
    )
    pq.write_table(pq.read_table(path).drop_columns(["failed"]), path)
    assert read_side(str(path)).frame["failed"].eq(0).all()
