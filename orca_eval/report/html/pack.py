"""Samples packed for the report's explorer: an index of small columns, and texts in chunks.

A reply is one run's answer to one document, behind its reasoning. Replies are ordered by document,
then run, so that the answers to one question lie beside each other and compress well.

The index is gzip over: 4 bytes length of a JSON head (little-endian), the head, padding to 8 bytes,
then the columns one after the other, each padded to 8 bytes. A chunk is gzip over a JSON line with
lengths in UTF-16 units, as JavaScript counts, and then all its texts without anything between:
prompts, replies and, where judges were asked, what they said of each reply.
The hints say which three-letter sequences a chunk holds, a bit per hash of one, so that a search
looks first where what is searched for can be.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from isal import igzip
from numpy.typing import NDArray

from orca_eval.errors import InputError
from orca_eval.report.board import Board
from orca_eval.report.html.verdicts import judges_words
from orca_eval.results.documents import KEY
from orca_eval.results.reasoning import evidence_shift, with_reasoning
from orca_eval.results.run import Run
from orca_eval.results.samples import open_samples

HINT_BITS = 1 << 16
HINT_STEP = 100_000
_HASH = np.uint32(2654435761)  # Knuth's multiplicative hashing
CHUNK_LETTERS = 2_000_000
MOST_REPLIES = 1 << 22  # explorer.js sorts by a key and a reply's number in one number
_LEVEL = 3
TEXT_COLUMNS = ("prompt", "response", "reasoning", "conversation")
_TEXTS = ("benchmark", "task", "gold", "answer", "rule", "finish_reason")
_NUMBERS = {
    **dict.fromkeys(("doc_id", "prompt_tokens", "completion_tokens"), 0),
    **dict.fromkeys(("evidence_start", "evidence_end"), -1),
    **dict.fromkeys(("score", "f1"), np.nan),
}
"""What stands for a value that is missing."""
_TYPES = {
    **dict.fromkeys((*_TEXTS, *_NUMBERS, "letters", "folded", "row"), np.int32),
    **dict.fromkeys(("score", "f1"), np.float32),
    "run": np.int16,
}
_INDEX = {
    **{name: name for name in ("run", "benchmark", "task", "doc")},
    **{"docId": "doc_id", "sample": "sample", "score": "score", "f1": "f1"},
    **{"gold": "gold", "answer": "answer", "rule": "rule", "finish": "finish_reason"},
    **{"start": "evidence_start", "end": "evidence_end", "folded": "folded"},
    **{"promptTokens": "prompt_tokens", "replyTokens": "completion_tokens"},
}
"""The columns of the index, by their names there."""
_NAMED = ("rule", "finish_reason", "answer", "gold")
"""Of these the index tells the texts in the order of the replies."""
Coded = dict[str, dict[str, int]]
"""The code of each text, by column."""
Columns = dict[str, NDArray[Any]]
"""Each a number a reply. What is not needed any more is taken out: there may be millions."""


class Spool:
    """Chunks of bytes in a file, in order: together they may be larger than the memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._ends = file, [0]

    def append(self, chunk: bytes) -> None:
        """Add a chunk at the end; not while they are read."""
        self._file.write(chunk)
        self._ends.append(self._ends[-1] + len(chunk))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[bytes]:
        for start, end in pairwise(self._ends):
            self._file.seek(start)
            yield self._file.read(end - start)

    @property
    def total(self) -> int:
        """Bytes of all chunks."""
        return self._ends[-1]


class Texts:
    """A run's prompts and responses, read from its samples a few row groups at a time: whole
    columns of them would take most of the memory that a report needs.

    Raises:
        InputError: the file is damaged.
    """

    def __init__(self, run: Run) -> None:
        self._path = run.samples_path
        with open_samples(self._path) as file:
            self._starts = np.cumsum([0, *file.sizes])
        self._columns = text_columns(run)
        self.size = int(self._starts[-1])
        self._held: tuple[int, int, pa.Table] | None = None

    def rows(self, rows: NDArray[np.int64]) -> pa.Table:
        """These rows in this order; quick where they lie near each other."""
        if not len(rows):
            return pa.table({name: pa.array([], pa.large_string()) for name in self._columns})
        first, last = np.searchsorted(self._starts, [rows.min(), rows.max()], side="right") - 1
        if self._held is None or self._held[:2] != (first, last):
            self._held = None  # before the next are read
            with open_samples(self._path) as file:
                groups = (file.group(group, self._columns) for group in range(first, last + 1))
                self._held = first, last, pa.concat_tables(groups).combine_chunks()
        return self._held[2].take(pa.array(rows - self._starts[first]))


def text_columns(run: Run) -> list[str]:
    """Those that the run has: older ones have no reasoning, and no conversations."""
    known = run.sample_columns
    return [name for name in TEXT_COLUMNS if name in known]


@dataclass(frozen=True, slots=True)
class Packed:
    """Gzipped bytes; `replies` is how many there are."""

    index: bytes
    hints: bytes
    chunks: Spool
    replies: int


