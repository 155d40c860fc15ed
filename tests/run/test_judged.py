"""Tasks of several steps and a judge: MT-Bench at two servers, on questions of our own writing."""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow.parquet as pq
import pytest

from orca_eval.cli import main
from orca_eval.paths import TASKS
from tests.run.judged_servers import command, killed_and_repeated

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engines"))
from fault_server import Reply, Script, answer, serve

PROMPTS = {
    "single-v1": "Rate it as [[rating]].\nQ: {question}\nA: {answer}",
    "single-math-v1": "Rate it as [[rating]].\nQ: {question}\nR: {ref_answer_1}\nA: {answer}",
    "single-v1-multi-turn": "{question_1} {answer_1} {question_2} {answer_2}",
    "single-math-v1-multi-turn": "{question_1} {ref_answer_1} {question_2} {ref_answer_2} "
    "{answer_1} {answer_2}",
}
QUESTIONS = [
    (7, "writing", ["Write a {line}.", "Make it rhyme."], []),
    (9, "math", ["What is 2 + 2?", "And its square?"], ["It is 4.", "It is 16."]),
]


def replied(body: dict[str, Any], text: str) -> Reply:
    """An answer whose count of prompt tokens is no sign of a prompt that was cut."""
    words = sum(len(m["content"].split()) for m in body["messages"])
    made = answer(text)
    return Reply(body=made | {"usage": {"prompt_tokens": 2 * words, "completion_tokens": 3}})


def model(body: dict[str, Any]) -> Reply:
    return replied(body, f"[[10]] answer to {body['messages'][-1]['content']}")


def judge(body: dict[str, Any]) -> Reply:
    grade = 8 if "rhyme" in body["messages"][-1]["content"] else 6
    return replied(body, f"Rated as [[rating]], e.g. [[5]]. Rating: [[{grade}]]")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data/lmsys/mt-bench"
    (folder / "questions").mkdir(parents=True)
    (folder / "judge_prompts").mkdir()
    configs = [
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}/train.parquet"
        for name in ("questions", "judge_prompts")
    ]
    (folder / "README.md").write_text("---\nconfigs:\n" + "\n".join(configs) + "\n---\n")
    rows = [
        {"question_id": n, "category": c, "turns": t, "reference": r, "reference_gpt4_0125": r}
        for n, c, t, r in QUESTIONS
    ]
    pd.DataFrame(rows).to_parquet(folder / "questions/train.parquet")
    prompts = [
        {"name": name, "system_prompt": "You judge.", "prompt_template": text}
        for name, text in PROMPTS.items()
    ]
    pd.DataFrame(prompts).to_parquet(folder / "judge_prompts/train.parquet")
    return tmp_path / "data"


@pytest.fixture
def servers() -> Iterator[tuple[Script, Script]]:
    with serve() as asked, serve() as judging:
        asked.otherwise, judging.otherwise = model, judge
        yield asked, judging


Run = Callable[..., tuple[int, Path]]


@pytest.fixture
def run(data: Path, tmp_path: Path, servers: tuple[Script, Script]) -> Run:
    """Runs MT-Bench at the servers; exit code and the one run folder that is finished."""

    def command(*more: str, judge: str = servers[1].url, results: str = "r") -> tuple[int, Path]:
        of_judge = ["judge.model.path=tiny", f"judge.engine.base_url={judge}"] if judge else []
        code = main([
            "run", "suite=mt_bench", "engine=openai", f"engine.base_url={servers[0].url}",
            "model.path=tiny", f"data.root={data}", f"results_dir={tmp_path / results}",
            "engine.max_retries=0", *of_judge, *more,
        ])  # fmt: skip
        found = sorted((tmp_path / results).glob("*/*/manifest.json"), key=os.path.getmtime)
        return code, found[-1].parent if found else tmp_path

    return command


