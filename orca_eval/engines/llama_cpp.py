"""llama.cpp in process, through xllamacpp's native server: GGUF files, no torch.

The server batches what several threads ask of it (one slot each); a request goes to it as token
ids, so that it neither renders a template nor adds a BOS.
"""

import asyncio
import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from orca_eval import interrupts
from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.arguments import read_args
from orca_eval.engines.checkpoint import (
    CheckpointEngine,
    Kept,
    after,
    finished_by,
    reasoning_marks,
)
from orca_eval.engines.threads import DaemonThreads
from orca_eval.errors import InputError, RunError
from orca_eval.model.cache import file_hashes
from orca_eval.model.gguf import GgufHeader, read_header
from orca_eval.model.llama_server import started_server
from orca_eval.model.tokenizer import TemplateTokenizer, gguf_tokenizer
from orca_eval.model.types import Weights
from orca_eval.model.weights import resolve_weights
from orca_eval.paths import expanded
from orca_eval.types import Completion, FinishReason, Request

PROMPT_ROOM = 3072
"""Tokens of a slot that are left for the prompt, unless context_length says otherwise."""

_CACHE_TYPES = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0")


@dataclass(frozen=True, slots=True)
class LlamaCppArgs:
    """llama.cpp's own names, where it has one.

    `context_length`: tokens of one slot, prompt and completion together (default: `PROMPT_ROOM`
    and max_tokens, at most what the model was trained on). `n_parallel`: slots. `cache_prompt`:
    a slot keeps the beginning that two prompts share instead of reading it again.
    """

    n_parallel: int = 8
    context_length: int | None = None
    n_threads: int | None = None
    n_gpu_layers: int | None = None
    n_batch: int = 2048
    n_ubatch: int = 512
    flash_attn: bool | None = None
    cache_type_k: str = "f16"
    cache_type_v: str = "f16"
    cache_prompt: bool = True
    verbose: bool = False