@contextlib.contextmanager
def pack(board: Board, folder: Path) -> Iterator[Packed]:
    """The samples of all runs of the board; the chunks lie in a nameless file in `folder`
    until the block ends.

    Raises:
        InputError: a run's samples are damaged.
        OSError: the disk is full.
    """
    tables = [Texts(run) for run in board.runs]
    replies = sum(table.size for table in tables)
    if replies > MOST_REPLIES:
        raise InputError(
            f"{replies:,} replies are more than the report's explorer can sort "
            f"({MOST_REPLIES:,}); leave it out with report.samples=false, or name fewer runs"
        )
    columns, texts = _ordered(board, replies)
    starts = _chunk_starts(columns)
    bounds = list(zip(starts, [*starts[1:], replies], strict=True))
    runs, rows = columns["run"], columns.pop("row")
    index = _index(board, columns, texts, starts)
    del texts  # before the chunks are made
    raw = (_chunk(runs[start:end], rows[start:end], tables) for start, end in bounds)
    with tempfile.TemporaryFile(dir=folder) as file:
        chunks, hints = Spool(file), bytearray()
        for chunk_hint, chunk in _compressed(raw):
            hints += chunk_hint
            chunks.append(chunk)
        yield Packed(index, _gzip(bytes(hints)), chunks, replies)


