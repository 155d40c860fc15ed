"""CSV files of scores: damaged, of other shapes, hostile in their cells, or large."""

from __future__ import annotations

import random
from pathlib import Path

from orca_eval.report.run_report import main_report_csv

HEADS = (
    "model,GSM8K,BBH,Average",
    "task,Orca,LLaMA,n,Orca_correct",
    "model,GSM8K,provenance,printed_average",
)
CELLS = (
    *("49.93", "0", "-1", "100", "1e3", "NaN", "inf", "", " ", "9" * 5000, "1,5", "½", "50 %"),
    *("=1+1", "@x", "</table><script>", "\\input{x}", "| a |", "\x00", "\ud83d", "模型", "a\nb"),
)


def make(rng: random.Random, folder: Path) -> str:
    """Writes `scores.csv`."""
    rows = [rng.choice(HEADS).split(",")]
    large = rng.random() < 0.03
    for number in range(rng.choice((0, 1, 3, 12)) if not large else 900):
        rows.append([f"row {number}", *(f"{rng.random() * 100:.2f}" for _ in rows[0][1:])])
    what = rng.choice(("cell", "cell", "cells", "row", "bytes", "cut", "quote", "wide", "head"))
    if what in ("cell", "cells"):
        for _ in range(1 if what == "cell" else 8):
            row = rng.choice(rows)
            row[rng.randrange(len(row))] = rng.choice(CELLS)
    elif what == "row":
        rng.choice(rows).extend(["1"] * rng.randrange(1, 4))
    elif what == "wide":
        rows = [[*row, *(str(i) for i in range(rng.choice((50, 800))))] for row in rows]
    elif what == "head":
        rows[0][0] = rng.choice(("Model", "TASK", "name", ""))
    text = "\n".join(",".join(f'"{c}"' if "," in c or "\n" in c else c for c in r) for r in rows)
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if what == "bytes":
        for _ in range(4):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif what == "cut":
        del data[rng.randrange(len(data)) :]
    elif what == "quote":
        data.insert(rng.randrange(len(data)), ord('"'))
    (folder / "scores.csv").write_bytes(data)
    return f"{what}, {len(rows)} rows"


def use(folder: Path) -> None:
    """Makes every table of it."""
    main_report_csv(folder / "scores.csv", folder / "out", None)
