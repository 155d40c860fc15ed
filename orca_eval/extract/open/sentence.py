"""The phrase of a sentence that answers a question which the sentence repeats.

The question is not seen, so the form of the sentence decides: what is said of its subject ("The
longest was 53 yards"), an amount ("The Bears scored 12 points"), who did it ("was scored by X"),
where or when ("began in 1914"), else the subject ("X threw the last pass").
"""

import re

from orca_eval.extract.reply.text import behind

MOST = 500
"""Of a longer sentence nothing is read."""
MOST_WORDS = 20
MOST_HEADED = 8

_I = re.IGNORECASE
_SUPERLATIVE = (
    r"first|second|third|fourth|last|next|final|only|most|least|best|worst|main|longest|shortest|"
    r"largest|smallest|biggest|highest|lowest|fewest|oldest|youngest|earliest|latest|greatest|"
    r"fastest|slowest|closest"
)
_PREPOSITION = (
    r"in|on|at|from|to|for|into|near|of|as|with|during|until|against|over|through|around|toward|"
    r"towards|under|between"
)
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_RELATIVE = r"who|whom|whose|which|that|where|when|what|why|how"
_PARTICIPLE = (
    r"(?:[a-z]{2,}ed|made|built|held|won|lost|led|sung|written|thrown|caught|born|set|found|shot|"
    r"hit|sold|bought|brought|taught|fought|sent|spent|given|taken|known|driven|beaten|eaten|begun|"
    r"sunk|run|done|paid|told|left|kept|met|put|struck|overthrown|drawn|chosen|spoken|seen|sworn)"
)
_PAST = (
    r"(?:[a-z]{2,}ed|won|threw|caught|ran|made|took|led|beat|lost|sang|sung|wrote|became|held|got|"
    r"gave|built|began|came|went|fled|left|fell|fought|sold|bought|brought|taught|sent|spent|paid|"
    r"told|kept|met|put|struck|hit|shot|drew|chose|rose|grew|stood|lay|said|saw|found|drove|broke|"
    r"spoke|flew|sank|sunk|set|cost|had|has|have|did)"
)
_PRESENT = (
    r"(?:scores|throws|plays|played|leads|kicks|holds|owns|sings|writes|provides|wins|includes|"
    r"contains|comprises?|consists?|means|represents?|features?|offers|serves|stars|lives?|comes|"
    r"come|lies|stands|stops|begins?|starts|ends|occurs|happens|broadcasts|makes|produces|runs|"
    r"reads|says|ranks|arrives|trains|controls|shares|covers|carries|receives|uses|resides?|includes|include|contain|equals?|totals?|totaled|weighs|measures|"
    r"costs|speaks?|dates)"
)
_NUMBER_WORD = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    r"sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:-[a-z]{3,5})?"
)
_NUMERAL = rf"(?:[-$€£#]{{0,2}}\d[\d,]*(?:\.\d+)?(?:\s?%|(?:st|nd|rd|th)\b)?|{_NUMBER_WORD}\b)"
_ABOUT = (
    r"(?:(?:a total of|approximately|about|around|roughly|exactly|only|nearly|almost|over|just|"
    r"at least|more than|an? (?:average|estimated)(?: of)?)\s){0,2}"
)
_STOP = (
    rf"(?:{_PREPOSITION}|by|{_RELATIVE}|and|or|but|than|the|a|an|were|was|is|are|had|has|have|did|"
    r"long|longer|shorter|old|older|away|high|wide|tall|more|fewer|less|per|each|after|before|"
    rf"while|because|out|not|people\s(?:were|are)|compared|there|scored|made|kicked|thrown|"
    r"total|combined|apart|ago|later|earlier)"
)
_MEASURE = re.compile(
    rf"(?P<about>{_ABOUT})(?P<amount>{_NUMERAL}(?:(?:\s?[-–]\s?|\sto\s){_NUMERAL})?"
    r"(?:\s(?:million|billion|thousand|hundred|percent|per\s?cent)\b)*"
    rf"(?:[\s-](?!(?:{_STOP}|{_PAST}|{_PRESENT})\b)[a-z]+\b){{0,3}}(?:\sold)?"
    r"(?:\s(?:and|or)\s(?:older|over|up|more|above|under|younger|below)\b)?)(?P<end>\s|[^\w\s]|$)",
    _I,
)
_DATE = re.compile(
    rf"(?:{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s\d{{3,4}})?|\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?"
    rf"{_MONTH}(?:,?\s\d{{3,4}})?|{_MONTH}(?:,?\s(?:of\s)?\d{{3,4}})?|(?:1[0-9]|20)\d\ds?)\b"
)
_LEAD = re.compile(
    r"(?:(?:so|therefore|thus|hence|overall|finally|conclusion|in conclusion|in summary|"
    r"explanation|however|then|clearly|well|final answer|answer)\b[,:]?\s+|a:\s+"
    r"|(?:according to|based on|in|from|as of|during|after|before|at|on|by|out of|among|of)\s"
    r"[^,]{1,120},\s+"
    r"|(?:the|this)\s(?:passage|text|article|paragraph|question|information|context|data|author)"
    r"(?:\s[a-z]+){0,3}?\s(?:states?|says?|mentions?|notes?|shows?|indicates?|suggests?|tells us|"
    r"explains?|reports?)\sthat\s"
    r"|(?:we|you|i) (?:can|could) (?:see|conclude|infer|find|determine|say)(?: that)?\s)",
    _I,
)
_HEADING = re.compile(r"[^.:?!\n]{3,40}\s[^.:?!\n]{1,60}:\s+")
_NO_HEADING = re.compile(r"(?:step|given|note|let|here|first|next|hint|i|we)\b", _I)
_QUOTATION = re.compile(r'"[^"\n]{2,200}"')
_YES_NO = re.compile(r"(?:yes|no)(?=\s*[,;.:]|$)", _I)
_NO_STATEMENT = re.compile(
    r"(?:i|i'm|i've|we|you|let|let's|please|sorry|as an|if|what|who|when|where|how|why|which|to|"
    r"step|given|here|note|first,|next,)\b",
    _I,
)
_NEGATED = re.compile(
    r"\b(?:not|never|cannot|neither|nor|unknown|unclear|unspecified|no (?:information|mention|"
    r"evidence|data|one)|unable|impossible)\b|n't\b",
    _I,
)
_ASIDE = re.compile(
    r",\s(?:which|who|whose|where|when|while|with|because|since|so|making|compared|followed|giving|"
    r"including|indicating|according|based|as|but|just|more|less|not|rather|and\s(?:it|he|she|they|"
    r"this|that|there|its|his|her|their)\b)\b"
    r"|;|\s(?:because|although|whereas|while|compared (?:to|with)|since (?:he|she|it|they|the)|but|"
    r"according to|based on the|as (?:stated|mentioned|described|shown))\b|\s-\s"
    r"|(?<!\))\s\((?=[^()]*\)\W*$)",
    _I,
)
_BE = re.compile(
    r"\s(?:is|are|was|were|will be|would be|has been|have been|had been|remains?|remained|becomes?|"
    r"became|equals)\b(?!')"
)
_AFTER_RELATIVE = re.compile(rf"\b(?:{_RELATIVE}|and|but)$", _I)
_RESUMED = re.compile(r",\s(?:is|are|was|were)\s(?!not\b|\w+ed\b|\w+ing\b)")
_HOLDS_RELATIVE = re.compile(rf"\b(?:{_RELATIVE})\b", _I)
_ADVERB = re.compile(
    r"\s*(?:(?:also|likely|probably|originally|actually|then|primarily|mainly|mostly|largely|"
    r"generally|currently|later|officially|still|now|indeed|simply|thus|therefore|both|either|"
    r"approximately|about|around|roughly|exactly)\s+){0,2}",
    _I,
)
_THERE = re.compile(r"there\s(?:is|are|was|were|have been|has been|had been)\s", _I)
_PRONOUN = re.compile(r"(?:it|he|she|they|this|that|these|those|we|you|i|there)$", _I)
_DESCRIPTION = re.compile(
    rf"\b(?:the|a|an|which|his|her|its|their)\b.*(?:\b(?:{_SUPERLATIVE}|{_RELATIVE}|number|amount|"
    r"total|difference|name|title|answer|year|date|percentage|percent|result|same|one (?:who|to)|"
    r"winner|player|team|group)\b)|^(?:which|what|who)\b",
    _I,
)
_NAMED = re.compile(r"(?!(?:The|An?|Both)\s(?![\"'*]?[A-Z\d]))[\"'*]?[A-Z\d]")
_COMPARISON = re.compile(
    rf"(?:(?:the )?(?:more|less|fewer|better|worse|same|(?:{_SUPERLATIVE})"
    r"(?=$|\s(?:to|in|of|by|at))|[a-z]{3,}er(?=\s(?:than|in|of|by)|$)|[a-z]{3,}ing)\b)",
    _I,
)
_CALLED = re.compile(r"(?:called|named|known as|titled|nicknamed|dubbed|renamed)\s+(?:as\s)?", _I)
_PASSIVE = re.compile(rf"(?:\w+ly\s|first\s|last\s)?{_PARTICIPLE}\b(?P<rest>.*)", _I)
_TO_VERB = re.compile(r"\sto\s(?:be\s)?(?!the\b|a\b)[a-z]+\s")
_KNOWN_FOR = re.compile(r"(?<=known)\sfor\b")
_BY = re.compile(r"\bby\s+(?!\w+ing\b)", _I)
_ALONG = re.compile(rf"\b(?:{_PREPOSITION})\s+", _I)
_NOUN_END = re.compile(
    r"\s(?:in|on|at|during|with|for|to|from|after|before|when|where|who|which|that|against|as|"
    r"through|while|until|since|via|following)\b",
    _I,
)
_APPOSITION = re.compile(r",\s(?:the|a|an|who|which|after|when|where|his|her|their)\b", _I)
_VERB = re.compile(rf"\s(?P<verb>{_PAST}|{_PRESENT})(?=\s|$)")
_OF_PLACE = re.compile(
    r"(?:originated|arrives|arrived|began|begins?|started|starts|ended|ends|happened|happens|occurred|occurs|took\splace|opened|"
    r"died|lives?|lived|came|comes|come|broadcasts?|moved|arrived|left|fled|went|lies|stops|existed|"
    r"lasted|released|debuted|premiered|aired|resides?|resided|grew|studied|dates|dated|graduated|"
    r"landed|retreated|traveled|emigrated|escaped|settled|belongs|belonged|occupied)$",
    _I,
)
_PLACED = re.compile(
    rf"(?:(?:place|up|out|back|live|aboard|\w+ly)\s)?(?P<along>(?:{_PREPOSITION})\s)", _I
)
_CHANGED = re.compile(
    r"(?:rose|grew|fell|dropped|increased|decreased|declined|climbed|amounted|won|lost|led|beat)$"
)
_TO_AMOUNT = re.compile(r"(?:by|to)\s", _I)
_OF_OBJECT = re.compile(
    r"(?:consist(?:s|ed)?|includes?|included|contains?|contained|comprise[sd]?|means?|meant|"
    r"represents?|represented|equals?|totaled|totals?|starred|features?|featured|refers?|indicates?|"
    r"costs?|weighs?|weighed|measures?|measured|offers)$",
    _I,
)
_ANOTHER = re.compile(
    r"\b(?:and|but)\s(?:the|its|their|his|her)\s[^,]{1,80}?\s(?:is|are|was|were)\s", _I
)
_UNTOLD = re.compile(
    r"(?:the|which|what)\s(?:two|three|four|five|passage|text|question|article|paragraph|answer|"
    r"information|data|author|reader)\b",
    _I,
)
_THE = re.compile("the ", _I)
_WHEN_WHERE = re.compile(r"(?:in|on|at|from|during|by)\s", _I)
_LISTED = re.compile(r"\b(?:and|or)\b")
_ANOTHER_AMOUNT = re.compile(rf"\s?(?:,|and\b|&)\s(?:and\s)?{_NUMERAL}", _I)
_ARTICLE = re.compile(rf"(?:the|an?)?\s?(?:{_SUPERLATIVE})?", _I)
_BEFORE_VERB = re.compile(
    r"(?:\s(?:have|has|had|did|does|also|then|would|will|could|can|both|all|typically|usually|"
    r"generally|allegedly|originally|finally|only|initially|later|currently|officially|mainly))+$"
)
_OF = re.compile(r"(?:of|to|that) ")
_RANK = re.compile(rf"(?:{_SUPERLATIVE})", _I)
_SPACE = re.compile(" *")
_AUXILIARY = re.compile(rf"(?:had|has|have|did)\s+(?={_PARTICIPLE}\b)", _I)

