"""Runs the product against an endpoint that draws its faults at random, with or without kills.

    python bench/endpoint_soak.py [--requests 10000] [--kills 0] [--seed 0]

Every item is a question of its own, and every answer names its item and its number, so that the
server knows what it gave to whom. It draws from all shapes of tests/engines/fault_shapes.py; some
items are poisoned and fail each time. With kills: `kill -9` after a random number of further
stored answers (100 to 800 of 10,000), then the same command again, until it ends.

At the end: every sample's text is one that the server gave for this very item, or the sample
failed and is named on the screen; the store holds all that were answered; no request came for an
item that a killed run had stored; no traceback was printed; memory is flat: the resident memory of
the run's processes together, sampled every 50 ms, does not grow by more than 64 MiB at its median
from the second to the last tenth of the answers (a run without kills and of 5,000 requests or
more).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "engines"))
from fault_server import Reply, serve  # noqa: E402
from fault_shapes import FAULTS, error, shapes  # noqa: E402

SHARE_OF_FAULTS = 0.3
SHARE_SILENT = 0.01
POISONED = {3: error(400, "flagged as sensitive"), 57: error(500, "this one never works")}
"""By an item's number modulo 100."""
REQUESTS_UNDER_WAY = 128
UNSPOILT = 32
FEWEST, MOST = 100, 800
"""Stored answers between two kills, of 10,000."""
SHARE_STORED = 0.9
"""Of the items: so many are answered at last, but for the poisoned ones and some more."""
MOST_GROWTH = 64 << 20
ENOUGH_FOR_MEMORY = 5000
SAMPLE_SECONDS = 0.05
CARD = """---
configs:
- config_name: main
  data_files:
  - {split: test, path: main/test.jsonl}
---
"""


@dataclass
class Endpoint:
    """Replies at random, and what was given to whom; `stored` are items not to be asked again.

    The first `unspoilt` replies are good, for a run whose first request meets a wrong setting ends.
    """

    draw: random.Random
    given: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    stored: set[int] = field(default_factory=set)
    unspoilt: int = 0
    asked: int = 0
    asked_again: int = 0
    calm: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, body: dict[str, Any]) -> Reply:
        number = item_of(body["messages"][-1]["content"])
        with self.lock:
            self.asked += 1
            self.asked_again += number in self.stored
            self.unspoilt -= 1
            poison = POISONED.get(number % 100)
            if self.calm or (self.unspoilt > 0 and poison is None):
                return self._answer(number)
            if poison is not None:
                return poison
            if self.draw.random() < SHARE_OF_FAULTS:
                return self.draw.choice(FAULTS)
            return self._answer(number, silent=self.draw.random() < SHARE_SILENT)

    def _answer(self, number: int, *, silent: bool = False) -> Reply:
        said = f"###Final answer: {{{number + 1}}} (Item {number}, reply {self.asked})"
        choice = {"message": {"content": ""}} if silent else self.draw.choice(shapes(said))
        self.given[number].add("" if silent else said)
        usage = {"prompt_tokens": 200, "completion_tokens": 30}
        return Reply(body={"choices": [choice | {"finish_reason": "stop"}], "usage": usage})


@dataclass
class Memory:
    """Resident bytes of a process and its children, each with the answers stored until then."""

    samples: list[tuple[int, int]] = field(default_factory=list)

    def note(self, process: psutil.Process, stored: int) -> None:
        with suppress(psutil.Error):
            family = [process, *process.children(recursive=True)]
            self.samples.append((stored, sum(one.memory_info().rss for one in family)))

    def growth(self, items: int) -> int:
        """From the second to the last tenth of what is stored at the end: between medians."""
        end = max(stored for stored, _ in self.samples) if self.samples else items

        def level(low: float, high: float) -> float:
            held = [size for stored, size in self.samples if low * end < stored <= high * end]
            return statistics.median(held) if held else 0.0

        return round(level(0.9, 1.0) - level(0.1, 0.2))


def item_of(text: str) -> int:
    """The number that a question or an answer names."""
    return int(re.findall(r"Item (\d+)", text)[0])


