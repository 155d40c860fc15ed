"""What a reply says right behind an option: that it is right, or that it is wrong."""

import re

from orca_eval.extract.reply.cues import AFFIRMATION, DENIAL, DENIED_LEFT, JOINED, VERB

_VERDICT = re.compile(
    rf"[)\]\"',.:]{{0,3}}(?:\s?\([^()\n]{{0,80}}\)|\s?\"[^\"\n]{{0,80}}\")?,?"
    rf"(?: {{0,16}}|\s{{0,2}})(?:which |that |also |all |both |then |therefore |"
    rf"clearly |definitely |just |simply ){{0,2}}"
    rf"(?:(?=(?:fails?|contradicts?|doesn't|isn't|cannot|can't|don't|aren't|wasn't|won't|"
    rf"no es|no está|n[aã]o|non (?:è|e')|n'est)(?!\w))|"
    rf"(?P<verb>{VERB})\b)(?:[^.;\n,]{{0,60}}?\b|[^.;\n]{{0,90}}?\b(?:so|hence|thus|therefore|"
    rf"which|and)\s(?:it\s|this\s|that\s|they\s)?(?:is|are|can|does|do)\s?|"
    rf"(?<=n))(?:(?P<deny>{DENIAL})|(?P<affirm>{AFFIRMATION}))\b"
)
_NO = "no|nope|wrong|incorrect|false|not correct|i don't think so|not really"
_YES = "yes|correct|true|right|that's it|that is it"
_VERDICT_OVER = r"(?=[\"'\s]*(?:$|[.,;:!|\n)]|-\s|(?:because|since)\b))"
_BARE_VERDICT = re.compile(
    r"[)\]\"'\s]{0,3}(?:(?P<deny>falsch\b|nicht\b)|(?P<affirm>"
    r"richtig\b|korrekt\b|it is\b|it must be\b|then(?=\s*(?:[.!\n]|$))))|"
    r" {1,2}(?:(?P<deny4>\[ ?\])|(?P<affirm4>\[ ?[x✓✔✅] ?\]))(?=\s*(?:$|[\n|,;]))|"
    r"[)\]\"'.]{0,2}(?:(?:\s[a-z]+){1,4}(?=\?))?"  # "Is B the right one? Yes."
    r"(?: {0,5}[?:,=>|(-]{0,3} {0,5}(?:(?P<deny3>[✗✘❌❎×])|(?P<affirm3>[✓✔✅☑]))|"
    rf"\s{{0,2}}[?:,=>|(-]{{0,3}}\s{{0,2}}[\"']?(?:(?P<deny2>{_NO})|(?P<affirm2>{_YES})){_VERDICT_OVER})"
)
JOINED_VERDICT = re.compile(
    rf"[)\]\"'\s]{{0,4}}(?:\([^()\n]{{0,80}}\)|\"[^\"\n]{{0,80}}\")?\s?{JOINED['noun_behind']}?\s?"
    rf"(?:\([^()\n]{{0,80}}\)|\"[^\"\n]{{0,80}}\")?\s?{JOINED['between']}\s?"
    rf"(?:(?P<deny>{JOINED['denial']})|(?P<affirm>{JOINED['affirmation']}))|\s?[.:]\s?(?:(?P<deny2>"
    rf"{JOINED['denial']})|{JOINED['affirmation']})[^.。,;:\n]{{0,3}}\s?(?=[.。,;\n]|\s[A-Za-z]\b|$)"
)
_ALL_BUT = re.compile(
    r"\b(?:all|everything|every option|every answer|all options) (?:but|except(?: for)?)"
    r"\s(?:option )?[\"'(]?$"
)
PARTIAL = re.compile(
    r"\b(?:half|in part|partly|partially|somewhat|not only|almost|nearly|not entirely)\b"
)


def verdict_on(labelled: bool, low: str, left: str, end: int) -> str:
    """The verdict on what stands between `left` and `end`."""
    if DENIED_LEFT.search(left[-70:]) and not _ALL_BUT.search(left[-40:]):
        return "denied"
    found = _VERDICT.match(low, end, end + 160)
    if _ALL_BUT.search(left[-40:]):  # "everything except C is wrong"
        return "affirmed" if found and found["deny"] else ""
    if not found and labelled:
        found = _BARE_VERDICT.match(low, end)
    if not found and not low.isascii():
        found = JOINED_VERDICT.match(low, end)
    if not found:
        return ""
    groups = found.groupdict()
    if any(groups.get(name) for name in ("deny", "deny2", "deny3", "deny4")):
        return "denied"
    return "" if PARTIAL.search(found[0]) else "affirmed"