def _compressed(raw: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Hint and gzip of each chunk, on a thread while the next one is made."""
    with ThreadPoolExecutor(1) as thread:
        waiting: Future[tuple[bytes, bytes]] | None = None
        for chunk in raw:
            if waiting is not None:
                yield waiting.result()
            waiting = thread.submit(lambda text: (hint(text), _gzip(text)), chunk)
        if waiting is not None:
            yield waiting.result()


def hint(text: bytes) -> bytes:
    """HINT_BITS bits: which hashes of three neighbouring bytes occur, ASCII in lower case."""
    bits = np.zeros(HINT_BITS, dtype=bool)
    lower = text.lower() + b"\0"
    triples = np.ndarray(max(0, len(text) - 2), ">u4", lower, strides=(1,))  # and one byte more
    for start in range(0, len(triples), HINT_STEP):  # numbers of all of it would take 12 times that
        part = triples[start : start + HINT_STEP].astype(np.uint32) >> np.uint32(8)
        bits[(part * _HASH) >> np.uint32(16)] = True
    return np.packbits(bits, bitorder="little").tobytes()


def _gzip(data: bytes | bytearray) -> bytes:
    """ISA-L takes a tenth of zlib's time at level 5, for 5 to 9 % more bytes."""
    return igzip.compress(data, _LEVEL, mtime=0)


def _ordered(board: Board, replies: int) -> tuple[Columns, Coded]:
    """The small columns of all runs, with `run`, `row` (within the run), `sample` (within the
    document of a run) and `doc`, in reply order; texts as codes, -1 for none."""
    texts: Coded = {name: {} for name in _TEXTS}
    columns = _filled(board.runs, replies, texts)
    _sort(columns, *KEY, "run", "row")
    first = _firsts(columns, *KEY, "run")
    places = np.arange(replies, dtype=np.int32)
    columns["sample"] = places - np.maximum.accumulate(np.where(first, places, 0))
    _sort(columns, *KEY, "sample", "run")
    columns["doc"] = np.cumsum(_firsts(columns, *KEY), dtype=np.int32) - 1
    return columns, texts


def _sort(columns: Columns, *names: str) -> None:
    """Puts them in the order of some, one after the other."""
    order = np.lexsort([columns[name] for name in reversed(names)])
    if (order[:-1] < order[1:]).all():  # as a single run's is
        return
    for name, values in columns.items():
        columns[name] = values[order]


def _firsts(columns: Columns, *names: str) -> NDArray[np.bool_]:
    """Which rows differ in these columns from the row before them."""
    first: NDArray[np.bool_] = np.arange(len(columns[names[0]])) == 0
    for name in names:
        values = columns[name]
        first[1:] |= values[1:] != values[:-1]
    return first


def _filled(runs: Sequence[Run], replies: int, texts: Coded) -> Columns:
    """The small columns of all runs' replies, one run after the other; texts that were not met
    before go to `texts`. Each is filled a row group at a time: parts and whole would be twice as
    much."""
    columns = {name: np.empty(replies, dtype=kind) for name, kind in _TYPES.items()}
    start = 0
    for number, run in enumerate(runs):
        first = start
        for part in run.sample_parts([*_TEXTS, *_NUMBERS, *text_columns(run)]):
            end = start + len(part)
            rows = np.arange(start - first, end - first)
            for name, values in (_measured(part, texts) | {"run": number, "row": rows}).items():
                columns[name][start:end] = values
            start = end
    return columns


def _measured(part: pa.Table, texts: Coded) -> dict[str, Any]:
    """A row group's columns, with `letters`, the bytes of each reply's texts and prompt, with
    `folded`, the length of its reasoning, and with evidence offsets into reasoning and response
    together. These are counted as JavaScript counts: astral characters are two units there.
    """
    columns: dict[str, Any] = {}
    for name, known in texts.items():
        column = part[name].to_pylist()
        codes = [-1 if text is None else known.setdefault(text, len(known)) for text in column]
        columns[name] = codes
    for name, missing in _NUMBERS.items():
        columns[name] = part[name].to_pandas().fillna(missing).to_numpy(copy=True)
    starts, ends = columns["evidence_start"], columns["evidence_end"]
    held = [name for name in TEXT_COLUMNS if name in part.schema.names]
    reasoned = part["reasoning"].to_pylist() if "reasoning" in held else [None] * len(part)
    folded = np.zeros(len(part), dtype=np.int32)
    for at, (text, reasoning) in enumerate(
        zip(part["response"].to_pylist(), reasoned, strict=True)
    ):
        reply, fold = with_reasoning(text, reasoning)
        folded[at] = utf16_length(reply[:fold])
        before = evidence_shift(text, reply)
        if starts[at] >= 0 and (before or not text.isascii()):
            starts[at] = utf16_length(reply[: before + int(starts[at])])
            ends[at] = utf16_length(reply[: before + int(ends[at])])
    sizes = [pc.fill_null(pc.binary_length(part[name]), 0).to_numpy() for name in held]
    return columns | {"folded": folded, "letters": sum(sizes)}


def _chunk_starts(columns: Columns) -> list[int]:
    """First replies of the chunks: whole documents, of about CHUNK_LETTERS together."""
    letters = columns.pop("letters")
    first = np.flatnonzero(np.diff(columns["doc"], prepend=-1))
    bins = (np.cumsum(letters) - letters)[first] // CHUNK_LETTERS
    return [int(start) for start in first[np.flatnonzero(np.diff(bins, prepend=-1))]]


def utf16_length(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _chunk(runs: NDArray[Any], rows: NDArray[Any], tables: Sequence[Texts]) -> bytes:
    """Replies' texts, the distinct prompts with each reply's prompt by number, and what a judge
    said of each, where one was asked."""
    asked, replies, said = ([""] * len(rows) for _ in range(3))
    for run, table in enumerate(tables):
        mine = np.flatnonzero(runs == run)
        part = table.rows(rows[mine])
        for at, row in zip(mine.tolist(), part.to_pylist(), strict=True):
            asked[at] = row["prompt"]
            replies[at], _ = with_reasoning(row["response"], row.get("reasoning"))
            said[at] = judges_words(row.get("conversation"))
    prompts: dict[str, int] = {}
    numbers = [prompts.setdefault(prompt, len(prompts)) for prompt in asked]
    head = {
        "prompts": [utf16_length(text) for text in prompts],
        "promptOf": numbers,
        "replies": [utf16_length(text) for text in replies],
    }
    if any(said):
        head["judged"] = [utf16_length(text) for text in said]
    texts = "".join((*prompts, *replies, *said))
    return (json.dumps(head, separators=(",", ":")) + "\n" + texts).encode()


def _index(board: Board, columns: Columns, texts: Coded, starts: Sequence[int]) -> bytes:
    """Takes the columns out, one after the other."""
    count, named = len(columns["run"]), {}
    body = bytearray()
    places = {}
    for name, of in _INDEX.items():
        column = columns.pop(of)
        if of in _NAMED:
            column, named[of] = _named_anew(column, list(texts[of]))
        values = narrowed(column)
        places[name] = [values.dtype.name, len(body)]
        body += values.tobytes()
        body += bytes(-len(body) % 8)
    head = {
        "count": count,
        "columns": places,
        "runs": list(board.labels),
        "benchmarks": [
            [name, board.columns.alias(name), board.measure(name).in_percent]
            for name in texts["benchmark"]
        ],
        "tasks": list(texts["task"]),
        "rules": named["rule"],
        "finishes": named["finish_reason"],
        "answers": named["answer"],
        "golds": named["gold"],
        "starts": list(starts),
    }
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(len(text) + 4) % 8)
    body[:0] = len(text).to_bytes(4, "little") + text
    return _gzip(body)


def _named_anew(codes: NDArray[Any], known: Sequence[str]) -> tuple[NDArray[Any], list[str]]:
    """Codes in the order of the replies, and what they stand for."""
    order = [code for code in pd.unique(codes).tolist() if code >= 0]
    number = np.full(len(known) + 1, -1, dtype=np.int32)
    number[order] = np.arange(len(order))
    return number[codes], [known[code] for code in order]


def narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the smallest type of JavaScript that holds them; others as they are."""
    if values.dtype.kind == "f" and not np.array_equal(values, np.floor(values)):
        return values
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    for kind in (np.uint8, np.uint16, np.uint32, np.int32):
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            return values.astype(kind)
    return values.astype(np.float64)
