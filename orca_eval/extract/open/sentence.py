"""The phrase of a sentence that answers a question which the sentence repeats.

The question is not seen, so the form of the sentence decides: what is said of its subject ("The
longest was 53 yards"), an amount ("The Bears scored 12 points"), who did it ("was scored by X"),
where or when ("began in 1914"), else the subject ("X threw the last pass").
"""

import re

from orca_eval.extract.open import grammar
from orca_eval.extract.reply.text import behind

MOST = 500
"""Of a longer sentence nothing is read."""
MOST_WORDS, MOST_RANKED = 13, 40
"""Of a longer sentence the subject is no answer; but where it is the first or has more, it is."""
MOST_HEADED = 8
MOST_TOLD = 30

Range = tuple[int, int]


def phrase(text: str, start: int, end: int, *, active: bool = True) -> Range | None:
    """Where in the sentence text[start:end] its answer stands; None if its form does not tell.

    Without `active`, verbs that may be participles ("troops killed in May") make no sentence.
    """
    if end - start > MOST or text[start:end].endswith("?"):
        return None
    said = grammar.QUOTATION.sub(_masked, text[start:end])
    end = len(said.rstrip(" .!\n\"'"))
    if result := computed(said, 0, end):
        return start + result[0], start + result[1]
    heading = grammar.HEADING.match(said)
    found = _headed(said, heading, end, active) if heading else None
    found = found or _statement(said, 0, end, active)
    return (start + found[0], start + found[1]) if found else None


def computed(text: str, start: int, end: int) -> Range | None:
    """What a computation gives: "1918 - 1914 = 4 years"."""
    sign = text.rfind("=", start, min(end, start + MOST)) + 1
    found = grammar.COMPUTATION.search(text, start, sign) if sign else None
    return _noun(text, behind(grammar.SPACE, text, sign, end), end) if found else None


def _masked(quotation: re.Match[str]) -> str:
    """A name of the same length: what is quoted is no part of the sentence's form."""
    return '"' + "X" * (len(quotation[0]) - 2) + '"'


def _headed(text: str, heading: re.Match[str], end: int, active: bool) -> Range | None:
    """What stands behind a heading of no verb: the phrase of a sentence, or a few words."""
    at = heading.end()
    if grammar.BE.search(heading[0]) or grammar.NO_HEADING.match(text):
        return None
    found = _statement(text, at, end, active)
    if found or not active or ":" in text[at:end] or len(text[at:end].split()) > MOST_HEADED:
        return found
    return None if grammar.VERB.search(text, at, end) or grammar.NEGATED.search(text) else (at, end)


def phrase_of(sentence: str) -> str | None:
    """The words that `phrase` finds."""
    found = phrase(sentence, 0, len(sentence))
    return sentence[slice(*found)] if found else None


def _statement(text: str, start: int, end: int, active: bool) -> Range | None:
    if yes_no := grammar.YES_NO.match(text, start, end):
        return yes_no.span()
    for _ in range(3):
        lead = grammar.LEAD.match(text, start, end)
        if lead is None:
            break
        start = lead.end()
    if grammar.NO_STATEMENT.match(text, start, end):
        return None
    resumed = grammar.RESUMED.search(text, start, end)
    if resumed and active:
        return _noun(text, resumed.end(), end)
    aside = grammar.ASIDE.search(text, start, end)
    if aside:
        end = aside.start()
    return counted(text, start, end) or _positive(text, start, end, active)


def is_active(text: str) -> bool:
    """Whether the text is a sentence around a verb other than "be"."""
    return text.endswith(".") and grammar.VERB.search(text) is not None


def _positive(text: str, start: int, end: int, active: bool) -> Range | None:
    there, copula = grammar.THERE.match(text, start, end), _copula(text, start, end)
    if _negated(text, start, end, copula):
        return None
    if there:
        compared = grammar.COMPARED.match(text, there.end(), end)
        return compared.span("more") if compared else _noun(text, there.end(), end)
    verb = grammar.VERB.search(text, start, end)
    first = min((m.end() for m in (copula, verb) if m), default=end)
    if grammar.ANOTHER.search(text, first, end):
        return None  # two statements, of which one answers
    if copula:
        return _copular(text, start, copula, end)
    return _active(text, start, end) if active else None


