"""Which GPUs a run gets, where several run side by side on one machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from orca_eval.config.schema import EngineConfig, RunConfig
from orca_eval.errors import InputError

VARIABLE = "CUDA_VISIBLE_DEVICES"
REPLICAS = "data_parallel_size"
PARALLEL = ("tensor_parallel_size", "pipeline_parallel_size", REPLICAS)
ON_ONE = frozenset({"lm_eval", "classifier"})
LONGEST_SECONDS = 30.0


def visible() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    if (named := os.environ.get(VARIABLE)) is not None:
        return [name.strip() for name in named.split(",") if name.strip() not in ("", "-1")]
    if not shutil.which("nvidia-smi"):
        return []
    try:
        told = subprocess.run(
            ["nvidia-smi", "-L"],
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return []
    lines = [line for line in told.stdout.splitlines() if line.startswith("GPU ")]
    return [str(number) for number in range(len(lines))]


def places(configs: Sequence[RunConfig], parallel: int | None) -> list[str | None]:
    """Where runs go side by side: the GPUs of each place, None for whatever there is.

    `parallel`: how many; None for as many as the GPUs hold, and one where none are needed.

    Raises:
        InputError: the GPUs are too few for so many.
    """
    gpus, needed = visible(), max(map(_needed, configs))
    most = len(gpus) // needed if needed else 0
    if not gpus or not needed or (most == 0 and parallel is None):
        return [None] * min(parallel or 1, len(configs))
    if parallel is not None and parallel > most:
        raise InputError(
            f"parallel={parallel}: each run takes {needed} of the {len(gpus)} GPUs here, so at "
            f"most {most} go side by side"
        )
    shares = [",".join(gpus[at * needed : (at + 1) * needed]) for at in range(most)]
    return list(shares[: min(parallel or most, len(configs))])


def replicas_of_one(config: RunConfig) -> int:
    """How many replicas vLLM may have where there is one run alone; 0 for what it is told."""
    gpus, needed = visible(), _needed(config)
    told = config.engine.args.get(REPLICAS) not in (None, 1)
    if config.engine.name != "vllm" or told or config.judge is not None:
        return 0
    return len(gpus) // needed if len(gpus) >= 2 * needed else 0


def _needed(config: RunConfig) -> int:
    """GPUs of one run; 0 where its engine computes elsewhere, or on the CPU."""
    model = _of_engine(config.engine)
    if config.judge is None:
        return model
    judge = _of_engine(config.judge.engine)
    return model + judge if config.judge.resident else max(model, judge)


def _of_engine(engine: EngineConfig) -> int:
    if engine.name in ON_ONE:
        return 1
    if engine.name != "vllm":
        return 0
    product = 1
    for name in PARALLEL:
        size = engine.args.get(name)
        product *= size if type(size) is int and size > 0 else 1  # else the engine refuses it
    return product
