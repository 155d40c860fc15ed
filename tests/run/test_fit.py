"""How long answers may get, and how thinking is limited, as it follows from model and engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import ModelConfig, RunConfig
from orca_eval.engines.checkpoint import CheckpointEngine
from orca_eval.errors import InputError
from orca_eval.model.template import ChatTemplate
from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.model.types import Encoder
from orca_eval.run.fit import fit
from orca_eval.run.identity import find_folder
from orca_eval.run.plan import KeyMaker
from orca_eval.types import Budget, Sampling
from tests.model.test_thinking import ALWAYS, PLAIN, QWEN3
from tests.run.fakes import FakeEngine

BY_EFFORT = PLAIN + "{{ reasoning_effort }}"


class Letters(Encoder):
    """A token per character."""

    bos_id = None

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return [[*map(ord, text)] for text in texts]

    def decode(self, ids: Sequence[int], marks: Sequence[str]) -> str:
        return "".join(map(chr, ids))


class Checkpoint(CheckpointEngine):
    """A model of a template and a context."""

    own_context: int | None = None  # type: ignore[assignment]
    tokenizer: Any = None

    def __init__(self, source: str, context: int | None, config: RunConfig) -> None:
        super().__init__(ModelConfig("m", "m"), 0)
        template = ChatTemplate(source, {}, config.model.chat_template_kwargs)
        self.tokenizer = TemplateTokenizer(template, Letters(), "letters")
        self.own_context = context


class Limiting(Checkpoint):
    """One whose engine takes any number of tokens for a budget."""

    def for_budget(self, budget: Budget) -> Mapping[str, Any] | None:
        return None if isinstance(budget, str) else {"marks": True}


def config(*settings: str) -> RunConfig:
    suite = () if any(s.startswith("suite") for s in settings) else ("suite=orca2_core",)
    return run_config(compose_verb("run", ["engine=vllm", "model.path=m", *suite, *settings]))


@pytest.mark.parametrize(
    ("source", "context", "settings", "expected"),
    [
        (PLAIN, 131_072, [], 1024),
        (PLAIN, 131_072, ["suite=quickstart"], 256),
        (PLAIN, 131_072, ["model.thinks=true"], 32_768),
        (ALWAYS, 131_072, [], 32_768),
        (ALWAYS, 131_072, ["suite=quickstart"], 32_768),
        (ALWAYS, 131_072, ["max_tokens=99"], 99),
        (ALWAYS, 131_072, ["model.thinks=false"], 1024),
        (QWEN3, 40_960, [], 32_768),
        (QWEN3, 32_768, [], 25_600),
        (QWEN3, 8_192, [], 4_096),
        (QWEN3, 1_500, [], 1_024),
        (QWEN3, None, [], 32_768),
        (QWEN3, 40_960, ["model.chat_template_kwargs.enable_thinking=false"], 1024),
        (QWEN3, 40_960, ["sampling.thinking_budget=0"], 1024),
    ],
)
def test_a_thinkers_answers_get_what_the_context_leaves(
    source: str,
    context: int | None,
    settings: list[str],
    expected: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = config(*settings)
    fitted = fit(asked, Checkpoint(source, context, asked))
    assert fitted.sampling.max_tokens == expected
    said = f"m thinks before it answers: max_tokens={expected} " in capsys.readouterr().err
    assert said == (expected not in (99, 256) and (expected != 1024 or context == 1_500))


@pytest.mark.parametrize(
    ("source", "budget", "kwargs", "left"),
    [
        (QWEN3, 0, {"enable_thinking": False}, None),
        (QWEN3, 64, {}, 64),
        (ALWAYS, 0, {}, 0),
        (BY_EFFORT, "low", {"reasoning_effort": "low"}, None),
    ],
)
def test_a_budget_is_the_templates_argument_or_the_engines(
    source: str, budget: Budget, kwargs: dict[str, Any], left: Budget | None
) -> None:
    asked = config(f"sampling.thinking_budget={budget}")
    fitted = fit(asked, Limiting(source, 40_960, asked))
    assert fitted.model.chat_template_kwargs == kwargs
    assert fitted.sampling.thinking_budget == left
    assert fitted.engine.args.get("marks", False) == (left is not None)


@pytest.mark.parametrize(
    ("engine", "budget"),
    [
        (lambda asked: Checkpoint(QWEN3, 40_960, asked), 64),
        (lambda asked: Checkpoint(PLAIN, 40_960, asked), 0),
        (lambda asked: Limiting(PLAIN, 40_960, asked), "low"),
        (lambda _: FakeEngine(), 64),
    ],
)
def test_an_engine_that_cannot_limit_thinking_says_so_in_a_line(
    engine: Any, budget: Budget
) -> None:
    asked = config(f"sampling.thinking_budget={budget}")
    with pytest.raises(InputError) as error:
        fit(asked, engine(asked))
    assert str(error.value).startswith(f"sampling.thinking_budget={budget}: engine=vllm can't")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("budget", ["-1", "some", "1.5", "true"])
def test_what_is_no_budget_is_one_line(budget: str) -> None:
    with pytest.raises(InputError, match="a whole number of tokens, or one of minimal, low"):
        config(f"sampling.thinking_budget={budget}")


def test_nothing_changes_without_a_budget() -> None:
    asked = config()
    assert fit(asked, FakeEngine()) is asked
    assert "thinking_budget" not in Sampling().told()
    keys = KeyMaker({"engine": "fake"}, None)
    assert keys.key("Hi?", Sampling()).hex() == (
        "a4d08c8d21853c27aa7fbf1429a8eea144780114f2ae0846f03fe439ab08a258"
    )
    assert keys.key("Hi?", Sampling(thinking_budget=64)) != keys.key("Hi?", Sampling())
    budgeted = config("sampling.thinking_budget=64")
    assert find_folder(budgeted, FakeEngine(), ()) != find_folder(asked, FakeEngine(), ())