def test_the_second_turn_sees_the_first_and_the_judge_sees_both(
    run: Run, servers: tuple[Script, Script], capsys: pytest.CaptureFixture[str]
) -> None:
    asked, judging = servers
    code, folder = run()
    assert code == 0
    assert len(asked.bodies) == len(judging.bodies) == 4  # a first turn serves both tasks
    samples = pd.read_parquet(folder / "samples.parquet")
    assert list(samples["task"]) == ["turn_1", "turn_1", "turn_2", "turn_2"]
    # `[[10]]` in a reply sets no grade, nor does the form that the judge quotes.
    assert list(samples["score"]) == [6, 6, 8, 6]
    second = samples.iloc[2]
    steps = orjson.loads(second["conversation"])
    assert [step["who"] for step in steps] == ["model", "model", "judge"]
    assert [m["role"] for m in steps[1]["messages"]] == ["user", "assistant", "user"]
    first = "[[10]] answer to Write a {line}."
    assert steps[1]["messages"][1]["content"] == steps[0]["response"] == first
    assert steps[2]["messages"][0] == {"role": "system", "content": "You judge."}
    last = "[[10]] answer to Make it rhyme."
    assert steps[2]["messages"][1]["content"] == f"Write a {{line}}. {first} Make it rhyme. {last}"
    assert second["response"] == last
    assert "It is 16." in orjson.loads(samples.iloc[3]["conversation"])[2]["messages"][1]["content"]
    scores = pd.read_csv(folder / "scores.csv").set_index("task", drop=False)
    assert scores["score"].round(2).tolist() == [6.5, 6.0, 7.0]
    assert set(scores["metric"]) == {"rating"}
    assert orjson.loads(scores["figures"].iloc[0]) == {"writing": 7.0, "math": 6.0}
    assert "MT-Bench: graded by tiny." in capsys.readouterr().out


def test_nothing_is_asked_without_a_judge_that_answers(
    run: Run, servers: tuple[Script, Script], capsys: pytest.CaptureFixture[str]
) -> None:
    for judge, said in (
        ("", "MT-Bench: graded by a judge, and none is named; give judge.model= and judge.engine="),
        ("http://127.0.0.1:9/v1", "the judge, whose keys begin with judge.: engine.base_url="),
    ):
        assert run(judge=judge)[0] == 3
        last = capsys.readouterr().err.splitlines()[-1]
        assert said in last
    assert not servers[0].bodies


