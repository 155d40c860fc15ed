"""A finished run whose files are damaged: one line from every verb, and the run's own command mends
it from the stored responses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, strategies as st

from orca_eval.cli import main
from orca_eval.errors import InputError
from orca_eval.gate import main_baseline_export, main_gate, policy_from_mapping
from orca_eval.results.manifest import Manifest, checked, read_manifest
from orca_eval.results.run import read_run
from orca_eval.results.samples import COLUMNS, read_frame, read_samples
from orca_eval.results.scores import read_scores
from orca_eval.verbs.audit import audit_run
from orca_eval.verbs.rescore import rescore_run

Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    base = tmp_path_factory.mktemp("damaged")
    script = base / "script.jsonl"
    script.write_text(json.dumps({"default": True, "text": "###Final answer: {B}"}) + "\n")
    call = ["run", "engine=replay", f"engine.script={script}", f"results_dir={base / 'results'}"]
    call += ["suite.benchmarks=[arc_easy,gsm8k]", "suite.quickstart=true", "report.samples=false"]
    assert main(call) == 0
    return call


@pytest.fixture(scope="module")
def finished(command: list[str]) -> Path:
    (_, _, _, results, *_) = command
    (manifest,) = Path(results.split("=")[1]).glob("*/*/manifest.json")
    return manifest.parent


def flipped(name: str, share: float = 0.5) -> Damage:
    """The inversion of 40 bytes at a place in a file."""

    def damage(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        at = int(share * len(data))
        data[at : at + 40] = bytes(byte ^ 0xFF for byte in data[at : at + 40])
        (folder / name).write_bytes(data)

    return damage


def cut(name: str, size: int) -> Damage:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def replaced(name: str, old: str, new: str) -> Damage:
    return lambda folder: (folder / name).write_text(
        (folder / name).read_text().replace(old, new, 1)
    )


def retyped(column: str, values: Callable[[int], pa.Array]) -> Damage:
    def damage(folder: Path) -> None:
        table = pq.read_table(folder / "samples.parquet")
        at = table.column_names.index(column)
        table = table.set_column(at, column, values(len(table)))
        pq.write_table(table, folder / "samples.parquet")

    return damage


DAMAGES: dict[str, Damage] = {
    "samples cut": cut("samples.parquet", 3000),
    "samples empty": cut("samples.parquet", 0),
    "samples flipped": flipped("samples.parquet"),
    "footer flipped": flipped("samples.parquet", 0.99),
    "samples gone": lambda folder: (folder / "samples.parquet").unlink(),
    "scores cut": cut("scores.csv", 30),
    "scores empty": cut("scores.csv", 0),
    "scores flipped": flipped("scores.csv"),
    "scores without a head": replaced("scores.csv", "score", "points"),
    "scores of another encoding": lambda folder: (folder / "scores.csv").write_text("n", "utf-16"),
    "scores with a huge field": replaced("scores.csv", "task", "t" * 200_000),
    "manifest cut": cut("manifest.json", 200),
    "manifest flipped": flipped("manifest.json"),
    "manifest of lists": replaced("manifest.json", '"model": {', '"model": [], "m": {'),
    "manifest without end": lambda folder: (folder / "manifest.json").write_text("[" * 100_000),
    "manifest with a huge number": replaced(
        "manifest.json", '"limit": null', f'"limit": 1{"0" * 999}'
    ),
    "scores as texts": retyped("score", lambda n: pa.array(["1"] * n)),
    "nested answers": retyped("answer", lambda n: pa.array([["A"]] * n)),
    "ids that are no numbers": retyped("doc_id", lambda n: pa.array(["x"] * n)),
    "no names": retyped("task", pa.nulls),
    "names that are no text": retyped(
        "benchmark", lambda n: pa.array([b"\xff"] * n, pa.binary()).view(pa.string())
    ),
    "golds that are no JSON": retyped("golds", lambda n: pa.array(["[["] * n)),
    "golds of another shape": retyped("golds", lambda n: pa.array(["[1]"] * n)),
    "options of another shape": retyped("options", lambda n: pa.array(["[]"] * n)),
    "a kind that is none": retyped("kind", lambda n: pa.array(["riddle"] * n)),
    "evidence without an end": retyped("evidence_end", lambda n: pa.nulls(n, pa.int64())),
    "every sample twice": retyped("doc_id", lambda n: pa.array([1] * n)),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_every_verb_says_so_in_a_line(finished: Path, tmp_path: Path, name: str) -> None:
    run, policy = tmp_path / "run", policy_from_mapping({"others": {"tier": "critical"}})
    shutil.copytree(finished, run)
    DAMAGES[name](run)
    verbs: list[Callable[[], object]] = [
        lambda: rescore_run(str(run)),
        lambda: audit_run(str(run), 50),
        lambda: main_gate(str(finished), str(run), policy, tmp_path),
        lambda: main_baseline_export(str(run), tmp_path),
        lambda: read_run(run),
    ]
    refusals = []
    for verb in verbs:
        try:
            verb()
        except InputError as error:
            refusals.append(str(error))
    assert refusals
    for line in refusals:
        assert "\n" not in line
        assert str(run) in line


MENDED = ("samples flipped", "scores flipped", "manifest of lists", "scores as texts")


@pytest.mark.parametrize("name", MENDED)
def test_the_same_command_mends_it_from_the_store(
    finished: Path, command: list[str], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    samples, scores = read_frame(finished / "samples.parquet"), read_scores(finished)
    DAMAGES[name](finished)
    capsys.readouterr()
    assert main(command) == 0
    assert "the run is made again from its stored responses" in capsys.readouterr().err
    pd.testing.assert_frame_equal(read_frame(finished / "samples.parquet"), samples)
    assert read_scores(finished) == scores
    manifest = read_manifest(finished, whole=True)
    assert manifest.samples["reused"] == len(samples)
    assert main(command) == 0
    assert "this run is finished" in capsys.readouterr().err


def test_a_whole_run_is_read_as_it_was_written(finished: Path) -> None:
    table = read_samples(finished / "samples.parquet")
    plain = pq.read_table(finished / "samples.parquet")
    assert table.column_names == plain.column_names == list(COLUMNS)
    assert table.to_pylist() == plain.to_pylist()


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (pa.array(["a", None]).dictionary_encode(), ["a", None]),
        (pa.array(["a", None], pa.large_string()), ["a", None]),
        (pa.nulls(2), [None, None]),
    ],
)
def test_other_encodings_of_a_type_are_that_type(
    tmp_path: Path, cells: pa.Array, kept: list[str | None]
) -> None:
    pq.write_table(pa.table({"answer": cells}), tmp_path / "samples.parquet")
    read = read_samples(tmp_path / "samples.parquet", ["answer"])
    assert read["answer"].to_pylist() == kept
    assert read.schema.field("answer").type == pa.large_string()


@pytest.mark.parametrize("store_schema", [True, False])
def test_a_long_text_a_million_times_is_never_unpacked(tmp_path: Path, store_schema: bool) -> None:
    places = pa.array([0] * 1_000_000, pa.int32())
    texts = pa.DictionaryArray.from_arrays(places, pa.array(["x" * 1_000_000]))
    path = tmp_path / "samples.parquet"
    pq.write_table(pa.table({"response": texts}), path, store_schema=store_schema)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="it unpacks to 1,000"):
        read_samples(path)


def test_rows_without_end_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "samples.parquet"
    pq.write_table(pa.table({"answer": ["a"] * 11}), path)
    monkeypatch.setattr("orca_eval.results.samples.MOST_ROWS", 10)
    with pytest.raises(InputError, match="11 rows"):
        read_samples(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "not a manifest"),
        ({"benchmarks": []}, "benchmarks=list: a mapping is wanted"),
        ({"benchmarks": {"a": {"n": True}}}, "benchmarks.a.n=True: a whole number"),
        ({"benchmarks": {"a": {"aggregate": "median"}}}, "pooled or mean_of_tasks is wanted"),
        ({"notes": ["a", 1]}, r"notes\[1\]=1: a text is wanted"),
        ({"timings": {"load": float("nan")}}, "timings.load=nan: a number"),
        ({"limit": 10**400}, "limit=10+…: a whole number"),
        ({"unknown": {"a": 10**30}}, "64-bit"),
        ({"unknown": "\ud800"}, "str is not valid UTF-8"),
    ],
)
def test_a_value_of_another_type_is_named_with_its_key(content: object, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        checked(content, Path("manifest.json"))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_byte_order_mark_is_no_damage(finished: Path, tmp_path: Path) -> None:
    for name in ("manifest.json", "scores.csv"):
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + (finished / name).read_bytes())
    assert read_scores(tmp_path) == read_scores(finished)
    assert read_manifest(tmp_path) == read_manifest(finished)


TEXTS = st.sampled_from(["", "a", "pooled", "\ud800", "a\nb", "name", "n"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("limit",), "absent"),
        (("notes",), None),
        (("benchmarks", "gsm8k", "full_n"), "absent"),
        (("benchmarks", "gsm8k", "alias"), None),
        (("averages",), [{"name": "a", "benchmarks": []}]),
        (("speed",), {"seconds": 1.0, "completion_tokens": None}),
    ],
)
def test_what_the_table_needs_is_missed(
    finished: Path, tmp_path: Path, path: tuple[str, ...], value: object
) -> None:
    content = json.loads((finished / "manifest.json").read_text())
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if value == "absent":
        del place[path[-1]]
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=path[-1]):
        read_manifest(tmp_path, whole=True)


@given(st.dictionaries(st.sampled_from(sorted(Manifest.model_fields)), JSON))
def test_any_json_is_a_manifest_or_a_line(content: dict[str, object]) -> None:
    for whole in (False, True):
        said = ""
        try:
            assert checked(content, Path("manifest.json"), whole).content is content
        except InputError as error:
            said = str(error)
        assert "\n" not in said
