"""Builds small run folders for the gate's tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

MANIFEST: dict[str, Any] = {
    "orca_eval_version": "0.1",
    "suite": "custom",
    "limit": None,
    "prompt": {"name": "empty", "system_message": ""},
    "sampling": {"max_tokens": 1024, "temperature": 0.0, "seed": 0},
    "extractor_version": "1",
    "model": {"name": "m", "path": "/private/place/m", "weights_sha256": "ab", "parameters": 1},
    "engine": {"name": "vllm", "version": "1", "dtype": "bfloat16", "quantization": None},
    "benchmarks": {
        "gsm8k": {
            "n": 400,
            "full_n": 1319,
            "data_sha256": "d1",
            "task_versions": {"gsm8k": "1"},
            "aggregate": "pooled",
        }
    },
    "averages": [],
}


def samples(
    tasks: Mapping[str, int], right: float = 0.5, seed: int = 0, passage: int | None = None
) -> pd.DataFrame:
    """Samples of tasks named "benchmark/part", with `right` of them right at random."""
    rng = np.random.default_rng(seed)
    rows = []
    for task, n in tasks.items():
        benchmark = task.split("/")[0]
        score = (rng.random(n) < right).astype(float)
        rows.append(
            pd.DataFrame(
                {
                    "benchmark": benchmark,
                    "task": task,
                    "doc_id": np.arange(n),
                    "doc_hash": [f"{task}{i}" for i in range(n)],
                    "cluster": [f"p{i // passage}" if passage else None for i in range(n)],
                    "response": [f"text {i}" for i in range(n)],
                    "answer": np.where(score > 0, "A", "B").astype(object),
                    "score": score,
                    "finish_reason": "stop",
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def flipped(frame: pd.DataFrame, losses: int, gains: int = 0, benchmark: str = "") -> pd.DataFrame:
    """The same samples with so many right ones made wrong, and wrong ones right."""
    out = frame.copy()
    inside = out["benchmark"] == benchmark if benchmark else pd.Series(True, index=out.index)
    right = out.index[inside & (frame["score"] == 1)][:losses]
    wrong = out.index[inside & (frame["score"] == 0)][:gains]
    out.loc[right, "score"], out.loc[wrong, "score"] = 0.0, 1.0
    out.loc[right, "answer"], out.loc[wrong, "answer"] = "C", "A"
    return out


def write_run(folder: Path, frame: pd.DataFrame, manifest: Mapping[str, Any] | None = None) -> str:
    """A run folder with these samples; returns its path as the user would type it."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(folder / "samples.parquet")
    (folder / "manifest.json").write_text(json.dumps(manifest or {"extractor_version": "1"}))
    return str(folder)
