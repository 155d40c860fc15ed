"""The packed items: enough of them, in the benchmarks' schemas, their golds worked out again."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from itertools import permutations

import pyarrow.parquet as pq
import pytest

from orca_eval import safe_yaml
from orca_eval.benchmarks.load import load_benchmark
from orca_eval.benchmarks.specs import read_specs
from orca_eval.errors import InputError
from orca_eval.paths import CONF, QUICKSTART_DATA
from orca_eval.types import Doc
from tests.benchmarks.raw_rows import SHARED, needs_data

# A benchmark may do without: MT-Bench's questions come with its data.
WITH_ITEMS = [
    name
    for name, spec in read_specs().items()
    if any((QUICKSTART_DATA / (t.source.csv or t.source.dataset)).exists() for t in spec.tasks)
]
HEADLINE = 150  # items that a small model answers in about three minutes on two cores


def docs(benchmark: str) -> list[Doc]:
    loaded = load_benchmark(benchmark, None, quickstart=True)
    return [doc for task in loaded.tasks for doc in task.docs]


def items(benchmark: str, task: str) -> list[tuple[str, Doc]]:
    """Prompt and doc of a task's items; the prompt without the hint in the last line."""
    found = [doc for doc in docs(benchmark) if doc.task == task]
    assert len(found) >= 2
    return [(doc.messages[0]["content"].rpartition("\n")[0], doc) for doc in found]


def gold(doc: Doc) -> str:
    """The gold as text: the option's words where there are options."""
    text = doc.golds[0][0]
    return doc.options[text] if doc.options else text


@pytest.mark.parametrize("benchmark", WITH_ITEMS)
def test_there_are_enough_items_and_they_are_labelled(benchmark: str) -> None:
    loaded = load_benchmark(benchmark, None, quickstart=True)
    assert loaded.n >= 8
    assert len(loaded.tasks) >= (16 if benchmark == "mmlu" else len(read_specs()[benchmark].tasks))
    least = 1 if benchmark == "mmlu" else 2
    assert all(len(task.docs) >= least for task in loaded.tasks)
    assert loaded.source == "quickstart"


def test_a_benchmark_without_items_says_so() -> None:
    with pytest.raises(InputError, match="quickstart has no items for mt_bench; name it as"):
        load_benchmark("mt_bench", None, quickstart=True)


def test_the_suite_stays_small() -> None:
    suite = safe_yaml.load((CONF / "suite" / "quickstart.yaml").read_text("utf-8"))
    assert sum(len(docs(name)) for name in suite["benchmarks"]) <= HEADLINE


@pytest.mark.parametrize("benchmark", WITH_ITEMS)
def test_right_options_stand_in_every_place(benchmark: str) -> None:
    lettered = [doc for doc in docs(benchmark) if doc.options and "A" in doc.options]
    places = [list(doc.options or {}).index(doc.golds[0][0]) for doc in lettered]
    if places:
        most = max(len(doc.options or {}) for doc in lettered)
        assert set(range(min(most, 3))) <= set(places)
        assert max(places.count(place) for place in set(places)) <= 0.5 * len(places)


@needs_data
def test_no_item_is_one_of_the_real_data() -> None:
    """No question or passage of ours stands in the real files."""
    asked = {
        " ".join(line.split())
        for name in WITH_ITEMS
        for doc in docs(name)
        for line in doc.messages[0]["content"].split("\n")
        if len(line.split()) > 7 and "###Final answer" not in line
    }
    real = set()
    for file in SHARED.rglob("*.parquet"):
        for row in pq.read_table(file).to_pylist():
            for value in row.values():
                if isinstance(value, str):
                    real.update(" ".join(line.split()) for line in value.split("\n"))
    assert not {line for line in asked & real if not line.startswith("A: Among A through")}


def test_boolean_expressions() -> None:
    for text, doc in items("bbh", "boolean_expressions"):
        assert str(eval(text.removesuffix(" is"))) == gold(doc)


def test_arithmetic() -> None:
    for text, doc in items("bbh_free", "multistep_arithmetic_two"):
        assert str(eval(text.removesuffix(" ="))) == gold(doc)


