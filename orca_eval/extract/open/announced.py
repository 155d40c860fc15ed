"""The words that stand where an answer is announced, for spans and free text alike."""

import re
from collections.abc import Iterator

from orca_eval.extract.open.lists import BULLET
from orca_eval.extract.reply import Place, Reply
from orca_eval.extract.reply.cues import NO_ANSWER
from orca_eval.extract.reply.text import ALPHANUMERIC, behind, line_end
from orca_eval.extract.rule import Claim

_BRACKETS_BEFORE = re.compile(r"[<>][<>\s]*$")
_HOLDS = re.compile(r"[^\W_]|[()\[\]{}<>]")
_BLANK = re.compile(r"\s*")
_MARKS = re.compile(r"[\s>|=~#\"':]*")
_DIGITS = tuple("0123456789.")
_BETWEEN_MARKS = re.compile(
    r"(?:\}|</\w{1,16}>|\\[()\[\]]|[\s$,;&/|.]|(?<![^\W\d_])and\b){0,12}"
    r"(?:\\f?boxe?d?\s?\{(?:\\text\s?\{)?|<\w{1,16}>)"
)
_JSON_OBJECT = r"\{\s{0,9}[\"'][\w ]{1,24}[\"']\s{0,3}:\s{0,3}"
_JSON_KEY = re.compile(
    rf"[a-z_ ]{{0,24}}(?:[\"']\s{{0,3}}:\s{{0,3}}(?:{_JSON_OBJECT})?"
    rf"|\s{{0,3}}:\s{{0,3}}{_JSON_OBJECT})(?=[\[\"'\w-])",
    re.IGNORECASE,
)
_JSON_VALUE = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'(?=\w))*'|\[(?:[^\[\]\"]|\"(?:[^\"\\\n]|\\.)*\")*\]"
    r"|[^,}\n\[\"']{1,200}"
)
_JSON_ALONE = re.compile(rf"{_JSON_OBJECT}(?P<value>{_JSON_VALUE.pattern})\s{{0,9}}\}}")
_LONGEST_JSON = 2000
_WORD = re.compile(r"[ \t]*(?:[^\W\d][\w'&.-]*,?|[()\[\]{}<>])$")
_WORDS_BELOW = re.compile(
    r"(?:\n[^\W\d][\w'&.-]{0,40},?(?=\n|\.?$)){1,60}|(?:\n[ \t]?[()\[\]{}<>](?=\n|$)){1,60}"
)
_BRACED_LINES = re.compile(
    r"[ \t]*\{(?=[^{}\n]{0,80}\w)(?:[^{}\n]{1,80}\n){1,20}[^{}\n]{0,80}\}"
    r"|[ \t]*\{[^{}\n]{1,80}\}(?:\n[ \t]*\{[^{}\n]{1,80}\}[.,;]?(?=\n|$)){1,20}"
)
_LATEX_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mathbf)\s?\{([^{}]{0,200})\}?")
_MORE_TEXT = re.compile(r"\}(?:\s?(?:,|;|and\b)\s?\\text\s?\{[^{}]{0,200}\}){1,60}")
_EMPTY_MARKS = re.compile(
    r"(?:\\f?boxe?d?\s?\{\s*(?:\\text\s?\{\s*\}?\s*)?\}?|</?\w{1,16}>|\\[()\[\]]|[\s.$])+"
)
_OPENED = re.compile(r"\\f?boxe?d?\s?\{\s*(?:\\text\s?\{\s*)?$")
_CLOSING_TAG = re.compile(r"\s{0,3}</\w{1,16}>$")
_LONGEST_MARK = 24
_ABOUT = re.compile(r"\b(?:parts?|rest|format|form) of (?:the|my|your) $")
_PLACEHOLDER = re.compile(
    r"(?:#{0,6}\s?(?:final )?answer\s?:\s?)?\{?\s?(?:the |your )?(?:final )?"
    r"(?:answer|number|answer choice|word|words|text|"
    r"yes or no|value|span|null|\.\.\.|X)s?\s?\}?$|"
    r"(?:so )?the (?:final )?answer(?: is?| to [^.:]{1,200} is)?(?:$|:)",
    re.IGNORECASE,
)


def marked_final(reply: Reply) -> Iterator[Claim]:
    """What is marked as final, or restated behind such a mark on an "Answer:" line of its own; the
    last first.
    """
    cues = [(at, _behind_colon(reply, at, value), end) for at, value, end in reply.cues]
    raw, places = reply.raw, reply.final_places(cues)
    if places:
        first = min(places)[0]
        places += [cue for cue in cues if cue[0] > first and _restates(reply, *cue)]
    places = [(at, value, _past_brackets(raw, value, end)) for at, value, end in places]
    return announced(reply, _joined(raw, sorted(set(places))))


def announced(reply: Reply, places: list[Place]) -> Iterator[Claim]:
    """The values announced at these places, unless they are supposed; the last first."""
    for at, start, end in sorted(places, reverse=True):
        json = _json_value(reply.text, at) if end is None else None
        claim = value_at(reply, *(json or (start, end)))
        about = _ABOUT.search(reply.low, max(0, at - 24), at)
        value = _parted(claim.answer or "") if claim else ""
        if claim and value and not about and not reply.supposed(at):
            yield claim._replace(answer=value)


def _restates(reply: Reply, at: int, value: int, _end: int | None) -> bool:
    """Whether the cue is an "Answer:" that begins its line."""
    line = reply.low[reply.low.rfind("\n", 0, at) + 1 : at]
    return ":" in reply.low[at:value] and line.strip(" *#>-_") in ("", "the", "so the", "short")


def _joined(raw: str, places: list[Place]) -> list[Place]:
    """The places, of which those with nothing but a joint between them are one: their values are
    several parts of one answer.
    """
    joined: list[Place] = []
    for at, value, end in places:
        last = joined[-1] if joined else None
        if last and end and last[2] and _BETWEEN_MARKS.fullmatch(raw, last[2], value):
            joined[-1] = (last[0], last[1], end)
        else:
            joined.append((at, value, end))
    return joined


def _parted(value: str) -> str:
    """The value with semicolons for the marks between the parts of an answer, without LaTeX."""
    if "\\" in value and _LATEX_TEXT.search(value):
        value = _LATEX_TEXT.sub(r"\1", value)
        value = value.replace("}", "") if "{" not in value else value
    value = value.replace('\\"', '"')
    if "boxed" not in value and "</" not in value:
        return value
    value = _CLOSING_TAG.sub("", value)
    parts = (part.strip(" $.\\") for part in _BETWEEN_MARKS.split(value))
    return "; ".join(dict.fromkeys(part for part in parts if part))


def _json_value(text: str, at: int) -> tuple[int, int] | None:
    """Where the value of a JSON key stands that ends with the cue at `at`."""
    key = _JSON_KEY.match(text, at)
    if key is None:
        return None
    start, limit = key.end(), key.end() + _LONGEST_JSON
    whole = _JSON_VALUE.match(text, start, limit)
    return (start, whole.end()) if whole else None


def value_at(reply: Reply, at: int, end: int | None = None) -> Claim | None:
    """The words that begin at `at` and end with their line or list, or at `end`; None for a
    placeholder, an empty box or tag, or for words that say that there is no answer.
    """
    stop = block_end(reply.text, at) if end is None else end
    brackets = _BRACKETS_BEFORE.search(reply.text[max(0, at - 16) : at]) if end is None else None
    if brackets and not any(c.isalnum() for c in reply.text[at:stop]):
        at -= len(brackets[0])  # what looked like a quotation mark opens the sequence
    start, stop = trim(reply.text, at, stop)
    value = reply.text[start:stop]
    none = _PLACEHOLDER.match(value) or NO_ANSWER.fullmatch(value.lower())
    if none or not _HOLDS.search(value) or empty_mark(reply.text, start, stop):
        return None
    return Claim(value, start, stop)


def empty_mark(text: str, start: int, stop: int) -> bool:
    """Whether nothing but the marks themselves stands here, with the one that is open before."""
    if text[start] not in "\\<}":
        return False
    opened = _OPENED.search(text, max(0, start - _LONGEST_MARK), start)
    return bool(_EMPTY_MARKS.fullmatch(text, opened.start() if opened else start, stop))


def with_quotes(text: str, start: int, end: int) -> tuple[int, int]:
    """The range with the quotes around it, where quotes within set its items apart; or with the
    one that a quote within belongs to.
    """
    before, behind_it, within = text[start - 1 : start], text[end : end + 1], text[start:end]
    if before in ("'", '"') and behind_it == before and before in within:
        return start - 1, end + 1
    if within.count('"') % 2:
        return start - (before == '"'), end + (before != '"' and behind_it == '"')
    return start, end


def json_alone(text: str, start: int, end: int) -> tuple[int, int]:
    """The range, of a JSON object with one key that of its value."""
    found = _JSON_ALONE.match(text, start, end)
    return found.span("value") if found and found.end() == end else (start, end)


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without the quotes, marks and full stop around what it holds."""
    marks = " \t\n\"'`*#"
    while start < end and (
        text[start] in marks or (text[start] == "$" and text[start + 1 : start + 2] not in _DIGITS)
    ):
        start += 1
    while end > start and text[end - 1] in marks + "$.":
        end -= 1
    inner = text[start:end]
    if inner.startswith("{") and inner.endswith("}") and not set("([<{") & set(inner[1:]):
        return trim(text, start + 1, end - 1)  # the hint's braces: no answer begins with an opener
    return start, end


def block_end(text: str, at: int, limit: int = 2000) -> int:
    """End of the line, or of the list of short lines, that begins at `at`."""
    end = line_end(text, at, limit)
    line_start = text.rfind("\n", 0, at) + 1
    value = behind(_MARKS, text, max(line_start, text.rfind(":", line_start, at) + 1), at)
    bullet = BULLET.match(text, line_start) or BULLET.match(text, value)
    if braces := _BRACED_LINES.match(text, at, at + limit):
        return braces.end()
    if not bullet and "\n" not in text[max(0, at - 12) : at]:
        return _words_below(text, at, end)
    if not bullet and " " in text[at:end].strip():
        return end
    while end < len(text):
        following = line_end(text, end + 1, limit)
        line = text[end + 1 : following]
        goes_on = BULLET.match(line) if bullet else not (BULLET.match(line) or " " in line.strip())
        if not line.strip() or not goes_on:
            break
        end = following
    return end


def _words_below(text: str, at: int, end: int) -> int:
    """End of the list that a word on the announcement's line begins: two more, each on its own, or
    one behind a mark for the final answer.
    """
    below = _WORDS_BELOW.match(text, end) if _WORD.match(text, at, end) else None
    if below and below[0].count("\n") == 1 and "final" not in text[max(0, at - 16) : at].lower():
        return end
    words = text[at : below.end()].split() if below else []
    varied = len(set(words)) == len(words) or not words[0][0].isalnum() if words else False
    return below.end() if below and varied else end


def _past_brackets(raw: str, value: int, end: int | None) -> int | None:
    """The end of a boxed value; of a sequence of brackets, the last brace of the line ends it."""
    if end is not None and (more := _MORE_TEXT.match(raw, end)):
        return more.end()
    if end is None or raw[end : end + 1] != "}" or ALPHANUMERIC.search(raw, value, end):
        return end
    line = line_end(raw, value)
    if ALPHANUMERIC.search(raw, value, line):
        return end
    last = max(end, raw.rfind("}", value, line))
    inner = raw.rfind("}", value, last) if "\\text" in raw[max(0, value - 8) : value] else -1
    return inner if inner > value else last


def _behind_colon(reply: Reply, at: int, value: int) -> int:
    """Where the value begins right behind the cue's colon: what a cue skips elsewhere ("just",
    ">") is the answer's own there.
    """
    colon = reply.low.rfind(":", at, value)
    if colon < 0:
        return value
    text, start = reply.text, colon + 1
    stop = line_end(text, start)
    if not text[start:stop].strip():
        stop = block_end(text, value)
    holds_words = ALPHANUMERIC.search(text, start, stop)
    return behind(_MARKS if holds_words else _BLANK, text, start)
