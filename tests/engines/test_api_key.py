"""The key is sent to the server and stands nowhere else, however the server repeats it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fault_server import Reply, answer, serve
from test_openai import ask, engine, generate, short_waits

from orca_eval.engines.api_key import ApiKey
from orca_eval.errors import RunError

__all__ = ["short_waits"]  # the fixture serves these tests too

KEY = 'sk-"quoted"/canary+4711'


def escaped(key: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in key)


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> ApiKey:
    monkeypatch.setenv("MY_KEY", KEY)
    return ApiKey("MY_KEY")


@pytest.mark.parametrize(
    "echo",
    [
        KEY,
        json.dumps(KEY)[1:-1],
        json.dumps(KEY)[1:-1].replace("/", r"\/"),
        escaped(KEY),
        escaped(KEY).upper().replace("\\U", "\\u"),
        "".join(f"%{ord(char):02X}" for char in KEY),
        "".join(f"&#{ord(char)};" for char in KEY),
        "".join(f"&#x{ord(char):x};" for char in KEY),
    ],
)
def test_the_key_is_found_however_it_is_escaped(hidden: ApiKey, echo: str) -> None:
    assert hidden.hide(f"you sent {echo}!") == "you sent [key]!"


def test_a_key_escaped_in_the_body_reaches_no_answer_and_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    whole = json.dumps(answer("your key is KEY")).replace("KEY", escaped(KEY)).encode()
    refusal = json.dumps({"error": {"message": "bad KEY"}}).replace("KEY", escaped(KEY)).encode()
    page = f"<p>bad {escaped(KEY)}</p>".encode()
    reason = answer("4", KEY)
    replies = [Reply(body=whole), Reply(body=reason), Reply(400, refusal), Reply(404, page)]
    with serve(*replies) as script:
        tested = engine(script, api_key_env="MY_KEY")
        seen: list[Any] = [generate(tested, ask())[0].text for _ in range(2)]
        for _ in range(2):
            with pytest.raises(RunError) as error:
                generate(tested, ask())
            seen.append(str(error.value))
    assert seen[0] == "your key is [key]"
    assert KEY not in repr([seen, tested.notes, tested.counters(), vars(tested)])
    assert escaped(KEY) not in "".join(seen)
    assert "the key was taken out of 1 answers" in tested.notes


@pytest.mark.parametrize("key", ["a", "token", "EMPTY", "content"])
def test_a_key_too_short_to_be_one_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("MY_KEY", key)
    with serve(Reply(body=answer(f"a {key} content"))) as script:
        tested = engine(script, api_key_env="MY_KEY")
        tested.check()
        (completion,) = generate(tested, ask())
    assert completion.text == f"a {key} content"
    assert (completion.prompt_tokens, completion.completion_tokens) == (7, 3)
    assert any("is shorter than 8 characters" in note for note in tested.notes)
