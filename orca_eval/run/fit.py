"""What of a run follows from its model: how long answers may get, and how thinking is limited."""

from dataclasses import replace

from orca_eval.config.schema import RunConfig
from orca_eval.engines.base import Engine, LimitsThinking
from orca_eval.engines.checkpoint import PROMPT_ROOM, CheckpointEngine
from orca_eval.errors import InputError
from orca_eval.model import thinking
from orca_eval.model.template import ChatTemplate
from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.run.progress import say

LONGEST = 32_768
"""Tokens of a thinker's answer, unless max_tokens= says otherwise."""
EFFORT = "reasoning_effort"


def fit(config: RunConfig, engine: Engine) -> RunConfig:
    """The config for its engine, which is checked; the same where nothing changes.

    Raises:
        InputError: the engine can't limit this model's thinking.
    """
    template = (
        engine.tokenizer.template if isinstance(engine.tokenizer, TemplateTokenizer) else None
    )
    fitted = _with_budget(config, engine, template)
    return _with_length(fitted, engine, template)


def _with_length(config: RunConfig, engine: Engine, template: ChatTemplate | None) -> RunConfig:
    """With as many tokens for an answer as a thinker's context leaves. A suite's max_tokens is that
    of an answer alone."""
    if config.max_tokens is not None or not _thinks(config, template):
        return config
    max_tokens = max(config.sampling.max_tokens, longest_answer(engine) or LONGEST)
    say(
        f"{config.model.name} thinks before it answers: max_tokens={max_tokens} "
        "(max_tokens= sets another, model.thinks=false the usual one)"
    )
    return replace(config, sampling=replace(config.sampling, max_tokens=max_tokens))


def longest_answer(engine: Engine) -> int | None:
    """As many tokens for an answer as the context leaves, at most LONGEST; None where it is not
    known."""
    context, room = engine.context_length, PROMPT_ROOM
    if isinstance(engine, CheckpointEngine):  # whose context_length follows from max_tokens
        context, room = engine.own_context, engine.prompt_room
    return None if context is None else min(context - min(room, context // 2), LONGEST)


def _thinks(config: RunConfig, template: ChatTemplate | None) -> bool:
    if config.model.thinks is not None:
        return config.model.thinks
    if template is None:
        return False
    kwargs = config.model.chat_template_kwargs  # among them a budget's, which are new
    return thinking.thinks(ChatTemplate(template.source, template.special_tokens, kwargs))


def _with_budget(config: RunConfig, engine: Engine, template: ChatTemplate | None) -> RunConfig:
    """With a thinking budget as the template's argument, where that says it; else as the engine
    takes it."""
    budget = config.sampling.thinking_budget
    if budget is None:
        return config
    name = thinking.switch(template) if template and budget == 0 else None
    if template and isinstance(budget, str) and thinking.changes(template, EFFORT, budget, ""):
        name = EFFORT
    if name is not None:
        said = dict(config.model.chat_template_kwargs) | {name: budget or False}
        model = replace(config.model, chat_template_kwargs=said)
        sampling = replace(config.sampling, thinking_budget=None)
        return replace(config, model=model, sampling=sampling)
    further = engine.for_budget(budget) if isinstance(engine, LimitsThinking) else None
    if further is None:
        raise InputError(
            f"sampling.thinking_budget={budget}: engine={config.engine.name} can't limit this "
            "model's thinking so; a number of tokens works with engine=vllm and with endpoints of "
            "vLLM and llama.cpp, 0 where the chat template has a switch, and low, medium or high "
            "with endpoints and templates that take a reasoning_effort"
        )
    args = dict(config.engine.args) | dict(further)
    return replace(config, engine=replace(config.engine, args=args))
