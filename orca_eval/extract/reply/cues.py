"""The phrases that announce an answer, as data, per language. To teach a new one, add a line here.

A cue is found by its anchor, a literal that plain search finds fast, in lower case; the pattern for
what follows the anchor ends where the answer begins. <about>, <is>, <fill> and <noun> stand for
what may be said in between.
"""

import re

from orca_eval.extract.reply.phrases import Cue, Cues, Openings, Phrases

_ABOUT = (
    r"(?:\s+(?:to|for|of|here|in|from|that|which|we|i|you|among|given|based|would|after|therefore"
    r"|then|\((?![a-j1-9]\))|according)\b[^\n.:?!]{0,120}?)?"
)
_FILL = (
    r"(?:\s*(?:,\s*)?(?:therefore|thus|then|hence|simply|most likely|likely|probably|definitely"
    r"|actually|indeed|clearly|obviously|still|again|in fact|going to be|given by|as follows"
    r"|that|just|now|approximately|about|around|roughly|exactly|equal to|in this case|best"
    r"|the following|following|only|undoubtedly|certainly|surely|unequivocally|of course)\b,?){0,3}"
)
_IS = (
    r"(?:(?:is|are|was|were)(?!n't)\b|(?:is|was)(?=n't)|'s\b|would be|will be|should be|must be|"
    r"has to be|have to be|can only be|could be|may be|might be|seems to be|appears to be|becomes|"
    r"comes out (?:to be|to|as)|remains|equals|=|:|->|=>|→|：|≈|\|(?!\s*\n))"
)
_TAIL = r"(?:[\s:：=\"'~>#→|]|-(?!\s?[\d.$])){0,16}"
_NOUN = (
    r"(?:answer|option|choice|statement|response|one|solution|letter|alternative|selection"
    r"|conclusion|match|fit|description|explanation|order|word|term|sentence|pick|guess|"
    r"label|result|interpretation)"
)
_PARTS = {"<about>": _ABOUT, "<is>": _IS, "<fill>": _FILL, "<noun>": _NOUN}
_PARTICLES = frozenset(("with", "for", "on", "in", "towards", "is"))


def _cues(*lines: tuple[str, ...]) -> Cues:
    """Cues, a line each: language, anchors, what follows them, an example with {} for the anchor.

    The word that tells that a reply may hold it is the anchor's last that is no particle, or those
    of a fifth entry; Chinese has no spaces to tell words by.
    """
    found: list[Cue] = []
    for language, anchors, behind, example, *words in lines:
        for anchor in anchors.split("|"):
            pattern = anchor + behind + _TAIL
            for name, part in _PARTS.items():
                pattern = pattern.replace(name, part)
            known = [word for word in anchor.split() if word not in _PARTICLES][-1:]
            known = [] if language == "zh" else words[0].split() if words else known
            shown = example.format(anchor)
            found.append(Cue(language, anchor, re.compile(pattern), shown, frozenset(known)))
    return Cues(*found)


# "the answer is": an explicit statement of the answer, for every kind of question.
ANSWER_IS = _cues(
    (
        "en",
        "answer",
        r"s?(?:\s*(?:choice|option|letter|key|value|number|label))?[\"')\]]{0,2}"
        r"<about>\s{0,3}<is><fill>",
        "The answer is B.",
        "answer answers",
    ),
    ("en", "answer", r"s?\s*[:#]{0,3}\s{0,3}\n", "### Answer\\nB", "answer answers"),
    ("en", "answer", r" with\b", "I answer with B"),
    ("en", "ans", r"\.?\s{0,2}[:=]", "Ans: B"),
    ("en", "solution", r"<about>\s{0,3}(?:is|:|=)<fill>", "The solution is 12."),
    ("en", "output", r"\s{0,3}(?:is|:)<fill>", "Output: ) ]"),
    ("zh", "答案", r"\s?(?:应该|应|就|选|选项)?\s?(?:是|为|选|：|:|即)\s?(?:选项)?", "答案是B"),
    (
        "es",
        "respuesta",
        r"(?:\s+(?:correcta|final|es la|a)\b[^\n.:?!]{0,60}?)?\s{0,3}(?:es|sería|"
        r"debe ser|:|：)\s*(?:la|el)?(?:\s+(?:opción|letra))?",
        "La respuesta correcta es B.",
    ),
    (
        "fr",
        "réponse|reponse",
        r"(?:\s+(?:correcte|finale|exacte|juste|à|a la)\b[^\n.:?!]{0,60}?)?\s{0,3}(?:est|"
        r"serait|doit être|:)\s*(?:donc)?\s*(?:la|le|l')?(?:\s*(?:option|lettre))?",
        "La {} est B.",
    ),
    (
        "de",
        "antwort",
        r"(?:option|möglichkeit)?(?:\s+(?:auf|zu|ist also)\b[^\n.:?!]{0,60}?)?\s{0,3}"
        r"(?:ist|lautet|wäre|:)\s*(?:daher|also|somit)?\s*(?:die|der|das)?"
        r"(?:\s*(?:option|antwort|buchstabe))?",
        "Die richtige Antwort ist B.",
        "antwort antwortoption antwortmöglichkeit",
    ),
)