def _negated(text: str, start: int, end: int, copula: re.Match[str] | None) -> bool:
    """Whether it denies, other than in a clause of its subject ("those who weren't hurt")."""
    for denial in grammar.NEGATED.finditer(text, start, end):
        within = copula and denial.start() < copula.start()
        if not (within and grammar.HOLDS_RELATIVE.search(text, start, denial.start())):
            return True
    return False


def counted(text: str, start: int, end: int) -> Range | None:
    """An amount that is the subject: "99.07% of people were not Asian"."""
    found = grammar.MEASURE.match(text, start, end)
    if not found or grammar.DATE.match(text, found.start("amount"), end):
        return None
    behind_it = behind(grammar.OR_AS_MUCH, text, found.end("amount"), end)
    if text.startswith(" not ", behind_it):
        return found.span("amount")
    verb = grammar.BE.search(text, behind_it, end) or grammar.VERB.search(text, behind_it, end)
    clause = text[behind_it : verb.start()] if verb else ","
    return None if "," in clause else found.span("amount")


def _copula(text: str, start: int, end: int) -> re.Match[str] | None:
    """The form of "be" of the main clause."""
    found = [m for m in grammar.BE.finditer(text, start, end)
             if not grammar.AFTER_RELATIVE.search(text, start, m.start())]  # fmt: skip
    if not found:
        return None
    return found[-1] if grammar.HOLDS_RELATIVE.search(text, start, found[0].start()) else found[0]


def _copular(text: str, start: int, copula: re.Match[str], end: int) -> Range | None:
    at = behind(grammar.ADVERB, text, copula.end(), end)
    subject, predicate = text[start : copula.start()], text[at:end]
    itself = None if grammar.PRONOUN.match(subject) else (start, copula.start())
    if not predicate:
        return None
    if called := grammar.CALLED.match(text, at, end):
        return _noun(text, called.end(), end)
    passive = grammar.PASSIVE.match(text, at, end)
    if passive and not grammar.MEASURE.match(text, at, end):
        return _passive(text, itself, passive.start("rest"), end)
    described = bool(grammar.DESCRIPTION.search(subject))
    compared = grammar.COMPARISON.match(predicate)
    if compared and (" than " in predicate or compared[0] == predicate or not described):
        in_year = None if " than " in predicate else _dated(text, at, end)
        return in_year or _subject(text, itself)
    named = itself and not described and grammar.NAMED.match(subject)
    if named and _is_role(copula[0].strip(), predicate):
        return _subject(text, itself)
    relative = None if itself else grammar.HOLDS_RELATIVE.search(predicate)
    return _noun(text, at, at + relative.start() if relative else end)


def _is_role(copula: str, predicate: str) -> bool:
    """Whether the predicate says which one its subject is: "the first to score", "the mayor of"."""
    role = copula == "became" or " of " in predicate or grammar.DESCRIPTION.match(predicate)
    return grammar.THE.match(predicate) is not None and bool(role)


def _passive(text: str, itself: Range | None, rest: int, end: int) -> Range | None:
    """Behind a participle: the agent, else the time or place, else the subject."""
    if to := grammar.TO_VERB.match(text, rest, end):
        measured = grammar.MEASURE.match(text, to.end(), end)
        return measured.span("amount") if measured else None
    if grammar.KNOWN_FOR.match(text, rest, end):
        return _subject(text, itself)
    if agent := grammar.BY.search(text, rest, end):
        measured = grammar.MEASURE.match(text, agent.end(), end)
        return _noun(text, agent.end(), end, cut=not measured)
    if placed := grammar.PLACED.match(text, behind(grammar.SPACE, text, rest, end), end):
        return _along(text, placed.start("along"), end)
    return _dated(text, rest, end) or _subject(text, itself)


def _along(text: str, at: int, end: int) -> Range | None:
    """What a preposition leads to; a date where there is one."""
    if date := _dated(text, at, end):
        return date
    along = grammar.ALONG.search(text, at, min(end, at + 60))
    if along is None or grammar.POSSESSIVE.match(text, along.end(), end):
        return None
    return _noun(text, along.end(), end)


def _dated(text: str, at: int, end: int) -> Range | None:
    date = grammar.DATE.search(text, at, end)
    if date is None:
        return None
    last = grammar.UP_TO_DATE.match(text, date.end(), end)
    return (date.start(), last.end()) if last else date.span()


