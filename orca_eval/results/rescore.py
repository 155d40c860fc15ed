"""Today's extractors on stored responses: the same completions, new answers and scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from orca_eval.errors import InputError
from orca_eval.extract import extract_answer
from orca_eval.scoring import score_answer

NEEDED = ("response", "kind", "options", "golds")


@dataclass(frozen=True, slots=True)
class Flip:
    """A sample whose score or answer changed."""

    benchmark: str
    task: str
    doc_id: int
    old_answer: str | None
    new_answer: str | None
    old_rule: str
    new_rule: str
    old_score: float
    new_score: float


def rescore_frame(samples: pd.DataFrame) -> pd.DataFrame:
    """A copy of a run's samples with answer, rule, evidence and scores made anew.

    Samples of tasks from outside (no `kind`) keep theirs: their scoring is not ours.

    Raises:
        InputError: the samples don't hold what rescoring needs.
    """
    check_columns(samples)
    result = samples.copy()
    fresh = [_score(row) for row in samples[list(NEEDED)].itertuples(index=False, name=None)]
    ours = [index for index, scored in enumerate(fresh) if scored is not None]
    for column in ("answer", "rule", "evidence_start", "evidence_end", "score", "f1"):
        _replace(result, column, ours, fresh)
    if "exact_match_parts" in result:
        _replace(result, "exact_match_parts", ours, fresh)
    return result


def check_columns(samples: pd.DataFrame) -> None:
    """Raises InputError where the samples don't hold what an extractor needs."""
    missing = [name for name in NEEDED if name not in samples]
    if missing:
        raise InputError(
            f"the samples have no column {', '.join(missing)}, so they can't be read again; "
            "repeat the run, its stored responses are reused"
        )


def scores_of(samples: pd.DataFrame) -> pd.DataFrame:
    """The samples with the columns from which `aggregate` makes scores."""
    return samples.assign(
        answered=samples["answer"].notna(), empty=samples["response"].str.strip() == ""
    )


def flips(old: pd.DataFrame, new: pd.DataFrame) -> list[Flip]:
    """Samples whose answer or score changed, right to wrong first."""
    columns = ["benchmark", "task", "doc_id", "answer", "rule", "score"]
    pairs: zip[tuple[Any, Any]] = zip(
        old[columns].itertuples(index=False), new[columns].itertuples(index=False), strict=True
    )
    changed = [
        Flip(
            benchmark=before.benchmark,
            task=before.task,
            doc_id=int(before.doc_id),
            old_answer=_none(before.answer),
            new_answer=_none(after.answer),
            old_rule=before.rule,
            new_rule=after.rule,
            old_score=float(before.score),
            new_score=float(after.score),
        )
        for before, after in pairs
        if before.score != after.score or _none(before.answer) != _none(after.answer)
    ]
    return sorted(changed, key=lambda flip: flip.new_score - flip.old_score)


def _score(row: tuple[Any, ...]) -> dict[str, Any] | None:
    response, kind, options, golds = row
    if not kind:
        return None
    extraction = extract_answer(
        response, kind, json.loads(options) if isinstance(options, str) else None
    )
    score = score_answer(kind, extraction.answer, json.loads(golds))
    start, end = extraction.evidence or (None, None)
    return {
        "answer": extraction.answer,
        "rule": extraction.rule,
        "evidence_start": start,
        "evidence_end": end,
        "score": score.exact_match,
        "f1": score.f1,
        "exact_match_parts": score.exact_match_parts,
    }


def _replace(
    frame: pd.DataFrame, column: str, positions: list[int], fresh: list[dict[str, Any] | None]
) -> None:
    values = frame[column].tolist()
    for position in positions:
        values[position] = (fresh[position] or {})[column]
    # Where all samples had evidence, the column as read has no place for one that has none.
    dtype = "Int64" if column.startswith("evidence") else frame[column].dtype
    frame[column] = pd.Series(values, index=frame.index, dtype=dtype)


def _none(value: object) -> str | None:
    return value if isinstance(value, str) else None
