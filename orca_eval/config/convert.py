"""A plain mapping → RunConfig, every wrong value reported together before any work starts."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from orca_eval.config import texts
from orca_eval.config.nearest import hint
from orca_eval.config.schema import (
    DataConfig,
    ExtractConfig,
    JudgeConfig,
    Price,
    RunConfig,
    StrategyConfig,
    TasksConfig,
)
from orca_eval.config.validate import Flag, Text, read, real, whole, whole_or
from orca_eval.errors import InputError
from orca_eval.paths import expanded
from orca_eval.types import Budget, Effort, ReadReasoning, Sampling

T = TypeVar("T")

MAX_TOKENS = 1024
SERVED = "openai"
IN_PROCESS = frozenset({"llama_cpp", "lm_eval", "vllm"})
ENGINE_OWN_KEYS = ("name", "base_url", "api_key_env")
UNTOLD = "?"  # the name made from a value that is refused
MODEL_NAME_PARTS = 2  # a checkpoint's folder says little without its parent's name


@dataclass(frozen=True, slots=True)
class _Sampling(Sampling):
    temperature: Annotated[float, real(0, 10)] | None = 0.0
    top_p: Annotated[float, real(0, 1)] = 1.0
    top_k: Annotated[int, whole(-1)] = -1
    min_p: Annotated[float, real(0, 1)] = 0.0
    repetition_penalty: Annotated[float, real(0.01, 10)] = 1.0
    seed: Annotated[int, whole(0)] = 0


@dataclass(frozen=True, slots=True)
class _RunSampling(_Sampling):
    n: Annotated[int, whole(1)] = 1
    thinking_budget: Annotated[Budget, whole_or(0, "tokens", get_args(Effort))] | None = None


@dataclass(frozen=True, slots=True)
class _JudgeSampling(_Sampling):
    max_tokens: Annotated[int, whole(1)] = 2048


@dataclass(frozen=True, slots=True)
class _Judge(JudgeConfig):
    sampling: _JudgeSampling


@dataclass(frozen=True, slots=True)
class _Run(RunConfig):
    """A run as conf/run.yaml tells it, whose unknown keys Hydra's own check has refused."""

    sampling: _RunSampling
    judge: _Judge | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """Where tasks and their rows come from."""

    data: DataConfig
    tasks: TasksConfig
    allow_code: Flag = False


@dataclass(frozen=True, slots=True)
class RescoreConfig:
    """A finished run, and how its answers are read again."""

    run: Text
    extract: ExtractConfig
    reasoning: ReadReasoning | None = None


@dataclass(frozen=True, slots=True)
class _Priced:
    """A verb's config as far as it is of prices."""

    price: Price


def run_config(config: Mapping[str, Any]) -> RunConfig:
    """The typed config of a run.

    Raises:
        InputError: one line for each wrong value, all together.
    """
    run = _read(_Run, _completed(config))
    problems = [
        f"suite.averages: '{name}' is not among suite.benchmarks"
        for average in run.suite.averages
        for name in dict.fromkeys(average.benchmarks)
        if name not in run.suite.benchmarks
    ]
    twice = [name for name, n in Counter(run.suite.benchmarks).items() if n > 1]
    problems += [f"suite.benchmarks: '{name}' is there twice; name it once" for name in twice]
    if run.sampling.n > 1 and run.sampling.temperature == 0 and not run.prompt.task_sampling:
        problems.append("sampling.n: greedy answers are all alike; set sampling.temperature too")
    problems += _unsent_temperature("", run.sampling, run.engine.name)
    problems += _unknown_prices(config["model"]) or _unpriced(run.price)
    problems += _unknown_strategies(run.strategy)
    if run.judge is not None:
        problems += _unsent_temperature("judge.", run.judge.sampling, run.judge.engine.name)
    if problems:
        raise InputError("\n".join(problems))
    max_tokens = run.max_tokens or run.suite.max_tokens or MAX_TOKENS
    sampling = _widened(Sampling, run.sampling, max_tokens=max_tokens)
    judge = run.judge and _widened(
        JudgeConfig, run.judge, sampling=_widened(Sampling, run.judge.sampling)
    )
    return _widened(RunConfig, run, sampling=sampling, samples_per_doc=run.sampling.n, judge=judge)


def _unknown_strategies(strategy: StrategyConfig) -> list[str]:
    """What is wrong with one that chooses by task: a name whose calls it does not hold."""
    named = {f"by_task.{task}": name for task, name in strategy.by_task.items()}
    if strategy.otherwise is not None or named:
        named["otherwise"] = str(strategy.otherwise)
    known = sorted(strategy.strategies)
    return [
        f"strategy.{key}={name}: not among strategy.strategies; {hint(name, known)}"
        for key, name in named.items()
        if name not in known
    ]


