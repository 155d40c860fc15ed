"""The rules for numbers, the strongest first in `RULES`."""

import re
from fractions import Fraction

from orca_eval.extract.number.asserted import STRONG, asserted, result_start
from orca_eval.extract.number.marked import last_announced, marks
from orca_eval.extract.number.reply import (
    BACK,
    COMPOUND,
    RESULT_CUE,
    NumberReply,
    Sentence,
    as_claim,
    before_reason,
    compound,
    is_circumstance,
    is_one_of_several,
    result_of,
    results,
)
from orca_eval.extract.number.whole import SEVERAL, plain, whole_value
from orca_eval.extract.reply.numbers import Number, find_numbers, show, word_number
from orca_eval.extract.reply.text import sentence_end
from orca_eval.extract.rule import Claim, Example, Kind, Void, rule

_CODE = re.compile(
    r"\b(?:print\s?\(|return\s|(?:answer|result|total|ans)\s?=\s?(?!.*?[a-z]))\s?[\"']?"
    r"(?=[-+]?\.?\d)"  # with words behind it, it is work in prose
)
_CONCLUDES = re.compile(
    r"^[\s*#>\"'-]{0,6}(?:and |but )?(?:so|therefore|thus|hence|consequently|finally|overall|"
    r"in total|in all|altogether|all in all|as a result|in conclusion|to conclude|in summary|"
    r"this means|that means|this gives|that gives|this is a total|together|combined|accordingly)\b"
    r"|=|\b(?:in total|altogether|in all|total(?:ing|s)?|left|remain(?:s|ing)?|answer|therefore|"
    r"hence|thus|result|so|which (?:is|gives|means|equals|makes|leaves)|giving|"
    r"(?:which|that|this|it) gives|result(?:s|ing) in|equals|final|to (?:get|obtain)|"
    r"round(?:ing|ed)|expressed as)\b|"
    r", (?:we|you|i) get\b|(?:times|plus|minus|divided by|multiplied by)\s[$£€]?\d[\d.,]*"
    r"(?:\s[a-z]{1,12}){0,2}\s(?:is|equals|gives|makes)\b"
)
_QUANTITY = re.compile(
    r"\b(?:total|sum|number of|average|cost of|amount|altogether|in all|combined|will|"
    r"would|needs?|earn(?:s|ed)?|made|spent|spends?|paid|worth|takes?|took|left|remain\w*|"
    r"saves?|saved|gets?|got|can|owes?|profit|difference|answer|distance|probability|area|"
    r"perimeter|volume|there (?:are|is|were))\b"
)
_FIRST_STEP = re.compile(r"1[.)]\s{1,3}[a-z]")
_EXPLAINS = re.compile(
    r"^\W{0,4}(?:this is because|because|to (?:calculate|find|get|solve|determine|figure|"
    r"see|explain|arrive)|here'?s|explanation|let's|first|since|we (?:know|can|first|need)"
    r"|step|this (?:is|was|can)|the reason|reason(?:ing)?|each|if)\b"
)
_RELATES = re.compile(r"\b(?:as many|as much|twice|half|times|more than|less than|fewer)\b")
_SETUP = re.compile(
    r"^\W{0,6}(?:step \d|find|calculate|compute|first|the (?:problem|question)|we (?:know|"
    r"have|are given|need)|given|let|to (?:find|solve|get|determine))\b|"
    r"^\W{0,6}(?:[a-z]+\s){0,2}[a-z]+:\s"
)
_RATE = re.compile(r"\sper\b|\s?[a-z]+\s(?:per|an?|each|every)\b")
_BEGINS = re.compile(
    r"[\s\"'*$£€]{0,6}-?\d{1,12}(?:[.,]\d{1,9}){0,3}%?(?:\s[a-z]+)?\s?(?=\(|because\b|since\b)"
)
_ROOTS = re.compile(
    r"\b[a-z]\s?=\s?-?\d[\d.]*(?:,?\s(?:or|and)\s(?:[a-z]\s?=\s?)?-?\d|"
    r",\s?[a-z]\s?=\s?-?\d[\d.]*\W*$)"
)
_CHANCE = re.compile(r"\b(?:probability|chances?|odds|likelihood)\b.* \d+ (?:in|out of) \d")
_LABEL = re.compile(r"[\s*#]{0,4}(?:[a-z]{1,20}\s){0,3}[a-z]{1,20}\s?[:=]\s")
_CLOCK = re.compile(r"\b(?:at|until|by|is)\s\d{1,2}:\d\d(?:\s?[ap]\.?m\.?)?\s*$")
_DENIED = re.compile(r"(?:\bnot|n't|\bnever)\s[$£€]?$")
_ENDS = re.compile(r"(?:\s?[a-z%]+)?\s?(?:[.,;!\n]|$)")
_NUMBERED = re.compile(r"\n\s{0,4}2[.)]\s")


