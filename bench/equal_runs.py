"""Runs two trees of this project on the same recorded replies and compares all that they write.

    python bench/equal_runs.py OTHER_TREE DATA_ROOT REPLIES [--limit N] [--seed 0]

REPLIES is a folder of JSONL files with `kind` and `response` (recorded replies of real models).
Each prompt of orca2_core gets a reply of its kind drawn by seed, one of the other tree's golden
cases, one that gives its gold, or none; one in twelve is cut off. Both trees score them from one
script.
samples.parquet and scores.csv (columns of the other tree), the report's tables, and what the
gate finds and exits with between two draws must be equal. One benchmark is run with two samples a
document. At last this tree reads, reports, rescores and resumes what the other one wrote.

Exit code 1 where anything differs, or, without a limit, where a rule of the golden cases never
spoke.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).resolve().parents[1]
EMPTY_SHARE, GOLD_SHARE, CASE_SHARE, CUT_SHARE = 0.05, 0.4, 0.1, 1 / 12
CASES = "tests/extract/cases/*.jsonl"
RUNS = {
    "first": ("suite=orca2_core",),
    "second": ("suite=orca2_core",),
    "repeats": ("suite.benchmarks=[bbh,bbh_free]", "sampling.n=2", "sampling.temperature=0.7"),
}


def recorded(folder: Path) -> dict[str, list[str]]:
    """Recorded replies by kind."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            found[row["kind"]].append(row["response"])
    return found


