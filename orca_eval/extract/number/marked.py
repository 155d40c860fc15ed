"""Values that a mark sets apart: where they begin and end, and the number they are or arrive at.

A mark that holds no number, or several, is a void claim: it ends the search.
"""

import re
from fractions import Fraction

from orca_eval.extract.number.reply import (
    COMPOUND,
    INSTEAD,
    NEGATED,
    RESULT_CUE,
    NumberReply,
    as_claim,
    compound,
    is_circumstance,
    is_expression,
    is_one_of_several,
    is_part,
    result_of,
    value_at,
)
from orca_eval.extract.number.whole import (
    EXPRESSION,
    JOINT,
    NO_NUMBER,
    SEVERAL,
    is_list,
    judged,
    plain,
)
from orca_eval.extract.reply import Place, closing_brace
from orca_eval.extract.reply.cues import NO_ANSWER, REFUSAL, SUPPOSED
from orca_eval.extract.reply.numbers import find_numbers, lone_number, show, word_number
from orca_eval.extract.reply.text import behind, line_end, sentence_end
from orca_eval.extract.rule import Claim

_WORDS = (
    r"(?:minus|negative|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"[a-z]{3,5}(?:teen|ty))\b"
)
_HASHES = re.compile(rf"###(?<!####)#*+[ \t]{{0,3}}(?=[-+$£€₹(\\.\d{{\"'~≈*±√]|{_WORDS})")
_HASHES_LAST = re.compile(
    r"####(?<!#####)#*+[ \t]{0,3}(?=[^\n]{1,300}\s*$)(?![^\n]*\banswer\b|[ \t]*step\b)"
)
_A_LINE = re.compile(r"(?:^|\n)[ \t*]{0,4}a\s?:[\s*]{0,4}(?=[-+$£€(\\.\d])")
# Such a line gives no number, where others without one are headings.
_NONE = re.compile(
    r"[\s*]*(?:no|none|not|n/a|nothing|un[a-z]+|cannot|can't|insufficient|impossible)\b"
)
_FINAL_LABEL = re.compile(
    r"(?:^|\n)[\s#*>-]{0,8}(?:the )?final (?!answer)(?:[a-z]{1,20} ){0,2}[a-z]{1,20}\s?[:=]\s{0,3}"
    r"(?=[-+$£€(\\.\d][^\n]*\s*$)"
)
_FIELDS = ("answer", "ans", "result")
_FIELD = re.compile(r"[\"'](?:final[_ ]?)?(?:answer|ans|result)[\"']\s?:\s{0,20}")
_STRING_ENDS = {quote: re.compile(rf"(?<!\\){quote}(?=\s*(?:[,}}\]\n]|$))") for quote in "\"'"}
_BARE_END = re.compile(r"\s{0,20}(?:,\s{0,20}[\"']|[}\n]|$)")
_KEY = re.compile(r"[\"'][^\"'\n]{1,60}[\"']\s?:")
_BRACKET = re.compile(r"[{}\[\]]")
_DRESS = re.compile(r"[\s$*]{0,12}")
_MORE = re.compile(
    rf"[\s}}*$]{{0,3}}(?:(?:{JOINT})\s{{0,2}}(?:[{{*$\d]|(?:[a-z]{{1,12}}\s){{1,2}}\{{)|\{{)",
    re.IGNORECASE,
)
_NEXT_LINE = re.compile(r"\n{1,2}[ \t]*[-*•]?[ \t]*[$£€]?-?\d[\d,.]*[ \t]*(?=\n|$)")
_BULLET = re.compile(r"- +(?=[$£€]?\d)")
_TAG = re.compile(r"</?\w{1,12}>")
_MARKS = r"[\s,;/&|\"'{}()\[\]$*.\\]*"
_ONLY_JOINT = re.compile(f"{_MARKS}(?:{JOINT})?{_MARKS}", re.IGNORECASE)
_DENYING = re.compile(r"(?:incorrect|wrong|other|\bto|not the|not an|n't|not) $")
_DIGIT = re.compile(r"\d")
_PYTHON_POWER = re.compile(r"(?<=\d)\s?\*\*\s?(?=-?\d)")
_FACTORIAL = re.compile(r"\d\)?!$")
_WRAPPED = "{<\"'"
# What stands in a box of the instructions that a reply repeats.
_TEMPLATES = frozenset(("", "answer", "your answer", "final answer", "number", "...", "…"))
_POINTS_ON = re.compile(r"^\(?(?:see|as) .{0,20}(?:above|below)|:$")
MOST_READ = 2_000
MOST_BETWEEN = 40


