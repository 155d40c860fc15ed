"""vLLM in process: one continuous batch, prefix caching, each request answered as it finishes."""

import itertools
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from functools import cache, cached_property
from typing import Any

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.checkpoint import (
    CheckpointEngine,
    Kept,
    after,
    finished_by,
    is_quantized,
    own_context_length,
    scales_with_length,
)
from orca_eval.engines.vllm_arguments import (
    check_names,
    engine_arguments,
    text_arguments,
    vllm_version,
)
from orca_eval.engines.vllm_process import VllmProcess
from orca_eval.errors import InputError, RunError
from orca_eval.model.thinking import marks
from orca_eval.types import Budget, Completion, Request, Sampling

_MARKS = ("reasoning_start_str", "reasoning_end_str")
LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
COUNTS = (
    *("max_in_flight", "max_num_seqs", "max_model_len", "max_num_batched_tokens"),
    *("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size"),
)
"""Arguments that must be whole numbers of at least 1."""
COUNTERS = ("requests", "prompt_tokens", "generated_tokens", "prefix_cache_hit_tokens")


class VllmEngine(CheckpointEngine):
    """`AsyncLLM` with every sampling field set by us; no default of the model acts unseen."""

    def __init__(self, model: ModelConfig, config: EngineConfig, max_tokens: int) -> None:
        super().__init__(model, max_tokens)
        self._given = config.args
        self._process: VllmProcess | None = None
        self._llm: Any = None
        self._lora: Any = None
        self._numbers = itertools.count()
        self._counts: Counter[str] = Counter()
        self._in_flight = 0
        self._busy_since = 0.0
        self._busy_seconds = 0.0

    @property
    def context_length(self) -> int | None:
        length = self._arguments.get("max_model_len")
        return length if type(length) is int and length > 0 else None

    @property
    def own_context(self) -> int | None:
        given = self._given.get("max_model_len")
        return given if type(given) is int and given > 0 else own_context_length(self._folder)

    def for_budget(self, budget: Budget) -> Mapping[str, Any] | None:
        """vLLM has to be told the marks of thinking; it forces the closing one."""
        given = {"reasoning_config", "reasoning_parser"} & self._given.keys()
        found = marks(self.tokenizer.template)
        if isinstance(budget, str) or not (given or found):
            return None
        if given or found is None:
            return {}
        return {"reasoning_config": dict(zip(_MARKS, found, strict=True))}

    @property
    def max_in_flight(self) -> int:
        """Twice what a step of all replicas holds, so that a freed place is filled in the next."""
        if (given := self._given.get("max_in_flight")) is not None:
            return int(given)
        replicas = int(self._arguments.get("data_parallel_size", 1))
        # The largest of vLLM's own defaults, which it chooses when it starts.
        most = 256 if self._on_cpu else 1024
        return 2 * replicas * int(self._arguments.get("max_num_seqs", most))

    def check(self) -> None:
        """Names, numbers and the model's files; vLLM itself is not imported."""
        vllm_version()
        check_names(self._given)
        for name in COUNTS:
            value = self._given.get(name)
            if value is not None and (type(value) is not int or value < 1):
                raise InputError(f"engine.{name}={value!r} must be a whole number, at least 1")
        share = self._arguments["gpu_memory_utilization"]
        if type(share) not in (int, float) or not 0 < share <= 1:
            raise InputError(
                f"engine.gpu_memory_utilization={share!r} must be above 0 and at most 1"
            )
        self._check_room(f"the {self.context_length} tokens of the model's context")
        self.identity()

    def identity(self) -> Mapping[str, Any]:
        """All that decides the text; not where the computation is done (see `PLACEMENT`)."""
        return {
            "engine": "vllm",
            "version": vllm_version(),
            "weights": self.weights.sha256,
            "adapter": None if self._adapter is None else self._adapter.sha256,
            "tokenizer": self.tokenizer.identity,
            "stop_token_ids": list(self.stop_token_ids),
            **self._marks_identity,
            **({"max_model_len": self.context_length} if scales_with_length(self._folder) else {}),
            **text_arguments(self._arguments),
        }

    def launch_arguments(self) -> dict[str, Any]:
        """All that vLLM is started with, by the names of its `AsyncEngineArgs`."""
        arguments = {
            **self._arguments,
            "model": str(self._folder),
            "trust_remote_code": self._model.trust_remote_code,
            # The checkpoint's own sampling defaults stay out; its end-of-text ids still count.
            "generation_config": "vllm",
        }
        if self._adapter is not None:
            rank = next((size for size in LORA_RANKS if size >= self._adapter.rank), None)
            if rank is None:
                raise InputError(f"model.adapter: rank {self._adapter.rank} is above vLLM's 512")
            arguments |= {"enable_lora": True, "max_lora_rank": rank}
        return arguments

    async def start(self) -> None:
        """Loads the model while the event loop goes on; RunError says which setting to change."""
        self._process = VllmProcess(self.launch_arguments(), bool(self._given.get("show_logs")))
        self._llm = await self._process.load()
        if self._adapter is not None:
            from vllm.lora.request import LoRARequest

            self._lora = LoRARequest("adapter", 1, str(self._adapter.folder))
            try:
                await self._llm.add_lora(self._lora)
            except Exception as error:
                raise self._failure(error, "vLLM can't load model.adapter") from None

    def can_continue(self, cut: Completion) -> bool:
        """From known tokens."""
        return bool(cut.token_ids)

    async def generate(self, request: Request) -> Completion:
        """One completion; cancelling it takes the request out of vLLM's batch."""
        if self._llm is None:
            raise RunError("the vllm engine is not started")
        if request.prompt_token_ids is None:
            raise RunError("the vllm engine takes prompts as token ids")
        kept = self._kept(request)
        stream = self._llm.generate(
            # With its type no thread of vLLM's looks at it first, as at text.
            {"type": "token", "prompt_token_ids": [*request.prompt_token_ids, *kept.ids]},
            sampling_params(after(request.sampling, kept), self.stop_token_ids, not self._marks),
            f"{next(self._numbers)}-{request.key[:16]}",
            lora_request=self._lora,
        )
        output = None
        if self._in_flight == 0:
            self._busy_since = time.monotonic()
        self._in_flight += 1
        try:
            async with aclosing(stream):
                async for step in stream:
                    output = step
        except Exception as error:
            raise self._failure(error) from None
        finally:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._busy_seconds += time.monotonic() - self._busy_since
        return self._completion(output, kept)

    async def close(self) -> None:
        """Ends vLLM's processes and gives their memory back."""
        process, self._process, self._llm = self._process, None, None
        if process is not None:
            await process.close()

    def counters(self) -> Mapping[str, float]:
        """Tokens in and out, prompt tokens that the prefix cache served, and the seconds during
        which vLLM had at least one request."""
        now = time.monotonic() - self._busy_since if self._in_flight else 0.0
        counts = {name: float(self._counts[name]) for name in COUNTERS}
        return {**counts, "busy_seconds": self._busy_seconds + now}

    @cached_property
    def _arguments(self) -> dict[str, Any]:
        return engine_arguments(
            self._given,
            own_context_length(self._folder),
            self._max_tokens,
            cpu=self._on_cpu,
            quantized=is_quantized(self._folder),
        )

    @property
    def _on_cpu(self) -> bool:
        return "cpu" in vllm_version()

    @cached_property
    def stop_token_ids(self) -> tuple[int, ...]:
        return () if self._turn_end is None else (self._turn_end,)

    def _completion(self, output: Any, kept: Kept) -> Completion:
        if output is None or not output.finished:
            raise RunError("vLLM ended a request without an answer")
        answer = output.outputs[0]
        finish = finished_by(answer.finish_reason)
        if finish is None:
            raise RunError(
                f"vLLM ended a request with {answer.finish_reason!r}; what is finished is kept: "
                "repeat the same command"
            )
        prompt_tokens, generated = len(output.prompt_token_ids), len(answer.token_ids)
        self._counts["requests"] += 1
        self._counts["prompt_tokens"] += prompt_tokens
        self._counts["generated_tokens"] += generated
        self._counts["prefix_cache_hit_tokens"] += output.num_cached_tokens or 0
        completion = Completion(answer.text, finish, prompt_tokens, generated)
        return self._continued(completion, kept, answer.token_ids)

    def _failure(self, error: Exception, what: str = "vLLM failed on a request") -> RunError:
        from vllm.v1.engine.exceptions import EngineDeadError

        if isinstance(error, EngineDeadError) and self._process is not None:
            return self._process.failure("vLLM's engine died", error)
        cause = error.__cause__ or error
        return RunError(f"{what}: {type(cause).__name__}: {cause}")


@cache
def sampling_params(sampling: Sampling, stop_token_ids: tuple[int, ...], skip_special: bool) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    fields = sampling.told()  # whose names are vLLM's, but for one
    if (budget := fields.pop("thinking_budget", None)) is not None:
        fields["thinking_token_budget"] = budget
    return SamplingParams(
        n=1,
        **{**fields, "stop": list(sampling.stop)},
        min_tokens=0,
        presence_penalty=0.0,
        frequency_penalty=0.0,
        stop_token_ids=list(stop_token_ids),
        ignore_eos=False,
        skip_special_tokens=skip_special,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )
