"""A name as a user gives it → a benchmark: ours, one of lm-eval's registry, or a task YAML file.

A task from outside keeps its own text, stop strings, filters and metric; it is asked with zero
examples as everything here. `generate_until` tasks run as they are. A `multiple_choice` task
compares log-likelihoods in lm-eval; it runs here only if its prompt prints the options (as
AGIEval's does), asked in free text and scored by our extractor. Anything else is refused.
"""

import importlib.util
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from orca_eval.benchmarks.hub import prefer_cache_if_offline, unreachable
from orca_eval.benchmarks.load import assembled, find_spec, load_benchmark, no_items, row_hash
from orca_eval.benchmarks.scorer import ForeignScorer
from orca_eval.benchmarks.specs import Specs, read_specs
from orca_eval.benchmarks.task_files import task_files_sha256
from orca_eval.benchmarks.types import Benchmark, Task
from orca_eval.errors import InputError
from orca_eval.paths import expanded
from orca_eval.types import Aggregate, Doc, Message

PREFIX = "lm_eval:"
YAML = (".yaml", ".yml")

# Zero examples, and no split loaded for them: a local copy need not hold one.
ZERO_SHOT = {
    "num_fewshot": 0,
    "fewshot_config": None,
    "fewshot_split": None,
    "training_split": None,
}
DECLARATION = r"^[\"']?(?:task|group)[\"']?\s*:\s*[\"']?{name}[\"']?\s*$"
LABEL = re.compile(r"\(?([A-Z])[).:]\s*")


def load_named(
    name: str,
    data_root: Path | None,
    limit: int | None = None,
    seed: int = 0,
    quickstart: bool = False,
    allow_code: bool = False,
    known: Specs | None = None,
) -> Benchmark:
    """Our benchmark of that id, or one task of it (`mmlu/anatomy`); else lm-eval's task or group,
    or the task YAML at that path.

    `lm_eval:NAME` means lm-eval's own where both have the name (gsm8k, drop, …). `data_root` is as
    for our own benchmarks; datasets are looked up there by their hub id. `allow_code` lets a YAML
    file from outside run, for it can name any Python function. `known`: benchmarks of our format.

    Raises:
        InputError: neither knows it (the nearest of our ids are named), code is not allowed, data
            is missing, or the task can't run here.
    """
    # A path to a YAML file may begin with a folder that is called as one of ours is.
    if name.split("/", maxsplit=1)[0] in (known or read_specs()) and not name.endswith(YAML):
        return load_benchmark(name, data_root, limit, seed, quickstart, known)
    foreign = name.removeprefix(PREFIX)
    if foreign.endswith(YAML):
        file = expanded(foreign)
        if not file.is_file():
            raise InputError(f"no task file {foreign}; orca-eval tasks lists the benchmarks")
        if not allow_code:
            raise InputError(
                f"{foreign}: task YAML can run any Python code; add allow_code=true to run it (a "
                "suite of your own goes into conf.path=DIR as DIR/suite/NAME.yaml)"
            )
    else:
        try:
            file = _find_file(foreign)
        except InputError:
            if name == foreign:
                find_spec(name, known)  # raises with the nearest ids
            raise
    if quickstart:
        raise no_items(name)
    notes = ["a task from outside, asked with zero examples"]
    with _lm_eval(foreign, data_root):
        content, found = _build(file)
        source = "hub" if data_root is None else str(data_root)
        frame = Benchmark(PREFIX + foreign, foreign, _aggregate(content), (), "", source)
        tasks = (_task(frame.id, task_name, task, notes) for task_name, task in found.items())
        benchmark = assembled(frame, tasks, limit, seed, task_files_sha256(file))
    for task in benchmark.tasks:
        if not task.docs:
            raise InputError(f"{name}: the split of {task.name} is empty; fetch its data again")
    footnotes = tuple(f"{foreign}: {note}" for note in dict.fromkeys(notes))
    return replace(benchmark, footnotes=footnotes)


