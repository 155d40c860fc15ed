"""A finished session → the run folder's files and the table on the screen."""

import contextlib
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from orca_eval import __version__
from orca_eval.benchmarks.types import Benchmark
from orca_eval.config.schema import Price
from orca_eval.engines.base import Shortens
from orca_eval.extract import EXTRACTOR_VERSION
from orca_eval.judges.claims import CLAIMED
from orca_eval.judges.prompts import MARKS
from orca_eval.paths import PACKAGE
from orca_eval.report import write_run_report
from orca_eval.report.exports.lm_eval import write_results
from orca_eval.results import folder as run_dir
from orca_eval.results.aggregate import ScoreRow, aggregate
from orca_eval.results.budgets import write_budgets
from orca_eval.results.judge_check import judge_digits
from orca_eval.results.manifest import Manifest
from orca_eval.results.notes import MALFORMED, rate_notes, reasoning_note
from orca_eval.results.reading import BUDGETS, MANIFEST, SAMPLES, STAGING
from orca_eval.results.run import read_run
from orca_eval.results.scores import write_scores
from orca_eval.results.shares import told
from orca_eval.run.beginning import finish
from orca_eval.run.budgets import BudgetCurve, budgets_below, scored_as_asked
from orca_eval.run.progress import complain
from orca_eval.run.samples import write_samples
from orca_eval.run.session import Session
from orca_eval.score_kind import AS_SAMPLED, is_as_sampled

LM_EVAL = "results_*.json"
PACKAGES = ("orca-eval", "lm-eval", "datasets", "vllm", "xllamacpp", "torch", "transformers")
COMPARABLE = "Generative, zero-shot: not comparable with log-likelihood acc/acc_norm leaderboards."


def write(folder: Path, session: Session) -> None:
    """Writes samples, scores and manifest into a staging folder inside `folder`, and moves them to
    their places, the manifest last: with it the run is finished. What was made of an older result
    goes first.

    Raises:
        RunError: a response got lost meanwhile, or the disk is full.
    """
    staging = folder / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    with run_dir.disk_faults(staging):
        staging.mkdir()
    with session.phases.measure("write"):
        session.store.flush()
        session.samples.sort(session.benchmarks)
        write_samples(
            staging / SAMPLES,
            session.samples,
            session.planner.prompter,
            session.stored,
            session.config.conflict,
            session.config.reasoning,
        )
    with session.phases.measure("budgets"):
        rows_by_budget = at_smaller_budgets(session)
        if any(rows_by_budget.values()):
            write_budgets(staging, rows_by_budget)
    content = build_manifest(session)
    session.samples.drop_texts()
    with session.phases.measure("aggregate"):
        kinds = {b.id: b.aggregate for b in session.benchmarks}
        measures = {b.id: b.measure for b in session.benchmarks}
        averages = session.config.suite.averages
        rows = aggregate(session.samples.frame, kinds, averages, measures)
        write_scores(staging, rows)
    timings = {name: round(seconds, 3) for name, seconds in session.phases.items()}
    manifest = content | {"timings": timings, "notes": list(notes(session, rows))}
    run_dir.write_json(staging / MANIFEST, manifest)
    with run_dir.disk_faults(folder):
        for path in (*folder.glob(run_dir.REPORT), *folder.glob(LM_EVAL), *folder.glob(BUDGETS)):
            path.unlink()
        run_dir.move_all(staging, folder, last=MANIFEST)
        finish(folder)


def at_smaller_budgets(session: Session) -> dict[int, list[ScoreRow]]:
    """The scores that smaller max_tokens would have given; none where the engine's replies are not
    known by their tokens."""
    tokenizer = session.engine.tokenizer
    if tokenizer is None or not isinstance(session.engine, Shortens):
        return {}
    config = session.config
    score = scored_as_asked(config.conflict, config.reasoning)
    curve = BudgetCurve(session.samples, session.stored, session.engine, score)
    budgets = budgets_below(config.sampling.max_tokens)
    try:
        return curve.rows(budgets, session.benchmarks, config.suite.averages)
    finally:
        tokenizer.close()


def set_price(folder: Path, manifest: Manifest, price: Price) -> None:
    """Puts another price into a finished run's manifest; what was made with the old one goes."""
    with run_dir.disk_faults(folder):
        for name in (run_dir.REPORT, run_dir.CONFIG):
            (folder / name).unlink(missing_ok=True)
    run_dir.write_json(folder / MANIFEST, manifest.content | {"price": asdict(price)})


