"""Rules, kinds of answer, and the one loop that asks a kind's rules, the strongest first.

A rule is a function below `@rule(...)`, with what sets it apart, in choice/rules.py,
number/rules.py, open/span.py or open/text.py. Its place in the RULES there is its strength.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, Generic, NamedTuple, TypeVar

from orca_eval.extract.reply import Place, Reply
from orca_eval.extract.reply.cues import WITHDRAWN, behind_correction
from orca_eval.extract.reply.parts import Part
from orca_eval.extract.reply.torn import TORN


class Claim(NamedTuple):
    """One commitment found in a reply, or (answer None) one found and void for `reason`.

    `start` and `end` are offsets into the text that was read. `conflict`: the label that the letter
    names and the one whose text stands there, where the claim is void for letter_text_conflict.
    """

    answer: str | None
    start: int
    end: int
    reason: str = ""
    conflict: tuple[str, str] | None = None


class Example(NamedTuple):
    """A reply for the documentation and the tests: what the rule makes of it."""

    reply: str
    answer: str | None
    options: str = ""


R = TypeVar("R", bound=Reply)


@dataclass(frozen=True, slots=True)
class Rule(Generic[R]):
    """One way to commit to an answer. `find` returns its last such claim in the text, or None."""

    name: str
    reason: str
    find: Callable[[R], Claim | None]
    examples: tuple[Example, ...]
    stated: bool = False
    """It finds a statement of the answer; other rules read it from the course of the reply."""
    final: bool = False
    """It finds a mark for the final answer, which counts even behind a "Question:"."""
    weak: bool = False
    """It reads what the reply leaves unsaid: it is silent on refusals and cut-off replies, and its
    samples come first on the audit sheet.
    """
    verbatim: Callable[[Part, Mapping[str, str]], Claim | None] | None = None
    """What it finds word for word, before anything is read."""
    at_correction: Callable[[R], Claim | None] | None = None
    """What it finds right behind a self-correction ("wait", "scratch that"), before the rules are
    heard there, of which it is none then.
    """


def rule(*examples: Example, **flags: Any) -> Callable[[Callable[[R], Claim | None]], Rule[R]]:
    """Make the function below a rule: its docstring is the reason, `flags` are those of `Rule`."""

    def made(find: Callable[[R], Claim | None]) -> Rule[R]:
        return Rule(find.__name__, " ".join((find.__doc__ or "").split()), find, examples, **flags)

    return made


class Found(NamedTuple):
    """A claim and the rule that found it."""

    claim: Claim
    rule: Rule[Any]


DECLINED = "refusal"
"""The reason of a reply that declines."""
_REFUSED = Found(Claim(None, 0, 0, DECLINED), Rule(DECLINED, "", lambda _reply: None, ()))
"""A reply that declines, which no rule finds."""


class Void(Enum):
    """What a void claim leaves to the rules behind the one that found it."""

    REST = auto()  # an answer further on in the text, unless a weak rule finds it
    NOTHING = auto()
    ALL = auto()


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """A kind of answer: its rules, the strongest first, and how a part is read for them."""

    name: str
    rules: tuple[Rule[R], ...]
    read: Callable[[Part, Mapping[str, str]], R]
    literal: bool = False
    """The answer is the reply's own words: nothing corrects, withdraws or declines them, and a void
    claim ends the search.
    """
    void_final: Void = Void.REST
    """What a void claim of a rule for final marks leaves."""
    void_corrected: Void = Void.REST
    """What a void claim leaves on what follows a self-correction."""
    weak_on_refusal: bool = True
    """Whether weak rules are heard where the reply declines: then they judge it themselves."""
    verbatim: tuple[Rule[R], ...] = field(init=False)
    """The rules that find something word for word."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "verbatim", tuple(rule for rule in self.rules if rule.verbatim))


def first_claim(
    rules: Iterable[Rule[R]],
    reply: R,
    void: Void,
    *,
    void_final: Void = Void.REST,
    weak_on_refusal: bool = True,
) -> Found | None:
    """The claim of the first rule that has an answer, else the first void one."""
    held: Found | None = None
    for rule in rules:
        if rule.weak and (held or (not weak_on_refusal and reply.declines)):
            continue
        claim = rule.find(reply)
        if claim is None:
            continue
        if claim.answer is None:
            held = held or Found(claim, rule)
            if Void.NOTHING in (void, void_final if rule.final else void):
                return held
        elif held is None or void is Void.ALL or claim.start >= held.claim.end:
            return Found(claim, rule)
    return held


def commitment(kind: Kind[R], part: Part, options: Mapping[str, str]) -> Found | None:
    """What the part commits to: word for word, else behind its last self-correction, else in all
    of it, unless that is withdrawn.
    """
    for rule in kind.verbatim:
        if rule.verbatim and (claim := rule.verbatim(part, options)):
            return Found(claim, rule)
    reply = kind.read(part, options)
    if kind.literal:
        found = first_claim(kind.rules, reply, Void.NOTHING)
        return None if found and part.cut and _may_go_on(found.claim, reply) else found
    corrected = behind_correction(reply.low, reply.words)
    if corrected is not None:
        found = _correction(kind, replace(reply, start=corrected))
        if found:
            return found
    found = first_claim(
        kind.rules,
        reply,
        Void.REST,
        void_final=kind.void_final,
        weak_on_refusal=kind.weak_on_refusal,
    )
    if found is None:
        return _REFUSED if reply.declines else None
    if found.claim.answer is not None:
        gone = WITHDRAWN.search(reply.low, reply.words, found.claim.end)
        if gone:
            return Found(Claim(None, found.claim.start, gone.end(), "withdrawn"), found.rule)
    return found


def _may_go_on(claim: Claim, reply: Reply) -> bool:
    """Whether the words claimed in a reply that was cut are torn, or the last it has."""
    return TORN in reply.raw[claim.start : claim.end] or claim.end == len(reply.raw)


def _correction(kind: Kind[R], reply: R) -> Found | None:
    """The answer behind a self-correction, where `reply` starts."""
    for rule in kind.rules:
        if rule.at_correction and (claim := rule.at_correction(reply)):
            return Found(claim, rule)
    rules = (rule for rule in kind.rules if not (rule.weak or rule.at_correction))
    found = first_claim(rules, reply, kind.void_corrected, void_final=kind.void_final)
    return found if found and found.claim.answer is not None else None


def last_claim(
    places: Iterable[Place], announced: Callable[[int, int, int | None], Claim | None]
) -> Claim | None:
    """The last of the claims that are announced at these places."""
    claims = (announced(*place) for place in sorted(places, reverse=True))
    return next((claim for claim in claims if claim), None)
