"""Which characters plots can draw: DejaVu Sans, which comes with matplotlib, and what a system has.

A name that no font at hand can write is drawn as a number, and a key beside the plots says whose
it is: whoever reads the key has a browser or an editor, with fonts of its own.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from orca_eval.safe_text import terminal

OWN = "DejaVu Sans"
# Chinese, Japanese and Korean, Arabic, and emoji in one colour, as systems ship them.
_FALLBACK = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "NanumGothic",
    "Arial Unicode MS",
    "Noto Sans Arabic",
    "Noto Emoji",
    "Symbola",
    "Unifont",
)
_numbers: ContextVar[Mapping[str, int] | None] = ContextVar("numbers", default=None)
# A fallback that has no normal weight is as good.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


@cache
def families() -> tuple[str, ...]:
    """The fonts at hand, in the order in which a character is looked for."""
    there = {font.name for font in fontManager.ttflist}
    return (OWN, *(family for family in _FALLBACK if family in there))


@cache
def _glyphs() -> frozenset[int]:
    fonts = (get_font(findfont(FontProperties(family=family))) for family in families())
    return frozenset(code for font in fonts for code in font.get_charmap())


def undrawable(names: Iterable[str]) -> dict[str, int]:
    """The key: a number for each of the names that can't be written in full."""
    unknown = (name for name in names if not {*map(ord, terminal(name))} <= _glyphs())
    return {name: number for number, name in enumerate(dict.fromkeys(unknown), start=1)}


@contextmanager
def numbered(key: Mapping[str, int]) -> Iterator[None]:
    """Within it `drawable` writes the names of the key as their numbers."""
    token = _numbers.set(key)
    try:
        yield
    finally:
        _numbers.reset(token)


def drawable(name: str) -> str:
    """What is drawn of a name: all of it, or its number and those characters that there are."""
    known = _glyphs()
    if name in (numbers := _numbers.get() or {}):
        rest = "".join(char if ord(char) in known else " " for char in terminal(name))
        return " ".join([f"[{numbers[name]}]", *rest.split()])
    return "".join(char if ord(char) in known else "□" for char in terminal(name))
