"""Answer extraction: which answer a free-text reply commits to, by which rule, shown where.

Pure and deterministic; docs/extractors.md lists the rules. reply/ is what a reply is for every
kind; its cues.yaml holds the phrases: to teach a new one, add a line there. choice/rules.py,
number/rules.py and the files of open/ list the rules of each kind. rule.py says what a rule and a
kind are, and holds the one loop that asks the rules.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from orca_eval.config.nearest import hint
from orca_eval.errors import InputError
from orca_eval.extract.choice.rules import CHOICE
from orca_eval.extract.number.rules import NUMBER
from orca_eval.extract.open.span import SPAN
from orca_eval.extract.open.text import TEXT
from orca_eval.extract.open.word import WORD
from orca_eval.extract.reply.parts import Part, parts_of
from orca_eval.extract.reply.torn import without_torn
from orca_eval.extract.rule import Found, Kind, commitment

EXTRACTOR_VERSION = "3"
KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in (CHOICE, NUMBER, SPAN, TEXT, WORD)}
WEAK_RULES = frozenset(rule.name for kind in KINDS.values() for rule in kind.rules if rule.weak)


class Extraction(NamedTuple):
    """The answer a reply commits to, the rule that found it, and where it stands.

    `answer` is None when the reply commits to nothing; `rule` then names the reason. `evidence` is
    the half-open range of the response that decided, None when nothing in particular did.
    `conflict` is given with the reason letter_text_conflict: the label that the letter names, and
    the one whose text stands behind it.
    """

    answer: str | None
    rule: str
    evidence: tuple[int, int] | None
    conflict: tuple[str, str] | None = None


def extract_answer(
    response: str, kind: str, options: Mapping[str, str] | None = None, *, cut: bool = False
) -> Extraction:
    """The answer that `response` commits to.

    `kind` is choice (`options` maps labels to texts), number, span, text or word. `answer` is a
    label as given in `options`; a number as `-?digits(.digits)?` or `p/q`; spans joined by `; `
    where the reply sets them apart (commas, "and" and units stay, for scoring to read); text; or a
    word. It is None when a careful reader would not know. Of a response that was `cut` (by the
    limit on its tokens) a last word or number that may go on is not read. Never raises on any
    response; InputError if `kind` is unknown or a choice has no options.
    """
    of_kind = _kind(kind, options)
    parts, nothing = _parts(response, options, cut=cut)
    decided = _decide(parts, of_kind, options or {})
    if decided is None:
        return Extraction(None, nothing, None)
    part, (claim, rule) = decided
    a, b = part.start + claim.start, part.start + claim.end
    evidence = (a, b) if b > a else None
    return Extraction(claim.answer, claim.reason or rule.name, evidence, claim.conflict)


def answer(
    response: str, kind: str, options: Mapping[str, str] | None = None, *, cut: bool = False
) -> str | None:
    """The answer alone."""
    return extract_answer(response, kind, options, cut=cut).answer


def readings(
    response: str, kind: str, options: Mapping[str, str] | None = None, *, cut: bool = False
) -> tuple[tuple[str, str | None], ...]:
    """(rule, answer) of every rule that finds a claim by itself, the strongest first.

    The weak rules, which read what a reply leaves unsaid, are heard only where no other finds any.
    `answer` is None for a claim that is void. Errors as in `extract_answer`.
    """
    of_kind = _kind(kind, options)
    parts, _ = _parts(response, options, cut=cut)
    decided = _decide(parts, of_kind, options or {})
    for part in parts if decided is None else (decided[0],):
        reply = of_kind.read(part, options or {})
        every = [(rule, claim) for rule in of_kind.rules if (claim := rule.find(reply))]
        heard = [(rule, claim) for rule, claim in every if not rule.weak] or every
        if heard:
            return tuple((rule.name, claim.answer) for rule, claim in heard)
    return ()


def _kind(name: str, options: Mapping[str, str] | None) -> Kind[Any]:
    if name not in KINDS:
        raise InputError(f"kind={name!r}: {hint(name, KINDS)}")
    if name == "choice" and not options:
        raise InputError("kind='choice' needs options: a mapping from labels to texts")
    return KINDS[name]


def _parts(
    response: str, options: Mapping[str, str] | None, *, cut: bool
) -> tuple[list[Part], str]:
    return parts_of(without_torn(response, options or {}) if cut else response, cut=cut)


def _decide(
    parts: list[Part], kind: Kind[Any], options: Mapping[str, str]
) -> tuple[Part, Found] | None:
    """The part whose claim counts: the first with one.

    An answer that only follows from the words of a part with an open end, or that is withdrawn
    there, gives way to a mark for the final answer behind it, unless the reply goes on behind that
    to yet another question.
    """
    held: tuple[Part, Found] | None = None
    for part in parts:
        found = commitment(kind, part, options)
        if found and held is None:
            held = part, found
            goes_on = found.claim.reason == "withdrawn" or not (
                found.claim.answer is None or found.rule.stated
            )
            if not goes_on:
                return held
        elif found and found.rule.final and found.claim.answer is not None:
            return held if part.open_end else (part, found)
        if held and not part.open_end:
            return held  # another speaker's turn, or the end
    return held
