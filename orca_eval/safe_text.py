"""Makes untrusted text safe to print: model answers, file names, anything a run folder holds.

One pure function per place it may be shown. Each takes any str, lone surrogates included, never
fails, and keeps ordinary text readable; what could act is escaped in a way that can be seen.
"""

import html as _html
import re
import unicodedata

# Control codes, invisible formatting (bidi overrides, tags, zero-width), halves of surrogate
# pairs (they can't be encoded), and separators that some programs take for a new line.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ZERO_WIDTH = "\u200b"

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{char: f"\\{char}" for char in "{}$&#%_"},
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        # Ligatures (?` and !` become upside-down marks, -- a dash) would change what is read.
        "`": r"\textasciigrave{}",
    }
)
# Full-width signs too: spreadsheets fold them to ASCII.
_FORMULA_SIGNS = tuple("=+-@＝＋－＠|%")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?%?")
_DOUBLED = re.compile(r"([:#])(?=\1)")
_COMMAND = re.compile(r"^\s*::|##\w*\[")
_MARKDOWN_ACTIVE = re.compile(r"(?!(?<=\d)\.(?=\d))[^0-9A-Za-z ,;%()\u0080-\U0010ffff]")


def terminal(text: str) -> str:
    """One line for a terminal: no escape codes, no line breaks, no bidi tricks."""
    return text.translate(_ONE_LINE)


def github_log(text: str) -> str:
    """One line for a CI log: as `terminal`, and nothing in it is a workflow command.

    GitHub runs `::name::` at the start of a line and `##[name]` anywhere; others `##vso[` and
    `##teamcity[`. A zero-width space takes the pairs apart.
    """
    return _DOUBLED.sub(rf"\1{_ZERO_WIDTH}", terminal(text))


def github_line(text: str) -> str:
    """A whole line for a CI log that a reader may copy: as `terminal` unless it is a command.

    A prompt's ###Final answer stays as the model gets it.
    """
    return github_log(text) if _COMMAND.search(text) else terminal(text)


def markdown(text: str) -> str:
    """An inline code element for Markdown, inside a table or outside: see `markdown_prose`.

    GitHub makes no mentions or references inside `<code>`.
    """
    return f"<code>{markdown_prose(text)}</code>"


def markdown_prose(text: str) -> str:
    """One line of running text for Markdown, for sentences that name untrusted things.

    ASCII punctuation that could act becomes entities, so no Markdown, HTML, link, image or table
    cell can start; a zero-width space after @ and # takes mentions and references apart.
    """
    return _MARKDOWN_ACTIVE.sub(_entity, terminal(text))


def markdown_block(text: str) -> str:
    """A fenced block of Markdown that shows the text's lines as they are.

    The fence is longer than any of the text's own runs of backticks, so nothing closes it early.
    An indented block would do only where no list comes before it.
    """
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([fence, *map(terminal, text.split("\n")), fence])


def html(text: str) -> str:
    """Text or a quoted attribute in HTML; line breaks and tabs are kept."""
    return _html.escape(text.translate(_LINES), quote=True)


def xml(text: str) -> str:
    """Text or a quoted attribute in XML 1.0, which has no place for most control characters."""
    return html(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def csv_cell(text: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula; the csv module still does the quoting.

    A leading apostrophe shows such text as text. Plain numbers, negative ones too, stay as is.
    """
    visible = text.translate(_LINES)
    acts = visible.lstrip().startswith(_FORMULA_SIGNS) or visible.startswith(("\t", "\n"))
    return f"'{visible}" if acts and not _NUMBER.fullmatch(visible) else visible


def from_csv_cell(cell: str) -> str:
    """The text of a cell that `csv_cell` wrote, without the apostrophe that it put in front."""
    return cell[1:] if cell.startswith("'") and csv_cell(cell[1:]) == cell else cell


def latex(text: str) -> str:
    """One line of LaTeX text: every character that TeX acts on is escaped."""
    return terminal(text).translate(_LATEX).replace("--", "-{}-").replace("--", "-{}-")


def shorten(text: str, width: int) -> str:
    """At most `width` characters, an ellipsis for what was cut; apply it before escaping."""
    return text if len(text) <= width else text[: width - 1] + "…"


class _Visible(dict[int, str]):
    """A table for str.translate that fills itself: each character is judged once."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        unseen = unicodedata.category(char) in _UNSEEN
        self[code] = char.encode("unicode_escape").decode() if unseen else char
        return self[code]


_ONE_LINE = _Visible({ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"})
_LINES = _Visible({ord("\n"): "\n", ord("\r"): "\\r", ord("\t"): "\t"})


def _entity(match: re.Match[str]) -> str:
    char = match.group()
    return f"&#{ord(char)};" + (_ZERO_WIDTH if char in "@#" else "")