@lru_cache(maxsize=16)
def _find_file(name: str) -> Path:
    """The file that declares a task or group of the registry; far quicker than lm-eval's index."""
    package = importlib.util.find_spec("lm_eval") if name else None
    places = package.submodule_search_locations if package else None
    files = (f for place in places or () for f in sorted(Path(place, "tasks").rglob("*.yaml")))
    declares = re.compile(DECLARATION.format(name=re.escape(name)).encode(), re.MULTILINE)
    for file in files:
        content = file.read_bytes()
        if name.encode() in content and declares.search(content):
            return file
    raise InputError(
        f"no task '{name}' in lm-eval; `orca-eval tasks` lists our benchmarks; one of your own is"
        " suite=FILE.yaml allow_code=true, or lies in tasks.path=DIR as DIR/NAME/NAME.yaml"
    )


@contextmanager
def _lm_eval(name: str, data_root: Path | None) -> Iterator[None]:
    """lm-eval without its chatter, with hub ids read as folders of the data root, if given, and
    with an error in one line."""
    if data_root is None:
        prefer_cache_if_offline()
    import datasets
    from lm_eval import utils

    load, quiet = datasets.load_dataset, logging.getLogger("lm_eval")
    level, template = quiet.level, utils.env.from_string
    bars = datasets.are_progress_bars_disabled()

    def load_local(path: str, name: str | None = None, **kwargs: Any) -> Any:
        if data_root is None:
            try:
                return load(path, name, **kwargs)
            except Exception as error:
                raise unreachable(path, "the hub", error) from error
        folder = data_root / path
        if not folder.is_dir():
            raise InputError(f"dataset {path} is not in data.root={data_root}; put a copy there")
        return load(str(folder), name, **{**kwargs, "revision": None})

    datasets.load_dataset = load_local
    utils.env.from_string = lru_cache(maxsize=None)(template)  # 900 µs a doc otherwise
    quiet.setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # it, its YAML's functions and `datasets` have no common base
        reason = (str(error).strip().splitlines() or [""])[0][:200]
        raise InputError(
            f"lm-eval's task {name} can't be loaded here ({type(error).__name__}: {reason})"
        ) from error
    finally:
        datasets.load_dataset, utils.env.from_string = load, template
        quiet.setLevel(level)
        if not bars:
            datasets.enable_progress_bars()


def _build(file: Path) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The file's content and lm-eval's task objects by name."""
    from lm_eval.tasks import TaskManager
    from lm_eval.tasks._yaml_loader import load_yaml

    content = load_yaml(file, resolve_func=False)
    known = content.get("group") or content["task"]
    manager = TaskManager(include_path=str(file.parent), include_defaults=False)
    try:
        leaves = list(_leaves(known, manager.task_index))
    except KeyError:  # a few groups have members in other folders
        manager = TaskManager(include_path=str(file.parent))
        leaves = list(_leaves(known, manager.task_index))
    members = [{**leaf, **ZERO_SHOT} for leaf in leaves]
    return content, manager.load([{"group": "_", "task": members}])["tasks"]


def _leaves(name: str, index: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The tasks behind a task's, group's or tag's name, as entries of a group's list."""
    entry = index[name]
    config = entry.cfg or {}
    members = config.get("task") if "group" in config else None if config else sorted(entry.tags)
    if members is None:
        yield {"task": name}
        return
    for member in [members] if isinstance(members, str) else members:
        if isinstance(member, str):
            yield from _leaves(member, index)
        elif member.get("task") in index:
            yield member
        else:
            raise InputError(
                f"lm-eval's group {name} defines tasks in place; name one of its tasks"
            )


def _aggregate(content: Mapping[str, Any]) -> Aggregate:
    metrics = content.get("aggregate_metric_list") or [{}]
    first = metrics[0] if isinstance(metrics, list) else metrics
    return "pooled" if first.get("weight_by_size", True) else "mean_of_tasks"


