"""A reply as the rules for choices see it: where it names options, and how: affirmed, ruled out,
concluded, or just named.
"""

import re
from collections import deque
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Self

from orca_eval.extract.choice.dress import undressed, without_struck
from orca_eval.extract.choice.options import Options
from orca_eval.extract.choice.verdict import JOINED_VERDICT, verdict_on
from orca_eval.extract.reply import Reply
from orca_eval.extract.reply.cues import (
    BEFORE_LABEL,
    CONCLUSION,
    JOINED,
    REFUSAL,
    SUPPOSED,
    TURN,
)
from orca_eval.extract.reply.numbers import find_numbers
from orca_eval.extract.reply.parts import Part
from orca_eval.extract.reply.text import behind, clean, lower, sentence_end, words_of

_LEFT_OF_BARE = re.compile(
    rf"(?:(?:^|[\n.,;:!?(\"'\[>/&=✗✘❌❎✓✔✅☐☑→⇒|。、-])\s{{0,16}}|\b"
    rf"(?:{BEFORE_LABEL}|(?:is|be) it|does)\s{{1,16}})$"
)
_JOINED_LEFT = re.compile(rf"{JOINED['before']}\s{{0,3}}$")
_FORMULA = re.compile(r"\s?[=∪∩∈⊆⊂<>≤≥+*/^]")
_OWNER = re.compile(r"\s{0,2}的(?!说法|說法|叙述|敘述|描述|内容|內容|表述|观点|觀點)")
_LIST_JOIN = re.compile(
    r"(?:\s?\([^()\n]{0,40}\))?[)\]\"'.]{0,2}\s{0,3}(?:,|/|&|,?\s(?:and|or|nor|und|y|et|oder|ou|o|e)"
    rf"\s|{JOINED['join']})\s{{0,3}}(?:also\s|"
    r"both\s|then\s|perhaps\s|maybe\s|possibly\s|probably\s|it (?:might|may|could) be\s)?(?:the\s|"
    rf"an?\s)?(?:(?:option|choice|answer|statement)s?|{JOINED['noun']})?\s?[(\[\"']{{0,2}}$"
)
_NEGATED_LEFT = re.compile(
    r"(?:\b(?:not|cannot|never)|n't)\s(?:\w+\s){0,3}$|\bnot the case that\b[^.\n]{0,80}$"
)
_THROUGH = re.compile(
    r"[)\]\"']{0,2}\s?(?:\([^()\n]{1,40}\)\s)?(?:through|thru|to|-|until)\s?[(\[\"']{0,2}[A-Z1-9]"
    r"(?![A-Za-z])"
)
_THROUGH_LEFT = re.compile(r"(?<![A-Za-z])[A-Z1-9][)\]\"']{0,2}\s?(?:through|thru|to|-|until)\s?$")
_ORDINALS = {"1st": 0, "2nd": 1, "3rd": 2, "4th": 3, "5th": 4, "last": -1, "first": 0,
             "second": 1, "third": 2, "fourth": 3, "fifth": 4}  # fmt: skip
_ORDINAL = re.compile(
    rf"\b({'|'.join(_ORDINALS)})\s(?:option|choice|alternative|one)\b(?! (?:is to|step))"
)
# The verdict on an item of a list of the options, at the end of what it says about it.
_ITEM_VERDICT = re.compile(
    r"[^\n]{0,300}?[.;,(:-]\s{0,2}(?:(?:so|therefore|thus|hence),?\s)?(?:this|that|it)"
    r"(?:\s(?:is|must be|would be)|'s)\s(?:therefore\s|thus\s|clearly\s|indeed\s)?"
    r"(?:(?P<deny>incorrect|not (?:correct|right|the (?:correct |right )?answer)|wrong|false)"
    r"|(?P<affirm>(?:the\s)?(?:correct|right|best)(?:\s(?:answer|option|choice|one))?"
    r"|(?:the|our|my) answer))(?=\s{0,2}(?:[.!,)\n]|because\b|since\b|$))"
    r"|[^\n]{0,300}?\s(?:[✗✘❌❎×]|(?P<sign>[✓✔✅☑])) *(?:\n|$)"
)
_ITEM_LEFT = re.compile(r"(?:^|\n)[\s(\[*#>-]{0,8}(?:option |choice )?[(\[]?$")
_SETTLED = re.compile(r"\bif\b(?!.*\b(?:were|had|would|could|might)\b).*\bis (?:the )?[(\[]?$")
_MOST = 60
_APART = str.maketrans(",:", "  ")
_SPEAKER = re.compile(r"i\b|as an|unable|no opinion|no puedo|je |ich |无法|不能|不知")


