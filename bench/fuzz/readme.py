"""A local copy of the data with one README or data file damaged, loaded as a run would."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.fuzz.files import BAD_VALUES, bombs, changed_bytes, changed_csv, changed_table
from orca_eval.benchmarks.load import at_hand, load_benchmark
from orca_eval.benchmarks.specs import read_specs
from orca_eval.paths import QUICKSTART_DATA

# Benchmark, dataset, one of its data files.
SETS = (
    ("gsm8k", "openai/gsm8k", "main/test.jsonl"),
    ("arc_easy", "allenai/ai2_arc", "ARC-Easy/test.jsonl"),
    ("hellaswag", "Rowan/hellaswag", "validation.jsonl"),
    ("drop", "EleutherAI/drop", "validation.jsonl"),
    ("race", "ehovy/race", "high/test.jsonl"),
    ("crass", "apergo-ai/CRASS-data-set", "CRASS_FTM_main_data_set.csv"),
)


def make(rng: random.Random, folder: Path) -> str:
    """A copy of one dataset; what is wrong with its README or its data."""
    benchmark, dataset, file = rng.choice(SETS)
    root = folder / "data"
    shutil.copytree(QUICKSTART_DATA / dataset, root / dataset)
    (folder / "benchmark").write_text(benchmark)
    readme, data = root / dataset / "README.md", root / dataset / file
    if rng.random() < 0.5:
        return _changed_readme(rng, readme)
    if data.suffix == ".csv":
        return rng.choice([changed_csv, changed_bytes])(rng, data)
    if rng.random() < 0.5:
        return _changed_lines(rng, data)
    parquet = data.with_suffix(".parquet")
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    pq.write_table(pa.Table.from_pylist(rows), parquet)
    readme.write_text(readme.read_text().replace(file, file.replace(".jsonl", ".parquet")))
    ways = [changed_bytes, changed_table] * 5 + ([bombs] if benchmark == "gsm8k" else [])
    return rng.choice(ways)(rng, parquet)


def use(folder: Path) -> None:
    """Lists what is there and loads the benchmark."""
    root = folder / "data"
    assert all(at_hand(spec, root) is not None for spec in read_specs().values())
    load_benchmark((folder / "benchmark").read_text(), root, limit=3)


def _changed_readme(rng: random.Random, readme: Path) -> str:
    if rng.random() < 0.3:
        return changed_bytes(rng, readme)
    text = readme.read_text()
    lines = text.splitlines()
    way, head = rng.choice(sorted(_heads().items()))
    if rng.random() < 0.4:
        at = rng.randrange(1, min(len(lines), 8))
        key = lines[at].partition(":")[0]
        value = json.dumps(rng.choice(BAD_VALUES), default=str)
        lines[at] = rng.choice(
            [f"{key}: {value}", f"{key}:", "", f"\t{lines[at]}", f"- {lines[at]}"]
        )
        readme.write_text("\n".join(lines), "utf-8")
        return f"README.md: line {at}: {lines[at][:60]}"
    readme.write_bytes(b"---\n" + head.encode("utf-8", "surrogatepass") + b"\n---\n# x\n")
    return f"README.md: {way}"


def _heads() -> dict[str, str]:
    """Heads of a README by what is wrong with them."""
    laughs = "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    merged = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 12)
    )
    one = "configs:\n- config_name: main\n  data_files:\n  - split: test\n    path: "
    return {
        "aliases of aliases": laughs + "configs: *a11",
        "merges of merges": merged + "configs: [*a11]",
        "an alias of itself": "configs: &a [*a]",
        "lists without end": "configs: " + "[" * 50_000,
        "mappings without end": "configs: " + "{a: " * 50_000,
        "blocks without end": "- " * 50_000,
        "nothing": "",
        "a text": "configs",
        "numbers": "configs: [1, 2]",
        "a huge number": "configs: " + "9" * 10_000,
        "no date": "configs: 2024-99-99",
        "a tag": "configs: !!python/object/apply:os.system [ls]",
        "an odd key": "configs: {[1, 2]: 3}",
        "a control code": "configs: \x01",
        "many lines": "".join(f"k{n}: [1, 2, 3]\n" for n in range(50_000)),
        "a path out of it": one + "../../../secret.jsonl",
        "a path from the root": one + "/etc/passwd",
        "an empty path": one + '""',
        "a path that is long": one + "x" * 10_000,
        "a pattern of all": one + '"**/*"',
        "a pattern that is none": one + '"**x"',
        "a path with a zero": one + '"a\\0b"',
        "a path of a folder": one + "main",
        "paths of numbers": one + "[1, null]",
    }


def _changed_lines(rng: random.Random, data: Path) -> str:
    """Lines of JSON: their encoding, one value, or what is no line of JSON."""
    lines = data.read_text().splitlines()
    at = rng.randrange(len(lines))
    way = rng.choice(["value", "value", "value", "cell", "key", "bom", "utf-16", "empty", "bytes"])
    if way == "value":
        row = json.loads(lines[at])
        row[rng.choice(list(row))] = rng.choice(BAD_VALUES)
        lines[at] = json.dumps(row)
    elif way == "cell":
        lines[at] = rng.choice(["{", "[]", "1", "null", '"x"', "[" * 50_000, '{"a": NaN}', "\0"])
    elif way == "key":
        row = json.loads(lines[at])
        del row[rng.choice(list(row))]
        lines[at] = json.dumps(row)
    elif way == "bytes":
        return changed_bytes(rng, data)
    text = "" if way == "empty" else "\n".join(lines)
    data.write_bytes(text.encode({"bom": "utf-8-sig", "utf-16": "utf-16"}.get(way, "utf-8")))
    return f"{data.name}: {way} in line {at}"
