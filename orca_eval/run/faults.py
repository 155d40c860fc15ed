"""What may be wrong with a run's replies, one by one, and the setting that helps. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orca_eval.extract.reply.parts import after_thinking, run_on_ends
from orca_eval.extract.reply.text import lower
from orca_eval.results.notes import OWN_PARSER, PARSER
from orca_eval.types import CUT_OFF, Completion

Fault = Literal["reasoning", "thinking", "endless", "cut", "empty", "headed", "unread"]
SEEN = 60
"""Characters by which a text is seen to repeat itself …"""
TIMES = 4
"""… when it holds its last ones so often."""
_HEADS = ("<|im_start|>", "<|start_header_id|>", "<|assistant|>", "<start_of_turn>", "[/inst]",
          "assistant\n", "assistant:", "model\n", "### response:")  # fmt: skip
"""What a reply begins with, in lower case, whose prompt has not begun its turn."""
SMALL = "small and base models do so by themselves"


@dataclass(frozen=True, slots=True)
class Setting:
    """What replies were asked with. `longest`: tokens that the context leaves an answer, None where
    nobody knows. `unopened`: what the template leaves out before an answer; `served`: whether a
    server applied it."""

    max_tokens: int
    longest: int | None
    unopened: str | None
    served: bool


def fault_of(reply: Completion, *, answered: bool) -> Fault | None:
    """What is wrong with a reply, None where it is as it should be; `answered` is whether an answer
    could be read."""
    if reply.only_reasoning:
        return "reasoning"
    text, low = reply.text, lower(reply.text)
    start = after_thinking(low)
    if reply.finish_reason == CUT_OFF:
        if start is None or not text.strip():
            return "thinking"
        return "endless" if _is_endless(text, low, start) else "cut"
    if not text.strip():
        return "empty"
    if answered:
        return None
    return "headed" if low.lstrip().startswith(_HEADS) else "unread"


def _is_endless(text: str, low: str, start: int) -> bool:
    """Whether it goes on behind the end of its turn, or repeats itself to the last."""
    others = (not is_open for _, is_open in run_on_ends(text, low, start)[:-1])
    return any(others) or text.count(text[-SEEN:]) >= TIMES


def lines(faults: Sequence[Fault], heard: int, setting: Setting) -> list[str]:
    """A line for each cause of these faults among the replies heard, the most frequent first."""
    causes = Counter(_cause(fault, setting) for fault in faults)
    return [
        f"{times} of the first {heard} replies {cause}" for cause, times in causes.most_common()
    ]


def _cause(fault: Fault, setting: Setting) -> str:
    """What the replies do, why most likely, and what to set."""
    if fault == "reasoning":
        return (
            f"have all their text in the reasoning field: {PARSER}; {OWN_PARSER}, or set "
            "reasoning=as_answer"
        )
    if fault == "thinking":
        return (
            f"are cut off at max_tokens={setting.max_tokens} while still thinking: set "
            f"{_longer(setting)}, or less thinking by sampling.thinking_budget="
        )
    if setting.unopened:
        return (
            f"are no use as they are, and {setting.unopened}: name the model's own chat template "
            "by model.chat_template="
        )
    template = "the server's chat template" if setting.served else "model.chat_template="
    return {
        "endless": (
            f"go on to max_tokens={setting.max_tokens} behind the end of their turn, or repeat "
            "themselves: most likely the model ends a turn with another token than it is stopped "
            f"at; look at {template} and the checkpoint's eos_token ({SMALL})"
        ),
        "cut": (
            f"are cut off at max_tokens={setting.max_tokens}: set {_longer(setting)}; where they "
            "go on behind their answer, the model is stopped at a wrong end token"
        ),
        "empty": (
            f"are empty: most likely the prompt is not in the model's format; look at {template}, "
            "and at the prompt by orca-eval show"
        ),
        "headed": (
            "begin with the head of a turn: most likely the prompt lacks it (no generation "
            f"prompt); look at {template}"
        ),
        "unread": (
            "have no answer that can be read: the prompt may not be in the model's format "
            f"({template}), or the model does not follow the question's ({SMALL})"
        ),
    }[fault]


def _longer(setting: Setting) -> str:
    longest = setting.longest
    if longest is None:
        return "a larger max_tokens="
    if longest > setting.max_tokens:
        return f"max_tokens={longest}, which its context leaves"
    return "a larger context, for a larger max_tokens="