Range = tuple[int, int]


def phrase(text: str, start: int, end: int, *, active: bool = True) -> Range | None:
    """Where in the sentence text[start:end] its answer stands; None if its form does not tell.

    Without `active`, verbs that may be participles ("troops killed in May") make no sentence.
    """
    if end - start > MOST or text[start:end].endswith("?"):
        return None
    said = _QUOTATION.sub(_masked, text[start:end])
    end = len(said.rstrip(" .!\n\"'"))
    heading = _HEADING.match(said)
    found = _headed(said, heading, end, active) if heading else None
    found = found or _statement(said, 0, end, active)
    return (start + found[0], start + found[1]) if found else None


def _masked(quotation: re.Match[str]) -> str:
    """A name of the same length: what is quoted is no part of the sentence's form."""
    return '"' + "X" * (len(quotation[0]) - 2) + '"'


def _headed(text: str, heading: re.Match[str], end: int, active: bool) -> Range | None:
    """What stands behind a heading of no verb: the phrase of a sentence, or a few words."""
    at = heading.end()
    if _BE.search(heading[0]) or _NO_HEADING.match(text):
        return None
    found = _statement(text, at, end, active)
    if found or not active or ":" in text[at:end] or len(text[at:end].split()) > MOST_HEADED:
        return found
    return None if _VERB.search(text, at, end) or _NEGATED.search(text) else (at, end)


