"""Where a reply goes on to another item of its own invention, with no heading to say so."""

import re
from collections.abc import Iterator

from orca_eval.extract.reply.cues import CORRECTING, WITHDRAWN
from orca_eval.extract.reply.text import words_of

_MOST = 8
_LONGEST = 1_200
# A question with options of its own.
_WITH_OPTIONS = re.compile(r"\n[^\n]{8,300}\?[ \t]*\n{1,2}[ \t]*\(?a[).:][ \t]")
# A question that its options complete.
_COMPLETED = re.compile(
    r"\n[^\n]{8,300}[a-z_][ \t]*\n{1,2}[ \t]*\(?a[).:][ \t][^\n]{0,300}?"
    r"[\n ][ \t]{0,9}\(?b[).:][ \t]"
)
_MARKS = ("####", "final answer", "\\boxed{", "</answer>")
_STATEMENTS = ("answer is ", "answer:")
_LINE = 240
_GAP = re.compile(r"\n[\s*_=>-]{0,80}")
_OPTIONS = re.compile(r"\n[ \t]*\(?a[).:][ \t][^\n]{0,300}\n{1,2}[ \t]*\(?b[).:][ \t]")
# A value that is all of a first paragraph.
_ALONE = re.compile(r"\s{0,8}[^\s\w]{0,4}[\d.,]{1,12}[^\w\n]{0,4}\n[ \t]{0,8}\n\s{0,20}")
_TASK = re.compile(
    r"(?:find|calculate|compute|determine|solve|evaluate|simplify|what|which|how|who)\b"
)
_NUMBER = re.compile(r"(?:\(?\d{1,3}[.)]|#{1,4} ?\d{1,3}[.:)]?)\s{1,3}")
# How the reply's own words on its answer begin: a check, an explanation, a turn; and the headings
# that parts.py knows.
_OWN = re.compile(
    r"(?:but|oh|so|now|then|however|i|we|you|my|our|your|it|this|that|these|those|here|therefore|"
    r"check\w*|re-?\w*check\w*|double|verif\w+|explanations?|solution|proof|reasoning|rationale|"
    r"justification|summary|conclusion|update|note|thus|hence|since|because|"
    r"why|where|okay|ok|yes|no|right|good|great|sure|please|perhaps|maybe|alternatively|still|just|"
    r"hang|again|once|look\w*|think\w*|or|if (?:so|not|we|i)|let (?:me|us)|let's|(?:is|was|does|"
    r"did|isn't|wasn't|doesn't|didn't) (?:this|that|it|i)|did|do (?:i|you|we)|are (?:you|we|there)|"
    r"(?:would|can|could|should|shouldn't|might) (?:you|i|it|we|this|that|there)|"
    r"what (?:if|about|did|do)|how (?:did|do|could|about|come)|to (?:verify|check|be|sum|confirm|"
    r"summarize|double)|in (?:summary|conclusion|short|fact|other)|"
    r"the (?:answer|correct|final|reason|result|options?|choices?)|first|next|finally|option|step|"
    r"follow|are follow|part|method|approach|question|q\d{0,2}|problem|exercise)\b"
)
_NAME = re.compile(r"(?<![\w'])[A-Z][a-z]{2,}")
_BEGINNERS = re.compile(
    r"\b(?:How|What|Which|Who|When|Where|Why|The|And|But|For|His|Her|Its|They|She|There|Then|This|"
    r"That|These|Those|Each|Every|All|Some|Are|Does|Did|Has|Have|Was|Were|Will|Can|Find|Calculate|"
    r"After|Before|One|Two|Three|Four|Five)\b"
)


def questions_with_options(low: str) -> Iterator[int]:
    """Where questions stand that go on to options of their own."""
    if "?\n" in low:
        yield from (found.start() + 1 for found in _WITH_OPTIONS.finditer(low))
    if "\na" in low or "\n(a" in low:
        yield from (found.start() + 1 for found in _COMPLETED.finditer(low))


def next_items(part: str, low: str) -> Iterator[int]:
    """Where `part`, whose lower-case twin is `low`, goes on to another item behind a mark for the
    final answer, or behind a statement of it, if the item has a name of its own.
    """
    alone = _ALONE.match(low)
    if alone and _is_item(low, alone.end()) and _asks(low, alone.end()):
        yield alone.end()
    last = low.rstrip().rfind("\n") + 1
    for mark in (*_MARKS, *_STATEMENTS):
        for at in _behind_lines(low, mark) if low.find(mark, 0, last) >= 0 else ():
            if _is_item(low, at) and (mark in _MARKS or _has_own_name(part, at)):
                yield at


def _behind_lines(low: str, mark: str) -> Iterator[int]:
    """Where the text goes on below the lines of the first places of `mark`."""
    at = -1
    for _ in range(_MOST):
        at = low.find(mark, at + 1)
        end = low.find("\n", at, at + _LINE) if at >= 0 else -1
        found = _GAP.match(low, end) if end >= 0 else None
        if found and found.end() < len(low):
            yield found.end()
        if at < 0:
            return


def _is_item(low: str, at: int) -> bool:
    """Whether a problem is set at `at`: no remark on the answer, nor a correction of it."""
    numbered = _NUMBER.match(low, at)
    at = numbered.end() if numbered else at
    end = _paragraph_end(low, at)
    text = low[at:end]
    if _OWN.match(text) or text.startswith(CORRECTING) or WITHDRAWN.search(text, words_of(text)):
        return False
    asks = "?" in text and text[:1].isalnum()
    options = _OPTIONS.search(low, at, end) or _OPTIONS.match(low, end + 1)
    return asks or _TASK.match(text) is not None or options is not None


def _has_own_name(part: str, at: int) -> bool:
    """Whether the paragraph at `at` has a name that stands nowhere before."""
    names = _NAME.findall(part, at, _paragraph_end(part, at))
    return any(name not in part[:at] and not _BEGINNERS.fullmatch(name) for name in names)


def _asks(low: str, at: int) -> bool:
    return low.find("?", at, _paragraph_end(low, at)) >= 0


def _paragraph_end(text: str, at: int) -> int:
    end = text.find("\n\n", at, at + _LONGEST)
    return end if end >= 0 else min(len(text), at + _LONGEST)
