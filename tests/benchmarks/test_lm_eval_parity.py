"""Stock lm-eval, started in the data root, runs tasks/ and scores the same replies the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench import floors
from orca_eval.benchmarks.lm_eval_hooks import process_results
from orca_eval.benchmarks.load import load_benchmark, place_in_lm_eval, sample_indices
from orca_eval.benchmarks.specs import read_specs
from orca_eval.paths import TASKS
from orca_eval.types import Doc
from tests.benchmarks.answered import answered
from tests.benchmarks.raw_rows import SHARED, needs_data

HERE = Path(__file__).resolve().parent
NAMES = [name for name, spec in read_specs().items() if spec.roles == ("model",)]
DOCS_PER_TASK = 7  # one for each kind of reply


def replies_to(doc: Doc) -> list[str]:
    """Right and wrong, in the forms that each kind is answered in; which one, the doc id says."""
    gold, options = doc.golds[-1], doc.options or {}
    last = list(options)[-1] if options else "12"
    text = options.get(gold[0]) or "; ".join(gold)
    return [
        f"Let me think.\n###Final answer: {gold[0]}",
        f"###Final answer: {text}",
        f"###Final answer: {last}",
        f"The answer is {' and '.join(gold)}, or something like it.",
        f"So the answer is ({last}).",
        "I can't say.",
        "",
    ]


@needs_data
def test_stock_lm_eval_gives_every_sample_the_same_score(tmp_path: Path) -> None:
    benchmarks = [load_benchmark(name, SHARED, limit=DOCS_PER_TASK) for name in NAMES]
    docs = {
        (f"orca_{b.id}" + (f"::{t.name}" if len(b.tasks) > 1 else ""), number): (t, doc)
        for b in benchmarks
        for t in b.tasks
        for doc in t.docs
        for number in [place_in_lm_eval(t, doc)]
    }
    replies = {
        doc.messages[0]["content"]: replies_to(doc)[i % 7]
        for i, (_, doc) in enumerate(docs.values())
    }
    samples: dict[str, list[int]] = {}
    for benchmark in benchmarks:
        samples |= sample_indices(benchmark)
    replies_file = tmp_path / "replies.json"
    replies_file.write_text(json.dumps(replies), encoding="utf-8")
    run_stock_lm_eval(replies_file, samples, tmp_path)

    seen = set()
    for file in (tmp_path / "out").rglob("samples_*.jsonl"):
        name = file.name.removeprefix("samples_").rpartition("_")[0]
        for line in file.read_text(encoding="utf-8").splitlines():
            sample = json.loads(line)
            task, doc = docs[name, sample["doc_id"]]
            prompt = sample["arguments"]["gen_args_0"]["arg_0"]
            assert prompt == doc.messages[0]["content"]
            scored = task.score(doc, answered(sample["resps"][0][0]))
            ours = (scored.score, float(scored.answer is not None), scored.f1, str(scored.answer))
            theirs = (sample["acc"], sample["extracted"], sample.get("f1"))
            assert (*theirs, sample["filtered_resps"][0]) == ours, (name, sample["doc_id"])
            seen.add((name, sample["doc_id"]))
    assert seen == set(docs)
    (file,) = (tmp_path / "out").rglob("results_*.json")
    theirs = json.loads(file.read_text(encoding="utf-8"))["results"]["orca_hhh"]
    (hhh,) = (benchmark for benchmark in benchmarks if benchmark.id == "hhh")
    ours, *_ = floors.rows(hhh, lambda doc: replies[doc.messages[0]["content"]])
    assert theirs["consistent_accuracy,orca"] == pytest.approx(ours.score)
    assert 0 < theirs["consistent_accuracy,orca"] < theirs["acc,orca"] < 1


def run_stock_lm_eval(replies: Path, samples: dict[str, list[int]], folder: Path) -> None:
    command = [sys.executable, str(HERE / "scripted_model.py"), str(replies), "run"]
    command += ["--model", "scripted", "--include_path", str(TASKS)]
    command += ["--tasks", ",".join(f"orca_{name}" for name in NAMES)]
    command += ["--samples", json.dumps(samples), "--log_samples"]
    command += ["--output_path", str(folder / "out")]
    paths = {"PYTHONPATH": str(HERE.parents[1]), "HF_DATASETS_CACHE": str(folder / "cache")}
    done = subprocess.run(
        command,
        cwd=SHARED,
        env={**os.environ, **paths, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_malformed_gold_has_no_score_in_lm_eval() -> None:
    item = {"kind": "choice", "labels": ["A"], "options": ["x"], "golds": [["Z"]]}
    assert process_results({**item, "target": "Z"}, ["A"]) == {}


def test_no_name_of_ours_is_one_of_lm_evals() -> None:
    """A child of a group whose name lm-eval knows would become lm-eval's task."""
    folder = Path(find_spec("lm_eval").submodule_search_locations[0]) / "tasks"
    declared = re.compile(
        rb"^[\"']?(?:task|group|tag)[\"']?\s*:\s*[\"']?([^\s\"'#]+)", re.MULTILINE
    )
    theirs = {
        name.decode()
        for file in folder.rglob("*.yaml")
        for name in declared.findall(file.read_bytes())
    }
    assert {"gsm8k", "bbh_zeroshot", "agieval"} <= theirs
    for spec in read_specs().values():
        names = [task.name for task in spec.tasks] if len(spec.tasks) > 1 else []
        assert not theirs & {f"orca_{spec.id}", *names}
