"""A run as stock lm-eval 0.4 would have written it: results_*.json and samples_*.jsonl.

Names are those of the task files under tasks/: `orca_race`, `orca_race::high`, filter `orca`.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from orca_eval.names import task_name
from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.run import Run
from orca_eval.types import EXACT_MATCH, Measure

FILTER = "orca"
_NORMAL_95 = 1.959964
_COLUMNS = [
    "task",
    "doc_id",
    "doc_hash",
    "prompt",
    "response",
    "gold",
    "answer",
    "score",
    "f1",
]


def lm_eval_results(run: Run) -> dict[str, Any]:
    """The content of lm-eval's results JSON. Task keys hold scores on their measure's scale."""
    results: dict[str, dict[str, Any]] = {}
    subtasks: dict[str, list[str]] = {}
    versions: dict[str, Any] = {}
    better: dict[str, bool] = {}
    for benchmark, entry in run.benchmarks.items():
        score = run.benchmark(benchmark)
        if score is None or score.score is None:
            continue
        name = entry.presentation.name or benchmark
        tasks = run.tasks(benchmark)
        results[name] = _result(name, entry.alias, score, entry.measure, grouped=bool(tasks))
        better[name] = entry.measure.better == "higher"
        subtasks[name] = [f"{name}::{task_name(task)}" for task in tasks]
        by_task = {
            task_name(task): version for task, version in sorted(entry.task_versions.items())
        }
        alike = len(set(map(str, by_task.values()))) == 1
        versions[name] = next(iter(by_task.values())) if alike else "N/A"
        for key, (task, part) in zip(subtasks[name], tasks.items(), strict=True):
            results[key] = _result(key, task_name(task), part, entry.measure, grouped=False)
            better[key] = better[name]
            versions[key] = by_task.get(task_name(task), "N/A")
    return {
        "results": results,
        "groups": {name: results[name] for name, tasks in subtasks.items() if tasks},
        "group_subtasks": subtasks,
        "configs": {name: _task_config(run) for name in results},
        "versions": versions,
        "n-shot": dict.fromkeys(results, 0),
        "higher_is_better": {
            name: {"f1": True, "extracted": True, _metrics(result)[0]: better[name]}
            for name, result in results.items()
        },
        "n-samples": {
            name: dict.fromkeys(("original", "effective"), result["sample_len"])
            for name, result in results.items()
        },
        **_origin(run),
    }


def lm_eval_samples(run: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    """(task's export name, line of its samples_*.jsonl), in the run's order."""
    arguments = _task_config(run)["generation_kwargs"]
    for part in run.sample_parts(["benchmark", *_COLUMNS]):
        for row in part.to_pylist():
            name = run.benchmarks[row["benchmark"]].presentation.name or row["benchmark"]
            grouped = len(run.tasks(row["benchmark"])) > 1
            key = f"{name}::{task_name(row['task'])}" if grouped else name
            yield key, _sample(row, arguments, _metric(run.benchmarks[row["benchmark"]].measure))


def write_results(run: Run, folder: Path) -> Path:
    """A run's results file, named as lm-eval does: with the time at which the run ended."""
    path = folder / f"results_{stamp(run)}.json"
    path.write_text(json.dumps(lm_eval_results(run), indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path


def stamp(run: Run) -> str:
    """When the run ended, as part of a file name."""
    return "".join(
        char if char.isalnum() or char in "-." else "-" for char in run.manifest.finished
    )


def ended(run: Run) -> datetime | None:
    """When the run ended; None where its manifest does not tell."""
    try:
        return datetime.fromisoformat(run.manifest.finished)
    except ValueError:
        return None


def _metrics(result: Mapping[str, Any]) -> list[str]:
    """The metrics of a task's results, its score's first."""
    return [key.partition(",")[0] for key in result if key.endswith(f",{FILTER}")]


def _result(
    name: str, alias: str, score: ScoreRow, measure: Measure, grouped: bool
) -> dict[str, Any]:
    """A group's standard error comes from its interval, as its items are not alike; so does that
    of scores which are more than right or wrong, as means of several answers are."""
    result: dict[str, Any] = {"name": name, "alias": alias, "sample_len": score.n}
    if score.score is None:
        return result
    metric = _metric(measure)
    result[f"{metric},{FILTER}"] = score.score
    result[f"{metric}_stderr,{FILTER}"] = _stderr(
        score, grouped or not measure.in_percent or bool(measure.over) or score.repeats is not None
    )
    if score.f1 is not None:
        result[f"f1,{FILTER}"] = score.f1
    if "extraction_rate" in score.rates:
        result[f"extracted,{FILTER}"] = score.rates["extraction_rate"]
    return result


def _metric(measure: Measure) -> str:
    """What lm-eval calls a share of right answers; any other measure keeps its name."""
    return "acc" if measure.name == EXACT_MATCH.name else measure.name


def _stderr(score: ScoreRow, grouped: bool) -> float | str:
    if grouped and score.ci_low is not None and score.ci_high is not None:
        return (score.ci_high - score.ci_low) / (2 * _NORMAL_95)
    if score.score is None or score.n < 2 or grouped:
        return "N/A"
    return math.sqrt(score.score * (1 - score.score) / (score.n - 1))


def _task_config(run: Run) -> dict[str, Any]:
    temperature = run.manifest.sampling.temperature
    return {
        "output_type": "generate_until",
        "num_fewshot": 0,
        "generation_kwargs": {
            "until": [],
            "do_sample": temperature != 0,
            "temperature": temperature,
            "max_gen_toks": run.manifest.max_tokens,
        },
    }


def _origin(run: Run) -> dict[str, Any]:
    manifest, when = run.manifest, ended(run)
    engine = manifest.get("engine", "name")
    return {
        "config": {
            "model": engine,
            "model_args": manifest.get("model") or {},
            "model_num_parameters": None
            if run.parameters is None
            else round(run.parameters * 1_000_000_000),
            "limit": run.limit,
            "batch_size": None,
            "gen_kwargs": manifest.get("sampling"),
        },
        "git_hash": manifest.git.commit,
        "date": when.timestamp() if when else None,
        "model_source": engine,
        "model_name": run.model,
        "model_name_sanitized": run.model.replace("/", "__"),
        "system_instruction": manifest.prompt.system_message,
        "fewshot_as_multiturn": False,
        "chat_template": None,
        "total_evaluation_time_seconds": str(sum(manifest.timings.values()))
        if "timings" in manifest.content
        else None,
        "orca_eval": {
            "version": manifest.orca_eval_version,
            "extractor_version": manifest.extractor_version,
            "quickstart": run.quickstart,
        },
    }


def _sample(row: Mapping[str, Any], arguments: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """The documents' own columns are not part of a run: `doc` names the row by id and hash."""
    metrics: dict[str, float] = {
        metric: row["score"],
        "extracted": float(row["answer"] is not None),
    }
    f1 = row["f1"]
    if f1 is not None and not math.isnan(f1):
        metrics["f1"] = f1
    return {
        "doc_id": row["doc_id"],
        "doc": {"task": row["task"], "doc_id": row["doc_id"], "doc_hash": row["doc_hash"]},
        "target": row["gold"],
        "arguments": {"gen_args_0": {"arg_0": row["prompt"], "arg_1": arguments}},
        "resps": [[row["response"]]],
        "filtered_resps": [row["answer"]],
        "filter": FILTER,
        "metrics": list(metrics),
        "doc_hash": row["doc_hash"],
        "prompt_hash": _sha256(row["prompt"]),
        "target_hash": _sha256(row["gold"]),
        **metrics,
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
