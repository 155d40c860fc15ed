"""Which number, date, span or spans (DROP) a reply commits to."""

import re
from collections.abc import Iterator
from itertools import islice

from orca_eval.extract.open.announced import (
    announced,
    json_alone,
    marked_final,
    trim,
    value_at,
    with_quotes,
)
from orca_eval.extract.open.grammar import SPACE
from orca_eval.extract.open.lists import marked_items
from orca_eval.extract.open.sentence import computed, counted, is_active, phrase
from orca_eval.extract.reply import Reply
from orca_eval.extract.reply.cues import NOT_GIVEN
from orca_eval.extract.reply.numbers import show, word_number
from orca_eval.extract.reply.text import ALPHANUMERIC, behind, dangles
from orca_eval.extract.rule import DECLINED, Claim, Example, Kind, rule

SEPARATOR = "; "
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?"
_NEXT_SENTENCE = (
    r"|(?<=[a-z0-9)]{3})[.!?]\s+(?=[A-Z])|(?<=\d)[.!?]\s+(?=[A-Z])"
    r"|;\s(?=(?i:the|there|this|it)\s[^;]*\b(?:is|are|was|were)\b)"
)
_REASON = (
    r",\s(?:because|since|as (?:he|she|it|they|the)|which|who|according to|based on)\b"
    r"|\s(?:because(?! of)|since (?:he|she|it|they|the))\b"
)
# Behind a mark the value is what was asked for: only what is set off from it is no part of it.
_MARKED_TAIL = re.compile(rf"{_REASON}|(?<=\}})\s\({_NEXT_SENTENCE}")
_PROSE_TAIL = re.compile(
    rf"{_REASON}|\s(?:because|as (?:he|she|it|they|the)|according to|based on (?:the|this))\b"
    r"|(?<=[A-Z][a-z]{2})\s(?:who|which)\b"
    rf"|\s\((?=[^)]*\)$)(?!\d{{4}}\)){_NEXT_SENTENCE}"
)
_SENTENCE_ENDS = re.compile(
    r"(?<=[\w)%\"'.])[.!][\"')]?(?:\s+|$)(?=[A-Z\"'(]|$)"
    r"(?<!\b[A-Z]\.\s)(?<!(?:Dr|Mr|Ms|St|vs)\.\s)|\n+"
)
_LISTING = re.compile(
    r"[^\n]{3,300}\b(?:is|are|was|were|includes?|included|follow\w*)\b[^\n.?!]{0,80}:[ \t]*\n{1,2}"
    r"(?=[ \t]*(?:[-*•]|\(?\d{1,2}[.)])[ \t])"
)
_CONCLUDES = re.compile(r"\s*(?:so|therefore|thus|hence|in conclusion|overall)\b", re.IGNORECASE)
_READ = 1500
_REMARK = re.compile(r"\s\([^()]*\)$")
_SENTENCE = re.compile(
    r"(?<=[a-z0-9]{3})[.!?:]\s|\b(?:is|are|was|were|does|did|do|not|has|have|cannot|can't|"
    r"sorry|i'm)\b|^i\b|\bi (?:am|can|could|would|think|believe|guess|found|see|have)\b",
    re.IGNORECASE,
)
# A question back, or the beginning of work.
_NO_ANSWER = re.compile(r"\?$|^(?:let me|let's|let us|please|sure)\b", re.IGNORECASE)
_COUNT = re.compile(
    r"(?P<number>-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?)(?:\s?%|(?: [a-z]+){0,3})"
    r"(?: (?:of|after|before|from|since) [^\d,;]{1,80}(?:\d{4})?)?"  # "7 years after 1890"
)
_TELLS = re.compile(r"(?:the|this|that|it|he|she|they|there|so|and|but)\b", re.IGNORECASE)
_LEAST_REMARK = 4
_DATE_LEFT = re.compile(rf"\b{_MONTH} \d{{1,2}}$", re.IGNORECASE)
_WHOLE_SENTENCE = re.compile(
    r"(?:The|This|That|These|Those|It|There|He|She|They|In|[A-Z]\w+ \w+ed) (?=[^\n;]{1,480}\.$)"
    r"(?!.* and \w+ (?:is|are|was|were|had) )"  # of two statements
)
_LONGEST_DATE = 24
_AND = re.compile(r",?\s(?:and|&|as well as|along with)\s")
_JOINT = re.compile(rf"{_AND.pattern}|,(?:\s|(?=[^\W\d]))")
_SLASH = re.compile(r"\s?[/+]\s?(?=\w)")
_BOTH = re.compile(r"[Bb]oth\s")
_BETWEEN_SPANS = re.compile(r"(?:(?<!&#\d{3});|\n)\s*(?:and\s+)?")
MOST_IN_LINE = 6
_FEW_WORDS = re.compile(
    r"(?:\n(?!(?i:explanation|note|reason|hope|let|thank|please|question|answer|the answer|because|"
    r"so|i|final|#)\b)[^\n.:!?{}#]{1,60}(?=\n|$)){1,20}(?=\n\n|\n?$)"
)
_IN_PARENTHESES = re.compile(r"\([^()\d]+\)")
_ANNOUNCED = re.compile(
    r"(?:\[?\b(?:a|answer|ans|output|response)\b\]?\s*[:=-]+\s+|\[answer\]\s*)", re.IGNORECASE
)
_INLINE = re.compile(r"(?:^|\s)\(\d{1,2}\)\s")
_BULLET = re.compile(r"^(?:[-*•>]|\(?\d{1,2}[.)])\s+")


