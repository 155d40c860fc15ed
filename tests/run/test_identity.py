"""Everything that decides a printed number makes another run, or the finished one is made anew."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from orca_eval.benchmarks.load import load_benchmark
from orca_eval.benchmarks.types import Benchmark
from orca_eval.cli import main
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.config.schema import Average, RunConfig
from orca_eval.results.manifest import checked
from orca_eval.run.identity import changes, find_folder, scope

from .fakes import FakeEngine


class Answering(FakeEngine):
    """An engine whose identity holds the model's own fields, as a real one's does."""

    def __init__(self, config: RunConfig, weights: str = "w") -> None:
        super().__init__()
        self._of = {"args": dict(config.engine.args), "engine": config.engine.name, "w": weights}
        self._of |= {"template": config.model.chat_template}
        self._of |= {"kwargs": dict(config.model.chat_template_kwargs)}

    def identity(self) -> Mapping[str, Any]:
        return self._of


BASE = run_config(compose_verb("run", ["model.path=m", "suite=orca2_core", "engine=vllm"]))
CRASS = load_benchmark("crass", None, quickstart=True)


def folder(config: RunConfig, benchmark: Benchmark = CRASS, weights: str = "w") -> Path:
    return find_folder(config, Answering(config, weights), [benchmark])


def manifest_of(config: RunConfig, benchmark: Benchmark) -> dict[str, Any]:
    keys = ("content_sha256", "aggregate", "alias")
    return {
        "suite": config.suite.name,
        "model": {"name": config.model.name, "parameters": config.model.parameters},
        "prompt": {"name": config.prompt.name},
        "averages": [
            {"name": a.name, "benchmarks": list(a.benchmarks)} for a in config.suite.averages
        ],
        "benchmarks": {benchmark.id: {key: getattr(benchmark, key) for key in keys}},
    }


# Where a run lies, when it ends a request, and what it may do: none of them decides a number.
FREE = {"results_dir", "fresh", "allow_code", "stall_seconds", "root", "trust_remote_code"}
FREE |= {"quickstart", "api_key_env", "max_tokens", "benchmarks"}  # data and sampling hold these
FREE |= {"failed_share", "preflight"}  # whether there are numbers at all
FREE |= {"thinks"}  # which decides max_tokens
FREE |= {"continue_cut"}  # how the same replies are come by
FREE |= {"tracker"}  # who is told of the scores
FREE |= {"replicas"}  # other servers of the same model
FREE |= {"chosen"}  # where a strategy comes from, which moves no reply
FREE |= {"judge"}  # where no task asks one; see test_judged.py
other_texts = st.text(st.characters(codec="ascii"), min_size=1, max_size=5).map(lambda t: f"x{t}")


def another(name: str, value: object) -> st.SearchStrategy[Any]:
    """Another value of a config's field."""
    if name == "over_long":
        return st.sampled_from(["skip", "shrink"])
    if name == "stop":
        return st.just(("x",))
    if name == "averages":
        names = st.tuples(st.just("crass"), st.just("gsm8k"))
        return st.builds(lambda n, b: (Average(n, b),), other_texts, names)
    if isinstance(value, Mapping):
        return st.dictionaries(st.sampled_from(["a", "b"]), st.booleans(), min_size=1)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return st.integers(5, 9)
    return st.integers(5, 9) if name in ("limit", "parameters") else other_texts


