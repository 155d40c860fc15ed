"""What the engines share that hold a checkpoint's weights in this process, and what they must know
of a model folder beyond its weights: length, special tokens, LoRA."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

from orca_eval.config.schema import ModelConfig
from orca_eval.engines.finish import ending
from orca_eval.errors import InputError, RunError
from orca_eval.extract.reply.parts import THINKING_TAGS, answer_start
from orca_eval.model.cache import combined_hash, file_hashes
from orca_eval.model.loaded_files import refuse_broken
from orca_eval.model.settings import read_json, reading
from orca_eval.model.template import ChatTemplate
from orca_eval.model.thinking import marks, opens_block
from orca_eval.model.tokenizer import TemplateTokenizer, folder_tokenizer
from orca_eval.model.types import Weights
from orca_eval.model.weights import resolve_weights
from orca_eval.paths import expanded
from orca_eval.token_ids import packed, unpacked
from orca_eval.types import CUT_OFF, Completion, FinishReason, Message, Request, Sampling

_OPENERS, _CLOSERS = tuple("<[◁"), tuple(">]▷")
_ANSWER = "A7f3e0answer"
_HARMONY = "<|channel|>"  # only that format's templates write it
PROMPT_ROOM = 7168
"""Tokens of the context left for the prompt by default; more would only ask for a larger cache."""
_LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
_NO_LIMIT = 10**9  # transformers writes 1e30 for "no limit"


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter's folder, its rank, and the sha256 over its weights and config."""

    folder: Path
    rank: int
    sha256: str


class Kept(NamedTuple):
    """The beginning of a reply, and the ids that it is made of."""

    text: str
    ids: list[int]


NOTHING_KEPT = Kept("", [])


class CheckpointEngine:
    """An engine's model folder and what of it decides the text, each read when first asked for."""

    reuse_across_runs = True
    prompt_room = PROMPT_ROOM

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
    def own_context(self) -> int | None:
        """Tokens that a prompt and its answer may have at most, whatever the run wants."""
        return own_context_length(self._folder)

    @cached_property
    def context_length(self) -> int | None:
        return self.own_context

    def _check_room(self, where: str) -> None:
        """Refuses answers that may fill the whole context, which `where` is the name of."""
        if self.context_length is not None and self._max_tokens >= self.context_length:
            raise InputError(
                f"max_tokens={self._max_tokens} leaves no room for a prompt in {where}"
            )

    def _check_length(self, request: Request, context: str) -> None:
        """Raises RunError where a request does not fit: its prompt would be cut from the left, or
        its answer end early and count as finished by length, with a warning at most."""
        needed = len(request.prompt_token_ids or ()) + request.sampling.max_tokens
        if self.context_length is not None and needed > self.context_length:
            raise RunError(f"a request needs {needed} tokens{context} {self.context_length}")

    def _kept(self, request: Request) -> Kept:
        """What of a cut reply the request goes on from: up to its last whole character, and none
        where ids and text don't agree."""
        if request.cut is None:
            return NOTHING_KEPT
        ids = unpacked(request.cut.token_ids)
        text, count = self.tokenizer.decode(ids, self._marks)
        same = text == (request.cut.text or request.cut.reasoning)
        return Kept(text, ids[:count]) if same else NOTHING_KEPT

    def _continued(self, completion: Completion, kept: Kept, ids: Sequence[int]) -> Completion:
        """The whole reply, from what was kept and the completion that went on from it."""
        count = len(kept.ids)
        whole = completion._replace(
            text=kept.text + completion.text,
            prompt_tokens=completion.prompt_tokens - count,
            completion_tokens=completion.completion_tokens + count,
            token_ids=packed([*kept.ids, *ids]),
            kept_tokens=count,
        )
        return self._told(whole, [*kept.ids, *ids])

    def shortened(self, completion: Completion, tokens: int) -> Completion:
        """The reply, cut off after its first tokens: its own, or where the engine did not tell
        them, those into which the tokenizer parts its text."""
        ids = unpacked(completion.token_ids)
        if not ids:
            ids = list(self.tokenizer.encode([completion.text or completion.reasoning])[0])
        text, _ = self.tokenizer.decode(ids[:tokens], self._marks)
        cut = Completion(text, CUT_OFF, completion.prompt_tokens, tokens)
        return self._told(cut, ids[:tokens])

    def _told(self, completion: Completion, ids: Sequence[int] = ()) -> Completion:
        """The completion with a count of the tokens of reasoning that its text begins with: those
        among `ids` up to the closing mark, or as many as that part of the text has. Where the
        prompt opened it and the answer was cut off before its end, all of the text is that."""
        text, generated = completion.text, completion.completion_tokens
        if not (start := answer_start(text)):
            if completion.finish_reason == CUT_OFF and self._begins_thinking:
                return completion._replace(text="", reasoning=text, reasoning_tokens=generated)
            return completion
        tokens = _end_of_last(self._closing, ids)
        if not tokens:
            tokens = self.tokenizer.count(text[:start]) if start < len(text) else generated
        return completion._replace(reasoning_tokens=min(tokens, generated))

    @cached_property
    def _begins_thinking(self) -> bool:
        return opens_block(self.tokenizer.template)

    @cached_property
    def _closing(self) -> list[int]:
        """The ids of the template's closing mark of thinking."""
        found = marks(self.tokenizer.template)
        return list(self.tokenizer.encode([found[1]])[0]) if found else []

    @property
    def notes(self) -> tuple[str, ...]:
        return self.tokenizer.notes

    @property
    def _folder(self) -> Path:
        return cast(Path, self.weights.folder)  # it was asked for in this form

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


