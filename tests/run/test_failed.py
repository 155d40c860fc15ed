"""Requests that a server refuses or fails for good: failed items, or a run that can't go on."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from orca_eval.cli import main
from orca_eval.engines import openai
from orca_eval.errors import FailedItemError, PromptTooLongError, RunError
from orca_eval.run.failures import FIRST_ALIKE, FIRST_REFUSED, Failures

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engines"))
from fault_server import Reply, Script, answer, serve

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "FIRST_BACKOFF_SECONDS", 0.01)


@pytest.fixture
def script() -> Iterator[Script]:
    with serve() as script:
        script.otherwise = good
        yield script


def good(body: dict[str, Any]) -> Reply:
    words = sum(len(m["content"].split()) for m in body["messages"])
    made = answer("###Final answer: {B}")
    return Reply(body=made | {"usage": {"prompt_tokens": 2 * words, "completion_tokens": 3}})


def poisoned(fault: Reply, every: int, first: int = 1) -> Callable[[dict[str, Any]], Reply]:
    """Fails every so manieth prompt, each time that it is asked."""
    seen: dict[str, int] = {}
    lock = threading.Lock()

    def reply(body: dict[str, Any]) -> Reply:
        with lock:
            number = seen.setdefault(json.dumps(body["messages"]), len(seen))
        return fault if number % every == first else good(body)

    return reply


def command(
    script: Script, tmp_path: Path, *more: str, benchmarks: str = "gsm8k,arc_easy,mmlu"
) -> list[str]:
    return [
        *("run", "engine=openai", f"engine.base_url={script.url}", "model.path=tiny"),
        *(f"results_dir={tmp_path / 'out'}", "engine.max_retries=1", "report.samples=false"),
        *("suite=quickstart", f"suite.benchmarks=[{benchmarks}]", "suite.averages=[]"),
        *more,
    ]


def samples(tmp_path: Path) -> dict[str, Any]:
    (path,) = (tmp_path / "out").glob("*/*/manifest.json")
    found: dict[str, Any] = json.loads(path.read_text())["samples"]
    return found


def failed_docs(tmp_path: Path) -> list[str]:
    (path,) = (tmp_path / "out").glob("*/*/samples.parquet")
    rows = pq.read_table(path).to_pylist()
    failed = [row for row in rows if row["finish_reason"] == "failed"]
    assert {row["response"] for row in failed} == {""}
    assert {row["score"] for row in failed} == {0.0}
    return [f"{row['benchmark']}/{row['task']} doc {row['doc_id']}" for row in failed]


DOWN = Reply(500, {"error": {"message": "CUDA error"}})
FAULTS = [
    Reply(400, {"error": {"message": "flagged", "code": "content_policy_violation"}}),
    Reply(403, b"<html>Access denied</html>"),
    Reply(451, b""),
    Reply(400, b"no"),
    DOWN,
    Reply(413, b"<html>413 Request Entity Too Large</html>"),
    Reply(400, {"error": {"message": "prompt is too long: 900 tokens > 800 maximum"}}),
    Reply(200, answer("half", "abort")),
    Reply(200, answer("", "content_filter")),
    Reply(close=True),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.status}-{str(f.body)[:20]}")
def test_one_poisoned_item_ends_no_run(
    fault: Reply, script: Script, tmp_path: Path, capsys: Output
) -> None:
    script.otherwise = poisoned(fault, every=1000)
    run = command(script, tmp_path)
    assert main(run) == 0
    output = capsys.readouterr()
    assert samples(tmp_path)["failed"] == 1
    (doc,) = failed_docs(tmp_path)
    assert output.err.count(f"{doc} failed: ") == 1
    assert "Samples whose request failed, counted wrong: 1; the same command" in output.out

    script.otherwise = good
    asked = len(script.bodies)
    assert main(run) == 0
    assert samples(tmp_path)["failed"] == 0
    assert len(script.bodies) == asked + 1
    assert "counted wrong: 1" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "fault",
    [
        DOWN,
        FAULTS[0],
        Reply(404, {"error": {"message": "the model does not exist"}}),
        Reply(400, {"error": {"message": "temperature is not supported"}}),
        Reply(400, {"error": {"message": "invalid API key"}}),
        Reply(405, b""),
    ],
    ids=lambda f: f"{f.status}-{str(f.body)[:40]}",
)
def test_where_only_poisoned_items_are_left_they_fail_alone_as_in_the_first_run(
    fault: Reply, script: Script, tmp_path: Path, capsys: Output
) -> None:
    # The answers that are stored show that the server and the settings are good.
    script.otherwise = poisoned(fault, every=3)
    run = command(script, tmp_path, "failed_share=1", "engine.max_retries=0")
    assert main(run) == 0
    capsys.readouterr()
    docs, asked = failed_docs(tmp_path), len(script.bodies)
    assert len(docs) > FIRST_ALIKE
    assert main(run) == 0
    said = capsys.readouterr().err
    assert len(script.bodies) == asked + len(docs)
    assert failed_docs(tmp_path) == docs
    assert all(said.count(f"{doc} failed: ") == 1 for doc in docs)
    assert "the scores stay as they were" not in said


def test_where_all_fail_and_may_each_is_named(
    script: Script, tmp_path: Path, capsys: Output
) -> None:
    script.otherwise = lambda _: FAULTS[0]
    assert main(command(script, tmp_path, "failed_share=1", benchmarks="gsm8k")) == 0
    said = capsys.readouterr().err
    docs = failed_docs(tmp_path)
    assert len(docs) == samples(tmp_path)["failed"] > 0
    assert all(said.count(f"{doc} failed: ") == 1 for doc in docs)


def test_too_many_end_the_run_as_incomplete_with_everything_kept(
    script: Script, tmp_path: Path, capsys: Output
) -> None:
    script.otherwise = poisoned(FAULTS[0], every=9)
    run = command(script, tmp_path)
    assert main(run) == 1
    *lines, last = capsys.readouterr().err.splitlines()
    assert last.startswith("orca-eval: the run is incomplete: ")
    assert "failed_share=0.02" in last
    number = sum(" failed: " in line for line in lines)
    assert f" {number} of " in last
    assert not list((tmp_path / "out").glob("*/*/manifest.json"))

    asked = len(script.bodies)
    assert main([*run, "failed_share=0.5"]) == 0
    assert len(script.bodies) == asked + number
    assert samples(tmp_path)["failed"] == number == len(failed_docs(tmp_path))


def test_a_share_of_nothing_lets_none_fail(script: Script, tmp_path: Path) -> None:
    script.otherwise = poisoned(FAULTS[0], every=1000)
    assert main(command(script, tmp_path, "failed_share=0")) == 1


@pytest.mark.parametrize("fault", [Reply(400, b"no"), DOWN])
def test_what_fails_every_request_ends_the_run_at_once_in_one_line(
    fault: Reply, script: Script, tmp_path: Path, capsys: Output
) -> None:
    script.otherwise = lambda _: fault
    assert main(command(script, tmp_path, "engine.max_in_flight=2")) == 1
    lines = capsys.readouterr().err.splitlines()
    assert "so failed the first 3 requests" in lines[-1]
    assert not any(" failed: " in line for line in lines)
    assert len(script.bodies) <= 2 * 5


def test_a_server_that_breaks_down_ends_the_run_and_it_goes_on(
    script: Script, tmp_path: Path, capsys: Output
) -> None:
    script.otherwise = lambda body: good(body) if len(script.bodies) < 12 else DOWN
    run = command(script, tmp_path, "engine.max_in_flight=3")
    assert main(run) == 1
    assert "with no answer between them" in capsys.readouterr().err
    script.otherwise = good
    assert main(run) == 0
    assert samples(tmp_path)["reused"] >= 8


def test_a_server_that_is_gone_is_not_asked_for_every_item(
    script: Script, tmp_path: Path, capsys: Output
) -> None:
    def once_more(body: dict[str, Any]) -> Reply:
        script.otherwise = lambda _: Reply(401, b"")
        return good(body)

    script.otherwise = once_more
    assert main(command(script, tmp_path, "engine.max_in_flight=1")) == 1
    assert "HTTP 401: the server wants a key" in capsys.readouterr().err
    assert len(script.bodies) <= 4


# --- prompts that are too long --------------------------------------------------------------------


def fits(body: dict[str, Any]) -> Reply:
    """A server with room for 100 tokens behind the first prompt."""
    if body["max_tokens"] <= 100:
        return good(body)
    told = "maximum context length is 300 tokens and your request has 200 input tokens"
    return Reply(400, {"error": {"message": f"max_tokens is too large. This model's {told}"}})


def test_shrink_asks_again_for_as_much_as_fits(
    script: Script, tmp_path: Path, capsys: Output
) -> None:
    script.otherwise = fits
    run = command(script, tmp_path, "over_long=shrink")
    assert main(run) == 0
    found = samples(tmp_path)
    assert found["over_long"] == found["total"]
    assert found["failed"] == 0
    assert {body["max_tokens"] for body in script.bodies} == {256, 100}
    assert "over_long=shrink" in capsys.readouterr().out
    asked = len(script.bodies)
    assert main(run) == 0
    assert len(script.bodies) == asked


@pytest.mark.parametrize("policy", ["skip", "shrink"])
def test_without_figures_it_is_skipped(script: Script, tmp_path: Path, policy: str) -> None:
    script.otherwise = poisoned(Reply(413, b""), every=5)
    assert main(command(script, tmp_path, f"over_long={policy}")) == 0
    found = samples(tmp_path)
    assert found["failed"] == 0
    assert found["over_long"] > 1


def test_an_error_names_the_ways_out(script: Script, tmp_path: Path, capsys: Output) -> None:
    script.otherwise = poisoned(Reply(413, b""), every=5)
    assert main(command(script, tmp_path)) == 1
    assert "over_long=skip counts such prompts wrong" in capsys.readouterr().err


# --- waiting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limit",
    [
        Reply(429, {}, {"Retry-After": "3"}),
        Reply(429, {}, {"retry-after-ms": "3000"}),
        Reply(503, {}, {"Retry-After": "3"}),
        Reply(429, {"error": {"message": "slow down, please try again in 3s"}}),
        Reply(429, {"error": {"details": [{"retryDelay": "3s"}]}}),
    ],
    ids=["429", "ms", "503", "words", "delay"],
)
def test_waiting_for_the_server_is_no_hanging(
    limit: Reply, script: Script, tmp_path: Path, capsys: Output
) -> None:
    script.replies = [limit] * 2  # each of two at once is told so
    run = command(script, tmp_path, "stall_seconds=1.5", "engine.max_in_flight=2")
    assert main(run) == 0
    error = capsys.readouterr().err
    assert error.count("rate limited, 3 s") == 1
    assert samples(tmp_path)["stalled"] == 0


# --- settings that only a whole run shows ---------------------------------------------------------


def test_a_run_without_temperature_and_system_turn(
    script: Script, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_AZURE", "canary-4711-canary")
    further = ["sampling.temperature=null", "prompt=none", "engine.headers.api-key=env:MY_AZURE"]
    further += ["engine.query.api-version=2024-10-21", "engine.extra_body={enable_thinking: false}"]
    assert main(command(script, tmp_path, *further)) == 0
    output = capsys.readouterr().out
    assert "sampling.temperature=null: not sent, the server's own default acts." in output
    for body in script.bodies:
        assert "temperature" not in body
        assert body["enable_thinking"] is False
        assert [m["role"] for m in body["messages"]] == ["user"]
    assert script.headers[-1]["api-key"] == "canary-4711-canary"
    assert script.paths[-1].endswith("?api-version=2024-10-21")
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes()


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("engine.headers.api-key=canary-4711", "keys are never given on the command line"),
        ("engine.headers={api-key: canary-4711}", "keys are never given on the command line"),
        ("engine.query.token=canary-4711", "keys are never given on the command line"),
        ("engine=vllm", "sampling.temperature=null leaves it to a server, and engine=vllm is none"),
    ],
)
def test_what_no_run_takes(
    script: Script, tmp_path: Path, capsys: Output, override: str, says: str
) -> None:
    assert main(command(script, tmp_path, "sampling.temperature=null", override)) == 3
    error = capsys.readouterr().err
    assert says in error
    assert "canary" not in error


# --- whose fault it is ----------------------------------------------------------------------------

UNKNOWN, REFUSED = FailedItemError("HTTP 500"), PromptTooLongError("too long")


@pytest.mark.parametrize(
    ("in_flight", "error", "most"),
    [(1, UNKNOWN, 3), (4, UNKNOWN, 4), (64, UNKNOWN, FIRST_ALIKE), (64, REFUSED, FIRST_REFUSED)],
)
def test_failures_before_any_answer_are_the_runs(
    in_flight: int, error: FailedItemError, most: int
) -> None:
    said: list[str] = []
    failures = Failures(in_flight, said.append)
    for number in range(most - 1):
        failures.failed(f"doc {number}", error)
    with pytest.raises(RunError, match=f"the first {most} requests"):
        failures.failed("doc", error)
    assert said == []


def test_one_answer_makes_earlier_failures_those_of_items() -> None:
    said: list[str] = []
    failures = Failures(1, said.append)
    failures.failed("doc 1", UNKNOWN)
    failures.failed("doc 2", UNKNOWN)
    failures.answered()
    failures.failed("doc 3", UNKNOWN)
    assert said == [f"doc {number} failed: HTTP 500" for number in (1, 2, 3)]


def test_refused_prompts_may_follow_each_other_for_ever_once_one_was_answered() -> None:
    failures = Failures(2, lambda _: None)
    failures.answered()
    for _ in range(10_000):
        failures.failed("doc", REFUSED)


def test_a_refused_first_item_waits_for_those_beside_it(
    script: Script, tmp_path: Path, capsys: Output
) -> None:
    fault = Reply(400, {"error": {"message": "invalid API key"}})
    at_once = poisoned(fault, every=1000)

    def late(body: dict[str, Any]) -> Reply:
        reply = at_once(body)
        return reply if reply is fault else replace(reply, seconds=0.3)

    script.otherwise = late
    assert main(command(script, tmp_path)) == 0
    assert samples(tmp_path)["failed"] == 1
    (doc,) = failed_docs(tmp_path)
    assert capsys.readouterr().err.count(f"{doc} failed: ") == 1
