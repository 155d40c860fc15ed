"""The data on its way from a document to a score: small, frozen, in the order of its making.

Of what there is one for every sample are named tuples: they are made three times as fast as frozen
dataclasses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, TypedDict

Kind = Literal["choice", "number", "span", "text", "word"]
FinishReason = Literal["stop", "length", "skipped", "timeout", "failed"]
CUT_OFF: FinishReason = "length"
"""Of an answer that broke off at max_tokens."""
FAILED = ("timeout", "failed")
"""Of answers that never came: asked again by the same command, and in no comparison."""
Role = Literal["system", "user", "assistant"]
Conflict = Literal["none", "letter", "text"]
"""What counts where a reply names an option by its letter and gives the text of another."""
ReadReasoning = Literal["apart", "as_answer"]
"""Whether a finished reply that is all reasoning is no answer, or read as one."""
Effort = Literal["minimal", "low", "medium", "high", "xhigh"]
Budget = int | Effort
"""Of thinking: tokens, or a word that a server or a template makes its own of."""
Who = Literal["model", "judge"]
"""Whose turn a step is: a role that the config binds to an engine."""
Aggregate = Literal["pooled", "mean_of_tasks"]
"""How a benchmark's tasks make one score: every doc counts once, or every task."""


class Message(TypedDict):
    """One turn of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """Every field that decides how text is drawn; all are sent, so that no default acts unseen.

    `max_tokens` counts generated tokens; a `temperature` of None is left to a server; `top_k` -1 is
    off; `stop` is empty except for tasks from outside that name stop strings. A `thinking_budget`
    of None leaves thinking as it is.
    """

    max_tokens: int = 1024
    temperature: float | None = 0.0
    top_p: float = 1.0
    top_k: int = -1
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    thinking_budget: Budget | None = None

    def told(self) -> dict[str, Any]:
        """The fields by name; without a budget that is not set, so that keys of old hold."""
        fields = asdict(self)
        if self.thinking_budget is None:
            del fields["thinking_budget"]
        return fields


class Doc(NamedTuple):
    """One item of a task: what is asked, and what counts as right.

    `doc_id` is the row's index in the published split, whatever is left out; `doc_hash` names the
    row's content. `golds` holds the accepted variants, each a list of spans (one span but for
    DROP). `cluster` names the passage shared with other docs, `stratum` the level or subset that a
    limited sample keeps in proportion. `extra` is what the task's own `ask` and `score` need.
    `order` counts the ways in which the item is asked (its options the other way round): docs of
    one id make one score. `slices` names, by what tells them apart, those it belongs to:
    {"category": ["Law"]}.
    """

    benchmark: str
    task: str
    doc_id: int
    doc_hash: str
    messages: tuple[Message, ...]
    kind: Kind
    golds: tuple[tuple[str, ...], ...]
    options: Mapping[str, str] | None = None
    cluster: str | None = None
    stratum: str | None = None
    stop: tuple[str, ...] = ()
    extra: Mapping[str, Any] | None = None
    order: int = 0
    slices: Mapping[str, Sequence[str]] | None = None


class Step(NamedTuple):
    """One thing to ask about a doc. `temperature` is what the task's authors fixed for it; a prompt
    with `task_sampling` follows them.
    """

    messages: tuple[Message, ...]
    who: Who = "model"
    temperature: float | None = None


class Request(NamedTuple):
    """What an engine gets. `key` is the response store's key and serves as the request's id.

    `prompt` and `prompt_token_ids` are None where the engine's server applies the template. `cut`
    is a shorter reply to it, cut off, from whose tokens an engine that can goes on.
    """

    key: str
    messages: tuple[Message, ...]
    sampling: Sampling
    prompt: str | None = None
    prompt_token_ids: Sequence[int] | None = None
    cut: "Completion | None" = None


class Completion(NamedTuple):
    """What an engine gives back: the text as it came, untrimmed, and the tokens it cost.

    `reasoning` is what a server set apart from the text; reasoning between a template's marks stays
    in the text. `reasoning_tokens` counts those of either, among `completion_tokens`; None where
    that is not known. `token_ids` are those that its text is made of (see `orca_eval.token_ids`),
    none where the engine does not tell. `kept_tokens` were generated before, for a shorter reply
    that this one goes on from.
    """

    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    reasoning: str = ""
    reasoning_tokens: int | None = None
    token_ids: bytes = b""
    kept_tokens: int = 0

    @property
    def only_reasoning(self) -> bool:
        """Whether it is whole, and all of its text was set apart as reasoning."""
        cut = self.finish_reason == CUT_OFF
        return not cut and not self.text.strip() and bool(self.reasoning.strip())

    def read(self, reasoning: ReadReasoning) -> "Completion":
        """Gives it as it is scored: with reasoning for its text where that is to be the answer."""
        as_answer = reasoning == "as_answer" and self.only_reasoning
        return self._replace(text=self.reasoning) if as_answer else self


class Scored(NamedTuple):
    """What the answers to one doc are worth.

    `evidence` are character offsets (start, end) into the response. `score` is on its task's scale,
    and None where nothing tells it: the sample is ungraded. `parts` is the exact match of a span
    answer read as several spans. `figures` are more values by name, shown beside the score. Of a
    reply whose letter and text name two options, `by_letter` and `by_text` are the scores that
    either would have.
    """

    answer: str | None
    rule: str
    evidence: tuple[int, int] | None
    score: float | None
    f1: float | None = None
    parts: float | None = None
    figures: Mapping[str, float] | None = None
    by_letter: float | None = None
    by_text: float | None = None


Ask = Callable[[Doc, Sequence[Completion]], Step | None]
"""From a doc and all answers so far to what is asked next; None where it is over."""

Score = Callable[[Doc, Sequence[Completion]], Scored]
"""From a doc and all answers to their score."""


def once(doc: Doc, done: Sequence[Completion]) -> Step | None:
    """Asks a doc's messages and nothing more."""
    return None if done else Step(doc.messages)