def write_data(folder: Path, items: int) -> None:
    """Questions in the schema of GSM8K, each with another answer."""
    place = folder / "openai" / "gsm8k"
    (place / "main").mkdir(parents=True)
    (place / "README.md").write_text(CARD)
    rows = (
        {"question": f"Item {i}: what is {i} + 1?", "answer": f"It is one more.\n#### {i + 1}"}
        for i in range(items)
    )
    (place / "main" / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def stored_texts(results: Path) -> list[str]:
    """What the store holds; read only, as after a kill."""
    path = results / ".store" / "responses.sqlite"
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        return [text for (text,) in store.execute("SELECT text FROM responses")]


def stored_count(results: Path) -> int:
    """Rows in the store, at the price of one look; 0 before there is one."""
    path = results / ".store" / "responses.sqlite"
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute("SELECT max(rowid) FROM responses").fetchone()[0] or 0
    return 0


def run(command: list[str], results: Path, log: Path, most: float, memory: Memory) -> int | None:
    """The command's exit status; None where it was killed, with `most` answers stored."""
    with log.open("ab") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        time.sleep(SAMPLE_SECONDS)
        stored = stored_count(results)
        memory.note(watched, stored)
        if stored >= most:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None
    return process.returncode


def faults_of(results: Path, log: Path, endpoint: Endpoint, items: int) -> tuple[list[str], int]:
    """What is wrong with the run that ended, a line each; and how many samples failed."""
    (path,) = results.glob("*/*/samples.parquet")
    rows = pq.read_table(path).to_pylist()
    told = json.loads((path.parent / "manifest.json").read_text())["samples"]
    said = log.read_text(errors="replace")
    named = set(re.findall(r"^\S*gsm8k\S* doc (\S+) failed: ", said, re.M))
    ends = Counter(row["finish_reason"] for row in rows)
    wrong = []
    if len(rows) != items or told["total"] != items:
        wrong.append(f"{len(rows)} rows, the manifest's total {told['total']}")
    if told["failed"] != ends["failed"]:
        wrong.append(f"{ends['failed']} failed, the manifest says {told['failed']}")
    for row in rows:
        number, text = item_of(row["prompt"]), row["response"] or row["reasoning"] or ""
        if row["finish_reason"] == "failed" and str(row["doc_id"]) not in named:
            wrong.append(f"item {number} failed and is not named")
        if row["finish_reason"] == "stop" and not any(
            text == said or (said and said in text) for said in endpoint.given[number]
        ):
            wrong.append(f"item {number} has a text that it was not given: {text[:80]!r}")
        if row["finish_reason"] == "stop" and text and row["score"] != 1:
            wrong.append(f"item {number} was answered well and scored {row['score']}")
    answered = ends["stop"] + ends["length"]
    if (stored := stored_count(results)) < answered:
        wrong.append(f"{answered} samples were answered, and {stored} are stored")
    print(f"samples: {dict(ends)}; stored: {stored_count(results)}; named: {len(named)}")
    return wrong, ends["failed"]


def next_kill(draw: random.Random, stored: int, items: int, kills: int) -> float:
    """The number of stored answers at which the next of so many kills falls: at random, and so
    that the others find room behind it."""
    if kills <= 0:
        return math.inf
    fewest, most = (items * number / 10_000 for number in (FEWEST, MOST))
    fair = 2 * (SHARE_STORED * items - stored) / kills - fewest
    return stored + draw.uniform(fewest, max(fewest, min(most, fair)))


def soak(items: int, kills: int, seed: int, base: Path) -> list[str]:
    """What was wrong, a line each."""
    draw, memory, results = random.Random(seed), Memory(), base / "results"
    write_data(base / "data", items)
    endpoint = Endpoint(draw)
    with serve() as script:
        script.otherwise, script.keep = endpoint.reply, False
        command = [
            *(sys.executable, "-m", "orca_eval", "run", "engine=openai", "model.path=tiny"),
            *(f"engine.base_url={script.url}", f"engine.max_in_flight={REQUESTS_UNDER_WAY}"),
            *("engine.max_retries=4", "engine.timeout=5", "failed_share=1", "suite=gsm8k"),
            "reasoning=as_answer",
            *(f"data.root={base / 'data'}", f"results_dir={results}"),
        ]
        status, logs, start = None, [], time.monotonic()
        while status is None:
            endpoint.unspoilt = UNSPOILT
            logs.append(base / f"log-{len(logs)}")
            most = next_kill(draw, stored_count(results), items, kills - len(logs) + 1)
            status = run(command, results, logs[-1], most, memory)
            if status is None:
                texts = stored_texts(results)
                endpoint.stored = {item_of(text) for text in texts if text}
                print(f"kill {len(logs)}: {len(texts)} stored, {endpoint.asked} asked", flush=True)
        seconds, killed = time.monotonic() - start, len(logs) - 1
        print(f"{items} items, {endpoint.asked} requests, {killed} kills, {seconds:.0f} s")
        if status != 0:
            return [f"exit status {status}: {logs[-1].read_text(errors='replace')[-2000:]}"]
        wrong, failed = faults_of(results, logs[-1], endpoint, items)
        asked, endpoint.calm = endpoint.asked, True
        logs.append(base / "log-calm")
        status = run(command, results, logs[-1], math.inf, Memory())
        asked = endpoint.asked - asked
        if status != 0 or asked != failed:
            wrong.append(f"then, of {failed} failed ones {asked} were asked; exit status {status}")
    if killed < kills:
        wrong.append(f"the run ended after {killed} kills of {kills}")
    if endpoint.asked_again:
        wrong.append(f"{endpoint.asked_again} requests for what was stored")
    said = [text for log in logs if "Traceback" in (text := log.read_text(errors="replace"))]
    wrong += [f"a traceback: {text[-3000:]}" for text in said]
    growth = memory.growth(items)
    peak = max(size for _, size in memory.samples)
    # After a kill another process holds the memory: only its peak means something.
    between = "" if kills else f", {growth / (1 << 20):+.1f} MiB in between"
    print(f"memory: {peak >> 20} MiB at most{between}")
    if not kills and items >= ENOUGH_FOR_MEMORY and growth > MOST_GROWTH:
        wrong.append("memory is not flat")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        wrong = soak(args.requests, args.kills, args.seed, Path(name))
    print("\n".join(wrong[:20]) or "every item is answered and stored, or failed and named")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