# --- where ---------------------------------------------------------------------------------------


def marks(reply: NumberReply) -> list[Place]:
    """The places of marks for the final answer, with the ends of the values they set apart."""
    low = reply.low
    fields = _fields(reply)
    places = [
        _delimited(reply, *place)
        for place in reply.final_places(reply.cues)
        if not any(at < place[0] <= value for at, value, _ in fields)
    ]
    places += fields
    places += reply.hash_places(_HASHES, low)
    if "a:" in low or "a :" in low:
        places += reply.places(_A_LINE)
    if "final" in reply.words:
        places += [(at, v, line_end(low, v)) for at, v, _ in reply.places(_FINAL_LABEL)]
    last = _last_hashes(low, reply.start) if "####" in low else None
    if last and last[1] not in {value for _, value, _ in places}:
        places.append(last)
    return places


def _last_hashes(low: str, start: int) -> Place | None:
    """A last line of words behind "####": "#### Tom pays 36 dollars"."""
    at = low.rfind("####", start)
    while at > start and low[at - 1] == "#":
        at -= 1
    found = _HASHES_LAST.match(low, max(at, start))
    if found is None:
        return None
    value, end = found.end(), line_end(low, found.end())
    number = _DIGIT.search(low, value, end) or word_number(low, value, end)
    return (at, value, end) if number or _NONE.match(low, value) else None


def _fields(reply: NumberReply) -> list[Place]:
    """The answers in JSON: "answer": "36"."""
    low = reply.low
    if not any(name in low and (f'{name}"' in low or f"{name}'" in low) for name in _FIELDS):
        return []
    return [(at, value, _field_end(reply.text, value)) for at, value, _ in reply.places(_FIELD)]


def _field_end(text: str, value: int) -> int:
    most = min(len(text), value + MOST_READ)
    first = text[value : value + 1]
    if first in _STRING_ENDS and first:
        found = _STRING_ENDS[first].search(text, value + 1, most)
        return found.end() if found else line_end(text, value)
    if first and first in "{[":
        depth = 0
        for bracket in _BRACKET.finditer(text, value, most):
            depth += 1 if bracket[0] in "{[" else -1
            if not depth:
                return bracket.end()
    found = _BARE_END.search(text, value, most)
    return found.start() if found else line_end(text, value)


def _delimited(reply: NumberReply, at: int, value: int, end: int | None) -> Place:
    """The place, with the value's end where braces or the line set it apart."""
    raw, text = reply.raw, reply.text
    if end is not None:
        if "text" in raw[at:value]:  # \boxed{\text{...} ...}
            value = raw.index("{", at) + 1
            end = closing_brace(raw, value)
        return at, value, end
    begin = behind(_DRESS, text, value)
    if raw[begin : begin + 1] == "{":
        close = closing_brace(raw, begin + 1)
        more = _MORE.match(text, close + 1)
        return (at, begin, line_end(text, close)) if more else (at, begin + 1, close)
    if "\n" in text[at:begin]:
        begin = behind(_BULLET, text, begin)
    end = behind(_NEXT_LINE, text, line_end(text, begin))
    if not {":", "\n"}.isdisjoint(text[at:value]) and _is_value(reply, begin, end):
        return at, begin, end
    return at, value, None


def _is_value(reply: NumberReply, start: int, end: int) -> bool:
    """Whether a line behind "Final answer:" gives it, rather than begins to work it out."""
    low = reply.low
    if start == end:
        return False
    if _DIGIT.search(low, start, end) or not _DIGIT.search(low, end):
        return True
    return NO_ANSWER.match(low, start) is not None or word_number(low, start, end) is not None


# --- what ----------------------------------------------------------------------------------------


def last_announced(
    reply: NumberReply, places: list[Place], *, together: bool = False
) -> Claim | None:
    """The last number announced at these places, unless it is supposed or denied; with `together`
    a void claim where another one stands right before it.
    """
    if reply.counts_on and places:
        return Claim(None, places[-1][0], places[-1][1], SEVERAL)
    last: Claim | None = None
    for at, value, end in sorted(places, key=lambda place: place[:2], reverse=True):
        claim = _announced(reply, at, value, end)
        if claim is None:
            continue
        if last is None:
            last = claim
            if not together or claim.answer is None:
                return last
        elif (
            claim.answer != last.answer
            and claim.end <= last.start
            and reply.text[last.start] != "#"
            and reply.low.startswith(reply.low[claim.start : claim.start + 4], last.start)
            and _only_joins(reply.text[claim.end : last.start])
        ):
            return Claim(None, claim.start, last.end, SEVERAL)
        else:
            return last
    return last