def complete(folder: Path, composed: Mapping[str, Any]) -> None:
    """Makes what a finished run has beside its results, where it is not there whole: config,
    lm-eval's file and the report. What can't be made is said in a line: it undoes no run."""
    samples = bool(composed["report"]["samples"])
    run = cache(lambda: read_run(folder))
    parts: list[tuple[str, str, bytes, Callable[[], object]]] = [
        ("config", run_dir.CONFIG, b"\n", lambda: run_dir.write_config(folder, composed)),
        ("lm-eval's results", LM_EVAL, b"\n}\n", lambda: write_results(run(), folder)),
        ("report", run_dir.REPORT, b"</html>", lambda: write_run_report(run(), samples)),
    ]
    for name, pattern, end, make in parts:
        try:
            if not any(_ends_with(path, end) for path in folder.glob(pattern)):
                make()
        except Exception as error:  # whatever it is, the results are there
            reason = " ".join(str(error).split()) or "no reason given"
            complain(
                f"the run is finished, but its {name} can't be made ({type(error).__name__}: "
                f"{reason}); the same command tries again, as does "
                f"orca-eval report 'runs=[{folder}]' out=DIR"
            )


def _ends_with(path: Path, end: bytes) -> bool:
    """Whether the file was written to its end; a cut one was not."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(end)))
        return file.read() == end


def build_manifest(session: Session) -> dict[str, Any]:
    """Everything that says what was run; see docs/run-folder.md for each key."""
    config, samples = session.config, session.samples
    identity, weights = dict(session.engine.identity()), session.engine.weights
    prompt_tokens, completion_tokens = samples.tokens()
    return {
        "orca_eval_version": __version__,
        "extractor_version": EXTRACTOR_VERSION,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "suite": config.suite.name,
        "quickstart": config.suite.quickstart,
        "limit": config.limit,
        "max_tokens": config.sampling.max_tokens,
        "over_long": config.over_long,
        "extract": {"conflict": config.conflict, "reasoning": config.reasoning},
        "prompt": asdict(config.prompt),
        "sampling": config.sampling.told() | {"n": config.samples_per_doc},
        "model": asdict(config.model)
        | {
            "parameters": config.model.parameters or (weights.parameters if weights else None),
            "weights_sha256": weights.sha256 if weights else None,
        },
        "engine": {"name": config.engine.name, "base_url": config.engine.base_url} | identity,
        **_judge_entry(session),
        "price": asdict(config.price),
        "benchmarks": {b.id: _benchmark_entry(b, session) for b in session.benchmarks},
        "averages": [asdict(average) for average in config.suite.averages],
        "tokens": {
            "prompt": prompt_tokens,
            "completion": completion_tokens,
        },
        "samples": {
            "total": len(samples),
            "reused": session.counts.reused,
            "from_shorter": session.from_shorter,
            "continued": session.counts.continued,
            "stalled": session.stalled,
            "over_long": session.over_long,
            "failed": session.failed,
        },
        "timings": {name: round(seconds, 3) for name, seconds in session.phases.items()},
        "speed": _speed(session),
        "engine_counters": dict(session.counters),
        "versions": _versions(),
        "git": _git_state(),
    }


def _judge_entry(session: Session) -> dict[str, Any]:
    """Who graded, where someone did."""
    judge = session.config.judge
    if session.judge is None or judge is None:
        return {}
    engine = {"name": judge.engine.name, "base_url": judge.engine.base_url}
    return {
        "judge": {
            "model": asdict(judge.model),
            "engine": engine | dict(session.judge.identity()),
            "sampling": judge.sampling.told(),
            "prompts": MARKS,
            "tokens": session.counts.judge_tokens,
        }
    }


def _judge_name(session: Session) -> str:
    """Tells judges apart: its name, and the digits of all that decides its verdicts."""
    judge = _judge_entry(session).get("judge", {})
    if not judge:
        return ""
    model, digits = judge["model"], judge_digits(judge["engine"], judge["sampling"])
    revision = f" ({model['revision']})" if model["revision"] else ""
    return f"{model['name']}{revision} {digits}"


def _speed(session: Session) -> dict[str, float]:
    """What was generated in this run, how fast, and how busy the engine was meanwhile.

    `engine_busy` and `prefix_cache_hits` are shares (of the generating time, of the prompt tokens),
    for engines that count them.
    """
    seconds = session.phases.get("generate", 0.0)
    counts, counters = session.counts, session.counters
    if not seconds or not counts.tokens:
        return {}
    speed = {
        "seconds": seconds,
        "prompt_tokens": counts.prompt_tokens,
        "completion_tokens": counts.tokens,
        "prompt_tokens_per_second": counts.prompt_tokens / seconds,
        "completion_tokens_per_second": counts.tokens / seconds,
    }
    if "busy_seconds" in counters:
        speed["engine_busy"] = counters["busy_seconds"] / seconds
    if "prefix_cache_hit_tokens" in counters and counts.prompt_tokens:
        speed["prefix_cache_hits"] = counters["prefix_cache_hit_tokens"] / counts.prompt_tokens
    return {name: round(value, 4) for name, value in speed.items()}


def notes(session: Session, rows: Sequence[ScoreRow]) -> Iterator[str]:
    """The table's footnotes: all that a reader of the scores has to know."""
    config, benchmarks = session.config, session.benchmarks
    yield COMPARABLE
    if config.suite.quickstart:
        yield "Quickstart items of the project's own writing: not benchmark scores."
    elif config.limit is not None:
        yield f"limit={config.limit}: a seeded sample per task, not the full benchmarks."
    if any(is_as_sampled(b.aggregate, len(b.tasks), b.n, b.full_n) for b in benchmarks):
        yield AS_SAMPLED
    for note in session.engine.notes:
        yield f"{note[0].upper()}{note[1:]}."
    for benchmark in benchmarks:
        yield from benchmark.footnotes
    if excluded := [f"{b.alias} {b.excluded}" for b in benchmarks if b.excluded]:
        yield f"{MALFORMED}: {', '.join(excluded)}."
    yield from _of_requests(session)
    if config.judge is not None and (judged := [b.alias for b in benchmarks if b.judged]):
        yield f"{', '.join(judged)}: graded by {config.judge.model.name}."
    if claimed := session.samples.with_rule(CLAIMED):
        yield (
            f"Answers that hold a verdict themselves, which sets no grade: {claimed} (rule "
            f"{CLAIMED})."
        )
    aliases = {b.id: b.alias for b in benchmarks}
    measures = {b.id: b.measure for b in benchmarks}
    yield from rate_notes(
        (aliases[row.benchmark], row, measures[row.benchmark])
        for row in rows
        if row.level == "benchmark"
    )
    for benchmark in benchmarks:
        yield from _beside(benchmark, rows)


