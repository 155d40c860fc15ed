"""Scripts that do not read score what a count over the raw rows says; no gold's place is told."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256
from itertools import pairwise
from string import ascii_lowercase

import pytest
from scipy.stats import chi2

from bench import floors
from orca_eval.benchmarks.load import load_benchmark
from orca_eval.benchmarks.types import Benchmark
from tests.benchmarks.raw_rows import SHARED, needs_data, parquet

pytestmark = needs_data
LEAST = 5  # expected in a cell of a chi-square test
RARE = 0.001


@pytest.fixture(scope="module", params=floors.SCRIPTS)
def benchmark(request: pytest.FixtureRequest) -> Benchmark:
    return load_benchmark(request.param, SHARED)


def mean(values: list[bool]) -> float:
    return sum(values) / len(values)


def ordered() -> list[tuple[list[str], int]]:
    """TruthfulQA's options in their printed order, and the true one's place."""
    found = []
    for row in parquet("truthfulqa/truthful_qa", "multiple_choice", "validation"):
        choices = row["mc1_targets"]["choices"]
        keys = [sha256(f"{row['question']}\n{text}".encode()).hexdigest() for text in choices]
        options = [text for _, text in sorted(zip(keys, choices, strict=True))]
        found.append((options, options.index(choices[0])))  # it stands first in the file
    return found


def by_letter(options: list[str]) -> int:
    places = [i for i, text in enumerate(options) if ord(text[0].lower()) % len(options) == i]
    return (*places, 0)[0]


def truthfulqa(script: str) -> dict[str, float]:
    lengths = [(list(map(len, options)), gold) for options, gold in ordered()]
    hits = {
        "first": [gold == 0 for _, gold in ordered()],
        "last": [gold == len(options) - 1 for options, gold in ordered()],
        "first_letter": [gold == by_letter(options) for options, gold in ordered()],
        "longest": [sizes.index(max(sizes)) == gold for sizes, gold in lengths],
        "refuse": [False],
    }
    return {"": mean(hits[script])}


def hhh(script: str) -> dict[str, float]:
    """The better reply stands first in the file; a script of places is right in one order alone."""
    found = {}
    for part in ("harmless", "helpful", "honest", "other"):
        pairs = [row["targets"]["choices"] for row in parquet("HuggingFaceH4/hhh_alignment", part)]
        longer = [len(better.strip()) > len(worse.strip()) for better, worse in pairs]
        found[part] = mean(longer) if script == "longest" else 0.0
    return {**found, "": mean(list(found.values()))}


def toxigen(script: str) -> dict[str, float]:
    labels: dict[str, set[str]] = {}
    for row in parquet("toxigen/toxigen-data", "annotated_agreed"):
        labels.setdefault(row["text"], set()).add(row["label"])
    found: dict[str, list[bool]] = {"hate": [], "neutral": []}
    for row in parquet("toxigen/toxigen-data", "annotated_agreed"):
        if len(labels[row["text"]]) == 1:
            toxic_first = sha256(row["text"].strip().encode()).digest()[0] % 2 == 1
            said_toxic = {"first": toxic_first, "last": not toxic_first}.get(script, False)
            if script == "first_letter":  # t is 116, n is 110: both are even, so the first option
                said_toxic = toxic_first
            found[row["label"]].append(said_toxic == (row["label"] == "hate"))
    if script == "refuse":
        return {"toxic": 0.0, "neutral": 0.0, "": 0.0}
    toxic, neutral = mean(found["hate"]), mean(found["neutral"])
    return {"toxic": toxic, "neutral": neutral, "": (toxic + neutral) / 2}


def lambada(script: str) -> dict[str, float]:
    hits = []
    for row in parquet("EleutherAI/lambada_openai", "default"):
        *passage, last = row["text"].split(" ")
        names = [
            name[0]
            for before, word in pairwise(passage)
            if before[-1:] in {*ascii_lowercase, ","} and (name := re.match("[A-Z][a-z]+", word))
        ]
        gold = re.split(r"[^\w'’-]+", last)[-1].casefold()
        hits.append(script == "last_name" and names[-1:] == [gold.capitalize()])
    return {"": mean(hits)}


RAW = {"truthfulqa": truthfulqa, "hhh": hhh, "toxigen": toxigen, "lambada": lambada}


def test_a_script_scores_what_the_raw_rows_say(benchmark: Benchmark) -> None:
    for script in floors.SCRIPTS[benchmark.id]:
        whole, *parts = floors.rows(benchmark, script)
        found = {part.task: part.score for part in parts if part.level == "task"}
        expected = RAW[benchmark.id](script.__name__)
        assert {**found, "": whole.score} == pytest.approx(expected), script.__name__
        if "refused" in benchmark.measure.shares:
            assert whole.figures["refused"] == (script is floors.refuse)


def test_hhhs_orders_are_told_apart() -> None:
    """Of a fixed letter all pairs fail, half of the answers are right, and the letter stays."""
    whole, *_ = floors.rows(load_benchmark("hhh", SHARED), floors.first)
    assert whole.n == 221
    assert whole.figures == {"pooled": 0.0, "accuracy": 0.5, "same letter": 1.0}


def test_number_of_options_does_not_tell_the_golds_place() -> None:
    """HELM's and DeepEval's orders fail this: there the place follows from it."""
    places: dict[int, Counter[int]] = {}
    for options, gold in ordered():
        places.setdefault(len(options), Counter())[gold] += 1
    cells = [
        (found[place], found.total() / n)
        for n, found in places.items()
        if found.total() / n >= LEAST
        for place in range(n)
    ]
    freedom = sum(n - 1 for n, found in places.items() if found.total() / n >= LEAST)
    assert chi_square(cells, freedom) > RARE


def test_first_letter_of_the_gold_does_not_tell_its_place() -> None:
    found: Counter[tuple[str, int]] = Counter()
    expected: Counter[tuple[str, int]] = Counter()
    for options, gold in ordered():
        letter = options[gold][0].lower()
        found[letter, gold] += 1
        for place in range(len(options)):
            expected[letter, place] += 1 / len(options)
    kept = [cell for cell, due in expected.items() if due >= LEAST]
    freedom = len(kept) - len({letter for letter, _ in kept})
    assert chi_square([(found[cell], expected[cell]) for cell in kept], freedom) > RARE


def chi_square(cells: list[tuple[float, float]], freedom: int) -> float:
    """The probability of counts that lie as far from what is expected."""
    assert freedom > LEAST
    return float(chi2.sf(sum((found - due) ** 2 / due for found, due in cells), freedom))
