"""From the raw reply to the text that the rules read, the same for every rule.

Cleaning never changes the length: a wrapper becomes spaces, so offsets stay those of the response.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

# Rules read at most this much of a part: the answer stands near an end, and time stays bounded.
HEAD, TAIL = 4_000, 12_000
MAX_MARKERS = 3
MOST_HEADINGS = 8 * MAX_MARKERS


@dataclass(frozen=True)
class Reply:
    """Cleaned text, its lower-case twin of the same length, and its offset in the response."""

    text: str
    low: str
    base: int
    words: frozenset[str]
    """The words of the response, for telling fast that a phrase can't be there."""

    @cached_property
    def cut(self) -> bool:
        """Whether the text breaks off in mid-sentence."""
        return is_cut(self.text)


WORDS_READ = 2 * TAIL


class _Table:
    """Characters to characters; ASCII, the usual case, goes through bytes, six times as fast."""

    def __init__(self, table: dict[int, str]) -> None:
        self._table = table
        self._bytes = bytes(ord(table.get(code, chr(code))) for code in range(128)) + bytes(128)

    def apply(self, text: str) -> str:
        if text.isascii():
            return text.encode("ascii").translate(self._bytes).decode("ascii")
        return text.translate(self._table)


_MARKS = ".,:;!?()[]{}<>\"'`*_#/|=-+$\\~…’“”：。，◁▷【】"
_TO_SPACES = _Table(dict.fromkeys(map(ord, _MARKS), " "))


def words_of(low: str) -> frozenset[str]:
    """The words of the text, or of both ends of a long one."""
    if len(low) > WORDS_READ:
        low = low[:TAIL] + " " + low[-TAIL:]
    return frozenset(_TO_SPACES.apply(low).split())


# --- thinking blocks -----------------------------------------------------------------------------

_NAMES = (
    "think",
    "thinking",
    "thought",
    "thoughts",
    "reasoning",
    "analysis",
    "reflection",
    "scratchpad",
)
_OPENING = ("<{}>", "[{}]", "◁{}▷", "<|begin_of_{}|>", "<|start_{}|>", "<|open|>{}<|sep|>",
            "<seed:{}>", "<mm:{}>", "<ifm|{}>", "<ifm|{}_fast>", "<ifm|{}_faster>")  # fmt: skip
_CLOSING = ("</{}>", "[/{}]", "◁/{}▷", "<|end_of_{}|>", "<|end_{}|>", "<|close|>{}<|sep|>",
            "</seed:{}>", "</mm:{}>", "</ifm|{}>", "</ifm|{}_fast>",
            "</ifm|{}_faster>")  # fmt: skip
_TAGS: dict[str, tuple[tuple[str, bool], ...]] = {
    name: tuple((form.format(name), form in _CLOSING) for form in (*_OPENING, *_CLOSING))
    for name in _NAMES
} | {
    "channel": (("<|channel|>analysis", False), ("<|channel|>commentary", False),
                ("<|channel|>final<|message|>", True), ("<|channel|>final", True),
                ("<|channel>thought", False), ("<channel|>", True)),
}  # fmt: skip
THINKING_TAGS = tuple(tag for tags in _TAGS.values() for tag, _closes in tags)
# Of these, models also write headings that nothing closes: "[Analysis]", "<reasoning>".
_HEADINGS = frozenset(_NAMES) - {"think", "thinking"}
_ANSWER_PART = re.compile(
    r"(?:\n|[.!?][ \t])[ \t]{0,4}(?:[#*]{0,6}[ \t]?final answer\b|\[(?:final )?answer\]|####)"
)


def after_thinking(low: str) -> int | None:
    """Where the answer part begins: after the last closed thinking block; None if one stays open.

    A closing tag without an opening one counts: templates open the block inside the prompt. What
    may be a heading opens no block where a line or sentence behind it begins the answer.
    """
    if "<" not in low and "[" not in low and "◁" not in low:
        return 0
    words = words_of(low)
    if len(low) <= WORDS_READ and words.isdisjoint(_TAGS):
        return 0
    last, start = -1, 0
    still_open = False
    for name, tags in _TAGS.items():
        if name not in words and (len(low) <= WORDS_READ or name not in low):
            continue
        for tag, closes in tags:
            at = low.rfind(tag)
            if at > last and not (
                name in _HEADINGS and not closes and _ANSWER_PART.search(low, at)
            ):
                last, start, still_open = at, at + len(tag), not closes
    return None if still_open else start


# --- run-on text ---------------------------------------------------------------------------------

