"""Over-long prompts in the words of many servers, and what is none. Figures are made up."""

from __future__ import annotations

import pytest
from fault_server import Reply, answer, serve
from hypothesis import given, strategies as st
from test_openai import ask, engine, generate, short_waits

from orca_eval.engines.over_long import is_over_long, room_for_answer
from orca_eval.errors import PromptTooLongError

__all__ = ["short_waits"]  # the fixture serves these tests too

LONG: list[tuple[str, int | None]] = [
    (
        "This model's maximum context length is 8192 tokens. However, you requested "
        "9000 tokens (8000 in the messages, 1000 in the completion).",
        192,
    ),
    (
        "Input tokens exceed the configured limit of 272000 tokens. Your messages "
        "resulted in 300000 tokens.",
        None,
    ),
    (
        "Request too large for gpt-4o in organization org-x on tokens per min (TPM): "
        "Limit 30000, Requested 40000.",
        None,
    ),
    (
        "The decoder prompt (length 3127) is longer than the maximum model length of "
        "3072. Make sure that `max_model_len` is no smaller than the number of text "
        "tokens.",
        None,
    ),
    (
        "'max_tokens' or 'max_completion_tokens' is too large: 700. This model's "
        "maximum context length is 900 tokens and your request has 310 input tokens "
        "(700 > 900 - 310).",
        590,
    ),
    (
        "You passed 3997 input tokens and requested 100 output tokens. However, the "
        "model's context length is only 4096 tokens, resulting in a maximum input "
        "length of 3996 tokens.",
        99,
    ),
    (
        "max_tokens must be at least 1, got -300.",
        None,
    ),
    (
        "The input (6100 tokens) is longer than the model's context length (6000 tokens).",
        None,
    ),
    (
        "Requested token count exceeds the model's maximum context length of 4096 "
        "tokens. You requested a total of 5096 tokens: 4000 tokens from the input "
        "messages and 1096 tokens for the completion. Please reduce the number of "
        "tokens in the input messages or the completion to fit within the limit.",
        96,
    ),
    (
        "Input length (5000 tokens) exceeds the maximum allowed length (4095 tokens). "
        "Use a shorter input or enable `--allow-auto-truncate`.",
        None,
    ),
    (
        "the request exceeds the available context size. try increasing the context "
        "size or enable context shift",
        None,
    ),
    (
        "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
        None,
    ),
    (
        "The context limit has been reached by this request.",
        None,
    ),
    (
        "This model's maximum context length is 512 tokens, however you requested 600 "
        "tokens (500 in your prompt; 100 for the completion). Please reduce your "
        "prompt; or completion length.",
        12,
    ),
    (
        "Requested tokens (5000) exceed context window of 512",
        None,
    ),
    (
        "input length exceeds maximum context length",
        None,
    ),
    (
        "the input length exceeds the context length",
        None,
    ),
    (
        "prompt too long; exceeded max context length by 7 tokens",
        None,
    ),
    (
        "The number of tokens kept of the prompt exceeds the loaded model's context length.",
        None,
    ),
    (
        "Trying to keep the first 5000 tokens when context the overflows. However, the "
        "model is loaded with context length of only 4096 tokens, which is not enough. "
        "Try to load the model with a larger context length, or provide a shorter "
        "input",
        None,
    ),
    (
        "Reached context length of 4096 tokens with model (arch: llama) that does not "
        "currently support mid-generation context overflow. Try to reload with a "
        "larger context length or shorten the prompt/chat.",
        None,
    ),
    (
        "Cannot truncate prompt with n_keep (5000) >= n_ctx (4096)",
        None,
    ),
    (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. "
        "Given: 3500 `inputs` tokens and 1000 `max_new_tokens`",
        596,
    ),
    (
        "Input validation error: `inputs` must have less than 4095 tokens. Given: 4400",
        None,
    ),
    (
        "prompt is too long: 100900 tokens > 100000 maximum",
        None,
    ),
    (
        "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000, "
        "decrease input length or `max_tokens` and try again",
        1000,
    ),
    (
        "The input token count (40900) exceeds the maximum number of tokens allowed (32768).",
        None,
    ),
    (
        "Unable to submit request because the input token count is 40000 but model "
        "only supports up to 32768. Reduce the input token count and try again.",
        None,
    ),
    (
        "The input token count is 1200000 but model only supports up to 1048575",
        None,
    ),
    (
        "This model's maximum prompt length is 8192 but the request contains 9042 tokens.",
        None,
    ),
    (
        "Input is too long for requested model.",
        None,
    ),
    (
        "Too many input tokens. Max input tokens: 8192, request input token count: 9000",
        None,
    ),
    (
        "Malformed input request: expected maxLength: 50000, actual: 60000, please "
        "reformat your input and try again.",
        None,
    ),
    (
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with "
        "32768 maximum context length",
        None,
    ),
    (
        "too many tokens: total number of tokens in the prompt cannot exceed 4081 - "
        "received 5000. Try using a shorter prompt",
        None,
    ),
    (
        "too many tokens: size limit exceeded by 300 tokens. Try using shorter or fewer inputs",
        None,
    ),
    (
        "Please reduce the length of the messages or completion.",
        None,
    ),
    (
        "This endpoint's maximum context length is 8192 tokens. However, you requested "
        "about 9000 tokens (8000 of text input, 1000 in the output). Please reduce the "
        'length of either one, or use the "middle-out" transform',
        192,
    ),
    (
        "InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]",
        None,
    ),
    (
        "Prompt exceeds max length",
        None,
    ),
    (
        "Invalid request: Your request exceeded model token limit: 8192",
        None,
    ),
    (
        "invalid params, context window exceeds limit (2013)",
        None,
    ),
    (
        "The prompt is too long: 9000, model maximum context length: 8191",
        None,
    ),
    (
        "Please reduce the length of the messages or completion. Current length is "
        "9000 while limit is 8192",
        None,
    ),
    (
        "prompt token count of 13000 exceeds the limit of 12288",
        None,
    ),
    (
        "The sum of prompt length (9000.0), query length (0) and max_tokens (1) should "
        "not exceed max_num_tokens (8192)",
        None,
    ),
    (
        "Prompt length (9000) exceeds maximum input length (8192). Set log level",
        None,
    ),
    (
        "Prompt length 9000 is greater than max_seq_len 8192",
        None,
    ),
    (
        "the prompt's length (9000) exceeds the KV size (8192)",
        None,
    ),
    (
        "AssertionError: total sequence length exceeds the cache size",
        None,
    ),
    (
        "Prompt has too many tokens",
        None,
    ),
    (
        "The estimated number of input and maximum output tokens (9000) exceeded this "
        "model context window limit (8192).",
        None,
    ),
    (
        "Failed to find free space in the KV cache",
        None,
    ),
    (
        "litellm.ContextWindowExceededError: AnthropicException",
        None,
    ),
    (
        "Conversation is too long for this model",
        None,
    ),
    (
        "Your input exceeds the context window of this model. Please adjust your input "
        "and try again.",
        None,
    ),
    (
        "Invalid 'messages[1].content': string too long. Expected a string with "
        "maximum length 1048576, but got a string with length 2000000 instead.",
        None,
    ),
    (
        "the prompt does not fit into the context of 2048 tokens",
        None,
    ),
    (
        "Token indices sequence length is longer than the specified maximum sequence "
        "length for this model (5000 > 2048)",
        None,
    ),
    (
        "输入内容过长，超过模型上下文长度",
        None,
    ),
    (
        "This combination of host and model has a limit of 8192 tokens; your prompt "
        "has 9000 tokens",
        None,
    ),
]
NOT: list[str] = [
    "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, "
    "Requested 4000. Please try again in 6s.",
    "max_tokens is too large: 5000. This model supports at most 4096 completion token"
    "s, whereas you provided 5000.",
    "max_tokens: 5000 > 4096, which is the maximum allowed number of output tokens fo"
    "r claude-3-opus",
    "You exceeded your current quota, please check your plan and billing details.",
    "Invalid 'stop': array too long. Expected an array with maximum length 4",
    "body.temperature. Input should be less than or equal to 2",
    "Your input tokens per minute limit was exceeded",
    "Unsupported value: 'temperature' does not support 0.0 with this model.",
    "The response was filtered due to the prompt triggering the content management policy.",
    "Extra inputs are not permitted",
    "messages: text content blocks must be non-empty",
    "Conversation roles must alternate user/assistant/user/assistant/...",
    "Internal server error",
    "Request timed out",
    "Model is overloaded, too many requests",
    "The request was rejected because it exceeded our safety thresholds",
    "Invalid prompt: your prompt was flagged as potentially violating our usage polic"
    "y. Please try again with a different prompt",
]