class Mention(NamedTuple):
    """One naming of an option. `form`: bracket "(B)", named "option B", heading "B." opening a
    line, bare "B", or text. `verdict`: affirmed, denied, or empty.
    """

    label: str
    start: int
    end: int
    form: str
    verdict: str = ""
    concluded: bool = False
    group: int = 0


@dataclass(eq=False, kw_only=True)
class ChoiceReply(Reply):
    options: Options

    @classmethod
    def of(cls, part: Part, *, wrappers: bool = True, **own: Any) -> Self:
        """The part, cleaned, without what it strikes out and what adorns its letters."""
        text = undressed(clean(without_struck(part.raw), wrappers=wrappers))
        words = words_of(part.response_low)
        return cls(part.raw, text, lower(text), words, was_cut=part.cut, **own)

    @cached_property
    def mentions(self) -> list[Mention]:
        """Where it names options, in the text's order."""
        scanned = self.options.scan(self.low, self.start)
        found = [Mention(m.label, m.start, m.end, "text") for m in scanned if m.label]
        labels = [m for m in _label_mentions(self) if m.form != "bare" or not _inside(m, found)]
        spans = [(m.start - 12, m.end) for m in labels]
        texts = [m for m in found if not any(a <= m.start < b for a, b in spans)]
        return judged(self, sorted(labels + texts, key=lambda m: m.start))

    @cached_property
    def ruled_out(self) -> list[Mention]:
        return [m for m in self.mentions if m.verdict == "denied"]

    def in_row_with(self, mention: Mention) -> set[str]:
        """The labels of the row that the mention stands in: "A and C"."""
        return {m.label for m in self.mentions if m.group == mention.group}

    @cached_property
    def numbers_are_options(self) -> bool:
        """Whether every number is in an option's text: then naming one is no accident."""
        named = [m for m in self.mentions if m.form == "text"]
        numbers = find_numbers(self.low, self.start)
        return all(any(m.start <= n.start < m.end for m in named) for n in numbers)

    def finished(self, at: int) -> bool:
        """Whether the text ends in a full stop, or no word stands behind `at`."""
        tail = self.text[at:].rstrip()
        return not tail or tail[-1] in ".!?)\"']。！？|>" or not any(c.isalnum() for c in tail)

    def asked(self, at: int, most: int = 400) -> bool:
        """Whether the sentence that holds `at` ends in a question mark within `most` characters."""
        stop = sentence_end(self.text, at)
        return self.low[stop : stop + 1] in ("?", "？") and stop - at < most

    def meant(self, m: Mention) -> bool:
        """Whether the naming is neither part of a question nor supposed. A condition in the last
        sentence, taken from the question, leaves an option meant that comes with label and text.
        """
        if self.asked(m.end):
            return False
        ends = m.form == "bracket" and m.end - m.start > 3 and not self.text[m.end :].strip(" .\n")
        return (ends and bool(_SETTLED.search(self.before(m.start)))) or not self.hypothetical(
            m.start
        )

    def hypothetical(self, at: int) -> bool:
        """Whether what stands at `at` is supposed, with no turn ("but") before it."""
        if SUPPOSED.words.isdisjoint(self.words) and self.low.isascii():
            return False
        left = self.before(at)
        if left.isascii() and SUPPOSED.words.isdisjoint(left.translate(_APART).split()):
            return False
        return SUPPOSED.pattern.search(left, behind(TURN, left, 0)) is not None

    @cached_property
    def refusals(self) -> list[tuple[int, int]]:
        """Where it declines in words that are no option's own."""
        found: list[tuple[int, int]] = []
        at = self.start
        while len(found) < 20 and (match := REFUSAL.search(self.low, self.words, at)):
            found.append(match.span())
            at = match.end()
        if any(REFUSAL.pattern.search(entry.low) for entry in self.options.entries if found):
            found = [(start, end) for start, end in found if _SPEAKER.match(self.low, start)]
        texts = [m for m in self.mentions if m.form == "text"] if found else []
        return [span for span in found if not any(m.start <= span[0] < m.end for m in texts)]

    @cached_property
    def declined(self) -> bool:
        """Whether the speaker declines ("I cannot ..."), beyond holding that some option fails."""
        return any(_SPEAKER.match(self.low, start) for start, _ in self.refusals)

    def declined_near(self, at: int) -> bool:
        """Whether the sentence of `at` declines before `at` without a turn, or a later one does."""
        left = self.before(at)
        begin = at - len(left) + behind(TURN, left, 0)
        return any(end > begin for _, end in self.refusals)


