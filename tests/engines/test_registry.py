"""Engines by name: the right class, the nearest name, and nothing heavy imported on the way."""

import subprocess
import sys

import pytest

from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.registry import ENGINES, engine_factory
from orca_eval.errors import InputError
from orca_eval.paths import CONF

MODEL = ModelConfig(name="none", path="none")


def test_every_engine_has_a_config() -> None:
    assert {path.stem for path in (CONF / "engine").glob("*.yaml")} == set(ENGINES)


def test_the_factory_makes_the_engine() -> None:
    engine = engine_factory("replay")(MODEL, EngineConfig("replay", args={"script": "s"}), 8)
    assert engine.tokenizer is None


@pytest.mark.parametrize(
    ("name", "says"),
    [("vlm", "did you mean vllm?"), ("llamacpp", "did you mean llama_cpp?"), ("zzz", "there are")],
)
def test_a_wrong_name_is_answered_with_the_nearest(name: str, says: str) -> None:
    with pytest.raises(InputError, match=f"engine={name} is not an engine") as error:
        engine_factory(name)
    assert says in str(error.value)


def test_importing_the_registry_imports_nothing_heavy() -> None:
    heavy = ("torch", "vllm", "aiohttp", "transformers", "lm_eval", "xllamacpp", "pandas", "hydra")
    code = (
        f"import sys, orca_eval.engines.registry\nprint([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
