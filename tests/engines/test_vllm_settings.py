"""What the vllm engine decides without vLLM: explanations of failures, lengths, special tokens."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import orca_eval.engines.vllm as vllm_module
from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.checkpoint import (
    own_context_length,
    read_adapter,
    reasoning_marks,
    scales_with_length,
    special_tokens,
    turn_end,
)
from orca_eval.engines.vllm import VllmEngine
from orca_eval.engines.vllm_arguments import (
    check_names,
    engine_arguments,
    text_arguments,
)
from orca_eval.engines.vllm_failure import explain
from orca_eval.errors import InputError
from orca_eval.model.template import ChatTemplate
from orca_eval.types import Request, Sampling

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
    "{% else %} {{ m.content }} </s>{% endif %}{% endfor %}"
)
HARMONY = (
    "{% for m in messages %}<|start|>{{ m.role }}"
    "{% if m.role == 'assistant' %}<|channel|>final{% endif %}<|message|>{{ m.content }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)
HARMONY_TOKENS = {
    "<|endoftext|>": 199999,
    "<|return|>": 200002,
    "<|channel|>": 200005,
    "<|start|>": 200006,
    "<|end|>": 200007,
    "<|message|>": 200008,
    "<|call|>": 200012,
}


@pytest.mark.parametrize(
    ("log", "says"),
    [
        (
            "ValueError: Free memory on device cuda:0 (11.2/23.7 GiB) on startup is less than "
            "desired GPU memory utilization (0.9, 21.33 GiB). Decrease GPU memory utilization",
            "lower engine.gpu_memory_utilization from 0.9 to 0.46",
        ),
        (
            "ValueError: Available memory on node 0 (4.58/19.21 GiB) on startup is less than "
            "desired CPU memory utilization (0.3, 5.77 GiB). On the CPU backend",
            "only 4.58 of 19.21 GiB of memory are free: lower engine.gpu_memory_utilization "
            "from 0.3 to 0.22",
        ),
        (
            "ValueError: Available memory on node 0 (9.41/11.71 GiB) on kv cache allocation is "
            "less than requested memory for kv (-0.46/0.76 GiB). Reduce CPU memory",
            "raise engine.gpu_memory_utilization to at least 0.16",
        ),
        (
            "ValueError: To serve at least one request with the model's max seq len (32768), "
            "(16.0 GiB KV cache is needed, which is larger than the available KV cache memory "
            "(5.5 GiB). Based on the available memory, the estimated maximum model length is "
            "11264. Try increasing",
            "lower engine.max_model_len from 32768 to 11264, or raise",
        ),
        (
            "ValueError: No available memory for the cache blocks. Try increasing",
            "raise engine.gpu_memory_utilization from 0.5, quantize, or spread it",
        ),
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.25 GiB. GPU 0 has",
            "out of memory (tried to allocate 1.25 GiB): lower engine.gpu_memory_utilization from "
            "0.5 to 0.40, or engine.max_num_seqs from 256 to 128",
        ),
        (
            "ERROR Failed to load model - not enough GPU memory. Try lowering --gpu-memory-"
            "utilization (original error: CUDA out of memory. Tried to allocate 270.00 MiB.)",
            "the weights do not fit into the GPU's memory: halve them with engine.quantization=fp8",
        ),
        (
            "ERROR foo\n(EngineCore pid=1) ERROR 11-22 [core.py:1] KeyError: 'lm_head.weight'\n"
            "Exception: WorkerProc initialization failed due to an exception in a background\n",
            "KeyError: 'lm_head.weight'",
        ),
    ],
)
def test_a_failure_names_the_setting_and_its_value(log: str, says: str) -> None:
    line = explain(log, utilization=0.5, max_num_seqs=256)
    assert line is not None
    assert says in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "log", ["", "all is well", "RuntimeError: Engine core initialization failed. See root cause"]
)
def test_a_log_without_a_cause_explains_nothing(log: str) -> None:
    assert explain(log, utilization=0.5, max_num_seqs=256) is None


def test_defaults_come_from_the_hardware_and_the_model() -> None:
    cpu = engine_arguments({"dtype": None, "show_logs": True}, 8192, 256, cpu=True)
    assert cpu == {
        "dtype": "float32",
        "gpu_memory_utilization": 0.3,
        "enforce_eager": True,
        "enable_prefix_caching": True,
        "use_tqdm_on_load": False,
        "max_model_len": 7424,
    }
    gpu = engine_arguments({"enforce_eager": True}, 4096, 1024, cpu=False)
    assert gpu["gpu_memory_utilization"] == 0.9
    assert gpu["dtype"] == "auto"
    assert gpu["max_model_len"] == 4096
    assert gpu["enforce_eager"]
    assert "max_model_len" not in engine_arguments({}, None, 1024, cpu=False)


def test_quantized_weights_and_a_given_dtype_are_left_as_they_are() -> None:
    assert engine_arguments({}, 4096, 256, cpu=True, quantized=True)["dtype"] == "auto"
    assert engine_arguments({"quantization": "awq"}, 4096, 256, cpu=True)["dtype"] == "auto"
    assert engine_arguments({"dtype": "bfloat16"}, 4096, 256, cpu=True)["dtype"] == "bfloat16"


def test_placement_is_not_identity_but_any_other_argument_is() -> None:
    base = text_arguments({})
    assert base == {"dtype": "auto", "quantization": None, "kv_cache_dtype": "auto"}
    placed = {"tensor_parallel_size": 4, "enforce_eager": True, "gpu_memory_utilization": 0.5}
    assert text_arguments(placed) == base
    assert text_arguments({"hf_overrides": {"rope_theta": 1.0}}) != base
    assert text_arguments({"quantization": "fp8"}) != base


def test_sums_in_one_order_are_another_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    base = text_arguments({})
    monkeypatch.setenv("VLLM_BATCH_INVARIANT", "1")
    assert text_arguments({}) == base | {"batch_invariant": True}


def write(folder: Path, **files: Any) -> Path:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("files", "length"),
    [
        ({}, None),
        ({"config": {"max_position_embeddings": 4096}}, 4096),
        ({"config": {"text_config": {"max_position_embeddings": 512}}}, 512),
        (
            {
                "config": {"max_position_embeddings": 4096},
                "tokenizer_config": {"model_max_length": 2048},
            },
            2048,
        ),
        (
            {
                "config": {"n_positions": 1024},
                "tokenizer_config": {"model_max_length": 1000000000000000019884624838656},
            },
            1024,
        ),
    ],
)
def test_the_models_own_length(tmp_path: Path, files: dict[str, Any], length: int | None) -> None:
    assert own_context_length(write(tmp_path, **files)) == length


@pytest.mark.parametrize(
    ("config", "scales"),
    [
        ({}, False),
        ({"rope_scaling": {"rope_type": "linear", "factor": 2.0}}, False),
        ({"rope_scaling": {"type": "longrope"}}, True),
        ({"rope_parameters": {"rope_type": "longrope"}}, True),
    ],
)
def test_the_context_length_decides_the_text_of_some_models(
    tmp_path: Path, config: dict[str, Any], scales: bool
) -> None:
    assert scales_with_length(write(tmp_path, config=config)) == scales


def test_special_tokens_come_from_any_of_the_three_files(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        added_tokens={"<|im_end|>": 32001},
        tokenizer_config={
            "added_tokens_decoder": {
                "2": {"content": "</s>", "special": True},
                "9": {"content": "word", "special": False},
            }
        },
        tokenizer={"added_tokens": [{"id": 1, "content": "<s>", "special": True}]},
    )
    assert special_tokens(folder) == {"<|im_end|>": 32001, "</s>": 2, "<s>": 1}


@pytest.mark.parametrize(
    ("template", "special", "end"),
    [
        (CHATML, {"<|im_end|>": 5, "</s>": 2}, 5),
        (CHATML, {"<|im_end|>": 5, "<|im_end|>\n": 6}, 6),
        (CHATML, {"</s>": 2}, None),
        (LLAMA, {"</s>": 2, "<s>": 1}, 2),
        (HARMONY, HARMONY_TOKENS, 200002),  # <|end|> also closes the reasoning before an answer
        (HARMONY, {"<|end|>": 5}, None),
        ("{{ messages[0].content }}", {"</s>": 2}, None),
        (
            "{% if messages|length > 1 %}{{ raise_exception('no') }}{% endif %}"
            "{{ messages[0].content }}",
            {"</s>": 2},
            None,
        ),
    ],
)
def test_the_end_of_a_turn_is_learnt_from_the_template(
    template: str, special: dict[str, int], end: int | None
) -> None:
    chat = ChatTemplate(template)
    assert turn_end(chat, special) == end
    assert chat.notes == ()


@pytest.mark.parametrize(
    ("special", "marks"),
    [
        (HARMONY_TOKENS, ["<|channel|>", "<|message|>"]),
        (["<s>", "[INST]", "[THINK]", "[/THINK]"], ["[THINK]", "[/THINK]"]),
        (["<|im_end|>", "<think>", "</think>"], ["<think>", "</think>"]),
        (["<seed:bos>", "<seed:think>", "◁/think▷"], ["<seed:think>", "◁/think▷"]),
        (["<|begin_of_text|>", "<|begin_of_thought|>"], ["<|begin_of_thought|>"]),
        (["<|open|>", "<|sep|>", "<|close|>"], ["<|open|>", "<|sep|>", "<|close|>"]),
        (["[", "]", "<", "o", "think", "final", "<|sep|>"], []),
        (["", "<s>", "</s>", "<|endoftext|>", "<|im_start|>", "<end_of_turn>"], []),
    ],
)
def test_the_marks_of_reasoning_among_special_tokens(special: Any, marks: list[str]) -> None:
    assert reasoning_marks(special) == marks


@pytest.mark.parametrize(
    ("template", "special", "asked"),
    [
        (CHATML, {"<|im_end|>": 5, "</s>": 2}, ((5,), True)),
        (HARMONY, HARMONY_TOKENS, ((200002,), False)),
    ],
)
def test_reasoning_and_its_marks_are_generated_and_kept(
    template: str, special: dict[str, int], asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = VllmEngine(ModelConfig("m", "m"), EngineConfig("vllm"), 64)
    tested.__dict__["_special"] = special
    tested.__dict__["tokenizer"] = SimpleNamespace(template=ChatTemplate(template))

    async def generate(_prompt: Any, sampling: Any, _id: str, **_more: Any) -> AsyncIterator[Any]:
        assert sampling == asked
        answer = SimpleNamespace(text="4", finish_reason="stop", token_ids=[1])
        yield SimpleNamespace(
            finished=True, outputs=[answer], prompt_token_ids=[1], num_cached_tokens=0
        )

    monkeypatch.setattr(vllm_module, "sampling_params", lambda _sampling, *given: given)
    tested._llm = SimpleNamespace(generate=generate)
    request = Request("k", (), Sampling(), "p", [1])
    assert asyncio.run(tested.generate(request)).text == "4"


def test_an_adapter_has_a_rank_and_an_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(InputError, match="not a LoRA adapter's folder"):
        read_adapter(str(tmp_path))
    write(tmp_path, adapter_config={"r": 8})
    with pytest.raises(InputError, match=r"no adapter_model\.safetensors"):
        read_adapter(str(tmp_path))
    weights = tmp_path / "adapter_model.safetensors"
    weights.write_bytes(b"one")
    first = read_adapter(str(tmp_path))
    assert first.rank == 8
    weights.write_bytes(b"another")
    assert read_adapter(str(tmp_path)).sha256 != first.sha256
    write(tmp_path, adapter_config={"r": 8, "use_dora": True, "bias": "all"})
    with pytest.raises(InputError, match="vLLM can't run an adapter with use_dora, bias"):
        read_adapter(str(tmp_path))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config\.json can't be read as JSON"):
        own_context_length(tmp_path)


@pytest.mark.parametrize(
    "arguments", [{"hf_config_path": "other"}, {"load_format": "pt"}, {"load_format": "tensorizer"}]
)
def test_files_that_the_identity_does_not_cover_are_not_loaded(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="identity"):
        check_names(arguments)
