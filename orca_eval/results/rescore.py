"""Today's extractors on stored responses: the same completions, new answers and scores."""

import json
from typing import Any

import numpy as np
import orjson
import pandas as pd

from orca_eval.benchmarks.scorer import score_response
from orca_eval.errors import InputError
from orca_eval.results.judged_anew import judged_anew
from orca_eval.results.reasoning import empty, only_reasoning, read_as_answer
from orca_eval.types import CUT_OFF, Conflict, Kind, ReadReasoning, Scored

NEEDED = ("response", "kind", "options", "golds", "finish_reason")
BY_CONFLICT = ("by_letter", "by_text")
MADE_ANEW = (
    *("answer", "rule", "evidence_start", "evidence_end"),
    *("score", "f1", "exact_match_parts"),
    *BY_CONFLICT,
)


def rescore_frame(
    samples: pd.DataFrame, conflict: Conflict = "none", reasoning: ReadReasoning = "apart"
) -> pd.DataFrame:
    """A copy of a run's samples with answer, rule, evidence and scores made anew.

    Verdicts of judges are read again by the tasks of ours that asked for them. Other samples of
    tasks that score themselves (no `kind`) keep theirs: their scoring is not ours.

    Raises:
        InputError: the samples don't hold what rescoring needs.
    """
    missing = [name for name in NEEDED if name not in samples]
    if missing:
        raise InputError(
            f"the samples have no column {', '.join(missing)}, so they can't be read again; "
            "repeat the run, its stored responses are reused"
        )
    result = samples.copy()
    ours = [position for position, kind in enumerate(samples["kind"]) if kind]
    read = samples.assign(response=read_as_answer(samples)) if reasoning == "as_answer" else samples
    cells = read.iloc[ours][list(NEEDED)].itertuples(index=False, name=None)
    fresh = [
        _scored(response, kind, options, golds, end == CUT_OFF, conflict)
        for response, kind, options, golds, end in cells
    ]
    judged = judged_anew(samples, reasoning)
    ours += judged
    fresh += map(_cells, judged.values())
    if judged:
        figures = result["figures"].tolist()
        for position, found in judged.items():
            figures[position] = orjson.dumps(found.figures).decode() if found.figures else None
        result["figures"] = pd.Series(figures, index=result.index, dtype=object)
    for number, column in enumerate(MADE_ANEW):
        known = column in result
        if known or column in BY_CONFLICT:
            values = result[column].tolist() if known else [None] * len(result)
            for position, scored in zip(ours, fresh, strict=True):
                values[position] = scored[number]
            # Where all samples had evidence, the column as read has no place for one without.
            dtype = result[column].dtype if known else np.dtype(np.float64)
            result[column] = pd.Series(
                values,
                index=result.index,
                dtype="Int64" if column.startswith("evidence") else dtype,
            )
    return result


def scores_of(samples: pd.DataFrame) -> pd.DataFrame:
    """The samples with the columns from which `aggregate` makes scores."""
    none = pd.Series(None, index=samples.index, dtype=object)
    return samples.assign(
        answered=samples["answer"].notna(),
        empty=empty(samples),
        only_reasoning=only_reasoning(samples),
        figures=samples.get("figures", none).map(json.loads, na_action="ignore"),
        slices=samples.get("slices", none).map(json.loads, na_action="ignore"),
    )


def flips(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Samples whose answer or score changed, right to wrong first, as a person reads them."""
    rise = (new["score"] - old["score"]).fillna(0.0)  # what is ungraded stays so
    before, after = old["answer"], new["answer"]
    same = (before == after) | (before.isna() & after.isna())
    order = rise[(rise != 0) | ~same].sort_values(kind="stable").index
    old, new = old.loc[order], new.loc[order]
    return pd.DataFrame(
        {
            "sample": old["benchmark"] + "/" + old["task"] + " " + old["doc_id"].astype(str),
            "old answer": old["answer"].fillna("–"),
            "new answer": new["answer"].fillna("–"),
            "old rule": old["rule"],
            "new rule": new["rule"],
            "score": [f"{a:g} → {b:g}" for a, b in zip(old["score"], new["score"], strict=True)],
        }
    )


def _scored(
    response: str, kind: Kind, options: object, golds: str, cut: bool, conflict: Conflict
) -> tuple[Any, ...]:
    """The cells of the columns that are made anew."""
    labels = json.loads(options) if isinstance(options, str) else None
    return _cells(score_response(kind, json.loads(golds), labels, response, cut, conflict))


def _cells(found: Scored) -> tuple[Any, ...]:
    evidence = found.evidence or (None, None)
    scores = found.score, found.f1, found.parts, found.by_letter, found.by_text
    return found.answer, found.rule, *evidence, *scores