def _unsent_temperature(prefix: str, sampling: Sampling, engine: str) -> list[str]:
    if sampling.temperature is not None or engine not in IN_PROCESS:
        return []
    return [
        f"{prefix}sampling.temperature=null leaves it to a server, and {prefix}engine={engine} is "
        "none; give a number"
    ]


def _unpriced(price: Price) -> list[str]:
    """What is wrong with prices that don't make one: half of them would count the rest as free."""
    tokens = {price.prompt, price.completion, price.reasoning} != {None}
    if price.hour is not None and tokens:
        return ["price.hour is for a machine, the other prices for tokens; give either"]
    halves = {"price.prompt": price.prompt, "price.completion": price.completion}
    missing = [key for key, value in halves.items() if value is None]
    if tokens:
        return [f"{key} is missing beside other prices; give it too, 0 is free" for key in missing]
    if price.hour is None and price.currency != Price().currency:
        return [
            f"price.currency={price.currency}: nothing has a price; give price.prompt= and "
            "price.completion=, or price.hour="
        ]
    return []


def _unknown_prices(model: Mapping[str, Any]) -> list[str]:
    """What a model's own file says of prices and nothing reads."""
    own, known = model.get("price") or {}, [field.name for field in fields(Price)]
    if not isinstance(own, Mapping):
        return [f"model.price={own}: a mapping is wanted, with {', '.join(known)}"]
    return [f"model.price.{key}: unknown, {hint(str(key), known)}" for key in own.keys() - known]


def _widened(kind: type[T], value: T, **changes: Any) -> T:
    """As much of a value as its base, the dataclass `kind`, has, but for `changes`."""
    keys = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{key: getattr(value, key) for key in keys} | changes)


def sources(config: Mapping[str, Any]) -> Sources:
    """These alone, for verbs that run nothing.

    Raises:
        InputError: a path is no text.
    """
    return _read(Sources, config)


def report_price(config: Mapping[str, Any]) -> Price:
    """The prices that a report is told. Raises InputError for wrong values."""
    price = _read(_Priced, config).price
    if problems := _unpriced(price):
        raise InputError("\n".join(problems))
    return price


def rescore_config(config: Mapping[str, Any]) -> RescoreConfig:
    """The typed config of rescoring. Raises InputError for wrong values."""
    return _read(RescoreConfig, config)


def _read(shape: type[T], config: Mapping[str, Any]) -> T:
    return read(shape, config, lambda mistake: mistake.line(str))


def _completed(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with what follows from other values of it; what is no mapping is left alone."""
    parts = {"model": _model, "engine": _engine, "suite": _suite, "judge": _judge}
    mappings = [key for key in parts if isinstance(config.get(key), Mapping)]
    return dict(config) | {key: parts[key](config) for key in mappings}


def _judge(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Nobody where no model is named."""
    judge = config["judge"]
    model = judge.get("model")
    if isinstance(model, Mapping) and model.get("path") is None:
        return None
    return _completed(judge)


def _model(config: Mapping[str, Any]) -> dict[str, Any]:
    path, engine = config["model"].get("path"), config.get("engine")
    at_server = isinstance(engine, Mapping) and engine.get("name") == SERVED
    told = isinstance(path, str) and path.strip()
    return _named(config["model"], name_of_path(str(path), at_server=at_server) if told else UNTOLD)


def _engine(config: Mapping[str, Any]) -> dict[str, Any]:
    engine = config["engine"]
    args = {key: value for key, value in engine.items() if key not in (*ENGINE_OWN_KEYS, "args")}
    nested = engine.get("args")
    args |= nested if isinstance(nested, Mapping) else {}
    own = {key: engine.get(key) for key in ENGINE_OWN_KEYS}
    if engine.get("name") == SERVED:
        own["base_url"], *own["replicas"] = texts.addresses(own["base_url"])
    return own | {"args": args}


def _suite(config: Mapping[str, Any]) -> dict[str, Any]:
    suite = config["suite"]
    listed, averages = suite.get("benchmarks"), suite.get("averages") or []
    many = averages if isinstance(averages, list) else [averages]
    name = "+".join(map(str, listed)) if isinstance(listed, list) and listed else UNTOLD
    return _named(suite, name) | {"averages": many}


def _named(section: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**section, "name": name if section.get("name") is None else section["name"]}


def name_of_path(path: str, *, at_server: bool = False) -> str:
    """ "org/name" → "name"; "out/checkpoint-100" (a folder) → "out-checkpoint-100".

    A name `at_server` is no path, whatever lies here.
    """
    folder = expanded(path)
    if at_server or not os.path.exists(folder):  # noqa: PTH110  # Path's own may raise
        return path.rstrip("/").rsplit("/", 1)[-1] or UNTOLD
    parts = Path(str(folder.resolve()).removesuffix(".gguf")).parts
    return "-".join(part for part in parts[-MODEL_NAME_PARTS:] if part != "/") or UNTOLD