def written_spans(value: str) -> list[str]:
    """The spans that a reply sets apart itself: by `; ` as asked, by line breaks or as a list."""
    items = marked_items(value)
    if items:
        return items
    if len(_INLINE.findall(value)) > 1:
        return [" ".join(value.split())]
    parts = (_BULLET.sub("", part.strip()) for part in _BETWEEN_SPANS.split(value))
    spans = (" ".join(_trimmed(part).split()) for part in parts)
    return [span for span in spans if span]


def listed_spans(span: str) -> list[str]:
    """The spans that commas and "and" join, if they do: "Iran and Iraq" may be one span or two."""
    joints = [m.span() for m in _JOINT.finditer(span) if not _in_date(span, m.start())]
    several = sum(span[start] == "," for start, _ in joints) > 1 or _AND.search(span)
    return _apart(span, joints if several else [])


def spans_apart(span: str) -> Iterator[list[str]]:
    """The ways to take apart what may be several spans: at commas and "and", at "and" alone, at a
    single comma, at slashes.
    """
    joints = [m.span() for m in _JOINT.finditer(span) if not _in_date(span, m.start())]
    yield listed_spans(span)
    yield _apart(span, [joint for joint in joints if span[slice(*joint)].strip() != ","])
    yield _apart(span, joints)
    yield _apart(span, [m.span() for m in _SLASH.finditer(span)])


def _apart(span: str, joints: list[tuple[int, int]]) -> list[str]:
    """The parts between the joints; none of these part "between 2 and 4"."""
    if span.lower().startswith(("between ", "from ")):
        joints = []
    ends = [behind(_BOTH, span, 0), *(at for joint in joints for at in joint), len(span)]
    parts = (_trimmed(span[a:b]) for a, b in zip(ends[::2], ends[1::2], strict=True))
    return [part for part in parts if part]


def _in_date(text: str, at: int) -> bool:
    return text[at] == "," and bool(_DATE_LEFT.search(text, max(0, at - _LONGEST_DATE), at))


def _trimmed(text: str) -> str:
    return text[slice(*with_quotes(text, *trim(text, 0, len(text))))]


def plain_span(span: str) -> str:
    """Without a remark in parentheses behind it; a count without its unit ("15 yards", "three",
    "21.8%"): DROP's number golds have none.
    """
    span = _REMARK.sub("", span)
    found = _COUNT.fullmatch(span)
    if found:
        return found["number"].replace(",", "")
    words = word_number(span)
    if words and words.start == 0 and re.fullmatch(r"(?: [a-z]+){0,2}", span[words.end :]):
        return show(words.value) if words.value.denominator == 1 else span
    return span


