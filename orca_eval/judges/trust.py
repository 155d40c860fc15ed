"""How far a judge can be trusted: its verdicts beside what people say, and beside its own."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from orca_eval import stats
from orca_eval.judges import prompts
from orca_eval.numbers import with_minus
from orca_eval.stats import Interval, Share

GROUNDED, TRUTHFUL = "judge_grounded", "judge_truthful"
REPEAT, PAIRS = "judge_repeat", "judge_pairs"
CHECKS = (GROUNDED, TRUTHFUL, PAIRS, REPEAT)
"""The benchmarks of a check."""
OF_A_MEASURE = {
    "hallucination rate": ("grounded", "hallucination"),
    "truthful": ("truthful", "truthfulness"),
}
"""By a judged task's measure: the part of a check that its judge's prompt was checked in, and what
that is about."""
VOTES_OF = ("judge", "judge_without", "people", "people_without")
KAPPA_OF = ("estimate", "low", "high")
LEVEL = 0.95
NO_VERDICT = "no verdict"
LEAST_KAPPA = 0.4
"""Below it a judge's scores carry a warning (Landis and Koch 1977 call less "fair" at most)."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Verdicts on texts that people labelled good or bad (hallucinated, false).

    `bad_found`: how many of the bad ones the judge calls bad; `good_spared`: how many of the good
    ones it calls good. Those whose verdict can't be read are in neither, but `bad_ungraded` and
    `good_ungraded`: they agree with nobody, or a judge that gives few verdicts would look better
    than it is.
    """

    bad_found: Share
    good_spared: Share
    bad_ungraded: int
    good_ungraded: int

    @property
    def agreement(self) -> Share:
        """How often it says what people say, of all texts."""
        bad, good = self.bad_found, self.good_spared
        ungraded = self.bad_ungraded + self.good_ungraded
        return Share(bad.hits + good.hits, bad.n + good.n + ungraded)

    @property
    def kappa(self) -> Interval:
        """The same beyond chance."""
        found, spared = int(self.bad_found.hits), int(self.good_spared.hits)
        missed, blamed = int(self.bad_found.n) - found, int(self.good_spared.n) - spared
        judge_of_bad = ["bad"] * found + ["good"] * missed + [NO_VERDICT] * self.bad_ungraded
        judge_of_good = ["good"] * spared + ["bad"] * blamed + [NO_VERDICT] * self.good_ungraded
        people = ["bad"] * len(judge_of_bad) + ["good"] * len(judge_of_good)
        return stats.kappa(people, judge_of_bad + judge_of_good)

    @property
    def precision(self) -> Share:
        """How many of those that it calls bad are bad."""
        wrongly = self.good_spared.n - self.good_spared.hits
        return Share(self.bad_found.hits, self.bad_found.hits + wrongly)


@dataclass(frozen=True, slots=True)
class Said:
    """How often two say the same, and how often beyond chance."""

    agreement: Share
    kappa: Interval


@dataclass(frozen=True, slots=True)
class Votes:
    """A judge's winners beside people's votes on pairs of answers, and people beside each other: on
    every pair, and without ties."""

    judge: Said
    judge_without: Said
    people: Said
    people_without: Said


@dataclass(frozen=True, slots=True)
class Trust:
    """What a check found. `flips`: how many pairs have another winner in the other order. `same`:
    how many verdicts are the same at another seed. `unread`: how many verdicts can't be read.
    """

    grounded: Labelled
    truthful: Labelled
    flips: Share
    same: Share
    unread: Share
    votes: tuple[Votes, ...] = ()


def trust_of(samples: pd.DataFrame) -> Trust:
    """Reads a check's samples."""
    parts = {name: samples[samples["benchmark"] == name] for name in CHECKS}
    once = samples.drop_duplicates(["benchmark", "doc_hash", "sample_index"])
    unread = Share(int(once["answer"].isna().sum()), len(once))
    return Trust(
        _labelled(parts[GROUNDED], prompts.GROUNDED),
        _labelled(parts[TRUTHFUL], prompts.TRUTHFUL),
        _flips(parts[PAIRS]),
        _same(parts[REPEAT]),
        unread,
    )