def phrase_of(sentence: str) -> str | None:
    """The words that `phrase` finds."""
    found = phrase(sentence, 0, len(sentence))
    return sentence[slice(*found)] if found else None


def _statement(text: str, start: int, end: int, active: bool) -> Range | None:
    if yes_no := _YES_NO.match(text, start, end):
        return yes_no.span()
    for _ in range(3):
        lead = _LEAD.match(text, start, end)
        if lead is None:
            break
        start = lead.end()
    if _NO_STATEMENT.match(text, start, end):
        return None
    resumed = _RESUMED.search(text, start, end)
    if resumed and active:
        return _noun(text, resumed.end(), end)
    aside = _ASIDE.search(text, start, end)
    if aside:
        end = aside.start()
    found = counted(text, start, end)
    if found or _NEGATED.search(text, start, end):
        return found
    return _positive(text, start, end, active)


def is_active(text: str) -> bool:
    """Whether the text is a sentence around a verb other than "be"."""
    return text.endswith(".") and _VERB.search(text) is not None


def _positive(text: str, start: int, end: int, active: bool) -> Range | None:
    there = _THERE.match(text, start, end)
    if there:
        return _noun(text, there.end(), end)
    copula = _copula(text, start, end)
    said = _VERB.search(text, start, end) if copula is None or start else copula
    if said and _ANOTHER.search(text, said.end(), end):
        return None  # two statements, of which one answers
    if copula:
        return _copular(text, start, copula, end)
    return _active(text, start, end) if active else None


