"""Ways to damage a file: any bytes, a parquet table, a JSON document, a CSV file.

Each takes the generator and the file, writes it anew and says what it did.
"""

from __future__ import annotations

import json
import random
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BAD_VALUES: list[Any] = [
    None,
    [],
    {},
    "",
    "text",
    "\ud800",
    "\0\x1b[2J",
    -1,
    0,
    10**30,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    True,
    [None],
    ["a", 1],
    [[]],
    {"a": {"b": None}},
    "x" * 100_000,
]
BAD_CELLS = [
    "",
    "nan",
    "inf",
    "-1",
    "1e999",
    "zero",
    "0x1",
    "١",
    "1_0",
    "=1+1",
    '"',
    "\0",
    "9" * 5000,
]


def changed_bytes(rng: random.Random, path: Path) -> str:
    """Flips, cuts, repeats or replaces bytes; a parquet file's footer is hit often."""
    data = bytearray(path.read_bytes())
    ways = ["flip", "flip", "flip", "footer", "footer", "cut", "zero", "repeat", "drop", "other"]
    way = rng.choice(ways)
    start = max(0, len(data) - 2000) if way == "footer" else 0
    at = rng.randrange(start, len(data))
    end = min(len(data), at + rng.choice([1, 4, 64, 1000]))
    if way in ("flip", "footer"):
        for _ in range(rng.choice([1, 1, 2, 8, 50])):
            data[rng.randrange(start, len(data))] ^= 1 << rng.randrange(8)
    elif way == "cut":
        del data[at:]
    elif way == "zero":
        data[at:end] = bytes(end - at)
    elif way == "repeat":
        data[at:at] = data[at:end]
    elif way == "drop":
        del data[at:end]
    else:
        data = bytearray(
            rng.choice([b"", b"PAR1", b"PAR1PAR1", b"\x89PNG", b"{}", rng.randbytes(999)])
        )
    path.write_bytes(data)
    return f"{path.name}: {way} at {at} to {end}"


def changed_table(rng: random.Random, path: Path) -> str:
    """Another schema, types, nulls, values or rows in a parquet file that is well formed."""
    table = pq.read_table(path)
    at = rng.randrange(table.num_columns)
    name = table.column_names[at]
    way = rng.choice(
        ["drop", "rename", "twice", "type", "type", "null", "value", "value", "rows", "order"]
    )
    said = f"{path.name}, column {name}: {way}"
    if way == "drop":
        table = table.drop_columns([name])
    elif way == "rename":
        table = table.rename_columns([f"x{c}" if c == name else c for c in table.column_names])
    elif way == "twice":
        table = table.append_column(name, table[at])
    elif way == "type":
        column, kind = _retyped(rng, table[at])
        table, said = table.set_column(at, name, column), f"{said} {kind}"
    elif way == "null":
        share = rng.choice([0.02, 0.5, 1.0])
        values = [None if rng.random() < share else value for value in table[at].to_pylist()]
        table = table.set_column(at, name, pa.array(values, table[at].type))
    elif way == "value":
        values, value = table[at].to_pylist(), _value(rng, table[at].type)
        values[rng.randrange(len(values))] = value
        table = table.set_column(at, name, pa.array(values, table[at].type))
        said += f" {str(value)[:40]!r}"
    elif way == "rows":
        some = [rng.randrange(len(table)) for _ in range(rng.choice([0, 1, 7, len(table) * 2]))]
        table = table.take(pa.array(some, pa.int64()))
    else:
        table = table.take(pa.array(rng.sample(range(len(table)), len(table))))
    pq.write_table(
        table,
        path,
        row_group_size=rng.choice([1, 20, 1000]),
        compression=rng.choice(["zstd", "snappy", "gzip", "none"]),
        use_dictionary=rng.random() < 0.5,
        store_schema=rng.random() < 0.5,
        version=rng.choice(["1.0", "2.6"]),
    )
    return said


def bombs(rng: random.Random, path: Path) -> str:
    """A small file that holds far more than it should."""
    name = rng.choice(sorted(_bombs()))
    path.write_bytes(_bomb(name, pq.read_schema(path).remove_metadata().serialize().to_pybytes()))
    return f"{path.name}: {name}"


def changed_json(rng: random.Random, path: Path) -> str:
    """One value of a JSON document, at any depth, made another; or its nesting without end."""
    if rng.random() < 0.1:
        path.write_text(
            rng.choice(["[" * 100_000, '{"a":' * 100_000, "[]", "null", "1", '"x"', ""])
        )
        return f"{path.name}: {path.read_text()[:10]}"
    content = json.loads(path.read_text())
    place, at = content, "$"
    while True:
        key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
        at += f".{key}"
        if not isinstance(place[key], dict | list) or not place[key] or rng.random() < 0.3:
            break
        place = place[key]
    value = rng.choice(BAD_VALUES)
    if isinstance(place, dict) and rng.random() < 0.15:
        del place[key]
        value = "removed"
    else:
        place[key] = value
    text = json.dumps(content, ensure_ascii=rng.random() < 0.9)
    path.write_bytes(
        rng.choice([b"", b"", b"", b"\xef\xbb\xbf"]) + text.encode(errors="surrogatepass")
    )
    return f"{path.name}: {at} {str(value)[:40]!r}"