# "the correct option is": for choices only.
_EST = r"(?:\s+(?:réponse|option))?\s{0,3}(?:est|:)\s*(?:donc)?\s*(?:la|l')?"
_CHOSEN = r"(?:\s+(?:is|as my answer|for this question))?<fill>"
CORRECT_IS = _cues(
    (
        "en",
        "correct|right|best|most appropriate|most accurate|most likely|most suitable|"
        "most plausible|closest|most logical",
        r"(?:\s+<noun>){0,2}<about>\s{0,3}<is><fill>",
        "The {} option is B.",
    ),
    (
        "en",
        "final",
        r"\s+(?:option|choice|selection|pick|decision|verdict)\s{0,3}<is><fill>",
        "My final choice is B.",
    ),
    ("en", "go with", r"(?: the)?", "I'll {} B."),
    ("en", "going with", r"(?: the)?", "I'm {} B."),
    (
        "en",
        "choose|select|pick|opt for|chose|selected|picked|settle on|vote for|mark",
        _CHOSEN,
        "I {} B.",
    ),
    ("en", "confident in", _CHOSEN, "I'm {} B."),
    ("en", "lean towards", _CHOSEN, "I {} B."),
    ("en", "leaning towards", _CHOSEN, "I'm {} B."),
    ("en", "choice is|guess is", r"<fill>", "My {} B."),
    ("en", "meant", "", "Sorry, I meant B."),
    ("zh", "而是", "", "答案不是A，而是B"),
    ("zh", "是", r"(?<!不是)\s?(?:选项)?(?=[a-j][。.\s]{0,4}$)", "不是A，是B"),
    ("es", "sino", r"(?: que)?(?: es)?(?: la)?", "No es A, sino B."),
    ("de", "sondern", "", "Nicht A, sondern B."),
    ("zh", "选", r"(?<!可选)(?:择|项)?\s?(?:是|为|：|:)?", "因此选B"),
    (
        "es",
        "opción",
        r"(?:\s+(?:correcta|adecuada|final|más adecuada))?\s{0,3}(?:es|:)\s*(?:la)?",
        "La opción correcta es B.",
    ),
    ("es", "elijo", r"(?:\s+la)?(?:\s+opción)?", "Elijo la opción B."),
    ("fr", "bonne", _EST, "La bonne est B."),
    ("fr", "option correcte", _EST, "L'option correcte est B."),
    (
        "de",
        "richtige|korrekte",
        r"\s+(?:option|aussage|antwort|wahl|lösung)\s{0,3}(?:ist|lautet|:)\s*(?:daher|also|somit)?",
        "Die {} Option ist B.",
    ),
)

