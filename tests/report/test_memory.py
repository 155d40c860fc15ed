"""What a report holds grows by little with each sample, however many a document has."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orca_eval.report.replies import reply_shares
from orca_eval.results.run import Run, read_run
from tests.report.synthetic import Spec, write_run

GROUP = 1024
FEW, MANY = 8, 64
MOST_BYTES = 8


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """One document's few samples, and its many."""
    folder = tmp_path_factory.mktemp("runs")
    few, many = (_with_samples(folder / str(n), n) for n in (FEW, MANY))
    return few, many


def _with_samples(folder: Path, n: int) -> Run:
    path = write_run(folder, Spec("m", share=0.004, reply_letters=40)) / "samples.parquet"
    frame = pd.read_parquet(path)
    several = frame.loc[np.repeat(frame.index, n)].reset_index(drop=True)
    several["sample_index"] = np.tile(np.arange(n), len(frame))
    pq.write_table(pa.Table.from_pandas(several, preserve_index=False), path, row_group_size=GROUP)
    return read_run(folder)


def test_a_sample_more_takes_few_bytes_where_replies_are_counted(runs: tuple[Run, Run]) -> None:
    peaks, sizes = [], []
    for run in runs:
        tracemalloc.start()
        try:
            reply_shares(run)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        sizes.append(pq.read_metadata(run.samples_path).num_rows)
    assert sizes[0] > GROUP
    assert (peaks[1] - peaks[0]) / (sizes[1] - sizes[0]) < MOST_BYTES, (peaks, sizes)