def counted(text: str, start: int, end: int) -> Range | None:
    """An amount that is the subject: "99.07% of people were not Asian"."""
    found = _MEASURE.match(text, start, end)
    if not found or _DATE.match(text, found.start("amount"), end):
        return None
    behind_it = found.end("amount")
    verb = _BE.search(text, behind_it, end) or _VERB.search(text, behind_it, end)
    return found.span("amount") if verb and "," not in text[behind_it : verb.start()] else None


def _copula(text: str, start: int, end: int) -> re.Match[str] | None:
    """The form of "be" of the main clause."""
    found = [m for m in _BE.finditer(text, start, end)
             if not _AFTER_RELATIVE.search(text, start, m.start())]  # fmt: skip
    if not found:
        return None
    return found[-1] if _HOLDS_RELATIVE.search(text, start, found[0].start()) else found[0]


def _copular(text: str, start: int, copula: re.Match[str], end: int) -> Range | None:
    at = behind(_ADVERB, text, copula.end(), end)
    subject, predicate = text[start : copula.start()], text[at:end]
    itself = None if _PRONOUN.match(subject) else (start, copula.start())
    if not predicate:
        return None
    if called := _CALLED.match(text, at, end):
        return _noun(text, called.end(), end)
    passive = _PASSIVE.match(text, at, end)
    if passive and not _MEASURE.match(text, at, end):
        return _passive(text, itself, passive.start("rest"), end)
    described = bool(_DESCRIPTION.search(subject))
    if _COMPARISON.match(predicate) and (" than " in predicate or not described):
        return _subject(text, itself)
    role = _THE.match(predicate) and (
        copula[0].strip() == "became" or " of " in predicate or _DESCRIPTION.match(predicate)
    )
    if itself and not described and role and _NAMED.match(subject):
        return _subject(text, itself)
    if itself is None:
        relative = _HOLDS_RELATIVE.search(predicate)
        end = at + relative.start() if relative else end
    return _noun(text, at, end)


