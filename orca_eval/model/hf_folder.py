"""What a model folder in transformers' layout says about its tokenizer and its chat template."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orca_eval.errors import InputError
from orca_eval.model.settings import one_line, read_json, reading, refuse_pointer, text_of
from orca_eval.model.types import Encoder

_FILES = (
    *("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "added_tokens.json"),
    *("special_tokens_map.json", "vocab.json", "merges.txt"),
)
# Where there is no tokenizer.json, transformers' classes read vocabularies of other names too.
_SLOW_FILES = ("*.model", "*.tiktoken", "vocab.*", "*vocab*.json", "tekken.json", "bpe.codes")


def folder_template(folder: Path) -> tuple[str | None, dict[str, str]]:
    """The folder's own chat template and its special tokens (`bos_token`: "<s>", …).

    The template is chat_template.jinja, or the entry of tokenizer_config.json ("default" where
    there are several).
    """
    config = read_json(folder / "tokenizer_config.json")
    with reading(folder / "tokenizer_config.json"):
        tokens = {**read_json(folder / "special_tokens_map.json"), **config}
        special = {
            name: _text(value["content"] if isinstance(value, dict) else value)
            for name, value in tokens.items()
            if name.endswith("_token") and isinstance(value, (str, dict)) and value
        }
        template = config.get("chat_template")
        if isinstance(template, list):
            template = {entry["name"]: entry["template"] for entry in template}.get("default")
        template = None if template is None else _text(template)
    own_file = folder / "chat_template.jinja"
    if own_file.exists():
        with reading(own_file, "a template"):
            return text_of(own_file), special
    return template, special


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
                "the package tokenizers is missing; run `pip install orca-eval[hf]`"
            ) from None
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except BaseException as error:
            raise _failure(error, f"{file} can't be read") from None
        self._file = file
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.bos_id = None if bos_token is None else self._tokenizer.token_to_id(bos_token)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        try:
            found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        except BaseException as error:
            raise _failure(error, f"{self._file} can't tokenize a prompt") from None
        return [encoding.ids for encoding in found]


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
                f"the tokenizer of {folder} needs transformers; run `pip install orca-eval[hf]`"
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
