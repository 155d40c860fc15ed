"""Hostile text in every place it may be shown. It is data: nothing in it may act."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from hypothesis import given, strategies as st
from markdown_it import MarkdownIt

from orca_eval import safe_text

HOSTILE = [
    "",
    "\x1b[2J\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    "\x9b31mC1 codes",
    "a\rb\nc\td\x00\x7f",
    "\u202ereversed\u2066 \u200b zero width \U000e0041 tag",
    "half a pair \ud800",
    "next\u2028line\u2029paragraph\x85",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)\" x=\"",
    "]]><!ENTITY x SYSTEM 'file:///etc/passwd'> &x;",
    "::error file=a::boom\n::set-output name=x::y",
    "##[command]rm ##vso[task.setvariable]x ::::stop ####",
    "| a | b |\n|---|---|",
    "![img](http://evil.example/x.png) [l](javascript:alert(1)) http://e.example www.e.example",
    "@everyone @octo/team #1 GH-1 a@b.example owner/repo#3",
    "``` ` ```` <!-- --> </code><b>",
    '=HYPERLINK("http://evil.example")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "＝1+1",
    " =1",
    "\t=1",
    r"\input{/etc/passwd} $x_1^2$ 50% & #~{} \write18{id} --- ?` <<",
    "\ufffe\uffff",
]

_any_text = st.text(st.characters(), max_size=60) | st.sampled_from(HOSTILE)


@given(_any_text)
def test_terminal_is_one_printable_line(text: str) -> None:
    shown = safe_text.terminal(text)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", shown)
    assert len(shown.splitlines()) <= 1
    shown.encode()


@given(_any_text | st.text(":#[ a", max_size=12))
def test_github_log_holds_no_command(text: str) -> None:
    shown = safe_text.github_log(text)
    assert "::" not in shown
    assert "##" not in shown
    assert "\n" not in shown
    assert "\r" not in shown


@given(_any_text | st.text(":# [\nab", max_size=12))
def test_github_line_holds_no_command_and_else_its_text(text: str) -> None:
    shown = safe_text.github_line(text)
    assert not re.search(r"^\s*::|##(vso|teamcity|command)?\[", shown)
    assert shown in (safe_text.terminal(text), safe_text.github_log(text))


@pytest.mark.parametrize("text", ["###Final answer: {number}", "std::vector", "http://[::1]:8000"])
def test_github_line_leaves_a_prompt_alone(text: str) -> None:
    assert safe_text.github_line(text) == text


@given(_any_text)
def test_markdown_is_a_code_element_of_entities(text: str) -> None:
    shown = safe_text.markdown(text)
    body = re.fullmatch(r"<code>(.*)</code>", shown, re.DOTALL)
    assert body
    without_entities = re.sub(r"&#\d+;", "", body.group(1))
    without_decimals = re.sub(r"(?<=\d)\.(?=\d)|[,;%()]", "", without_entities)
    assert not re.search(r"[!-/:-@\[-`{-~\n\r]", without_decimals)
    shown.encode()


def test_markdown_mentions_and_references_are_taken_apart() -> None:
    assert "&#64;\u200beveryone" in safe_text.markdown("@everyone")
    assert "&#35;\u200b12" in safe_text.markdown("#12")


@given(_any_text | st.text("`~\n a", max_size=30))
def test_markdown_block_is_one_fence_even_after_a_list(text: str) -> None:
    tokens = MarkdownIt("commonmark").parse(f"- fact\n\n{safe_text.markdown_block(text)}\n\nend")
    (fence,) = [token for token in tokens if token.type == "fence"]
    assert fence.level == 0
    assert fence.content == "".join(f"{safe_text.terminal(t)}\n" for t in text.split("\n"))
    assert [token.content for token in tokens if token.type == "inline"] == ["fact", "end"]


@given(_any_text)
def test_html_is_text_again_when_read(text: str) -> None:
    shown = safe_text.html(text)
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            raise AssertionError(tag)

        def handle_data(self, data: str) -> None:
            seen.append(data)

    Reader().feed(f"{shown}")
    assert not re.search(r"[<>\"']", shown)
    shown.encode()


@given(_any_text)
def test_xml_is_read_back_as_text_and_attribute(text: str) -> None:
    shown = safe_text.xml(text)
    root = ET.fromstring(f'<a b="{shown}">{shown}</a>'.encode())
    assert len(root) == 0
    assert root.attrib.keys() == {"b"}


@given(_any_text)
def test_csv_cell_is_no_formula(text: str) -> None:
    cell = safe_text.csv_cell(text)
    assert not re.match(r"\s*[=@＝＋－＠|]", cell)
    out = io.StringIO()
    csv.writer(out).writerow([cell, "next"])
    assert next(csv.reader(io.StringIO(out.getvalue(), newline=""))) == [cell, "next"]


@pytest.mark.parametrize("number", ["-5", "+3", "-1,234.5", "12", "-2e-3", "50%"])
def test_csv_cell_keeps_numbers(number: str) -> None:
    assert safe_text.csv_cell(number) == number


@pytest.mark.parametrize("text", ["-2+3", "+1+cmd|' /C calc'!A0", "=1", " =1", "\t=1", "-a"])
def test_csv_cell_marks_formulas(text: str) -> None:
    assert safe_text.csv_cell(text).startswith("'")


@given(_any_text)
def test_latex_leaves_no_active_character(text: str) -> None:
    shown = safe_text.latex(text)
    plain = re.sub(r"\\text[a-z]+\{\}|\\[{}$&#%_]|-\{\}", "", shown)
    assert not re.search(r"[\\{}$&#%_^~<>|`\"\n\r]", plain)
    assert "--" not in shown


@pytest.mark.parametrize(
    "show",
    [
        safe_text.terminal,
        safe_text.github_log,
        safe_text.github_line,
        safe_text.html,
        safe_text.xml,
        safe_text.csv_cell,
        safe_text.latex,
    ],
)
def test_ordinary_text_is_left_alone(show: object) -> None:
    for text in ("B", "42.5", "The answer is 7, naïve café 答案 😀"):
        assert show(text) == text  # type: ignore[operator]


def test_lines_are_kept_where_they_can_be() -> None:
    assert safe_text.html("a\nb\tc") == "a\nb\tc"
    assert safe_text.terminal("a\nb") == "a\\nb"


def test_shorten() -> None:
    assert safe_text.shorten("abc", 3) == "abc"
    assert safe_text.shorten("abcd", 3) == "ab…"