def changed_csv(rng: random.Random, path: Path) -> str:
    """A cell, a column, the encoding or the lines of a CSV file."""
    text = path.read_text()
    rows = [line.split(",") for line in text.splitlines()]
    way = rng.choice(["cell", "cell", "cell", "column", "row", "head", "encoding", "huge", "quote"])
    row, column = rng.randrange(len(rows)), rng.randrange(len(rows[0]))
    if way == "cell":
        rows[row][min(column, len(rows[row]) - 1)] = rng.choice(BAD_CELLS)
    elif way == "column":
        rows = [[cell for at, cell in enumerate(cells) if at != column] for cells in rows]
    elif way == "row":
        rows[row:row] = rng.choice([[[]], [["a"]], [rows[row]], [[*rows[row], "more"]]])
    elif way == "head":
        rows = rows[: rng.choice([0, 1])]
    elif way == "huge":
        rows[row][0] = "x" * rng.choice([200_000, 5_000_000])
    elif way == "quote":
        rows[row][0] = '"' + rows[row][0]
    text = "\n".join(map(",".join, rows)) + "\n"
    encoding = rng.choice(["utf-16", "utf-8-sig", "utf-32"]) if way == "encoding" else "utf-8"
    path.write_bytes(text.encode(encoding))
    return f"{path.name}: {way} {encoding}, row {row}, column {column}"


def _retyped(rng: random.Random, column: pa.ChunkedArray) -> tuple[pa.Array, str]:
    """The column in another type, of values made up where they don't convert."""
    n = len(column)
    texts = ["" if value is None else str(value) for value in column.to_pylist()]
    makers = {
        "int32": lambda: pa.array(range(n), pa.int32()),
        "uint64": lambda: pa.array([2**64 - 1] * n, pa.uint64()),
        "float16": lambda: pa.array([0.5] * n, pa.float16()),
        "double": lambda: pa.array([float("nan")] * n, pa.float64()),
        "bool": lambda: pa.array([True] * n),
        "binary": lambda: pa.array([b"\xff\xfe"] * n, pa.binary()),
        "broken text": lambda: pa.array([b"\xff\xfe"] * n, pa.binary()).view(pa.string()),
        "text": lambda: pa.array(texts, pa.string()),
        "large text": lambda: pa.array(texts, pa.large_string()),
        "dictionary": lambda: pa.array(texts).dictionary_encode(),
        "list": lambda: pa.array([[text] for text in texts]),
        "struct": lambda: pa.array([{"a": text} for text in texts]),
        "map": lambda: pa.array([[(text, 1)] for text in texts], pa.map_(pa.string(), pa.int64())),
        "decimal": lambda: pa.array([1] * n, pa.decimal128(38, 0)),
        "time": lambda: pa.array([0] * n, pa.timestamp("ns")),
        "null": lambda: pa.nulls(n),
    }
    kind = rng.choice(sorted(makers))
    return makers[kind](), kind


def _value(rng: random.Random, kind: pa.DataType) -> Any:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_integer(kind):
        return rng.choice([0, 1, 100, 2**31 - 1])
    if pa.types.is_nested(kind):
        return None
    if pa.types.is_floating(kind):
        return rng.choice([float("nan"), float("inf"), -1.0, 1.5, 1e308])
    texts = [
        "",
        "\0",
        "x" * 1_000_000,
        "[",
        "[]",
        "{}",
        '[[""]]',
        '["a"]',
        "null",
        "number",
        "😀" * 9,
    ]
    return rng.choice(texts)


def _bombs() -> dict[str, Any]:
    """Responses that unpack to gigabytes, a list of row groups."""
    long = pa.array(["x" * 1_000_000])
    places = pa.array(np.zeros(1_000_000, np.int32))
    return {
        "a long text a million times": lambda: [pa.DictionaryArray.from_arrays(places, long)],
        "fifty groups of zeros": lambda: [pa.array(["\0" * 50_000_000])] * 50,
        "twenty-one million rows": lambda: [_constant(pa.string(), 1_000_000)] * 21,
    }


@lru_cache(maxsize=8)
def _bomb(name: str, like: bytes) -> bytes:
    schema, sink = pa.ipc.read_schema(pa.py_buffer(like)), pa.BufferOutputStream()
    groups = _bombs()[name]()
    columns = {field.name: _constant(field.type, len(groups[0])) for field in schema}
    first = pa.table(columns | {"response": groups[0]})
    with pq.ParquetWriter(
        sink,
        first.schema,
        compression="zstd",
        use_dictionary=len(first) > 1,
        store_schema=False,
        write_statistics=False,
    ) as writer:
        for texts in groups:
            writer.write_table(pa.table(columns | {"response": texts}))
    return sink.getvalue().to_pybytes()


def _constant(kind: pa.DataType, n: int) -> pa.Array:
    """One value `n` times: a text, or 0."""
    if not pa.types.is_string(kind):
        return pa.array([0]).cast(kind).take(np.zeros(n, np.int64))
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array(["x"]))
