"""What a server's refusal means: whose fault it is, and what may mend it. Pure.

A refusal concerns the whole run (a wrong key, model or field), one item (a content filter, a prompt
that is too long), or nobody knows: then other requests' fate tells (run/failures.py).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from orca_eval.engines.over_long import is_over_long, room_for_answer
from orca_eval.safe_text import shorten, terminal
from orca_eval.types import Completion

MESSAGE_CHARACTERS = 300
READ_CHARACTERS = 8000
"""Of a refusal; a longer one is hostile, and reading it would take its time."""
RETRIED_STATUS = frozenset({408, 409, 425, 429})
OF_A_BODY = frozenset({200, 400, 404, 415, 422, 500, 501})
"""Under these a server may refuse a part of the body."""
FILTER_RETRIES = 2
"""Of a reply that a filter emptied: one drawn anew may pass, the greedy one won't."""
EMPTY_SYSTEM = "an empty system turn"
"""Among the refused fields: stands for the first message where it is a system turn."""
STREAMED = "an answer in one piece"
"""Among the refused fields: stands for servers that only stream."""

Whose = Literal["run", "setting", "filtered", "over_long", "unknown"]
"""A setting (a field, the model's name) is at fault only where no other request was answered."""
Hide = Callable[[str], str]
"""Takes the key out of a server's text."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why there is no completion.

    `whose`: what it concerns. `wait_seconds`: what the server asks for. `limited`: the wait is the
    server's own word, as for a rate. `fields`: those of the body that the server does not take and
    that may be left out. `room`: tokens left behind an over-long prompt. `most_retries`: fewer than
    the engine's, where more bring nothing. `unsaid`: the completion, if this server never says how
    an answer ended.
    """

    message: str
    whose: Whose = "unknown"
    transient: bool = False
    wait_seconds: float | None = None
    limited: bool = False
    fields: frozenset[str] = frozenset()
    room: int | None = None
    most_retries: int | None = None
    unsaid: Completion | None = None


_FILTERED = re.compile(
    r"content[ _-]?(?:filter|management|polic|moderation|safety|exists risk)|responsible.?ai"
    r"|\bsafety\b|\bunsafe\b|usage polic|moderation|\bflagged\b|block_?reason|prohibited"
    r"|guardrail|harmful|inappropriate|(?<!case[ -])sensitive|data_?inspection|jailbreak|recitation"
    r"|violat\w+.{0,60}(?:polic|terms|guideline|rules)|polic\w*.{0,40}violat"
    r"|(?:prompt|input|request|response|content|message|output)s? "
    r"(?:was |were |is |has been |been )?(?:filtered|blocked|rejected by)"
    r"|legal reasons|invalid_prompt|risk control"
    r"|sorry, you have been blocked|web application firewall|敏感|违规|不安全|不合规|风险"
)
_MODEL = re.compile(
    r"\bmodel\b.{0,120}?(?:not[ _]found|not exist|n't exist|unknown|decommissioned|deprecated"
    r"|no access|not have access|not available|not loaded|isn't loaded|not served)"
    r"|(?:no such|unknown|invalid) model|model_not_found|no models? loaded"
)
_ACCOUNT = re.compile(
    r"insufficient[ _]quota|exceeded your current quota|billing|credit balance|payment required"
    r"|insufficient (?:credit|balance|funds)|api[ _-]?key|invalid[ _]key|unauthori[sz]ed"
    r"|authenticat|permission|not authori[sz]ed|access token|subscription|account (?:is|has been)"
)
_SYSTEM = re.compile(
    r"system[ _](?:role|message|prompt|instruction|turn)|developer instruction"
    r"|roles?\b.{0,80}['\"`]?system\b|['\"`]system['\"`]|\bsystem\b.{0,40}\brole"
    r"|roles? must alternate|only user and assistant|(?:start|begin) with (?:a |the )?user"
    r"|first message.{0,40}user"
)
_EMPTY = re.compile(
    r"non-?empty|(?:must|can|should|may)(?:not| not|'t|n't) be (?:empty|blank|null)|\b(?:is|are) "
    r"(?:empty|blank)\b|empty (?:content|message|text|string|turn)|at least (?:1|one) char"
    r"|min_?length|too[ _]short|without (?:any )?content|(?:minimum|at least) length"
)
_ONLY_STREAMS = re.compile(
    r"(?:only|must)\b.{0,40}\bstream|\bstream\b.{0,30}(?:must be|to|=|:) ?['\"`]?true\b"
    r"|non-?stream\w*.{0,60}(?:not|n't|unsupported)|(?:not|n't) support.{0,20}non-?stream"
)
_FIELD = re.compile(
    r"extra (?:inputs?|fields?)|extra_forbidden|unrecognized|unrecognised"
    r"|unknown (?:field|param|argument|name|key|propert)|unexpected (?:keyword|field|arg|propert)"
    r"|unsupported[ _](?:param|field|value|argument)|not (?:permitted|allowed|supported)"
    r"|additional propert|invalid (?:param|field|argument|request arg)|does(?: not|n't) support"
    r"|cannot both be|can't both be|not a valid (?:param|field|argument)"
)
_TRY_AGAIN = re.compile(
    r"(?:try|retry) again in (\d+(?:\.\d+)?) ?(ms|m?s)|retrydelay\W{1,6}(\d+(?:\.\d+)?)s"
)

