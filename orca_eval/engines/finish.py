"""What an engine's or a server's finish_reason means: an answer, a cut-off one, or none at all.

To add a word, put it into its group. Spelling does not matter: MAX_TOKENS, max-tokens and
FinishReason.MAX_TOKENS are one.
"""

import re
from collections.abc import Mapping
from typing import Literal

Ending = Literal["stop", "length", "filtered", "failed", "unsaid", "unknown"]

_WORDS: Mapping[Ending, str] = {
    "stop": """
        stop eos eos_token end end_turn end_of_turn stop_sequence stop_token complete completed done
        finish finished success repetition tool_calls tool_call tool_use function_call
    """,
    "length": """
        length max_length max_tokens max_output_tokens max_new_tokens max_token
        max_completion_tokens model_length token_limit output_limit incomplete context_length
        context_length_exceeded model_context_window_exceeded truncated
    """,
    "filtered": """
        content_filter content_filtered filter safety refusal recitation blocklist
        prohibited_content spii sensitive guardrail_intervened blocked image_safety language
        content_policy content_policy_violation moderation
    """,
    "failed": """
        error abort aborted cancel cancelled canceled fail failed failure timeout timed_out
        time_limit server_error internal_error network_error engine_error interrupted preempted
        insufficient_system_resource overloaded malformed_function_call unexpected_tool_call
        unavailable disconnected killed
    """,
    "unsaid": "null none unspecified",
}
_MEANING: dict[str, Ending] = {
    "": "unsaid",
    **{word: meaning for meaning, words in _WORDS.items() for word in words.split()},
}
_FAILED_PARTS = {
    *("error", "abort", "aborted", "cancel", "cancelled", "canceled", "failed", "failure"),
    *("exception", "timeout", "interrupted", "unavailable", "overloaded", "rate", "crashed"),
}
_LENGTH_PARTS = {"length", "limit", "tokens", "truncated", "max", "context"}
_PREFIX = re.compile(r"^(?:.*\.)?(?:finish_?reason_)?")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def ending(reason: object) -> Ending:
    """Reads a finish_reason of any type.

    "filtered" is an answer where there is text (a refusal) and a failure where there is none.
    "unsaid" is null: the reply may be whole or torn. "unknown" is a word of none of the groups.
    """
    if isinstance(reason, dict):
        reason = reason.get("type") or reason.get("reason")
    if reason is None:
        return "unsaid"
    if not isinstance(reason, str):
        return "unknown"
    word = _CAMEL.sub("_", reason.strip()).lower().replace("-", "_").replace(" ", "_")
    word = _PREFIX.sub("", word)
    if word in _MEANING:
        return _MEANING[word]
    parts = set(word.split("_"))  # internal_server_error, max_context_length
    if parts & _FAILED_PARTS:
        return "failed"
    return "length" if parts & _LENGTH_PARTS else "unknown"
