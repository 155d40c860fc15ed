"""Engines by name; a module is imported when its engine is asked for."""

import pkgutil
from collections.abc import Callable
from typing import cast

from orca_eval.config.nearest import hint
from orca_eval.config.schema import EngineConfig, ModelConfig, RunConfig
from orca_eval.engines.base import Engine
from orca_eval.engines.outside import OutsideEngine
from orca_eval.errors import InputError, OrcaEvalError, described

EngineFactory = Callable[[ModelConfig, EngineConfig, int], Engine]
"""What every engine's class is: (model, engine config, max_tokens) → engine, not started."""

ENGINES = {
    "classifier": "orca_eval.engines.classifier:ClassifierEngine",
    "llama_cpp": "orca_eval.engines.llama_cpp:LlamaCppEngine",
    "lm_eval": "orca_eval.engines.lm_eval:LmEvalEngine",
    "openai": "orca_eval.engines.openai:OpenAIEngine",
    "replay": "orca_eval.engines.replay:ReplayEngine",
    "vllm": "orca_eval.engines.vllm:VllmEngine",
}


def engine_factory(name: str) -> EngineFactory:
    """The class behind `name`, one of ours or package.module:Class; InputError with the nearest
    name where there is none."""
    if name not in ENGINES and ":" not in name:
        near = hint(name, ENGINES, 1, "there are")
        raise InputError(f"engine={name} is not an engine: {near}; or package.module:Class")
    return cast(EngineFactory, pkgutil.resolve_name(ENGINES.get(name, name)))


def build_engine(config: RunConfig) -> Engine:
    """The run's engine, not started. Raises InputError for a wrong name or argument, and for a
    class from outside that is no engine."""
    name, given = config.engine.name, (config.model, config.engine, config.sampling.max_tokens)
    if name in ENGINES or ":" not in name:
        return engine_factory(name)(*given)
    try:
        engine = engine_factory(name)(*given)
    except OrcaEvalError:
        raise
    except Exception as error:  # it is code, which may raise anything
        raise InputError(
            f"engine={name}: no engine can be made of it: {described(error)}; it is "
            "package.module:Class, installed or in a folder that PYTHONPATH names"
        ) from error
    wanted = (*Engine.__annotations__, *(part for part in vars(Engine) if part[0] != "_"))
    if lacking := [part for part in wanted if not hasattr(engine, part)]:
        raise InputError(
            f"engine={name}: {', '.join(lacking)} is missing; orca_eval/engines/base.py says what "
            "an engine has"
        )
    return OutsideEngine(name, engine)
