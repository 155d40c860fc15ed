"""Run folders made up for tests and benchmarks: the files of a run, texts of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from orca_eval.benchmarks.specs import Presentation, read_specs

WORDS = """river stone lamp winter garden seven market answer because train between number green
letter every window doctor copper the of and to a in is that for it as was with on be by which paper
small measure second island morning carry total remain divide quiet yellow""".split()  # noqa: SIM905
BBH_SIZES = {f"subtask_{index:02}": 250 for index in range(20)} | {
    "subtask_20": 146,
    "subtask_21": 187,
    "subtask_22": 178,
}
MMLU_SIZES = dict(
    zip(
        [
            subject
            for subjects in read_specs()["mmlu"].presentation.categories.values()
            for subject in subjects
        ],
        [247] * 20 + [246] * 37,
        strict=True,
    )
)


@dataclass(frozen=True)
class Benchmark:
    """`passage`: items that share a passage, so that they form a cluster."""

    id: str
    alias: str
    tasks: Mapping[str, int]
    aggregate: str = "pooled"
    passage: int = 0
    letters: int = 600


def _presentation(name: str) -> Presentation:
    return read_specs()[name].presentation if name in read_specs() else Presentation()


FULL = (
    Benchmark(
        "agieval",
        "AGIEval",
        {
            "aqua-rat": 254,
            "logiqa-en": 651,
            "lsat-ar": 230,
            "lsat-lr": 510,
            "lsat-rc": 269,
            "sat-en": 206,
            "sat-en-without-passage": 206,
            "sat-math": 220,
        },
        "mean_of_tasks",
        letters=1200,
    ),
    Benchmark("bbh", "BBH", BBH_SIZES, "mean_of_tasks", letters=800),
    Benchmark("drop", "DROP", {"drop": 9536}, passage=16, letters=1400),
    Benchmark("crass", "CRASS", {"crass": 274}, letters=300),
    Benchmark("race", "RACE", {"high": 3498, "middle": 1436}, passage=4, letters=1900),
    Benchmark("gsm8k", "GSM8K", {"gsm8k": 1319}, letters=350),
    Benchmark("mmlu", "MMLU", MMLU_SIZES, letters=500),
    Benchmark("arc_easy", "ARC-Easy", {"arc_easy": 2376}, letters=350),
    Benchmark("arc_challenge", "ARC-Challenge", {"arc_challenge": 1172}, letters=350),
    Benchmark("hellaswag", "HellaSwag", {"hellaswag": 10042}, letters=500),
)
AVERAGES: Mapping[str, tuple[str, ...]] = {
    "Reasoning average": ("agieval", "bbh", "drop", "crass", "race", "gsm8k"),
    "Knowledge average": ("mmlu", "arc_easy", "arc_challenge"),
}


@dataclass(frozen=True)
class Spec:
    """What to make. `share` scales every task's size; `tweak` changes the samples at the end."""

    model: str
    prompt: str = "empty"
    accuracy: float = 0.5
    share: float = 1.0
    seed: int = 0
    limit: int | None = None
    quickstart: bool = False
    parameters: float | None = None
    reply_letters: int = 700
    benchmarks: Sequence[Benchmark] = FULL
    manifest: Mapping[str, Any] = field(default_factory=dict)
    budgets: Sequence[int] = ()


