"""The words and patterns by which sentence.py knows the form of an English sentence."""

import re

_I = re.IGNORECASE

# --- words ---------------------------------------------------------------------------------------

SUPERLATIVE = (
    r"first|second|third|fourth|last|next|final|only|most|least|best|worst|main|longest|shortest|"
    r"largest|smallest|biggest|highest|lowest|fewest|oldest|youngest|earliest|latest|greatest|"
    r"fastest|slowest|closest"
)
PREPOSITION = (
    r"in|on|at|from|to|for|into|near|of|as|with|during|until|against|over|through|around|toward|"
    r"towards|under|between"
)
MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
RELATIVE = r"who|whom|whose|which|that|where|when|what|why|how"
PARTICIPLE = (
    r"(?:[a-z]{2,}ed|made|built|held|won|lost|led|sung|written|thrown|caught|born|set|found|shot|"
    r"hit|sold|bought|brought|taught|fought|sent|spent|given|taken|known|driven|beaten|eaten|begun|"
    r"sunk|run|done|paid|told|left|kept|met|put|struck|overthrown|drawn|chosen|spoken|seen|sworn)"
)
PAST = (
    r"(?:[a-z]{2,}ed|won|threw|caught|ran|made|took|led|beat|lost|sang|sung|wrote|became|held|got|"
    r"gave|built|began|came|went|fled|left|fell|fought|sold|bought|brought|taught|sent|spent|paid|"
    r"told|kept|met|put|struck|hit|shot|drew|chose|rose|grew|stood|lay|said|saw|found|drove|broke|"
    r"spoke|flew|sank|sunk|set|cost|had|has|have|did)"
)
PRESENT = (
    r"(?:scores|throws|plays|leads|kicks|holds|owns|sings|writes|provides|wins|includes|"
    r"contains|comprises?|consists?|means|represents?|features?|offers|serves|stars|lives?|comes|"
    r"come|lies|stands|stops|begins?|starts|ends|occurs|happens|broadcasts|makes|produces|runs|"
    r"reads|says|ranks|arrives|trains|controls|shares|covers|carries|receives|uses|resides?|"
    r"include|contain|equals?|totals?|weighs|measures|costs|speaks?|dates)"
)
NUMBER_WORD = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    r"sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:-[a-z]{3,5})?"
)
NUMERAL = rf"(?:[-$€£#]{{0,2}}\d[\d,]*(?:\.\d+)?(?:\s?%|(?:st|nd|rd|th)\b)?|{NUMBER_WORD}\b)"
ABOUT = (
    r"(?:(?:a total of|approximately|about|around|roughly|exactly|only|nearly|almost|over|just|"
    r"at least|more than|an? (?:average|estimated)(?: of)?)\s){0,2}"
)
STOP = (
    rf"(?:{PREPOSITION}|by|{RELATIVE}|and|or|but|than|the|a|an|were|was|is|are|had|has|have|did|"
    r"long|longer|shorter|old|older|away|high|wide|tall|more|fewer|less|per|each|after|before|"
    rf"while|because|out|not|people\s(?:were|are)|compared|there|scored|made|kicked|thrown|"
    r"total|combined|apart|ago|later|earlier)"
)

# --- amounts and dates ---------------------------------------------------------------------------

MEASURE = re.compile(
    rf"(?P<about>{ABOUT})(?P<amount>{NUMERAL}(?:(?:\s?[-–]\s?|\sto\s){NUMERAL})?"
    r"(?:\s(?:million|billion|thousand|hundred|percent|per\s?cent)\b)*"
    rf"(?:[\s-](?!(?:{STOP}|{PAST}|{PRESENT})\b)[a-z]+\b){{0,3}}(?:\sold)?"
    r"(?:\s(?:and|or)\s(?:older|over|up|more|above|under|younger|below)\b)?)(?P<end>\s|[^\w\s]|$)",
    _I,
)
DATE = re.compile(
    rf"(?:{MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s\d{{3,4}})?|\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?"
    rf"{MONTH}(?:,?\s\d{{3,4}})?|{MONTH}(?:,?\s(?:of\s)?\d{{3,4}})?|(?:1[0-9]|20)\d\ds?)\b"
)
OR_AS_MUCH = re.compile(r",\sor\s[^,]{1,60},")
UP_TO_DATE = re.compile(rf"\s?(?:to|and|until|through|[-–])\s?{DATE.pattern}")
ANOTHER_AMOUNT = re.compile(rf"(?:\s\([^()]{{1,20}}\))?\s?(?:,|and\b|&)\s(?:and\s)?{NUMERAL}", _I)

