"""What opens a reply or has a line to itself: an option, or a list of them, which is no choice."""

import re
from itertools import pairwise

from orca_eval.extract.choice.announced import value_at
from orca_eval.extract.choice.labels import Label, label_at
from orca_eval.extract.choice.options import TextMatch
from orca_eval.extract.choice.reply import ChoiceReply, Mention, judged
from orca_eval.extract.choice.several import joined_options, said_again
from orca_eval.extract.reply.text import behind, line_end, sentence_start
from orca_eval.extract.rule import Claim

_LEADING = re.compile(r"[\s,.:;-]*(?:(?:it's|it is|i meant?|so|then|rather|make that)\s)?\s*")
STOPS = re.compile(
    r"[\s\"')\]]{0,3}(?:$|[.,;:!\n。，✓✔✅☑]|-\s|because\b|since\b|as\b|and not\b|rather than\b|\(|"
    r"i think\b|i guess\b|i believe\b|i'd say\b)"
)
_ROW = re.compile(r"[)\]\"']{0,2}(?:,|\s(?:and|or|nor|&)\s)")
_NEXT_ITEM = re.compile(r"\s[b-j][.)]\s")
_SPACE = re.compile(r"\s*")
_ITEM_LEFT = re.compile(r"\b[a-z1-9][.)]\s*$")
_BULLET = re.compile(r"[\s*>-]{0,8}(?:\d{1,2}[.)] )?")
_LONGEST_LIST = 4_000
_NUMBERED = re.compile(r"\s*(?:[2-9]|1\d)[.)]\s*")
_LINE_BEGINS = ("", "the", "option", "answer", "choice", "letter")
_LEFT_MARKS, _RIGHT_MARKS = " ([\"'#>-:.→⇒=|✓✔✅☑", " )]\"'.:,!|#=✓✔✅☑"


def is_line(reply: ChoiceReply, m: Mention) -> bool:
    """Whether the mention heads a line or has it to itself, and is neither denied nor an item."""
    low = reply.low
    if m.form == "heading":
        if reply.text[m.start].islower() and not STOPS.match(low, m.end + 1):
            return False
    elif m.form not in ("bracket", "bare", "text", "named") or not own_line(reply, m):
        return False
    return m.verdict != "denied" and not _NEXT_ITEM.search(low, m.end, line_end(low, m.end))


def enumerated(reply: ChoiceReply, lines: list[Mention]) -> bool:
    """Whether the lines go through the options in their order: a list, no choice."""
    letters = reply.options.letters
    order = [letters.find(m.label) for m in lines if m.label in letters]
    rises = all(b > a for a, b in pairwise(order))
    return rises and (len(order) > 2 or (len(order) > 1 and order[1] == order[0] + 1))


def own_line(reply: ChoiceReply, m: Mention) -> bool:
    """Whether the mention is all of its line, or all of the reply's last sentence."""
    text, low = reply.text, reply.low
    line = max(text.rfind("\n", reply.start, m.start) + 1, reply.start)
    if text[m.end : line_end(text, m.end)].strip(_RIGHT_MARKS):
        return False
    if low[line : m.start].strip(_LEFT_MARKS) in _LINE_BEGINS:
        return True
    marked = [o for o in reply.mentions if o.form in ("bracket", "heading")]
    if len(marked) > 1 and marked[-1] is m and enumerated(reply, marked):
        return False  # a list that breaks off
    if m.form == "text" and _ITEM_LEFT.search(low[max(0, m.start - 6) : m.start]):
        return False  # the text of a list's item
    if m.form == "bare" and _NUMBERED.fullmatch(low, line, m.start):
        return False  # a numbered list goes through letters
    last = m.form == "bracket" or not text[m.end :].strip(" \n)]\"'.:,!")
    return last and not low[sentence_start(text, m.start) : m.start].strip(_LEFT_MARKS)


def is_list(reply: ChoiceReply) -> bool:
    """Whether every line of the reply is an option, and each another: a list, no choice."""
    text, start = reply.text, reply.start
    if "\n" not in text[start:].strip() or len(text) - start > _LONGEST_LIST:
        return False
    names: list[str] = []
    while start < len(text):
        end = line_end(text, start, _LONGEST_LIST)
        begin = behind(_BULLET if reply.options.letters.isalpha() else _SPACE, text, start, end)
        if text[begin:end].strip():
            label = label_at(reply, begin, end)
            own = reply.options.at(reply.low, label.end if label else begin, end)
            name = label.name if label else own.label if own else None
            rest = own.end if own else label.end if label else begin
            if name is None or (own and own.label != name) or text[rest:end].strip(_RIGHT_MARKS):
                return False
            names.append(name)
        start = end + 1
    return 1 < len(names) == len(set(names))


