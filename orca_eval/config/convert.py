"""A plain mapping → RunConfig, every wrong value reported together before any work starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from orca_eval.config.schema import (
    Average,
    DataConfig,
    EngineConfig,
    ModelConfig,
    OverLong,
    PromptConfig,
    RunConfig,
    SuiteConfig,
)
from orca_eval.config.secrets import masked
from orca_eval.errors import InputError
from orca_eval.paths import expanded
from orca_eval.types import Sampling

MAX_TOKENS = 1024
ENGINE_OWN_KEYS = ("name", "base_url", "api_key_env")
MODEL_NAME_PARTS = 2  # a checkpoint's folder says little without its parent's name


class Values:
    """Reads typed values from a mapping and keeps every complaint instead of stopping at one."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.problems: list[str] = []

    def _get(self, key: str) -> Any:
        value: Any = self.config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def _wrong(self, key: str, value: Any, wanted: str) -> None:
        self.problems.append(f"{key}={masked(str(value))}: {wanted} is wanted")

    def text(self, key: str) -> str:
        value = self._get(key)
        if isinstance(value, str) and value.strip():
            return value
        # A file in conf/ gave it: YAML has read 83e2010 as infinity and 1.10 as 1.1.
        unread = value is not None and not isinstance(value, str)
        self._wrong(key, value, "a text (in quotes, where a file gives it)" if unread else "a text")
        return ""

    def text_or_none(self, key: str) -> str | None:
        return None if self._get(key) is None else self.text(key)

    def whole(self, key: str, least: int) -> int:
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self._wrong(key, value, f"a whole number of at least {least}")
            return least
        return value

    def whole_or_none(self, key: str, least: int) -> int | None:
        return None if self._get(key) is None else self.whole(key, least)

    def real(self, key: str, low: float, high: float) -> float:
        value = self._get(key)
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not good or not low <= value <= high:
            self._wrong(key, value, f"a number from {low:g} to {high:g}")
            return low
        return float(value)

    def flag(self, key: str) -> bool:
        value = self._get(key)
        if not isinstance(value, bool):
            self._wrong(key, value, "true or false")
        return bool(value)

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self._get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self._wrong(key, value, "a mapping")
            return {}
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._get(key)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
            self._wrong(key, value, "a list of names")
            return ()
        return tuple(value)


def run_config(config: Mapping[str, Any]) -> RunConfig:
    """The typed config of a run.

    Raises:
        InputError: one line for each wrong value, all together.
    """
    v = Values(config)
    suite = _suite(v)
    result = RunConfig(
        model=_model(v),
        engine=_engine(v),
        prompt=PromptConfig(v.text("prompt.name"), _system_message(v)),
        suite=suite,
        data=DataConfig(_path(v.text_or_none("data.root"))),
        sampling=Sampling(
            max_tokens=v.whole_or_none("max_tokens", 1) or suite.max_tokens or MAX_TOKENS,
            temperature=v.real("sampling.temperature", 0, 10),
            top_p=v.real("sampling.top_p", 0, 1),
            top_k=v.whole("sampling.top_k", -1),
            min_p=v.real("sampling.min_p", 0, 1),
            repetition_penalty=v.real("sampling.repetition_penalty", 0.01, 10),
            seed=v.whole("sampling.seed", 0),
        ),
        samples_per_doc=v.whole("sampling.n", 1),
        limit=v.whole_or_none("limit", 1),
        over_long=_over_long(v),
        results_dir=expanded(v.text("results_dir")),
        fresh=v.flag("fresh"),
        allow_code=v.flag("allow_code"),
        stall_seconds=v.real("stall_seconds", 0.1, 1e7),
    )
    if result.samples_per_doc > 1 and result.sampling.temperature == 0:
        v.problems.append("sampling.n: greedy answers are all alike; set sampling.temperature too")
    if v.problems:
        raise InputError("\n".join(v.problems))
    return result


def data_root(config: Mapping[str, Any]) -> Path | None:
    """`data.root` alone, for verbs that run nothing.

    Raises:
        InputError: it is no text.
    """
    v = Values(config)
    root = _path(v.text_or_none("data.root"))
    if v.problems:
        raise InputError("\n".join(v.problems))
    return root


def _model(v: Values) -> ModelConfig:
    path = v.text("model.path")
    at_server = v._get("engine.name") == "openai"
    return ModelConfig(
        name=v.text_or_none("model.name") or name_of_path(path, at_server=at_server),
        path=path,
        revision=v.text_or_none("model.revision"),
        adapter=v.text_or_none("model.adapter"),
        chat_template=v.text_or_none("model.chat_template"),
        chat_template_kwargs=dict(v.mapping("model.chat_template_kwargs")),
        trust_remote_code=v.flag("model.trust_remote_code"),
        parameters=None
        if v._get("model.parameters") is None
        else v.real("model.parameters", 0, 1e6),
    )


def name_of_path(path: str, *, at_server: bool = False) -> str:
    """ "org/name" → "name"; "out/checkpoint-100" (a folder) → "out-checkpoint-100".

    A name `at_server` is no path, whatever lies here.
    """
    folder = expanded(path)
    if at_server or not folder.exists():
        return path.rsplit("/", 1)[-1]
    parts = folder.resolve().with_suffix("" if folder.suffix == ".gguf" else folder.suffix).parts
    return "-".join(part for part in parts[-MODEL_NAME_PARTS:] if part != "/")


def _system_message(v: Values) -> str:
    """It may be empty, and blanks are kept as they are."""
    value = v._get("prompt.system_message")
    if isinstance(value, str) and not value.strip():
        return value
    return v.text_or_none("prompt.system_message") or ""


def _engine(v: Values) -> EngineConfig:
    args = {k: x for k, x in v.mapping("engine").items() if k not in ENGINE_OWN_KEYS}
    nested = args.pop("args", None)
    if isinstance(nested, Mapping):
        args |= dict(nested)
    return EngineConfig(
        name=v.text("engine.name"),
        base_url=v.text_or_none("engine.base_url"),
        api_key_env=v.text_or_none("engine.api_key_env"),
        args=args,
    )


def _suite(v: Values) -> SuiteConfig:
    benchmarks = v.texts("suite.benchmarks")
    averages = []
    entries = v._get("suite.averages") or []
    for entry in entries if isinstance(entries, list) else [entries]:
        inner = Values(entry if isinstance(entry, Mapping) else {})
        names = inner.texts("benchmarks")
        averages.append(Average(inner.text("name"), names))
        v.problems += [f"suite.averages: {problem}" for problem in inner.problems]
        for name in set(names) - set(benchmarks):
            v.problems.append(f"suite.averages: '{name}' is not among suite.benchmarks")
    return SuiteConfig(
        name=v.text_or_none("suite.name") or "+".join(benchmarks),
        benchmarks=benchmarks,
        averages=tuple(averages),
        quickstart=v.flag("suite.quickstart"),
        max_tokens=v.whole_or_none("suite.max_tokens", 1),
    )


def _over_long(v: Values) -> OverLong:
    value = v.text("over_long")
    if value not in get_args(OverLong):
        v.problems.append(f"over_long={value}: valid: {', '.join(get_args(OverLong))}")
    return cast(OverLong, value)


def _path(text: str | None) -> Path | None:
    return None if text is None else expanded(text)