def test_object_counting() -> None:
    words = {"a": 1, "an": 1, "two": 2, "three": 3, "four": 4}
    other = {"spoon", "lamp"}
    for text, doc in items("bbh_free", "object_counting"):
        things = re.findall(r"\b(an?|two|three|four) (\w+)", text)
        assert str(sum(words[n] for n, thing in things if thing not in other)) == gold(doc)


def test_word_sorting() -> None:
    for text, doc in items("bbh_free", "word_sorting"):
        assert " ".join(sorted(text.split("List: ")[1].split())) == gold(doc)


def test_dyck_languages() -> None:
    pairs = {"(": ")", "[": "]", "{": "}", "<": ">"}
    for text, doc in items("bbh_free", "dyck_languages"):
        due: list[str] = []
        for bracket in text.split("Input: ")[1].split():
            if bracket in pairs:
                due.append(pairs[bracket])
            else:
                assert due.pop() == bracket
        assert " ".join(reversed(due)) == gold(doc)


def test_dates() -> None:
    (_, first), (_, second) = items("bbh", "date_understanding")
    assert gold(first) == (date(2021, 3, 3) + timedelta(days=10)).strftime("%m/%d/%Y")
    assert gold(second) == (date(2024, 2, 28) + timedelta(days=2)).strftime("%m/%d/%Y")


@pytest.mark.parametrize("count", ["three", "five", "seven"])
def test_tracking_shuffled_objects(count: str) -> None:
    for text, doc in items("bbh", f"tracking_shuffled_objects_{count}_objects"):
        holds = dict(re.findall(r"(\w+) holds the (\w+) ball", text))
        for one, other in re.findall(r"Then (\w+) and (\w+) swap", text):
            holds[one], holds[other] = holds[other], holds[one]
        asked = re.findall(r"At the end, (\w+) holds", text)[0]
        assert f"{holds[asked]} ball" == gold(doc)


@pytest.mark.parametrize("count", ["three", "five", "seven"])
def test_logical_deduction(count: str) -> None:
    """Exactly one order of the things satisfies every statement, and it makes the gold true."""
    places = ["leftmost", "second", "third", "fourth", "fifth", "sixth"]
    for text, doc in items("bbh", f"logical_deduction_{count}_objects"):
        names = re.findall(r"\ban? ([^,]+?)(?:,|\.)", text.split("hang ")[1].split(". ")[0] + ".")
        statements = text.split("hang ")[1].partition(". ")[2].partition("\nOptions")[0]
        left = re.findall(r"The ([^.]+?) is to the left of the ([^.]+)\.", statements)
        right = re.findall(r"The ([^.]+?) is to the right of the ([^.]+)\.", statements)
        fixed = re.findall(r"The ([^.]+?) is the (\w+)(?: from the left)?\.", statements)
        assert len(left) + len(right) + len(fixed) == statements.count(".")
        orders = [
            order
            for order in permutations(names)
            if all(order.index(a) < order.index(b) for a, b in left + [r[::-1] for r in right])
            and all(
                order.index(a) == (len(names) - 1 if place == "rightmost" else places.index(place))
                for a, place in fixed
            )
        ]
        (order,) = orders
        thing, place = re.findall(r"The (.+) is the (\w+)", gold(doc))[0]
        assert order.index(thing) == places.index(place)


def test_navigate() -> None:
    steps = {"forward": 1j, "backward": -1j, "left": -1, "right": 1}
    for text, doc in items("bbh", "navigate"):
        moves = re.findall(r"Take (\d+) steps? (\w+)", text)
        home = sum(int(n) * steps[way] for n, way in moves) == 0
        assert gold(doc) == ("Yes" if home else "No")


def test_web_of_lies() -> None:
    for text, doc in items("bbh", "web_of_lies"):
        name, verb = re.findall(r"Question: (\w+) (tells the truth|lies)\.", text)[0]
        truthful = {name: verb != "lies"}
        for speaker, other, verb in re.findall(r"(\w+) says (\w+) (tells the truth|lies)", text):
            truthful[speaker] = truthful[other] == (verb != "lies")
        asked = re.findall(r"Does (\w+) tell", text)[0]
        assert gold(doc) == ("Yes" if truthful[asked] else "No")


