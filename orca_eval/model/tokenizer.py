"""Messages → text → token ids, for a GGUF file (by llama.cpp) and for a model folder."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

from orca_eval.config.schema import ModelConfig
from orca_eval.errors import InputError
from orca_eval.model.cache import combined_hash, file_hashes
from orca_eval.model.gguf import SPECIAL, read_header
from orca_eval.model.hf_folder import folder_encoder, folder_templates
from orca_eval.model.llama_vocab import LlamaVocab
from orca_eval.model.template import ChatTemplate, template_source
from orca_eval.model.thinking import begun
from orca_eval.model.types import Encoder
from orca_eval.types import Message

_TORN = "\ufffd"
_MOST_BEFORE = 8
_NO_BOS = (
    "the prompt does not begin with BOS ({!r}), with which this tokenizer begins every text: only"
    " the template writes it here, and this one leaves it out"
)


class TemplateTokenizer:
    """Messages → text by the chat template (sandboxed) → token ids by the encoder.

    `identity` is a sha256 (hex) over the tokenizer's files, the template and its arguments; `notes`
    says what happened to the system message, for `show`, the manifest and the table's footnote.
    """

    def __init__(
        self, template: ChatTemplate, encoder: Encoder, vocabulary: str, bos: str | None = None
    ) -> None:
        """`vocabulary` names the tokenizer's content (sha256 hex), `bos` is the text that it puts
        before every other where it is let."""
        self.template = template
        self._bos = bos
        self._bos_note: tuple[str, ...] = ()
        self.notes: tuple[str, ...] = ()
        self._encoder = encoder
        self.identity = combined_hash(
            {
                "vocabulary": vocabulary,
                "template": repr(template.source),
                "special_tokens": repr(sorted(template.special_tokens.items())),
                "kwargs": repr(sorted(template.kwargs.items())),
            }
        )

    @property
    def takes_system(self) -> bool:
        """Whether the template has a system turn."""
        return self.template.takes_system

    @property
    def now(self) -> datetime | None:
        """When the template takes it to be, as long as prompts are made; None without a date."""
        return self.template.now if self.template.dated else None

    @now.setter
    def now(self, now: datetime) -> None:
        self.template.now = now

    def render(self, messages: Sequence[Message]) -> str:
        """The whole prompt as text, generation prompt included."""
        text = self.template.render(messages)
        if self._bos and not text.startswith(self._bos):
            self._bos_note = (_NO_BOS.format(self._bos),)
        self.notes = (*self.template.notes, *self._bos_note)
        return text

    def encode(self, prompts: Sequence[str]) -> list[Sequence[int]]:
        """Token ids of rendered prompts. Raises InputError where one begins with two BOS."""
        encoded = self._encoder.encode_batch(prompts)
        bos = self._encoder.bos_id
        for prompt, ids in zip(prompts, encoded, strict=True):
            if bos is not None and ids[:2] == [bos, bos]:
                raise InputError(
                    f"the prompt {prompt[:60]!r} begins with two BOS tokens; its text or"
                    " model.chat_template writes one too many"
                )
        return list(encoded)

    def count(self, text: str) -> int:
        """Tokens of a text of any beginning."""
        return len(self._encoder.encode_batch([text])[0])

    def decode(self, ids: Sequence[int], marks: Sequence[str] = ()) -> tuple[str, int]:
        """The text of generated ids as an engine streams it, and how many of them it is made of:
        those that end within a character wait for its rest. Special tokens are left out, but for
        `marks`."""
        before, behind = self._begun, len(self._encoder.decode(self._begun, marks))
        for count in range(len(ids), 0, -1):
            text = self._encoder.decode([*before, *ids[:count]], marks)
            if not text.endswith(_TORN):
                return text[behind:], count
        return "", 0

    @cached_property
    def _begun(self) -> list[int]:
        """What stands before an answer: behind nothing at all some tokenizers drop a blank."""
        return list(self._encoder.encode_batch([begun(self.template)])[0])[-_MOST_BEFORE:]

    def close(self) -> None:
        """Gives the encoder's memory back; encoding again would load it anew."""
        self._encoder.close()


def gguf_tokenizer(model: ModelConfig, file: Path) -> TemplateTokenizer:
    """The tokenizer inside a GGUF file, run by llama.cpp itself; loaded at the first encoding."""
    header = read_header(file)
    tokens = {f"{short}_token": header.token(kind) for kind, short in SPECIAL.items()}
    given = {name: text for name, text in tokens.items() if text is not None}
    template = _template(model, header.chat_templates, given)
    encoder = LlamaVocab(file, header)
    return TemplateTokenizer(template, encoder, header.vocabulary_sha256, _bos(encoder, given))


def folder_tokenizer(model: ModelConfig, folder: Path) -> TemplateTokenizer:
    """The tokenizer of a model folder: its tokenizer.json, or the slow one that it has instead."""
    templates, tokens = folder_templates(folder)
    template = _template(model, templates, tokens)
    encoder, files = folder_encoder(folder, tokens.get("bos_token"), model.trust_remote_code)
    hashes = {file.name: digest for file, digest in file_hashes(files).items()}
    return TemplateTokenizer(template, encoder, combined_hash(hashes), _bos(encoder, tokens))


def _template(
    model: ModelConfig, own: Mapping[str, str], tokens: Mapping[str, str]
) -> ChatTemplate:
    source = template_source(model.chat_template, own.get("default"), model.name, own)
    return ChatTemplate(source, tokens, model.chat_template_kwargs)


def _bos(encoder: Encoder, tokens: Mapping[str, str]) -> str | None:
    return tokens.get("bos_token") if encoder.adds_bos else None