def _only_joins(gap: str) -> bool:
    """Whether what stands between two marks says no more than "or"."""
    return len(gap) <= MOST_BETWEEN and bool(_ONLY_JOINT.fullmatch(plain(_TAG.sub(" ", gap))))


def _announced(reply: NumberReply, at: int, value: int, end: int | None) -> Claim | None:
    low = reply.low
    if end is None or (NEGATED.match(low, value) and INSTEAD.search(low, value, end)):
        claim = value_at(reply, value)
    else:
        claim = marked_value(reply, value, end)
    if claim is None or (not SUPPOSED.words.isdisjoint(reply.words) and reply.supposed(at)):
        return None
    if _DENYING.search(reply.low[max(reply.start, at - 12) : at]):
        return None
    return claim._replace(start=at)


def marked_value(reply: NumberReply, start: int, end: int) -> Claim | None:
    """The claim of the value text[start:end], void where it is no number."""
    text = reply.text
    alone = lone_number(reply.low, start, end)
    if alone:
        return as_claim(alone, start)
    said = text[start : min(end, start + MOST_READ)]
    if said[:1] and said[0] in "{[":
        said = _KEY.sub(lambda key: " " * len(key[0]), said)
    raw = reply.raw[start:end]
    if "**" in raw and _PYTHON_POWER.search(raw):
        said = _PYTHON_POWER.sub("^", raw)  # in a reply's text these are marks of bold type
    stripped = plain(said)
    low = stripped.lower()
    if (low in _TEMPLATES and text[start - 1 : start] == "{") or _POINTS_ON.search(low):
        return None
    end = start + len(said.rstrip())
    value = judged(stripped)
    wrapped = said[:1] in _WRAPPED or text[start - 1 : start] in _WRAPPED
    if wrapped and _FACTORIAL.search(stripped):
        value = EXPRESSION
    if isinstance(value, Fraction):
        return Claim(show(value), start, end)
    if value is not None:
        return Claim(None, start, end, value)
    return _stated(reply, start, end)


def _stated(reply: NumberReply, start: int, end: int) -> Claim:
    """The claim of a marked value that is a sentence or more: its last one with a number counts,
    or the first where it is but a number.
    """
    low, text = reply.low, reply.text
    if NO_ANSWER.match(low, start) or REFUSAL.pattern.search(low, start, end):
        return Claim(None, start, end, NO_NUMBER)
    sentences: list[tuple[int, int]] = []
    at = start
    while at < end:
        stop = min(sentence_end(text, at), end)
        sentences.append((at, stop))
        at = stop + 1
    first = judged(plain(text[slice(*sentences[0])]))
    if isinstance(first, Fraction):
        return Claim(show(first), start, sentences[0][1])
    for at, stop in reversed(sentences):
        if _DIGIT.search(low, at, stop):
            return _of_sentence(reply, at, stop)
    word = word_number(low, start, end)
    if word and word.value not in (0, 1) and not word_number(low, word.end, end):
        return as_claim(word, start)
    return Claim(None, start, end, NO_NUMBER)


def _of_sentence(reply: NumberReply, start: int, end: int) -> Claim:
    low, text = reply.low, reply.text
    value = judged(plain(text[start:end]))
    if isinstance(value, Fraction):
        return Claim(show(value), start, end)
    numbers = find_numbers(text, start, end)
    for i, number in enumerate(numbers[:-1]):
        if COMPOUND.match(low, number.end, end):
            return compound(low, numbers[i:], start)
    found = result_of(reply, start, end)
    if found is None or is_part(low, found):
        return Claim(None, start, end, EXPRESSION if numbers else NO_NUMBER)
    main = [n for n in numbers if not is_circumstance(low, n) and not is_expression(low, n)]
    several = is_list(text, numbers[:2]) or len({n.value for n in main}) > 1
    several = several or is_one_of_several(low, found, start, end)
    paid = sum(n.currency for n in main) == 1
    if several and not paid and not RESULT_CUE.search(low, start, found.start):
        return Claim(None, start, end, SEVERAL)
    return as_claim(found, start)
