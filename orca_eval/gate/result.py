"""What the gate found, and the words that every output shares."""

from dataclasses import dataclass

from orca_eval.gate.judge import Finding, Line, Verdict
from orca_eval.gate.pairing import Flip
from orca_eval.tables.table import together


@dataclass(frozen=True, slots=True)
class GateResult:
    """The verdict with all that led to it.

    `cautions` may explain a difference (another engine, samples without a partner); `notes` say
    how to read the result. Without `has_baseline_answers` the baseline is a file without texts.
    """

    verdict: Verdict
    baseline: str
    candidate: str
    policy: str
    lines: tuple[Line, ...]
    flips: tuple[Flip, ...] = ()
    cautions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    has_baseline_answers: bool = False

    @property
    def open_lines(self) -> list[Line]:
        """The lines that keep the verdict from being a pass."""
        return [line for line in self.lines if line.verdict is not Verdict.PASS]

    @property
    def headline(self) -> str:
        """One sentence for the whole."""
        if self.verdict is Verdict.PASS:
            return f"PASS: no worse than tolerated{_sensitivity(self.lines)}"
        if self.verdict is Verdict.INCONCLUSIVE:
            return "INCONCLUSIVE: these samples don't decide"
        deciding = [line for line in self.lines if line.verdict is Verdict.REGRESSION]
        kinds = []
        if any(line.finding is Finding.WORSE for line in deciding):
            kinds.append("scores dropped")
        if any(line.broken_limits for line in deciding):
            kinds.append("the form of the answers broke (format)")
        return f"REGRESSION: {' and '.join(kinds)}"

    def answers(self, flip: Flip) -> tuple[str, str]:
        """The answers of baseline and candidate to a flipped sample, or that there is none."""
        given = (flip.baseline_answer, flip.candidate_answer)
        before, after = ("no answer" if answer is None else answer for answer in given)
        return before if self.has_baseline_answers else "not kept", after


def points(share: float) -> str:
    """A share of 1 in points of 100, one decimal."""
    return f"{100 * share:.1f}"


def p_text(p: float) -> str:
    """A p value at the precision that matters."""
    if p < 0.0001:
        return "<0.0001"
    return f"{p:.4f}" if p < 0.01 else f"{p:.3f}"


def name_of(line: Line) -> str:
    """The name shown for a line."""
    return line.comparison.alias or line.comparison.name


def sentence(line: Line) -> str:
    """What one line found, why, and what would decide it."""
    return f"{name_of(line)}: {_explained(line)}"


def problems(result: GateResult) -> list[str]:
    """A sentence per problem; lines that have the same one share it."""
    folded = together(map(_problem, result.open_lines))
    return [f"{', '.join(names)}: {what}" for what, names in folded.items()]


def _problem(line: Line) -> tuple[str, str]:
    """Who has it, and what it is."""
    if line.finding is Finding.FEW and not line.comparison.losses_unanswered:
        who = f"{name_of(line)} (only {line.comparison.result.n:,} pairs)"
        return who, "; ".join([_why_few(line), *_more(line)])
    return name_of(line), _explained(line)


def _why_few(line: Line) -> str:
    least = line.comparison.rule.min_pairs
    if line.comparison.result.n < least:
        return f"the policy asks for {least:,}"
    return "a task has a single sample, which shows no spread"


def _explained(line: Line) -> str:
    comparison, result = line.comparison, line.comparison.result
    parts = [f"{points(result.baseline)} → {points(result.candidate)}"]
    if line.finding is Finding.FEW:
        parts.append(f"only {result.n:,} pairs, {_why_few(line)}")
    elif line.finding is Finding.FAILED and comparison.failed:
        shares = points(comparison.failed.baseline), points(comparison.failed.candidate)
        parts.append(
            f"failed or timed out are {shares[0]} % of the baseline's samples and {shares[1]} % "
            f"of the candidate's (limit {comparison.rule.limits.failed_share:g}); the run's own "
            "command asks them again"
        )
    elif line.finding in (Finding.WORSE, Finding.CLOSE):
        parts.append(
            f"a drop of {points(result.difference)} points (tolerated "
            f"{points(comparison.tolerated)}, adjusted p {p_text(line.p_adjusted)})"
        )
    if line.finding is Finding.CLOSE:
        parts.append("too close to call")
    parts += [
        f"format: {rate.name} samples {points(rate.baseline)} % → {points(rate.candidate)} % "
        f"(limit +{points(rate.limit or 0.0)})"
        for rate in comparison.rates
        if rate.name in line.broken_limits
    ]
    if comparison.losses_unanswered:
        parts.append(
            f"of {result.losses:,} samples that fell {comparison.losses_unanswered:,} have no "
            "answer any more"
        )
    return "; ".join([*parts, *_more(line)])


def _sensitivity(lines: tuple[Line, ...]) -> str:
    """What a pass is worth: the drops that would have failed it."""
    shown = sorted(
        (line.detectable, name_of(line))
        for line in lines
        if line.comparison.rule.tier == "critical" and line.detectable is not None
    )
    if not shown:
        return ""
    (least, finest), (most, coarsest) = shown[0], shown[-1]
    rest = "" if finest == coarsest else f", {points(most)} in {coarsest}"
    return f"; the smallest drops that would have shown: {points(least)} points in {finest}{rest}"


def _more(line: Line) -> list[str]:
    """How many more samples would decide, and how many exist where those don't."""
    if line.more_samples is None:
        return []
    n, full = line.comparison.result.n, line.comparison.full_n
    if full is not None and n >= full:
        return [f"all {full:,} samples of the test set were used, no more exist"]
    close = line.finding is Finding.CLOSE
    wanted = [f"about {line.more_samples:,} more samples would decide"] if close else []
    if full is not None and n + line.more_samples > full:
        return [*wanted, f"only {full - n:,} more samples exist"]
    return wanted