@rule(
    Example("3 x 4 = 12\n#### 12", "12"),
    Example("\\boxed{\\frac{7}{2}}", "3.5"),
    stated=True,
    final=True,
)
def final_marker(reply: NumberReply) -> Claim | None:
    """A mark for the final answer: ####, a box, ###Final answer:, an answer tag, a JSON field,
    an "A:" line. One that holds no number, or several, is no answer."""
    return last_announced(reply, marks(reply), together=True)


@rule(
    Example("The answer is 3 + 4 = 7.", "7"),
    Example("The answer is $1,250.50.", "1250.5"),
    stated=True,
)
def answer_is(reply: NumberReply) -> Claim | None:
    """A statement of the answer; the last one counts. "Answer:" may also begin the work on it."""
    return last_announced(reply, [place for place in reply.cues if not _begins_work(reply, *place)])


@rule(Example("print(18)", "18"), stated=True)
def code(reply: NumberReply) -> Claim | None:
    """The value that code prints, returns or assigns to its answer."""
    return last_announced(reply, reply.code_places(_CODE))


@rule(
    Example("Therefore, it takes 8 hours to fill the 400-gallon tank.", "8"),
    Example("3 x 6 = 18. She makes $18 every day.", "18"),
)
def concluded(reply: NumberReply) -> Claim | None:
    """The result of the last sentence, where it concludes: by its words, by an equation, by
    standing alone, or by repeating a result. Numbers of time, rate and place don't count.
    """
    low, sentences = reply.low, asserted(reply)
    for s in reversed(sentences[-3:]):
        if not s.has_digit:
            if s.found(_RELATES):
                return None
            continue
        claim = _result_claim(reply, s)
        if claim is None or claim.answer is None or _CONCLUDES.search(s.words):
            return claim
        if s is not sentences[0] and _is_alone(s):
            return claim
        repeated = results(low, max(reply.start, s.start - BACK), s.start)
        return claim if Fraction(claim.answer) in repeated else None
    return None


def corrected(reply: NumberReply) -> Claim | None:
    """The number that a correction begins with: "45... no, 42"."""
    low, start = reply.low, reply.start
    numbers = find_numbers(low, start, min(len(low), start + 24))
    if not numbers or any(c.isalnum() for c in low[start : numbers[0].start]):
        return None
    return as_claim(numbers[0], start) if _ENDS.match(low[numbers[0].end :]) else None


@rule(
    Example("45. There are 9 rows with 5 chairs each.", "45"),
    stated=True,
    at_correction=corrected,
)
def opening(reply: NumberReply) -> Claim | None:
    """A first sentence that is but a number."""
    low, first = reply.low, next(iter(reply.sentences), None)
    if first is None or first.asks:
        return None
    begun = _BEGINS.match(low, first.start, first.end)
    if begun:
        return as_claim(find_numbers(low, first.start, begun.end())[0], first.start)
    if first.end >= len(reply.text) > 40:
        return None
    numbers = first.numbers
    if len(numbers) != 1 or any(c.isalpha() for c in low[first.start : numbers[0].start]):
        return None
    rest = low[numbers[0].end : first.end]
    if len(rest.split()) > 1 or "=" in rest or _NUMBERED.search(low):
        return None
    return as_claim(numbers[0], first.start)


@rule(Example("The total cost is $45. He buys 3 shirts at $15 each.", "45"), weak=True)
def stated_first(reply: NumberReply) -> Claim | None:
    """A first sentence that gives the answer, with its explanation behind it."""
    low, sentences = reply.low, asserted(reply)
    if len(sentences) < 2 or _NUMBERED.search(low):
        return None
    first, second = sentences[0], sentences[1]
    found = result_of(reply, first.start, first.end)
    main = [n for n in first.numbers if not is_circumstance(low, n)]
    if found is None or (len(main) > 1 and "=" not in first.words):
        return None
    equations = results(low, second.start)
    if (equations and found.value not in equations) or _SETUP.match(first.words):
        return None
    explained = (
        _EXPLAINS.match(second.words)
        or any(n.value == found.value for n in find_numbers(low, second.start))
        or _QUANTITY.search(first.words)
    )
    return as_claim(found, first.start) if explained else None


@rule(Example("The Johnsons drove 300 miles.", "300"), weak=True)
def last_sentence(reply: NumberReply) -> Claim | None:
    """The number of the only sentence, or of a last one that follows from those before."""
    low, sentences = reply.low, asserted(reply)
    for s in reversed(sentences[-3:]):
        if s.has_digit:
            if len(sentences) == 1:
                return _of_only(reply, s)
            if _SETUP.match(s.words):
                return None
            claim = _result_claim(reply, s)
            if claim is None or claim.answer is None:
                return claim
            before = find_numbers(low, max(reply.start, s.start - BACK), s.start)[-12:]
            follows = len(s.numbers) == 1 and _follows(Fraction(claim.answer), before)
            return claim if follows else None
        word = _worded(s)
        if word and (word.value not in (0, 1) or s.end - s.start <= len("Zero")):
            return as_claim(word, s.start)
    return None


