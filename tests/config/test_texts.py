"""A text key's value is what was typed, through every verb, sweep, list and file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, strategies as st
from omegaconf import OmegaConf

from orca_eval.cli import main
from orca_eval.config import overrides as ov, texts
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.errors import InputError
from orca_eval.verbs import leaderboard
from orca_eval.verbs.run import sweep

AWKWARD = [
    *("83e2010", "91e4433", "1.10", "yes", "true", "0x10", "12_3", "1e3", "2024_10_01", "5e12345"),
    *("a=b", "a,b", "ü", "模型", "$X", "{a}", "[a]", "a b", " a", "a ", "it's", 'a"b', "~x", "nan"),
    *("a\\", "a\\'b", "a: b", "a#b", "choice(a)", "007", "-1", "+1", "inf", "None", "Null", "%s"),
    *("a\\\\'", "(", ")", "]", "a}b", "glob(*)", "'", '"', "@a", "1_000.5", "!x", "?"),
]
typed = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1)


def as_hydra_reads(override: str) -> object:
    (parsed,) = ov.parse([override])
    return parsed.value


@pytest.mark.parametrize("value", AWKWARD)
def test_an_awkward_text_is_what_was_typed(value: str) -> None:
    keys = ("model.path", "model.revision", "results_dir", "data.root")
    config = run_config(compose_verb("run", [f"{key}={value}" for key in keys]))
    assert (config.model.path, config.model.revision) == (value, value)
    assert (str(config.results_dir), str(config.data.root)) == (value, value)
    for key in sorted((texts.OPTIONAL | texts.REQUIRED) - {"engine.api_key_env"}):
        assert as_hydra_reads(f"++{key}={value}") == value


KEYS_OF_VERBS = {
    "gate": ("baseline", "candidate", "out"),
    "report": ("baseline", "from", "out"),
    **dict.fromkeys(("rescore", "audit", "baseline"), ("run",)),
    "leaderboard": ("baseline", "out", "data.root"),
    "show": ("task", "model.path"),
    "check": ("model.path", "model.revision"),
}


@pytest.mark.parametrize("verb", KEYS_OF_VERBS)
@pytest.mark.parametrize("value", ["1.10", "83e2010", "a,b", "{a}"])
def test_every_verb_takes_a_text_as_typed(verb: str, value: str) -> None:
    rest = ["models=x"] if verb == "leaderboard" else []
    composed = compose_verb(verb, [*(f"{key}={value}" for key in KEYS_OF_VERBS[verb]), *rest])
    for key in KEYS_OF_VERBS[verb]:
        found: object = composed
        for part in key.split("."):
            assert isinstance(found, dict)
            found = found[part]
        assert found == value


@given(typed)
def test_any_text_is_what_was_typed(value: str) -> None:
    if "${" not in value and not texts.QUOTED.fullmatch(value):
        assert as_hydra_reads(f"model.path={value}") == value
    if "${" not in value:
        assert as_hydra_reads(f"model.path={texts.quoted(value)}") == value
        assert as_hydra_reads(f"models=[{texts.quoted(value)},b]") == [value, "b"]


def test_null_is_no_value_where_there_may_be_none_and_a_text_where_it_is_quoted() -> None:
    def model(*overrides: str) -> tuple[str, str | None]:
        found = run_config(compose_verb("run", overrides)).model
        return found.path, found.revision

    assert model("model.path=null", "model.revision=null") == ("null", None)
    assert model("model.path=m", "model.revision='null'") == ("m", "null")
    assert model("model.path=m", 'model.revision="1.10"') == ("m", "1.10")


def test_a_list_holds_what_was_typed() -> None:
    def models(value: str) -> object:
        return as_hydra_reads(f"models={value}")

    assert models("[83e2010,1.10, null]") == ["83e2010", "1.10", "null"]
    assert models("1.10,模型") == ["1.10", "模型"]
    assert models("['a,b',it's,\"c\"]") == ["a,b", "it's", "c"]
    assert models("out/ckpt-[12]*") == ["out/ckpt-[12]*"]
    assert models("[]") == []


def test_a_sweep_runs_what_was_typed() -> None:
    runs = sweep(["model.path=m", "model.revision=83e2010,1.10,'a,b',null", "limit=1,2"])
    read = [run_config(compose_verb("run", run)) for run in runs]
    assert [(r.model.revision, r.limit) for r in read] == [
        (revision, limit) for revision in ("83e2010", "1.10", "a,b", None) for limit in (1, 2)
    ]
    assert sweep(["model.revision=choice(1e3,2e3)"]) == [
        ["model.revision=1e3"],
        ["model.revision=2e3"],
    ]


def test_a_sweep_over_a_groups_choices_by_a_pattern() -> None:
    assert sweep(["suite=glob(orca2_*)"]) == [
        [f"suite={name}"] for name in ov.groups()["suite"] if name.startswith("orca2_")
    ]
    for override in ("suite=glob(nothing*)", "limit=glob(*)", "limit=interval(1,2)"):
        with pytest.raises(InputError):
            sweep([override])


def test_a_number_in_a_file_is_refused_where_a_text_is_wanted() -> None:
    composed = compose_verb("run", ["model.path=m"])
    composed["model"]["revision"] = float("inf")
    with pytest.raises(InputError, match="quotes"):
        run_config(composed)


@pytest.mark.parametrize("average", ["1", "{name: 1.5, benchmarks: [mmlu]}", "{benchmarks: 3}"])
def test_an_average_of_another_shape_is_named(average: str) -> None:
    with pytest.raises(InputError, match=r"suite\.averages"):
        run_config(compose_verb("run", ["suite=orca2_core", f"suite.averages=[{average}]"]))


def test_a_leaderboards_model_may_have_any_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lb" / "模型" / "7B").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for pattern in ("lb/*/7B", "['lb/*/7B']", "lb/模型/7B", "[lb/模型/7B]"):
        (run,) = leaderboard.models_of(compose_verb("leaderboard", [f"models={pattern}"]))
        assert run_config(compose_verb("run", run)).model.path == "lb/模型/7B"
    with pytest.raises(InputError, match="'lb/不在/7B' does not exist"):
        leaderboard.models_of(compose_verb("leaderboard", ["models=lb/不在/7B"]))


@pytest.mark.parametrize(
    ("typed", "value"),
    [("2024_10_01", "2024_10_01"), ("5e12345", "5e12345"), ("0.9", 0.9), ("8", 8), ("1e3", 1e3)],
)
def test_an_engines_own_argument_is_no_other_number_than_typed(typed: str, value: object) -> None:
    found = run_config(compose_verb("run", ["engine=vllm", f"engine.anything={typed}"]))
    assert found.engine.args["anything"] == value


def test_two_revisions_that_look_like_numbers_are_two_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "The answer is A."}) + "\n")
    shared = ["engine=replay", f"engine.script={script}", "suite.benchmarks=crass"]
    shared += ["suite.quickstart=true", "report.samples=false", "model.path=m"]
    revisions = ("83e2010", "91e4433", "1.10", "1.1")
    for revision in revisions:
        assert main(["run", *shared, f"model.revision={revision}"]) == 0
    runs = [path.parent for path in (tmp_path / "results").glob("*/*/manifest.json")]
    written = [json.loads((run / "manifest.json").read_text())["model"]["revision"] for run in runs]
    assert sorted(written) == sorted(revisions)
    for run, revision in zip(runs, written, strict=True):
        assert yaml.safe_load((run / "config.yaml").read_text())["model"]["revision"] == revision
        # A stricter reader of numbers finds the text too.
        assert OmegaConf.load(run / "config.yaml").model.revision == revision