# --- what is no part of the statement ------------------------------------------------------------

LEAD = re.compile(
    r"(?:(?:so|therefore|thus|hence|overall|finally|conclusion|in conclusion|in summary|"
    r"explanation|however|then|clearly|well|final answer|answer)\b[,:]?\s+|a:\s+"
    r"|(?:according to|based on|in|from|as of|during|after|before|at|on|by|out of|among|of)\s"
    r"[^,]{1,120},\s+"
    r"|(?:the|this)\s(?:passage|text|article|paragraph|question|information|context|data|author)"
    r"(?:\s[a-z]+){0,3}?\s(?:states?|says?|mentions?|notes?|shows?|indicates?|suggests?|tells us|"
    r"explains?|reports?)\sthat\s"
    r"|(?:we|you|i) (?:can|could) (?:see|conclude|infer|find|determine|say)(?: that)?\s)",
    _I,
)
HEADING = re.compile(r"[^.:?!\n]{3,40}\s[^.:?!\n]{1,60}:\s+")
NO_HEADING = re.compile(r"(?:step|given|note|let|here|first|next|hint|i|we)\b", _I)
QUOTATION = re.compile(r'"[^"\n]{2,200}"')
YES_NO = re.compile(r"(?:yes|no)(?=\s*[,;.:]|$)", _I)
NO_STATEMENT = re.compile(
    r"(?:i|i'm|i've|we|you|let|let's|please|sorry|as an|if|what|who|when|where|how|why|which|to|"
    r"step|given|here|note|first,|next,)\b",
    _I,
)
NEGATED = re.compile(
    r"\b(?:not|never|cannot|neither|nor|unknown|unclear|unspecified|no (?:information|mention|"
    r"evidence|data|one)|unable|impossible)\b|n't\b",
    _I,
)
ASIDE = re.compile(
    r",\s(?:which|who|whose|where|when|while|with|because|since|so|making|compared|followed|giving|"
    r"including|indicating|according|based|as|but|just|more|less|not|rather|and\s(?:it|he|she|they|"
    r"this|that|there|its|his|her|their)\b)\b"
    r"|;|\s(?:because|although|whereas|while|compared (?:to|with)|since (?:he|she|it|they|the)|but|"
    r"according to|based on the|as (?:stated|mentioned|described|shown))\b|\s-\s"
    r"|(?<!\))\s\((?=[^()]*\)\W*$)",
    _I,
)
ANOTHER = re.compile(
    r"\b(?:and|but)\s(?:the|its|their|his|her)\s[^,]{1,80}?\s(?:is|are|was|were)\s", _I
)

# --- "is", "was" and what stands around them -----------------------------------------------------

BE = re.compile(
    r"\s(?:is|are|was|were|will be|would be|has been|have been|had been|remains?|remained|becomes?|"
    r"became|equals)\b(?!')"
)
AFTER_RELATIVE = re.compile(rf"\b(?:{RELATIVE}|and|but)$", _I)
RESUMED = re.compile(r",\s(?:is|are|was|were)\s(?!not\b|\w+ed\b|\w+ing\b)")
HOLDS_RELATIVE = re.compile(rf"\b(?:{RELATIVE})\b", _I)
ADVERB = re.compile(
    r"\s*(?:(?:also|likely|probably|originally|actually|then|primarily|mainly|mostly|largely|"
    r"generally|currently|later|officially|still|now|indeed|simply|thus|therefore|both|either|"
    r"approximately|about|around|roughly|exactly)\s+){0,2}",
    _I,
)
THERE = re.compile(r"there\s(?:is|are|was|were|have been|has been|had been)\s", _I)
PRONOUN = re.compile(r"(?:it|he|she|they|this|that|these|those|we|you|i|there)$", _I)
DESCRIPTION = re.compile(
    rf"\b(?:the|a|an|which|his|her|its|their)\b.*(?:\b(?:{SUPERLATIVE}|{RELATIVE}|number|amount|"
    r"total|difference|name|title|answer|year|date|percentage|percent|result|same|one (?:who|to)|"
    r"winners?|players?|teams?|groups?|two|three|four)\b)|^(?:which|what|who)\b",
    _I,
)
NAMED = re.compile(r"(?!(?:The|An?|Both)\s(?![\"'*]?[A-Z\d]))[\"'*]?[A-Z\d]")
COMPARISON = re.compile(
    rf"(?:(?:the )?(?:more|less|fewer|better|worse|same|(?:{SUPERLATIVE})"
    r"(?=$|\s(?:to|in|of|by|at))|[a-z]{3,}er(?=\s(?:than|in|of|by)|$)|[a-z]{3,}ing)\b)",
    _I,
)
COMPARED = re.compile(r"more\s(?P<more>[^,]{1,80}?)\sthan\b", _I)
CALLED = re.compile(r"(?:called|named|known as|titled|nicknamed|dubbed|renamed)\s+(?:as\s)?", _I)
PASSIVE = re.compile(rf"(?:\w+ly\s|first\s|last\s)?{PARTICIPLE}\b(?P<rest>.*)", _I)
TO_VERB = re.compile(r"\sto\s(?:be\s)?(?!the\b|a\b)[a-z]+\s")
KNOWN_FOR = re.compile(r"(?<=known)\sfor\b")
BY = re.compile(r"\bby\s+(?!\w+ing\b)", _I)
ALONG = re.compile(rf"\b(?:{PREPOSITION})\s+", _I)
NOUN_END = re.compile(
    r"\s(?:in|on|at|during|with|for|to|from|after|before|when|where|who|which|that|against|as|"
    r"through|while|until|since|via|following)\b|,\s(?=\d)",
    _I,
)
APPOSITION = re.compile(r",\s(?:the|a|an|who|which|after|when|where|his|her|their)\b", _I)

