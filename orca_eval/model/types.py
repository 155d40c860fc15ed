"""A model's parts as the rest of the room sees them: an encoder, and where its weights lie."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class Encoder(ABC):
    """Text → ids and back, nothing added: what the template writes is what the model gets.

    `adds_bos` is whether the tokenizer would begin every text with BOS, were it let.
    """

    bos_id: int | None
    adds_bos: bool = False

    @abstractmethod
    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text."""

    @abstractmethod
    def decode(self, ids: Sequence[int], marks: Sequence[str]) -> str:
        """The text of ids, without special tokens but for `marks`; a character of which they hold
        a part is U+FFFD."""

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
