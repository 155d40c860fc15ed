"""A raw row → an item: what the model reads and what counts as right.

The Python files under tasks/ build items with these functions, and lm-eval and our loader run the
very same ones. Prompts follow the Orca 2 protocol: the question, the options, and as the last line
a hint at the wanted format (arXiv 2311.11045; docs/benchmarks.md shows each prompt).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from string import ascii_uppercase
from typing import Any, NotRequired, TypedDict, TypeVar

from orca_eval.types import Kind

Row = Mapping[str, Any]
R = TypeVar("R", bound=Row)


class Item(TypedDict):
    """A doc in lm-eval's sense: one flat record with the same columns for every benchmark.

    `labels` and `options` run in parallel, in printed order, and are empty for other kinds than
    choice. `golds` holds the accepted variants, each a list of spans. `target` is the gold as text.
    `extra` is for a task's own `ask` and `score`. `slices` are those of `Doc`. `row` is the place
    of the item's row among those that were read, where not every row makes one item (`per_rows`).
    """

    prompt: str
    kind: Kind
    labels: list[str]
    options: list[str]
    golds: list[list[str]]
    target: str
    cluster: str | None
    stratum: str | None
    extra: NotRequired[dict[str, Any]]
    slices: NotRequired[dict[str, list[str]]]
    row: NotRequired[int]


def hint(wanted: str) -> str:
    """The format hint of the protocol; `wanted` says what stands in the braces."""
    return f"At the end output ###Final answer: {{{wanted}}}"


def choice(
    question: str,
    options: Sequence[str],
    gold: int,
    cluster: str | None = None,
    stratum: str | None = None,
) -> Item:
    """A question with options printed as (A), (B), … below it; `gold` is an option's index.

    Rows come labelled with letters, digits or not at all: letters by position serve all of them.
    """
    texts = [option.strip() for option in options]
    labels = list(ascii_uppercase[: len(texts)])
    lines = [f"({label}) {text}" for label, text in zip(labels, texts, strict=True)]
    # A gold beyond the options gets no letter of theirs, so that the check of golds refuses it.
    target = labels[gold] if 0 <= gold < len(labels) else str(gold)
    prompt = "\n".join([question.strip(), *lines, hint("answer choice")])
    by_label = dict(zip(labels, texts, strict=True))
    return labelled_choice(prompt, by_label, target, cluster, stratum)


def labelled_choice(
    prompt: str,
    options: Mapping[str, str],
    target: str,
    cluster: str | None = None,
    stratum: str | None = None,
) -> Item:
    """A choice whose prompt prints its options already; `options` are texts by label."""
    return {
        "prompt": prompt,
        "kind": "choice",
        "labels": list(options),
        "options": list(options.values()),
        "golds": [[target]],
        "target": target,
        "cluster": cluster,
        "stratum": stratum,
    }


def open_answer(
    prompt: str, kind: Kind, golds: Sequence[Sequence[str]], cluster: str | None = None
) -> Item:
    """An item without options; its target shows the first accepted variant."""
    item = labelled_choice(prompt, {}, "; ".join(golds[0]) if golds else "", cluster)
    return {**item, "kind": kind, "golds": [list(gold) for gold in golds]}


def passage_id(passage: str) -> str | None:
    """A short name for a passage that several items share; None where there is none."""
    text = passage.strip()
    return sha256(text.encode()).hexdigest()[:12] if text else None


def per_row(doc: Callable[[Row], Item]) -> Callable[[Any], Any]:
    """lm-eval's `process_docs` from a function of one row: list in, list out; Dataset likewise."""

    def process_docs(rows: Iterable[Row]) -> Any:
        return _as_given(rows, [doc(row) for row in rows])

    return process_docs


def per_rows(docs: Callable[[Row], Iterable[Item]]) -> Callable[[Any], Any]:
    """The same from a function that makes several items of a row, each asking it in another order,
    or none."""

    def process_docs(rows: Iterable[Row]) -> Any:
        items = [Item(**item, row=place) for place, row in enumerate(rows) for item in docs(row)]
        return _as_given(rows, items)

    return process_docs


def _as_given(rows: Iterable[Row], items: list[Item]) -> Any:
    """A Dataset where the rows are one."""
    from_list = getattr(type(rows), "from_list", None)
    return items if from_list is None else from_list(items)


def item_rows(rows: Sequence[R], items: Sequence[Item]) -> Iterator[tuple[R, Item, int]]:
    """Every item with its row and its place among that row's items.

    Raises:
        ValueError: an item does not say which row it is of, and there is not one for each.
    """
    if not all("row" in item for item in items):
        for row, item in zip(rows, items, strict=True):
            yield row, item, 0
        return
    for place, of_row in groupby(items, key=itemgetter("row")):
        for order, item in enumerate(of_row):
            yield rows[place], item, order


def options_of(item: Item) -> dict[str, str] | None:
    """The options by label, None where the item has none."""
    return dict(zip(item["labels"], item["options"], strict=True)) or None
