"""A server's words for a prompt that does not fit its model, and the numbers in them. Pure.

Every server says it in its own way and under its own status. To add one, put its words into
`_SIGNS`, its figures into `_LIMITS` and `_PROMPTS`, and a line into the table of
tests/engines/test_over_long_texts.py.
"""

import re

_SUBJECT = r"(?:prompts?|inputs?|context|messages?|conversation|sequence|request|chat history)"
_EXCEEDS = (
    r"(?:too (?:long|large|big)|exceed(?:s|ed|ing)?|overflow\w*|(?:long|great|larg)er than"
    r"|does(?:n't| not) fit|over the|beyond|not enough)"
)
_LENGTH = (
    r"(?:tokens?|(?:context|input|prompt|sequence|model|max(?:imum)?|allowed) (?:length|size)|"
    r"context|window|(?:kv|cache) size|max[_ ]?(?:model|seq)\w*[_ ]?len\w*|n_ctx|characters|"
    r"max length)"
)
_NEAR = r"[^.!?]{0,100}?"
_SIGNS = re.compile(
    "|".join(
        (
            r"context_?length_?exceeded|exceed_context_size|context_?window_?exceeded",
            r"(?:prompt|input|request)_too_(?:long|large)|model_context_window_exceeded",
            r"maximum (?:context|prompt|sequence|input|model) (?:length|window|size)",
            r"\b(?:prompts?|inputs?|messages?|conversation) (?:is |are |was )?too "
            r"(?:long|large|big)",
            rf"\b{_SUBJECT}\b{_NEAR}\b{_EXCEEDS}\b{_NEAR}\b{_LENGTH}",
            rf"\b{_SUBJECT}\b{_NEAR}\b{_LENGTH}\b{_NEAR}\b{_EXCEEDS}",
            rf"\btokens?\b{_NEAR}\b{_EXCEEDS}\b{_NEAR}\b(?:context|model|window|limit of)\b",
            r"\bcontext (?:length|size|window|limit) (?:has been |was |is )?(?:exceed|reach)ed",
            rf"\b{_SUBJECT}\b{_NEAR}\bonly supports up to \d+",
            r"limit of \d+ tokens[;,] your (?:prompt|input|request)",
            r"\bexceed(?:s|ed)?\b[^.!?]{0,40}\bmodel(?:'s)? (?:token|context) limit",
            r"`?inputs`?(?: tokens)?[^.!?]{0,40}must (?:have less than|be <=?)",
            r"\btoo many (?:input |prompt )?tokens\b|\bprompt has too many\b",
            r"\b(?:reduce|shorten|decrease) (?:the |your )?(?:length|size|number of tokens)? ?"
            r"(?:of |in )?(?:the |your )?(?:input |prompt)?(?:messages?|prompt|input|chat|context)",
            r"\bprovide a shorter (?:input|prompt)|\buse a shorter (?:input|prompt)",
            r"\brange of input length should be",
            r"\brequest too large for\b|\b(?:payload|request entity|content|body) too large\b",
            r"free space in the kv cache|\bkv cache is full",
            r"max_tokens must be at least 1, got -",
            r"expected maxlength: \d+, actual: \d+",
            r"(?:messages|content|prompt)\b.{0,80}\bstring[ _](?:is )?too[ _]long",
            r"\bsum of prompt length\b|\bn_keep\b.{0,40}\bn_ctx\b",
            "上下文长度|输入.{0,30}(?:过长|超过|超出|太长)|(?:提示|prompt).{0,20}(?:过长|超长|超过)",
        )
    )
)
_BY_THE_MINUTE = re.compile(
    r"\bper[ _](?:min|minute|hour|day|second)\b|\b[rt]p[mdh]\b|rate[ _-]?limit|\bquota\b"
    r"|throttl|\bplease wait\b|\b(?:try|retry) again (?:in|later|after)\b|too many requests"
)
_PASSING = frozenset({408, 429, 503, 529})
_NEVER_SERVED = re.compile(r"\brequest too large\b")
_OF_THE_ANSWER = re.compile(
    r"supports at most [\d,]+ (?:completion|output) tokens|maximum allowed number of output tokens"
    r"|range of max_(?:completion_)?tokens should be"
)

_COUNT = r"(\d[\d,_]*)"
_SUM = re.compile(rf"{_COUNT} \+ {_COUNT} > {_COUNT}")
_LIMITS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:maximum )?context (?:length|size|window|limit)(?: of this model)?"
        rf"(?: is| of|:)? ?(?:only )?\(?{_COUNT}",
        rf"max(?:imum)? (?:model|sequence|input) length (?:is|of) {_COUNT}",
        rf"must be <= {_COUNT}",
        rf"exceeds? context window of {_COUNT}",
        rf"context window limit \({_COUNT}\)",
        rf"tokens per min\w* \(tpm\): limit {_COUNT}",
        rf"\bn_ctx\W{{1,4}}{_COUNT}",
        rf"limit of {_COUNT} tokens[;,] your",
    )
)
_PROMPTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_COUNT} (?:tokens )?(?:in|from|of) (?:the |your )?"
        r"(?:input messages|messages|prompt|text input|input)",
        rf"{_COUNT} (?:`inputs`|input|prompt) tokens",
        rf"your (?:prompt|input|request) has {_COUNT} tokens",
        rf"\bn_prompt_tokens\W{{1,4}}{_COUNT}",
    )
)


def is_over_long(text: str, status: int) -> bool:
    """Whether a refusal says that the prompt, alone or with its answer, does not fit.

    A limit by the minute passes, and one of the answer alone is the same for every prompt: neither
    is meant.
    """
    low = " ".join(text.lower().split())
    if _NEVER_SERVED.search(low):
        return True
    if status in _PASSING or _OF_THE_ANSWER.search(low) or _BY_THE_MINUTE.search(low):
        return False
    return status == 413 or _SIGNS.search(low) is not None


def room_for_answer(text: str) -> int | None:
    """Tokens that are left behind the prompt; None where the text does not give both figures, or
    nothing is left."""
    low = " ".join(text.lower().split())
    if both := _SUM.search(low):
        room = _number(both[3]) - _number(both[1])
    else:
        limit = next((_number(m[1]) for p in _LIMITS if (m := p.search(low))), 0)
        prompt = next((_number(m[1]) for p in _PROMPTS if (m := p.search(low))), 0)
        room = limit - prompt if limit and prompt else 0
    return room if room > 0 else None


def _number(digits: str) -> int:
    return int(re.sub(r"\D", "", digits)[:12])