def _passive(text: str, itself: Range | None, rest: int, end: int) -> Range | None:
    """Behind a participle: the agent, else the time or place, else the subject."""
    if to := _TO_VERB.match(text, rest, end):
        measured = _MEASURE.match(text, to.end(), end)
        return measured.span("amount") if measured else None
    if _KNOWN_FOR.match(text, rest, end):
        return _subject(text, itself)
    if agent := _BY.search(text, rest, end):
        measured = _MEASURE.match(text, agent.end(), end)
        return _noun(text, agent.end(), end, cut=not measured)
    if placed := _PLACED.match(text, behind(_SPACE, text, rest, end), end):
        return _along(text, placed.start("along"), end)
    return _dated(text, rest, end) or _subject(text, itself)


def _along(text: str, at: int, end: int) -> Range | None:
    """What a preposition leads to; a date where there is one."""
    if date := _dated(text, at, end):
        return date
    along = _ALONG.search(text, at, min(end, at + 60))
    return _noun(text, along.end(), end) if along else None


def _dated(text: str, at: int, end: int) -> Range | None:
    date = _DATE.search(text, at, end)
    return date.span() if date and not text[date.end() : end].startswith("-") else None


def _active(text: str, start: int, end: int) -> Range | None:
    verb = next((m for m in _VERB.finditer(text, start, end) if _governs(text, start, m)), None)
    if verb is None:
        return None
    subject, itself = text[start : verb.start()], (start, verb.start())
    if _HOLDS_RELATIVE.search(subject) and not _DESCRIPTION.match(subject):
        return None
    return _of_object(text, verb, end, subject) or (
        None
        if _UNTOLD.match(subject) or len(subject.split()) > MOST_WORDS
        else _subject(text, itself)
    )


def _governs(text: str, start: int, verb: re.Match[str]) -> bool:
    """Whether the verb is that of the main clause, as far as its surroundings tell."""
    subject = text[start : verb.start()]
    return not (
        _AFTER_RELATIVE.search(subject)
        or _ARTICLE.fullmatch(subject)
        or _AUXILIARY.match(text, verb.start("verb"))
    )


def _of_object(text: str, verb: re.Match[str], end: int, subject: str) -> Range | None:
    """The answer behind the verb: an amount, a place, what something consists of; None where the
    subject may be it.
    """
    name, at = verb["verb"], behind(_SPACE, text, verb.end(), end)
    if _CHANGED.match(name):
        at = behind(_TO_AMOUNT, text, at, end)
    amount = _MEASURE.match(text, at, end)
    if amount and amount["end"] != "-" and not _RANK.fullmatch(amount["amount"]):
        return amount.span("amount")
    if _OF_OBJECT.match(name):
        return _noun(text, behind(_OF, text, at, end), end)
    placed = _PLACED.match(text, at, end) if _OF_PLACE.match(name) or name == "took" else None
    if placed:
        return _along(text, placed.start("along"), end)
    if _PRONOUN.match(subject) and amount is None:
        return _noun(text, behind(_ALONG, text, at, end), end)
    return None


def _noun(text: str, at: int, end: int, *, cut: bool = False) -> Range | None:
    """The noun phrase at `at`: an amount with its unit, or all up to what is said about it."""
    measured = _MEASURE.match(text, at, end)
    if measured and not _more_amounts(text, measured.end("amount"), end):
        date = _DATE.match(text, measured.start("amount"), end)
        return date.span() if date else measured.span("amount")
    at = behind(_WHEN_WHERE, text, at, end)
    if date := _DATE.match(text, at, end):
        return date.span() if not _more_amounts(text, date.end(), end) else (at, end)
    if cut and (stop := _NOUN_END.search(text, at, end)):
        end = stop.start()
    aside = _APPOSITION.search(text, at, end)
    if aside and not _LISTED.search(text, at, end):
        end = aside.start()
    return _short(text, (at, end))


def _more_amounts(text: str, at: int, end: int) -> bool:
    """Whether a list goes on behind an amount."""
    return _ANOTHER_AMOUNT.match(text, at, end) is not None


def _short(text: str, found: Range | None) -> Range | None:
    """The range without space and quotes around it; None for what is no phrase or too long."""
    if found is None:
        return None
    start, end = found
    while start < end and text[start] in " \"'`*":
        start += 1
    while end > start and text[end - 1] in " \"'`*.,:":
        end -= 1
    words = text[start:end].split()
    return (start, end) if 0 < len(words) <= 30 else None


def _subject(text: str, itself: Range | None) -> Range | None:
    """The subject without an apposition."""
    if itself is None:
        return None
    aside = _APPOSITION.search(text, *itself) or _BEFORE_VERB.search(text, *itself)
    return _short(text, (itself[0], aside.start()) if aside else itself)
