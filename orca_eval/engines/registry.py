"""Engines by name; a module is imported when its engine is asked for."""

import pkgutil
from collections.abc import Callable
from typing import cast

from orca_eval.config.nearest import hint
from orca_eval.config.schema import EngineConfig, ModelConfig, RunConfig
from orca_eval.engines.base import Engine
from orca_eval.errors import InputError

EngineFactory = Callable[[ModelConfig, EngineConfig, int], Engine]
"""What every engine's class is: (model, engine config, max_tokens) → engine, not started."""

ENGINES = {
    "llama_cpp": "orca_eval.engines.llama_cpp:LlamaCppEngine",
    "lm_eval": "orca_eval.engines.lm_eval:LmEvalEngine",
    "openai": "orca_eval.engines.openai:OpenAIEngine",
    "replay": "orca_eval.engines.replay:ReplayEngine",
    "vllm": "orca_eval.engines.vllm:VllmEngine",
}


def engine_factory(name: str) -> EngineFactory:
    """The class behind `name`; InputError with the nearest name where there is none."""
    if name not in ENGINES:
        near = hint(name, ENGINES, 1, "there are")
        raise InputError(f"engine={name} is not an engine: {near}")
    return cast(EngineFactory, pkgutil.resolve_name(ENGINES[name]))


def build_engine(config: RunConfig) -> Engine:
    """The run's engine, not started. Raises InputError for a wrong name or argument."""
    return engine_factory(config.engine.name)(
        config.model, config.engine, config.sampling.max_tokens
    )
