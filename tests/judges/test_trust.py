"""What a check's samples show: counts, kappa, flips, warnings, and the file that holds them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

from orca_eval.errors import InputError
from orca_eval.judges import trust as trusting
from orca_eval.judges.trust import CHECKS, Labelled, Said, Trust, Votes, told, trust_from, trust_of
from orca_eval.judges.votes import read_answers, votes_of
from orca_eval.results.judge_check import find_check
from orca_eval.stats import Interval, Share

Verdict = tuple[str, int, str | None, str]
"""Benchmark, document, what the judge says and what people say."""


def samples(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    rows = []
    asked: dict[tuple[str, int], int] = {}
    for benchmark, doc, said, people in verdicts:
        order = asked[benchmark, doc] = asked.get((benchmark, doc), -1) + 1
        rows.append({
            "benchmark": benchmark, "doc_id": doc, "doc_hash": f"{doc}", "sample_index": order,
            "answer": said, "golds": json.dumps([[people]]),
        })  # fmt: skip
    return pd.DataFrame(rows)


GROUNDED = [("hallucinated", "hallucinated")] * 6 + [("grounded", "hallucinated")] * 2
GROUNDED += [("grounded", "grounded")] * 10 + [("hallucinated", "grounded")] * 1
PAIRS: list[tuple[str | None, ...]] = [
    ("A", "B"), ("A", "A"), ("C", "C"), ("B", "C"), ("B", "A"), ("A", None),
]  # fmt: skip


def found() -> Trust:
    verdicts: list[Verdict] = [
        ("judge_grounded", doc, said, people) for doc, (said, people) in enumerate(GROUNDED)
    ]
    verdicts.append(("judge_grounded", 99, None, "grounded"))
    verdicts += [("judge_truthful", doc, "true", "true") for doc in range(5)]
    # Three pairs to a question, in two orders each.
    verdicts += [
        ("judge_pairs", number // 3, said, "C")
        for number, pair in enumerate(PAIRS)
        for said in pair
    ]
    verdicts += [("judge_repeat", 0, said, "grounded") for said in ("grounded", "grounded")]
    verdicts += [("judge_repeat", 1, said, "grounded") for said in ("grounded", "hallucinated")]
    return trust_of(samples(verdicts))


def test_counts_are_those_of_the_verdicts() -> None:
    trust = found()
    assert trust.grounded == Labelled(Share(6, 8), Share(10, 11), 0, 1)
    assert trust.grounded.agreement == Share(16, 20)
    assert trust.grounded.precision == Share(6, 7)
    # Observed 16/20; by chance (8 · 7 + 12 · 12) / 20² = 1/2.
    assert trust.grounded.kappa.estimate == pytest.approx((16 / 20 - 1 / 2) / (1 - 1 / 2))
    assert math.isnan(trust.truthful.kappa.estimate)  # nothing false was there to be found
    # Another winner: A in both orders, and a tie beside a win. One pair lacks a verdict.
    assert trust.flips == Share(2, 5)
    assert trust.same == Share(1, 2)
    assert (trust.unread.hits, trust.unread.n) == (2, 20 + 5 + 12 + 4)


def test_rows_that_are_alike_count_once() -> None:
    twice = samples([("judge_grounded", 1, "grounded", "grounded")] * 2)
    none = [(name, 0, None, "x") for name in CHECKS[1:]]
    trust = trust_of(pd.concat([twice, samples(none)]))
    assert trust.grounded.good_spared == Share(1, 1)


def test_a_judge_below_the_least_kappa_is_warned_of_where_it_judges_that() -> None:
    trust = found()
    (line,) = trusting.warnings(trust)
    assert line.startswith("truthfulness: kappa with people is unknown")
    assert trusting.warnings(trust, ["hallucination rate"]) == []
    poor = Labelled(Share(1, 8), Share(10, 11), 0, 0)
    (line,) = trusting.warnings(
        Trust(poor, poor, trust.flips, trust.same, trust.unread), ["hallucination rate", "rating"]
    )
    assert line.startswith("hallucination: kappa with people is 0.04, below 0.4")


def test_a_judge_whose_verdicts_cant_be_read_agrees_with_nobody() -> None:
    silent = Labelled(Share(0, 0), Share(0, 0), 3, 9)
    assert silent.agreement == Share(0, 12)
    assert silent.kappa.estimate == 0
    # Right the one time that it says anything: 1/20, by chance (10 · 1 + 10 · 0) / 20² = 1/40.
    lucky = Labelled(Share(1, 1), Share(0, 0), 9, 10)
    assert lucky.kappa.estimate == pytest.approx((1 / 20 - 1 / 40) / (1 - 1 / 40))
    assert lucky.kappa.high < trusting.LEAST_KAPPA


def test_the_file_gives_back_what_was_found() -> None:
    said = Said(Share(3, 4), Interval(0.5, 0.1, 0.9, 0.95))
    unknown = Said(Share(0, 0), Interval(math.nan, math.nan, math.nan, 0.95))
    plain = found()
    for votes in ((), (Votes(said, said, said, said),)):
        trust = Trust(plain.grounded, plain.truthful, plain.flips, plain.same, plain.unread, votes)
        assert trust_from(json.loads(json.dumps(told(trust)))) == trust
    turn = told(Trust(plain.grounded, plain.truthful, *[Share(0, 0)] * 3, (Votes(*[unknown] * 4),)))
    back = trust_from(json.loads(json.dumps(turn, allow_nan=False)))
    assert math.isnan(back.votes[0].judge.kappa.low)


def test_votes_stand_beside_the_winner_by_the_grades() -> None:
    graded = [("a", 8.0), ("b", 6.0), ("c", 6.0), ("d", None)]
    frame = pd.DataFrame({
        "task": "turn_1", "cluster": "7", "score": [score for _, score in graded],
        "slices": [json.dumps({"model": [model]}) for model, _ in graded],
    })  # fmt: skip
    cast = [("a", "b", "model_a"), ("a", "b", "tie"), ("b", "c", "tie"), ("b", "c", "model_b")]
    cast += [("a", "d", "model_a")]  # not graded
    rows = [
        {"turn": 1, "question_id": 7, "model_a": one, "model_b": other, "winner": winner}
        for one, other, winner in cast
    ]
    (turn,) = votes_of(frame, rows)
    assert turn.judge.agreement == Share(2, 4)
    assert turn.judge_without.agreement == Share(1, 1)
    assert turn.people.agreement == Share(0, 2)


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", '{"question_id": 1, "model_id": "m", "choices": []}', "\x00"]
)
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "answers.jsonl"
    good = {"question_id": 1, "model_id": "m", "choices": [{"turns": ["a", "b"]}]}
    path.write_text(f"{json.dumps(good)}\n")
    assert read_answers(path) == {(1, "m"): ["a", "b"]}
    path.write_text(f"{json.dumps(good)}\n{line}\n{json.dumps(good)}\n")
    with pytest.raises(InputError, match=r"answers.jsonl: line 2 is no answer; one is "):
        read_answers(path)


def test_a_damaged_check_says_what_writes_it_anew(tmp_path: Path) -> None:
    path = tmp_path / "judges/m/judge_check-x/judge_check.json"
    path.parent.mkdir(parents=True)
    for text in ("", "{}", "[1]", '{"limit": "x"}'):
        path.write_text(text)
        with pytest.raises(InputError, match="repeat the judge's check"):
            find_check(tmp_path, "1a2b3c4d")
    path.unlink()
    assert find_check(tmp_path, "1a2b3c4d") is None