def _inside(label: Mention, texts: list[Mention]) -> bool:
    """Whether the label is one of the words of an option's text ("B is older than A")."""
    return any(m.start <= label.start and label.end <= m.end and m.end - m.start > 8 for m in texts)


# Behind a letter these make it no label: names of species, people and keys, a point of a scale.
NOT_BEHIND = (
    r"\.\s(?:coli|elegans|difficile|albicans|botulinum|perfringens|tetani|diphtheriae|jejuni|"
    r"faecalis|trachomatis|burgdorferi|megalodon)\b|\.\s[A-Z]\.\s[A-Z][a-z]+|"
    r"\s(?:major|minor|sharp|flat)\b|(?<=\d)\s?(?:/|out\sof\s)\s?\d"
)


@lru_cache(maxsize=256)
def _label_finder(letters: str, is_ascii: bool) -> re.Pattern[str]:
    some = re.escape(letters)
    other_scripts = (
        rf"(?i:{JOINED['noun']})\s{{0,3}}(?P<joined>[{some}])(?![A-Za-z])|"
        rf"(?<![A-Za-z0-9À-ɏ_.-])(?P<noun>[{some}])\s{{0,2}}{JOINED['noun_behind']}|"
    )
    other_scripts = "" if is_ascii else other_scripts
    lower = re.escape(letters.lower())
    bare = (
        rf"|(?<![\w.,$-])(?<!\d/)(?<!out of )(?P<bare>[{some}])(?=\s(?:is|are)\b|[.!]?\s*(?:\Z|\n))"
    )
    if letters.isalpha():
        bare = (
            rf"|(?=[{some}])(?<![A-Za-z0-9À-ɏ'_.$\\+-])(?<!\b[A-Z][=≡])(?<!\b[A-Z]\s[=≡]\s)"
            rf"(?P<bare>[{some}])(?![A-Za-z0-9À-ɏ'+&]|-[A-Za-z0-9]|\s?[=≡]\s?[A-Z](?![A-Za-z])"
            rf"|{NOT_BEHIND})"
        )
    # What an alternative begins with is asked first: most places of a text are left at once.
    return re.compile(
        rf"(?=[(\[])(?<![A-Za-z0-9^_])[(\[]\s?(?P<bracket>[{some}{lower}])\s?[)\]]|"
        rf"(?=[oclasrpOCLASRP])\b(?i:options?|choices?|"
        rf"answers?|letter|statement|alternative|opción|respuesta|aussage|antwort|lettre|letra|"
        rf"réponse|proposition|alternativa|opção|resposta|opzione|risposta|lettera)"
        rf"[ \t]?[:#]?[ \t]?[(\[\"']{{0,2}}(?P<named>[{some}]|[{lower}](?=[)\].,;:!?\n]|"
        rf"\s(?:is|was)\b|\s*$))(?![A-Za-z0-9À-ɏ]|'[a-z]|-[a-z]|\s?[=≡]\s?[A-Z](?![A-Za-z]))"
        rf"[)\]\"']{{0,2}}|(?=[{lower}])(?<= )(?:(?<=\bis )|"
        rf"(?<=\bbe )|(?<=\bso )|(?<=\bits )|(?<=\bit's ))"
        rf"(?P<low>[{lower}])(?<!a(?![.!]))(?=[.!]?\s*\Z)|"
        rf"(?=[{lower}])(?<![\w'-])(?P<judged>[{lower}])(?=\s(?:is|was)\s(?:the\s)?(?:right|correct|best)\b)|"
        rf"{other_scripts}"
        rf"^[ \t>#-]{{0,6}}[(\[]?(?P<heading>[{some}{lower}])(?!{NOT_BEHIND})"
        rf" {{0,3}}[.):\]](?=\s|$){bare}",
        re.MULTILINE,
    )


