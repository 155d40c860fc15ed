"""An independent reading of the raw files: what is asked, the options as given, what is right.

Shares no code with tasks/ or orca_eval: parquet and CSV are read here, and each item is told from
the others by its question. Used by the oracle tests alone.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("ORCA_EVAL_SHARED", HERE.parents[3] / "shared")) / "benchmarks"
needs_data = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"real benchmark data is not at hand in {SHARED}"
)

LETTERS = "ABCDEFGHIJKLMNOPQR"


@dataclass(frozen=True)
class Raw:
    """One raw row. `options` keep the file's order; `gold` is an index into them, None without
    options; `variants` are the accepted texts, each as it would be written."""

    texts: tuple[str, ...]  # passage and question: all must stand in the prompt
    options: tuple[str, ...]
    gold: int | None
    variants: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()  # beside the options, where the file itself prints them


def squeeze(text: str) -> str:
    """The text without whitespace: stripping and line breaks are the tasks' own business."""
    return re.sub(r"\s+", "", text)


def squeeze_marks(text: str) -> str:
    """For HellaSwag: letters and digits alone, layout marks gone, a form no cleaning changes."""
    text = re.sub(r"\[(?:header|title|step|substeps)\]", "", text)
    return re.sub(r"[\W_]+", "", text)


def parquet(dataset: str, config: str, split: str = "test") -> list[dict]:
    return pq.read_table(SHARED / dataset / config / f"{split}-00000-of-00001.parquet").to_pylist()


def raw_rows(benchmark: str, task: str) -> list[Raw]:
    return list(READERS[benchmark](task))


def agieval(task: str) -> Iterator[Raw]:
    for row in parquet(f"hails/agieval-{task}", "default"):
        # The published gold is a letter; options are printed in the query with theirs.
        letter = LETTERS[row["gold"][0]]
        printed = [
            re.match(r"\(([A-E])\)", option) or re.match(rf"({due})(?:\? ?| )", option)
            for due, option in zip(LETTERS, row["choices"], strict=False)
        ]
        labels = [m[1] if m else due for due, m in zip(LETTERS, printed, strict=False)]
        texts = [
            option[m.end() :] if m else option
            for option, m in zip(row["choices"], printed, strict=False)
        ]
        gold = labels.index(letter) if letter in labels else None
        yield Raw((row["query"],), tuple(texts), gold, letters=tuple(labels))


def bbh(task: str) -> Iterator[Raw]:
    for row in parquet("SaylorTwift/bbh", task):
        text, target = row["input"], row["target"]
        lines = text.partition("Options:\n")[2].split("\n")
        if lines[0].startswith("(A)"):
            labels = [line[:3] for line in lines]
            gold = labels.index(target) if target in labels else None
            options = tuple(line[3:].strip() for line in lines)
            letters = tuple(label[1] for label in labels)
            yield Raw((text,), options, gold, letters=letters)
        else:
            words = {"boolean_expressions": ("True", "False"), "web_of_lies": ("Yes", "No")}
            listed = tuple(line[2:].strip() for line in lines if line.startswith("- "))
            listed = listed or words.get(task) or ("yes", "no")
            if target in listed:
                yield Raw((text,), listed, listed.index(target), letters=listed)
            else:
                yield Raw((text,), (), None, (target,))


def mmlu(task: str) -> Iterator[Raw]:
    for row in parquet("cais/mmlu", task):
        yield Raw((row["question"],), tuple(row["choices"]), row["answer"])


def arc(task: str) -> Iterator[Raw]:
    config = {"arc_easy": "ARC-Easy", "arc_challenge": "ARC-Challenge"}[task]
    for row in parquet("allenai/ai2_arc", config):
        gold = row["choices"]["label"].index(row["answerKey"])
        yield Raw((row["question"],), tuple(row["choices"]["text"]), gold)


def race(task: str) -> Iterator[Raw]:
    for row in parquet("ehovy/race", task):
        gold = LETTERS.index(row["answer"])
        yield Raw((row["article"], row["question"]), tuple(row["options"]), gold)


def hellaswag(_: str) -> Iterator[Raw]:
    for row in parquet("Rowan/hellaswag", "default", "validation"):
        yield Raw((row["ctx"],), tuple(row["endings"]), int(row["label"]))


def crass(_: str) -> Iterator[Raw]:
    file = SHARED / "apergo-ai" / "CRASS-data-set" / "CRASS_FTM_main_data_set.csv"
    with file.open(encoding="utf-8") as lines:
        for row in csv.reader(list(lines)[1:], delimiter=";"):
            yield Raw((row[1], row[2]), tuple(cell for cell in row[3:] if cell.strip()), 0)


def gsm8k(_: str) -> Iterator[Raw]:
    for row in parquet("openai/gsm8k", "main"):
        yield Raw((row["question"],), (), None, (row["answer"].split("#### ")[1],))