def after(sampling: Sampling, kept: Kept) -> Sampling:
    """With as many tokens as are left behind what was kept."""
    if not kept.ids:
        return sampling
    return replace(sampling, max_tokens=sampling.max_tokens - len(kept.ids))


def _end_of_last(part: Sequence[int], ids: Sequence[int]) -> int:
    """Where the last occurrence of a part ends; 0 where there is none."""
    length = len(part)
    starts = range(len(ids) - length, -1, -1) if part else ()
    return next((at + length for at in starts if list(ids[at : at + length]) == part), 0)


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


def own_context_length(folder: Path) -> int | None:
    """Tokens that the checkpoint says it was made for; None where it does not say."""
    config = read_json(folder / "config.json")
    text = config.get("text_config")
    sources = [config, text if isinstance(text, dict) else {}]
    lengths = [source[name] for source in sources for name in _LENGTHS if name in source][:1]
    lengths.append(read_json(folder / "tokenizer_config.json").get("model_max_length"))
    found = [length for length in lengths if type(length) is int]
    return min((length for length in found if 0 < length < _NO_LIMIT), default=None)


def is_quantized(folder: Path) -> bool:
    """Whether the checkpoint's weights are stored quantized."""
    return "quantization_config" in read_json(folder / "config.json")


def scales_with_length(folder: Path) -> bool:
    """Whether the context's length that an engine is started with changes what the model computes
    (LongRoPE has other factors beyond the length of its training)."""
    config = read_json(folder / "config.json")
    scaling = config.get("rope_scaling") or config.get("rope_parameters") or {}
    with reading(folder / "config.json"):
        return bool({"longrope", "su"} & {scaling.get("rope_type"), scaling.get("type")})


def special_tokens(folder: Path) -> Mapping[str, int]:
    """Text → id of the tokens that text can't spell by accident."""
    with reading(folder / "tokenizer_config.json"):
        listed = read_json(folder / "tokenizer_config.json").get("added_tokens_decoder", {})
        by_config = {t["content"]: int(number) for number, t in listed.items() if t.get("special")}
    with reading(folder / "tokenizer.json"):
        added = read_json(folder / "tokenizer.json").get("added_tokens", [])
        by_tokenizer = {t["content"]: int(t["id"]) for t in added if t.get("special")}
    with reading(folder / "added_tokens.json"):
        # Older folders have their additions in a file that does not say which are special.
        older = {name: int(n) for name, n in read_json(folder / "added_tokens.json").items()}
    return {**older, **by_config, **by_tokenizer}


def turn_end(template: ChatTemplate, special: Mapping[str, int]) -> int | None:
    """The id of the special token that the template writes after an answer; None where it has none.

    A template may close a turn with a token that the checkpoint does not list as its end of text
    (Orca 2's `<|im_end|>`): a model that writes it has finished, and the engine must stop there.
    In the Harmony format (gpt-oss) a template closes past answers with `<|end|>`, but a model also
    writes that after its reasoning; it has finished when it writes `<|return|>`.
    """
    if _HARMONY in template.source:
        return special.get("<|return|>")
    # A copy, because a template notes what became of the system messages that it has rendered.
    trial = ChatTemplate(template.source, template.special_tokens, template.kwargs)
    chat = (
        Message(role="user", content="U"),
        Message(role="assistant", content=_ANSWER),
        Message(role="user", content="V"),
    )
    try:
        text = trial.render(chat)
    except InputError:  # a template for single turns only
        return None
    after = text.partition(_ANSWER)[2].lstrip()
    ends = [token for token in special if token and after.startswith(token)]
    return special[max(ends, key=len)] if ends else None


def read_adapter(path: str) -> Adapter:
    """The LoRA adapter in the folder `path` (PEFT's layout). Raises InputError."""
    folder = expanded(path)
    if not folder.exists():
        raise InputError(f"model.adapter: {path!r} does not exist; give the adapter's folder")
    config = read_json(folder / "adapter_config.json")
    rank = config.get("r")
    if not isinstance(rank, int):
        raise InputError(
            f"model.adapter={path} is not a LoRA adapter's folder: no adapter_config.json with a "
            "rank in it"
        )
    refused = [name for name in ("use_dora", "lora_bias", "modules_to_save") if config.get(name)]
    refused += ["bias"] if config.get("bias", "none") != "none" else []
    if refused:
        raise InputError(
            f"model.adapter={path}: vLLM can't run an adapter with {', '.join(refused)}; merge it "
            "into the model's weights"
        )
    weights = folder / "adapter_model.safetensors"
    if not weights.is_file():
        raise InputError(f"model.adapter={path}: there is no {weights.name} in it")
    refuse_broken([weights])
    hashes = file_hashes([folder / "adapter_config.json", weights])
    sha256 = combined_hash({file.name: digest for file, digest in hashes.items()})
    return Adapter(folder.resolve(), rank, sha256)