# In front of an answer: nothing is claimed, it is supposed, quoted from others, or denied.
SUPPOSED = Phrases(
    "if unless suppose supposing assume assuming assumed imagine whether might may would "
    "could some many glance tempted tempting mistakenly mistake often initially "
    "originally previously thought seem had were example",
    r"\b(?:if(?! i (?:must|had to|have to|were to|am to)| forced| pressed)|unless|suppose|"
    r"supposing|assum\w+|imagine|whether|might (?:think|say|choose|guess|assume|argue|be tempted)|"
    r"may (?:think|say|choose|guess|assume)|would (?:think|say you)|could (?:think|argue|say)|"
    r"some (?:\w+ )?(?:people|students|might|may|would|could)|many (?:people|students)|one might|"
    r"you might|at first glance|tempt\w+|mistakenly|common mistake|students often|initially|"
    r"originally|previously|i (?:first )?thought|it (?:may|might) seem|had it been|were it|"
    r"example)\b[^.\n]{0,60}$",
)
DENIED_LEFT = re.compile(
    r"(?:\b(?:not|neither|nor|never|cannot be|rule out|ruled? out|ruling out|eliminat(?:e|ed|es|"
    r"ing)|exclud(?:e|ed|es|ing)|except(?: for)?|rather than|instead of|unlike|other than|"
    r"discard(?:ed)?|dismiss(?:ed)?|reject(?:ed)?|incorrect|wrong|without|avoid|anything but|"
    r"no es|n'est pas|nicht|kein\w*)|n't|不是|不选|排除)\s+(?:be\s+|to be\s+|choose\s+|select\s+|"
    r"pick\s+|the\s+|an?\s+|answer\s+|correct\s+|right\s+|best\s+|option\s+|options\s+|choice\s+|"
    r"choices\s+|both\s+|la\s+|die\s+){0,4}[\s\"'(\[:]{0,4}$|(?:不是|不选|"
    r"排除)[\s(]{0,2}(?:选项)?[\s(]{0,2}$"
)
DENIAL = (
    r"(?:not|n't|never|cannot|incorrect|wrong|false|out|eliminated?|excluded?|discard(?:ed)?|"
    r"reject(?:ed)?|irrelevant|invalid|unlikely|impossible|implausible|inaccurate|unrelated|ruled|"
    r"mistaken|neither|fails?|contradicts?|contradicted|inconsistent|incompatible|too \w+|doesn't|"
    r"don't|didn't|isn't|aren't|wasn't|can't|won't|no es|incorrecta|falsch|nicht|fausse|n'est pas|"
    r"incorrecte)"
)
AFFIRMATION = (
    r"(?:correct|right|best|better|the answer|true|accurate|the only|the one|my answer|"
    r"most (?:likely|appropriate|accurate|suitable|plausible)|the final answer|the choice|"
    r"preferred|chosen|the strongest|the stronger|the closest|closest|closer|the most|appropriate|"
    r"la correcta|la respuesta|correcta|richtig|korrekt|la bonne|correcte|valid)"
)
VERB = (
    r"(?:is|are|was|were|be|seems?|looks?|appears?|would|could|can|should|must|has|have|had|does|"
    r"do|did|may|might|remains?|isn't|aren't|wasn't|can't|cannot|doesn't|don't|didn't|won't|es|"
    r"est|ist|sind|sont|son|fails?|contradicts?|stands?|fits?|makes?)"
)

# Where a sentence turns: what was supposed or denied before no longer governs.
TURN = re.compile(
    r".*(?:\bbut\b|\bhowever\b|\byet\b|\bthough\b|;|\bwhereas\b|\binstead\b|而)", re.DOTALL
)