class LlamaCppEngine(CheckpointEngine):
    """Slots of one native server; a thread for each, since its calls block."""

    prompt_room = PROMPT_ROOM

    def __init__(self, model: ModelConfig, config: EngineConfig, max_tokens: int) -> None:
        super().__init__(model, max_tokens)
        self._args = read_args("llama_cpp", LlamaCppArgs, config.args)
        self._server: Any = None
        self._threads: DaemonThreads | None = None
        self._under_way: set[threading.Event] = set()
        self._cached_tokens = 0
        self.max_in_flight = 2 * self._args.n_parallel  # a freed slot finds the next one waiting

    @cached_property
    def weights(self) -> Weights:
        return resolve_weights(self._model, "gguf")

    @cached_property
    def _header(self) -> GgufHeader:
        return read_header(self._file)

    @property
    def _file(self) -> Path:
        return cast(Path, self.weights.gguf)  # it was asked for in this form

    @cached_property
    def tokenizer(self) -> TemplateTokenizer:
        return gguf_tokenizer(self._model, self._file)

    @property
    def own_context(self) -> int | None:
        return self._args.context_length or self._header.context_length

    @cached_property
    def context_length(self) -> int:
        trained = self._header.context_length
        wanted = self._args.context_length or PROMPT_ROOM + self._max_tokens
        return wanted if trained is None or self._args.context_length else min(wanted, trained)

    def check(self) -> None:
        for name in ("n_parallel", "n_batch", "n_ubatch", "context_length", "n_threads"):
            value = getattr(self._args, name)
            if value is not None and value < 1:
                raise InputError(f"engine.{name}={value} must be at least 1")
        for name in ("cache_type_k", "cache_type_v"):
            if (given := getattr(self._args, name)) not in _CACHE_TYPES:
                raise InputError(f"engine.{name}={given} is not one of {', '.join(_CACHE_TYPES)}")
        trained = self._header.context_length
        if trained is not None and self.context_length > trained:
            raise InputError(
                f"engine.context_length={self.context_length} is more than the {trained} tokens"
                f" that {self._model.name} was trained on"
            )
        self._check_room(f"{self.context_length} tokens of context")
        self._lora_file, self.tokenizer  # noqa: B018 (reading them checks them)

    def identity(self) -> Mapping[str, Any]:
        adapter = self._lora_file
        return {
            "engine": "llama_cpp",
            "version": version("xllamacpp"),
            "weights": self.weights.sha256,
            "dtype": "gguf",  # each tensor's type is inside the file, so inside its hash
            "kv_cache_dtype": f"{self._args.cache_type_k}/{self._args.cache_type_v}",
            "flash_attn": self._args.flash_attn,
            "adapter": None if adapter is None else file_hashes([adapter])[adapter],
            "tokenizer": self.tokenizer.identity,
            **self._marks_identity,
        }

    async def start(self) -> None:
        self._threads = DaemonThreads(self.max_in_flight, "llama_cpp")
        loop = asyncio.get_running_loop()
        with interrupts.deadly():  # it holds the interpreter's lock to the end
            self._server = await loop.run_in_executor(self._threads, self._load)

    async def generate(self, request: Request) -> Completion:
        if self._server is None or self._threads is None:
            raise RunError("the llama_cpp engine is not started")
        if request.prompt_token_ids is None:
            raise RunError("the llama_cpp engine takes token ids")
        self._check_length(request, " and engine.context_length is")
        cancelled = threading.Event()
        self._under_way.add(cancelled)
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._complete, request, cancelled
            )
        finally:
            cancelled.set()
            self._under_way.discard(cancelled)

    async def close(self) -> None:
        for cancelled in self._under_way:
            cancelled.set()
        threads, self._threads = self._threads, None
        if threads is not None:
            await threads.end()
        self._server = None
        if "tokenizer" in self.__dict__:
            self.tokenizer.close()

    def counters(self) -> Mapping[str, float]:
        return {"prefix_cache_hit_tokens": float(self._cached_tokens)}

    def _load(self) -> Any:
        import xllamacpp

        args = self._args
        params = xllamacpp.CommonParams()
        params.model.path = str(self._file)
        params.n_parallel = args.n_parallel
        padded = -(-self.context_length // 256) * 256  # as llama.cpp does by itself
        params.n_ctx = args.n_parallel * padded
        params.kv_unified = False  # each slot its own share: none can crowd out another
        params.n_batch = args.n_batch
        params.n_ubatch = args.n_ubatch
        params.cache_type_k = xllamacpp.ggml_type[f"GGML_TYPE_{args.cache_type_k.upper()}"]
        params.cache_type_v = xllamacpp.ggml_type[f"GGML_TYPE_{args.cache_type_v.upper()}"]
        params.cache_ram_mib = 0
        params.fit_params = False  # it would shrink the context to the memory unasked
        threads = args.n_threads or os.cpu_count() or 1
        params.cpuparams.n_threads = threads
        params.cpuparams_batch.n_threads = threads
        if args.n_gpu_layers is not None:
            params.n_gpu_layers = args.n_gpu_layers
        if args.flash_attn is not None:
            word = "ENABLED" if args.flash_attn else "DISABLED"
            params.flash_attn_type = xllamacpp.llama_flash_attn_type[
                f"LLAMA_FLASH_ATTN_TYPE_{word}"
            ]
        if self._lora_file is not None:
            params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(self._lora_file), 1.0)]
        params.api_keys = [hashlib.sha256(os.urandom(32)).hexdigest()]  # its port stays ours
        params.verbosity = 3 if args.verbose else -1
        try:
            return started_server(params)
        except RuntimeError as error:
            raise RunError(
                f"llama.cpp can't load {self._file}: {error} Less memory is needed with a smaller"
                " engine.n_parallel or engine.context_length; engine.verbose=true shows its log"
            ) from None

    def can_continue(self, cut: Completion) -> bool:
        """From known tokens."""
        return bool(cut.token_ids)

    def _complete(self, request: Request, cancelled: threading.Event) -> Completion:
        """Blocks until the request is finished, or until the next token after `cancelled`."""
        answer, kept = _Answer(cancelled), self._kept(request)
        if not cancelled.is_set():
            # No name is bound to the server here: an error's traceback would keep it in memory.
            self._server.handle_completions(self._body(request, kept), answer.receive)
        if answer.finish_reason is None:
            raise RunError(
                f"llama.cpp did not finish a request: {answer.error or 'it was cancelled'}"
            )
        usage = answer.usage
        self._cached_tokens += usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        prompt = [*(request.prompt_token_ids or ()), *kept.ids]
        completion = Completion(
            text="".join(answer.pieces),
            finish_reason=answer.finish_reason,
            prompt_tokens=usage.get("prompt_tokens", len(prompt)),
            completion_tokens=usage.get("completion_tokens", 0),
        )
        whole = self._continued(completion, kept, answer.ids)
        return whole._replace(token_ids=b"") if answer.lost_ids else whole

    def _body(self, request: Request, kept: Kept) -> dict[str, Any]:
        sampling = after(request.sampling, kept)
        return {
            "prompt": [*(request.prompt_token_ids or ()), *kept.ids],
            "verbose": True,  # tells the tokens' ids
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": max(sampling.top_k, 0),  # 0 is llama.cpp's "off"
            "min_p": sampling.min_p,
            "repeat_penalty": sampling.repetition_penalty,
            "repeat_last_n": self.context_length,  # all of it, as vLLM and transformers do
            "seed": sampling.seed,
            "stop": list(sampling.stop),
            "samplers": ["penalties", "temperature", "min_p", "top_k", "top_p"],
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "dry_multiplier": 0.0,
            "typical_p": 1.0,
            "xtc_probability": 0.0,
            "dynatemp_range": 0.0,
            "mirostat": 0,
            "ignore_eos": False,
            "preserved_tokens": self._marks,  # other control tokens stay out of the text
            "cache_prompt": self._args.cache_prompt,
        }

    @cached_property
    def _marks(self) -> list[str]:
        return reasoning_marks(self._header.control_tokens)

    @property
    def _lora_file(self) -> Path | None:
        if self._model.adapter is None:
            return None
        file = expanded(self._model.adapter)
        if not file.exists():
            raise InputError(f"model.adapter: {self._model.adapter!r} does not exist; give a file")
        if file.suffix != ".gguf" or not file.is_file():
            raise InputError(f"model.adapter: {file} is not a .gguf file, which llama_cpp needs")
        return file.resolve()


class _Answer:
    """Collects the stream of one request; `receive` returns True to end it."""

    def __init__(self, cancelled: threading.Event) -> None:
        self.pieces: list[str] = []
        self.ids: list[int] = []
        self.lost_ids = False  # of a character's parts it tells the last one's alone
        self.finish_reason: FinishReason | None = None
        self.usage: dict[str, Any] = {}
        self.error: Any = None
        self._cancelled = cancelled

    def receive(self, chunk: dict[str, Any]) -> bool:
        if "choices" not in chunk:
            self.error = chunk.get("error", chunk)
            return True
        for choice in chunk["choices"]:
            self.pieces.append(choice["text"])
            if reason := choice["finish_reason"]:
                self.finish_reason = finished_by(reason)
                self.error = f"it ended with {reason!r}"
        told = chunk.get("__verbose", {})
        if not told.get("stop", True):
            self.ids += told["tokens"]
            self.lost_ids |= len(self.ids) < told["tokens_predicted"]
        self.usage = chunk.get("usage") or self.usage
        return self._cancelled.is_set()