# Outside OpenAI's own format: where one of them is refused, the others are not known either.
BEYOND_OPENAI = frozenset({"top_k", "min_p", "repetition_penalty", "repeat_penalty"})
_NEUTRAL: Mapping[str, float] = {
    **{"temperature": 1.0, "top_p": 1.0, "top_k": -1, "min_p": 0.0, "n": 1, "stream": False},
    **{"repetition_penalty": 1.0, "repeat_penalty": 1.0},
    **{"presence_penalty": 0.0, "frequency_penalty": 0.0},
}
THINKING_FIELDS = frozenset({"reasoning_effort", "thinking_token_budget", "thinking_budget_tokens"})
"""What servers call a thinking budget."""
_IDLE_WHEN_GREEDY = frozenset({"top_p", "top_k", "min_p"})
_ECHOED = frozenset({"input", "body", "request", "prompt", "messages", "failed_generation"})
"""Keys below which servers repeat what they were sent."""
_SHORT_NAMES = frozenset({"n", "stop", "seed", "stream"})
"""Words of any text: as a field they stand in quotes or beside the word for one."""
SHORTEST_ECHO = 20
"""Characters. A shorter message may stand in the server's own words."""


def read_refusal(
    status: int,
    content: bytes,
    body: Mapping[str, Any],
    wait_seconds: float | None,
    hide: Hide,
) -> Rejected:
    """Reads what an answer with an error means, by its status or the one in a 200's body."""
    answer = _parsed(content)
    what = f"HTTP {status}" if status != 200 else "HTTP 200 without a choice"
    shown = f"{what}: {_server_message(answer, content, hide)}"
    status = _inner_status(answer) if status == 200 else status
    text = _without_prompt(_said(answer, content), body)[:READ_CHARACTERS]
    low = " ".join(text.lower().split())
    if wait_seconds is None and (asked := _TRY_AGAIN.search(low)):
        wait_seconds = float(asked[1] or asked[3]) / (1000 if asked[2] == "ms" else 1)
    whose = _whose(status, text, low)
    passes = status >= 500 or status in RETRIED_STATUS or status == 200
    transient = passes and whose == "unknown"
    limited = status == 429 or (transient and wait_seconds is not None)
    room = room_for_answer(text) if whose == "over_long" else None
    rejected = Rejected(shown, whose, transient, wait_seconds, limited, room=room)
    if status in OF_A_BODY and whose in ("unknown", "setting"):
        if body.get("stream") is False and _ONLY_STREAMS.search(low):
            return replace(rejected, fields=frozenset({STREAMED}))
        return _of_system(low, body, rejected) or _of_fields(low, body, rejected)
    return rejected


def _whose(status: int, text: str, low: str) -> Whose:
    """What a refusal concerns, but for the body's own fields."""
    # Money that has run out comes as 429, and no waiting brings it back.
    spent = status == 429 and "insufficient_quota" in low
    if status in (401, 402, 407) or 300 <= status < 400 or spent:
        return "run"
    if is_over_long(text, status):
        return "over_long"
    if status == 451 or (status != 429 and _FILTERED.search(low)):
        return "filtered"
    of_model = 400 <= status < 429 and _MODEL.search(low)
    of_account = status in (400, 403) and _ACCOUNT.search(low)
    return "setting" if status in (404, 405) or of_model or of_account else "unknown"


def _server_message(answer: Any, content: bytes, hide: Hide) -> str:
    """The server's own words on one line, whatever shape it gives them."""
    said: Any = answer[0] if isinstance(answer, list) and answer else answer
    for name in ("error", "message", "detail"):
        if isinstance(said, dict) and said.get(name):
            said = said[name]
            break
    if isinstance(said, dict):
        said = said.get("message") or said
    if said is None:
        said = content.decode("utf-8", "replace")
    text = said if isinstance(said, str) else json.dumps(said)
    return one_line(hide(text), MESSAGE_CHARACTERS) or "(empty body)"


def one_line(text: str, characters: int) -> str:
    """A server's text as a line may show it."""
    return shorten(terminal(" ".join(text.split())), characters)


def _of_system(low: str, body: Mapping[str, Any], rejected: Rejected) -> Rejected | None:
    """A refusal of the system turn: an empty one may go, another is a setting."""
    first = (body.get("messages") or [{}])[0]
    if first.get("role") != "system":
        says_so = _SYSTEM.search(low) is not None
        return _setting(rejected, "none was sent, as with prompt=none") if says_so else None
    if not first.get("content") and (_SYSTEM.search(low) or _EMPTY.search(low)):
        return replace(rejected, fields=frozenset({EMPTY_SYSTEM}))
    if first.get("content") and _SYSTEM.search(low):
        return _setting(rejected, "where the model takes no system turn, prompt=none sends none")
    return None