# The reply declines, or holds that nothing offered is right.
REFUSAL = Phrases(
    "sorry unable not t cannot afraid ai apologize apologise insufficient impossible "
    "none no neither question more puedo peux sais ich",
    r"\b(?:i(?:'m| am) (?:sorry|unable|not able|not sure|afraid|not certain|just an ai)|"
    r"i apologi[sz]e|i (?:can(?:'t|not)|could not|couldn't|do not|don't|will not|won't|"
    r"am unable to) (?:\w+ ){0,2}?(?:provide|answer|determine|select|choose|give|know|say|tell|"
    r"help|assist|decide|pick|make|participate|see|verify|access|confirm|identify)|"
    r"cannot be (?:determined|answered|concluded|inferred|known|decided)|can't be (?:determined|"
    r"answered|known)|not (?:possible|enough information|sufficient information|given enough)|"
    r"insufficient information|impossible to (?:determine|say|know|tell|answer)|"
    r"unable to (?:determine|answer|provide|select|choose)|none of (?:the|these|those|them)|"
    r"no (?:correct|right|valid|suitable) (?:answer|option|choice)|not (?:listed|among|one of|"
    r"included|available|provided in)|no option|neither (?:option|answer|choice|of)|"
    r"isn't (?:listed|among)|question is (?:flawed|unclear|ambiguous|incomplete)|"
    r"more (?:information|context|details)|as an ai|no opinion|no puedo|je ne (?:peux|sais)|"
    r"ich kann nicht|ich weiß nicht)\b|无法|不能确定|不知道|以上都不",
)
NO_ANSWER = re.compile(
    r"[\s\"'(\[:]{0,6}(?:the )?(?:none|neither|no (?:correct|right|valid|suitable|such|answer|"
    r"option|one|definitive|clear|single)|nothing|not (?:listed|given|available|provided|among|"
    r"enough|possible|clear|known|determin\w+|specified|stated|in the|one of|applicable|here|"
    r"present|sure|certain|shown|included)|unknown|unclear|undetermined|undefined|indeterminate|"
    r"cannot|can't|could not|impossible|n/a\b|there (?:is|are) no|i (?:do not|don't|cannot|can't)|"
    r"insufficient|ninguna|aucune?|keine|以上都不|都不|无)"
)
# What stands in an answer's place says that there is none, where all of these are found: who or
# what denies, the denial, and what is missing. ("Unknown gunmen", "no state religion" are answers.)
NOT_GIVEN = tuple(
    map(
        re.compile,
        (
            r"^[\s\"'(\[:]{0,6}(?:the |this |that |an? )?(?:not|no|none|cannot|can't|unknown|"
            r"unclear|undetermined|insufficient|impossible|nothing|there|it|this|i|passage|text|article|"
            r"paragraph|question|information|answer|context|based on)\b",
            r"(?:\b(?:not|no|none|never|cannot|unknown|unclear|undetermined|insufficient|impossible|"
            r"nothing)|n't)\b",
            r"\b(?:mention(?:ed|s)?|provide[sd]?|specif(?:y|ies|ied)|stated|given|passage|text|"
            r"article|paragraph|information|context|determined?|disclosed|available)\b",
        ),
    )
)

# A verdict is withdrawn or taken up again.
CORRECTION = Openings(
    left=r"(?:^|[\n.!?…,;:)-]\s{0,3})(?:oh |or |but |ah |however, |hmm,? |uh,? |oops,? |"
    r"sorry,? |no,? |my (?:bad|apologies),? )?$",
    phrases=(
        *("wait", "hold on", "hmm", "actually", "scratch that", "correction", "on second thought"),
        *("let me re", "let me correct", "let me fix", "let me double", "let me try again"),
        *("let me think again", "let me check", "let me start over", "no, ", "no. ", "no! "),
        *("sorry, ", "sorry. ", "oops", "my mistake", "i made a mistake", "i made an error"),
        *("that's not right", "that is not right", "that's wrong", "that is wrong"),
        *("that was wrong", "that's incorrect", "that is incorrect", "that can't be right"),
        *("that cannot be right", "that's a mistake", "i was wrong", "i am wrong"),
        *("i was mistaken", "i misread", "apologies", "upon reflection", "upon re"),
        *("looking again", "looking more", "rechecking", "re-checking", "rereading", "re-reading"),
        *("reconsidering", "re-evaluating", "rethinking", "on closer", "on further"),
        *("upon closer", "upon further", "after checking again", "after rechecking"),
        *("i take that back", "strike that", "edit:", "corrected", "rather, "),
    ),
)
WITHDRAWN = Phrases(
    "scratch right wrong incorrect mistake correct error misread mistaken take strike",
    r"scratch that|that(?:'s| is| was| can't be| cannot be) (?:not right|wrong|incorrect|"
    r"a mistake|not correct)|my mistake|i made (?:a|an) (?:mistake|error)|i (?:was|"
    r"am) (?:wrong|mistaken)|i misread|i take that back|strike that",
)

# What leads to a conclusion, and what shows a belief.
CONCLUSION = re.compile(
    r"(?:\b(?:so|therefore|thus|hence|consequently|ergo|accordingly|which means|meaning|"
    r"this means|that means|must be|has to be|it is|it's|its|that's|i think|i believe|i'd say|"
    r"i would say|i guess|i'd guess|my guess|leaving|leaves|left with|left is|conclude|concluded|"
    r"concluding|in conclusion|in summary|finally|overall|only|points to|pointing to|indicates|"
    r"suggests|making|would be|should be|luego|por lo tanto|por tanto|entonces|donc|also|daher|"
    r"somit|folglich|probably|likely|surely|certainly|undoubtedly|definitely|maybe|perhaps)\b|因此|"
    r"所以|故|应)[^.\n]{0,60}$|:\s{0,3}[\"'(]?$"
)
