"""One side of a comparison: the samples of a run folder or of an exported baseline, checked."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from orca_eval.errors import InputError
from orca_eval.paths import expanded
from orca_eval.results import samples as results
from orca_eval.results.baseline import EXPORT_KEY, EXPORTED, NAME, from_export
from orca_eval.results.documents import KEY, WEIGHT, per_document, weighed
from orca_eval.results.manifest import Extract, Manifest, read_manifest
from orca_eval.results.reading import MANIFEST, SAMPLES, reading
from orca_eval.results.reasoning import TEXTS, empty
from orca_eval.results.rescore import rescore_frame
from orca_eval.results.run import check_is_run
from orca_eval.results.samples import open_samples, read_frame, read_samples
from orca_eval.types import CUT_OFF, EXACT_MATCH, FAILED, Measure

REQUIRED = (*KEY, "doc_hash", "score", "answer", "finish_reason")
OPTIONAL = ("cluster", "sample_index", "figures")
EMPTY = "empty"
UNKNOWN_OF_FAILED = ("score", WEIGHT, "unanswered", "truncated", EMPTY)
COLUMNS = {**results.COLUMNS, "doc_id": NAME}


@dataclass(frozen=True, slots=True)
class Side:
    """Samples of one run, a row per sample.

    Columns: benchmark, task, doc_id (texts), fingerprint (uint32 of doc_hash), score (on the scale
    of its measure, 0..1 for most; NaN where nothing graded it), weight (of what the score is a
    share; NaN for most), answer (text or None), failed, unanswered, truncated, empty (shares, 0 or
    1 unless answers repeat; `empty` NaN where responses are not kept, and all but `failed` where no
    answer came), cluster (name or None).
    `path` is the parquet file; `label` is what the user typed.
    """

    label: str
    path: Path
    frame: pd.DataFrame
    manifest: Manifest | None
    has_answers: bool
    has_responses: bool

    @property
    def benchmarks(self) -> list[str]:
        """Names of the benchmarks, in order of appearance."""
        return [str(name) for name in self.frame["benchmark"].unique()]


def read_side(label: str) -> Side:
    """Reads a run folder, or a file made by `baseline export`.

    Raises InputError where there is none, it is torn, or its samples can't be used.
    """
    given = expanded(label)
    if given.is_dir():
        check_is_run(given, label)
    elif not given.is_file():
        raise InputError(f"{label}: no run here, {given} is missing; name a finished run's folder")
    path = given / SAMPLES if given.is_dir() else given
    with reading(path, "can't be read: torn or no parquet"):
        schema = pq.read_schema(path)
    if EXPORT_KEY in (schema.metadata or {}):
        table = read_samples(path, columns=EXPORTED)
        frame, manifest = from_export(table, path)
        frame = _per_document(frame, None, path, None)
        return Side(label, path, frame, manifest, has_answers=False, has_responses=False)
    if missing := [name for name in REQUIRED if name not in schema.names]:
        raise InputError(f"{path}: no column {', '.join(missing)}; name a finished run's folder")
    wanted = [name for name in (*REQUIRED, *OPTIONAL, *TEXTS) if name in schema.names]
    with open_samples(path, COLUMNS) as file:
        table = pa.concat_tables(told(file.group(n, wanted)) for n in range(file.groups))
    alone = given.is_file() and not (path.parent / MANIFEST).exists()
    manifest = None if alone else read_manifest(path.parent)
    frame = normalised(table, path, manifest)
    kept = EMPTY in table.column_names
    return Side(label, path, frame, manifest, has_answers=True, has_responses=kept)


def rescored(side: Side) -> Side:
    """The side with today's extractors applied to its responses, in memory."""
    read = side.manifest.extract if side.manifest else Extract()
    samples = read_frame(side.path, REQUIRED, COLUMNS)
    samples = rescore_frame(samples, read.conflict, read.reasoning)
    table = told(pa.Table.from_pandas(samples, preserve_index=False))
    return replace(side, frame=normalised(table, side.path, side.manifest))


def told(samples: pa.Table) -> pa.Table:
    """The samples with whether each is empty in the place of their texts, where these are kept."""
    texts = [name for name in TEXTS if name in samples.column_names]
    if "response" not in texts:
        return samples
    found = pa.array(empty(samples).astype(np.float64))
    return samples.append_column(EMPTY, found).drop_columns(texts)


def on_scale(side: Side, measure: Callable[[str], Measure]) -> Side:
    """The side with scores as shares of their benchmarks' scales, of which more is better."""
    frame = side.frame.copy()
    for name in side.benchmarks:
        found, rows = measure(name), frame["benchmark"] == name
        if found.scale != EXACT_MATCH.scale:
            frame.loc[rows, "score"] = found.share(frame.loc[rows, "score"])
    return replace(side, frame=frame)


def normalised(table: pa.Table, path: Path, manifest: Manifest | None) -> pd.DataFrame:
    """The samples of a run, as `told`, as `Side.frame` holds them, one row per document."""
    kept = [name for name in (*REQUIRED, *OPTIONAL, EMPTY) if name in table.column_names]
    raw = table.select(kept).to_pandas()
    failed = raw["finish_reason"].isin(FAILED)
    raw = weighed(raw, {} if manifest is None else manifest.measures)
    frame = pd.DataFrame(
        {
            **{key: raw[key].astype(str) for key in KEY},
            "fingerprint": fingerprints(raw["doc_hash"]),
            "score": pd.to_numeric(raw["score"], errors="coerce").astype(np.float64),
            WEIGHT: raw.get(WEIGHT, np.nan),
            "answer": raw["answer"].astype(object).where(raw["answer"].notna(), None),
            "unanswered": raw["answer"].isna().astype(np.float64),
            "truncated": (raw["finish_reason"] == CUT_OFF).astype(np.float64),
            EMPTY: raw.get(EMPTY, np.nan),
            "cluster": raw["cluster"].astype(object).where(raw["cluster"].notna(), None)
            if "cluster" in raw
            else None,
            "failed": failed.astype(np.float64),
        }
    )
    frame.loc[failed, [*UNKNOWN_OF_FAILED]] = np.nan
    repeats = raw.get("sample_index")
    return _per_document(frame, repeats, path, manifest)


def fingerprints(hashes: pd.Series) -> np.ndarray:
    """Four bytes of each document's hash: enough to tell other data, small enough to export."""
    digests = [hashlib.blake2b(str(h).encode(), digest_size=4).digest() for h in hashes]
    return np.frombuffer(b"".join(digests), dtype=">u4").astype(np.uint32)


def _per_document(
    frame: pd.DataFrame, repeats: pd.Series | None, path: Path, manifest: Manifest | None
) -> pd.DataFrame:
    """One row per document; repeated answers, told apart by sample_index, make one."""
    key = frame[KEY].assign(sample_index=0 if repeats is None else repeats.to_numpy())
    duplicated = key.duplicated()
    if duplicated.any():
        first = frame[duplicated].iloc[0]
        raise InputError(
            f"{path}: {int(duplicated.sum())} samples stand twice, the first {first['benchmark']} "
            f"{first['task']} {first['doc_id']}; remove what was added twice"
        )
    rates = (*UNKNOWN_OF_FAILED, "failed")
    measures = {} if manifest is None else manifest.measures
    return per_document(frame, rates, ("fingerprint", "answer", "cluster"), measures)
