"""Several servers of one model as one engine: who is asked, and what becomes of one that fails."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from fault_server import Reply, Script, answer, serve
from test_openai import MODEL, ask, generate

from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import EngineConfig
from orca_eval.engines import endpoints, openai
from orca_eval.engines.openai import OpenAIEngine
from orca_eval.errors import InputError, RunError
from orca_eval.verbs.run import sweep

DEAD = "http://127.0.0.1:9/v1"
A, B = "http://a/v1", "http://b/v1"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "FIRST_BACKOFF_SECONDS", 0.01)


@pytest.fixture
def two() -> Iterator[list[Script]]:
    with ExitStack() as stack:
        yield [stack.enter_context(serve()) for _ in range(2)]


def engine(*urls: str, **args: Any) -> OpenAIEngine:
    config = EngineConfig("openai", urls[0], None, args, urls[1:])
    return OpenAIEngine(MODEL, config, 64)


def several(number: int) -> list[Any]:
    return [ask(str(each)) for each in range(number)]


# --- how they are written -------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [f"{A},{B}", f"[{A},{B}]", f" {A} , {B} ", f"['{A}',\"{B}\"]"])
def test_addresses_are_written_as_other_lists_are(typed: str) -> None:
    config = run_config(compose_verb("run", ["engine=openai", f"engine.base_url={typed}"]))
    assert (config.engine.base_url, config.engine.replicas) == (A, (B,))


def test_a_file_of_ones_own_may_have_a_list(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "both.yaml").write_text(f"name: openai\nbase_url: [{A}, {B}]\n")
    config = run_config(compose_verb("run", [f"conf.path={tmp_path}", "engine=both"]))
    assert (config.engine.base_url, config.engine.replicas) == (A, (B,))


def test_in_a_sweep_a_bare_comma_is_a_run_of_each() -> None:
    assert len(sweep([f"engine.base_url={A},{B}"])) == 2
    assert len(sweep([f"engine.base_url=[{A},{B}]"])) == 1
    assert len(sweep([f"engine.base_url='{A},{B}'"])) == 1


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (f"{A},b:8000", "engine.base_url=b:8000 must be like http"),
        (f"{A},{A}", "is there twice"),
    ],
)
def test_a_wrong_address_is_named(typed: str, says: str) -> None:
    config = run_config(compose_verb("run", ["engine=openai", f"engine.base_url={typed}"]))
    with pytest.raises(InputError, match=says):
        OpenAIEngine(MODEL, config.engine, 64)


def test_the_first_address_alone_is_part_of_the_identity() -> None:
    assert engine(A, B).identity() == engine(A).identity()
    assert engine(A, B, DEAD).identity() != engine(B, A).identity()


# --- before anything is asked ---------------------------------------------------------------------


def test_one_that_is_not_there_is_left_out(
    two: list[Script], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "orca_eval")
    tested = engine(DEAD, two[0].url)
    tested.check()
    assert len(generate(tested, *several(5))) == 5
    (line,) = [r.getMessage() for r in caplog.records]
    assert line == (
        f"{DEAD} is left out for now (connection refused); its requests go to the others"
    )
    assert tested.notes[-1] == (
        f"the endpoint {DEAD} failed meanwhile (connection refused): others took its requests"
    )


def test_where_none_is_there_each_is_a_line() -> None:
    other = "http://127.0.0.1:2/v1"
    with pytest.raises(InputError) as error:
        engine(DEAD, other).check()
    assert str(error.value).splitlines() == [
        f"engine.base_url={url} can't be reached: connection refused; is the server running?"
        for url in (DEAD, other)
    ]


def test_each_has_to_serve_the_model(two: list[Script]) -> None:
    two[1].models = Reply(body={"data": [{"id": "other"}]})
    with pytest.raises(InputError, match=f"^{two[1].url} does not serve 'tiny'"):
        engine(two[0].url, two[1].url).check()


def test_servers_that_take_other_fields_are_no_one_engine(two: list[Script]) -> None:
    two[1].models = Reply(body={"data": [{"id": "tiny", "owned_by": "llamacpp"}]})
    with pytest.raises(InputError, match="another kind of server than"):
        engine(two[0].url, two[1].url).check()


def test_the_shortest_context_counts(two: list[Script]) -> None:
    two[1].models = Reply(body={"data": [{"id": "tiny", "max_model_len": 256}]})
    tested = engine(two[0].url, two[1].url)
    tested.check()
    assert tested.context_length == 256


# --- who is asked ---------------------------------------------------------------------------------


def test_the_least_busy_is_asked_and_none_more_than_it_may_be() -> None:
    async def go() -> None:
        tested = endpoints.Endpoints([A, B], 2)
        async with AsyncExitStack() as turns, AsyncExitStack() as last:
            taken = [await turns.enter_async_context(tested.turn()) for _ in range(3)]
            taken.append(await last.enter_async_context(tested.turn()))
            assert [each.url for each in taken] == [A, B, A, B]
            waiting = asyncio.create_task(turns.enter_async_context(tested.turn()))
            await asyncio.sleep(0)
            assert not waiting.done()
            await last.aclose()
            assert (await waiting).url == B

    asyncio.run(go())


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        (Reply(close=True), endpoints.FAULTS_TO_LEAVE_OUT),
        (Reply(503, b"no capacity"), endpoints.FAULTS_TO_LEAVE_OUT),
        (Reply(429, {}, {"Retry-After": "60"}), 1),
        (Reply(401, b""), 1),
    ],
    ids=["lost", "503", "429", "401"],
)
def test_one_that_fails_is_left_out_and_the_other_takes_its_requests(
    fault: Reply, asked: int, two: list[Script], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "orca_eval")
    two[0].otherwise = lambda _: fault
    tested = engine(two[0].url, two[1].url, max_in_flight=1)

    async def go() -> list[Any]:
        await tested.start()
        try:
            return [await tested.generate(request) for request in several(20)]
        finally:
            await tested.close()

    assert len(asyncio.run(go())) == 20
    assert [len(script.bodies) for script in two] == [asked, 20]
    assert [r.getMessage().split(" (")[0] for r in caplog.records] == [
        f"{two[0].url} is left out for now"
    ]
    assert f"{two[0].url} (0), {two[1].url} (20)" in tested.notes[1]
    assert tested.counters()["taken_over"] == 1


def test_one_that_comes_back_is_asked_again(
    two: list[Script], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(endpoints, "FIRST_PAUSE_SECONDS", 0.01)
    caplog.set_level(logging.INFO, "orca_eval")
    two[0].replies = [Reply(401, b"")] * 3
    tested = engine(two[0].url, two[1].url, max_in_flight=1)

    async def go() -> None:
        await tested.start()
        number = 0
        while len(two[0].bodies) < 10:
            await tested.generate(ask(str(number := number + 1)))
        await tested.close()

    asyncio.run(go())
    said = [r.getMessage().split(" (")[0] for r in caplog.records]
    assert said == [f"{two[0].url} is left out for now", f"{two[0].url} answers again"]


def test_where_all_fail_the_request_does_as_with_one(two: list[Script]) -> None:
    for script in two:
        script.otherwise = lambda _: Reply(503, {"error": "no capacity"})
    with pytest.raises(RunError, match=r"HTTP 503: no capacity \(after 3 tries\)"):
        generate(engine(two[0].url, two[1].url, max_retries=2), ask())
    assert sum(len(script.bodies) for script in two) <= 2 + 2 * endpoints.FAULTS_TO_LEAVE_OUT


def test_a_prompt_that_no_server_takes_leaves_none_out(two: list[Script]) -> None:
    for script in two:
        script.otherwise = lambda body: (
            Reply(400, {"error": {"message": "flagged", "code": "content_policy_violation"}})
            if body["messages"][-1]["content"] == "0"
            else Reply(body=answer())
        )
    tested = engine(two[0].url, two[1].url)
    with pytest.raises(RunError, match="flagged"):
        generate(tested, ask("0"))
    generate(tested, *several(9)[1:])
    assert [each.why for each in tested._endpoints.all] == ["", ""]


# --- a whole run ----------------------------------------------------------------------------------


def by_prompt(body: dict[str, Any]) -> Reply:
    letter = "ABCD"[len(body["messages"][-1]["content"]) % 4]
    usage = {"prompt_tokens": 400, "completion_tokens": 3}
    return Reply(body=answer(f"###Final answer: {letter}") | {"usage": usage})


def test_a_run_is_complete_though_one_dies_at_half(
    two: list[Script], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(name: str, urls: str) -> tuple[Path, list[dict[str, Any]]]:
        code = main(
            [
                *("run", "engine=openai", f"engine.base_url={urls}", "model.path=tiny"),
                *(f"results_dir={tmp_path / name}", "report.samples=false", "suite=quickstart"),
                *("engine.max_in_flight=2", "suite.benchmarks=[arc_easy,crass,gsm8k]"),
                "suite.averages=[]",
            ]
        )
        assert code == 0
        (samples,) = (tmp_path / name).glob("*/*/samples.parquet")
        rows = pq.read_table(samples, columns=["benchmark", "doc_id", "response", "score"])
        return samples.parent, sorted(rows.to_pylist(), key=json.dumps)

    for script in two:
        script.otherwise = by_prompt
    _, alone = run("alone", two[0].url)
    dies_at = len(two[0].bodies) // 4  # of the half that is its own
    two[0].bodies.clear()
    two[0].otherwise = lambda body: (
        Reply(close=True) if len(two[0].bodies) > dies_at else by_prompt(body)
    )
    folder, rows = run("both", f"{two[0].url},{two[1].url}")
    assert rows == alone
    assert len({row["response"] for row in rows}) > 1
    notes = json.loads((folder / "manifest.json").read_text())["notes"]
    assert any(f"endpoint {two[0].url} failed meanwhile (" in note for note in notes)
    assert f"{two[0].url} is left out for now (" in capsys.readouterr().err
