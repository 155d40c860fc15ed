"""Whatever is typed behind a verb is taken or refused in lines, by no exception of a library."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.words import overrides
from orca_eval.errors import InputError
from orca_eval.verbs.run import sweep

KEYS = (
    *("suite", "model", "model.path", "engine", "engine.x", "prompt", "limit", "sampling"),
    *("suite.benchmarks", "suite.averages", "results_dir", "data.root", "judge.model", "fresh"),
    *("--suite", "--tasks", "--model_args", "--gen_kwargs", "-n", "+limit", "~limit", "engine."),
    *("conf.path", "model.chat_template_kwargs", "engine.a.b", "hydra.run.dir", "", "a b", ".x"),
)
PARTS = (
    *("a", "5", "-1", "1e400", "null", "true", "gsm8k", "mmlu/anatomy", "~/x", "/", ".", "é", " "),
    *("'", '"', "\\", "\n", "\0", "\udcff", ",", "=", ":", "${", "}", "${limit}", "${oc.env:A}"),
    *("[", "]", "{", "}", "(", ")", "glob(*)", "choice(", "range(1,3)", "@", "*", "x" * 300),
)
VALUES = st.lists(st.sampled_from(PARTS), max_size=6).map("".join)
WORDS = st.tuples(st.sampled_from(KEYS), st.sampled_from(["=", "=", "=", "", " "]), VALUES)
ODD = (
    *("engine={name:vllm}", "limit=" + "[" * 3000, "limit=" + "9" * 5000, "limit=interval(1,3)"),
    *("engine.x=" + "{a:" * 3000, "engine." + "a." * 2000 + "b=1", "model.path=" + "a/" * 5000),
    *("conf.path=" + "a" * 5000, "suite=" + "a" * 100_000, "model=glob(*,exclude=[", "=", "--"),
)


def refusal(words: list[str], *, several: bool) -> str | None:
    """What is said of the words of one run, or of several; None where they are taken."""
    try:
        found = overrides("run", ["-m", *words] if several else words)
        for run in (sweep(found[1:]) if several else [found])[:2]:
            run_config(compose_verb("run", run))
    except InputError as error:
        return str(error)
    return None


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("word", ODD, ids=lambda word: word[:20])
def test_odd_words_are_taken_or_refused(word: str, several: bool) -> None:
    assert refusal([word], several=several) != ""


@settings(deadline=None, max_examples=80)
@given(st.lists(WORDS.map("".join), min_size=1, max_size=3), st.booleans())
def test_any_words_are_taken_or_refused(words: list[str], several: bool) -> None:
    assert refusal(words, several=several) != ""
