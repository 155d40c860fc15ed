"""Writes the tables of docs/reproduce.md: `python -m docs.reproduce [--check]`."""

import argparse
import re
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from orca_eval.benchmarks.specs import BenchmarkSpec, read_specs
from orca_eval.numbers import rounded
from orca_eval.results.published import PublishedModel, published_models
from orca_eval.run.identity import KNOWLEDGE, REASONING
from orca_eval.stats import score_interval

PATH = Path(__file__).with_suffix(".md")
GROUPS = (REASONING, KNOWLEDGE)
ORCA_2 = ("Orca-2-7B", "Orca-2-7B w/ cautious sm", "Orca-2-13B", "Orca-2-13B w/ cautious sm")
BASELINES = ("LLAMA-2-Chat-13B", "LLAMA-2-Chat-70B", "WizardLM-13B", "WizardLM-70B")
TABLES = {"Orca 2": ORCA_2, "The baselines": BASELINES}


def sizes(spec: BenchmarkSpec) -> list[int]:
    """The documents of each of a benchmark's tasks."""
    return [task.rows - len(spec.excluded.get(task.name, ())) for task in spec.tasks]


def worth(spec: BenchmarkSpec) -> float:
    """How many independent documents of a plain proportion the score is worth: all of them, or of a
    mean of tasks what is left where small tasks weigh as much as large ones."""
    if spec.aggregate == "pooled":
        return sum(sizes(spec))
    return len(sizes(spec)) ** 2 / sum(1 / size for size in sizes(spec))


def worth_of_mean(shares: Sequence[float], sizes: Sequence[float]) -> float:
    """The same of an unweighted mean of such scores, by its variance."""
    mean = sum(shares) / len(shares)
    variance = sum(p * (1 - p) / n for p, n in zip(shares, sizes, strict=True)) / len(shares) ** 2
    return mean * (1 - mean) / variance


def cell(printed: Fraction, size: float) -> str:
    """A printed figure and its 95 % interval, in percent."""
    found = score_interval(float(printed) / 100, size)
    return f"{rounded(printed, 2)} ({100 * found.low:.1f} – {100 * found.high:.1f})"


def table(models: Sequence[PublishedModel]) -> str:
    """A row per benchmark and average, a column per printed row of the paper."""
    specs = read_specs()
    rows = [["benchmark", "documents", *(model.label for model in models)]]
    rows.append(["---"] * len(rows[0]))
    for group in GROUPS:
        sized = [worth(specs[name]) for name in group.benchmarks]
        for name, size in zip(group.benchmarks, sized, strict=True):
            cells = [cell(model.scores[name], size) for model in models]
            rows.append([specs[name].alias, f"{sum(sizes(specs[name])):,}", *cells])
        shares = [[float(m.scores[name]) / 100 for name in group.benchmarks] for m in models]
        means = [
            cell(sum(m.scores[name] for name in group.benchmarks) / Fraction(len(sized)),
                 worth_of_mean(share, sized))
            for m, share in zip(models, shares, strict=True)
        ]  # fmt: skip
        rows.append([group.name, "", *means])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def provenance(models: Sequence[PublishedModel]) -> str:
    """How sure each printed row is, in a line each."""
    return "".join(f"- {model.label}: {'; '.join(model.provenance)}\n" for model in models)


def render() -> str:
    """The page: its own prose, with what follows from the printed figures written anew."""
    page, known = PATH.read_text("utf-8"), published_models()
    for heading, labels in TABLES.items():
        models = [known[label] for label in labels]
        page = _written(page, heading, f"{table(models)}\n{provenance(models)}")
    return page


def _written(page: str, name: str, text: str) -> str:
    """The page with `text` between the marks of that name."""
    marks = f"<!-- made: {name} -->\n", "<!-- end -->"
    pattern = f"({re.escape(marks[0])}).*?({re.escape(marks[1])})"
    made, times = re.subn(pattern, lambda found: found[1] + text + found[2], page, flags=re.DOTALL)
    if times != 1:
        raise ValueError(f"{PATH.name} has {times} places for {name!r}; one is wanted")
    return made


def main() -> int:
    """Writes the page, or says that it is not current; exit code 1 then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if the page is not current")
    check, page = parser.parse_args().check, render()
    if page == PATH.read_text("utf-8"):
        return 0
    if check:
        print("docs/reproduce.md is not current: run python -m docs.reproduce")
        return 1
    PATH.write_text(page, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
