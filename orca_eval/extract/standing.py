"""Labels that stand by themselves: they open the reply, have a line, or follow a colon."""

from __future__ import annotations

import re
from itertools import pairwise

from orca_eval.extract.context import Context, asked, hypothetical
from orca_eval.extract.mentions import Mention, in_part, judged
from orca_eval.extract.text import line_end, sentence_end, sentence_start
from orca_eval.extract.types import Claim

_LEADING = re.compile(r"[\s,.:;-]*(?:(?:it's|it is|i meant?|so|then|rather|make that)\s)?\s*")
STOPS = re.compile(
    r"[\s\"')\]]{0,3}(?:$|[.,;:!\n。，]|-\s|because\b|since\b|as\b|\(|i think\b|i guess\b|"
    r"i believe\b|i'd say\b)"
)
_SAID = re.compile(
    r"(?:^|[\n.!?:,]\s*|\b(?:so|a|is|say|answer|hence|thus|therefore)[\s,:]{1,3})[\"'(]?$"
)
_ROW = re.compile(r"[)\]\"']{0,2}(?:,|\s(?:and|or|nor|&)\s)")
_NEXT_ITEM = re.compile(r"\s[b-j][.)]\s")
_COPULA_LEFT = re.compile(
    r"(?:\b(?:is|are|was|be|as|equals|namely|answer|is called|called|say)|"
    r"[:=])\s{0,3}(?:probably |likely |most likely |therefore |thus |clearly |definitely |"
    r"simply )?(?:the )?(?:option |choice |answer |letter )?[\s\"'(\[]{0,3}$"
)


def standalone(ctx: Context) -> Claim | None:
    """A label (with or without its text) that opens the reply or has a line to itself."""
    low = ctx.low
    claim = _opening(ctx)
    if claim:
        return claim
    lines = [
        m
        for m in ctx.mentions
        if m.form == "heading"
        or (m.form in ("bracket", "bare", "text", "named") and _own_line(ctx, m))
    ]
    lines = [
        m
        for m in lines
        if not (
            m.form == "heading" and ctx.text[m.start].islower() and not STOPS.match(low, m.end + 1)
        )
    ]
    lines = [
        m
        for m in lines
        if m.verdict != "denied" and not _NEXT_ITEM.search(low, m.end, line_end(low, m.end))
    ]
    labels = {m.label for m in lines}
    if len(labels) == 1:
        last = lines[-1]
        return Claim(last.label, last.start, last.end)
    if len(labels) > 1 and lines:
        last = lines[-1]
        if (
            _own_line(ctx, last)
            and not re.match(r"[^\n]", low[last.end :].strip())
            and not _enumerated(ctx, lines)
        ):
            return Claim(last.label, last.start, last.end)
    return None


def _enumerated(ctx: Context, lines: list[Mention]) -> bool:
    """Whether the lines go through the options in their order: a list, no choice."""
    order = [ctx.options.letters.find(m.label) for m in lines if m.label in ctx.options.letters]
    rises = all(b > a for a, b in pairwise(order))
    return rises and (len(order) > 2 or (len(order) > 1 and order[1] == order[0] + 1))


def _own_line(ctx: Context, m: Mention) -> bool:
    """Whether the mention is all of its line, or all of the reply's last sentence."""
    line = max(ctx.text.rfind("\n", ctx.start, m.start) + 1, ctx.start)
    left = ctx.low[line : m.start].strip(" ([\"'#>-:.→=|")
    right = ctx.text[m.end : line_end(ctx.text, m.end)].strip(" )]\"'.:,!|#")
    if right:
        return False
    if left in ("", "the", "option", "answer", "choice", "letter"):
        return True
    last = not ctx.text[m.end :].strip(" \n)]\"'.:,!")
    marked = [o for o in ctx.mentions if o.form in ("bracket", "heading")]
    if len(marked) > 1 and marked[-1] is m and _enumerated(ctx, marked):
        return False  # a list that breaks off
    if m.form == "text" and re.search(
        r"\b[a-z1-9][.)]\s*$", ctx.low[max(0, m.start - 6) : m.start]
    ):
        return False  # the text of a list's item
    return last and not ctx.low[sentence_start(ctx.text, m.start) : m.start].strip(" ([\"'#>-:.→=|")