def test_another_judge_is_another_run_and_asks_the_model_nothing(
    run: Run, servers: tuple[Script, Script], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, first = run()
    with serve() as other:
        other.otherwise = lambda body: replied(body, "[[2]]")
        _, second = run(judge=other.url)
        assert len(other.bodies) == 4
    assert first != second
    assert len(servers[0].bodies) == len(servers[1].bodies) == 4
    baseline = tmp_path / "baseline.parquet"
    assert main(["baseline", "export", f"run={first}", f"out={baseline}"]) == 0
    assert servers[1].url.encode() not in pq.read_schema(baseline).metadata[b"orca_eval.baseline"]
    for side in (first, baseline):
        assert main(["gate", f"baseline={side}", f"candidate={second}", f"out={tmp_path}"]) == 3
        assert "can't be compared: benchmarks.mt_bench.judge: " in capsys.readouterr().err


@pytest.mark.parametrize("dies", ["model", "judge"])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_run_that_ended_early_asks_nothing_again(
    run: Run, servers: tuple[Script, Script], dies: str, after: int
) -> None:
    fails, whole = Reply(401, {"error": {"message": "no"}}), {"model": model, "judge": judge}
    script = servers[dies == "judge"]
    good = 0

    def failing(body: dict[str, Any]) -> Reply:
        nonlocal good
        good += 1
        return whole[dies](body) if good <= after else fails

    script.otherwise = failing
    assert run("engine.max_in_flight=1", "judge.engine.max_in_flight=1")[0] == 1
    script.otherwise = whole[dies]
    code, folder = run("engine.max_in_flight=1", "judge.engine.max_in_flight=1")
    assert code == 0
    assert len(pd.read_parquet(folder / "samples.parquet")) == 4
    # Four good answers of each, and the one that failed.
    assert len(script.bodies) == 5
    assert len(servers[dies == "model"].bodies) == 4


def test_a_verdict_that_is_refused_leaves_its_sample_ungraded(
    run: Run, servers: tuple[Script, Script]
) -> None:
    def refuses_one(body: dict[str, Any]) -> Reply:
        flagged = Reply(400, {"error": {"message": "flagged", "code": "content_filter"}})
        return flagged if "rhyme" in body["messages"][-1]["content"] else judge(body)

    servers[1].otherwise = refuses_one
    code, folder = run()
    assert code == 0
    samples = pd.read_parquet(folder / "samples.parquet")
    assert samples["score"].isna().sum() == 1
    assert orjson.loads((folder / "manifest.json").read_bytes())["samples"]["failed"] == 1

    servers[1].otherwise = judge
    asked = len(servers[0].bodies), len(servers[1].bodies)
    assert run()[0] == 0
    assert pd.read_parquet(folder / "samples.parquet")["score"].notna().all()
    assert (len(servers[0].bodies), len(servers[1].bodies)) == (asked[0], asked[1] + 1)


@pytest.mark.parametrize("after", [1, 3, 5, 7])
def test_a_run_that_is_killed_at_any_stage_goes_on(
    servers: tuple[Script, Script], data: Path, tmp_path: Path, after: int
) -> None:
    """The servers give so many answers and then none; the run is killed when these are stored."""
    servers[0].otherwise, servers[1].otherwise = model, judge
    asked = command("mt_bench", servers, data, tmp_path / "r")
    assert killed_and_repeated(asked, servers, tmp_path / "r", after) == 8 + 1  # the killed one


def test_a_verdict_without_a_grade_is_counted_aloud_and_in_no_mean(
    run: Run, servers: tuple[Script, Script], capsys: pytest.CaptureFixture[str]
) -> None:
    servers[1].otherwise = lambda body: (
        replied(body, "Very good.") if "square" in body["messages"][-1]["content"] else judge(body)
    )
    _, folder = run()
    said = " ".join(capsys.readouterr().out.split())
    assert "Ungraded samples, in no mean: MT-Bench 1." in said
    scores = pd.read_csv(folder / "scores.csv")
    assert scores["ungraded"].tolist() == [1, 0, 1]
    assert scores["n"].tolist() == [3, 2, 1]
    assert scores["score"].round(3).tolist() == [round(20 / 3, 3), 6, 8]
    assert pd.read_parquet(folder / "samples.parquet")["score"].isna().sum() == 1


def test_runs_of_which_one_is_not_graded_throughout_are_compared_where_both_are(
    run: Run, servers: tuple[Script, Script], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, whole = run()
    servers[1].otherwise = lambda body: replied(
        body, "Good." if "square" in body["messages"][-1]["content"] else "[[3]]"
    )
    _, part = run("prompt=cautious", results="other")
    runs = f"runs=[{whole},{part}]"
    assert main(["report", runs, "baseline=tiny", f"out={tmp_path / 'report'}"]) == 0
    said = capsys.readouterr().out
    assert "−55.00" in said  # 3.0 over 20/3, where both are graded
    assert "another judge" not in said


def test_a_tasks_own_temperatures_are_a_choice(run: Run, servers: tuple[Script, Script]) -> None:
    run("prompt=mt_bench_fastchat", "sampling.n=3")
    asked = {
        ("rhyme" in (text := body["messages"][-1]["content"]) or "line" in text, body["seed"]):
        body["temperature"]
        for body in servers[0].bodies
    }  # fmt: skip
    assert asked == {
        (writing, seed): 0.7 * writing for writing in (True, False) for seed in range(3)
    }
    assert len(servers[0].bodies) == 12
    assert {body["temperature"] for body in servers[1].bodies} == {0.0}


def test_every_verb_takes_a_judged_run(
    run: Run, servers: tuple[Script, Script], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder = run()
    _, worse = run("prompt=cautious", results="other")
    capsys.readouterr()
    assert main(["rescore", f"run={folder}"]) == 0
    assert "0 samples changed" in capsys.readouterr().out
    (rescored,) = folder.glob("rescored/*")
    before, after = (pd.read_csv(path / "scores.csv") for path in (folder, rescored))
    assert before["figures"].tolist() == after["figures"].tolist()
    assert main(["report", f"runs=[{folder},{worse}]", f"out={tmp_path / 'report'}"]) == 0
    tables = {file.stem for file in (tmp_path / "report/tables").glob("*.md")}
    assert {f"mt_bench_{part}figures" for part in ("", "turn_1_", "turn_2_")} <= tables
    sides = [f"baseline={folder}", f"candidate={folder}", f"out={tmp_path}"]
    assert main(["gate", *sides, "policy.others.tier=critical", "policy.min_pairs=4"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "MT-Bench: points are hundredths of its scale (rating, 1 to 10)." in said
    assert main(["audit", f"run={folder}"]) == 0
    assert main(["baseline", "export", f"run={folder}", f"out={tmp_path}"]) == 0
    exported = [f"baseline={tmp_path / 'baseline.parquet'}", *sides[1:]]
    assert main(["gate", *exported, "policy.others.tier=critical", "policy.min_pairs=4"]) == 0


spec = importlib.util.spec_from_file_location("mt_bench", TASKS / "mt_bench/mt_bench.py")
assert spec is not None
assert spec.loader is not None
mt_bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mt_bench)


@pytest.mark.parametrize(
    ("verdict", "grade"),
    [
        ("Rating: [[7]]", 7),
        ("Rating: [[7.5]]", 7.5),
        ("Rating: [7]", 7),
        ("as [[5]], so [[9]]", 9),
        ("good", None),
        ("[[11]]", None),
        ("[[0]]", None),
        ("[[7/10]]", None),
        ("first [[9]], no: [[11]]", None),
        ("<think>maybe [[3]]</think> [[8]]", 8),
        ("<think>maybe [[3]]", None),
        ("", None),
    ],
)
def test_a_grade_is_the_last_that_the_verdict_gives(verdict: str, grade: float | None) -> None:
    assert mt_bench.grade(verdict) == grade
