"""One run: config → tasks → requests → engine → response store → scores → run folder.

The data comes first: what is missing or malformed must be known before any engine work. What reads
and writes results is imported late: scipy takes a second for which an engine should not wait.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orca_eval import memory
from orca_eval.benchmarks.named import load_named
from orca_eval.benchmarks.specs import Specs, known_specs
from orca_eval.benchmarks.types import Benchmark
from orca_eval.config.schema import RunConfig, as_judge
from orca_eval.engines.base import Engine
from orca_eval.engines.registry import build_engine
from orca_eval.errors import InputError, OrcaEvalError, RunError
from orca_eval.extract import EXTRACTOR_VERSION
from orca_eval.results import folder as run_dir
from orca_eval.results.reading import MANIFEST, DamagedError
from orca_eval.run.beginning import anew_mark, find_beginning
from orca_eval.run.fit import fit
from orca_eval.run.identity import changes, find_folder
from orca_eval.run.plan import refuse_too_many
from orca_eval.run.progress import complain, say
from orca_eval.run.references import with_references
from orca_eval.run.seat import of_the_judge
from orca_eval.run.session import Phases, Session, run_session
from orca_eval.run.strategy import with_strategy
from orca_eval.store import ResponseStore

if TYPE_CHECKING:
    from orca_eval.results.manifest import Manifest

STORE_FOLDER = ".store"
COLLECT_AFTER = 20_000  # objects
NAME_IT = (
    "give judge.model= and judge.engine= (judge.engine=openai judge.engine.base_url=URL "
    "judge.model.path=NAME for an endpoint)"
)


def run(
    config: RunConfig,
    composed: Mapping[str, Any],
    *,
    engine: Engine | None = None,
    known: Specs | None = None,
) -> Path:
    """Runs what is missing and writes the run folder; returns the folder.

    `engine` answers in place of the config's, whose identity it has; `known` are the benchmarks by
    id, where they are others than a user's.

    Raises:
        InputError: config, data or model can't be used.
        RunError: the engine, the disk or the store failed; the same command goes on.
        KeyboardInterrupt: interrupted; what is finished is kept.
    """
    phases = Phases()
    with phases.measure("check"):
        if engine is None:
            config, engine = checked_engine(config)
    say("reading the data")
    with phases.measure("load"), collected_after(0):
        benchmarks = with_strategy(load_suite(config, known), config, engine)
        gc.freeze()  # they stay to the end of the run
    refuse_too_many(benchmarks, config.samples_per_doc)
    judge = find_judge(config, benchmarks)
    benchmarks = with_references(config, benchmarks)
    folder = find_folder(config, engine, benchmarks, judge)
    with run_dir.held(folder):
        unfinished = config.fresh or anew_mark(folder) is not None
        manifest = None if unfinished else _finished(folder)
        unanswered = _unanswered(manifest) if manifest else 0
        changed = changes(manifest, config, benchmarks) if manifest else []
        if manifest and not config.price.named:
            config = replace(config, price=manifest.price)
        if manifest and not unanswered and not changed:
            say("this run is finished; fresh=true starts it anew")
            old = manifest.extractor_version
            if old != EXTRACTOR_VERSION:
                say(
                    f"its scores are of extractor version {old}; orca-eval rescore run={folder} "
                    f"applies version {EXTRACTOR_VERSION}"
                )
            from orca_eval.run.results import complete, set_price

            if config.price != manifest.price:
                set_price(folder, manifest, config.price)
            complete(folder, composed)
        else:
            if unanswered:
                say(f"requests of this run ended without an answer: {unanswered}; asking again")
            if changed:
                say(f"changed since this run: {', '.join(changed)}; making its scores anew")
            try:
                _evaluate(config, composed, (engine, judge), benchmarks, folder, phases)
            except RunError as error:
                if not unanswered:
                    raise
                complain(f"{error}; the scores stay as they were")
    return folder


def _finished(folder: Path) -> Manifest | None:
    """The manifest of a finished run; one whose files can't be read counts as unfinished."""
    if not (folder / MANIFEST).exists():
        return None
    from orca_eval.results.run import check_finished

    try:
        return check_finished(folder)
    except DamagedError as error:
        say(f"{error.problem}; the run is made again from its stored responses")
        return None


