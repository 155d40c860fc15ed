"""Which parts of a response are read: behind the thinking and up to an invented turn."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

from orca_eval.extract.reply.items import next_items, questions_with_options
from orca_eval.extract.reply.text import TAIL, WORDS_READ, lower, words_of

# Rules read at most this much of a part: the answer stands near an end, and time stays bounded.
HEAD = 4_000
MAX_MARKERS = 3
MOST_HEADINGS = 8 * MAX_MARKERS
MOST_SEEN = 8 * MOST_HEADINGS


class Part(NamedTuple):
    """A range of a response, whose lower-case twin is `low`.

    `open_end`: a heading ends it ("Question:"), by which the reply may have gone on to a question
    of its own invention or, in its work, to the next step. `cut`: the response was cut at its end.
    """

    response: str
    response_low: str
    start: int
    end: int
    open_end: bool
    cut: bool = False

    @property
    def raw(self) -> str:
        return self.response[self.start : self.end]

    @property
    def low(self) -> str:
        return self.response_low[self.start : self.end]


def parts_of(response: str, *, cut: bool = False) -> tuple[list[Part], str]:
    """What to read, in turn, and why there is no answer where none is found in it.

    Of a part too long to read whole, the tail and then the head.
    """
    low = lower(response)
    start = after_thinking(low)
    if start is None:
        return [], "unclosed_thinking"
    if not response[start : start + TAIL].strip() and not response[start:].strip():
        return [], "empty"
    parts = []
    for end, open_end in run_on_ends(response, low, start):
        short = end - start <= HEAD + TAIL
        ranges = [(start, end)] if short else [(end - TAIL, end), (start, start + HEAD)]
        parts += [Part(response, low, a, b, open_end, cut and b == len(low)) for a, b in ranges]
    return parts, "no_commitment"


# --- thinking blocks -----------------------------------------------------------------------------

_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "analysis", "reflection",
          "scratchpad")  # fmt: skip
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
_FORMS = tuple(zip(_OPENING, _CLOSING, strict=True))
THINKING_MARKS = (
    *((opens.format(name), closes.format(name)) for name in _NAMES for opens, closes in _FORMS),
    *(("<|channel|>analysis", "<|channel|>final"), ("<|channel>thought", "<channel|>")),
)
"""What opens thinking, and what closes it."""
_LONGEST_FIRST = sorted(THINKING_TAGS, key=len, reverse=True)
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


def answer_start(response: str) -> int:
    """Where the reasoning that a response begins with ends, its closing mark included; the
    response's length where it stays open, 0 where there is none."""
    start = after_thinking(lower(response))
    return len(response) if start is None else start


def reasoning_in(response: str) -> str:
    """The reasoning that a response begins with, without the marks at its ends."""
    written = response[: answer_start(response)].strip()
    if not written:
        return ""
    low = lower(written)
    opening = next((tag for tag in _LONGEST_FIRST if low.startswith(tag)), "")
    closing = next((tag for tag in _LONGEST_FIRST if low.endswith(tag)), "")
    return written[len(opening) : len(written) - len(closing)].strip()


# --- run-on text ---------------------------------------------------------------------------------

# What a model writes when it goes on to invent the next turn or item. Words need a line or sentence
# start before them and a colon (at a line start also its end) after them; tokens of chat templates
# count anywhere.
_TURNS = frozenset(("human", "user"))
_UNSPACED = frozenset(("问题", "题目", "質問", "文章", "材料", "短文", "例题"))
# What an item begins with, which only a line may begin with; of some, a reply also numbers its own.
_OWN = ("example", "case", "item", "sample", "task", "test", "instance", "puzzle", "riddle")
_TEXTS = ("passage", "context", "story", "article", "text", "scenario", "query", "paragraph",
          "document", "excerpt", "dialogue", "conversation", "situation", "background", "prompt",
          "contexto", "pasaje", "texto", "contexte", "texte", "kontext", "abschnitt",
          "contesto", "testo", "文章", "材料", "短文", "例题")  # fmt: skip
_ITEMS = frozenset((*_OWN, *_TEXTS))
_TITLES = ("question", "q", *(f"q{i}" for i in range(1, 10)), "problem", "exercise", "student",
           "input", "instruction", "pregunta", "frage", "domanda", "pergunta", "вопрос",
           *_TURNS)  # fmt: skip
