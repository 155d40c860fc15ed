"""A GGUF file as a folder that transformers and vLLM load: dequantized once, then kept."""

import contextlib
import io
import logging
import shutil
from pathlib import Path
from typing import Any

from filelock import FileLock

from orca_eval.errors import InputError
from orca_eval.installed import add_extra
from orca_eval.model.cache import cache_folder
from orca_eval.model.gguf import GgufHeader, read_header
from orca_eval.model.llama_vocab import LlamaVocab
from orca_eval.model.settings import first_line

logger = logging.getLogger(__name__)

# Vocabularies whose digits stand alone; transformers' conversion (5.19) leaves that rule out, and
# "\n 2" then becomes other tokens than the model was trained on.
_SINGLE_DIGITS = ("smollm", "starcoder", "refact", "command-r")

_FORM = 1  # counts up when this file makes something else of the same GGUF

_PROBES = (
    "Steps:\n\n1) take 12,345.60 of it\n 2 < w ≤ 5 and\n\n\n 30 more;  4\tleft.",
    "It's WE'LL don't  naïve café — 東京 😀 ٣٤ ③\r\n x=[1,22];\n    return y\u00a0z",
)


def converted_folder(file: Path, sha256: str) -> Path:
    """The folder for the GGUF file with this sha256, made when first needed. Raises InputError.

    It lies in the user's cache, named by the hash, with bfloat16 weights. It is written beside its
    place, under a lock, and moved there whole: a second process waits, and a kill leaves no half.
    """
    folder = cache_folder() / "converted" / f"{sha256[:32]}-{_FORM}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not folder.is_dir():
            work = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(work, ignore_errors=True)
            logger.info("converting %s for transformers and vLLM (once)", file.name)
            _convert(file, work)
            work.rename(folder)
    return folder


def _convert(file: Path, folder: Path) -> None:
    try:
        import gguf  # noqa: F401 (transformers needs it and would say so less clearly)
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    except ImportError as error:
        raise InputError(
            f"model.path: {file} must be converted for this engine, which needs {error.name};"
            f" run `{add_extra('hf')}`, or use engine=llama_cpp"
        ) from None
    header = read_header(file)
    source = {"pretrained_model_name_or_path": file.parent, "gguf_file": file.name}
    with contextlib.redirect_stderr(io.StringIO()):  # progress bars that nothing turns off
        try:
            tokenizer = AutoTokenizer.from_pretrained(**source)
            _mend(tokenizer, header)
            _compare(tokenizer, file, header)
            model = AutoModelForCausalLM.from_pretrained(
                **source, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
            )
        except (ValueError, KeyError, NotImplementedError, RuntimeError) as error:
            raise InputError(
                f"model.path: transformers can't convert {file}: {first_line(error)}"
            ) from None
        tokenizer.chat_template = header.metadata.get("tokenizer.chat_template")
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _mend(tokenizer: Any, header: GgufHeader) -> None:
    from tokenizers import pre_tokenizers

    if header.metadata.get("tokenizer.ggml.pre") in _SINGLE_DIGITS:
        single = pre_tokenizers.Digits(individual_digits=True)
        level = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([single, level])


def _compare(tokenizer: Any, file: Path, header: GgufHeader) -> None:
    """Refuses a conversion whose token ids are not the file's own."""
    vocab = LlamaVocab(file, header)
    own = vocab.encode_batch(_PROBES)
    vocab.close()
    converted = [tokenizer.encode(text, add_special_tokens=False) for text in _PROBES]
    if own != converted:
        model = header.metadata.get("tokenizer.ggml.model")
        kind = header.metadata.get("tokenizer.ggml.pre", model)
        raise InputError(
            f"model.path: the tokenizer of {file} ({kind}) changes in the conversion; give the"
            " original model folder instead, or use engine=llama_cpp"
        )