def golden_cases(tree: Path) -> dict[str, list[dict[str, Any]]]:
    """A tree's golden cases by kind: each has a reply, and the rule that reads it."""
    return {
        file.stem: [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for file in sorted(tree.glob(CASES))
    }


def by_rule(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cases in turns of the rules that read them, so that a few have them all."""
    rules: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in cases:
        rules[case["rule"]].append(case)
    turns = itertools.zip_longest(*rules.values())
    return [case for turn in turns for case in turn if case is not None]


def fitted(case: dict[str, Any], options: Mapping[str, str]) -> str:
    """A case's reply about the options of another document."""
    text: str = case["reply"]
    for label, option in (case.get("options") or {}).items():
        text = text.replace(option, options.get(label, option))
    return text


def script(
    golden: Mapping[str, list[dict[str, Any]]],
    data_root: Path,
    replies: dict[str, list[str]],
    seed: int,
) -> Iterator[str]:
    """A line of the replay engine's script for each prompt of orca2_core."""
    from orca_eval.benchmarks.named import load_named
    from orca_eval.config.compose import compose_verb

    rng, seen = random.Random(seed), set()
    cases = {kind: itertools.cycle(by_rule(found)) for kind, found in golden.items()}
    core = compose_verb("run", ["suite=orca2_core"])["suite"]["benchmarks"]
    for name in [*core, "bbh_free"]:
        benchmark = load_named(name, data_root, None, 0, quickstart=False, allow_code=False)
        for task in benchmark.tasks:
            for doc in task.docs:
                prompt = hashlib.sha256(doc.messages[-1]["content"].encode()).hexdigest()
                if prompt in seen:  # identical rows get one answer
                    continue
                seen.add(prompt)
                drawn = rng.random()
                text = rng.choice(replies[doc.kind])
                if drawn < EMPTY_SHARE:
                    text = ""
                elif drawn < EMPTY_SHARE + GOLD_SHARE:
                    text = f"Step by step.\n\n###Final answer: {{{'; '.join(doc.golds[0])}}}"
                elif drawn < EMPTY_SHARE + GOLD_SHARE + CASE_SHARE:
                    text = fitted(next(cases[doc.kind]), doc.options or {})
                cut = rng.random() < CUT_SHARE
                yield json.dumps(
                    {
                        "prompt_sha256": prompt,
                        "text": text[: 2 * len(text) // 3] if cut else text,
                        "finish_reason": "length" if cut else "stop",
                    }
                )


def command(tree: Path, work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of a tree."""
    return subprocess.run(
        [sys.executable, "-c", "from orca_eval.cli import console; console()", *arguments],
        env=os.environ | {"PYTHONPATH": str(tree)},
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )


def arguments(name: str, work: Path, scripts: dict[str, Path], common: list[str]) -> list[str]:
    """The command line of a run, by its name."""
    return [
        *("run", *RUNS[name], *common, f"model.name={name}", "engine=replay"),
        *(f"engine.script={scripts[name]}", "model.path=none", "report.samples=false"),
        f"results_dir={work}",
    ]


def outputs(tree: Path, work: Path, scripts: dict[str, Path], common: list[str]) -> dict[str, Path]:
    """The run folders that a tree makes, by the run's name."""
    folders = {}
    for name in RUNS:
        done = command(tree, work, *arguments(name, work, scripts, common))
        if done.returncode:
            sys.exit(f"{tree}: {name}: {done.stderr[-2000:]}")
        (folders[name],) = (path.parent for path in (work / name).glob("*/manifest.json"))
    return folders


def unread(work: Path, runs: dict[str, Path], again: list[str]) -> Iterator[str]:
    """What this tree makes of the other tree's folders and store that it should not."""
    first, second = runs["first"], runs["second"]
    done = command(HERE, work, *again)
    if done.returncode or "this run is finished" not in done.stderr:
        yield f"a finished run of the other tree is not taken as one: {done.stderr[-500:]}"
    for verb in (
        ["rescore", f"run={first}"],
        ["audit", f"run={first}", f"out={work / 'audit.html'}"],
        ["report", f"runs=[{first},{second}]", f"out={work / 'again'}", "report.samples=false"],
        ["baseline", "export", f"run={first}", f"out={work / 'b.parquet'}"],
    ):
        if (done := command(HERE, work, *verb)).returncode:
            yield f"{verb[0]} of the other tree's run: {done.stderr[-500:]}"
    manifest = json.loads((first / "manifest.json").read_text("utf-8"))
    (first / "manifest.json").unlink()
    done = command(HERE, work, *again)
    if done.returncode:
        yield f"the other tree's run can't be resumed: {done.stderr[-500:]}"
        return
    resumed = json.loads((first / "manifest.json").read_text("utf-8"))
    total, reused = manifest["samples"]["total"], resumed["samples"]["reused"]
    if reused != total:
        yield f"of the other tree's store {reused} of {total} answers were reused"


def differences(ours: dict[str, Path], theirs: dict[str, Path]) -> Iterator[str]:
    """A line for each column or file that differs."""
    for name in RUNS:
        new = pd.read_parquet(ours[name] / "samples.parquet")
        old = pd.read_parquet(theirs[name] / "samples.parquet")
        if len(new) != len(old):
            yield f"{name}: {len(old)} samples became {len(new)}"
            continue
        for column in old.columns:
            if column not in new:
                yield f"{name}: samples.parquet lost {column}"
                continue
            unlike = new[column].astype(object).where(new[column].notna(), None) != old[
                column
            ].astype(object).where(old[column].notna(), None)
            both_none = new[column].isna() & old[column].isna()
            if count := int((unlike & ~both_none).sum()):
                yield f"{name}: {column} differs in {count} of {len(old)} samples"
        scores, older = (pd.read_csv(of[name] / "scores.csv", dtype=str) for of in (ours, theirs))
        if not scores.reindex(columns=older.columns).equals(older):
            yield f"{name}: scores.csv differs in a column of the other tree"
        answered = old["answer"].notna().mean()
        print(f"{name}: {len(old)} samples, {old['rule'].nunique()} rules, {answered:.1%} answered")


def silent_rules(golden: Mapping[str, list[dict[str, Any]]], folders: dict[str, Path]) -> set[str]:
    """The rules of golden cases that read no sample."""
    files = (folder / "samples.parquet" for folder in folders.values())
    spoke = {rule for file in files for rule in pd.read_parquet(file, columns=["rule"])["rule"]}
    return {case["rule"] for cases in golden.values() for case in cases} - spoke


def unlike_tables(work: dict[str, Path]) -> Iterator[str]:
    """The report's tables that differ between the trees; how fast they were may."""
    ours, theirs = (work[when] / "out" / "tables" for when in ("after", "before"))
    for path in sorted(theirs.rglob("*")):
        if path.stem not in ("speed", "cost") and path.suffix in (".csv", ".json", ".md", ".tex"):
            other = ours / path.relative_to(theirs)
            if not other.is_file() or other.read_bytes() != path.read_bytes():
                yield f"the table {path.relative_to(theirs)} differs"


def main() -> int:
    """Compares this tree with another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other_tree", type=Path)
    parser.add_argument("data_root", type=Path)
    parser.add_argument("replies", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    common = [f"data.root={args.data_root.resolve()}"]
    common += [f"limit={args.limit}"] if args.limit else []
    replies, golden = recorded(args.replies), golden_cases(args.other_tree)
    found = []
    with tempfile.TemporaryDirectory() as name:
        scripts = {}
        for number, run in enumerate(RUNS):
            scripts[run] = Path(name) / f"{run}.jsonl"
            lines = script(golden, args.data_root, replies, args.seed + number)
            scripts[run].write_text("\n".join(lines) + "\n", "utf-8")
        trees = {"after": HERE, "before": args.other_tree.resolve()}
        gates, folders, works = {}, {}, {}
        for when, tree in trees.items():
            (work := Path(name) / f"{when:_<6}").mkdir()  # paths of one length: they are printed
            folders[when] = outputs(tree, work, scripts, common)
            gate = [f"baseline={folders[when]['first']}", f"candidate={folders[when]['second']}"]
            done = command(tree, work, "gate", *gate)
            found_out = (work / "gate.json").read_text("utf-8").replace(str(work), "")
            gates[when] = (done.returncode, found_out)
            runs = f"runs=[{folders[when]['first']},{folders[when]['second']}]"
            report = [runs, "baseline=first", f"out={work / 'out'}", "report.samples=false"]
            if (done := command(tree, work, "report", *report)).returncode:
                sys.exit(f"{tree}: report: {done.stderr[-2000:]}")
            works[when] = work
        found += unlike_tables(works)
        found += differences(folders["after"], folders["before"])
        again = arguments("first", works["before"], scripts, common)
        found += unread(works["before"], folders["before"], again)
        if silent := silent_rules(golden, folders["after"]):
            print(f"rules that never spoke: {', '.join(sorted(silent))}")
            found += [] if args.limit else ["some rules never spoke"]
        if gates["after"] != gates["before"]:
            lines = zip(
                *(str(gates[when]).split("\\n") for when in ("before", "after")), strict=False
            )
            old, new = next(pair for pair in lines if pair[0] != pair[1])
            found.append(f"the gate differs, first in {old!r}, which became {new!r}")
        print(f"gate: exit code {gates['after'][0]}")
    print("\n".join(found) or "all equal")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