# What a model writes when it goes on to invent the next turn. Words need a line or sentence start
# before them and a colon or a line end after them; tokens of chat templates count anywhere.
_TURNS = frozenset(("human", "user"))
_UNSPACED = frozenset(("问题", "题目"))
_HEADING = re.compile(
    r"[\n.!?)\]}](?:(?<=\n)(?P<line>[ \t]{0,19}(?:[#*>\[]{1,6}[ \t]{0,19})?)"
    r"|(?<!\n)(?P<sentence>[ \t]{1,3}[*#]{0,3}|#{2,6}[ ]?))(?:(?:next|new|another|example) )?"
    r"(?P<word>question|q[1-9]?|problem|exercise|human|user|student|input|instruction|pregunta"
    r"|frage|问题|题目)\]?[ \t]?#?\d{0,3}[ \t]?\*{0,2}[ \t]?(?=[:：\n])"
)
# A reply that begins so goes through questions of its own: their numbers end nothing.
_OWN_FIRST = re.compile(r"[\s#*]{0,8}(?:question|problem|exercise|q)[ \t]?#?1\b")
_NUMBERED = re.compile(r"(?:[a-z]+[ \t]?#?\d|q\d)")
_RUN_ON_TOKENS = ("[inst]", "[/inst]", "</s>", "<s>", "<|im_", "<|eot_id|>", "<|end", "<|user",
                  "<|start_header_id|>", "<|assistant", "<end_of_turn>", "<start_of_turn>",
                  "<｜end▁of▁sentence｜>", "<|eom_id|>", "<|return|>", "<turn|>",
                  "<|turn>")  # fmt: skip
# A question with options of its own: base models go on to the next item without a heading.
_NEXT_ITEM = re.compile(r"\n[^\n]{8,300}\?[ \t]*\n{1,2}[ \t]*\(?a[).:][ \t]")
_SEARCHED = 40_000


def run_on_ends(low: str, start: int) -> list[tuple[int, bool]]:
    """Where the answer may end: before each of the first run-on markers, then the text's end.

    With each, whether it is open: before what a reply may also write within its work, as no turn
    of another speaker is. Markers with nothing before them are the reply's own heading and don't
    count.
    """
    part = low[start : start + _SEARCHED]
    closed: list[int] = []
    opened: list[int] = []
    if "<" in part or "[" in part:
        closed = [at for at in map(part.find, _RUN_ON_TOKENS) if at >= 0]
    if "?\n" in part and (item := _NEXT_ITEM.search(part)):
        closed.append(item.start() + 1)
    for word, at in islice(_headings(low, "\n" + part), MOST_HEADINGS):
        (closed if word in _TURNS else opened).append(at - 1)
    if not closed and not opened:
        return [(len(low), False)]
    found = [(at, False) for at in _first(closed, part)] + [
        (at, True) for at in _first(opened, part)
    ]
    return [(start + at, opens) for at, opens in sorted(found)] + [(len(low), False)]


def _headings(low: str, text: str) -> Iterator[tuple[str, int]]:
    """Headings of another turn, and where in `text`, which begins with a line end, each starts."""
    numbered = _OWN_FIRST.match(text, 1) is not None
    words: frozenset[str] = frozenset()
    for found in _HEADING.finditer(text):
        word = found["word"]
        if numbered and _NUMBERED.match(text, found.start("word")):
            continue
        words = words or words_of(low)  # not "question12:", which is a name for something
        if word in _UNSPACED or not words.isdisjoint((word, word.rstrip("123456789"))):
            yield word, found.start("line" if found["sentence"] is None else "sentence")


def _first(ends: list[int], part: str) -> list[int]:
    return [at for at in sorted(ends) if part[:at].strip(" \n\t#*-\"'")][:MAX_MARKERS]


# --- cleaning ------------------------------------------------------------------------------------


def _char_table() -> dict[int, str]:
    """Characters that only dress the text up, each to the one plain character it stands for."""
    table = {ord(c): " " for c in "`\t\r\v\f\u200b\u200c\u200d\u2060\ufeff\u00ad"}
    table |= {c: unicodedata.normalize("NFKC", chr(c)) for c in range(0xFF01, 0xFF5F)}
    table |= dict.fromkeys((160, 5760, *range(8192, 8203), 8239, 8287, 12288), " ")
    table |= dict.fromkeys(map(ord, "‘’‚‛′ʼ"), "'") | dict.fromkeys(map(ord, "“”„‟«»「」『』"), '"')
    table |= dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), "-") | dict.fromkeys(map(ord, "【［〔"), "[")
    table |= dict.fromkeys(map(ord, "】］〕"), "]") | {ord("İ"): "I"}
    for c in (*range(0x1D400, 0x1D800), *range(0x24B6, 0x24EA)):  # styled and circled letters
        plain = unicodedata.normalize("NFKC", chr(c))
        if len(plain) == 1 and plain.isascii():
            table[c] = plain
    return table


