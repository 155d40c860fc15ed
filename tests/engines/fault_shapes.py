"""What the soaks draw from: replies that are faults, and answers in every place where servers put
them. The words are of no real server where a kind is meant."""

from __future__ import annotations

import gzip
from typing import Any

from fault_server import Reply, answer


def error(status: int, message: str, **headers: str) -> Reply:
    return Reply(status, {"error": {"message": message}}, headers)


FAULTS = [
    error(400, "flagged by our content policy"),
    error(422, "Your request was blocked by the safety system"),
    Reply(403, b"<html>Access denied</html>"),
    Reply(403, {"detail": "guardrail intervened"}),
    Reply(451, b""),
    error(400, "prompt is too long: 900 tokens > 800 maximum"),
    error(400, "maximum context length is 900 tokens, and your request has 203 input tokens"),
    error(500, "the context size has been exceeded"),
    error(200, "the prompt is longer than the model's context length"),
    Reply(413, b"too large"),
    error(422, "Extra inputs are not permitted"),
    error(400, "presence_penalty is not supported"),
    error(400, "System role not supported"),
    error(400, "no"),
    error(404, "not here"),
    error(409, "busy with another"),
    error(429, "slow down", **{"Retry-After": "0.01"}),
    error(500, "CUDA error"),
    Reply(502, b"<html>Bad gateway</html>"),
    error(503, "overloaded"),
    Reply(504, b""),
    error(200, "provider error"),
    Reply(200, b""),
    Reply(200, b"null"),
    Reply(200, {"choices": []}),
    Reply(200, b'{"choices": [{"mess'),
    Reply(200, b"\xff\xfe\x00"),
    Reply(200, b"[" * 100_000),
    Reply(200, b"\x1f\x8b\x00", {"Content-Encoding": "gzip"}),
    Reply(200, gzip.compress(bytes(20 << 20)), {"Content-Encoding": "gzip"}),
    Reply(200, answer("half", "abort")),
    Reply(200, answer("half", "error")),
    Reply(200, answer("half", None)),
    Reply(200, answer("", "content_filter")),
    Reply(200, {"choices": [{"message": None, "finish_reason": "stop"}]}),
    Reply(200, b"{}", {"Content-Length": "90"}, close_after=True),
    Reply(body=b" ", drips=True),
    Reply(close=True),
]


def shapes(said: str) -> list[dict[str, Any]]:
    """Choices that say it, each in another place."""
    return [
        {"message": {"content": said}},
        {"message": {"content": [{"type": "thinking", "thinking": "C?"}, {"text": said}]}},
        {"message": {"content": None, "refusal": said}},
        {"message": {"content": "", "reasoning_content": said}},
        {"message": {"tool_calls": [{"function": {"name": "f", "arguments": said}}]}},
        {"text": said},
    ]
