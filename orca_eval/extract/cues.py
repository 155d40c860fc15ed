"""The phrases that announce an answer, as data, per language. To teach a new one, add a line here.

A cue is found by its anchor, a literal that plain search finds fast; its pattern then matches the
lower-case text at the anchor and ends where the answer begins.
"""

from __future__ import annotations

import re

from orca_eval.extract.phrases import Cue, Cues, Openings, Phrases

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
    r"(?:(?:is|are|was|were)(?!n't)\b|(?:is|was)(?=n't)|'s\b|would be|will be|should be|"
    r"must be|has to be|"
    r"have to be|can only be"
    r"|could be|may be|might be|seems to be|appears to be|becomes|comes out (?:to be|to|"
    r"as)|remains|equals"
    r"|=|:|->|=>|→|：|≈|\|(?!\s*\n))"
)
_TAIL = r"(?:[\s:：=\"'~>#→|]|-(?!\s?[\d.$])){0,16}"


def _cue(language: str, anchor: str, pattern: str, example: str, words: str = "") -> Cue:
    spaced = language not in ("zh",)
    found = frozenset((words or anchor.rsplit(maxsplit=1)[-1]).split()) if spaced else frozenset()
    return Cue(language, anchor, re.compile(pattern), example, found)


# "the answer is": an explicit statement of the answer, for every kind of question.
ANSWER_IS = Cues(
    _cue(
        "en",
        "answer",
        r"answers?(?:\s*(?:choice|option|letter|key|value|number|label))?[\"')\]]{0,2}"
        + _ABOUT
        + r"\s{0,3}"
        + _IS
        + _FILL
        + _TAIL,
        "The answer is B.",
        "answer answers",
    ),
    _cue(
        "en", "answer", r"answers?\s*[:#]{0,3}\s{0,3}\n" + _TAIL, "### Answer\\nB", "answer answers"
    ),
    _cue("en", "answer", r"answer with\b" + _TAIL, "I answer with B"),
    _cue("en", "ans", r"ans\.?\s{0,2}[:=]" + _TAIL, "Ans: B"),
    _cue(
        "en",
        "solution",
        r"solution" + _ABOUT + r"\s{0,3}(?:is|:|=)" + _FILL + _TAIL,
        "The solution is 12.",
    ),
    _cue("en", "output", r"output\s{0,3}(?:is|:)" + _FILL + _TAIL, "Output: ) ]"),
    _cue(
        "zh",
        "答案",
        r"答案\s?(?:应该|应|就|选|选项)?\s?(?:是|为|选|：|:|即)\s?(?:选项)?" + _TAIL,
        "答案是B",
    ),
    _cue(
        "es",
        "respuesta",
        r"respuesta(?:\s+(?:correcta|final|es la|a)\b[^\n.:?!]{0,60}?)?\s{0,3}(?:es|sería|"
        r"debe ser|:|：)\s*(?:la|el)?"
        r"(?:\s+(?:opción|letra))?" + _TAIL,
        "La respuesta correcta es B.",
    ),
    *(
        _cue(
            "fr",
            word,
            word
            + r"(?:\s+(?:correcte|finale|exacte|juste|à|a la)\b[^\n.:?!]{0,60}?)?\s{0,3}(?:est|"
            r"serait|doit être|:)"
            r"\s*(?:donc)?\s*(?:la|le|l')?(?:\s*(?:option|lettre))?" + _TAIL,
            f"La {word} est B.",
        )
        for word in ("réponse", "reponse")
    ),
    _cue(
        "de",
        "antwort",
        r"antwort(?:option|möglichkeit)?(?:\s+(?:auf|zu|"
        r"ist also)\b[^\n.:?!]{0,60}?)?\s{0,3}(?:ist|lautet|wäre|:)"
        r"\s*(?:daher|also|somit)?\s*(?:die|der|das)?(?:\s*(?:option|antwort|buchstabe))?" + _TAIL,
        "Die richtige Antwort ist B.",
        "antwort antwortoption antwortmöglichkeit",
    ),
)

_OPTION_NOUN = (
    r"(?:answer|option|choice|statement|response|one|solution|letter|alternative|selection"
    r"|conclusion|match|fit|description|explanation|order|word|term|sentence|pick|guess|"
    r"label|result|interpretation)"
)