def _active(text: str, start: int, end: int) -> Range | None:
    verb = next(
        (m for m in grammar.VERB.finditer(text, start, end) if _governs(text, start, m)), None
    )
    if verb is None:
        return None
    subject, itself = text[start : verb.start()], (start, verb.start())
    if grammar.HOLDS_RELATIVE.search(subject) and not grammar.DESCRIPTION.match(subject):
        return None
    behind_verb = _of_object(text, verb, end, subject)
    if behind_verb or grammar.UNTOLD.match(subject):
        return behind_verb
    comma = text.find(",", verb.end(), end)
    ranked = grammar.RANKED.search(text, verb.end(), comma if comma > 0 else end)
    long = len(text[start:].split()) > (MOST_RANKED if ranked else MOST_WORDS)
    return None if long else _subject(text, itself)


def _governs(text: str, start: int, verb: re.Match[str]) -> bool:
    """Whether the verb is that of the main clause, as far as its surroundings tell."""
    subject = text[start : verb.start()]
    return not (
        grammar.AFTER_RELATIVE.search(subject)
        or grammar.ARTICLE.fullmatch(subject)
        or grammar.AUXILIARY.match(text, verb.start("verb"))
    )


def _of_object(text: str, verb: re.Match[str], end: int, subject: str) -> Range | None:
    """The answer behind the verb: an amount, a place, what something consists of; None where the
    subject may be it.
    """
    name, at = verb["verb"], behind(grammar.BEHIND_VERB, text, verb.end(), end)
    if grammar.CHANGED.match(name):
        at = behind(grammar.TO_AMOUNT, text, at, end)
    amount = grammar.MEASURE.match(text, at, end)
    if amount and amount["end"] != "-" and not grammar.RANK.fullmatch(amount["amount"]):
        return None if _more_amounts(text, amount.end("amount"), end) else amount.span("amount")
    if grammar.OF_OBJECT.match(name):
        return _noun(text, behind(grammar.OF, text, at, end), end)
    if to := grammar.LOST_TO.match(text, verb.start("verb"), end):
        return _noun(text, to.end(), end, cut=True)
    of_place = name == "took" or grammar.OF_PLACE.match(name)
    placed = grammar.PLACED.match(text, at, end) if of_place else None
    if placed:
        return _along(text, placed.start("along"), end)
    if grammar.PRONOUN.match(subject) and amount is None:
        return _noun(text, behind(grammar.ALONG, text, at, end), end)
    return None


def _noun(text: str, at: int, end: int, *, cut: bool = False) -> Range | None:
    """The noun phrase at `at`: an amount with its unit, or all up to what is said about it."""
    measured = grammar.MEASURE.match(text, at, end)
    if measured and not _more_amounts(text, measured.end("amount"), end):
        date = grammar.DATE.match(text, measured.start("amount"), end)
        return date.span() if date else measured.span("amount")
    at = behind(grammar.WHEN_WHERE, text, at, end)
    if date := grammar.DATE.match(text, at, end):
        return date.span() if not _more_amounts(text, date.end(), end) else (at, end)
    if cut and (stop := grammar.NOUN_END.search(text, at, end)):
        end = stop.start()
    aside = grammar.APPOSITION.search(text, at, end)
    if aside and not grammar.LISTED.search(text, at, end):
        end = aside.start()
    return _short(text, (at, end))


def _more_amounts(text: str, at: int, end: int) -> bool:
    """Whether a list goes on behind an amount."""
    return grammar.ANOTHER_AMOUNT.match(text, at, end) is not None


def _short(text: str, found: Range | None) -> Range | None:
    """The range without space and quotes around it; None for what is no phrase or too long."""
    if found is None:
        return None
    start, end = found
    while start < end and text[start] in " \"'`*:":
        start += 1
    while end > start and text[end - 1] in " \"'`*.,:":
        end -= 1
    words = text[start:end].split()
    told = 0 < len(words) <= MOST_TOLD and not grammar.VAGUE.match(text, start, end)
    return (start, end) if told else None


def _subject(text: str, itself: Range | None) -> Range | None:
    """The subject without an apposition."""
    if itself is None:
        return None
    aside = grammar.APPOSITION.search(text, *itself) or grammar.BEFORE_VERB.search(text, *itself)
    return _short(text, (itself[0], aside.start()) if aside else itself)
