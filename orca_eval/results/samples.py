"""samples.parquet read back: every column has the type that the code takes it for.

Row groups are read one at a time, texts as dictionaries first: a file of some kilobytes may claim
billions of rows, unpack to terabytes, or hold one long text a million times.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from orca_eval.results.documents import KEY, figures_of, slices_of
from orca_eval.results.reading import DamagedError, reading
from orca_eval.scoring import check_golds
from orca_eval.types import HIGHEST, Kind

MOST_ROWS = 20_000_000  # the core suite 386 times
MOST_GROUPS = 20_000
BIG = 1 << 30  # bytes in memory from which a file's compression is looked at …
RATIO = 500  # … and what a run's texts never reach
_WHAT = "can't be read: torn or no parquet"


class Column(NamedTuple):
    """What a column may hold: "text", "whole" numbers, "number", and whether some may be null.

    The first of `kinds` is what is written. `low` and `high` bound its numbers.
    """

    kinds: tuple[str, ...]
    nullable: bool = False
    low: float = -(2.0**53)
    high: float = 2.0**53


TEXT, NULLABLE_TEXT = Column(("text",)), Column(("text",), nullable=True)
SHARE, NULLABLE_SHARE = Column(("number",), high=1.0, low=0.0), Column(("number",), True, 0.0, 1.0)
SCORE = Column(("number",), nullable=True, low=0.0, high=HIGHEST)
NUMBER = Column(("whole",), low=0.0, high=2.0**31 - 1)
OFFSET = Column(("whole", "number"), nullable=True, low=0.0, high=2.0**31 - 1)
COUNT = NUMBER._replace(nullable=True)
Columns = Mapping[str, Column]

COLUMNS: Columns = {
    "benchmark": TEXT,
    "task": TEXT,
    "doc_id": NUMBER,
    "doc_hash": TEXT,
    "cluster": NULLABLE_TEXT,
    "prompt": TEXT,
    "response": TEXT,
    "gold": TEXT,
    "answer": NULLABLE_TEXT,
    "rule": TEXT,
    "evidence_start": OFFSET,
    "evidence_end": OFFSET,
    "score": SCORE,
    "f1": NULLABLE_SHARE,
    "finish_reason": TEXT,
    "prompt_tokens": COUNT,
    "completion_tokens": COUNT,
    # Beyond the fixed columns: DROP's golds read as lists, which of several answers to one doc,
    # and what rescoring needs (a task from outside scores itself and has no kind).
    "exact_match_parts": NULLABLE_SHARE,
    "sample_index": NUMBER,
    "kind": TEXT,
    "options": NULLABLE_TEXT,
    "golds": TEXT,
    # Of several steps all, and more values beside the score; both JSON.
    "conversation": NULLABLE_TEXT,
    "figures": NULLABLE_TEXT,
    # Of a reply whose letter and text name two options, the score that either would have.
    "by_letter": NULLABLE_SHARE,
    "by_text": NULLABLE_SHARE,
    "slices": NULLABLE_TEXT,  # JSON: which of a task's slices the document belongs to
    # What a server set apart from the response, or stands between marks in it.
    "reasoning": NULLABLE_TEXT,
    "reasoning_tokens": OFFSET,
}
_WRITTEN = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64()}
SCHEMA = pa.schema([(name, _WRITTEN[column.kinds[0]]) for name, column in COLUMNS.items()])

# What no older version wrote.
_LATER = (
    *("exact_match_parts", "sample_index", "conversation", "figures", "by_letter", "by_text"),
    "slices",
    *("reasoning", "reasoning_tokens"),
)
NEEDED = tuple(name for name in COLUMNS if name not in _LATER)


class SampleFile:
    """A parquet file of samples, open. Columns that `columns` does not name are taken as they are.

    Use `open_samples`: a damaged file may raise anything here.
    """

    def __init__(self, path: Path, columns: Columns) -> None:
        self._path, self._columns = path, columns
        self.schema = pq.read_schema(path)
        if len(set(self.schema.names)) < len(self.schema.names):
            raise ValueError("two columns have one name")
        for name in (name for name in columns if name in self.schema.names):
            self._check_type(name)
        texts = [field.name for field in self.schema if _kind(field.type) == "text"]
        self._file = pq.ParquetFile(path, read_dictionary=texts, page_checksum_verification=True)
        self._packed, self._unpacked = path.stat().st_size, 0
        rows, self.groups = self._file.metadata.num_rows, self._file.num_row_groups
        if not rows:
            raise DamagedError(path, "holds no samples")
        if not (0 <= rows <= MOST_ROWS and self.groups <= min(MOST_GROUPS, rows)):
            raise ValueError(f"{rows:,} rows in {self.groups:,} groups")
        metadata = self._file.metadata
        self._check_unpacked(sum(metadata.row_group(n).total_byte_size for n in range(self.groups)))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    @property
    def sizes(self) -> list[int]:
        """Rows of each row group."""
        return [self._file.metadata.row_group(group).num_rows for group in range(self.groups)]

    def check_names(self, names: Sequence[str]) -> None:
        """Raises DamagedError where a column is missing."""
        missing = [name for name in names if name not in self.schema.names]
        if missing:
            raise DamagedError(self._path, f"no column {', '.join(missing)}")

    def group(self, number: int, names: Sequence[str] | None = None) -> pa.Table:
        """Columns of one row group, all by default; texts as large strings, numbers in 64 bits."""
        wanted = self.schema.names if names is None else list(names)
        table = self._file.read_row_group(number, columns=wanted)
        self._take(table.nbytes)
        table.validate(full=True)
        read = {name: self._typed(name, table[name]) for name in wanted}
        if "score" in wanted and "kind" in self._columns:
            self._check_scores(number, read["score"])
        return pa.table(read).replace_schema_metadata(self.schema.metadata)

    def _take(self, unpacked: int) -> None:
        """Counts bytes that were unpacked, or are about to be."""
        self._unpacked += unpacked
        self._check_unpacked(self._unpacked)

    def _check_unpacked(self, size: int) -> None:
        """ValueError for more than a file of this size holds where it is a run's."""
        if not 0 <= size <= max(BIG, RATIO * self._packed):
            raise ValueError(f"it unpacks to {size / 1e9:,.1f} GB")

    def _check_scores(self, number: int, scores: pa.ChunkedArray) -> None:
        """Our extraction scores every sample from 0 to 1; a task that scores itself has a scale of
        its own, and samples that nothing could grade."""
        values = scores.to_numpy()
        bad = ~((values >= 0) & (values <= 1))
        if bad.any() and "kind" in self.schema.names:
            kinds = self._file.read_row_group(number, columns=["kind"])["kind"]
            bad &= pc.not_equal(kinds.cast(pa.large_string()), "").to_numpy()
        if bad.any():
            raise DamagedError(
                self._path,
                f"{int(bad.sum())} scores are no number from 0 to 1, the first is "
                f"{values[bad][0]:g}",
            )

    def _check_type(self, name: str) -> None:
        found, column = self.schema.field(name).type, self._columns[name]
        kind = _kind(found)
        if kind not in column.kinds and not (kind == "null" and column.nullable):
            words = " or ".join(_WORDS[kind] for kind in column.kinds)
            raise DamagedError(self._path, f"column {name} holds {found}, {words} are wanted")

    def _typed(self, name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
        kind, column = _kind(values.type), self._columns.get(name)
        if kind == "text":
            for chunk in values.chunks:
                if pa.types.is_dictionary(chunk.type):
                    self._take(_unpacked_bytes(chunk))
            values = values.cast(pa.large_string())
        if column is None:
            return values
        if kind == "null":
            values = values.cast(pa.large_string() if "text" in column.kinds else pa.float64())
        elif kind != "text":
            values = values.cast(pa.int64() if kind == "whole" else pa.float64())
            self._check_values(name, column, values)
        if values.null_count and not column.nullable:
            raise DamagedError(self._path, f"column {name} lacks {values.null_count} values")
        return values

    def _check_values(self, name: str, column: Column, values: pa.ChunkedArray) -> None:
        numbers = values.cast(pa.float64(), safe=False).to_numpy()
        bad = ~((numbers >= column.low) & (numbers <= column.high))
        if column.nullable:
            bad &= ~np.isnan(numbers)
        if bad.any():
            raise DamagedError(
                self._path,
                f"{int(bad.sum())} {name}s are no number from {column.low:.0f} to "
                f"{column.high:.0f}, the first is {numbers[bad][0]:g}",
            )


@contextlib.contextmanager
def open_samples(path: Path, columns: Columns = COLUMNS) -> Iterator[SampleFile]:
    """A file of samples.

    Raises:
        DamagedError: it is missing or damaged, or turns out so while it is read.
    """
    with reading(path, _WHAT), contextlib.closing(SampleFile(path, columns)) as file:
        yield file


def read_samples(
    path: Path, names: Sequence[str] | None = None, columns: Columns = COLUMNS
) -> pa.Table:
    """Columns of all samples, every one by default. Raises DamagedError as `open_samples`."""
    with open_samples(path, columns) as file:
        file.check_names(names or ())
        return pa.concat_tables(file.group(number, names) for number in range(file.groups))


def read_frame(
    path: Path, needed: Sequence[str] = NEEDED, columns: Columns = COLUMNS
) -> pd.DataFrame:
    """All samples as a frame, ready to be scored again. Raises DamagedError as `open_samples`."""
    with open_samples(path, columns) as file:
        file.check_names(needed)
    with reading(path, _WHAT):
        frame: pd.DataFrame = read_samples(path, columns=columns).to_pandas()
        _check(frame)
    return frame


def blank(responses: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Which responses hold nothing but white space; a chunk at a time, for they are long."""
    chunks = (chunk.to_pylist() for chunk in responses.chunks)
    return np.array([not (text or "").strip() for texts in chunks for text in texts], dtype=bool)


def _check(frame: pd.DataFrame) -> None:
    """Raises ValueError for rows that don't agree with each other or in themselves."""
    columns = set(frame.columns)
    if columns >= {"kind", "options", "golds"}:
        rows = frame[["kind", "options", "golds"]].itertuples(index=False, name=None)
        for kind, options, golds in dict.fromkeys(rows):
            if kind:
                _check_item(kind, options, golds)
    for name, read in (("figures", figures_of), ("slices", slices_of)):
        for cell in set(frame.get(name, pd.Series(dtype=object)).dropna()):
            read(cell)
    if "sample_index" in columns and (twice := frame.duplicated([*KEY, "sample_index"])).any():
        raise ValueError(f"{int(twice.sum())} samples stand twice")
    if columns >= {"evidence_start", "evidence_end"}:
        halves = frame["evidence_start"].isna() != frame["evidence_end"].isna()
        if halves.any():
            raise ValueError(f"{int(halves.sum())} samples have one end of their evidence")


def _check_item(kind: str, options: object, golds: str) -> None:
    """Looks at the JSON cells from which an answer is scored again."""
    labels = orjson.loads(options) if isinstance(options, str) else None
    if labels is not None and not (
        isinstance(labels, dict) and all(isinstance(text, str) for text in labels.values())
    ):
        raise ValueError("options: a JSON mapping of texts is wanted")
    variants = orjson.loads(golds)
    if not isinstance(variants, list) or not all(
        isinstance(variant, list) and all(isinstance(part, str) for part in variant)
        for variant in variants
    ):
        raise ValueError("golds: a JSON list of lists of texts is wanted")
    if kind not in get_args(Kind) or (kind == "choice" and not labels):
        raise ValueError(f"kind {kind!r} with options {options!r}")
    check_golds(kind, variants, labels)


_WORDS = {"text": "texts", "whole": "whole numbers", "number": "numbers"}


def _kind(found: pa.DataType) -> str:
    """A type as `Column.kinds` names it; any other by a word of its own."""
    types = pa.types
    plain = found.value_type if types.is_dictionary(found) else found
    if types.is_string(plain) or types.is_large_string(plain) or types.is_string_view(plain):
        return "text"
    if types.is_integer(found):
        return "whole"
    if types.is_floating(found):
        return "number"
    return "null" if types.is_null(found) else "other"


def _unpacked_bytes(chunk: pa.DictionaryArray) -> int:
    """What the texts of a dictionary take one by one."""
    lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
    return int(pc.sum(lengths.take(chunk.indices)).as_py() or 0)