def _beside(benchmark: Benchmark, rows: Sequence[ScoreRow]) -> Iterator[str]:
    """What the score is and the shares beside it, where its measure names some."""
    measure = benchmark.measure
    figures = next(
        (r.figures for r in rows if r.level == "benchmark" and r.benchmark == benchmark.id), {}
    )
    shown = [told(name, figures[name]) for name in measure.shares if name in figures]
    if shown:
        name = measure.name.replace("_", " ")
        yield f"{benchmark.alias}: {name}; beside it {', '.join(shown)}."


def _of_requests(session: Session) -> Iterator[str]:
    """What became of requests that were not answered as asked."""
    config = session.config
    if over_long := session.over_long:
        yield f"{over_long} over-long prompts: over_long={config.over_long}."
    if session.stalled:
        yield (
            f"Requests that the watchdog ended, counted wrong: {session.stalled}; the same command "
            "asks them again."
        )
    if session.failed:
        yield (
            f"Samples whose request failed, counted wrong: {session.failed}; the same command asks "
            "them again."
        )
    if only_reasoning := session.samples.only_reasoning():
        yield reasoning_note(only_reasoning, config.reasoning)
    if config.sampling.temperature is None:
        yield "sampling.temperature=null: not sent, the server's own default acts."


def _benchmark_entry(benchmark: Benchmark, session: Session) -> dict[str, Any]:
    judge = {"judge": _judge_name(session)} if benchmark.judged else {}
    judge |= {"reference": benchmark.reference} if benchmark.reference else {}
    if asked := [MARKS.get(name, name) for name in benchmark.presentation.judged_by]:
        judge |= {"judge_prompt": ", ".join(asked)}
    return judge | {
        "alias": benchmark.alias,
        "n": benchmark.n,
        "full_n": benchmark.full_n,
        "excluded": benchmark.excluded,
        "data_sha256": benchmark.data_sha256,
        "content_sha256": benchmark.content_sha256,
        "source": benchmark.source,
        "task_versions": {task.name: task.version for task in benchmark.tasks},
        "aggregate": benchmark.aggregate,
        "measure": asdict(benchmark.measure),
        "presentation": asdict(benchmark.presentation),
        "caveats": benchmark.footnotes,
        "generated": asdict(session.counts.benchmarks[benchmark.id]),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _git_state() -> dict[str, str] | None:
    """Commit and cleanliness of the checkout that ran, None for an installed wheel."""
    try:
        commit, changes = (
            subprocess.run(
                ["git", "-C", str(PACKAGE), *args],
                capture_output=True,
                text=True,
                check=True,
                timeout=5,
            ).stdout.strip()
            for args in (["rev-parse", "HEAD"], ["status", "--porcelain"])
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "state": "changed" if changes else "clean"}