# --- other verbs ---------------------------------------------------------------------------------

VERB = re.compile(rf"\s(?P<verb>{PAST}|{PRESENT})(?=\s|$)")
OF_PLACE = re.compile(
    r"(?:originated|arrives|arrived|began|begins?|started|starts|ended|ends|happened|happens|"
    r"occurred|occurs|opened|died|lives?|lived|came|comes|come|broadcasts?|moved|left|fled|went|"
    r"lies|stops|existed|"
    r"lasted|released|debuted|premiered|aired|resides?|resided|grew|studied|dates|dated|graduated|"
    r"landed|retreated|traveled|emigrated|escaped|settled|belongs|belonged|occupied)$",
    _I,
)
PLACED = re.compile(
    rf"(?:(?:place|up|out|back|live|aboard|\w+ly)\s)?(?P<along>(?:{PREPOSITION})\s)", _I
)
CHANGED = re.compile(
    r"(?:rose|grew|fell|dropped|increased|decreased|declined|climbed|amounted|won|lost|led|beat)$"
)
TO_AMOUNT = re.compile(r"(?:by|to)\s", _I)
OF_OBJECT = re.compile(
    r"(?:consist(?:s|ed)?|includes?|included|contains?|contained|comprise[sd]?|means?|meant|"
    r"represents?|represented|equals?|totaled|totals?|starred|features?|featured|refers?|"
    r"indicates?|costs?|weighs?|weighed|measures?|measured|offers)$",
    _I,
)
UNTOLD = re.compile(
    r"(?:the|which|what)\s(?:two|three|four|five|passage|text|question|article|paragraph|answer|"
    r"information|data|author|reader)\b",
    _I,
)
THE = re.compile("the ", _I)
WHEN_WHERE = re.compile(r"(?:in|on|at|from|during|by)\s", _I)
LISTED = re.compile(r"\b(?:and|or)\b")
VAGUE = re.compile(
    r"(?:several|various|many|multiple|numerous|some|a (?:variety|number|few|lot))\b", _I
)
ARTICLE = re.compile(rf"(?:the|an?)?\s?(?:{SUPERLATIVE})?", _I)
BEFORE_VERB = re.compile(
    r"(?:\s(?:have|has|had|did|does|also|then|would|will|could|can|both|all|typically|usually|"
    r"generally|allegedly|originally|finally|only|initially|later|currently|officially|mainly))+$"
)
OF = re.compile(r"(?:of|to|that) ")
RANK = re.compile(rf"(?:{SUPERLATIVE})", _I)
RANKED = re.compile(rf"\b(?:{SUPERLATIVE}|more|fewer|less|better|earlier|later)\b", _I)
POSSESSIVE = re.compile(r"(?:their|its|his|her)\b")
LOST_TO = re.compile(r"(?:lost|fell) to ")
BEHIND_VERB = re.compile(r" *(?:(?:them|him|her|us) )?")
SPACE = re.compile(" *")
COMPUTATION = re.compile(r"\d[^\s=]{0,3}\s?[-+*/×÷−–x]\s?[$£€]?\d[^=\n]{0,80}=$")
AUXILIARY = re.compile(rf"(?:had|has|have|did)\s+(?={PARTICIPLE}\b)", _I)