_CHARS = _Table(_char_table())
_CHARS_AND_WRAPPERS = _Table(_char_table() | dict.fromkeys(map(ord, "*_{}$"), " "))
_COMMAND = re.compile(
    r"\\(?:boxed|fbox|text(?:bf|it|rm|tt|sf|normal|color)?|math(?:bf|it|rm|sf|tt|cal|bb)?"
    r"|operatorname|bm|bf|rm|displaystyle|left|right|quad|qquad|underline|emph|[()\[\],;!])"
    r"(?![a-zA-Z])"
)
_TEMPLATE_TOKEN = re.compile(
    r"\[/?INST\]|</?s>|<\|[a-z_]{1,24}\|>|<(?:start|end)_of_turn>", re.IGNORECASE
)
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")
_CALCULATOR = re.compile(r"<<[^<>\n]{0,200}>>")


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def clean(text: str, *, wrappers: bool = True) -> str:
    """The text with typographic variants made plain; with `wrappers` also without the marks of
    Markdown, LaTeX and braces. Of the same length as what it was given.
    """
    if "<" in text or "[" in text:
        text = _TEMPLATE_TOKEN.sub(_blank, text)
    if "~~" in text:
        text = _STRUCK.sub(_blank, text)
    if wrappers:
        if "\\" in text:
            text = _COMMAND.sub(_blank, text)
        return _CHARS_AND_WRAPPERS.apply(text)
    text = _CHARS.apply(text).replace("**", "  ").replace("__", "  ")
    if "<<" in text:
        text = _CALCULATOR.sub(_blank, text)
    return text


def lower(text: str) -> str:
    """Lower case without a change of length ('ẞ' and the like stay as they are)."""
    low = text.lower()
    return (
        low
        if len(low) == len(text)
        else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    )


def make_reply(response: str, low: str, start: int, end: int, *, wrappers: bool) -> Reply:
    """The range of the response (`low`: all of it in lower case), cleaned."""
    text = clean(response[start:end], wrappers=wrappers)
    return Reply(text, lower(text), start, words_of(low))


# --- sentences and cut-off text ------------------------------------------------------------------

_SENTENCE_END = re.compile(
    r"[.!?](?=[\s\"')\]]|$)(?<!\b[eE]\.g\.)(?<!\b[iI]\.e\.)(?<!\b[vR]s\.)(?<!\brs\.)(?<!\b"
    r"[DMS][rt]\.)|[。！？\n]"
)
_SENTENCE_MARKS = ("\n", ". ", "? ", "! ", '."', "。", "！", "？")
_FINISHED = ".!?。！？)]}\"'>|:"
_DANGLING = re.compile(
    r"(?:[,;(\[{=+<-]|\b(?:the|a|an|and|or|of|to|in|is|are|was|were|that|which|for|with|by|per"
    r"|from|as|at|on|than|x|because|so|if|but|be|has|have|had|we|he|she|it|they|this|can|will"
    r"|would|not|its|his|her|their|when|since|then|away|into|about|between|"
    r"during|after|before|gives))$",
    re.IGNORECASE,
)

_RESULT_LAST = re.compile(
    r"(?:=\s?[$£€]?-?\d[\d,.]*\s?%?(?:\s[a-z]+){0,3}|[.!]\s[$£€]?-?\d[\d,.]*)$", re.IGNORECASE
)


def sentence_start(text: str, at: int, limit: int = 300) -> int:
    """Start of the sentence or line that holds `at`, at most `limit` characters back."""
    floor = max(0, at - limit)
    start = floor
    for mark in _SENTENCE_MARKS:
        found = text.rfind(mark, start, at)
        if found >= 0:
            start = found + len(mark)
    return start


def sentence_end(text: str, at: int, limit: int = 400) -> int:
    """End of the sentence or line that holds `at`, at most `limit` characters on."""
    found = _SENTENCE_END.search(text, at, min(len(text), at + limit))
    return found.start() if found else min(len(text), at + limit)


def line_end(text: str, at: int, limit: int = 400) -> int:
    end = text.find("\n", at, at + limit)
    return end if end >= 0 else min(len(text), at + limit)


def dangles(text: str) -> bool:
    """Whether the text ends on a word or mark that wants another behind it."""
    return bool(_DANGLING.search(text.rstrip()[-9:]))


def is_cut(text: str) -> bool:
    """Whether the text breaks off: it ends on a word that wants another, or a longer last line
    of prose lacks its full stop and does not end on a result.
    """
    tail = text[-200:].rstrip()
    if not tail:
        return False
    if dangles(tail):
        return True
    if tail[-1] in _FINISHED or _RESULT_LAST.search(tail[-60:]):
        return False
    return len(tail[tail.rfind("\n") + 1 :].split()) > 12
