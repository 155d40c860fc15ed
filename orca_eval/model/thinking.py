"""Whether a checkpoint thinks before it answers, and what turns that off, as its template tells."""

from orca_eval.extract.reply.parts import THINKING_MARKS, after_thinking, answer_start
from orca_eval.model.template import TRIAL, ChatTemplate

SWITCHES = ("enable_thinking", "thinking")
"""What templates call the argument that turns thinking on or off."""


def thinks(template: ChatTemplate) -> bool:
    """Whether a model with this template and its arguments thinks before it answers.

    A switch tells where the template has one. Else the prompt does, by opening or closing a block
    of thinking. Else a template that knows the marks of thinking, in past answers, is a thinker's.
    """
    if (name := switch(template)) is not None:
        return template.trial() == template.trial(**{name: True})
    return opens_block(template) or (not answer_start(begun(template)) and bool(marks(template)))


def opens_block(template: ChatTemplate) -> bool:
    """Whether a prompt ends within a block of thinking, which the model has to close."""
    return after_thinking(begun(template).lower()) is None


def begun(template: ChatTemplate) -> str:
    """What a prompt has behind its question: the beginning of the answer."""
    return (template.trial() or "").rpartition(TRIAL)[2]


def switch(template: ChatTemplate) -> str | None:
    """The argument that turns thinking off; None where the template has none."""
    return next((name for name in SWITCHES if changes(template, name, True, False)), None)


def changes(template: ChatTemplate, name: str, one: object, other: object) -> bool:
    """Whether a prompt depends on an argument."""
    return template.trial(**{name: one}) != template.trial(**{name: other})


def marks(template: ChatTemplate) -> tuple[str, str] | None:
    """The marks between which thinking stands, as the template writes them; one may be missing
    there, since a model closes what its prompt opens."""
    low = template.source.lower()
    for pair in THINKING_MARKS:
        if any(mark in low for mark in pair):
            opening, closing = (_as_written(template.source, mark) for mark in pair)
            return opening, closing
    return None


def _as_written(source: str, mark: str) -> str:
    at = source.lower().find(mark)
    return source[at : at + len(mark)] if at >= 0 else mark
