"""How far a judge can be trusted, as a table, and as lines under the tables of its scores."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from orca_eval.judges.trust import Trust, warnings
from orca_eval.numbers import ends, with_minus
from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.judge_check import Check, find_check
from orca_eval.results.manifest import Manifest
from orca_eval.results.reading import DamagedError
from orca_eval.stats import Interval, Share, corrected_rate
from orca_eval.stats.proportion import Z95
from orca_eval.tables.table import Row, Table, columns, text_row

HALLUCINATION_RATE = "hallucination rate"
"""The measure of tasks whose judge is asked by the prompt that RAGTruth checks."""
UNREAD = (
    "A verdict that can't be read agrees with nobody; shares found, spared and right are of those "
    "that could be read."
)
NOT_MEASURED = "Votes on MT-Bench: not measured; judge.answers=FILE names models' answers to judge."


def check_table(name: str, trust: Trust, limit: int | None) -> Table:
    """A row for each thing that was checked."""
    grounded, truthful = trust.grounded, trust.truthful
    rows = [
        _said("hallucination (RAGTruth)", grounded.agreement, grounded.kappa),
        _row("– hallucinated ones found", grounded.bad_found),
        _row("– grounded ones spared", grounded.good_spared),
        _row("– of those called hallucinated, right", grounded.precision),
        _said("truthfulness (TruthfulQA)", truthful.agreement, truthful.kappa),
        _row("– false ones found", truthful.bad_found),
        _row("– true ones spared", truthful.good_spared),
        _row("another winner in the other order (Vicuna)", trust.flips),
        _row("the same verdict at another seed (RAGTruth)", trust.same),
        _row("verdicts that can't be read", trust.unread),
        *_votes(trust),
    ]
    heads = columns("n", "share", "95 % interval", "kappa", "its 95 % interval")
    extent = "" if limit is None else f" · limit={limit}"
    said = [UNREAD] if trust.unread.hits else []
    said += [] if trust.votes else [NOT_MEASURED]
    said += [f"Warning: {line}." for line in warnings(trust)]
    return Table(
        "judge_check", f"Judge {name}{extent}", "against people", heads, tuple(rows), tuple(said)
    )


def _said(name: str, share: Share, kappa: Interval) -> Row:
    unknown = math.isnan(kappa.estimate)
    shown = ("–", "–") if unknown else (_kappa(kappa), _between(kappa, 1, 2))
    return _row(name, share, *shown)


def _kappa(kappa: Interval) -> str:
    return with_minus(f"{kappa.estimate:.2f}")


def _row(name: str, share: Share, *further: str) -> Row:
    interval = share.interval()
    if interval is None:
        return text_row(name, "0", "–", "–", *(further or ("", "")))
    shown = f"{100 * interval.estimate:.1f}", _between(interval, 100, 1)
    return text_row(name, f"{share.n:,.0f}", *shown, *(further or ("", "")))


def _votes(trust: Trust) -> Iterator[Row]:
    for turn, votes in enumerate(trust.votes, start=1):
        for name, said in (
            (f"votes on turn {turn} (MT-Bench)", votes.judge),
            ("– without ties", votes.judge_without),
            ("– people beside each other", votes.people),
            ("– people beside each other, without ties", votes.people_without),
        ):
            yield _said(name, said.agreement, said.kappa)


def _between(interval: Interval, scale: float, digits: int) -> str:
    return with_minus(" – ".join(ends(scale * interval.low, scale * interval.high, digits)))


def judge_remarks(
    manifest: Manifest, scores: Sequence[ScoreRow], results_dir: Path, label: str = ""
) -> tuple[str, ...]:
    """What is known of the judge that graded these scores, from a check in the same results. Where
    scores of several runs stand together, `label` says whose a rate is."""
    names = {row.benchmark for row in scores}
    entries = manifest.benchmarks.items()
    judged = {name: entry.judge for name, entry in entries if entry.judge and name in names}
    said: dict[str, None] = {}
    for name in dict.fromkeys(judged.values()):
        model, _, digits = name.rpartition(" ")
        try:
            check = find_check(results_dir, digits, manifest.get("judge", "prompts", default={}))
        except DamagedError as error:
            said[f"{error}."] = None
            continue
        if check is None:
            continue
        rows = [
            row for row in scores if row.level == "benchmark" and judged.get(row.benchmark) == name
        ]
        measures = {manifest.measure(row.benchmark).name for row in rows}
        said[f"{_trusted(model, check)}."] = None
        said |= {f"Warning: {line}.": None for line in warnings(check.trust, measures)}
        whose = f"{label}, " if label else ""
        said |= dict.fromkeys(whose + line for line in _corrected(rows, manifest, check))
    return tuple(said)


def _trusted(model: str, check: Check) -> str:
    """The six numbers in a line."""
    trust = check.trust
    parts = [
        f"{what} {_percent(part.agreement)} (kappa {_kappa(part.kappa)}, "
        f"{_between(part.kappa, 1, 2)})"
        for what, part in (("hallucination", trust.grounded), ("truth", trust.truthful))
        if part.agreement.n and not math.isnan(part.kappa.estimate)
    ]
    parts += [
        f"{what} {_percent(share)}"
        for what, share in (
            ("another winner in the other order", trust.flips),
            ("the same at another seed", trust.same),
            ("unread", trust.unread),
        )
        if share.n
    ]
    parts += [
        f"votes on turn {turn} without ties {_percent(votes.judge_without.agreement)} (people "
        f"{_percent(votes.people_without.agreement)})"
        for turn, votes in enumerate(trust.votes, start=1)
        if votes.judge_without.agreement.n and votes.people_without.agreement.n
    ]
    limit = "" if check.limit is None else f", limit={check.limit}"
    return f"Judge {model} beside people{limit}: {', '.join(parts)}"


def _percent(share: Share) -> str:
    return f"{100 * share.value:.1f} %"


def _corrected(rows: Sequence[ScoreRow], manifest: Manifest, check: Check) -> Iterator[str]:
    """Hallucination rates as judged, and freed from the errors that the judge made on RAGTruth."""
    aliases: Mapping[str, str] = {name: e.alias for name, e in manifest.benchmarks.items()}
    for row in rows:
        judged = manifest.measure(row.benchmark).name == HALLUCINATION_RATE
        if not judged or row.score is None or row.ci_low is None or row.ci_high is None:
            continue
        size = _effective(row.score, row.ci_low, row.ci_high, row.n - row.ungraded)
        part = check.trust.grounded
        found = corrected_rate(Share(row.score * size, size), part.bad_found, part.good_spared)
        shown = (
            "not to be corrected: this judge tells them apart no better than chance"
            if found is None
            else f"{100 * found.estimate:.1f} % corrected for the judge's errors on RAGTruth "
            f"({_between(found, 100, 1)})"
        )
        as_judged = Interval(row.score, row.ci_low, row.ci_high, 0.95)
        yield (
            f"{aliases[row.benchmark]}: {HALLUCINATION_RATE} {100 * row.score:.1f} % as judged "
            f"({_between(as_judged, 100, 1)}), {shown}."
        )


def _effective(share: float, low: float, high: float, n: int) -> float:
    """So many independent items would have an interval as wide; no more than there are."""
    half = (high - low) / 2
    spread = Z95**2 * share * (1 - share)
    return min(float(n), spread / half**2) if spread and half else float(n)