def write_run(folder: Path, spec: Spec, changed: Mapping[int, Mapping[str, Any]] = {}) -> Path:
    """Write the files of a run; `changed` overrides cells of samples by row."""
    folder.mkdir(parents=True)
    frame = samples(spec)
    for row, cells in changed.items():
        for name, value in cells.items():
            frame[name] = frame[name].astype(object) if value is None else frame[name]
            frame.loc[row, name] = value
    frame.to_parquet(folder / "samples.parquet", index=False)
    table = scores(frame, spec.benchmarks)
    table.to_csv(folder / "scores.csv", index=False)
    if spec.budgets:
        budgets(table, spec.budgets).to_csv(folder / "budgets.csv", index=False)
    manifest = _manifest(spec, frame) | dict(spec.manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return folder


def budgets(table: pd.DataFrame, most: Sequence[int]) -> pd.DataFrame:
    """budgets.csv as a frame: scores that grow with the budget."""
    whole = table[table["level"].isin(["benchmark", "average"]) & table["score"].notna()]
    parts = []
    for number, budget in enumerate(most, start=1):
        scaled = whole[["score", "ci_low", "ci_high"]] * number / (len(most) + 1)
        parts.append(whole.assign(max_tokens=budget, **scaled))
    return pd.concat(parts)


def samples(spec: Spec) -> pd.DataFrame:
    """samples.parquet as a frame. Documents depend on the benchmark alone, replies on the seed."""
    parts = [_benchmark_samples(benchmark, spec) for benchmark in spec.benchmarks]
    return pd.concat(parts, ignore_index=True)


def scores(frame: pd.DataFrame, benchmarks: Sequence[Benchmark]) -> pd.DataFrame:
    """scores.csv as a frame, from the samples; intervals by the normal approximation."""
    rows: list[dict[str, Any]] = []
    for benchmark in benchmarks:
        part = frame[frame["benchmark"] == benchmark.id]
        tasks = [task for _, task in part.groupby("task", sort=False)]
        if len(tasks) > 1:
            rows += [_score_row("task", benchmark, task, [task]) for task in tasks]
        by_task = tasks if benchmark.aggregate == "mean_of_tasks" else [part]
        rows.append(_score_row("benchmark", benchmark, part, by_task))
    by_benchmark = {row["benchmark"]: row for row in rows if row["level"] == "benchmark"}
    for name, members in AVERAGES.items():
        label = f"{name} ({len(members)})"
        row: dict[str, Any] = {"level": "average", "benchmark": label, "task": "", "n": 0}
        if all(member in by_benchmark for member in members):
            parts = [by_benchmark[member] for member in members]
            widths = [(part["ci_high"] - part["ci_low"]) / 2 for part in parts]
            row["n"] = sum(part["n"] for part in parts)
            row |= _interval(
                float(np.mean([part["score"] for part in parts])),
                float(np.sqrt(np.sum(np.square(widths)))) / len(parts),
            )
        rows.append(row)
    return pd.DataFrame(rows)


def _score_row(
    level: str, benchmark: Benchmark, part: pd.DataFrame, by_task: list[pd.DataFrame]
) -> dict[str, Any]:
    """The unweighted mean over `by_task`."""
    errors = [1.96 * np.sqrt(0.25 / len(task)) for task in by_task]
    return {
        "level": level,
        "benchmark": benchmark.id,
        "task": part["task"].iloc[0] if level == "task" else "",
        "n": len(part),
        **_interval(
            float(np.mean([task["score"].mean() for task in by_task])),
            float(np.sqrt(np.sum(np.square(errors)))) / len(by_task),
        ),
        "metric": "exact_match",
        "extraction_rate": part["answer"].notna().mean(),
        "truncation_rate": (part["finish_reason"] == "length").mean(),
        "empty_rate": (part["response"].str.strip() == "").mean(),
        "f1": part["f1"].mean() if part["f1"].notna().any() else None,
    }


def _interval(score: float, half: float) -> dict[str, float]:
    return {"score": score, "ci_low": max(0.0, score - half), "ci_high": min(1.0, score + half)}


def _benchmark_samples(benchmark: Benchmark, spec: Spec) -> pd.DataFrame:
    tasks = []
    for task, full in benchmark.tasks.items():
        size = max(2, round(full * spec.share))
        tasks.append(pd.DataFrame({"task": f"{benchmark.id}/{task}", "doc_id": np.arange(size)}))
    frame = pd.concat(tasks, ignore_index=True)
    size = len(frame)
    fixed = np.random.default_rng(abs(hash_of(benchmark.id)))
    drawn = np.random.default_rng([spec.seed, hash_of(benchmark.id)])
    skill = fixed.normal(0, 0.15, size)
    right = drawn.random(size) < np.clip(spec.accuracy + skill, 0.02, 0.98)
    answered = right | (drawn.random(size) < 0.9)
    letters = np.array(list("ABCD"))
    gold = letters[fixed.integers(0, 4, size)]
    wrong = letters[(np.searchsorted(letters, gold) + drawn.integers(1, 4, size)) % 4]
    answer = np.where(right, gold, wrong)
    bodies = _texts(drawn, size, spec.reply_letters)
    tails = [f"\n###Final answer: ({letter})" for letter in answer]
    responses = [
        body + (tail if ok else "") for body, tail, ok in zip(bodies, tails, answered, strict=True)
    ]
    starts = [len(body) + len("\n###Final answer: ") for body in bodies]
    frame.insert(0, "benchmark", benchmark.id)
    hashes = frame["task"] + ":" + frame["doc_id"].astype(str)
    frame["doc_hash"] = [f"{hash_of(text):08x}" for text in hashes]
    groups = frame["doc_id"] // max(benchmark.passage, 1)
    frame["cluster"] = [f"p{group}" for group in groups] if benchmark.passage else None
    frame["prompt"] = [
        f"<|user|>\n{text}\nAt the end output ###Final answer: {{answer choice}}\n<|assistant|>\n"
        for text in _texts(fixed, size, benchmark.letters)
    ]
    frame["response"] = responses
    frame["gold"] = gold
    frame["answer"] = pd.Series(np.where(answered, answer, None), dtype=object)
    frame["rule"] = np.where(answered, "final_answer", "none")
    evidence = [(s, s + 3) if ok else (None, None) for s, ok in zip(starts, answered, strict=True)]
    frame["evidence_start"] = pd.array([pair[0] for pair in evidence], dtype="Int64")
    frame["evidence_end"] = pd.array([pair[1] for pair in evidence], dtype="Int64")
    frame["score"] = right.astype(float)
    frame["f1"] = right * 0.9 + 0.1 if benchmark.id == "drop" else np.nan
    cut = ~answered & (drawn.random(size) < 0.5)
    frame["finish_reason"] = np.where(cut, "length", "stop")
    frame["prompt_tokens"] = [len(text) // 4 for text in frame["prompt"]]
    frame["completion_tokens"] = [len(text) // 4 for text in frame["response"]]
    frame["sample_index"] = 0
    return frame


def hash_of(text: str) -> int:
    """A number that is the same in every process."""
    return int.from_bytes(text.encode()[-8:], "big") % (2**31) + len(text)


def _texts(rng: np.random.Generator, count: int, letters: int) -> list[str]:
    """Texts of about so many letters, cut from one long run of words."""
    pool = _words()
    lengths = np.maximum(rng.lognormal(np.log(letters), 0.5, count).astype(int), 20)
    starts = rng.integers(0, max(1, len(pool) - int(lengths.max())), count)
    return [pool[s : s + n] for s, n in zip(starts.tolist(), lengths.tolist(), strict=True)]


@cache
def _words() -> str:
    """Some megabytes of words, few of them frequent and many rare, as in a language."""
    rank = np.minimum(np.random.default_rng(0).zipf(1.3, 600_000) - 1, len(WORDS) * 200)
    return " ".join(
        WORDS[r % len(WORDS)] + ("" if r < len(WORDS) else f"{r:x}") for r in rank.tolist()
    )


def _manifest(spec: Spec, frame: pd.DataFrame) -> dict[str, Any]:
    system = "You are careful." if spec.prompt == "cautious" else ""
    sizes = frame["benchmark"].value_counts()
    return {
        "orca_eval_version": "0.0.0",
        "suite": "quickstart" if spec.quickstart else "orca2_core",
        "quickstart": spec.quickstart,
        "limit": spec.limit,
        "max_tokens": 256 if spec.quickstart else 1024,
        "prompt": {"name": spec.prompt, "system_message": system},
        "sampling": {"temperature": 0.0, "top_p": 1.0, "seed": 0},
        "extractor_version": "1",
        "model": {
            "name": spec.model,
            "path": f"models/{spec.model}",
            "weights_sha256": f"{hash_of(spec.model):064x}",
            "parameters": spec.parameters,
        },
        "engine": {"name": "replay", "version": "1"},
        "benchmarks": {
            benchmark.id: {
                "alias": benchmark.alias,
                "n": int(sizes[benchmark.id]),
                "full_n": int(sizes[benchmark.id])
                if spec.limit is None
                else sum(benchmark.tasks.values()),
                "excluded": 0,
                "data_sha256": f"{hash_of(benchmark.id):064x}",
                "task_versions": dict.fromkeys(benchmark.tasks, 1),
                "aggregate": benchmark.aggregate,
                "presentation": asdict(_presentation(benchmark.id)),
                "caveats": [],
            }
            for benchmark in spec.benchmarks
        },
        "averages": [
            {"name": name, "benchmarks": list(members)} for name, members in AVERAGES.items()
        ],
        "tokens": {
            "prompt": int(frame["prompt_tokens"].sum()),
            "completion": int(frame["completion_tokens"].sum()),
        },
        "timings": {"generate": 12.5},
        "notes": [],
    }