_BEHIND_LABEL = re.compile(
    r"\s*(?:$|[.,;:!?)\]、\n\"'/&✗✘❌✓✔✅|]|(?:is|are|was|and|or|no|yes|because|since|as|isn't"
    r"|cannot|can't|in|it is|it must be|y|e|o|et|ou|und|oder|es|est|ist|está|trifft|"
    r"é|è)\b|[\u0400-\u1fff\u3040-\ud7ff]|\([^()\s]{1,9}\))"
)
_BEHIND_PRONOUN = re.compile(r"\s+(?:was|can't|cannot)")


def _article_or_pronoun(label: str, text: str, end: int) -> bool:
    """Whether a bare A or I is a word of its own: no verb and no pause follows."""
    if label not in "AI":
        return False
    after = text[end : end + 12]
    pronoun = label == "I" and _BEHIND_PRONOUN.match(after)
    return bool(pronoun) or not _BEHIND_LABEL.match(after)


def _is_joined(low: str, left: str, end: int) -> bool:
    """Whether a bare label stands in a text of another script, by what is before or behind it."""
    if left.isascii() or _FORMULA.match(low, end):
        return False
    return bool(_JOINED_LEFT.search(left) or JOINED_VERDICT.match(low, end))


def _stands_apart(low: str, label: str, start: int, end: int) -> bool:
    """Whether a bare label is one, by what is around it, and no word or part of one."""
    left = low[max(0, start - 28) : start]
    apart = not _article_or_pronoun(label, low, end) and _LEFT_OF_BARE.search(left)
    return bool(apart or _is_joined(low, left, end)) and not _OWNER.match(low, end)


def _ordinals(reply: ChoiceReply) -> list[Mention]:
    """ "The second option", "the last one"."""
    labels = [label for label, _ in reply.options.pairs]
    return [
        Mention(labels[_ORDINALS[m[1]]], m.start(), m.end(), "named")
        for m in deque(_ORDINAL.finditer(reply.low, reply.start), maxlen=_MOST)
        if _ORDINALS[m[1]] < len(labels)
    ]


_FUNCTION = re.compile(r"(?:^|[^A-Za-z])[A-Za-z][(\[]$")
_FACTOR = re.compile(r"[ ]?[A-Za-z_^+=/*(\[]")


def _in_formula(raw: str, start: int, end: int) -> bool:
    """Whether the raw text has it as a subscript or power, a function "B(n)", or "[A] dt"."""
    if (start and raw[start - 1] in "_^\\") or raw[end : end + 1] in ("(", "_", "^"):
        return True
    before = raw[max(0, start - 3) : start]
    if _FUNCTION.search(before) or (before.endswith("$\n") and raw.find("$", end) < 0):
        return True
    if raw[start : start + 1] != "[":
        return False
    return raw[start - 1 : start] == "$" or bool(_FACTOR.match(raw, end))


