"""Why vLLM did not start or died, from what it wrote: the setting to change, and to what.

The patterns are vLLM's own messages (v1/worker/utils.py, v1/worker/cpu_worker.py,
v1/core/kv_cache_utils.py) and PyTorch's for memory; each lower-case group is a figure it names.
"""

import math
import re

_NUMBER = r"(-?[\d.]+)"
_TOO_LITTLE_FREE = re.compile(
    rf"memory on (?:device|node) .{{0,40}}?\({_NUMBER}/{_NUMBER} GiB\) on startup is less than "
    rf"desired [CG]PU memory utilization \({_NUMBER}"
)
_WEIGHTS_FILL_IT = re.compile(
    rf"\({_NUMBER}/{_NUMBER} GiB\) on kv cache allocation is less than requested memory for kv "
    rf"\({_NUMBER}/{_NUMBER} GiB\)"
)
_CONTEXT_TOO_LONG = re.compile(
    rf"max seq len \((\d+)\), \({_NUMBER} GiB KV cache is needed, which is larger than the "
    rf"available KV cache memory \({_NUMBER} GiB\)(?:.*?estimated maximum model length is (\d+))?"
)
_ALLOCATION = re.compile(r"Tried to allocate ([\d.]+ [KMG]iB)")
_ERROR_LINE = re.compile(r"(?:^|\s)([A-Za-z_.]*(?:Error|Exception)): (\S.*)$", re.MULTILINE)
_SECOND_HAND = (
    "Engine core initialization failed",
    "EngineCore encountered an issue",
    "WorkerProc initialization failed",
    "cancelled",
)
_LONGEST = 300


def explain(log: str, utilization: float, max_num_seqs: int) -> str | None:  # noqa: PLR0911
    """One line about the cause in `log`; None where it names none.

    `utilization` and `max_num_seqs`: what the engine was started with, to say what to lower it to.
    """
    if match := _TOO_LITTLE_FREE.search(log):
        free, total, wanted = map(float, match.groups())
        fits = max(0.01, math.floor(free / total * 100 - 1) / 100)
        return (
            f"only {free:g} of {total:g} GiB of memory are free: lower "
            f"engine.gpu_memory_utilization from {wanted:g} to {fits:g}, or end what else uses the "
            "memory"
        )
    if match := _WEIGHTS_FILL_IT.search(log):
        _, total, left, granted = map(float, match.groups())
        if left > 0:
            return (
                f"{left:g} GiB for the KV cache are not free: lower engine.gpu_memory_utilization, "
                "or end what else uses the memory"
            )
        needed = math.ceil((granted - left) / total * 100) / 100 + 0.05
        return (
            f"the model itself takes more than the {granted:g} GiB it was granted: raise "
            f"engine.gpu_memory_utilization to at least {needed:.2f}"
        )
    if match := _CONTEXT_TOO_LONG.search(log):
        length, takes, room, longest = match.groups()
        lower = f"lower engine.max_model_len from {length}" + (f" to {longest}" if longest else "")
        return (
            f"the KV cache of one request of {length} tokens takes {takes} GiB and {room} are left:"
            f" {lower}, or raise engine.gpu_memory_utilization"
        )
    if "No available memory for the cache blocks" in log:
        return (
            "the model leaves no memory for the KV cache: raise engine.gpu_memory_utilization from "
            f"{utilization:g}, quantize, or spread it over more GPUs with "
            "engine.tensor_parallel_size"
        )
    if "Failed to load model - not enough GPU memory" in log:
        return (
            "the weights do not fit into the GPU's memory: halve them with engine.quantization=fp8,"
            " or spread them with engine.tensor_parallel_size=2"
        )
    if "out of memory" in log.lower():
        allocation = _ALLOCATION.search(log)
        tried = f" (tried to allocate {allocation[1]})" if allocation else ""
        return (
            f"out of memory{tried}: lower engine.gpu_memory_utilization from {utilization:g} to "
            f"{max(0.05, utilization - 0.1):.2f}, or engine.max_num_seqs from {max_num_seqs} to "
            f"{max(1, max_num_seqs // 2)}"
        )
    for name, message in _ERROR_LINE.findall(log):
        if not message.startswith(_SECOND_HAND):  # an error that is not about another one
            return f"{name.rpartition('.')[2]}: {message}"[:_LONGEST]
    return None