Share = Literal[
    "pooled",
    "accuracy",
    "same letter",
    "other word",
    "refused",
    "empty",
    "informative",
    "true and informative",
    "ROUGE-L",
    "words",
    "rating",
    "reference rating",
]
"""What may stand beside a score: the mean where every doc counts once, not every task; that of the
answers where several make one score; the share of docs whose answers name the same letter in every
order; of answers that are not the right ones; of replies that decline, or hold nothing. The others
are means of the samples' figures of that name."""
PLAIN: frozenset[str] = frozenset({"words", "rating", "reference rating"})
"""Those that are numbers and no shares of 1."""

EMPTY = "empty"
"""The rule of a reply that holds nothing."""
JUDGED = "judge"
"""The rule of a score that is read from a judge's verdict."""

HIGHEST = 100.0
"""The highest score of any measure, which files are checked by."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a task's score means: on which scale, which way is better, and how the scores of several
    answers to one doc make one: their mean, the best, or the worst, so that all have to be right.
    `shares` stand beside it. A score that is a share of a figure of its sample may lie beyond the
    scale, and names that figure in `over`: then a task's score is a ratio of sums.
    """

    name: str = "exact_match"
    low: float = 0.0
    high: float = 1.0
    better: Literal["higher", "lower"] = "higher"
    over_repeats: Literal["mean", "best", "worst"] = "mean"
    shares: tuple[Share, ...] = ()
    over: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= HIGHEST:
            raise ValueError(f"measure {self.name}: a scale lies between 0 and {HIGHEST:g}")
        if not self.in_percent and self.name in ("exact_match", "mean"):
            raise ValueError(f"measure {self.name}: that is the name of a share of right answers")

    @property
    def scale(self) -> tuple[float | str, ...]:
        """What two measures have to share if their scores are to be put together."""
        return (self.low, self.high, self.better, *([self.over] if self.over else []))

    @property
    def in_percent(self) -> bool:
        """Whether it is a share of 1, which tables and plots show in percent."""
        return (self.low, self.high) == (0, 1)

    @property
    def unit(self) -> str:
        """What its scores are printed in: "%", or "rating, 1 to 10"."""
        unit = "%" if self.in_percent else f"{self.name}, {self.low:g} to {self.high:g}"
        unit = f"% of the {self.over}" if self.over else unit
        return unit if self.better == "higher" else f"{unit}, lower is better"

    def gain(self, improvement: float | None) -> float | None:
        """A relative improvement with the sign that says whether it got better."""
        if improvement is None or self.better == "higher":
            return improvement
        return -improvement

    def shown(self, score: float | None) -> float | None:
        """The score as it is printed."""
        return score if score is None or not self.in_percent else 100 * score

    def share(self, score: Any) -> Any:
        """Where a score, or an array of them, is on the scale: 0 its worst end, 1 its best."""
        return self.place(score) if self.better == "higher" else 1 - self.place(score)

    def place(self, score: Any) -> Any:
        """The same from its lower end to its higher one, whichever is better."""
        return (score - self.low) / (self.high - self.low)


EXACT_MATCH = Measure()
"""That of every task which names no other."""