def _label_mentions(reply: ChoiceReply) -> list[Mention]:
    text, low, options = reply.text, reply.low, reply.options
    if not options.letters:
        return []
    found = _ordinals(reply)
    matches = list(_label_finder(options.letters, text.isascii()).finditer(text, reply.start))
    if len(matches) > 2 * _MOST:
        matches = matches[:_MOST] + matches[-_MOST:]
    for m in matches:
        form = str(m.lastgroup)
        label, at, end = m[form], m.start(form), m.end()
        if form == "bare" and not _stands_apart(low, label, m.start(), end):
            continue
        if form == "heading" and label == "I" and "\nII" in text:
            continue  # Roman numerals
        if label not in options.letters:
            label = label.upper()
            if label not in options.letters or label == "I":
                continue
        through = _THROUGH_LEFT.search(text[max(0, m.start() - 14) : m.start()])
        if through or _THROUGH.match(text, end) or _in_formula(reply.raw, m.start(), end):
            continue
        if form in ("low", "judged", "joined", "noun"):
            form = "named"
        elif (own := options.at(low, end, end + 300)) and own.label == label:
            end = own.end if own.start - end < 8 else end
        found.append(Mention(label, at, end, form))
    return found


def judged(reply: ChoiceReply, mentions: list[Mention]) -> list[Mention]:
    """The mentions with their verdicts; "A and C are out" rules out both."""
    low, options, out = reply.low, reply.options, list[Mention]()
    labelled = bool(options.letters) and not options.verdicts
    for number, row in enumerate(_rows(mentions, low)):
        first = row[0]
        verdict = verdict_on(labelled, low, reply.before(first.start), row[-1].end)
        left = reply.before(first.start, 90)
        concluded = _is_concluded(first, left, out)
        other = options.opposite(first.label) if len(row) == 1 and first.form == "text" else None
        if other and (verdict == "denied" or _NEGATED_LEFT.search(left)):
            out.append(first._replace(label=other, concluded=concluded, group=number))
        else:
            out += [m._replace(verdict=verdict, concluded=concluded, group=number) for m in row]
    return _items_judged(out, low)


def _rows(mentions: list[Mention], low: str) -> list[list[Mention]]:
    """The mentions by the rows in which they are named: "A, B and D"."""
    rows: list[list[Mention]] = []
    for mention in mentions:
        last = rows[-1][-1] if rows else None
        near = last and mention.start - last.end < 64
        if last and near and _LIST_JOIN.fullmatch(low[last.end : mention.start]):
            rows[-1].append(mention)
        else:
            rows.append([mention])
    return rows


def _is_concluded(mention: Mention, left: str, earlier: list[Mention]) -> bool:
    """Whether `left` of it leads to a conclusion, with no other option between."""
    led = CONCLUSION.search(left)
    if not led:
        return False
    floor = mention.start - len(left) + led.start()
    rivals = (m for m in earlier if m.start >= floor and m.label != mention.label)
    return all(m.verdict == "denied" for m in rivals)


def _items_judged(mentions: list[Mention], low: str) -> list[Mention]:
    """With the verdicts at the end of list items, unless they find several options right."""
    verdicts: dict[int, str] = {}
    for i, m in enumerate(mentions):
        item = not m.verdict and m.form != "text"
        if item and _ITEM_LEFT.search(low[max(0, m.start - 24) : m.start]):
            found = _ITEM_VERDICT.match(low, m.end)
            if found:
                verdicts[i] = "affirmed" if found["affirm"] or found["sign"] else "denied"
    if len({mentions[i].label for i, verdict in verdicts.items() if verdict == "affirmed"}) > 1:
        return mentions
    return [m._replace(verdict=verdicts[i]) if i in verdicts else m for i, m in enumerate(mentions)]