def _of_fields(low: str, body: Mapping[str, Any], rejected: Rejected) -> Rejected:
    """A refusal of fields: those that may go, or the setting that is at fault."""
    named = {name for name in body if _is_named(name, low)} - {"model", "messages"}
    is_field = _FIELD.search(low) is not None
    swaps = "max_completion_tokens" in low or (is_field and "max_tokens" in named)
    idle = {name for name in body if _may_go(name, body)}
    gone = {"max_tokens"} if "max_tokens" in body and swaps else named & idle
    if gone & BEYOND_OPENAI:
        gone |= BEYOND_OPENAI & idle
    if is_field and not named:  # it names none: those beyond the format go first
        gone = (idle & BEYOND_OPENAI) or idle - {"seed"} or idle
    if gone or not named or (rejected.transient and not is_field):
        return replace(rejected, fields=frozenset(gone))
    return _setting(rejected, "; ".join(_advice(name, body[name]) for name in sorted(named)))


def _setting(rejected: Rejected, advice: str) -> Rejected:
    message = f"{rejected.message}; {advice}"
    return replace(rejected, whose="setting", transient=False, message=message)


def _may_go(name: str, body: Mapping[str, Any]) -> bool:
    """Whether leaving a field out changes nothing that was asked for."""
    greedy = body.get("temperature") == 0 and name in _IDLE_WHEN_GREEDY
    return (
        name in ("seed", "stream_options")
        or greedy
        or (name in _NEUTRAL and body[name] == _NEUTRAL[name])
    )


def _advice(name: str, value: Any) -> str:
    if name == "temperature":
        return "sampling.temperature=null leaves it out, and the server's own default acts"
    if name == "chat_template_kwargs":
        return "the server takes no model.chat_template_kwargs"
    if name in THINKING_FIELDS:
        return f"the server takes no sampling.thinking_budget={value}; leave it out"
    if name in ("max_tokens", "max_completion_tokens"):
        return f"the server refuses max_tokens={value}"
    if name == "stop":
        return "the server takes no stop strings, which the task wants"
    return f"the server refuses {name}={value}"


def _is_named(name: str, low: str) -> bool:
    """Whether a text speaks of the field: top_p, topP, or 'n' as a field only."""
    spelt = "[_ -]?".join(map(re.escape, name.lower().split("_")))
    if name not in _SHORT_NAMES:
        return re.search(rf"(?<![a-z0-9_]){spelt}(?![a-z0-9_])", low) is not None
    beside = r"(?:parameters?|arguments?|fields?|propert(?:y|ies)|keys?|names?|supplied)"
    return (
        re.search(
            rf"['\"`]{spelt}['\"`]|\b{beside}:? {spelt}\b|\b{spelt}: |"
            rf"\b{spelt} (?:parameter|argument|field|is not|must|should|cannot)",
            low,
        )
        is not None
    )


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _inner_status(answer: Any) -> int:
    """The status inside a 200's error, or 200."""
    error = answer.get("error") if isinstance(answer, dict) else None
    holder = error if isinstance(error, dict) else answer
    held = holder if isinstance(holder, dict) else {}
    code = next((held[n] for n in ("code", "status", "status_code") if n in held), None)
    if isinstance(code, str) and code.isdecimal():
        code = int(code[:4])
    return code if type(code) is int and 400 <= code < 600 else 200


def _said(answer: Any, content: bytes) -> str:
    """All that a server says in its own words, less what it repeats of the request."""
    if answer is None:
        return content[: 1 << 16].decode("utf-8", "replace")
    return ". ".join(_strings(answer))


def _strings(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        # A place ("loc": ["body", "n"]) and a parameter are names, which are told by quotes.
        is_name = name in ("loc", "param", "parameter", "field", "path", "property")
        yield f"'{value}'" if is_name else f"{name}: {value}" if "retry" in name.lower() else value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield f"{name}: {value}"
    elif isinstance(value, list) and depth < 8:
        for part in value:
            yield from _strings(part, name, depth + 1)
    elif isinstance(value, dict) and depth < 8:
        for key, part in value.items():
            if key not in _ECHOED:
                if isinstance(part, list) and name in ("error", "errors", "detail"):
                    yield f"'{key}'"  # {"errors": {"top_k": ["unknown"]}}
                yield from _strings(part, key, depth + 1)


def _without_prompt(text: str, body: Mapping[str, Any]) -> str:
    """Takes the request's own messages out of a text: what they say is no word of the server."""
    for message in body.get("messages", ()):
        prompt = message["content"]
        if len(prompt) >= SHORTEST_ECHO:
            text = text.replace(prompt, " ")
    return text
