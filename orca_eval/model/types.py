"""A model as the rest of the project sees it: an identity, and a way from messages to token ids."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from orca_eval.types import Message


class ChatTokenizer(Protocol):
    """Messages → text by the chat template (sandboxed) → token ids."""

    identity: str
    """sha256 hex over the tokenizer's files, the template and its arguments."""

    notes: tuple[str, ...]
    """What happened to the system message, for `show`, the manifest and the table's footnote."""

    now: datetime | None
    """When the template takes it to be; None where it puts in no date. May be set."""

    def render(self, messages: Sequence[Message]) -> str:
        """The whole prompt as text, generation prompt included."""

    def encode(self, prompts: Sequence[str]) -> list[Sequence[int]]:
        """Token ids of rendered prompts; at most one leading BOS in each (InputError otherwise)."""


class Encoder(ABC):
    """Text → ids, nothing added: what the template writes is what the model gets."""

    bos_id: int | None

    @abstractmethod
    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text."""

    def close(self) -> None:  # noqa: B027 (most hold nothing else)
        """Gives back what it holds beyond memory that goes with the object."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a checkpoint lies and what names it; `parameters` counts billions."""

    folder: Path | None
    gguf: Path | None
    sha256: str
    revision: str | None = None
    parameters: float | None = None
