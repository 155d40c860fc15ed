"""The command line: every mistake is one line that names the nearest valid thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import name_of_path, run_config
from orca_eval.config.schema import RunConfig
from orca_eval.errors import InputError
from orca_eval.verbs.run import sweep


def config(*overrides: str) -> RunConfig:
    return run_config(compose_verb("run", overrides))


def test_the_defaults_are_the_embedded_model_greedy_on_the_quickstart_items() -> None:
    run = config()
    assert (run.engine.name, run.suite.name, run.prompt.name) == (
        "llama_cpp",
        "quickstart",
        "empty",
    )
    assert run.sampling.temperature == 0
    assert run.sampling.max_tokens == 256
    assert config("suite=orca2_core").sampling.max_tokens == 1024
    assert config("suite=orca2_core", "max_tokens=32").sampling.max_tokens == 32


def test_a_benchmark_is_a_suite_by_its_name() -> None:
    assert config("suite=gsm8k").suite.benchmarks == ("gsm8k",)
    assert config("suite=lm_eval:bbh_zeroshot_navigate").suite.benchmarks == (
        "lm_eval:bbh_zeroshot_navigate",
    )
    assert config("suite.benchmarks=[race,drop]").suite.name == "race+drop"


def test_a_path_alone_is_another_model_and_not_the_default_under_a_wrong_name(
    tmp_path: Path,
) -> None:
    checkpoint = tmp_path / "out" / "checkpoint-100"
    checkpoint.mkdir(parents=True)
    run = config(f"model.path={checkpoint}")
    assert run.model.name == "out-checkpoint-100"
    assert config("model.path=org/some-model").model.name == "some-model"
    assert name_of_path("org/some-model") == "some-model"


def test_any_engine_argument_goes_to_the_engine() -> None:
    run = config("engine=vllm", "engine.tensor_parallel_size=2", "engine.no_such_thing=1")
    assert run.engine.args["tensor_parallel_size"] == 2
    assert run.engine.args["no_such_thing"] == 1  # the engine refuses it, naming its own


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["limt=3"], ["limt", "limit"]),
        (["modle=x"], ["modle", "model"]),
        (["model=smolm2-135m-instruct"], ["model", "smollm2-135m-instruct"]),
        (["prompt=[empty,cautious]"], ["prompt", "one value"]),
        (["suite=[gsm8k,race]"], ["suite", "one value"]),
        (["model="], ["model", "empty"]),
        (["limit=-3"], ["limit=-3", "at least 1"]),
        (["limit=some"], ["limit=some", "whole number"]),
        (["sampling.temperature=hot"], ["sampling.temperature=hot"]),
        (["sampling.n=4"], ["sampling.n", "temperature"]),
        (["fresh=maybe"], ["fresh=maybe", "true or false"]),
        (["over_long=cut"], ["over_long=cut", "shrink"]),
        (["engine.api_key=sk-123"], ["engine.api_key", "api_key_env"]),
        (["limit"], ["limit", "key=value"]),
        (["limit=[1"], ["limit=[1", "whole number"]),
        (["limit=1,2"], ["limit=1,2", "-m"]),
        (["results_dir=${nothing}"], ["nothing"]),
    ],
)
def test_a_mistake_is_named(overrides: list[str], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        config(*overrides)
    for word in words:
        assert word in str(caught.value)
    assert "sk-123" not in str(caught.value)


def test_all_mistakes_come_together() -> None:
    with pytest.raises(InputError) as caught:
        config("limt=3", "engine=vlm", "prompt=cautios")
    assert len(str(caught.value).splitlines()) == 3
    with pytest.raises(InputError) as caught:
        config("limit=0", "max_tokens=0", "fresh=2")
    assert len(str(caught.value).splitlines()) == 3


def test_sweep_is_hydras() -> None:
    assert sweep(["model=a,b", "prompt=x", "limit=1,2"]) == [
        ["model=a", "prompt=x", "limit=1"],
        ["model=a", "prompt=x", "limit=2"],
        ["model=b", "prompt=x", "limit=1"],
        ["model=b", "prompt=x", "limit=2"],
    ]
