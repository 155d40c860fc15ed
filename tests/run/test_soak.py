"""A server that draws its faults at random: the run ends, and every item is answered or named."""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
import threading
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from orca_eval.cli import main
from orca_eval.engines import openai

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engines"))
from fault_server import Reply, answer, serve

SHARE_OF_FAULTS = 0.4
SAID = "###Final answer: {B}"


def error(status: int, message: str, **headers: str) -> Reply:
    return Reply(status, {"error": {"message": message}}, headers)


FAULTS = [
    error(400, "flagged by our content policy"),
    Reply(403, b"<html>Access denied</html>"),
    Reply(451, b""),
    error(400, "prompt is too long: 900 tokens > 800 maximum"),
    Reply(413, b"too large"),
    error(422, "Extra inputs are not permitted"),
    error(400, "presence_penalty is not supported"),
    error(400, "System role not supported"),
    error(400, "no"),
    error(429, "slow down", **{"Retry-After": "0.01"}),
    error(500, "CUDA error"),
    error(503, "overloaded"),
    error(200, "provider error"),
    Reply(200, b'{"choices": [{"mess'),
    Reply(200, b"\x1f\x8b\x00", {"Content-Encoding": "gzip"}),
    Reply(200, gzip.compress(bytes(20 << 20)), {"Content-Encoding": "gzip"}),
    Reply(200, answer("half", "abort")),
    Reply(200, answer("half", None)),
    Reply(200, answer("", "content_filter")),
    Reply(200, {"choices": [{"message": None, "finish_reason": "stop"}]}),
    Reply(body=b" ", drips=True),
    Reply(close=True),
]
SHAPES: list[dict[str, Any]] = [
    {"message": {"content": SAID}},
    {"message": {"content": [{"type": "thinking", "thinking": "C?"}, {"text": SAID}]}},
    {"message": {"content": None, "refusal": SAID}},
    {"message": {"content": "", "reasoning_content": SAID}},
    {"message": {"tool_calls": [{"function": {"name": "f", "arguments": SAID}}]}},
    {"text": SAID},
]


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_a_server_does_the_run_ends_and_says_of_each_item_what_became_of_it(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "FIRST_BACKOFF_SECONDS", 0.001)
    draw, lock = random.Random(seed), threading.Lock()

    def reply(body: dict[str, Any]) -> Reply:
        with lock:
            faulty = draw.random() < SHARE_OF_FAULTS
            fault, shape = draw.choice(FAULTS), draw.choice(SHAPES)
        words = sum(len(m["content"].split()) for m in body["messages"])
        usage = {"prompt_tokens": 2 * words, "completion_tokens": 3}
        good = {"choices": [shape | {"finish_reason": "stop"}], "usage": usage}
        return fault if faulty else Reply(body=good)

    with serve() as script:
        script.otherwise = reply
        run = [
            *("run", "engine=openai", f"engine.base_url={script.url}", "model.path=tiny"),
            *(f"results_dir={tmp_path}", "engine.max_retries=3", "engine.timeout=5"),
            *("report.samples=false", "failed_share=1", "sampling.n=2", "sampling.temperature=0.5"),
        ]
        assert main(run) == 0
        said = capsys.readouterr().err
        (path,) = tmp_path.glob("*/*/samples.parquet")
        rows = pq.read_table(path).to_pylist()
        told = json.loads((path.parent / "manifest.json").read_text())["samples"]
        failed = [row for row in rows if row["finish_reason"] == "failed"]
        assert told["failed"] == len(failed) > 0
        assert told["total"] == len(rows)
        assert all(SAID in row["response"] for row in rows if row["finish_reason"] == "stop")
        for row in failed:
            assert re.search(rf"^{row['benchmark']}/.* doc {row['doc_id']} failed: ", said, re.M)
        assert "Traceback" not in said

        script.otherwise = lambda _: Reply(
            body={"choices": [SHAPES[0] | {"finish_reason": "stop"}]}
        )
        asked = len(script.bodies)
        assert main(run) == 0
        assert len(script.bodies) == asked + len(failed)
