"""How far do the rules that tell what a model does by itself agree with a reader?

    python -m bench.behaviour FOLDER

FOLDER holds recorded replies as JSON lines with `id` and `response`, a file each. The labels in
bench/behaviour_labels.csv were given by one reader, by the beginning of each reply: what comes
before its answer is nothing (direct), a way to it (steps), or facts, formulas and definitions
first (recall). Rules were mended on one half of the replies, by their ids' hashes, and are measured
on the other.
"""

import argparse
import csv
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

from orca_eval.matrix.behaviour import behaviour_of

LABELS = Path(__file__).with_name("behaviour_labels.csv")


def measured(reply_id: str) -> bool:
    """Whether a reply is in the half that no rule was mended on."""
    return int(hashlib.sha256(reply_id.encode()).hexdigest(), 16) % 2 == 1


def agreement(pairs: list[tuple[str, str]]) -> tuple[float, float]:
    """The share of pairs that are alike, and Cohen's kappa."""
    n = len(pairs)
    alike = sum(one == other for one, other in pairs) / n
    by_reader, by_rules = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    chance = sum(by_reader[name] * by_rules[name] for name in by_reader) / n**2
    return alike, (alike - chance) / (1 - chance)


def main() -> int:
    """Prints agreement in both halves, and what was taken for what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with LABELS.open(newline="", encoding="utf-8") as file:
        labels = {(row["file"], row["id"]): row["label"] for row in csv.DictReader(file)}
    halves: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for name in sorted({name for name, _ in labels}):
        for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            label = labels.get((name, row["id"]))
            if label is not None:
                found = behaviour_of(row["response"]).behaviour
                halves[measured(row["id"])].append((label, found))
    for half, name in ((False, "mended on"), (True, "measured on")):
        alike, kappa = agreement(halves[half])
        print(f"{name}: {len(halves[half])} replies, {100 * alike:.1f} % alike, kappa {kappa:.2f}")
    for (label, found), count in sorted(Counter(halves[True]).items()):
        print(f"  reader {label}, rules {found}: {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