_WORDS = frozenset((*_TITLES, *_ITEMS)) - _UNSPACED
_HEADING = re.compile(
    r"[\n.!?)\]}](?:(?<=\n)(?P<line>[ \t]{0,19}(?:[#*>\[]{1,6}[ \t]{0,19})?)"
    r"|(?<!\n)(?P<sentence>[ \t]{1,3}[*#]{0,3}|#{2,6}[ ]?))"
    r"(?:(?P<another>next|new|another|example) )?"
    rf"(?P<word>{'|'.join(sorted(_WORDS | _UNSPACED, reverse=True))})\]?[ \t]?#?"
    r"(?P<number>\d{0,3})[ \t]?\*{0,2}[ \t]?(?=(?(line)[:：\n]|[:：]))"
)
# A reply that begins so goes through questions of its own: their numbers end nothing.
_OWN_FIRST = re.compile(r"[\s#*]{0,8}(?:question|problem|exercise|q)[ \t]?#?1\b")
_NUMBERED = re.compile(r"(?:[a-z]+[ \t]?#?\d|q\d)")
_RUN_ON_TOKENS = ("[inst]", "[/inst]", "</s>", "<s>", "<|im_", "<|eot_id|>", "<|end", "<|user",
                  "<|start_header_id|>", "<|assistant", "<end_of_turn>", "<start_of_turn>",
                  "<｜end▁of▁sentence｜>", "<|eom_id|>", "<|return|>", "<turn|>",
                  "<|turn>")  # fmt: skip
_SEARCHED = 40_000


def run_on_ends(response: str, low: str, start: int) -> list[tuple[int, bool]]:
    """Where the answer may end: before each of the first run-on markers, then the text's end.

    With each, whether it is open: before what a reply may also write within its work, as no turn
    of another speaker is. Markers with nothing before them are the reply's own heading and don't
    count.
    """
    part = low[start : start + _SEARCHED]
    closed: list[int] = []
    opened: list[int] = []
    if "<" in part or "[" in part:
        closed = [at for token in _RUN_ON_TOKENS if (at := _behind_text(part, token)) >= 0]
    if "\n" in part:
        closed += islice((at for at in questions_with_options(part) if _has_text(part, at)), 1)
        opened += next_items(response[start : start + _SEARCHED], part)
    if "\n" in part or ":" in part or "：" in part:  # what ends a heading
        for word, at in islice(_headings(low, "\n" + part), MOST_HEADINGS):
            (closed if word in _TURNS else opened).append(at - 1)
    if not closed and not opened:
        return [(len(low), False)]
    both = ((False, closed), (True, opened))
    found = sorted((start + at, opens) for opens, ends in both for at in _first(ends, part))
    return [*found, (len(low), False)]


def _headings(low: str, text: str) -> Iterator[tuple[str, int]]:
    """Headings of another turn, and where in `text`, which begins with a line end, each starts."""
    words = words_of(low)
    if low.isascii() and not any(_as_heading(word).search(text) for word in words & _WORDS):
        return
    numbered = _OWN_FIRST.match(text, 1) is not None
    for found in islice(_HEADING.finditer(text), MOST_SEEN):
        word = found["word"]
        if word in _ITEMS and not _begins_item(text, found):
            continue
        if numbered and _NUMBERED.match(text, found.start("word")):
            continue
        # not "question12:", which is a name for something
        if word in _UNSPACED or not words.isdisjoint((word, word.rstrip("123456789"))):
            yield word, found.start("line" if found["sentence"] is None else "sentence")


@cache
def _as_heading(word: str) -> re.Pattern[str]:
    """What every heading with the word has from there on; its letters are found fast."""
    stem = word.rstrip("123456789")
    return re.compile(rf"{stem}\d?\]?[ \t]?#?\d{{0,3}}[ \t]?\*{{0,2}}[ \t]?[:\n]")


def _begins_item(text: str, heading: re.Match[str]) -> bool:
    """Whether the heading is of another item: no sentence's, nor a next one of the reply's own."""
    word, number = heading["word"], int(heading["number"] or 0)
    if heading["sentence"] is not None or (word in _OWN and number < 2):
        return heading["another"] in ("next", "new", "another") and heading["sentence"] is None
    return number < 2 or not re.compile(rf"\b{word} ?#?{number - 1}\b").search(
        text, 0, heading.start()
    )


def _first(ends: list[int], part: str) -> list[int]:
    return [at for at in sorted(set(ends)) if _has_text(part, at)][:MAX_MARKERS]


def _behind_text(part: str, token: str) -> int:
    """Where the token first stands behind something; -1 if nowhere."""
    at = part.find(token)
    return at if at < 0 or _has_text(part, at) else part.find(token, at + 1)


def _has_text(part: str, at: int) -> bool:
    """Whether anything but marks stands before a place."""
    return bool(part[:at].strip(" \n\t#*-\"'"))