def paths(config: Any, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every field of a config, of its inner ones too."""
    found = []
    for field in dataclasses.fields(config):
        value, path = getattr(config, field.name), (*at, field.name)
        if path == ("price",):
            continue  # what is paid
        if dataclasses.is_dataclass(value):
            found += paths(value, path)
        elif path == ("tasks", "path") or path == ("tasks", "path"):
            continue  # the benchmarks' own content decides
        elif path in (("suite", "n"), ("suite", "temperature")):
            continue  # sampling holds these
        elif field.name not in FREE or path == ("sampling", "max_tokens"):
            found.append(path)
    return found


def changed(config: Any, path: tuple[str, ...], value: object) -> Any:
    head, *rest = path
    inner = changed(getattr(config, head), tuple(rest), value) if rest else value
    return replace(config, **{head: inner})


@given(st.data())
def test_another_value_of_any_field_is_another_run(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths(BASE)))
    old: Any = BASE
    for part in path:
        old = getattr(old, part)
    config = changed(BASE, path, data.draw(another(path[-1], old).filter(lambda new: new != old)))
    told = changes(checked(manifest_of(BASE, CRASS), Path("manifest.json")), config, [CRASS])
    assert folder(config) != folder(BASE) or told


@pytest.mark.parametrize(
    "other",
    [
        {"data_sha256": "x"},
        {"content_sha256": "x"},
        {"aggregate": "mean_of_tasks"},
        {"alias": "x"},
        {"tasks": tuple(replace(task, version="x") for task in CRASS.tasks)},
    ],
)
def test_another_task_or_data_is_another_run(other: dict[str, Any]) -> None:
    benchmark = replace(CRASS, **other)
    told = changes(checked(manifest_of(BASE, CRASS), Path("manifest.json")), BASE, [benchmark])
    assert folder(BASE, benchmark) != folder(BASE) or told


def test_another_model_is_another_run_and_the_same_one_the_same() -> None:
    assert folder(BASE, weights="v") != folder(BASE)
    assert not changes(checked(manifest_of(BASE, CRASS), Path("manifest.json")), BASE, [CRASS])
    old = {"benchmarks": {"crass": {}}}  # written before there was anything to compare
    assert not changes(checked(old, Path("manifest.json")), BASE, [CRASS])


def test_a_task_from_outside_with_another_prompt_or_gold_lies_elsewhere() -> None:
    outside = replace(CRASS, id="lm_eval:x")
    assert folder(BASE, outside) != folder(BASE, replace(outside, content_sha256="y"))


def test_the_shipped_averages_leave_a_folder_where_it_was() -> None:
    for suite in ("orca2_core", "quickstart", "orca2_reasoning", "orca2_knowledge", "mmlu"):
        config = run_config(compose_verb("run", ["model.path=m", f"suite={suite}"]))
        engine = Answering(config)
        where = find_folder(config, engine, [CRASS])
        assert scope(config, engine, [CRASS], None).split()[0] == where.name


def test_content_holds_prompt_and_gold(monkeypatch: pytest.MonkeyPatch) -> None:
    from orca_eval.benchmarks import load

    make = load._doc

    def edited(*args: Any) -> Any:
        *rest, item, order = args
        return make(*rest, {**item, "prompt": f"{item['prompt']} Think."}, order)

    monkeypatch.setattr(load, "_doc", edited)
    other = load_benchmark("crass", None, quickstart=True)
    assert other.data_sha256 == CRASS.data_sha256
    assert other.content_sha256 != CRASS.content_sha256


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "###Final answer: {B}"}) + "\n")
    return [
        *("run", "engine=replay", f"engine.script={script}", f"results_dir={tmp_path / 'out'}"),
        *("suite.benchmarks=[crass,gsm8k]", "suite.quickstart=true", "report.samples=false"),
    ]


def averages(tmp_path: Path) -> list[list[str]]:
    found = (tmp_path / "out").glob("*/*/manifest.json")
    return sorted([a["name"] for a in json.loads(p.read_text())["averages"]] for p in found)


def test_other_averages_are_printed_and_ask_for_no_answer_again(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 0
    capsys.readouterr()
    assert main([*command, "suite.averages=[{name: Mine, benchmarks: [crass, gsm8k]}]"]) == 0
    out = capsys.readouterr()
    assert "Mine" in out.out
    assert "finished" not in out.err
    assert averages(tmp_path) == [[], ["Mine"]]
    for path in (tmp_path / "out").glob("*/*/manifest.json"):
        samples = json.loads(path.read_text())["samples"]
        assert samples["reused"] in (0, samples["total"])


def test_an_edited_task_of_ours_is_made_anew(
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from orca_eval.benchmarks import load

    assert main(command) == 0
    make = load._doc

    def edited(*args: Any) -> Any:
        *rest, item, order = args
        return make(*rest, {**item, "prompt": f"{item['prompt']} Think."}, order)

    monkeypatch.setattr(load, "_doc", edited)
    capsys.readouterr()
    assert main(command) == 0
    assert "changed since this run: the task crass, the task gsm8k" in capsys.readouterr().err
    assert main(command) == 0
    assert "this run is finished" in capsys.readouterr().err


TASK = """
task: my_task
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
output_type: generate_until
doc_to_text: "Q: {{q}}"
doc_to_target: "{{a}}"
generation_kwargs: {until: []}
metric_list: [{metric: exact_match}]
"""


def test_an_edited_task_from_outside_is_another_run_and_the_gate_does_not_pair_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.jsonl").write_text('{"q": "one", "a": "1"}\n{"q": "two", "a": "2"}\n')
    Path("script.jsonl").write_text(json.dumps({"default": True, "text": "1"}) + "\n")
    command = ["run", "engine=replay", "engine.script=script.jsonl", "allow_code=true"]
    command += ["suite.benchmarks=[task.yaml]", "report.samples=false"]
    task = TASK.replace("DATA", str(tmp_path / "data.jsonl"))
    runs: list[str] = []
    for edited in (task, task.replace("Q: ", "Question: "), task.replace('"{{a}}"', '"x{{a}}"')):
        Path("task.yaml").write_text(edited)
        assert main(command) == 0
        runs += sorted({str(p.parent) for p in Path("results").glob("*/*/manifest.json")} - {*runs})
    assert len(runs) == 3
    for other in runs[1:]:
        capsys.readouterr()
        assert main(["gate", f"baseline={runs[0]}", f"candidate={other}"]) == 3
        assert "content_sha256" in capsys.readouterr().err
