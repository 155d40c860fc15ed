"""A run as records of Every Eval Ever: one of its scores, and a line for each sample.

`every_eval_ever validate` reads both files.
"""

import hashlib
import json
import math
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orca_eval.files import safe_name
from orca_eval.names import task_name
from orca_eval.report.exports.lm_eval import ended
from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.reading import MANIFEST
from orca_eval.results.run import Run
from orca_eval.types import FAILED, Measure

SCHEMA = "0.3.0"
COLLECTION = "orca-eval"
_COLUMNS = (
    *("benchmark", "task", "doc_id", "prompt", "response", "gold", "answer", "rule"),
    *("score", "finish_reason", "prompt_tokens", "completion_tokens"),
)
_LATER = ("sample_index", "reasoning", "options")


def write_records(run: Run, folder: Path, repo: str, organization: str) -> list[Path]:
    """Writes the record of the model `repo` ("owner/name") and its samples into the folder, as
    `data/orca-eval/<owner>/<name>/<uuid>.json` and `<uuid>_samples.jsonl`."""
    owner, _, name = repo.partition("/")
    identity = f"{run.manifest.finished} {run.folder.name} {repo}"
    number = uuid.UUID(bytes=hashlib.sha256(identity.encode()).digest()[:16], version=4)
    place = Path("data", COLLECTION, safe_name(owner), safe_name(name))
    (folder / place).mkdir(parents=True, exist_ok=True)
    record, lines = _record(run, repo, organization), 0
    samples, made = place / f"{number}_samples.jsonl", folder / place / f"{number}.json"
    with (folder / samples).open("w", encoding="utf-8") as file:
        for line in _samples(run, str(record["evaluation_id"]), repo):
            file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
            lines += 1
    record["detailed_evaluation_results"] = {
        "format": "jsonl",
        "file_path": samples.as_posix(),
        "hash_algorithm": "sha256",
        "checksum": hashlib.sha256((folder / samples).read_bytes()).hexdigest(),
        "total_rows": lines,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    made.write_text(text + "\n", "utf-8")
    return [made, folder / samples]


def _record(run: Run, repo: str, organization: str) -> dict[str, Any]:
    manifest = run.manifest
    finished = _timestamp(run)
    results = [
        _result(run, name, score, score.score)
        for name in run.benchmarks
        if (score := run.benchmark(name)) is not None and score.score is not None
    ]
    return {
        "schema_version": SCHEMA,
        "evaluation_id": f"{manifest.suite}/{repo}/{finished}",
        "evaluation_timestamp": finished,
        "retrieved_timestamp": finished,
        "source_metadata": {
            "source_name": "orca-eval",
            "source_type": "evaluation_run",
            "source_organization_name": organization,
            "evaluator_relationship": "other",
        },
        "eval_library": {
            "name": "orca-eval",
            "version": str(manifest.orca_eval_version or "unknown"),
        },
        "model_info": {
            "name": run.model,
            "id": repo,
            "inference_engine": {
                "name": manifest.engine.name,
                "version": str(manifest.versions.get(manifest.engine.name, "unknown")),
            },
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": "unknown",
                "prompt": run.prompt,
                "strategy": run.strategy,
            },
        },
        "evaluation_results": results,
    }


def _result(run: Run, name: str, score: ScoreRow, share: float) -> dict[str, Any]:
    benchmark = run.benchmarks[name]
    dataset = benchmark.presentation.dataset
    source = {"dataset_name": benchmark.alias, "samples_number": score.n}
    if dataset:
        source |= {"source_type": "hf_dataset", "hf_repo": dataset}
    else:
        source = {"dataset_name": benchmark.alias, "source_type": "other"}
    return {
        "evaluation_result_id": _result_id(name, benchmark.measure),
        "evaluation_name": benchmark.alias,
        "source_data": source,
        "metric_config": _metric(run, name, score),
        "score_details": {
            "score": share,
            "details": {key: f"{rate:.6f}" for key, rate in score.rates.items()},
            "uncertainty": _uncertainty(score),
        },
        "generation_config": _generation(run),
    }


