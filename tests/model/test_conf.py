"""The models and prompts that ship in conf/ are whole, and say what the papers say."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.model.template import ChatTemplate, template_source
from orca_eval.paths import CONF

MODELS = sorted(file.stem for file in (CONF / "model").glob("*.yaml") if file.stem != "custom")
PROMPTS = sorted(file.stem for file in (CONF / "prompt").glob("*.yaml"))
SHARED = Path(os.environ.get("ORCA_EVAL_SHARED") or CONF.parent.parent / "shared")
OWN_TEMPLATE = {"smollm2-135m-instruct", "tinyllama-1.1b-chat"}


@pytest.mark.parametrize("name", MODELS)
def test_model_composes_under_its_own_name_with_a_template(name: str) -> None:
    model = run_config(compose_verb("run", [f"model={name}"])).model

    assert model.name == name
    assert (model.chat_template is None) == (name in OWN_TEMPLATE)
    if model.chat_template is not None:
        tokens = {"bos_token": "<s>", "eos_token": "</s>"}
        ChatTemplate(template_source(model.chat_template, None, name), tokens)


def test_any_other_model_is_named_after_its_path() -> None:
    model = run_config(compose_verb("run", ["model.path=org/some-model"])).model

    assert (model.name, model.path, model.chat_template) == (
        *("some-model", "org/some-model", None),
    )


@pytest.mark.parametrize("name", PROMPTS)
def test_prompt_composes_under_its_own_name(name: str) -> None:
    prompt = run_config(compose_verb("run", [f"prompt={name}"])).prompt

    assert prompt.name == name
    assert (prompt.system_message == "") == (
        name in ("empty", "none", "orca1_1", "mt_bench_fastchat")
    )
    assert prompt.system_message == prompt.system_message.strip()


def test_prompts_are_the_papers_word_for_word() -> None:
    table = SHARED / "paper" / "orca1_system_messages.csv"
    if not table.is_file():
        pytest.skip(f"{table} is not at hand")
    with table.open(encoding="utf-8", newline="") as file:
        rows = {f"orca1_{row['id']}": row["system_message"] for row in csv.DictReader(file)}

    shipped = {
        name: run_config(compose_verb("run", [f"prompt={name}"])).prompt.system_message
        for name in rows
    }
    assert shipped == rows
