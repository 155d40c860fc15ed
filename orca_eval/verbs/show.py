"""orca-eval show."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orca_eval.benchmarks.load import sample_indices
from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.nearest import hint
from orca_eval.config.schema import RunConfig, SuiteConfig
from orca_eval.errors import InputError
from orca_eval.run.evaluate import checked_engine, load_suite
from orca_eval.run.plan import Prompter
from orca_eval.safe_text import github_line
from orca_eval.types import Doc, Step


def main(overrides: list[str]) -> int:
    """Prints one document's prompt; exit code 0."""
    composed = compose_verb("show", overrides)
    config = _only(run_config(composed), composed["task"])
    benchmark = load_suite(config)[0]
    if composed["indices"]:
        print(json.dumps(sample_indices(benchmark)))
        return 0
    task = _task(benchmark, composed["task"])
    _print_prompt(config, _doc(task, composed["doc_id"]), composed)
    return 0


def _only(config: RunConfig, task: str | None) -> RunConfig:
    """The config with the asked benchmark alone, so that nothing else is loaded."""
    wanted = task.split("/")[0] if task else config.suite.benchmarks[0]
    quickstart = config.suite.quickstart and config.data.root is None
    suite = SuiteConfig(config.suite.name, (wanted,), quickstart=quickstart)
    return replace(config, suite=suite)


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


def _print_prompt(config: RunConfig, doc: Doc, composed: Mapping[str, Any]) -> None:
    config, engine = checked_engine(config)
    step = Step(doc.messages)
    asked = config.prompt
    prompter = Prompter(engine.tokenizer, asked.system_message, system_turn=asked.system_turn)
    messages = prompter.messages(step)
    gold = doc.golds[0] if doc.golds else "none: a judge grades the answer"
    print(github_line(f"# {doc.benchmark}/{doc.task} doc {doc.doc_id} · gold {gold}"))
    if engine.tokenizer is None:
        print(f"# {len(messages)} messages; the server applies its own template")
        _print_lines(json.dumps(messages, indent=1, ensure_ascii=False))
        return
    prompt = engine.tokenizer.render(messages)
    ids = list(engine.tokenizer.encode([prompt])[0])
    for note in engine.tokenizer.notes:
        print(github_line(f"# {note}"))
    print(f"# {len(ids)} tokens, max_tokens {config.sampling.max_tokens}")
    _print_lines(prompt)
    if composed["ids"]:
        print(json.dumps(ids))


def _print_lines(text: str) -> None:
    print("\n".join(map(github_line, text.split("\n"))))
