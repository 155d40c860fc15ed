"""A server that draws its faults at random: the run ends, and every item is answered or named."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from orca_eval.cli import main
from orca_eval.engines import openai

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engines"))
from fault_server import Reply, serve
from fault_shapes import FAULTS, shapes

SHARE_OF_FAULTS = 0.4
SAID = "###Final answer: {B}"
SHAPES = shapes(SAID)


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
        texts = [r["response"] or r["reasoning"] for r in rows if r["finish_reason"] == "stop"]
        assert all(SAID in text for text in texts)
        for row in failed:
            assert re.search(rf"^{row['benchmark']}/.* doc {row['doc_id']} failed: ", said, re.M)
        assert "Traceback" not in said

        script.otherwise = lambda _: Reply(
            body={"choices": [SHAPES[0] | {"finish_reason": "stop"}]}
        )
        asked = len(script.bodies)
        assert main(run) == 0
        assert len(script.bodies) == asked + len(failed)


def test_kills_among_the_faults_repeat_nothing_that_was_stored() -> None:
    bench = Path(__file__).resolve().parents[2] / "bench" / "endpoint_soak.py"
    done = subprocess.run(
        [sys.executable, str(bench), "--requests", "500", "--kills", "3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every item is answered and stored, or failed and named" in done.stdout