def opening(reply: ChoiceReply) -> Claim | None:
    """The label, the text, or the beginning of the text of an option that opens the reply."""
    low, options = reply.low, reply.options
    begin = behind(_LEADING if reply.start else _SPACE, low, reply.start)
    end = line_end(reply.text, begin)
    found = options.at(low, begin, end)
    label = label_at(reply, begin, end)
    if label and not (found and found.whole and found.length > 1):
        return _opening_label(reply, label, begin, end)
    if found:
        return _opening_text(reply, found, begin)
    begun = options.opening(low[begin:end].strip(" .\"'"))
    return Claim(begun, begin, end) if begun else None


def _opening_label(reply: ChoiceReply, label: Label, begin: int, end: int) -> Claim | None:
    text, after = reply.text, label.end
    roman = label.name == "I" and "\nII" in text
    if roman or reply.asked(after, 12) or _ruled_out(reply, label):
        return None
    own = reply.options.at(reply.low, after, end)
    stop = own.end if own and own.label == label.name else after
    if text[label.start].islower() and stop == after and text[after:end].strip(" .)]:"):
        return None  # "a)" numbers a part of the question
    joined = joined_options(reply, label.name, after, end)
    if joined:
        return Claim(None, begin, joined, "several_options")
    if not _is_all(reply, label, own, end) or _begins_list(reply, label):
        return None
    claim = value_at(reply, begin)
    if claim and claim.answer is None and any(m.start < claim.end for m in reply.ruled_out):
        return None
    return claim


def _is_all(reply: ChoiceReply, label: Label, own: TextMatch | None, end: int) -> bool:
    """Whether the label, with `own` for the text behind it, is what the line says."""
    after = label.end
    if own is not None and own.label != label.name and own.whole:
        return True  # which contradicts it
    stop = own.end if own and own.label == label.name else after
    alone = label.shown and own is None
    again = said_again(reply, label.name, after, end)
    return alone or again or bool(STOPS.match(reply.low, stop))


def _opening_text(reply: ChoiceReply, found: TextMatch, begin: int) -> Claim | None:
    letters = reply.options.letters
    negates = found.length == 1 and reply.low.startswith("no ", begin)
    if not found.label or negates or reply.asked(found.end):
        return None
    if letters:
        in_row = (len(reply.in_row_with(m)) > 1 for m in reply.mentions if m.start == found.start)
        if not found.whole or any(in_row):  # the first of several
            return None
    claim = value_at(reply, begin)
    return claim if letters or (claim and claim.answer is not None) else None


def _ruled_out(reply: ChoiceReply, label: Label) -> bool:
    """Whether the opening label is denied, by itself or in a row ("A and B contradict it")."""
    found = judged(reply, [Mention(label.name, label.start, label.end, "bare")])
    if _ROW.match(reply.low, label.end):
        found += [m for m in reply.mentions if m.start <= label.start < m.end]
    return any(m.verdict == "denied" for m in found)


def _begins_list(reply: ChoiceReply, label: Label) -> bool:
    """Whether the opening label is the first item of a walk through the options."""
    letters = reply.options.letters
    first = letters.find(label.name)
    if first and not _heads_explanation(reply, label):
        return False
    marked = (m for m in reply.mentions if m.form in ("heading", "bracket"))
    later = [m for m in marked if m.start > label.end and m.label != label.name]
    if not later or letters.find(later[0].label) != first + 1:
        return False
    several = len({m.label for m in later}) >= 2 and later[0].start < 400
    return later[0].form == "heading" or several


def _heads_explanation(reply: ChoiceReply, label: Label) -> bool:
    """Whether words that are no option's stand behind the label: "B: melts at 12 °C"."""
    end = line_end(reply.text, label.end)
    rest = reply.low[label.end : end].strip(_RIGHT_MARKS)
    texted = reply.options.at(reply.low, label.end, end)
    return bool(rest) and not texted and not reply.options.begun(reply.low, label.end, end)
