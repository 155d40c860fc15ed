"""A finished run of 48 samples, as small as one that has every kind of column can be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orca_eval.extract import EXTRACTOR_VERSION, extract_answer
from orca_eval.results.aggregate import aggregate, by_benchmark
from orca_eval.results.manifest import checked
from orca_eval.results.rescore import scores_of
from orca_eval.results.samples import SCHEMA
from orca_eval.results.scores import write_scores
from orca_eval.scoring import score_answer

ROWS_A_TASK = 12
ROWS_A_GROUP = 20
# Benchmark, task, kind, options, golds, replies.
TASKS: list[tuple[str, str, str, dict[str, str] | None, list[list[str]], list[str]]] = [
    (
        "arc_easy",
        "arc_easy",
        "choice",
        {"A": "ice", "B": "steam"},
        [["A"]],
        ["###Final answer: {A}", "The answer is (B).", "Hard to say 😀."],
    ),
    ("gsm8k", "gsm8k", "number", None, [["12"]], ["#### 12", "It is 13, or 14.", ""]),
    ("drop", "drop", "span", None, [["Oslo"], ["the city", "Oslo"]], ["###Final answer: {Oslo}"]),
    ("bbh", "word_sorting", "text", None, [["a b"]], ["###Final answer: {a b}", "b a"]),
]


def write_small_run(folder: Path) -> None:
    """Writes samples.parquet (of several row groups), scores.csv and manifest.json."""
    rows = [_row(number, task) for task in TASKS for number in range(ROWS_A_TASK)]
    table = pa.Table.from_pylist(rows, SCHEMA)
    pq.write_table(
        table,
        folder / "samples.parquet",
        row_group_size=ROWS_A_GROUP,
        compression="zstd",
        write_page_checksum=True,
    )
    content = _manifest()
    manifest = checked(content, folder / "manifest.json", whole=True)
    scores = by_benchmark(scores_of(table.to_pandas()))
    write_scores(folder, aggregate(scores, manifest.kinds, manifest.averages, manifest.measures))
    (folder / "manifest.json").write_text(json.dumps(content, indent=1))


def _row(number: int, task: tuple[Any, ...]) -> dict[str, Any]:
    benchmark, name, kind, options, golds, replies = task
    response = replies[number % len(replies)]
    found = extract_answer(response, kind, options)
    score = score_answer(kind, found.answer, golds)
    start, end = found.evidence or (None, None)
    return {
        "benchmark": benchmark,
        "task": name,
        "doc_id": number,
        "doc_hash": f"{name}{number}",
        "cluster": f"p{number // 4}" if benchmark == "drop" else None,
        "prompt": f"question {number}",
        "response": response,
        "gold": golds[0][0],
        "answer": found.answer,
        "rule": found.rule,
        "evidence_start": start,
        "evidence_end": end,
        "score": score.exact_match,
        "f1": score.f1,
        "finish_reason": "stop",
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "exact_match_parts": score.exact_match_parts,
        "sample_index": 0,
        "kind": kind,
        "options": None if options is None else json.dumps(options),
        "golds": json.dumps(golds),
    }


def _manifest() -> dict[str, Any]:
    return {
        "orca_eval_version": "0.1.0",
        "extractor_version": EXTRACTOR_VERSION,
        "finished": "2026-11-01T10:00:00+00:00",
        "suite": "small",
        "quickstart": False,
        "limit": None,
        "max_tokens": 256,
        "over_long": "error",
        "prompt": {"name": "empty", "system_message": ""},
        "sampling": {"temperature": 0.0, "top_p": 1.0, "seed": 0, "n": 1, "stop": []},
        "model": {"name": "m", "path": "m.gguf", "parameters": 1.5, "weights_sha256": "ab"},
        "engine": {"name": "replay", "base_url": None, "version": "1"},
        "benchmarks": {
            benchmark: {
                "alias": benchmark,
                "n": ROWS_A_TASK,
                "full_n": ROWS_A_TASK,
                "excluded": 0,
                "data_sha256": "cd",
                "source": "data",
                "task_versions": {name: "1"},
                "aggregate": "mean_of_tasks" if benchmark == "bbh" else "pooled",
                "caveats": ["a copy"],
            }
            for benchmark, name, *_ in TASKS
        },
        "averages": [{"name": "Average", "benchmarks": ["gsm8k", "drop"]}],
        "tokens": {"prompt": 432, "completion": 240},
        "samples": {"total": 48, "reused": 0, "stalled": 0, "over_long": 0},
        "timings": {"load": 0.1, "generate": 2.5},
        "speed": {
            "seconds": 2.5,
            "prompt_tokens": 432,
            "completion_tokens": 240,
            "prompt_tokens_per_second": 170.0,
            "completion_tokens_per_second": 96.0,
            "engine_busy": 0.5,
        },
        "engine_counters": {"busy_seconds": 1.2},
        "versions": {"python": "3.12"},
        "git": {"commit": "ef", "state": "clean"},
        "notes": ["Generative, zero-shot."],
    }
