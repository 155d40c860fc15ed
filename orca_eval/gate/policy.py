"""What a team tolerates: conf/policy/*.yaml as typed rules, one per benchmark and average."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from orca_eval.config.nearest import hint
from orca_eval.errors import InputError

Tier = Literal["critical", "supporting", "advisory"]

_RULE_KEYS = ("tier", "tolerated_drop", "alpha", "min_pairs", "limits")
_LIMIT_KEYS = ("extraction_drop", "truncation_rise", "empty_rise")
_DEFAULT_KEYS = ("tolerated_drop", "alpha", "min_pairs", "limits")
_POLICY_KEYS = ("name", *_DEFAULT_KEYS, "groups", "benchmarks", "averages", "others")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A drop that is tolerated: `value` in points of 100, or per cent of the baseline's score."""

    value: float
    percent: bool = False

    def share(self, baseline: float) -> float:
        """The tolerated drop as a share of 1, for a baseline score given as a share of 1."""
        return self.value / 100 * (baseline if self.percent else 1.0)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far rates may get worse, in points of 100; None sets no limit."""

    extraction_drop: float | None = None
    truncation_rise: float | None = None
    empty_rise: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """How one benchmark or average is judged. `alpha` is the level for its Holm-adjusted p."""

    tier: Tier
    tolerated_drop: Tolerance
    alpha: float
    min_pairs: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class AverageRule:
    """An unweighted mean of benchmarks that is judged as well."""

    name: str
    benchmarks: tuple[str, ...]
    rule: Rule


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules by benchmark id; `others` holds for a benchmark that no group names."""

    name: str
    benchmarks: Mapping[str, Rule]
    averages: tuple[AverageRule, ...]
    others: Rule

    def rule(self, benchmark: str) -> Rule:
        """The rule for a benchmark."""
        return self.benchmarks.get(benchmark, self.others)

    def named(self) -> set[str]:
        """Every benchmark that the policy names."""
        return set(self.benchmarks).union(*(average.benchmarks for average in self.averages))


def policy_from_mapping(mapping: Mapping[str, Any]) -> Policy:
    """A policy from the plain mapping of a conf/policy file.

    Values of the top level hold everywhere; a group overrides them, a single benchmark overrides
    its group. Raises InputError that names every wrong key and value at once.
    """
    reader = _Reader()
    policy = reader.policy(mapping)
    if reader.problems:
        raise InputError("policy: " + "; ".join(reader.problems))
    return policy