def _metric(run: Run, name: str, score: ScoreRow) -> dict[str, Any]:
    benchmark, measure = run.benchmarks[name], run.benchmarks[name].measure
    high = measure.high if not measure.over else max(measure.high, score.score or 0.0)
    config: dict[str, Any] = {
        "evaluation_description": f"zero-shot, generative, {benchmark.aggregate.replace('_', ' ')}",
        "metric_id": measure.name,
        "metric_name": measure.name.replace("_", " "),
        "metric_unit": "proportion" if measure.in_percent else "points",
        "lower_is_better": measure.better == "lower",
        "score_type": "continuous",
        "min_score": measure.low,
        "max_score": high,
    }
    return config


def _uncertainty(score: ScoreRow) -> dict[str, Any]:
    told: dict[str, Any] = {"num_samples": score.n}
    if score.ci_low is not None and score.ci_high is not None:
        told["confidence_interval"] = {
            "lower": score.ci_low,
            "upper": score.ci_high,
            "confidence_level": 0.95,
        }
    return told


def _generation(run: Run) -> dict[str, Any]:
    sampling = run.manifest.get("sampling", default={}) or {}
    arguments = {
        "temperature": run.manifest.sampling.temperature,
        "top_p": sampling.get("top_p"),
        "top_k": sampling.get("top_k"),
        "max_tokens": run.manifest.max_tokens,
    }
    return {
        "generation_args": {key: value for key, value in arguments.items() if value is not None},
        "additional_details": {"system_message": run.manifest.prompt.system_message or ""},
    }


def _samples(run: Run, evaluation: str, repo: str) -> Iterator[dict[str, Any]]:
    known = run.sample_columns
    columns = [*_COLUMNS, *(name for name in _LATER if name in known)]
    for part in run.sample_parts(columns):
        for row in part.to_pylist():
            score = row["score"]
            if score is not None and math.isfinite(score):
                yield _sample(run, row, evaluation, repo)


def _sample(run: Run, row: Mapping[str, Any], evaluation: str, repo: str) -> dict[str, Any]:
    """A sample as the schema's single turn: prompt and reply as they came."""
    benchmark = run.benchmarks[row["benchmark"]]
    repeat = row.get("sample_index") or 0
    texts = {"raw": row["prompt"], "reference": [row["gold"]]}
    options = json.loads(row["options"]) if row.get("options") else None
    if options:
        texts["choices"] = [f"{label}: {text}" for label, text in options.items()]
    output: dict[str, Any] = {"raw": [row["response"]]}
    if row.get("reasoning"):
        output["reasoning_trace"] = [row["reasoning"]]
    line: dict[str, Any] = {
        "schema_version": SCHEMA,
        "evaluation_id": evaluation,
        "model_id": repo,
        "evaluation_name": benchmark.alias,
        "evaluation_result_id": _result_id(row["benchmark"], benchmark.measure),
        "sample_id": f"{row['task']}/{row['doc_id']}" + (f"/{repeat}" if repeat else ""),
        "sample_hash": _hash(row["prompt"], row["gold"]),
        "interaction_type": "single_turn",
        "input": texts,
        "output": output,
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": row["answer"] or "",
                "extraction_method": row["rule"] or "none",
                "is_terminal": True,
            }
        ],
        "evaluation": {
            "score": row["score"],
            "is_correct": benchmark.measure.share(row["score"]) == 1,
        },
        "metadata": {"task": task_name(row["task"]), "finish_reason": row["finish_reason"]},
    }
    tokens = row["prompt_tokens"], row["completion_tokens"]
    if None not in tokens:
        line["token_usage"] = {
            "input_tokens": tokens[0],
            "output_tokens": tokens[1],
            "total_tokens": sum(tokens),
        }
    if row["finish_reason"] in FAILED:
        line["error"] = row["finish_reason"]
    return line


def _result_id(name: str, measure: Measure) -> str:
    return f"{name}/{measure.name}"


def _hash(prompt: str, gold: str) -> str:
    return hashlib.sha256((prompt + gold).encode()).hexdigest()


def _timestamp(run: Run) -> str:
    """When the run ended, in seconds since 1970; where its manifest does not tell, when that was
    written."""
    when = ended(run)
    seconds = when.timestamp() if when else (run.folder / MANIFEST).stat().st_mtime
    return f"{seconds:.0f}"
