"""Why vLLM did not start or died, from what it wrote: the setting to change, and to what.

The patterns are vLLM's own messages (v1/worker/utils.py, v1/worker/cpu_worker.py,
v1/core/kv_cache_utils.py) and PyTorch's for memory; each lower-case group is a figure it names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

_NUMBER = r"(-?[\d.]+)"
_TOO_LITTLE_FREE = re.compile(
    rf"memory on (?:device|node) .{{0,40}}?\({_NUMBER}/{_NUMBER} GiB\) on startup is less than "
    rf"desired [CG]PU memory utilization \({_NUMBER}"
)
_WEIGHTS_FILL_IT = re.compile(
    rf"\({_NUMBER}/{_NUMBER} GiB\) on kv cache allocation is less than requested memory for kv "
    rf"\({_NUMBER}/{_NUMBER} GiB\)"
)
_NO_CACHE = re.compile(r"No available memory for the cache blocks")
_CONTEXT_TOO_LONG = re.compile(
    rf"max seq len \((\d+)\), \({_NUMBER} GiB KV cache is needed, which is larger than the "
    rf"available KV cache memory \({_NUMBER} GiB\)(?:.*?estimated maximum model length is (\d+))?"
)
_OUT_OF_MEMORY = re.compile(r"out of memory", re.IGNORECASE)
_WEIGHTS_DO_NOT_FIT = re.compile(r"Failed to load model - not enough GPU memory")
_ALLOCATION = re.compile(r"Tried to allocate ([\d.]+ [KMG]iB)")
_ERROR_LINE = re.compile(r"(?:^|\s)([A-Za-z_.]*(?:Error|Exception)): (\S.*)$", re.MULTILINE)
_SECOND_HAND = (
    "Engine core initialization failed",
    "EngineCore encountered an issue",
    "WorkerProc initialization failed",
    "cancelled",
)
_LONGEST = 300


def explain(log: str, utilization: float, max_num_seqs: int) -> str | None:
    """One line about the cause in `log`; None where it names none.

    `utilization` and `max_num_seqs`: what the engine was started with, to say what to lower it to.
    """
    readers: tuple[Callable[[], str | None], ...] = (
        lambda: _free_memory(log),
        lambda: _weights_fill_it(log),
        lambda: _context(log),
        lambda: _no_cache(log, utilization),
        lambda: _weights_do_not_fit(log),
        lambda: _out_of_memory(log, utilization, max_num_seqs),
        lambda: _last_error(log),
    )
    return next((line for reader in readers if (line := reader()) is not None), None)


def _free_memory(log: str) -> str | None:
    match = _TOO_LITTLE_FREE.search(log)
    if match is None:
        return None
    free, total, wanted = (float(number) for number in match.groups())
    fits = max(0.01, math.floor(free / total * 100 - 1) / 100)
    return (
        f"only {free:g} of {total:g} GiB of memory are free: lower engine.gpu_memory_utilization "
        f"from {wanted:g} to {fits:g}, or end what else uses the memory"
    )


def _weights_fill_it(log: str) -> str | None:
    match = _WEIGHTS_FILL_IT.search(log)
    if match is None:
        return None
    _, total, left, granted = (float(number) for number in match.groups())
    if left > 0:
        return (
            f"{left:g} GiB for the KV cache are not free: lower engine.gpu_memory_utilization, or "
            "end what else uses the memory"
        )
    needed = math.ceil((granted - left) / total * 100) / 100 + 0.05
    return (
        f"the model itself takes more than the {granted:g} GiB it was granted: raise "
        f"engine.gpu_memory_utilization to at least {needed:.2f}"
    )


def _context(log: str) -> str | None:
    match = _CONTEXT_TOO_LONG.search(log)
    if match is None:
        return None
    length, needed, left, fits = match.groups()
    lower = f"lower engine.max_model_len from {length}" + (f" to {fits}" if fits else "")
    return (
        f"the KV cache of one request of {length} tokens takes {needed} GiB and {left} are left: "
        f"{lower}, or raise engine.gpu_memory_utilization"
    )


def _no_cache(log: str, utilization: float) -> str | None:
    if _NO_CACHE.search(log) is None:
        return None
    return (
        "the model leaves no memory for the KV cache: raise engine.gpu_memory_utilization from "
        f"{utilization:g}, quantize, or spread it over more GPUs with engine.tensor_parallel_size"
    )


def _weights_do_not_fit(log: str) -> str | None:
    if _WEIGHTS_DO_NOT_FIT.search(log) is None:
        return None
    return (
        "the weights do not fit into the GPU's memory: halve them with engine.quantization=fp8, or "
        "spread them with engine.tensor_parallel_size=2"
    )


def _out_of_memory(log: str, utilization: float, max_num_seqs: int) -> str | None:
    if _OUT_OF_MEMORY.search(log) is None:
        return None
    allocation = _ALLOCATION.search(log)
    tried = f" (tried to allocate {allocation[1]})" if allocation else ""
    return (
        f"out of memory{tried}: lower engine.gpu_memory_utilization from {utilization:g} to "
        f"{max(0.05, utilization - 0.1):.2f}, or engine.max_num_seqs from {max_num_seqs} to "
        f"{max(1, max_num_seqs // 2)}"
    )


def _last_error(log: str) -> str | None:
    """The first error that is not about another one."""
    for name, message in _ERROR_LINE.findall(log):
        if not message.startswith(_SECOND_HAND):
            return f"{name.rpartition('.')[2]}: {message}"[:_LONGEST]
    return None
