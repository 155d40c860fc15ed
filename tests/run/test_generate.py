"""The continuous batch: full, in order, and alive whatever one request does."""

from __future__ import annotations

import asyncio
import time

import pytest

from orca_eval.engines.base import told_to_wait
from orca_eval.errors import RunError
from orca_eval.run.generate import ENCODE_BATCH, Room, generate_all
from orca_eval.run.plan import Prompter, Work
from orca_eval.types import Completion, Request

from .fakes import FakeEngine, work


async def at_once() -> None:
    """There is always room."""


def run(
    engine: FakeEngine, works: list[Work], stall: float = 60.0, room: Room = at_once
) -> tuple[list[tuple[Work, Completion]], list[str]]:
    done: list[tuple[Work, Completion]] = []
    said: list[str] = []

    def finished(item: Work, completion: Completion) -> None:
        done.append((item, completion))

    prompter = Prompter(engine.tokenizer, "")
    asyncio.run(
        generate_all(
            engine.generate,
            engine.max_in_flight,
            prompter.requests,
            works,
            finished,
            room,
            stall,
            said.append,
        )
    )
    return done, said


def test_everything_is_sent_in_order_and_the_engine_is_kept_full() -> None:
    engine = FakeEngine(max_in_flight=5, delay=0.002)
    works = [work(n, f"question {n}") for n in range(300)]
    done, _ = run(engine, works)
    assert [r.key for r in engine.seen] == [w.key.hex() for w in works]
    assert engine.most_in_flight == 5
    assert {w.key: c.text for w, c in done} == {w.key: str(n) for n, w in enumerate(works)}


def test_no_more_is_sent_than_there_is_room_for() -> None:
    engine = FakeEngine(max_in_flight=5)
    sent: list[int] = []

    async def room() -> None:
        await asyncio.sleep(0.05)
        sent.append(len(engine.seen))

    done, _ = run(engine, [work(n, f"question {n}") for n in range(3 * ENCODE_BATCH)], room=room)
    assert sent == [n * ENCODE_BATCH for n in range(4)]  # also before the end is found
    assert len(done) == 3 * ENCODE_BATCH


def test_an_engine_gets_the_token_ids_of_its_prompt() -> None:
    engine = FakeEngine()
    run(engine, [work(0, "two words"), work(1, "three whole words")])
    assert [list(r.prompt_token_ids or ()) for r in engine.seen] == [[3, 5], [5, 5, 5]]


def test_a_request_that_never_ends_is_named_ended_and_counted() -> None:
    engine = FakeEngine(max_in_flight=3, hang=["stuck"])
    works = [work(0, "stuck"), *(work(n, f"question {n}") for n in range(1, 20))]
    done, said = run(engine, works, stall=1.0)
    assert engine.cancelled == ["stuck"]
    assert {w.key: c.finish_reason for w, c in done}[works[0].key] == "timeout"
    assert len(done) == 20
    assert "bench/part doc 0" in said[0]


class Limited(FakeEngine):
    """Its server wants each request to wait once; `hang` prompts hang afterwards."""

    async def generate(self, request: Request) -> Completion:
        told_to_wait.get()(1.5)
        await asyncio.sleep(1.5)
        return await super().generate(request)


def test_waiting_on_the_servers_word_is_no_hanging_and_hanging_afterwards_is() -> None:
    works = [work(n, f"question {n}") for n in range(4)]
    done, said = run(Limited(), works, stall=0.8)
    assert {c.finish_reason for _, c in done} == {"stop"}
    assert said == ["rate limited, 2 s"]

    works = [work(0, "stuck"), work(1, "question")]
    done, said = run(Limited(hang=["stuck"]), works, stall=0.8)
    assert sorted(c.finish_reason for _, c in done) == ["stop", "timeout"]
    assert [line.split(",")[0] for line in said] == [
        "rate limited",
        "no request finished for 0.8 s; ending the oldest",
    ]


def test_an_engine_that_hangs_for_good_is_given_up() -> None:
    works = [work(n, f"stuck {n}") for n in range(30)]
    engine = FakeEngine(max_in_flight=2, hang=[f"stuck {n}" for n in range(30)])
    with pytest.raises(ExceptionGroup) as caught:
        run(engine, works, stall=0.1)
    assert caught.group_contains(RunError, match="finished no request")
    assert engine.in_flight == 0


def test_a_death_ends_the_run_and_no_request_is_left_under_way() -> None:
    engine = FakeEngine(die_after=7, delay=0.001)
    with pytest.raises(ExceptionGroup) as caught:
        run(engine, [work(n, f"question {n}") for n in range(50)])
    assert caught.group_contains(RunError, match="died")
    assert engine.in_flight == 0


def test_the_clock_jumping_moves_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 10.0**10)
    done, said = run(FakeEngine(delay=0.001), [work(n, f"q {n}") for n in range(20)], stall=60.0)
    assert len(done) == 20
    assert said == []
