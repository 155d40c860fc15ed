"""What the engines share that hold a checkpoint's weights in this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from orca_eval.config.schema import ModelConfig
from orca_eval.engines.finish import ending
from orca_eval.engines.model_folder import Adapter, read_adapter, special_tokens, turn_end
from orca_eval.errors import InputError
from orca_eval.extract.reply.parts import THINKING_TAGS
from orca_eval.model.tokenizer import TemplateTokenizer, folder_tokenizer
from orca_eval.model.types import Weights
from orca_eval.model.weights import resolve_weights
from orca_eval.types import FinishReason

_OPENERS, _CLOSERS = tuple("<[◁"), tuple(">]▷")


class CheckpointEngine:
    """An engine's model folder and what of it decides the text, each read when first asked for."""

    reuse_across_runs = True

    def __init__(self, model: ModelConfig, max_tokens: int) -> None:
        self._model = model
        self._max_tokens = max_tokens

    @cached_property
    def weights(self) -> Weights:
        return resolve_weights(self._model, "hf")

    @cached_property
    def tokenizer(self) -> TemplateTokenizer:
        return folder_tokenizer(self._model, self._folder)

    @property
    def notes(self) -> tuple[str, ...]:
        return self.tokenizer.notes

    @property
    def _folder(self) -> Path:
        if self.weights.folder is None:
            raise InputError(f"model.path: {self._model.path} is not a model folder")
        return self.weights.folder

    @cached_property
    def _adapter(self) -> Adapter | None:
        return None if self._model.adapter is None else read_adapter(self._model.adapter)

    @cached_property
    def _special(self) -> Mapping[str, int]:
        return special_tokens(self._folder)

    @cached_property
    def _turn_end(self) -> int | None:
        return turn_end(self.tokenizer.template, self._special)

    @cached_property
    def _marks(self) -> list[str]:
        """Special tokens stay out of the text, unless some of them set reasoning apart."""
        return reasoning_marks(self._special)

    @property
    def _marks_identity(self) -> dict[str, Any]:
        return {"reasoning_marks": self._marks} if self._marks else {}


def finished_by(reason: object) -> FinishReason | None:
    """How an answer ended by the engine's own word for it; None where it is no answer."""
    meaning = ending(reason)
    return meaning if meaning in ("stop", "length") else None


def reasoning_marks(special: Iterable[str]) -> list[str]:
    """Those of the special tokens that the extractor's thinking tags are made of: tokens that an
    engine must leave in the text, or reasoning would pass for the answer.

    A tag may be one token (`[THINK]`) or begin with one (`<|channel|>` in `<|channel|>analysis`);
    what only stands within one (`<|sep|>`) counts beside such a beginning.
    """
    units = {t: t.lower() for t in special if t[:1] in _OPENERS and t[-1:] in _CLOSERS}
    found = [t for t, low in units.items() if any(low in tag for tag in THINKING_TAGS)]
    begins = any(tag.startswith(units[t]) for t in found for tag in THINKING_TAGS)
    return found if begins else []