def _shape(claim: Claim, reply: Reply, tail: re.Pattern[str]) -> Claim | None:
    """The claim's own words: without the reason or the next sentence behind them."""
    if all(pattern.search(reply.low[claim.start : claim.end]) for pattern in NOT_GIVEN):
        return Claim(None, claim.start, claim.end, DECLINED)
    text = reply.text
    start, end = claim.start, claim.end
    value = claim.answer or ""
    if value == text[start:end]:
        end = _lines_below(text, start, end)
        value = text[start:end]
    listed = "\n" in value or marked_items(value)
    if value == text[start:end] and not listed:
        cut = tail.search(text, start, end)
        end = _before_remark(text, start, cut.start() if cut else end)
        start, end = trim(text, start, end)
        start, end = _in_sentence(text, start, end)
        value = text[slice(*with_quotes(text, start, end))]
    if not marked_items(value):
        value = _unwrapped(value.replace("{", "").replace("}", "").strip())
    spans = [span for span in written_spans(value) if ALPHANUMERIC.search(span)]
    return Claim(SEPARATOR.join(spans), start, end) if spans else None


def _before_remark(text: str, start: int, end: int) -> int:
    """Where the value ends before a sentence behind its only semicolon, which is no further
    span.
    """
    at = text.find(";", start, end)
    if at <= start or text.find(";", at + 1, end) > 0:
        return end
    begin = behind(SPACE, text, at + 1, end)
    words = len(text[begin:end].split())
    told = words > MOST_IN_LINE and _TELLS.match(text, begin, end)
    said = words >= _LEAST_REMARK and phrase(text, begin, end)
    return at if told or said else end


def _lines_below(text: str, start: int, end: int) -> int:
    """End of the list of a few words a line that begins below an announcement."""
    first = text.find("\n", start, start + 80)
    if first < 0 or "\n" not in text[max(0, start - 12) : start]:
        return end
    below = _FEW_WORDS.match(text, first)
    lines = text[start : below.end()].splitlines() if below else []
    listed = below and all(len(line.split()) <= MOST_IN_LINE for line in lines)
    return max(end, below.end()) if below and listed and lines[0][-1:].isalnum() else end


def _unwrapped(value: str) -> str:
    """A name without the parentheses around it; "(64)" is a negative number."""
    return value[1:-1] if _IN_PARENTHESES.fullmatch(value) else value


