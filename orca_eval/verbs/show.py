"""orca-eval show: what a run with the same overrides asks about one document, step by step."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from orca_eval.benchmarks.load import sample_indices
from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.nearest import hint
from orca_eval.config.overrides import key_of
from orca_eval.config.schema import OverLong, RunConfig, as_judge
from orca_eval.config.texts import quoted
from orca_eval.engines.base import Engine
from orca_eval.errors import InputError
from orca_eval.outcome import Outcome
from orca_eval.run.evaluate import checked_engine, find_judge, load_suite
from orca_eval.run.plan import Planner, Waiting, Work
from orca_eval.run.references import with_references
from orca_eval.run.strategy import with_strategy
from orca_eval.safe_text import github_line
from orca_eval.types import Completion, Doc, Who

OF_A_SUITE = ("suite", "suite.name", "suite.benchmarks", "suite.averages")
MOST_STEPS = 10  # a task may ask on until it hears what it wants, and here nobody answers


def main(overrides: list[str]) -> Outcome:
    """Prints what is asked about one document, or the sample's indices."""
    composed = compose_verb("show", overrides)
    config = _only(run_config(composed), composed["task"], overrides)
    (benchmark,) = with_references(config, load_suite(config), needed=False)
    if composed["indices"]:
        indices = sample_indices(benchmark)
        print(json.dumps(indices))
        return Outcome({"indices": indices})
    doc = _doc(_task(benchmark, composed["task"]), composed["doc_id"])
    seats = _seats(config, benchmark)
    (benchmark,) = with_strategy([benchmark], config, seats["model"][0])
    task = _task(benchmark, composed["task"])
    graded = not doc.golds or benchmark.judged
    gold = "none: a judge grades the answer" if graded else ", ".join(doc.golds[0])
    suite = f"suite {config.suite.name}" + " (packed items)" * config.suite.quickstart
    print(github_line(f"# {doc.benchmark}/{doc.task} doc {doc.doc_id} · {suite} · gold {gold}"))
    told: set[str] = set()
    steps = []
    for who, work in _asked(seats, task, doc):
        for note in seats[who][0].notes:
            if note not in told:
                print(github_line(f"# {note}"))
            told.add(note)
        steps.append(
            {"who": who} | _print_work(*seats[who], work, config.over_long, ids=composed["ids"])
        )
    found = {"benchmark": doc.benchmark, "task": doc.task, "doc_id": doc.doc_id, "golds": doc.golds}
    return Outcome(found | {"steps": steps, "notes": sorted(told)})


def _only(config: RunConfig, task: str | None, overrides: list[str]) -> RunConfig:
    """The config with the asked benchmark alone, so that nothing else is loaded; where the suite
    lacks it, as `run suite=BENCHMARK` has it."""
    wanted = task.split("/")[0] if task else config.suite.benchmarks[0]
    if wanted not in config.suite.benchmarks:
        rest = [text for text in overrides if key_of(text) not in OF_A_SUITE]
        config = run_config(compose_verb("show", [*rest, f"suite={quoted(wanted)}"]))
    return replace(config, suite=replace(config.suite, benchmarks=(wanted,), averages=()))


def _task(benchmark: Benchmark, wanted: str | None) -> Task:
    part = wanted.partition("/")[2] if wanted else ""
    if not part:
        return benchmark.tasks[0]
    for task in benchmark.tasks:
        if task.name == part:
            return task
    raise InputError(
        f"task={wanted}: {benchmark.id} has no task '{part}'"
        f"; {hint(part, sorted(t.name for t in benchmark.tasks))}"
    )


def _doc(task: Task, doc_id: int | None) -> Doc:
    for doc in task.docs:
        if doc_id is None or doc.doc_id == doc_id:
            return doc
    raise InputError(
        f"doc_id={doc_id}: not in {task.name} ({task.rows} rows), or left out by limit="
    )


def _seats(config: RunConfig, benchmark: Benchmark) -> dict[Who, tuple[Engine, Planner]]:
    """Who is asked; a judge only where one is named."""
    config, engine = checked_engine(config)
    seats: dict[Who, tuple[Engine, Planner]] = {"model": (engine, Planner(config, engine))}
    if config.judge is not None and (judge := find_judge(config, [benchmark])):
        seats["judge"] = judge, Planner(as_judge(config, config.judge), judge)
    return seats


def _asked(
    seats: Mapping[Who, tuple[Engine, Planner]], task: Task, doc: Doc
) -> Iterator[tuple[Who, Work]]:
    """Every step as a run plans it; later ones hold marks where the answers to earlier ones go."""
    done: tuple[Completion, ...] = ()
    while len(done) < MOST_STEPS and (step := task.next_step(doc, done)):
        if step.who not in seats:
            print(f"# step {len(done) + 1} asks a {step.who}: name it with {step.who}.model=")
            return
        planner = seats[step.who][1]
        planner.questions.clear()
        planner.over_long.clear()
        (work,) = planner.works(planner.add([Waiting(task, doc, 0, step, done)]))
        if done:
            print(f"\n# step {len(done) + 1} asks the {step.who}")
        yield step.who, work
        done = (*done, Completion(f"<answer {len(done) + 1}>", "stop", 0, 0))


def _print_work(
    engine: Engine, planner: Planner, work: Work, over_long: OverLong, *, ids: bool
) -> dict[str, Any]:
    """Prints one step and tells it."""
    (request,) = planner.prompter.requests([work])
    told = {
        "messages": request.messages,
        "sampling": work.sampling.told(),
        "prompt": request.prompt,
        "token_ids": request.prompt_token_ids,
    }
    settings = {key: value for key, value in work.sampling.told().items() if key != "stop"}
    said = ", ".join(f"{key} {value}" for key, value in settings.items() if value is not None)
    stop = f", stop {json.dumps(work.sampling.stop)}" if work.sampling.stop else ""
    if planner.over_long:
        print(f"# too long for a context of {engine.context_length} tokens: over_long={over_long}")
    if request.prompt is None or request.prompt_token_ids is None:
        print(f"# {len(request.messages)} messages; the server applies its own template")
        print(github_line(f"# {said}{stop}"))
        _print_lines(json.dumps(request.messages, indent=1, ensure_ascii=False))
        return told
    print(github_line(f"# {len(request.prompt_token_ids)} tokens, {said}{stop}"))
    _print_lines(request.prompt)
    if ids:
        print(json.dumps(list(request.prompt_token_ids)))
    return told


def _print_lines(text: str) -> None:
    print("\n".join(map(github_line, text.split("\n"))))