def _unanswered(manifest: Manifest) -> int:
    """Requests that the watchdog ended, and samples whose request failed."""
    return sum(manifest.samples.get(name, 0) for name in ("stalled", "failed"))


def _evaluate(
    config: RunConfig,
    composed: Mapping[str, Any],
    engines: tuple[Engine, Engine | None],
    benchmarks: list[Benchmark],
    folder: Path,
    phases: Phases,
) -> None:
    """Generates and scores what is missing, and writes the run folder; empties `benchmarks`."""
    run_dir.write_config(folder, composed)
    with ResponseStore(config.results_dir / STORE_FOLDER) as store:
        tokenizers = [engine.tokenizer for engine in engines if engine and engine.tokenizer]
        dated = next((t for t in tokenizers if t.now), None)
        beginning = find_beginning(folder, dated, fresh=config.fresh)
        session = Session(config, engines[0], benchmarks, store, beginning, phases, engines[1])
        with collected_after(COLLECT_AFTER):
            run_session(session)
            from orca_eval.run import results

            with memory.returned_at_once():
                results.write(folder, session)
        if beginning.mark is not None:
            store.forget(beginning.mark)
    benchmarks.clear()
    del session
    memory.give_back()  # the report is made in that of documents and samples
    with memory.returned_at_once():
        results.complete(folder, composed)


@contextlib.contextmanager
def collected_after(objects: int) -> Iterator[None]:
    """Inside, the garbage collector looks for cycles after so many new objects, and never at 0:
    most of what a run makes stays to its end, and going through it after every 700 objects takes
    half a second for 51,752 samples."""
    often = gc.get_threshold()
    gc.set_threshold(objects, *often[1:])
    try:
        yield
    finally:
        gc.set_threshold(*often)


def checked_engine(config: RunConfig) -> tuple[RunConfig, Engine]:
    """The run's engine, checked and not started, and the config with what follows from its model.

    Raises:
        InputError: the model or the engine can't be used.
    """
    engine = build_engine(config)
    engine.check()
    fitted = fit(config, engine)
    if fitted is not config:
        engine = build_engine(fitted)
        engine.check()
    return fitted, engine


def find_judge(config: RunConfig, benchmarks: Iterable[Benchmark]) -> Engine | None:
    """The judge's engine, checked, where a benchmark asks one.

    Raises:
        InputError: none is named, or it can't be used.
    """
    judged = [benchmark.alias for benchmark in benchmarks if benchmark.judged]
    if not judged:
        return None
    if config.judge is None:
        raise InputError(f"{', '.join(judged)}: graded by a judge, and none is named; {NAME_IT}")
    with of_the_judge():
        engine = build_engine(as_judge(config, config.judge))
        engine.check()
    return engine


def load_suite(config: RunConfig, known: Specs | None = None) -> list[Benchmark]:
    """Every benchmark of the suite, in its order; all that is missing in one error. `known` are
    the benchmarks by id, None for those that a user has."""
    root = config.data.root
    if root is not None and not root.is_dir():
        raise InputError(f"data.root={root}: no such folder; it is laid out as DIR/owner/name")
    benchmarks, problems = [], []
    known = known or known_specs(config.tasks.path, config.allow_code)
    for name in config.suite.benchmarks:
        try:
            benchmarks.append(
                load_named(
                    name,
                    config.data.root,
                    config.limit,
                    config.sampling.seed,
                    quickstart=config.suite.quickstart,
                    allow_code=config.allow_code,
                    known=known,
                )
            )
        except OrcaEvalError as error:
            problems.append(error)
    if problems:
        lines = list(dict.fromkeys(str(p) for p in problems))
        raise type(problems[0])("\n".join(lines))
    return benchmarks
