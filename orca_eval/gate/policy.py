"""What a team tolerates: conf/policy/*.yaml as typed rules, one per benchmark and average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, Literal

from orca_eval.config.validate import Wanted, names, read, real
from orca_eval.errors import InputError

Tier = Literal["critical", "supporting", "advisory"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A drop that is tolerated: `value` in points of 100, or per cent of the baseline's score."""

    value: float
    percent: bool = False

    def share(self, baseline: float) -> float:
        """The tolerated drop as a share of 1, for a baseline score given as a share of 1."""
        return self.value / 100 * (baseline if self.percent else 1.0)


def _tolerance(value: object) -> Tolerance:
    text = str(value).strip()
    number = float(text.removesuffix("%"))
    if isinstance(value, bool) or not 0 <= number <= 100:
        raise ValueError(value)
    return Tolerance(number, percent=text.endswith("%"))


_Drop = Annotated[Tolerance, Wanted('points such as 1.0, or "2%"', {"type": "any"}, _tolerance)]
_LEVEL = {"type": "float", "strict": True, "gt": 0, "le": 0.5}
_Points = Annotated[float, real(0, 100)]


class _Known:
    """A key that no field has is a mistake."""

    __slots__ = ()
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  # pydantic's name for it


@dataclass(frozen=True, slots=True)
class Limits(_Known):
    """How far rates may get worse, in points of 100, and how many samples may have failed on either
    side; None sets no limit."""

    extraction_drop: _Points | None = None
    truncation_rise: _Points | None = None
    empty_rise: _Points | None = None
    failed_share: _Points | None = None


@dataclass(frozen=True, slots=True)
class _Everywhere(_Known):
    """What a policy may set for all of its rules, and what holds where it says nothing."""

    tolerated_drop: _Drop = Tolerance(0.0)
    alpha: Annotated[float, Wanted("a number from 0 to 0.5", _LEVEL)] = 0.05
    min_pairs: Annotated[int, real(1, 1e9, int)] = 1
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Rule(_Everywhere):
    """How one benchmark or average is judged. `alpha` is the level for its Holm-adjusted p."""

    tier: Tier = "advisory"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group(Rule):
    benchmarks: Annotated[tuple[str, ...], names("benchmarks")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Average(_Group):
    name: Any = None


@dataclass(frozen=True, slots=True)
class _File(_Everywhere):
    name: Any = "custom"
    groups: dict[Any, _Group] = field(default_factory=dict)
    benchmarks: dict[Any, Rule] = field(default_factory=dict)
    averages: dict[Any, _Average] = field(default_factory=dict)
    others: Rule = Rule()


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
    file = read(_File, dict(mapping), join=_said)
    top = _over(Rule(), mapping, file)
    benchmarks: dict[str, Rule] = {}
    problems = []
    for name, group in file.groups.items():
        rule = _over(top, mapping["groups"][name], group)
        for benchmark in group.benchmarks:
            if benchmark in benchmarks:
                problems.append(f"groups.{name}.benchmarks: {benchmark} is in two groups")
            benchmarks[benchmark] = rule
    if problems:
        raise InputError(_said(problems))
    for name, own in file.benchmarks.items():
        base = benchmarks.get(str(name), top)
        benchmarks[str(name)] = _over(base, mapping["benchmarks"][name], own)
    averages = tuple(
        AverageRule(
            str(name if average.name is None else average.name),
            average.benchmarks,
            _over(top, mapping["averages"][name], average),
        )
        for name, average in file.averages.items()
    )
    others = _over(top, mapping.get("others", {}), file.others)
    return Policy(str(file.name), benchmarks, averages, others)


def _over(base: Rule, given: Mapping[str, Any], told: _Everywhere) -> Rule:
    """The rule `base` but for what a mapping gives, which was read as `told`."""
    limits = {key: getattr(told.limits, key) for key in given.get("limits", {})}
    own = {key.name: getattr(told, key.name) for key in fields(Rule) if key.name in given}
    return replace(base, **own | {"limits": replace(base.limits, **limits)})


def _said(problems: Sequence[str]) -> str:
    return "policy: " + "; ".join(problems)