def _opening(ctx: Context) -> Claim | None:  # noqa: PLR0911 - a list of decisions
    low, text = ctx.low, ctx.text
    leading = _LEADING.match(low, ctx.start) if ctx.start else re.match(r"\s*", low)
    begin = leading.end() if leading else ctx.start
    end = line_end(text, begin)
    found = ctx.options.at(low, begin, end)
    named = ctx.reader.label_at(begin, end)
    if named and not (found and found.whole and found.length > 1):
        label, start, after, shown = named
        if asked(ctx, after, 12):
            return None
        if _ruled_out(ctx, Mention(label, start, after, "bare")):
            return None
        own = ctx.options.at(low, after, end)
        stop = own.end if own and own.label == label else after
        if text[start].islower() and stop == after and text[after:end].strip(" .)]:"):
            return None  # "a)" numbers a part of the question
        contradicted = own is not None and own.whole and own.label != label
        if not (contradicted or STOPS.match(low, stop) or (shown and stop == after and not own)):
            return None
        if label == ctx.options.letters[0]:
            later = [
                m
                for m in ctx.mentions
                if m.form in ("heading", "bracket") and m.start > after and m.label != label
            ]
            if later and _listing(ctx, label, later):
                return None
        claim = ctx.reader.value(begin)
        if (
            claim
            and claim.answer is None
            and any(m.verdict == "denied" for m in ctx.mentions if m.start < claim.end)
        ):
            return None
        return claim
    if not found:
        begun = ctx.options.opening(low[begin:end].strip(" .\"'"))
        return Claim(begun, begin, end) if begun else None
    if (
        not found.label
        or asked(ctx, found.end)
        or (found.length == 1 and low.startswith("no ", begin))
    ):
        return None
    if not found.whole and ctx.options.letters:
        return None
    groups = {
        m.group: {o.label for o in ctx.mentions if o.group == m.group}
        for m in ctx.mentions
        if m.start == found.start
    }
    if any(len(labels) > 1 for labels in groups.values()) and ctx.options.letters:
        return None  # the first of several in a row
    claim = ctx.reader.value(begin)
    return claim if (claim and claim.answer is not None) or ctx.options.letters else None


def _ruled_out(ctx: Context, opening: Mention) -> bool:
    """Whether the opening label is denied, by itself or in a row ("A and B contradict it")."""
    found = judged([opening], ctx.options, ctx.text, ctx.low, ctx.start)
    if _ROW.match(ctx.low, opening.end):
        found += [m for m in ctx.mentions if m.start <= opening.start < m.end]
    return any(m.verdict == "denied" for m in found)


def _listing(ctx: Context, label: str, later: list[Mention]) -> bool:
    """Whether the opening label is the first item of a walk through the options."""
    letters = ctx.options.letters
    first = letters.find(label)
    nxt = letters.find(later[0].label)
    return (first == 0 and nxt == 1 and later[0].form == "heading") or (
        first == 0 and nxt == 1 and len({m.label for m in later}) >= 2 and later[0].start < 400
    )


def introduced(ctx: Context) -> Claim | None:
    """A label right behind a copula or a colon: "The main compound is: A. Urea"."""
    headings = [m for m in ctx.mentions if m.form == "heading"]
    listed = len(headings) > 1 and _enumerated(ctx, headings)
    opening = [] if listed else headings[:1]  # what follows the first heading explains
    inline = [m for m in ctx.mentions if m.form not in ("heading", "text")]
    if not ctx.options.letters:
        inline = [m for m in ctx.mentions if ctx.finished(m.end) and assertive(ctx, [m])]
    for m in [*opening, *reversed(inline)]:
        left = ctx.low[max(ctx.start, m.start - 40) : m.start]
        if m.verdict == "denied" or not _COPULA_LEFT.search(left):
            continue
        if m.form == "bare" and not STOPS.match(ctx.low, m.end):
            continue
        if asked(ctx, m.end) or hypothetical(ctx, m.start):
            continue
        if len({o.label for o in ctx.mentions if o.group == m.group}) > 1:
            return Claim(None, m.start, m.end, "several_options") if m.form != "text" else None
        if m.form == "text":
            if in_part(ctx.low, m.end):
                return None
            return Claim(m.label, m.start, m.end)
        claim = ctx.reader.value(m.start - (ctx.text[m.start - 1 : m.start] in ("(", "[")))
        if claim:
            return claim
    return None


def assertive(ctx: Context, standing: list[Mention]) -> bool:
    """Whether a text mention stands in the first or the last sentence, and is no mere number."""
    low = ctx.low
    for m in standing:
        words = re.findall(r"\w+", low[m.start : m.end])
        if len(words) == 1 and (
            (words[0].isdigit() and not ctx.numbers_are_options)
            or words[0] in ("a", "i", "none", "all", "both")
        ):
            continue
        if (
            words in (["yes"], ["no"]) and not _SAID.search(low[max(0, m.start - 12) : m.start])
        ) or (words == ["no"] and not STOPS.match(low, m.end)):
            continue
        before = low[ctx.start : sentence_start(ctx.text, m.start, 2000)].strip()
        behind = low[sentence_end(ctx.text, m.end, 2000) :].strip(" .!\n\"')")
        if not behind or (not before and words not in (["yes"], ["no"])):
            return True
    return False