def _in_sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The phrase that answers where the value is a sentence; but one behind a bare "Answer:" is
    the reply's own wording of it, and one behind a final mark is unless it is a sentence in form:
    golds such as "roads were blocked" are clauses.
    """
    before = text[max(0, start - 40) : start].lower()
    if text[start - 1 : start] in ('"', "'"):
        return start, end
    marked = before.rstrip("\"' *\n{").endswith(":")
    if marked and "final" in before and not _WHOLE_SENTENCE.match(text, start, end + 1):
        return computed(text, start, end) or (start, end)
    bare = marked and "final" not in before
    clause = before.endswith(" that ")
    found = counted(text, start, end) if bare else phrase(text, start, end, active=clause)
    return found or computed(text, start, end) or (start, end)


@rule(
    Example("###Final answer: {Denver; Dallas}", "Denver; Dallas"),
    Example("###Final answer:\n- Denver\n- Dallas", "Denver; Dallas"),
    Example('###Final answer: ["Denver", "Dallas"]', "Denver; Dallas"),
    Example("###Final answer: Iran and Iraq", "Iran and Iraq"),
    stated=True,
    final=True,
)
def final_marker(reply: Reply) -> Claim | None:
    """A mark for the final answer, or an "Answer:" line below it. Spans set apart by `; `, lines,
    bullets, quotes, JSON or marks of their own come joined by `; `; commas, "and" and units stay
    as written, and scoring reads them both ways.
    """
    return _last_whole(reply, marked_final(reply), _MARKED_TAIL)


@rule(
    Example("The answer is Manning because he threw two passes.", "Manning"),
    Example('{"reasoning": "He threw two.", "answer": "Manning"}', "Manning"),
    stated=True,
)
def answer_is(reply: Reply) -> Claim | None:
    """A statement of the answer, up to its reason or the next sentence."""
    return _last_whole(reply, announced(reply, reply.cues), _PROSE_TAIL)


def _last_whole(reply: Reply, claims: Iterator[Claim], tail: re.Pattern[str]) -> Claim | None:
    """The last claim, unless the reply breaks off in it."""
    shaped = (claim for found in claims if (claim := _shape(found, reply, tail)))
    last = next(shaped, None)
    if last is None or reply.text[last.end :].strip(" \n\"'*`}"):
        return last
    torn = dangles(reply.text.rstrip(" ;\n")) and not reply.text[last.end - 1].isupper()
    if torn and tail is _PROSE_TAIL:  # "vitamin A" is whole, and so is what is marked
        return next(shaped, None)
    before = next(shaped, None)
    if before is None or not (before.answer or "").startswith(last.answer or "?"):
        return last
    ahead = [reply.low[max(0, claim.start - 10) : claim.start] for claim in (before, last)]
    return before if ahead[0] == ahead[1] else last


@rule(
    Example("The longest field goal was 53 yards.", "53 yards"),
    Example("The first touchdown was scored by Tom Brady.", "Tom Brady"),
    Example("The Bears scored first.", "The Bears"),
    weak=True,
)
def sentence(reply: Reply) -> Claim | None:
    """The phrase that answers in a sentence of the question's words: what is said of its subject,
    an amount, an agent, a time or place, else the subject. Of several sentences it is the first,
    or a last one that concludes.
    """
    text = reply.text
    if listing := _LISTING.match(text) if ":\n" in text else None:
        return None if reply.declines else _listed(reply, listing.end())
    start, end = _said(text)
    found = phrase(text, start, end)
    if found is None or "?" in text or dangles(text) or reply.declines:
        return None
    if any(start <= at < end for at, _, _ in reply.cues):
        return None
    if text[end:].strip() and (reply.cut or (found[0] == start and text.count(". ", end) > 1)):
        return None  # a longer text that begins with its subject is a story, no answer
    claim = value_at(reply, *found)
    return _shape(claim, reply, _PROSE_TAIL) if claim else None


def _listed(reply: Reply, at: int) -> Claim | None:
    """The list of a few words a line that a sentence introduces, where it ends the reply."""
    listed = value_at(reply, at)
    claim = _shape(listed, reply, _PROSE_TAIL) if listed else None
    spans = (claim.answer or "").split(SEPARATOR) if claim else []
    brief = all(len(span.split()) <= MOST_IN_LINE for span in spans)
    return claim if claim and brief and not reply.text[claim.end :].strip(" .\n") else None


def _said(text: str) -> tuple[int, int]:
    """Where the sentence stands that states the answer."""
    start, end = len(text) - len(text.lstrip(" \n*#>")), len(text.rstrip(" \n*#"))
    found = _SENTENCE_ENDS.finditer(text, start, min(end, start + _READ))
    ends = [m.end() for m in islice(found, 20) if m.end() < end]
    if ends and end - start <= _READ and _CONCLUDES.match(text, ends[-1]):
        return ends[-1], end
    return start, ends[0] if ends else end


@rule(Example("July 5, 1990", "July 5, 1990"), weak=True)
def whole_reply(reply: Reply) -> Claim | None:
    """A reply of a few words that is no sentence."""
    text = reply.text
    start, end = json_alone(text, *trim(text, 0, len(text)))
    start = behind(_ANNOUNCED, text, start, end)
    value = text[start:end]
    if (
        not value
        or reply.cues
        or len(value) > 160
        or len(value.split()) > 12
        or _SENTENCE.search(value)
    ):
        return None
    if is_active(text[start : end + 1]) or _NO_ANSWER.search(value):
        return None
    claim = value_at(reply, start, end)
    return _shape(claim, reply, _PROSE_TAIL) if claim else None


RULES = (final_marker, answer_is, sentence, whole_reply)

SPAN = Kind("span", RULES, lambda part, _options: Reply.of(part), literal=True)