class _Reader:
    """Reads a mapping and collects what is wrong with it instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def policy(self, mapping: Mapping[str, Any]) -> Policy:
        self._known("", mapping, _POLICY_KEYS)
        top = self._rule("", {key: mapping[key] for key in _DEFAULT_KEYS if key in mapping}, _START)
        benchmarks: dict[str, Rule] = {}
        for name, group in self._mappings(mapping, "groups"):
            where = f"groups.{name}"
            self._known(where, group, (*_RULE_KEYS, "benchmarks"))
            rule = self._rule(where, group, top)
            for benchmark in self._names(where, group):
                if benchmark in benchmarks:
                    self.problems.append(f"{where}.benchmarks: {benchmark} is in two groups")
                benchmarks[benchmark] = rule
        for name, entry in self._mappings(mapping, "benchmarks"):
            where = f"benchmarks.{name}"
            self._known(where, entry, _RULE_KEYS)
            benchmarks[name] = self._rule(where, entry, benchmarks.get(name, top))
        averages = tuple(
            self._average(f"averages.{name}", name, entry, top)
            for name, entry in self._mappings(mapping, "averages")
        )
        others = mapping.get("others", {})
        if isinstance(others, Mapping):
            self._known("others", others, _RULE_KEYS)
        else:
            self._wrong("others", others, "a mapping")
            others = {}
        name = mapping.get("name", "custom")
        return Policy(str(name), benchmarks, averages, self._rule("others", others, top))

    def _average(self, where: str, name: str, entry: Mapping[str, Any], top: Rule) -> AverageRule:
        self._known(where, entry, (*_RULE_KEYS, "name", "benchmarks"))
        shown = str(entry.get("name", name))
        return AverageRule(shown, tuple(self._names(where, entry)), self._rule(where, entry, top))

    def _rule(self, where: str, entry: Mapping[str, Any], base: Rule) -> Rule:
        tier = entry.get("tier", base.tier)
        if tier not in get_args(Tier):
            self.problems.append(
                f"{_at(where, 'tier')}={tier}: {hint(str(tier), sorted(get_args(Tier)))}"
            )
            tier = base.tier
        return Rule(
            tier=tier,
            tolerated_drop=self._tolerance(where, entry, base.tolerated_drop),
            alpha=self._number(where, entry, "alpha", base.alpha, 0.0, 0.5),
            min_pairs=int(self._number(where, entry, "min_pairs", base.min_pairs, 1, 1e9)),
            limits=self._limits(where, entry, base.limits),
        )

    def _limits(self, where: str, entry: Mapping[str, Any], base: Limits) -> Limits:
        limits = entry.get("limits", {})
        at = _at(where, "limits")
        if not isinstance(limits, Mapping):
            self._wrong(at, limits, "a mapping")
            return base
        self._known(at, limits, _LIMIT_KEYS)

        def limit(key: str, inherited: float | None) -> float | None:
            if limits.get(key, 0.0) is None:
                return None
            if key not in limits:
                return inherited
            return self._number(at, limits, key, 0.0, 0.0, 100.0)

        return Limits(
            limit("extraction_drop", base.extraction_drop),
            limit("truncation_rise", base.truncation_rise),
            limit("empty_rise", base.empty_rise),
        )

    def _tolerance(self, where: str, entry: Mapping[str, Any], base: Tolerance) -> Tolerance:
        if "tolerated_drop" not in entry:
            return base
        value = entry["tolerated_drop"]
        text = str(value).strip()
        percent = text.endswith("%")
        try:
            number = float(text.removesuffix("%"))
        except ValueError:
            number = -1.0
        if isinstance(value, bool) or not 0 <= number <= 100:
            self._wrong(_at(where, "tolerated_drop"), value, 'points such as 1.0, or "2%"')
            return base
        return Tolerance(number, percent)

    def _number(
        self, where: str, entry: Mapping[str, Any], key: str, base: float, low: float, high: float
    ) -> float:
        value = entry.get(key, base)
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not good or not low <= value <= high or (key == "alpha" and value == 0):
            self._wrong(_at(where, key), value, f"a number from {low:g} to {high:g}")
            return base
        return float(value)

    def _names(self, where: str, entry: Mapping[str, Any]) -> list[str]:
        names = entry.get("benchmarks")
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            return list(names)
        self._wrong(_at(where, "benchmarks"), names, "a list of benchmarks")
        return []

    def _mappings(
        self, mapping: Mapping[str, Any], key: str
    ) -> Iterable[tuple[str, Mapping[str, Any]]]:
        entries = mapping.get(key, {})
        if not isinstance(entries, Mapping):
            self._wrong(key, entries, "a mapping")
            return
        for name, entry in entries.items():
            if isinstance(entry, Mapping):
                yield str(name), entry
            else:
                self._wrong(f"{key}.{name}", entry, "a mapping")

    def _known(self, where: str, entry: Mapping[str, Any], valid: tuple[str, ...]) -> None:
        for key in entry:
            if key not in valid:
                self.problems.append(
                    f"{_at(where, str(key))}: unknown, {hint(str(key), sorted(valid))}"
                )

    def _wrong(self, where: str, value: object, wanted: str) -> None:
        self.problems.append(f"{where}={value!r}: {wanted} is wanted")


def _at(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


# What holds where a policy says nothing.
_START = Rule("advisory", Tolerance(0.0), 0.05, 1, Limits())
