"""A model as the rest of the project sees it: an identity, and a way from messages to token ids."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a checkpoint lies and what names it. `sha256` is None for an endpoint's model;
    `parameters` counts billions."""

    path: str
    folder: Path | None
    gguf: Path | None
    sha256: str | None
    revision: str | None = None
    parameters: float | None = None
