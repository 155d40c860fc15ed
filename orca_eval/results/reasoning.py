"""A reply's reasoning as the columns of samples.parquet hold it: beside the response, or in it."""

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from orca_eval.extract.reply.parts import answer_start, reasoning_in
from orca_eval.results.samples import blank
from orca_eval.types import CUT_OFF

TEXTS = ("response", "reasoning")


def with_reasoning(response: str, reasoning: object) -> tuple[str, int]:
    """A reply with its reasoning in front, and how many characters that takes."""
    if not isinstance(reasoning, str) or not reasoning:
        return response, 0
    start = answer_start(response)
    if start and reasoning_in(response) == reasoning:
        return response, start
    return reasoning + response, len(reasoning) + start


def evidence_shift(response: str, reply: str) -> int:
    """How far evidence moves from its column to the reply with its reasoning: it points into the
    response, and where that is blank into the reasoning."""
    return len(reply) - len(response) if response.strip() else 0


def only_reasoning(samples: pd.DataFrame) -> NDArray[np.bool_]:
    """Which replies are whole, and have all their text in the reasoning field."""
    whole = (samples["finish_reason"] != CUT_OFF).to_numpy()
    found: NDArray[np.bool_] = whole & _blank(samples["response"]) & ~_blank(_reasoning(samples))
    return found


def empty(samples: pd.DataFrame | pa.Table) -> NDArray[np.bool_]:
    """Which replies have neither response nor reasoning, which older runs lack."""
    names = samples.column_names if isinstance(samples, pa.Table) else samples.columns
    texts = [samples[name] for name in TEXTS if name in names]
    found: NDArray[np.bool_] = np.logical_and.reduce([_blank(text) for text in texts])
    return found


def read_as_answer(samples: pd.DataFrame) -> pd.Series:
    """The responses, and reasoning in the place of those that are nothing else."""
    return samples["response"].mask(only_reasoning(samples), _reasoning(samples))


def _reasoning(samples: pd.DataFrame) -> pd.Series:
    """Older runs have none."""
    return samples.get("reasoning", pd.Series(None, index=samples.index, dtype=object))


def _blank(texts: pd.Series | pa.ChunkedArray) -> NDArray[np.bool_]:
    if isinstance(texts, pa.ChunkedArray):
        return blank(texts)
    return blank(pa.chunked_array([pa.array(texts, pa.large_string())]))
