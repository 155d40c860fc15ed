"""The compact baseline: ids, hashes, scores, rates and versions of a run, without its texts."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from orca_eval.errors import InputError
from orca_eval.results import samples
from orca_eval.results.documents import KEY, WEIGHT
from orca_eval.results.folder import whole
from orca_eval.results.manifest import Manifest, checked
from orca_eval.results.reading import reading
from orca_eval.results.samples import Column, Columns

EXPORT_KEY = b"orca_eval.baseline"
"""In the schema's metadata of an exported baseline, with the manifest's JSON as its value."""
_FORMAT = 1
NAME = Column(("whole", "text"))
"""A document's id: in the gate any text will do."""
EXPORTED: Columns = {
    "benchmark": samples.TEXT,
    "task": samples.TEXT,
    "doc_id": NAME,
    "fingerprint": Column(("whole",), low=0.0, high=2.0**32),
    "score": samples.SCORE,
    "unanswered": samples.NULLABLE_SHARE,
    "truncated": samples.NULLABLE_SHARE,
    "empty": samples.NULLABLE_SHARE,
    "cluster": Column(("whole",), low=-1.0, high=2.0**31),
    "failed": samples.SHARE,
    WEIGHT: samples.SCORE,
}
_COLUMNS = list(EXPORTED)
_LATER = {"failed": 0.0, WEIGHT: np.nan}
"""What older versions did not write, and what it would have been."""
_KEPT = (
    "orca_eval_version",
    "suite",
    "limit",
    "over_long",
    "prompt",
    "sampling",
    "extractor_version",
    "extract",
    "benchmarks",
    "averages",
)
_KEPT_OF = {
    "model": ("name", "weights_sha256", "parameters"),
    "engine": ("name", "version", "dtype", "quantization"),
}


def write_export(rows: pd.DataFrame, manifest: Manifest | None, out: Path) -> Path:
    """Writes `out` (a file, or a folder for baseline.parquet) and returns the file's path.

    `rows`: as `Side.frame` holds them.
    """
    path = out / "baseline.parquet" if out.is_dir() else out
    frame = rows.sort_values(KEY, key=_natural).copy()
    shared = frame["cluster"].notna()
    codes = pd.factorize(frame["benchmark"] + "\0" + frame["cluster"].astype(str))[0]
    frame["cluster"] = np.where(shared, codes, -1).astype(np.int32)
    if frame["doc_id"].str.fullmatch(r"0|[1-9]\d{0,17}").all():
        frame["doc_id"] = frame["doc_id"].astype(np.int64)
    public = None if manifest is None else _public(manifest)
    header = json.dumps({"format": _FORMAT, "manifest": public})
    table = pa.Table.from_pandas(frame[_COLUMNS], preserve_index=False)
    with whole(path) as temporary:
        pq.write_table(
            table.replace_schema_metadata({EXPORT_KEY: header}),
            temporary,
            compression="zstd",
            compression_level=19,
            use_dictionary=[name for name in _COLUMNS if name not in ("doc_id", "fingerprint")],
            column_encoding={"doc_id": "DELTA_BINARY_PACKED"}
            if frame["doc_id"].dtype == np.int64
            else None,
        )
    return path


def from_export(table: pa.Table, path: Path) -> tuple[pd.DataFrame, Manifest | None]:
    """Samples and manifest of an exported baseline. InputError where its format is unknown."""
    with reading(path, "can't be read"):
        header = json.loads(table.schema.metadata[EXPORT_KEY])
    known = isinstance(header, dict) and header.get("format") == _FORMAT
    if not known or {*table.column_names, *_LATER} != set(_COLUMNS):
        raise InputError(
            f"{path}: a baseline of another version of orca-eval; "
            "export it again with `orca-eval baseline export run=RUN`"
        )
    frame = table.to_pandas()
    frame = frame.assign(**{name: v for name, v in _LATER.items() if name not in frame})
    for key in KEY:
        frame[key] = frame[key].astype(str)
    frame["cluster"] = frame["cluster"].astype(object).where(frame["cluster"] >= 0, None)
    frame["answer"] = None
    manifest = header.get("manifest")
    return frame, None if manifest is None else checked(manifest, path)


def _natural(column: pd.Series) -> pd.Series:
    """Numbers in their own order, so that neighbouring ids compress."""
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().all() else column


def _public(manifest: Manifest) -> dict[str, object]:
    """What a comparison needs of the manifest; the paths of a machine stay on it."""
    content: dict[str, object] = {
        key: manifest.content[key] for key in _KEPT if key in manifest.content
    }
    for part, keys in _KEPT_OF.items():
        content[part] = {key: manifest.get(part, key) for key in keys}
    return content