# "the correct option is": for choices only.
CORRECT_IS = Cues(
    *(
        _cue(
            "en",
            word,
            word + r"(?:\s+" + _OPTION_NOUN + r"){0,2}" + _ABOUT + r"\s{0,3}" + _IS + _FILL + _TAIL,
            f"The {word} option is B.",
        )
        for word in (
            "correct",
            "right",
            "best",
            "most appropriate",
            "most accurate",
            "most likely",
            "most suitable",
            "most plausible",
            "closest",
            "most logical",
        )
    ),
    _cue(
        "en",
        "final",
        r"final\s+(?:option|choice|selection|pick|decision|verdict)\s{0,3}" + _IS + _FILL + _TAIL,
        "My final choice is B.",
    ),
    _cue("en", "go with", r"go with(?: the)?" + _TAIL, "I'll go with B.", "go"),
    _cue("en", "going with", r"going with(?: the)?" + _TAIL, "I'm going with B.", "going"),
    *(
        _cue(
            "en",
            word,
            word + r"(?:\s+(?:is|as my answer|for this question))?" + _FILL + _TAIL,
            f"{subject} {word} B.",
            word.split()[0],
        )
        for subject, word in (
            ("I", "choose"),
            ("I", "select"),
            ("I", "pick"),
            ("I", "opt for"),
            ("I", "chose"),
            ("I", "selected"),
            ("I", "picked"),
            ("I", "settle on"),
            ("I", "vote for"),
            ("I", "mark"),
            ("I'm", "confident in"),
            ("I", "lean towards"),
            ("I'm", "leaning towards"),
        )
    ),
    _cue("en", "choice is", r"choice is" + _FILL + _TAIL, "My choice is B.", "choice"),
    _cue("en", "guess is", r"guess is" + _FILL + _TAIL, "My guess is B.", "guess"),
    _cue("en", "meant", r"meant" + _TAIL, "Sorry, I meant B."),
    _cue("zh", "而是", r"而是" + _TAIL, "答案不是A，而是B"),
    _cue("zh", "是", r"(?<!不)是\s?(?:选项)?(?=[a-j][。.\s]{0,4}$)", "不是A，是B"),
    _cue("es", "sino", r"sino(?: que)?(?: es)?(?: la)?" + _TAIL, "No es A, sino B."),
    _cue("de", "sondern", r"sondern" + _TAIL, "Nicht A, sondern B."),
    _cue("zh", "选", r"(?<!可)选(?:择|项)?\s?(?:是|为|：|:)?" + _TAIL, "因此选B"),
    _cue(
        "es",
        "opción",
        r"opción(?:\s+(?:correcta|adecuada|final|más adecuada))?\s{0,3}(?:es|:)\s*(?:la)?" + _TAIL,
        "La opción correcta es B.",
    ),
    _cue("es", "elijo", r"elijo(?:\s+la)?(?:\s+opción)?" + _TAIL, "Elijo la opción B."),
    *(
        _cue(
            "fr",
            word,
            word + r"(?:\s+(?:réponse|option))?\s{0,3}(?:est|:)\s*(?:donc)?\s*(?:la|l')?" + _TAIL,
            f"{article}{word} est B.",
        )
        for article, word in (("La ", "bonne"), ("L'", "option correcte"))
    ),
    *(
        _cue(
            "de",
            word,
            word
            + r"\s+(?:option|aussage|antwort|wahl|lösung)\s{0,3}(?:ist|lautet|:)\s*(?:daher|also|"
            r"somit)?" + _TAIL,
            f"Die {word} Option ist B.",
        )
        for word in ("richtige", "korrekte")
    ),
)

