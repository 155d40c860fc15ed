"""What a judge is asked, in the words of prompts.yaml.

>>> grounded("Ann has a dog.", "What does Ann have?", "A cat.")[0]["role"]
'user'
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import yaml

from orca_eval.types import Message

GROUNDED = "grounded", "hallucinated"
TRUTHFUL = "true", "false"
INFORMATIVE = "informative", "uninformative"
BETTER = "A", "B", "C"
"""What the verdicts may say: the good one first; the first answer, the second, neither."""

HASH_CHARS = 8

_TEXTS: dict[str, str] = yaml.load(
    Path(__file__).with_name("prompts.yaml").read_bytes(), yaml.CSafeLoader
)
MARKS = {
    name: f"{name} {sha256(text.encode()).hexdigest()[:HASH_CHARS]}"
    for name, text in _TEXTS.items()
}
"""Each prompt's name with a hash of its words, for manifests and the heads of tables."""


def grounded(context: str, task: str, output: str) -> tuple[Message, ...]:
    """Asks whether an output says only what its context supports."""
    return _asked("grounded", context=context, task=task, output=fenced("OUTPUT", output))


def truthful(
    question: str, best: str, correct: Sequence[str], incorrect: Sequence[str], answer: str
) -> tuple[Message, ...]:
    """Asks whether an answer is true, beside answers of which that is known."""
    return _asked(
        "truthful",
        question=question,
        best=best,
        correct=_listed(correct),
        incorrect=_listed(incorrect),
        answer=fenced("ANSWER", answer),
    )


def informative(question: str, answer: str) -> tuple[Message, ...]:
    """Asks whether an answer says anything."""
    return _asked("informative", question=question, answer=fenced("ANSWER", answer))


def better(question: str, first: str, second: str) -> tuple[Message, ...]:
    """Asks which of two answers is better."""
    texts = fenced("ANSWER A", first), fenced("ANSWER B", second)
    return _asked("better", question=question, first=texts[0], second=texts[1])


def fenced(name: str, text: str) -> str:
    """Puts a judged text between two lines that it can't imitate: they carry a hash of it."""
    digits = sha256(text.encode("utf-8", "replace")).hexdigest()[:HASH_CHARS]
    return f"{name} {digits}\n{text}\nEND OF {name} {digits}"


def _asked(name: str, **texts: str) -> tuple[Message, ...]:
    return (Message(role="user", content=_TEXTS[name].format(**texts)),)


def _listed(answers: Sequence[str]) -> str:
    return "\n".join(f"- {answer}" for answer in answers) or "(none)"