@pytest.mark.parametrize(("text", "room"), LONG)
def test_a_prompt_that_is_too_long_is_known_in_any_words(text: str, room: int | None) -> None:
    assert all(is_over_long(said, 400) for said in (text, text.upper(), f"Error: {text}"))
    assert room_for_answer(text) == room


@pytest.mark.parametrize("text", NOT)
def test_what_is_no_word_of_the_prompts_length_is_none(text: str) -> None:
    assert not is_over_long(text, 400)


@pytest.mark.parametrize(("status", "is_long"), [(413, True), (400, False), (500, False)])
def test_a_status_of_its_own_is_enough(status: int, is_long: bool) -> None:
    assert is_over_long("<html>no</html>", status) == is_long


@pytest.mark.parametrize("status", [408, 429, 503])
def test_what_passes_is_no_length(status: int) -> None:
    assert not is_over_long("Too many tokens for now.", status)
    assert is_over_long("Request too large for m: Limit 10, Requested 20.", status)


@given(st.text(max_size=300), st.sampled_from([200, 400, 429, 500]))
def test_any_text_is_one_or_not(text: str, status: int) -> None:
    is_over_long(text, status)
    room = room_for_answer(text)
    assert room is None or room > 0


@pytest.mark.parametrize("status", [200, 400, 413, 422, 500])
@pytest.mark.parametrize(("text", "room"), LONG[::9])
def test_it_is_known_under_any_status_and_not_tried_again(
    status: int, text: str, room: int | None
) -> None:
    reply = Reply(status, {"error": {"message": text}})
    with serve(reply) as script, pytest.raises(PromptTooLongError) as error:
        generate(engine(script), ask())
    assert error.value.room == room
    assert len(script.bodies) == 1


def test_figures_in_a_field_are_read() -> None:
    body = {"error": {"message": "exceed_context_size", "n_prompt_tokens": 90, "n_ctx": 128}}
    with serve(Reply(400, body)) as script, pytest.raises(PromptTooLongError) as error:
        generate(engine(script), ask())
    assert error.value.room == 38


def test_the_prompts_own_words_are_none_of_the_servers() -> None:
    prompt = "prompt is too long: 9000 tokens > 8000"
    echo = Reply(500, {"error": {"message": f"can't parse: {prompt}", "input": prompt}})
    with serve(echo, Reply(body=answer("4"))) as script:
        assert generate(engine(script), ask(prompt))[0].text == "4"