def _begins_work(reply: NumberReply, at: int, value: int, _end: int | None) -> bool:
    """Whether the sentence behind "Answer:" begins work that a later sentence concludes."""
    text, low = reply.text, reply.low
    begins = low[value : value + 1].isalpha() or _FIRST_STEP.match(low, value)
    if not begins or {":", "\n"}.isdisjoint(text[at:value]):
        return False
    end = sentence_end(text, value + 2)
    last = next((s for s in reversed(reply.sentences) if s.has_digit), None)
    if last is None or last.start < end or not STRONG.search(last.words):
        return False
    return not isinstance(whole_value(plain(text[value:end])), Fraction)


def _is_alone(s: Sentence) -> bool:
    """Whether the sentence is a number with a unit at most, in a reply without numbered steps."""
    if any(c.isalpha() for c in s.low[s.start : s.numbers[0].start]):
        return False
    return len(s.words.split()) <= 2 and not _NUMBERED.search(s.low)


def _result_claim(reply: NumberReply, s: Sentence) -> Claim | None:
    low = reply.low
    for i, number in enumerate(s.numbers[:-1]):
        if COMPOUND.match(low, number.end, s.end):
            return compound(low, s.numbers[i:], s.start)
    roots = s.found(_ROOTS)
    if roots:
        return Claim(None, roots.start(), roots.end(), SEVERAL)
    start = result_start(s)
    if start is None:
        return None
    found = None if s.found(_CLOCK) or _CHANCE.search(s.words) else result_of(reply, start, s.end)
    if found is None or _DENIED.search(low[max(s.start, found.start - 12) : found.start]):
        return None
    if is_one_of_several(reply.low, found, s.start, s.end):
        return Claim(None, s.start, found.end, SEVERAL)
    return as_claim(found, s.start)


def _worded(s: Sentence) -> Number | None:
    """The number in words of the sentence; of several, the only one behind its last conclusion."""
    words: list[Number] = []
    at = s.start
    while len(words) < 9 and (word := word_number(s.low, at, s.end)):
        words.append(word)
        at = word.end
    if len(words) > 1:
        cues = [cue.end() for cue in RESULT_CUE.finditer(s.low, s.start, words[-1].start)]
        words = [word for word in words if cues and word.start >= cues[-1]]
    return words[0] if len(words) == 1 else None


def _of_only(reply: NumberReply, s: Sentence) -> Claim | None:
    """The claim of the only sentence, which may be a label and a number."""
    label = _LABEL.match(s.words)
    value = whole_value(plain(s.words[label.end() :])) if label else None
    if isinstance(value, Fraction) and not s.words.lstrip(" *#").startswith("step"):
        return Claim(show(value), s.start, s.end)
    claim = None if _SETUP.match(s.words) else _result_claim(reply, s)
    return claim if claim is None or claim.answer is None else _only(s, claim)


def _only(s: Sentence, claim: Claim) -> Claim | None:
    """The claim of a reply of one sentence, unless the sentence just lists what is given."""
    low = s.low
    numbers = before_reason(low, s.numbers, s.start, s.end)
    if len(numbers) == 1 or s.found(RESULT_CUE):
        return claim
    main = [n for n in numbers if not is_circumstance(low, n)]
    if len(main) == 1:
        return None if _RATE.match(low, main[0].end) else claim
    total = sum(n.value for n in main)
    derived = [n for n in main if len(main) > 2 and 2 * n.value == total]
    return as_claim(derived[0], s.start) if derived else None


def _follows(value: Fraction, numbers: list[Number]) -> bool:
    """Whether two of the numbers before give `value` by one operation, or all by a sum."""
    before = [n.value for n in numbers]
    pairs = [(a, b) for i, a in enumerate(before) for b in before[i + 1 :]]
    one_step = any(
        value in (a + b, a - b, b - a, a * b) or (b and value == a / b) or (a and value == b / a)
        for a, b in pairs
    )
    return one_step or (len(before) > 2 and value in (sum(before), 2 * before[0] - sum(before)))


RULES = (final_marker, answer_is, code, concluded, opening, stated_first, last_sentence)

NUMBER = Kind(
    "number",
    RULES,
    lambda part, _options: NumberReply.of(part),
    void_final=Void.NOTHING,
    void_corrected=Void.ALL,
    weak_on_refusal=False,
)