def test_penguins() -> None:
    (text, youngest), (_, second_tallest) = items("bbh", "penguins_in_a_table")
    table = [
        (name, int(age), int(height))
        for name, age, height in re.findall(r"(\w+), (\d+), (\d+), \d+", text)
    ]
    assert gold(youngest) == min(table, key=lambda row: row[1])[0]
    assert gold(second_tallest) == sorted(table, key=lambda row: row[2])[-2][0]


def test_geometric_shapes() -> None:
    sides = {"triangle": 3, "pentagon": 5}
    for text, doc in items("bbh", "geometric_shapes"):
        points = re.findall(r"[ML] ([\d.]+,[\d.]+)", text)
        assert points[0] == points[-1]
        assert len(set(points)) == sides[gold(doc)]


def test_temporal_sequences() -> None:
    for text, doc in items("bbh", "temporal_sequences"):
        hour = {f"{h % 12 or 12}{'am' if h < 12 else 'pm'}": h for h in range(24)}
        up = hour[re.findall(r"got up at (\w+)", text)[0]]
        shut = hour[re.findall(r"closed after (\w+)", text)[0]]
        busy = [
            h
            for a, b in re.findall(r"saw .* from (\w+) to (\w+)\.", text)
            for h in range(hour[a], hour[b])
        ]
        free = [h for h in range(up, shut) if h not in busy]
        start, end = gold(doc).split(" to ")
        assert free == list(range(hour[start], hour[end]))


def test_gsm8k_solutions_add_up() -> None:
    file = QUICKSTART_DATA / "openai/gsm8k/main/test.jsonl"
    for line in file.read_text(encoding="utf-8").splitlines():
        answer = json.loads(line)["answer"]
        steps = re.findall(r"<<([\d.*/+-]+)=([\d.]+)>>", answer)
        assert steps
        assert all(eval(sum_) == float(result) for sum_, result in steps)
        assert answer.split("#### ")[1].replace(",", "") == steps[-1][1]


def test_the_sums_of_the_other_benchmarks() -> None:
    """Golds of AQuA, SAT-Math, MMLU and DROP that arithmetic gives."""
    worked_out = {
        ("agieval", "aqua-rat"): [f"${28 // 4 * 3}", str(180 * 3600 // 9 // 1000)],
        ("agieval", "sat-math"): [str((25 - 7) // 3), str((34 // 2 - 5) * 5)],
        ("mmlu", "elementary_mathematics"): [str(7 * 8)],
        ("mmlu", "high_school_statistics"): [str(sorted([3, 9, 4, 7, 5])[2])],
    }
    for (benchmark, task), expected in worked_out.items():
        assert [gold(doc) for doc in docs(benchmark) if doc.task == task] == expected
    drop = [doc.golds[0][0] for doc in docs("drop")]
    sums = {0: 11 - 7, 1: 48 + 4, 5: 120 - 20, 6: 2003 + 2, 7: 120 - 45}
    assert {place: drop[place] for place in sums} == {place: str(n) for place, n in sums.items()}


def test_a_reader_of_the_passage_finds_the_order_on_the_shelf() -> None:
    """LSAT-AR: the statement is true in every order that the rules allow, the others are not."""
    books = ("atlas", "biography", "cookbook", "dictionary", "encyclopedia")
    allowed = [
        order
        for order in permutations(books)
        if order.index("cookbook") - order.index("atlas") == 1
        and order.index("dictionary") in (0, 4)
        and order.index("biography") < order.index("atlas")
    ]
    left = [order for order in allowed if order[0] == "dictionary"]
    must = [
        all(order.index("biography") == 1 for order in left),
        all(order.index("atlas") == 2 for order in left),
        all(order.index("encyclopedia") == 4 for order in left),
        all(order.index("biography") < order.index("cookbook") for order in left),
        all(order.index("atlas") == 3 for order in left),
    ]
    right = {order[2] for order in allowed if order[4] == "dictionary" and order[0] == books[4]}
    (_, first), (_, second) = items("agieval", "lsat-ar")
    assert "ABCDE"[must.index(True)] == first.golds[0][0]
    assert must.count(True) == 1
    assert {gold(second)} == {f"the {book}" for book in right}
