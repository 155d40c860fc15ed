"""Letters in fancy dress and the signs around them, made plain without moving any offset."""

import re
import unicodedata
from functools import lru_cache

from orca_eval.extract.reply.torn import TORN

# Verdicts, boxes to tick and what is torn say something; other signs only adorn.
_TELLING = frozenset(f"✓✔✅✗✘❌❎☐☑☒⬜{TORN}")
_ADORNING = frozenset("‣◦‹›※")
_BULLET = re.compile(
    r"^ {0,6}[•·∙](?= )|(?<= )[•·∙](?= *$)", re.MULTILINE
)  # elsewhere they are operators
# Negative circled, squared and negative squared letters, flags' letters, "⒜": NFKC keeps these.
_ALPHABETS = (0x1F150, 0x1F170, 0x1F1E6, 0x249C)
_STRUCK = re.compile(
    r"<(s|del|strike)>[^<\n]{1,200}</\1>|\\(?:cancel|xcancel|bcancel|sout|st)\{[^{}\n]{1,200}\}"
    r"|\\(?:text)?color(?:box)?\{\w{1,20}\}",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """The letter that the character shows, a space for one that only adorns, else itself."""
    code = ord(char)
    if code < 0x1D00:
        return " " if char in _ADORNING else char
    for first in _ALPHABETS:
        if first <= code < first + 26:
            return chr(ord("A") + code - first)
    plain = unicodedata.normalize("NFKC", char)
    category = unicodedata.category(char)
    if len(plain) == 1 and plain.isascii() and plain.isalpha() and category != "Nl":
        return plain  # not a Roman numeral
    adorns = category in ("So", "Sk", "Cf", "Me", "Mn") or char in _ADORNING
    return " " if adorns and char not in _TELLING else char


def undressed(text: str) -> str:
    """The text with plain letters, and without signs that only adorn."""
    if text.isascii():
        return text
    table = {ord(c): plain for c in set(text) if (plain := _plain(c)) != c}
    text = text.translate(table) if table else text
    return _BULLET.sub(_blank, text)


def without_struck(raw: str) -> str:
    """The text without what HTML or LaTeX strikes out, the names of its colors, and escapes."""
    if "\\" in raw:
        raw = raw.replace("\\{", "  ").replace("\\}", "  ").replace("\\&", " &")
    if "</" not in raw and "cancel{" not in raw and "\\s" not in raw and "color" not in raw:
        return raw
    return _STRUCK.sub(_blank, raw)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])