def _task(benchmark: str, name: str, task: Any, notes: list[str]) -> Task:
    """One of lm-eval's tasks with all its docs; `notes` grows by what has to be known of it."""
    output = task.OUTPUT_TYPE
    if output not in ("generate_until", "multiple_choice"):
        raise InputError(f"lm-eval's task {name} is of type {output}; it needs log-likelihoods")
    if getattr(task, "UNSAFE_CODE", False):
        raise InputError(
            f"lm-eval's task {name} runs code written by the model; it is not run here"
        )
    rows = task.eval_docs.to_list()
    if not rows:
        raise InputError(f"lm-eval's task {name}: the split is empty; fetch its dataset again")
    asked = ((n, row_hash(row), _messages(name, task, row)) for n, row in enumerate(rows))
    scorer: ForeignScorer | None = None
    if output == "multiple_choice":
        notes.append("a comparison of log-likelihoods in lm-eval, here asked in free text")
        choices = [_choices(name, task, row) for row in rows]
        docs = [
            Doc(benchmark, name, *head, "choice", golds, options)
            for head, (options, golds) in zip(asked, choices, strict=True)
        ]
    else:
        until = (task.config.generation_kwargs or {}).get("until") or []
        stop = (until,) if isinstance(until, str) else tuple(filter(None, until))
        docs = [
            Doc(benchmark, name, *head, "text", (tuple(map(str, _targets(task, row))),), stop=stop)
            for head, row in zip(asked, rows, strict=True)
        ]
        scorer = ForeignScorer(name, task, rows)
        notes += [scorer.note] if scorer.note else []
    return Task(name, str(task.VERSION), tuple(docs), len(docs), None, {}, own_score=scorer)


def _messages(name: str, task: Any, row: Mapping[str, Any]) -> tuple[Message, ...]:
    """The chat that lm-eval would build. A description of the task goes in front of the question,
    for the system message is the run's own.
    """
    turns = task.fewshot_context(
        row,
        num_fewshot=0,
        apply_chat_template=True,
        fewshot_as_multiturn=True,
        chat_template=lambda messages, **_: messages,
        gen_prefix=task.doc_to_prefix(row),
    )
    if turns[-1]["role"] != "user":
        raise InputError(f"lm-eval's task {name} starts the answer itself; that can't be sent here")
    text = "\n\n".join(turn["content"].strip() for turn in turns)
    return (Message(role="user", content=text),)


def _targets(task: Any, row: Mapping[str, Any]) -> list[Any]:
    target = task.doc_to_target(row)
    return target if isinstance(target, list) else [target]


def _choices(
    name: str, task: Any, row: Mapping[str, Any]
) -> tuple[dict[str, str], tuple[tuple[str, ...], ...]]:
    """Options by the letters that the prompt prints, and the right ones' letters."""
    choices, prompt = task.doc_to_choice(row), task.doc_to_text(row)
    if not isinstance(prompt, str) or any(choice.strip() not in prompt for choice in choices):
        raise InputError(
            f"lm-eval's task {name} compares log-likelihoods of options that its prompt does not "
            f"print; only tasks that can be asked in free text run here"
        )
    marks = [LABEL.match(choice) for choice in choices]
    labels = [mark[1] if mark else due for due, mark in zip(ascii_uppercase, marks, strict=False)]
    texts = [
        choice[mark.end() if mark else 0 :].strip()
        for choice, mark in zip(choices, marks, strict=True)
    ]
    golds = _targets(task, row)
    indices = [choices.index(gold) if isinstance(gold, str) else int(gold) for gold in golds]
    # A gold beyond the options is never right, as in lm-eval.
    right = [labels[index] if index < len(labels) else "" for index in indices]
    return dict(zip(labels, texts, strict=True)), tuple((label,) for label in right)
