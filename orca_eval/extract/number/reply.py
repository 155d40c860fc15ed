"""A reply as the rules for numbers see it: its sentences, the number that each arrives at, and the
one that stands where a number is announced.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from orca_eval.extract.number.loops import LOOP_READ, counts_on
from orca_eval.extract.number.whole import EXPRESSION, NO_NUMBER, SEVERAL, judged, plain
from orca_eval.extract.reply import Reply
from orca_eval.extract.reply.cues import NO_ANSWER
from orca_eval.extract.reply.numbers import (
    Number,
    decimal_comma,
    find_numbers,
    lone_number,
    show,
    word_number,
)
from orca_eval.extract.reply.text import ALPHANUMERIC, TAIL, is_cut, line_end, sentence_end
from orca_eval.extract.rule import Claim

_ALTERNATIVE = re.compile(
    r"\s{0,2}(?:[a-z%]{1,12},?\s{1,2})?(?:or|to|and|oder|und|bis|ou|et|o|y|-)\s{0,2}[$£€]?\d|"
    r"\s?-\s?[$£€]?\d"
)
_VARIABLE = re.compile(r"\s?[xyzn]\b(?!\s?\d)")
COMPOUND = re.compile(
    r"\s?(?:dollars?|hours?|hrs?|minutes?|mins?|feet|foot|pounds?|years?|weeks?|days?|meters?|"
    r"kilometers?|km|kilograms?|kg)(?:,? and|,)?\s\d+(?:\.\d+)?\s?(?:cents?|minutes?|mins?|"
    r"seconds?|inches|ounces|months?|days?|hours?|centimeters?|cm|meters?|grams?)\b|"
    r"\s?and\s\d\d? cents\b"
)
# What makes a number in front of it, or behind it, a part of an expression.
_GOES_ON = re.compile(r"[\s$}]{0,2}(?:√|\\sqrt|π|\\pi\b|pi\b|\^|\\overline|_\{?\d)")
_BEGUN = re.compile(r"(?:±|\\pm|√|\\sqrt\s?\{?|sqrt\s?\(|\}\s?\{)\s?$")
_RANGE_BEFORE = re.compile(r"\d(?:-| (?:to|and|or) )[$£€]?$")
_RANGE_BEHIND = re.compile(r"(?:-| (?:to|and|or) )[$£€]?\d[\d,.]*(?!\s?(?:[/%]|cents))")
_BETWEEN_AND = re.compile(r"\bbetween [$£€]?\d[\d.,]*(?: [a-z]{1,12})? and [$£€]?$")
_COMMA = re.compile(r"\s?[,;&]\s(?:and |or )?[$£€]?")
_BETWEEN = re.compile(r"\b(?:between|from)\s[$£€]?$")
NEGATED = re.compile(
    r"[\s\"']{0,3}(?:definitely |certainly |clearly )?(?:not|n't|never)\b(?! sure)"
)
INSTEAD = re.compile(r"\b(?:but|rather|instead|it is|it's)\b(?: rather| instead)?(?= )")
_MINUS = re.compile(r"[\s$(\"']{0,4}(?:negative|minus)\s[\s$(]{0,3}")
# Before a number that is but a bound: "larger than 10".
_BOUND = re.compile(
    r"[\s\"']{0,3}(?:(?:clearly|definitely|certainly|probably|much|slightly) ){0,2}(?:[<>≤≥]|"
    r"(?:more|greater|larger|bigger|higher|less|smaller|fewer|lower) than)\s?[$£€]?(?=\d)"
)
_WORD_JOINT = re.compile(r"\s(?:[a-z]{1,12}\s)?(?:to|or)\s")
_EQUATION = re.compile(r"[^.\n]{0,30}=")
_OPERATOR = re.compile(
    r"\s{0,2}%?\s{0,2}(?:[a-z]{1,12}\s{1,2})?(?:[-+*/×÷^·]|x(?=[\s\d])|\\times|\\div|"
    r"\\cdot|times|plus|minus|divided by|multiplied by)\s{0,2}[\\$£€(]{0,3}\s?-?\.?\d|"
    r"\s?[bdpqrtuxyz](?=\s?(?:[-+*/=.,)\\}]|$))|\s?(?:[a-z]{1,12}\s)?[-+*·×]\s[a-z]\b|"
    r"(?:\s[a-z]{1,12})? (?:plus|minus|times) (?:the|that|this|its|whatever|an unknown)\b|"
    r"\s(?:more|less|fewer) than [$£€]?\d|\s?% of [$£€]?\d"
)
_OPERATOR_BEFORE = re.compile(
    r"(?:[\d)%]\s?\*|\*\s|[+/×÷^·√]|sqrt\s?[{(]?|\s-|\dx|\sx|\\times|\\div|\\cdot|\btimes|"
    r"\bplus|\bminus|divided by|multiplied by)\s{0,2}[\\$£€(]{0,3}$"
)
_CIRCUMSTANCE = re.compile(
    r"\b(?:in|after|for|within|with|by|at|every|of|from|over|during|on|per|than|between|each|"
    r"first|next|last|past|all|those|these|until|since|day|week|year|month|hour|age|page|level|"
    r"grade|chapter|step|the|other|before|until|number|among|to|january|february|march|april|may|"
    r"june|july|august|september|october|november|december|"
    r"(?<!need )(?<!needs )(?<!have )(?<!has )(?<!had )(?<!able )to [a-z]+)\s{1,2}(?:the |only |"
    r"about |all |another |every |her |his |their |my |our |your |its )?[\\$£€]{0,2}$"
)
_RESULT_OF = re.compile(
    r"\ban?\s(?:[a-z]+\s)?(?:total|sum|average|profit|difference|amount|cost|price|rest|"
    r"remainder|result|discount|product|balance|score|value|distance|sums?|weight|count|"
    r"maximum|minimum|mean|leaving|rate|speed) of\s{1,2}(?:about |only )?[\\$£€]{0,2}$"
)
RESULT_CUE = re.compile(
    r"=|≈|\bi\.e\.|\b(?:which is|which means|which equals|which makes|which gives|that is|that's|"
    r"now (?:has|have|is|are)|(?:has|have|is|are) now|equals?(?: to)?|"
    r"(?:(?<!after )(?<!by )(?<!of )giving|gives)(?= (?:us|you|an?|[$£€]?\d))|totals|totaling|"
    r"totalling|making|makes|amounts? to|comes? (?:out )?to|"
    r"resulting in|results in|adds? up to|for a total of|so(?! that)|therefore|thus|hence|leaving|"
    r"leaves)\b|(?<=\d )is(?= [$£€]?-?\d)|(?<=, )(?:we|you|i) get(?= [$£€]?-?\d)"
)
_VERB_LEFT = re.compile(
    r"\b(?:is|are|was|were|be|has|have|had|earns?|earned|makes?|made|needs?|needed|pays?|paid|"
    r"costs?|spends?|spent|takes?|took|gets?|got|left with|owes?|saves?|saved|sells?|sold|eats?|"
    r"ate|walks?|walked|drove|drives?|equals|worth|runs?|ran|buys?|bought|weighs?|weighed|"
    r"receives?|received|reads?|use[sd]?|uses|drinks?|drank|produces?|bakes?|collects?|collected|"
    r"raised?|gives?|gave|total(?:s|ed)?|only|about|of)\s+(?:a total of |only |about |exactly |"
    r"approximately |around |roughly |still |now |also |up to )?[\\$£€]{0,2}$"
)
_IN_ALL = re.compile(r"(?:\s[a-z]{1,12}){0,3}\s(?:in all|in total|altogether)\b")
_REASON_FIRST = re.compile(r"[\s\W]{0,6}(?:since|if|when|as|while|because|given|after|before)\b")
_REASON = re.compile(
    r"\b(?:since|because|given that|if|when|while|before|as he|as she|as they|as it|"
    r"which is [$£€]?[\d.,]{1,12} (?:[a-z]{1,12} )?(?:more|less|fewer) than|"
    r"as there|as each|considering|or (?:about|approximately|roughly|around))\b"
)
_OBJECT = re.compile(r"[\s`]{0,8}(?:json)?\s{0,8}\{\s{0,20}[\"']\w{1,40}[\"']\s?:")
_DIGIT = re.compile(r"[\d½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
# A last equation needs no full stop: "8 * 5 = 40 minutes a day".
_RESULT_LAST = re.compile(
    r"[=≈]\s?[$£€]?-?\d[\d,.]*[$£€%]?[a-z]{0,4}(?:[\s/]{1,2}[a-z&'-]{1,20}){0,8}$"
)
_GOES_ON_BEHIND = re.compile(
    r"\b(?:and|or|but|so|the|a|an|of|to|for|with|than|per|from|by|in|on|at|is|are|was|has|have|had|"
    r"that|which|he|she|they|we|if)$"
)
_BLANKS = re.compile(" {2,}")
BLANKED = 240  # of what a calculator's blanked mark may leave empty
MOST_WHOLE = 80
BACK = 2_000  # how far back a result is looked for


@dataclass(eq=False)
class Sentence:
    """A range of the lower-case text that holds a letter or a digit."""

    low: str
    start: int
    end: int
    asks: bool

    @cached_property
    def words(self) -> str:
        return self.low[self.start : self.end]

    @cached_property
    def numbers(self) -> list[Number]:
        return find_numbers(self.low, self.start, self.end)

    def found(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return pattern.search(self.low, self.start, self.end)

    @cached_property
    def has_digit(self) -> bool:
        return _DIGIT.search(self.words) is not None


class NumberReply(Reply):
    @cached_property
    def counts_on(self) -> bool:
        """Whether it ends in one sentence over and over, each time with another number."""
        return counts_on(self.low[max(self.start, len(self.low) - LOOP_READ) :])

    @cached_property
    def cut(self) -> bool:
        """Whether the text breaks off in mid-sentence, or within JSON."""
        end = _BLANKS.sub(" ", self.low[-BLANKED:]).replace("$ ", "$").rstrip()
        result_last = _RESULT_LAST.search(end[-120:]) and not _GOES_ON_BEHIND.search(end[-5:])
        return self.was_cut or (is_cut(end) and not result_last) or _within_json(self.text)

    @cached_property
    def sentences(self) -> list[Sentence]:
        found: list[Sentence] = []
        at, stop = self.start, len(self.text)
        while at < stop:
            end = sentence_end(self.text, at, 4000)
            if ALPHANUMERIC.search(self.text, at, end):
                asks = self.text[end : end + 1] in "?？" and end < stop
                found.append(Sentence(self.low, at, end, asks))
            at = end + 1
        return found


def _within_json(text: str) -> bool:
    """Whether an object that begins the reply never ends."""
    return _OBJECT.match(text) is not None and "}" not in text[-TAIL:]


def is_expression(low: str, number: Number) -> bool:
    """Whether the number is an operand."""
    return bool(
        _OPERATOR.match(low, number.end)
        or _OPERATOR_BEFORE.search(low[max(0, number.start - 14) : number.start])
        or is_part(low, number)
    )


def is_circumstance(low: str, number: Number) -> bool:
    """Whether the number is a time, a rate, a place, a part: "in 5 days", "per 3 miles"."""
    left = low[max(0, number.start - 24) : number.start]
    return bool(_CIRCUMSTANCE.search(left)) and not _RESULT_OF.search(left)


def result_of(reply: NumberReply, start: int, end: int) -> Number | None:
    """The number that the statement text[start:end] arrives at, None if it arrives at none."""
    low = reply.low
    numbers = before_reason(low, find_numbers(reply.text, start, end), start, end)
    if not numbers:
        return None
    cues = (cue.end() for cue in RESULT_CUE.finditer(low, start, end))
    at = max((cue for cue in cues if cue <= numbers[-1].start), default=start)
    behind = [n for n in numbers if n.start >= at]
    plain = [n for n in behind if not is_expression(low, n)]
    if not plain:
        return None
    if at > start and low[at - 1] in "=≈" and behind[0].start - at < 8:
        return behind[0] if behind[0] in plain else None
    if len(plain) < len(behind) and at == start:
        return None
    return _repeated(reply, plain, at) or _main(low, plain, at, cued=at > start)


def _repeated(reply: NumberReply, numbers: list[Number], at: int) -> Number | None:
    """The number that is the result of the equation before `at`, or the only value there is."""
    low = reply.low
    equals = max(low.rfind(sign, max(reply.start, at - BACK), at) for sign in "=≈")
    after = find_numbers(low, equals + 1, at) if equals >= 0 else []
    near = bool(after) and not any(c.isalpha() for c in low[equals : after[0].start])
    repeated = [n for n in numbers if near and n.value == after[0].value]
    if len(repeated) == 1 or len({n.value for n in numbers}) == 1:
        return (repeated or numbers)[0]
    return None


def _main(low: str, numbers: list[Number], at: int, *, cued: bool) -> Number | None:
    """Of several numbers behind `at` the one that the statement is about."""
    main = [n for n in numbers if not is_circumstance(low, n)]
    if len(main) < 2:
        return main[0] if main else None
    summed = [n for n in main if _IN_ALL.match(low, n.end)]
    if len(summed) == 1:
        return summed[0]
    stated = [n for n in main if _VERB_LEFT.search(low[max(0, n.start - 30) : n.start])]
    if stated and any(c.isalpha() for c in low[at : main[0].start]):
        return stated[-1]
    paid = [n for n in main if n.currency]
    if len(paid) == 1:
        return paid[0]
    return main[0] if cued else main[-1]


def is_one_of_several(low: str, number: Number, start: int, end: int) -> bool:
    """Whether the number is an end of a range, or one of two numbers joined by a bare "and"."""
    if "=" in low[start:end]:
        return False
    before, behind = low[max(start, number.start - 40) : number.start], low[number.end : end]
    changes = "from " in before
    ends = _RANGE_BEFORE.search(before) is not None or _RANGE_BEHIND.match(behind) is not None
    return (ends and not changes) or _BETWEEN_AND.search(before) is not None


def before_reason(low: str, numbers: list[Number], start: int, end: int) -> list[Number]:
    """The numbers before the reason ("because ..."), unless the reason comes first or computes."""
    reason = _REASON.search(low, numbers[0].end, end) if numbers else None
    if not reason or "=" in low[reason.end() : end] or _REASON_FIRST.match(low, start):
        return numbers
    return [n for n in numbers if n.end <= reason.start()]


def results(low: str, start: int, end: int | None = None) -> set[Fraction]:
    """The values of the equations in low[start:end]."""
    numbers = find_numbers(low, start, end)
    before = ((n.value, low[max(start, n.start - BLANKED) : n.start]) for n in numbers)
    return {value for value, text in before if text.rstrip(" \\$£€").endswith(("=", "≈"))}


def as_claim(number: Number, at: int) -> Claim:
    return Claim(show(number.value), min(at, number.start), number.end)


def value_at(reply: NumberReply, at: int) -> Claim | None:
    """The number that stands at `at`; a claim without answer where two are offered."""
    low = reply.low
    if NEGATED.match(low, at):
        instead = INSTEAD.search(low, at, sentence_end(low, at))
        return value_at(reply, instead.end()) if instead else None
    if NO_ANSWER.match(low, at):
        return Claim(None, at, sentence_end(low, at), NO_NUMBER)
    line = line_end(low, at)
    stop = min(line, sentence_end(low, at))
    whole = _whole_at(reply, at, line, stop)
    if whole:
        return whole
    numbers = find_numbers(reply.text, at, stop)
    if len(numbers) == 1 and (bound := _BOUND.match(low, at, stop)):
        return Claim(None, at, bound.end(), EXPRESSION)
    if numbers:
        return _first_number(reply, numbers, at, stop)
    return _first_word(low, at, min(stop, at + 60))


def _first_word(low: str, at: int, stop: int) -> Claim | None:
    """The claim of the first number in words, void where that begins a range: "four to six"."""
    word = word_number(low, at, stop)
    if word is None:
        return None
    other = word_number(low, word.end, stop)
    if other and other.value != word.value and _WORD_JOINT.fullmatch(low, word.end, other.start):
        return Claim(None, at, other.end, SEVERAL)
    return Claim(show(word.value), at, word.end)


def _whole_at(reply: NumberReply, at: int, line: int, stop: int) -> Claim | None:
    """The claim of the line, or of the sentence up to `stop`, that is a number as a whole."""
    alone = lone_number(reply.low, at, line) or decimal_comma(reply.low, at)
    if alone:
        return as_claim(alone, at)
    value = judged(plain(reply.text[at:stop])) if stop - at <= MOST_WHOLE else None
    if isinstance(value, Fraction):
        return Claim(show(value), at, stop)
    return Claim(None, at, stop, SEVERAL) if value == SEVERAL else None


def _first_number(reply: NumberReply, numbers: list[Number], at: int, stop: int) -> Claim | None:
    """The claim of the first of the numbers in text[at:stop], or of what these arrive at."""
    low, first = reply.low, numbers[0]
    if _VARIABLE.match(low, first.end, stop) or is_part(low, first):
        return Claim(None, at, first.end, EXPRESSION)
    if len(numbers) > 1 and COMPOUND.match(low, first.end, stop):
        return compound(low, numbers, at)
    before = low[at : first.start]
    if _MINUS.fullmatch(before):
        return as_claim(Number(-abs(first.value), first.start, first.end), at)
    if len(before) <= 40 and not is_expression(low, first):
        between = _BETWEEN.search(before[-12:])
        more = _ALTERNATIVE.match(low, first.end, stop) or _listed(low, numbers)
        if len(numbers) > 1 and (between or more):
            return Claim(None, at, numbers[1].end, SEVERAL)
        equation = "=" in before or _EQUATION.match(low[first.end : stop])
        if not any(c.isalnum() for c in before) or not (equation or is_circumstance(low, first)):
            return as_claim(first, at)
    found = result_of(reply, at, stop)
    return as_claim(found, at) if found else None


def _listed(low: str, numbers: list[Number]) -> bool:
    """Whether only a comma stands between the first two numbers, and nothing is computed."""
    if len(numbers) < 2 or _COMMA.fullmatch(low, numbers[0].end, numbers[1].start) is None:
        return False
    return numbers[0].value != numbers[1].value and not is_expression(low, numbers[1])


def is_part(low: str, number: Number) -> bool:
    """Whether the number is but a part of what stands there: 6√2, 25π, ±3."""
    before = low[max(0, number.start - 8) : number.start]
    return bool(_GOES_ON.match(low, number.end) or _BEGUN.search(before))


def compound(low: str, numbers: list[Number], at: int) -> Claim:
    """ "5 dollars and 50 cents" is one amount; "2 hours and 30 minutes" leaves the unit open."""
    dollars, cents = numbers[0], numbers[1]
    paid = dollars.currency or re.match(r"\s?dollars", low[dollars.end :])
    if paid and re.match(r"\s?cents", low[cents.end :]):
        return Claim(show(dollars.value + cents.value / 100), at, cents.end)
    return Claim(None, at, cents.end, SEVERAL)
