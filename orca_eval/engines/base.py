"""The one protocol behind which every engine stands.

The runner calls `check` (no weights loaded), `start`, then keeps up to `max_in_flight` calls of
`generate` under way at once, each answered as soon as its request is finished, and `close`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol, runtime_checkable

from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.model.types import Weights
from orca_eval.types import Budget, Completion, Request


def _unheard(_seconds: float) -> None:
    """Nobody watches."""


told_to_wait: ContextVar[Callable[[float], None]] = ContextVar("told_to_wait", default=_unheard)
"""Whom an engine tells, within `generate`, that a server wants it to wait so many seconds: waiting
on the server's word is no hanging."""


@runtime_checkable
class LimitsThinking(Protocol):
    """An engine that may be able to limit how long a model thinks."""

    def for_budget(self, budget: Budget) -> Mapping[str, Any] | None:
        """The arguments that it needs, beyond those given, to obey `Sampling.thinking_budget`; None
        where it can't."""


@runtime_checkable
class Continues(Protocol):
    """An engine whose replies serve a longer run: whole ones as they are, cut ones as a start."""

    def can_continue(self, cut: Completion) -> bool:
        """Whether it goes on from this reply, as `Request.cut`."""


@runtime_checkable
class Shortens(Protocol):
    """An engine that knows what a reply of its own would have been in fewer tokens."""

    def shortened(self, completion: Completion, tokens: int) -> Completion:
        """The reply, cut off after its first tokens."""


@runtime_checkable
class Recalls(Protocol):
    """An engine that generates nothing."""

    recalled_from: str
    """Where its answers were given before."""


class Engine(Protocol):
    """Takes requests as they come, answers each as it finishes."""

    max_in_flight: int
    """Requests that the runner keeps with the engine at once."""

    weights: Weights | None
    """The checkpoint's weights; None where a server or a script holds them."""

    tokenizer: TemplateTokenizer | None
    """Renders and encodes prompts; None where the engine takes messages (an endpoint, replay)."""

    notes: Sequence[str]
    """What a reader of the scores has to know (what became of the system message, say)."""

    context_length: int | None
    """Tokens of prompt and completion together; None where it is not known."""

    reuse_across_runs: bool
    """False where the weights have no identity (an endpoint): answers stay in their run folder."""

    def check(self) -> None:
        """Checks arguments, packages and model without loading weights; raises InputError."""

    def identity(self) -> Mapping[str, Any]:
        """All that decides the text on this side: name, version, weights, dtype, quantization,
        adapter, tokenizer, template. JSON values; part of the store's key; known before start."""

    async def start(self) -> None:
        """Loads the model. Raises RunError with what to change (memory, say)."""

    async def generate(self, request: Request) -> Completion:
        """One completion. Cancelling it ends the request in the engine.

        Raises:
            PromptTooLongError: this one prompt does not fit, as the server says or its count shows.
            FailedItemError: this one request failed for good; others may not.
            RunError: anything else; the run ends.
        """

    async def close(self) -> None:
        """Gives memory and processes back; safe after a failed start, and twice."""

    def counters(self) -> Mapping[str, float]:
        """The engine's own figures after a run (prefix_cache_hit_tokens, busy_seconds…)."""
