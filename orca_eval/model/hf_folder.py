"""What a model folder in transformers' layout says about its tokenizer and its chat template."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orca_eval.errors import InputError
from orca_eval.installed import add_extra
from orca_eval.model.settings import one_line, read_json, reading, refuse_pointer, text_of
from orca_eval.model.types import Encoder

_FILES = (
    *("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "added_tokens.json"),
    *("special_tokens_map.json", "vocab.json", "merges.txt"),
)
# Where there is no tokenizer.json, transformers' classes read vocabularies of other names too.
_SLOW_FILES = ("*.model", "*.tiktoken", "vocab.*", "*vocab*.json", "tekken.json", "bpe.codes")
# The later ones win.
_TEMPLATES_IN = ("processor_config.json", "chat_template.json", "tokenizer_config.json")
_TEMPLATE_FOLDERS = ("chat_templates/*.jinja", "additional_chat_templates/*.jinja")


def folder_templates(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The folder's own chat templates by name, of which the one without is "default", and its
    special tokens (`bos_token`: "<s>", …).

    They lie in files of their own, in tokenizer_config.json, or where processors have them.
    """
    config = read_json(folder / "tokenizer_config.json")
    with reading(folder / "tokenizer_config.json"):
        tokens = {**read_json(folder / "special_tokens_map.json"), **config}
        special = {
            name: _text(value["content"] if isinstance(value, dict) else value)
            for name, value in tokens.items()
            if name.endswith("_token") and isinstance(value, (str, dict)) and value
        }
    templates: dict[str, str] = {}
    for name in _TEMPLATES_IN:
        with reading(folder / name):
            templates |= _by_name(read_json(folder / name).get("chat_template"))
    files = {file.stem: file for place in _TEMPLATE_FOLDERS for file in folder.glob(place)}
    if (own := folder / "chat_template.jinja").exists():
        files["default"] = own
    for name, file in files.items():
        with reading(file, "a template"):
            templates[name] = text_of(file)
    return templates, special


def _by_name(value: Any) -> dict[str, str]:
    """Templates as they stand in JSON: one, a list of names and templates, or a mapping."""
    if isinstance(value, list):
        value = {_text(entry["name"]): entry["template"] for entry in value}
    elif not isinstance(value, dict):
        value = {} if value is None else {"default": value}
    return {name: _text(template) for name, template in value.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text is wanted")
    return value


def folder_encoder(
    folder: Path, bos_token: str | None, trust_remote_code: bool
) -> tuple[Encoder, Sequence[Path]]:
    """The folder's encoder, and the files that name it. Raises InputError."""
    files = [folder / name for name in _FILES if (folder / name).is_file()]
    fast = (folder / "tokenizer.json").is_file()
    if not fast:
        others = {f for pattern in _SLOW_FILES for f in folder.glob(pattern) if f.is_file()}
        files += sorted(others - set(files))
    for file in files:
        refuse_pointer(file)
    if fast:
        return FastEncoder(folder / "tokenizer.json", bos_token), files
    return SlowEncoder(folder, trust_remote_code), files


class FastEncoder(Encoder):
    """The Rust tokenizer of a tokenizer.json."""

    def __init__(self, file: Path, bos_token: str | None) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise InputError(
                f"the package tokenizers is missing; run `{add_extra('hf')}`"
            ) from None
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except BaseException as error:
            raise _failure(error, f"{file} can't be read") from None
        self._file = file
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.bos_id = None if bos_token is None else self._tokenizer.token_to_id(bos_token)
        told = read_json(file.with_name("tokenizer_config.json")).get("add_bos_token")
        self.adds_bos = told if isinstance(told, bool) else self._begins_with_bos()

    def _begins_with_bos(self) -> bool:
        ids = self._tokenizer.encode("", add_special_tokens=True).ids
        return self.bos_id is not None and ids[:1] == [self.bos_id]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        try:
            found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        except BaseException as error:
            raise _failure(error, f"{self._file} can't tokenize a prompt") from None
        return [encoding.ids for encoding in found]

    def decode(self, ids: Sequence[int], marks: Sequence[str]) -> str:
        """With any marks all special tokens are kept, as vLLM keeps them."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=not marks)
        return text


def _failure(error: BaseException, what: str) -> BaseException:
    """A line for what the library raises: bare Exception, and panics of its Rust."""
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return error
    return InputError(f"model.path: {what} ({one_line(error)})")


class SlowEncoder(Encoder):
    """transformers' tokenizer, for folders that hold only a SentencePiece model (Orca 2).

    Tested against SentencePiece itself: each stretch between special tokens is encoded alone, with
    its leading space where `legacy` is true. Folders from before that key mean true, while
    transformers 5 takes false for them.
    """

    def __init__(self, folder: Path, trust_remote_code: bool) -> None:
        try:
            from transformers import AutoTokenizer
        except ImportError:
            raise InputError(
                f"the tokenizer of {folder} needs transformers; run `{add_extra('hf')}`"
            ) from None
        config = read_json(folder / "tokenizer_config.json")
        legacy = {} if "legacy" in config else {"legacy": True}
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(
                folder, use_fast=False, trust_remote_code=trust_remote_code, **legacy
            )
        except Exception as error:  # whatever a tokenizer class raises about its own files
            reason = one_line(error) or type(error).__name__
            raise InputError(f"model.path: the tokenizer of {folder} fails: {reason}") from None
        self.bos_id = self._tokenizer.bos_token_id
        ids = list(self._tokenizer("a", add_special_tokens=True)["input_ids"])
        self.adds_bos = self.bos_id is not None and ids[:1] == [self.bos_id]
        with reading(folder / "tokenizer_config.json"):
            listed = config.get("added_tokens_decoder", {})
            added = {token["content"]: int(number) for number, token in listed.items()}
        for text, number in {**read_json(folder / "added_tokens.json"), **added}.items():
            if self._tokenizer.convert_tokens_to_ids(text) != number:
                raise InputError(
                    f"model.path: transformers does not give {text!r} the id {number} that"
                    f" {folder} lists for it; a tokenizer.json in the folder would"
                )

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        ids = self._tokenizer(list(texts), add_special_tokens=False, truncation=False)["input_ids"]
        return [list(row) for row in ids]

    def decode(self, ids: Sequence[int], marks: Sequence[str]) -> str:
        """With any marks all special tokens are kept, as vLLM keeps them."""
        text: str = self._tokenizer.decode(
            list(ids), skip_special_tokens=not marks, clean_up_tokenization_spaces=False
        )
        return text
