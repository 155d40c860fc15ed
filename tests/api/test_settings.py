"""A program's settings reach the config as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from orca_eval.config.compose import compose_verb
from orca_eval.config.overrides import parse, written

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None)
@given(TEXTS.filter(lambda text: "${" not in text))
def test_a_text_is_that_text(text: str) -> None:
    (override,) = parse(written({"prompt": {"system_message": text}}))
    assert override.value == text


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ({"limit": None}, "limit", None),
        ({"limit": 5}, "limit", 5),
        ({"fresh": True}, "fresh", True),
        ({"sampling": {"temperature": 1e-05}}, "sampling.temperature", 1e-05),
        ({"data.root": Path("/a, b")}, "data.root", "/a, b"),
        ({"model": {"path": "x", "revision": "83e2010"}}, "model.revision", "83e2010"),
        ({"suite": {"benchmarks": ("race", "a,b")}}, "suite.benchmarks", ["race", "a,b"]),
        ({"suite": "race"}, "suite.benchmarks", ["race"]),
        ({"engine": {"hf_overrides": {"a": [1, None]}}}, "engine.hf_overrides", {"a": [1, None]}),
        ({"engine.note": "1.5"}, "engine.note", "1.5"),
        ({"engine.model": "null"}, "engine.model", "null"),
    ],
)
def test_a_value_keeps_its_type(setting: dict[str, Any], path: str, value: object) -> None:
    found: Any = compose_verb("run", written(setting))
    for key in path.split("."):
        found = found[key]
    assert found == value
    assert type(found) is type(value)
