"""The replay engine: whose answer it serves, when it serves it, and which scripts it refuses."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.replay import ReplayEngine
from orca_eval.errors import InputError, RunError
from orca_eval.types import Completion, Message, Request, Sampling

MODEL = ModelConfig(name="none", path="none")


def engine(script: Path, **args: object) -> ReplayEngine:
    return ReplayEngine(MODEL, EngineConfig("replay", args={"script": str(script), **args}), 64)


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def ask(user: str, system: str = "") -> Request:
    messages = (Message(role="system", content=system), Message(role="user", content=user))
    return Request(key=user, messages=messages, sampling=Sampling())


def answer(engine: ReplayEngine, request: Request) -> Completion:
    async def go() -> Completion:
        await engine.start()
        return await engine.generate(request)

    return asyncio.run(go())


def test_answers_by_text_by_hash_and_by_default(tmp_path: Path) -> None:
    digest = hashlib.sha256("ünï?".encode()).hexdigest()
    script = write(
        tmp_path / "s.jsonl",
        {"prompt": "a?", "text": " A \n"},
        {"prompt_sha256": digest, "text": "B", "finish_reason": "length"},
        {"default": True, "text": ""},
    )
    replay = engine(script)
    replay.check()
    assert answer(replay, ask("a?")).text == " A \n"
    assert answer(replay, ask("a?", system="be careful")).text == " A \n"
    assert answer(replay, ask("ünï?")).finish_reason == "length"
    assert answer(replay, ask("other")) == Completion("", "stop", 1, 0)
    assert replay.counters() == {"requests": 4.0}


def test_a_prompt_without_an_answer_is_an_error(tmp_path: Path) -> None:
    replay = engine(write(tmp_path / "s.jsonl", {"prompt": "a?", "text": "A"}))
    with pytest.raises(RunError, match="no answer for the prompt that starts 'b\\?'"):
        answer(replay, ask("b?"))


def test_identity_is_the_scripts_hash_and_not_its_pace(tmp_path: Path) -> None:
    script = write(tmp_path / "s.jsonl", {"default": True, "text": "A"})
    before = engine(script).identity()
    assert before == engine(script, delay=1.0, max_in_flight=3).identity()
    assert before["script_sha256"] == hashlib.sha256(script.read_bytes()).hexdigest()
    write(script, {"default": True, "text": "B"})
    assert engine(script).identity() != before


def test_pace_is_per_request_and_requests_run_beside_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = write(tmp_path / "s.jsonl", {"default": True, "text": "one two three four"})
    replay = engine(script, delay=0.05, tokens_per_second=40)
    pause, said = asyncio.sleep, []

    async def sleep(seconds: float) -> None:
        said.append(seconds)
        await pause(0)
        said.append("over")

    async def ten() -> None:
        await replay.start()
        await asyncio.gather(*(replay.generate(ask(str(i))) for i in range(10)))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(ten())
    assert said == [pytest.approx(0.05 + 4 / 40)] * 10 + ["over"] * 10


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "s.jsonl:2: not a line of JSON"),
        ("[]", "s.jsonl:2: not a JSON object"),
        ('{"prompt": "a"}', "needs a string 'text'"),
        ('{"prompt": "a", "text": 1}', "needs a string 'text'"),
        ('{"text": "a"}', "exactly one of"),
        ('{"prompt": "a", "default": true, "text": "a"}', "exactly one of"),
        ('{"prompt_sha256": "xyz", "text": "a"}', "64 hexadecimal"),
        ('{"default": 1, "text": "a"}', "can only be true"),
        ('{"prompt": "a", "text": "b", "txt": 1}', "unknown field 'txt'"),
        ('{"prompt": "a", "text": "b", "finish_reason": "eos"}', "must be one of stop, length"),
        ('{"prompt": "first", "text": "another"}', "a second, different answer"),
        ("[" * 100_000, "s.jsonl:2: not a line of JSON"),
        ('{"default": true, "text": "\\ud800"}', "half of a surrogate pair"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    script = write(tmp_path / "s.jsonl", {"prompt": "first", "text": "A"})
    script.write_text(script.read_text() + line + "\n")
    with pytest.raises(InputError) as error:
        engine(script).check()
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_an_empty_prompt_can_be_scripted(tmp_path: Path) -> None:
    replay = engine(write(tmp_path / "s.jsonl", {"prompt": "", "text": "A"}))
    assert answer(replay, ask("")).text == "A"


def test_a_prompt_with_half_of_a_surrogate_pair_can_be_scripted(tmp_path: Path) -> None:
    replay = engine(write(tmp_path / "s.jsonl", {"prompt": "\ud800", "text": "A"}))
    assert answer(replay, ask("\ud800")).text == "A"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({}, "engine=replay needs engine.script"),
        ({"script": None}, "engine=replay needs engine.script"),
        ({"script": 3}, "engine.script=3 must be str"),
        ({"script": "s", "dely": 1}, "engine.dely is not an argument of replay; nearest"),
        ({"script": "missing.jsonl"}, "engine.script=missing.jsonl: No such file"),
        ({"script": "s", "delay": -1}, "must be a number from 0 to"),
        ({"script": "s", "delay": float("nan")}, "must be a number from 0 to"),
        ({"script": "s", "tokens_per_second": 0}, "must be a number from 0.001 to"),
        ({"script": "s", "max_in_flight": 0}, "must be a whole number of at least 1"),
        (
            {"script": "s", "max_in_flight": True},
            "engine.max_in_flight=True must be a whole number of at least 1",
        ),
    ],
)
def test_wrong_arguments_are_one_line(args: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as error:
        ReplayEngine(MODEL, EngineConfig("replay", args=args), 64).check()
    assert says in str(error.value)