def drop(_: str) -> Iterator[Raw]:
    for row in parquet("EleutherAI/drop", "default", "validation"):
        others = row["validated_answers"]
        answers = [row["answer"]] + [
            dict(zip(("number", "date", "spans"), parts, strict=True))
            for parts in zip(others["number"], others["date"], others["spans"], strict=True)
        ]
        written = tuple(
            answer["number"]
            or "; ".join(answer["spans"])
            or " ".join(answer["date"][part] for part in ("day", "month", "year")).strip()
            for answer in answers
        )
        yield Raw((row["passage"], row["question"]), (), None, written)


def lambada(_: str) -> Iterator[Raw]:
    for row in parquet("EleutherAI/lambada_openai", "default"):
        words = row["text"].split(" ")
        gold = re.split(r"[^\w'’-]+", words[-1].strip("'’-‘"))[-1]
        yield Raw((" ".join([*words[:-1], "____"]),), (), None, (gold,))


def truthfulqa(_: str) -> Iterator[Raw]:
    for row in parquet("truthfulqa/truthful_qa", "multiple_choice", "validation"):
        mc1 = row["mc1_targets"]
        yield Raw((row["question"],), tuple(mc1["choices"]), mc1["labels"].index(1))


def hhh(task: str) -> Iterator[Raw]:
    for row in parquet("HuggingFaceH4/hhh_alignment", task):
        targets = row["targets"]
        yield Raw((row["input"],), tuple(targets["choices"]), targets["labels"].index(1))


def toxigen(task: str) -> Iterator[Raw]:
    label = {"toxic": "hate", "neutral": "neutral"}[task]
    for row in parquet("toxigen/toxigen-data", "annotated_agreed"):
        if row["label"] == label:
            yield Raw((row["text"],), ("toxic", "neutral"), ("toxic", "neutral").index(task))


READERS = {
    "agieval": agieval,
    "bbh": bbh,
    "bbh_free": bbh,
    "mmlu": mmlu,
    "arc_easy": arc,
    "arc_challenge": arc,
    "race": race,
    "hellaswag": hellaswag,
    "crass": crass,
    "gsm8k": gsm8k,
    "drop": drop,
    "lambada": lambada,
    "truthfulqa": truthfulqa,
    "hhh": hhh,
    "toxigen": toxigen,
}


class Finder:
    """Finds the raw row behind a prompt, by its question and options."""

    TAIL = 12  # squeezed characters at a question's end, by which rows are looked up

    def __init__(self, benchmark: str, rows: list[Raw]) -> None:
        self.squeeze = squeeze_marks if benchmark == "hellaswag" else squeeze
        self.by_tail: dict[str, list[tuple[Raw, list[str]]]] = {}
        for row in rows:
            parts = [self.squeeze(part) for part in (*row.texts, *row.options)]
            tail = parts[len(row.texts) - 1][-self.TAIL :]
            self.by_tail.setdefault(tail, []).append((row, parts))
        self.lengths = {len(tail) for tail in self.by_tail}

    def find(self, prompt: str) -> Raw:
        """The row whose texts all stand in the prompt.

        Of several, the one with most options printed as they are, then the longest, then the first.
        """
        whole, text = self.squeeze(prompt), ""
        printed = {self.squeeze(option) for _, option in printed_options(prompt)}
        best, best_fit = None, (-1, -1)
        for line in prompt.split("\n"):
            text += self.squeeze(line)  # a question ends where a line ends
            for length in self.lengths:
                for row, parts in self.by_tail.get(text[-length:], ()):
                    fit = (len(printed.intersection(parts)), sum(map(len, parts)))
                    if fit > best_fit and all(part in whole for part in parts):
                        best, best_fit = row, fit
        assert best is not None, f"no raw row asks what this prompt asks: {prompt[:300]}"
        return best

    def letter(self, prompt: str, options: Sequence[str], index: int) -> str:
        """The letter printed beside an option, read from the prompt; where several options have
        the same words, the one that stands as far down among them as in the raw row."""
        option = options[index]
        wanted = self.squeeze(option)
        letters = [
            letter for letter, text in printed_options(prompt) if self.squeeze(text) == wanted
        ]
        assert letters, f"{option!r} stands beside no letter in {prompt[-400:]}"
        twins = [self.squeeze(text) == wanted for text in options[:index]].count(True)
        return letters[twins]


def printed_options(prompt: str) -> list[tuple[str, str]]:
    """Letters and texts of the options printed one below the other, above the last line, or within
    a question that names both."""
    if both := re.search(r"^.+ \(A\) (\w+) or \(B\) (\w+)\?$", prompt, re.MULTILINE):
        return [("A", both[1]), ("B", both[2])]
    marks = list(re.finditer(r"^\(([A-Z])\) ", prompt, re.MULTILINE))
    ends = [mark.start() for mark in marks[1:]] + [prompt.rindex("\n")]
    return [
        (mark[1], prompt[mark.end() : end]) for mark, end in zip(marks, ends, strict=bool(marks))
    ]
