"""What a form's verdicts say of a run: how often its extractor errs, and its score without that."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from orca_eval import stats
from orca_eval.audit.draw import RIGHT, STRATA, Population
from orca_eval.audit.entry import digest
from orca_eval.audit.form import AS_READ, UNCLEAR, VERDICTS, Judged
from orca_eval.errors import InputError
from orca_eval.results.documents import KEY, per_document
from orca_eval.stats.strata import Clusters, FloatArray
from orca_eval.types import Aggregate


@dataclass(frozen=True, slots=True)
class Stratum:
    """The verdicts on one: its draws, those `judged`, and of these the `misread`."""

    name: str
    members: int
    weight: float
    judged: int
    misread: int
    error: stats.Interval


@dataclass(frozen=True, slots=True)
class Findings:
    """Shares of 1. `blank` lines have no verdict, `unclear` ones none that counts. `what` says
    which score was corrected."""

    what: str
    strata: tuple[Stratum, ...]
    error: stats.Interval
    score: stats.Interval
    corrected: stats.Interval
    judged: int
    blank: int
    unclear: int
    out: int


def findings(
    people: Population, lines: Sequence[Judged], kinds: Mapping[str, Aggregate]
) -> Findings:
    """Reads the verdicts on a run's samples.

    Raises:
        InputError: a line is of another run or of older scores, or a stratum has no verdict.
    """
    _check(people, lines)
    counted = [line for line in lines if line.verdict not in ("", UNCLEAR)]
    strata, audited = [], []
    for name, weight in people.shares.items():
        own = [line for line in counted if line.stratum == name]
        judged = sum(line.times for line in own)
        if not judged:
            raise InputError(
                f"no verdict counts on any sample of the stratum “{name}” ({STRATA[name]}); judge "
                "at least one of it"
            )
        misread = sum(line.times for line in own if line.verdict != AS_READ)
        members = len(people.members(name))
        part = stats.Audited(
            weight,
            judged=judged,
            misread=misread,
            moved=sum(line.times for line in own if _moves(line)),
            overstates=name == RIGHT,
            whole=len(own) == members,
        )
        audited.append(part)
        error = stats.misread_rate([replace(part, weight=1.0)])
        strata.append(Stratum(name, members, weight, judged, misread, error))
    machine = _machine(people, kinds)
    names = people.rows["benchmark"].unique()
    return Findings(
        what=str(names[0]) if len(names) == 1 else f"all samples of {len(names)} benchmarks",
        strata=tuple(strata),
        error=stats.misread_rate(audited),
        score=machine,
        corrected=stats.corrected_score(machine, audited),
        judged=len(counted),
        blank=sum(line.verdict == "" for line in lines),
        unclear=sum(line.verdict == UNCLEAR for line in lines),
        out=people.out,
    )


def _moves(line: Judged) -> bool:
    """Whether the verdict is another score than the machine's."""
    return line.verdict in VERDICTS and line.verdict == (
        "wrong" if line.stratum == RIGHT else "right"
    )


def _check(people: Population, lines: Sequence[Judged]) -> None:
    """Raises InputError for lines that are not of these samples as they are scored now."""
    columns = [*KEY, "sample_index"] if "sample_index" in people.rows else KEY
    keys = people.rows[columns].itertuples(index=False, name=None)
    rows = {(*key, 0)[:4]: number for number, key in enumerate(keys)}
    seen: set[int] = set()
    for line in lines:
        row = rows.get((line.benchmark, line.task, line.doc_id, line.sample_index))
        if row is None:
            raise InputError(f"{line.place}: the run has no such sample; is it the run's own form?")
        if row in seen:
            raise InputError(
                f"{line.place}: this sample stands there twice; save the verdicts again"
            )
        seen.add(row)
        same = digest({str(k): v for k, v in people.rows.iloc[row].items()}) == line.digest
        if not same or people.stratum[row] != line.stratum:
            raise InputError(
                f"{line.place}: scored anew since the sheet was made; draw a new one with "
                "orca-eval audit sample="
            )


def _machine(people: Population, kinds: Mapping[str, Aggregate]) -> stats.Interval:
    """The extractor's score with its interval, which counts a passage's documents together."""
    documents = per_document(people.rows, ["score"], ["cluster"])
    names = documents["benchmark"].unique()
    one = len(names) == 1
    kind = kinds.get(str(names[0]), "pooled") if one else "pooled"
    values, clusters = _by_task(documents)
    interval = stats.exact_interval(values, clusters, kind)
    if interval is None:
        if one:
            parts = stats.strata(values, clusters, kind)
        else:  # a stratum each
            parts = [
                replace(part, weight=len(own) / len(documents))
                for _, own in documents.groupby("benchmark", observed=True, sort=False)
                for part in stats.strata(*_by_task(own))
            ]
        interval = stats.bootstrap(parts, stats.seed_of("audit")).interval()
    if math.isnan(interval.low):
        interval = stats.score_interval(people.score, len(documents))
    return replace(interval, estimate=people.score)


def _by_task(documents: pd.DataFrame) -> tuple[list[FloatArray], list[Clusters]]:
    groups = [own for _, own in documents.groupby(["benchmark", "task"], observed=True, sort=False)]
    names = [own["cluster"].to_numpy(dtype=object) for own in groups]
    values = [own["score"].to_numpy(dtype=np.float64) for own in groups]
    return values, [own if pd.notna(own).any() else None for own in names]
