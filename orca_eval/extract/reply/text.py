"""Plain text: a reply without its wrappers, its words, and where lines and sentences end.

Cleaning never changes the length: a wrapper becomes spaces, so offsets stay those of the reply.
"""

import re
import sys
import unicodedata
from functools import lru_cache

ALPHANUMERIC = re.compile(r"[^\W_]")
TAIL = 12_000
"""What is read of a long text at its end."""
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


@lru_cache(maxsize=4)
def words_of(low: str) -> frozenset[str]:
    """The words of the text, or of both ends of a long one."""
    if len(low) > WORDS_READ:
        low = low[:TAIL] + " " + low[-TAIL:]
    return frozenset(_TO_SPACES.apply(low).split())


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
    r"\[/?INST\]|</?s>|<eo[a-z]>|<\|[a-z_]{1,24}\|>|<(?:start|end)_of_turn>", re.IGNORECASE
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
    if len(low) == len(text):
        return low
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


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


def behind(pattern: re.Pattern[str], text: str, at: int, end: int = sys.maxsize) -> int:
    """Where the text goes on behind what `pattern` matches at `at`, which may be nothing."""
    found = pattern.match(text, at, end)
    return found.end() if found else at


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