def _labelled(samples: pd.DataFrame, labels: Sequence[str]) -> Labelled:
    """Rows that are alike count once."""
    once = samples.drop_duplicates("doc_hash")
    said = once["answer"]
    people = once["golds"].map(lambda golds: json.loads(golds)[0][0])
    good, bad = (said[people == label] for label in labels)

    def share(given: pd.Series, label: str) -> Share:
        read = given.dropna()
        return Share(int((read == label).sum()), len(read))

    return Labelled(
        share(bad, labels[1]),
        share(good, labels[0]),
        int(bad.isna().sum()),
        int(good.isna().sum()),
    )


def _flips(samples: pd.DataFrame) -> Share:
    """Of pairs with two verdicts: those that name another winner when the order is another."""
    first, second, tie = prompts.BETTER
    turned = {first: second, second: first, tie: tie}
    pairs = samples.assign(pair=samples["sample_index"] // 2, order=samples["sample_index"] % 2)
    wide = pairs.pivot(index=["doc_id", "pair"], columns="order", values="answer").dropna()
    if wide.empty:
        return Share(0, 0)
    return Share(int((wide[0] != wide[1].map(turned)).sum()), len(wide))


def _same(samples: pd.DataFrame) -> Share:
    """Of documents with two verdicts: those with the same twice."""
    wide = samples.pivot(index="doc_id", columns="sample_index", values="answer").dropna()
    return Share(0, 0) if wide.empty else Share(int((wide[0] == wide[1]).sum()), len(wide))


def warnings(trust: Trust, measures: Collection[str] = tuple(OF_A_MEASURE)) -> list[str]:
    """Says of which of these measures the judge is no judge."""
    said = []
    for measure, (name, what) in OF_A_MEASURE.items():
        kappa = getattr(trust, name).kappa.estimate
        if measure in measures and not kappa >= LEAST_KAPPA:
            value = (
                "unknown, for want of texts of both kinds"
                if math.isnan(kappa)
                else f"{with_minus(f'{kappa:.2f}')}, below {LEAST_KAPPA:g}"
            )
            said.append(f"{what}: kappa with people is {value}: its scores say little")
    return said


def told(trust: Trust) -> dict[str, Any]:
    """Every figure by name, for judge_check.json."""
    return {
        "grounded": _told(trust.grounded),
        "truthful": _told(trust.truthful),
        **{name: _share(getattr(trust, name)) for name in ("flips", "same", "unread")},
        "votes": [{name: _said(getattr(turn, name)) for name in VOTES_OF} for turn in trust.votes],
    }


def _told(part: Labelled) -> dict[str, Any]:
    return _said(Said(part.agreement, part.kappa)) | {
        "bad_found": _share(part.bad_found),
        "good_spared": _share(part.good_spared),
        "precision": _share(part.precision),
        "bad_ungraded": part.bad_ungraded,
        "good_ungraded": part.good_ungraded,
    }


def _said(said: Said) -> dict[str, Any]:
    known = {name: getattr(said.kappa, name) for name in KAPPA_OF}
    known = {name: None if math.isnan(value) else value for name, value in known.items()}
    return {"agreement": _share(said.agreement), "kappa": known}


def _share(share: Share) -> dict[str, Any]:
    interval = share.interval()
    ends = {} if interval is None else {"low": interval.low, "high": interval.high}
    return {"hits": share.hits, "n": share.n, **ends}


def trust_from(content: Mapping[str, Any]) -> Trust:
    """What `told` told; its counts say all."""

    def share(part: Mapping[str, Any]) -> Share:
        return Share(int(part["hits"]), int(part["n"]))

    def labelled(part: Mapping[str, Any]) -> Labelled:
        found, spared = share(part["bad_found"]), share(part["good_spared"])
        return Labelled(found, spared, int(part["bad_ungraded"]), int(part["good_ungraded"]))

    def said(part: Mapping[str, Any]) -> Said:
        known = [part["kappa"][name] for name in KAPPA_OF]
        estimate, low, high = (math.nan if end is None else float(end) for end in known)
        return Said(share(part["agreement"]), Interval(estimate, low, high, LEVEL))

    return Trust(
        labelled(content["grounded"]),
        labelled(content["truthful"]),
        share(content["flips"]),
        share(content["same"]),
        share(content["unread"]),
        tuple(Votes(*(said(turn[name]) for name in VOTES_OF)) for turn in content["votes"]),
    )
