"""The sentences that a reply asserts, from which a result may be concluded."""

import re

from orca_eval.extract.number.reply import NumberReply, Sentence

_CLOSING = re.compile(
    r"\b(?:help|else|like me|want me|would you like|do you (?:want|have|need)|let me know|"
    r"questions?|hope|feel free|glad|welcome)\b"
)
STRONG = re.compile(
    r"^[\s*#>\"'-]{0,6}(?:and |but )?(?:so|therefore|thus|hence|in total|altogether|"
    r"in conclusion)\b|="
)
_STRONG_WORD = re.compile(r"[\s*#>\"'-]{0,6}(?:and |but )?(?:so|therefore|thus|hence)\b")
_VERIFYING = frozenset((
    "verify", "verifying", "verification", "check", "checking", "double", "recheck", "confirm",
    "proof", "validate",
))  # fmt: skip
_VERIFIES = re.compile(
    r"\W{0,8}(?:(?:now|so|then|finally),? )?(?:(?:let me|let's|let us|we can|i(?:'ll| will| can)|"
    r"you can|to)\s(?:(?:quickly|now|also|just) )?(?:verify|check|double[- ]?check|re-?check|"
    r"confirm|validate|double\b)|(?:sanity |quick |double[- ]?)?(?:check|checking|verification|"
    r"verify|verifying|proof)\b(?: (?:the|our|my|this|that|your|it)\b)?(?: \w{1,12})?\s?[:.])"
)
_LIST_NUMBER = re.compile(r"\s*\d{1,2}\s*")
_DOUBTS = re.compile(r"\b(?:wait|hmm|actually|no|oops|sorry|hold on|mistake)\b")
_CONFIRMS = re.compile(
    r"\b(?:correct|right|match(?:es)?|checks? out|verified|confirmed|confirms|consistent|holds|"
    r"as expected|works)\b|✓|✔|✅"
)
# What is to be done ("we divide 100 by 25 to find how many"), and what comes out of it.
_OPERATES = re.compile(
    r"(?:\b(?:we|i|you|let's|then|next|now|finally|first|to|can|must|should|i'll|we'll|will|just|"
    r"simply|also|again),? |^\W{0,8})(?:add|subtract|multiply|divide)\b(?! up)"
)
_YIELDS = re.compile(
    r"\b(?:gets?|obtain|giv(?:es|ing)|gives?|result(?:s|ing) in|equals?|is|are|have|has|"
    r"leaving|makes|making)\b(?=[^.\n]{0,60}\d)"
)


def asserted(reply: NumberReply) -> list[Sentence]:
    """The sentences to conclude from: none where the reply ends in a question or breaks off."""
    low, sentences = reply.low, reply.sentences
    while sentences and not sentences[-1].has_digit and sentences[-1].found(_CLOSING):
        sentences = sentences[:-1]  # which only takes leave: "Let me know if you have questions!"
    if sentences and sentences[-1].asks:  # another problem, begun after a blank line
        blank = low.rfind("\n\n", reply.start, sentences[-1].end)
        sentences = [s for s in sentences if s.end <= blank] if blank > 0 else []
    if not sentences or sentences[-1].asks or reply.cut or _is_open(sentences[-1]):
        return []
    if result_start(sentences[-1]) is None or reply.counts_on or _is_torn(sentences):
        return []
    return _unverified(reply, [s for s in sentences if not s.asks])


def result_start(s: Sentence) -> int | None:
    """Where in the sentence its result may stand: behind what is done, None if that gives none."""
    if "=" in s.words or not _OPERATES.search(s.words):
        return s.start
    yields = s.found(_YIELDS)
    return yields.end() if yields else None


def _unverified(reply: NumberReply, sentences: list[Sentence]) -> list[Sentence]:
    """The sentences before the reply verifies its answer, unless that ends in another one."""
    if _VERIFYING.isdisjoint(reply.words):
        return sentences
    start = 0 if _begins_within_check(reply) else _check_start(sentences)
    check = sentences[start:]
    concludes = any(_STRONG_WORD.match(s.words) for s in check)
    if concludes and not any(s.found(_CONFIRMS) for s in check):
        return sentences
    while start and _LIST_NUMBER.fullmatch(sentences[start - 1].words):
        start -= 1
    return sentences[:start]


def _begins_within_check(reply: NumberReply) -> bool:
    """Whether what is read begins behind "let me double-", which was taken for a correction."""
    low, begin = reply.low, reply.start
    if not begin or _DOUBTS.search(low, max(0, begin - 30), begin):
        return False
    return _VERIFIES.search(low, max(0, begin - 14), begin + 14) is not None


def _check_start(sentences: list[Sentence]) -> int:
    """The place of the first sentence that verifies what stands before it; their number if none."""
    worked = False
    for place, s in enumerate(sentences):
        if worked and _VERIFIES.match(s.words):
            return place
        worked = worked or (s.has_digit and not _LIST_NUMBER.fullmatch(s.words))
    return len(sentences)


def _is_torn(sentences: list[Sentence]) -> bool:
    """Whether the last one breaks off in what was said twice before it."""
    if len(sentences) < 3 or sentences[-1].end < len(sentences[-1].low):
        return False
    before, said, last = (s.words.strip() for s in sentences[-3:])
    return before == said != last and said.startswith(last)


def _is_open(s: Sentence) -> bool:
    """Whether words behind its last number may go on, as no full stop ends the last sentence."""
    if s.end < len(s.low) or STRONG.search(s.words):
        return False
    words_left = len(s.low[s.numbers[-1].end :].split()) if s.numbers else 99
    return words_left > (2 if s.end - s.start > 50 else 6)
