"""What a reader of the scores must know about a server, from what the engine has counted. Pure."""

from collections.abc import Iterator, Mapping

from orca_eval.engines.chat_wire import UNKNOWN_REASON
from orca_eval.engines.refusal import EMPTY_SYSTEM, STREAMED

_NOT_DEFAULTS = {"max_tokens", EMPTY_SYSTEM, STREAMED, "stream_options"}
"""Refused fields whose absence leaves nothing of the text to a server's default."""

_OF_SOME_ANSWERS = {
    "without_finish_reason": (
        "{} answers came without a finish_reason, as all did until then: one as long as max_tokens "
        "counts as cut off, any other as whole"
    ),
    "refusal": "{} answers were refusals in a field of their own, which count as the text",
    "tool_calls": "{} answers were tool calls, which count as the text, as name(arguments)",
    "key_hidden": "the key was taken out of {} answers",
}


def endpoint_notes(counts: Mapping[str, int], rejected: frozenset[str]) -> Iterator[str]:
    """A note for each thing that was special. `rejected`: fields that the server refused."""
    if EMPTY_SYSTEM in rejected:
        yield "the server refuses an empty system turn: it was left out"
    if neutral := sorted(rejected - _NOT_DEFAULTS):
        yield f"the server refuses {', '.join(neutral)}: its own defaults for them act"
    for name, text in _OF_SOME_ANSWERS.items():
        if number := counts.get(name, 0):
            yield text.format(number)
    if silent := counts.get("silent", 0):
        yield (
            f"{silent} answers have no text anywhere, though the server counted "
            f"{counts['silent_tokens']} generated tokens for them"
        )
    for name, number in sorted(counts.items()):
        if name.startswith(UNKNOWN_REASON):
            yield f"{number} answers with {name}, which is not known here, count as whole"
