"""Any of lm-eval's own model backends by name (`backend=hf` for transformers), in chunks.

A backend takes a list of requests and returns when all are done. Requests are gathered while a
chunk runs in a thread of its own; lm-eval's cache hook hands over each answer as soon as its batch
is finished. Prompts go as rendered text, and the template alone decides about BOS.
"""

import asyncio
import gc
import inspect
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from orca_eval.config.nearest import nearest
from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.arguments import refuse_unknown
from orca_eval.engines.checkpoint import CheckpointEngine
from orca_eval.engines.lm_eval_chunk import Chunk, Waiting
from orca_eval.engines.threads import DaemonThreads
from orca_eval.errors import InputError, OrcaEvalError, RunError
from orca_eval.installed import add_extra, add_extra_of
from orca_eval.model.settings import first_line
from orca_eval.types import Completion, Request, Sampling

BATCHES_IN_CHUNK = 4
"""lm-eval sorts a chunk by length before it cuts batches, so several together pad less."""

CHUNKS_IN_FLIGHT = 3
GATHER_SECONDS = 0.02

_OWN_ARGS = ("backend", "batch_size")
# Not ours to take: the model comes from `model`, limits and BOS from the run.
_TAKEN = ("self", "pretrained", "model", "tokenizer", "add_bos_token", "max_length", "peft")