# In front of an answer: nothing is claimed, it is supposed, quoted from others, or denied.
SUPPOSED = Phrases(
    "if unless suppose supposing assume assuming assumed imagine whether might may would "
    "could some many glance tempted tempting mistakenly mistake often initially "
    "originally previously thought seem had were example",
    r"\b(?:if(?! i (?:must|had to|have to|were to|am to)| forced| pressed)|unless|suppose|"
    r"supposing|assum\w+|imagine|whether|might (?:think|say|choose|guess|assume|argue|"
    r"be tempted)"
    r"|may (?:think|say|choose|guess|assume)|would (?:think|say you)|could (?:think|argue|"
    r"say)|some (?:\w+ )?(?:people|students|might|may|would|could)"
    r"|many (?:people|students)|one might|you might|at first glance|tempt\w+|mistakenly|"
    r"common mistake|students often"
    r"|initially|originally|previously|i (?:first )?thought|it (?:may|might) seem|"
    r"had it been|were it|example)\b[^.\n]{0,60}$",
)
DENIED_LEFT = re.compile(
    r"(?:\b(?:not|neither|nor|never|cannot be|rule out|ruled? out|ruling out|eliminat(?:e|"
    r"ed|es|ing)|exclud(?:e|ed|es|ing)|except(?: for)?"
    r"|rather than|instead of|unlike|other than|discard(?:ed)?|dismiss(?:ed)?|"
    r"reject(?:ed)?|incorrect|wrong|without|avoid|anything but|no es|n'est pas|nicht|"
    r"kein\w*)"
    r"|n't|不是|不选|排除)"
    r"\s+(?:be\s+|to be\s+|choose\s+|select\s+|pick\s+|the\s+|an?\s+|answer\s+|correct\s+|"
    r"right\s+|best\s+|option\s+|options\s+|choice\s+|choices\s+|both\s+|la\s+|"
    r"die\s+){0,4}[\s\"'(\[:]{0,4}$"
    r"|(?:不是|不选|排除)[\s(]{0,2}(?:选项)?[\s(]{0,2}$"
)
DENIAL = (
    r"(?:not|n't|never|cannot|incorrect|wrong|false|out|eliminated?|excluded?|"
    r"discard(?:ed)?|reject(?:ed)?"
    r"|irrelevant|invalid|unlikely|impossible|implausible|inaccurate|unrelated|ruled|"
    r"mistaken|neither"
    r"|fails?|contradicts?|contradicted|inconsistent|incompatible|too \w+|doesn't|don't|"
    r"didn't|isn't|aren't|wasn't|can't|won't"
    r"|no es|incorrecta|falsch|nicht|fausse|n'est pas|incorrecte)"
)
AFFIRMATION = (
    r"(?:correct|right|best|better|the answer|true|accurate|the only|the one|my answer|"
    r"most (?:likely|appropriate|accurate|suitable|plausible)"
    r"|the final answer|the choice|preferred|chosen|the strongest|the stronger|the closest|"
    r"closest|closer|the most|appropriate|la correcta|la respuesta|correcta|richtig|korrekt|"
    r"la bonne|correcte|"
    r"valid)"
)
VERB = (
    r"(?:is|are|was|were|be|seems?|looks?|appears?|would|could|can|should|must|has|have|"
    r"had|does|do|did|may|might|remains?"
    r"|isn't|aren't|wasn't|can't|cannot|doesn't|don't|didn't|won't|es|est|ist|sind|sont|"
    r"son|fails?|contradicts?|stands?|fits?|makes?)"
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
    r"am unable to)"
    r" (?:\w+ ){0,2}?(?:provide|answer|determine|select|choose|give|know|say|tell|help|"
    r"assist|decide|pick|make|participate|see|verify|access|confirm|identify)"
    r"|cannot be (?:determined|answered|concluded|inferred|known|decided)|"
    r"can't be (?:determined|answered|known)|not (?:possible|enough information|"
    r"sufficient information|given enough)"
    r"|insufficient information|impossible to (?:determine|say|know|tell|answer)|"
    r"unable to (?:determine|answer|provide|select|choose)"
    r"|none of (?:the|these|those|them)|no (?:correct|right|valid|suitable) (?:answer|"
    r"option|choice)|not (?:listed|among|one of|included|available|provided in)"
    r"|no option|neither (?:option|answer|choice|of)|isn't (?:listed|among)|"
    r"question is (?:flawed|unclear|ambiguous|incomplete)|more (?:information|context|"
    r"details)"
    r"|as an ai|no opinion|no puedo|je ne (?:peux|sais)|ich kann nicht|ich weiß nicht)\b|"
    r"无法|不能确定|不知道|以上都不",
)
NO_ANSWER = re.compile(
    r"[\s\"'(\[:]{0,6}(?:the )?(?:none|neither|no (?:correct|right|valid|suitable|such|"
    r"answer|option|one|definitive|clear|single)|nothing|not (?:listed|given|available|"
    r"provided|among|enough|possible"
    r"|clear|known|determin\w+|specified|stated|in the|one of|applicable|here|present|sure"
    r"|certain|shown|included)|unknown|unclear|undetermined|undefined|indeterminate|cannot"
    r"|can't|could not|impossible|n/a\b|there (?:is|are) no"
    r"|i (?:do not|don't|cannot|can't)|insufficient|ninguna|aucune?|keine|以上都不|都不|无)"
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
        "wait",
        "hold on",
        "hmm",
        "actually",
        "scratch that",
        "correction",
        "on second thought",
        "let me re",
        "let me correct",
        "let me fix",
        "let me double",
        "let me try again",
        "let me think again",
        "let me check",
        "let me start over",
        "no, ",
        "no. ",
        "no! ",
        "sorry, ",
        "sorry. ",
        "oops",
        "my mistake",
        "i made a mistake",
        "i made an error",
        "that's not right",
        "that is not right",
        "that's wrong",
        "that is wrong",
        "that was wrong",
        "that's incorrect",
        "that is incorrect",
        "that can't be right",
        "that cannot be right",
        "that's a mistake",
        "i was wrong",
        "i am wrong",
        "i was mistaken",
        "i misread",
        "apologies",
        "upon reflection",
        "upon re",
        "looking again",
        "looking more",
        "rechecking",
        "re-checking",
        "rereading",
        "re-reading",
        "reconsidering",
        "re-evaluating",
        "rethinking",
        "on closer",
        "on further",
        "upon closer",
        "upon further",
        "after checking again",
        "after rechecking",
        "i take that back",
        "strike that",
        "edit:",
        "corrected",
        "rather, ",
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
    r"this means|that means|must be|has to be|it is|it's|its|that's|i think|i believe|"
    r"i'd say"
    r"|i would say|i guess|i'd guess|my guess|leaving|leaves|left with|left is|conclude|"
    r"concluded|concluding|in conclusion|in summary|finally|overall|only|points to|"
    r"pointing to|indicates|suggests|making|would be|should be|luego|por lo tanto|"
    r"por tanto|entonces|donc|also|daher|somit|folglich"
    r"|probably|likely|surely|certainly|undoubtedly|definitely|maybe|perhaps)\b|因此|所以|故|应)[^.\n]{0,60}$|:\s{0,3}[\"'(]?$"
)
