"""Scoring beside the run: every sample once, in a process that neither outlives nor stops it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence

import psutil
import pytest

from orca_eval.benchmarks.types import Task
from orca_eval.errors import RunError
from orca_eval.run.plan import Waiting
from orca_eval.run.progress import Counts
from orca_eval.run.scorer import Scorer
from orca_eval.run.scoring_process import ScoringProcess
from orca_eval.types import Completion, Doc, Score, Scored, Step
from tests.waiting import HANG_SECONDS, until

from .fakes import work


def scored_elsewhere(_: Doc, done: Sequence[Completion]) -> Scored:
    return Scored(done[-1].text, "elsewhere", None, 0.5)


def put(scorer: Scorer, number: int, text: str, score: Score | None = None) -> None:
    made = work(number, f"question {number}")
    doc = made.waiting[0].doc._replace(kind="number", golds=(("7",),))
    waiting = Waiting(Task("part", "1", (), 0, None, {}, score), doc, 0, Step(doc.messages))
    scorer.put(waiting, made.key, Completion(text, "stop", 3, 4))


def children() -> list[psutil.Process]:
    return [
        c for c in psutil.Process().children() if "orca_eval.run.scoring_process" in c.cmdline()
    ]


def test_ours_and_tasks_from_outside_are_scored_each_by_its_own() -> None:
    counts = Counts()
    scorer = Scorer(counts)
    for number in range(300):
        text = f"The answer is {number}." if number != 8 else "No idea."
        put(scorer, number, text, None if number % 3 else scored_elsewhere)
    samples = {s.waiting.doc.doc_id: s.scored for s in scorer.finish()}
    assert len(samples) == 300
    assert samples[7].score == 1.0
    assert samples[8].answer is None
    assert all(samples[n].answer == str(n) for n in range(300) if n % 3 > 0 and n != 8)
    assert all(samples[n].rule == "elsewhere" for n in range(0, 300, 3))
    assert (counts.scored, counts.answered) == (300, 299)
    assert children() == []


def test_a_scorer_that_fails_ends_everything_with_its_own_error() -> None:
    all_are_put = threading.Event()

    def fails(_: Doc, __: Sequence[Completion]) -> Scored:
        all_are_put.wait(HANG_SECONDS)  # meanwhile the process answers more than its pipe holds
        raise ZeroDivisionError("of the task's own")

    scorer = Scorer(Counts())
    put(scorer, 0, "7", fails)
    for number in range(1, 6000):
        put(scorer, number, "The answer is 7.")
    all_are_put.set()
    errors: list[BaseException] = []

    def finish() -> None:
        try:
            scorer.finish()
        except RunError as error:
            errors.append(error)

    thread = threading.Thread(target=finish, daemon=True)
    thread.start()
    thread.join(HANG_SECONDS)
    assert not thread.is_alive()
    assert [str(error) for error in errors] == [
        "scoring failed: ZeroDivisionError: of the task's own"
    ]
    assert children() == []


def test_a_defect_in_our_own_scoring_is_named() -> None:
    process = ScoringProcess()
    process.send([("choice", (("A",),), None, "no options")])
    with pytest.raises(RunError, match="scoring failed: InputError: kind='choice' needs options"):
        process.receive()
    process.send([("number", (("7",),), None, "7")])
    assert process.receive()[0].score == 1.0
    process.close()


def test_a_killed_process_is_one_line() -> None:
    scorer = Scorer(Counts())
    put(scorer, 0, "7")
    until(lambda: scorer.samples)
    for child in children():
        child.kill()
        child.wait()
    put(scorer, 1, "7")
    with pytest.raises(RunError, match="is gone; repeat the same command"):
        scorer.finish()


def test_it_ends_with_a_killed_run() -> None:
    code = (
        "import os, signal\n"
        "from orca_eval.run.scoring_process import ScoringProcess\n"
        "process = ScoringProcess()\n"
        "process.send([('number', (('7',),), None, '7')])\n"
        "print(process.receive()[0].score, process._child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=HANG_SECONDS,
    )
    score, pid = done.stdout.split()
    assert float(score) == 1.0
    until(lambda: not runs(int(pid)))


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE  # nobody may reap it here
    except psutil.NoSuchProcess:
        return False