class LmEvalEngine(CheckpointEngine):
    """One lm-eval backend. An answer's `finish_reason` is read from its tokens where the backend
    decodes them itself (hf), else from the count of its text's tokens."""

    def __init__(self, model: ModelConfig, config: EngineConfig, max_tokens: int) -> None:
        super().__init__(model, max_tokens)
        args = dict(config.args)
        self._backend = str(args.pop("backend", "hf"))
        self._batch_size = args.pop("batch_size", 8)
        self._args = {name: value for name, value in args.items() if value is not None}
        self._lm: Any = None
        self._thread: DaemonThreads | None = None
        self._waiting: list[Waiting] = []
        self._running: asyncio.Task[None] | None = None
        self._chunk: Chunk | None = None
        batch = self._batch_size if isinstance(self._batch_size, int) else 16
        self._chunk_size = batch * BATCHES_IN_CHUNK
        self.max_in_flight = self._chunk_size * CHUNKS_IN_FLIGHT

    def check(self) -> None:
        size = self._batch_size
        if size != "auto" and not (isinstance(size, int) and size >= 1):
            raise InputError(f"engine.batch_size={size} must be auto or at least 1")
        self._check_args()
        self._check_room(f"the model's {self.context_length} tokens of context")
        self._adapter, self.tokenizer  # noqa: B018 (reading them checks them)

    def identity(self) -> Mapping[str, Any]:
        return {
            "engine": "lm_eval",
            "version": version("lm-eval"),
            "backend": self._backend,
            "libraries": _versions("transformers", "torch", self._backend),
            "weights": self.weights.sha256,
            "args": {name: str(value) for name, value in sorted(self._args.items())},
            "adapter": None if self._adapter is None else self._adapter.sha256,
            "tokenizer": self.tokenizer.identity,
            **self._marks_identity,
        }

    async def start(self) -> None:
        self._thread = DaemonThreads(1, "lm_eval")
        loop = asyncio.get_running_loop()
        self._lm = await loop.run_in_executor(self._thread, self._load)

    async def generate(self, request: Request) -> Completion:
        if self._lm is None:
            raise RunError("the lm_eval engine is not started")
        if request.prompt is None or request.prompt_token_ids is None:
            raise RunError("the lm_eval engine takes rendered prompts")
        self._check_length(request, ", and the model's context has")
        waiting = Waiting(request, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run_chunks())
        return self._told(await waiting.answer)

    async def close(self) -> None:
        _fail(self._waiting, RunError("the engine is closed"))
        self._waiting.clear()
        if self._chunk is not None:
            self._chunk.stopped = True
        if self._running is not None and not self._running.done():
            await asyncio.gather(self._running, return_exceptions=True)
        self._lm = None
        thread, self._thread = self._thread, None
        if thread is not None:
            await thread.end()
            gc.collect()
            torch = sys.modules.get("torch")
            if torch is not None and torch.cuda.is_available():
                torch.cuda.empty_cache()

    def counters(self) -> Mapping[str, float]:
        return {}

    async def _run_chunks(self) -> None:
        """Runs chunk after chunk while requests wait; requests that were cancelled drop out."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(GATHER_SECONDS)  # requests come one by one, but close together
            left = [waiting for waiting in self._waiting if not waiting.answer.done()]
            members, self._waiting = left[: self._chunk_size], left[self._chunk_size :]
            if not members:
                continue
            chunk = self._chunk = Chunk(members, loop, self.tokenizer.encode, self._eos_ids)
            try:
                await loop.run_in_executor(self._thread, self._generate, chunk)
            except Exception as error:  # whatever a backend raises ends this chunk's requests
                if not isinstance(error, OrcaEvalError):
                    error = RunError(f"lm-eval's backend failed: {first_line(error)}")
                _fail(members, error)

    def _generate(self, chunk: Chunk) -> None:
        from lm_eval.api.instance import Instance

        instances = [
            Instance(
                "generate_until",
                {},
                (waiting.request.prompt, self._gen_kwargs(waiting.request.sampling)),
                0,
                metadata=(waiting.request.key, index, 1),
            )
            for index, waiting in enumerate(chunk.members)
        ]
        self._lm.set_cache_hook(chunk)
        decode = getattr(self._lm, "tok_decode", None)
        if self._decodes_each and decode is not None:
            self._lm.tok_decode = chunk.listen(decode, skip_special=not self._marks)
        try:
            texts = self._lm.generate_until(instances, disable_tqdm=True)
        finally:
            if decode is not None:
                self._lm.tok_decode = decode
        chunk.finish(texts)

    @property
    def _decodes_each(self) -> bool:
        """Whether it is transformers, which takes its arguments and decodes each answer alone."""
        return self._backend in ("hf", "huggingface", "hf-auto")

    def _gen_kwargs(self, sampling: Sampling) -> dict[str, Any]:
        drawn = bool(sampling.temperature)
        kwargs: dict[str, Any] = {
            "until": list(sampling.stop),
            "max_gen_toks": sampling.max_tokens,
            "do_sample": drawn,
            "temperature": sampling.temperature,
            "repetition_penalty": sampling.repetition_penalty,
        }
        cuts = {"top_p": sampling.top_p, "top_k": sampling.top_k, "min_p": sampling.min_p}
        if self._decodes_each:
            kwargs |= {"num_beams": 1, "eos_token_id": sorted(self._eos_ids) or None}
            if drawn:
                kwargs |= {**cuts, "top_k": max(sampling.top_k, 0)}  # 0 is transformers' "off"
        elif self._backend in ("vllm", "sglang"):
            ends = [] if self._turn_end is None else [self._turn_end]
            kwargs |= {**cuts, "seed": sampling.seed, "stop_token_ids": ends}
        return kwargs

    def _load(self) -> Any:
        names = _parameters(self._class)
        if self._decodes_each:
            from transformers.utils import logging as transformers_logging

            transformers_logging.disable_progress_bar()
        offered = {
            "pretrained": str(self._folder),
            "max_length": self.context_length,
            "add_bos_token": False,
            "trust_remote_code": self._model.trust_remote_code,
            "peft": self._model.adapter,
            "device": _device() if self._decodes_each else None,
        }
        args = {n: v for n, v in offered.items() if n in names and v is not None} | self._args
        try:
            lm = self._class.create_from_arg_obj(args, {"batch_size": self._batch_size})
        except Exception as error:  # whatever a backend raises while it loads
            raise RunError(
                f"lm-eval's backend {self._backend} can't load: {first_line(error)}"
            ) from error
        if self._decodes_each:
            self._compare_tokens(lm)
        return lm

    def _compare_tokens(self, lm: Any) -> None:
        """The backend tokenizes the text again: a BOS more or less must not go unseen."""
        prompt = self.tokenizer.render([{"role": "user", "content": "1) 23 \n\n é?"}])
        theirs = lm.tok_batch_encode([prompt])[0][0].tolist()
        if theirs != list(self.tokenizer.encode([prompt])[0]):
            raise RunError(
                f"lm-eval's backend {self._backend} makes other tokens of a prompt than"
                f" {self._folder} asks for; use engine=vllm, which takes ours"
            )

    @cached_property
    def _class(self) -> Any:
        from lm_eval.api.registry import get_model
        from lm_eval.models import MODEL_MAPPING

        if self._backend not in MODEL_MAPPING:
            names = nearest(self._backend, MODEL_MAPPING) or sorted(MODEL_MAPPING)
            raise InputError(
                f"engine.backend={self._backend} is not one of lm-eval's; nearest:"
                f" {', '.join(names)}"
            )
        try:
            return get_model(self._backend)
        except ImportError as error:
            ours = self._decodes_each
            command = add_extra("hf") if ours else add_extra_of("lm-eval", self._backend)
            what = f"run `{command}`" if command else "install it as its own page says"
            raise InputError(
                f"engine.backend={self._backend} needs a package that is missing ({error}); {what}"
            ) from None

    def _check_args(self) -> None:
        from lm_eval.models.api_models import TemplateAPI

        names = set(_parameters(self._class))
        if "pretrained" not in names or issubclass(self._class, TemplateAPI):
            raise InputError(
                f"engine.backend={self._backend} is an endpoint; use engine=openai for it"
            )
        valid = (names - set(_TAKEN)) | set(_OWN_ARGS)
        given = list(self._args)
        if inspect.getfullargspec(self._class.__init__).varkw is not None:
            # Further ones go to the library underneath (attn_implementation); only what looks
            # like a slip of the pen is refused.
            near = [n for n in given if nearest(n, valid, cutoff=0.8)]
            given = near + [n for n in given if n in _TAKEN]
        refuse_unknown("lm_eval", given, valid)

    @cached_property
    def _eos_ids(self) -> frozenset[int]:
        """The checkpoint's own end tokens, and the one with which its template closes a turn."""
        config = getattr(getattr(self._lm, "model", None), "generation_config", None)
        ids = getattr(config, "eos_token_id", None)
        own = [ids] if isinstance(ids, int) else list(ids or ())
        return frozenset([*own, *([] if self._turn_end is None else [self._turn_end])])


def _parameters(cls: Any) -> list[str]:
    """The constructor's names, and its parents' as far as **kwargs hand on to them."""
    names: list[str] = []
    for base in cls.__mro__:
        if "__init__" in vars(base):
            spec = inspect.getfullargspec(base.__init__)
            names += [*spec.args, *spec.kwonlyargs]
            if spec.varkw is None:
                break
    return names


def _fail(members: Iterable[Waiting], error: OrcaEvalError) -> None:
    for waiting in members:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)


def _device() -> str | None:
    """lm-eval's own default, "cuda", fails where torch was built without it."""
    import torch

    if torch.cuda.is_available():
        return None
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _versions(*packages: str) -> dict[str, str]:
    """Of those that are installed; many backends bear a package's name."""
    found = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
