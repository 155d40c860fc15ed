"""Two servers of scripted replies, a model's and a judge's, and the command of a judged run."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.scores import read_scores
from tests.waiting import HANG_SECONDS, stored, until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engines"))
from fault_server import Reply, Script, answer, serve  # noqa: F401 (for those who import this)

Body = dict[str, Any]


def replied(body: Body, text: str) -> Reply:
    """An answer whose count of prompt tokens is no sign of a prompt that was cut."""
    words = sum(len(m["content"].split()) for m in body["messages"])
    made = answer(text)
    return Reply(body=made | {"usage": {"prompt_tokens": 2 * words, "completion_tokens": 3}})


def asked_of(body: Body) -> str:
    return str(body["messages"][-1]["content"])


def command(
    suite: str, servers: tuple[Script, Script], data: Path, results: Path, *more: str
) -> list[str]:
    return [
        *("run", f"suite={suite}", "engine=openai", f"engine.base_url={servers[0].url}"),
        *("model.path=tiny", f"judge.engine.base_url={servers[1].url}", "judge.model.path=tiny"),
        *("judge.model.name=toy", f"data.root={data}", f"results_dir={results}"),
        *("engine.max_retries=0", *more),
    ]


def rows_of(folder: Path) -> dict[tuple[str, str], ScoreRow]:
    """A run's benchmarks and averages."""
    return {(row.level, row.benchmark): row for row in read_scores(folder) if not row.task}


def killed_and_repeated(
    asked: list[str], servers: tuple[Script, Script], results: Path, after: int
) -> int:
    """Kills a run when the servers gave so many answers, repeats it to its end, and tells how many
    it asked for in all; the one that was under way is asked for twice."""
    given, killed = 0, threading.Event()

    def answering(reply: Callable[[Body], Reply]) -> Callable[[Body], Reply]:
        def answer(body: Body) -> Reply:
            nonlocal given
            given += 1
            if given > after and not killed.is_set():
                return Reply(seconds=HANG_SECONDS, close=True)
            return reply(body)

        return answer

    for script in servers:
        script.otherwise = answering(script.otherwise)
    one_by_one = "engine.max_in_flight=1", "judge.engine.max_in_flight=1"
    line = [sys.executable, "-m", "orca_eval", *asked, *one_by_one]
    running = subprocess.Popen(line, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until(lambda: given > after and stored(results) == after)
    running.kill()
    running.wait()
    killed.set()
    done = subprocess.run(line, capture_output=True, text=True, timeout=HANG_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return given
