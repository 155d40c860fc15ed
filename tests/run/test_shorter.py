"""What a shorter run was answered serves a longer one: nothing is generated twice, and the reply is
the same as in one go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orca_eval.run.session import Session
from orca_eval.run.shorter import goes_on
from orca_eval.store import ResponseStore
from orca_eval.token_ids import packed, unpacked
from orca_eval.types import Completion, Doc, Request, Sampling

from .fakes import FakeEngine
from .test_session import benchmark, outcome

DOCS = [
    Doc("b", "part", n, f"h{n}", ({"role": "user", "content": f"Say {n}"},), "text", (("four",),))
    for n in range(6)
]


class Counting(FakeEngine):
    """Counts up from the question's number; a reply to N has 10 N tokens, one a word."""

    tells_ids = True

    def __init__(self) -> None:
        super().__init__()
        self.generated = 0

    def can_continue(self, cut: Completion) -> bool:
        return bool(cut.token_ids)

    def identity(self) -> Mapping[str, Any]:
        return {"engine": "counting"}

    async def generate(self, request: Request) -> Completion:
        self.seen.append(request)
        number = int((request.prompt or "").split()[-1])
        whole = [*range(number, number + 10 * number), 9999]
        kept = unpacked(request.cut.token_ids) if request.cut else []
        assert whole[: len(kept)] == kept
        ids = whole[: request.sampling.max_tokens]
        self.generated += len(ids) - len(kept)
        return Completion(
            " ".join(str(each) for each in ids if each != 9999),
            "stop" if ids == whole else "length",
            2,
            len(ids),
            token_ids=packed(ids) if self.tells_ids else b"",
            kept_tokens=len(kept),
        )


def run(folder: Path, most: int, *overrides: str, engine: Counting | None = None) -> Session:
    """A run in a folder whose store holds what earlier ones were answered."""
    asked = (f"max_tokens={most}", *overrides)
    return outcome(engine or Counting(), folder, benchmark("b", *DOCS), overrides=asked)


def generated(session: Session) -> int:
    assert isinstance(session.engine, Counting)
    return session.engine.generated


def texts(session: Session, folder: Path) -> dict[int, Completion]:
    """The stored replies of a run's samples, by the documents."""
    keys = {sample.key: sample.waiting.doc.doc_id for sample in session.samples}
    with ResponseStore(folder / "store") as store:
        found = store.get_many(list(keys))
    return {keys[key]: completion for key, completion in found.items()}


def test_replies_of_a_longer_run_are_those_of_one_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at_once = run(tmp_path / "at once", 32)
    first = run(tmp_path / "twice", 12)
    capsys.readouterr()
    second = run(tmp_path / "twice", 32)
    said = capsys.readouterr().err
    assert "2 whole replies of a shorter run are reused" in said
    assert "4 cut replies of a shorter run are continued" in said
    one, other = texts(at_once, tmp_path / "at once"), texts(second, tmp_path / "twice")
    assert {n: c._replace(kept_tokens=0) for n, c in other.items()} == one
    assert generated(first) + generated(second) == generated(at_once)
    assert second.counts.tokens == generated(second)
    assert (second.from_shorter, second.counts.continued, second.counts.reused) == (2, 4, 2)
    assert [other[n].kept_tokens for n in range(6)] == [0, 0, 12, 12, 12, 12]
    scores = [[s.scored for s in session.samples] for session in (at_once, second)]
    assert sorted(map(str, scores[0])) == sorted(map(str, scores[1]))


@pytest.mark.parametrize("budgets", [(3, 11, 12, 40), (40, 12, 50)])
def test_every_way_to_the_longest_ends_alike(tmp_path: Path, budgets: tuple[int, ...]) -> None:
    made = [run(tmp_path, most) for most in budgets]
    last = texts(made[-1], tmp_path)
    for number in range(6):
        count = min(budgets[-1], 10 * number)
        assert last[number].text.split() == [str(number + k) for k in range(count)]
    if budgets == tuple(sorted(budgets)):  # a longer reply serves no shorter run
        due = sum(min(max(budgets), 1 + 10 * number) for number in range(6))
        assert sum(map(generated, made)) == due


def test_a_run_that_was_cut_off_goes_on_from_what_it_has(tmp_path: Path) -> None:
    class Dying(Counting):
        async def generate(self, request: Request) -> Completion:
            if len(self.seen) == 2:
                raise KeyboardInterrupt
            return await super().generate(request)

    run(tmp_path, 12)
    dying = Dying()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, 32, engine=dying)
    again = run(tmp_path, 32)
    replies = texts(again, tmp_path)
    assert all(replies[n].completion_tokens == min(32, 1 + 10 * n) for n in range(6))
    assert generated(again) + dying.generated == sum(min(20, 10 * n - 11) for n in range(2, 6))


@pytest.mark.parametrize(
    ("overrides", "made"),
    [
        (("continue_cut=false",), 6),
        (("sampling.temperature=0.7",), 4),  # whole ones serve: their seed would draw them again
        (("sampling.thinking_budget=5",), 4),
        (("sampling.repetition_penalty=1.1",), 4),
    ],
)
def test_what_is_asked_again(tmp_path: Path, overrides: tuple[str, ...], made: int) -> None:
    sampling = tuple(o for o in overrides if o.startswith("sampling"))
    run(tmp_path, 12, *sampling)
    engine = Counting()
    run(tmp_path, 32, *overrides, engine=engine)
    assert len(engine.seen) == made
    kept = [request.cut is not None for request in engine.seen]
    assert kept == [overrides == ("sampling.repetition_penalty=1.1",)] * made


def test_without_token_ids_cut_replies_are_asked_again_and_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Silent(Counting):
        tells_ids = False

    run(tmp_path, 12, engine=Silent())
    session = run(tmp_path, 32)
    assert generated(session) == sum(min(32, 1 + 10 * n) for n in range(2, 6))
    assert "4 cut replies of a shorter run are asked again" in capsys.readouterr().err


def test_an_engine_that_can_not_go_on_is_asked_for_what_was_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Plain(Counting):
        def can_continue(self, cut: Completion) -> bool:
            return False

    run(tmp_path, 12)
    session = run(tmp_path, 32, engine=Plain())
    assert len(session.engine.seen) == 4  # type: ignore[attr-defined]
    assert "4 cut replies of a shorter run are asked again" in capsys.readouterr().err


def test_other_requests_are_no_shorter_ones(tmp_path: Path) -> None:
    run(tmp_path, 12)
    session = run(tmp_path, 32, "sampling.top_p=0.9")
    assert len(session.engine.seen) == 6  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "stops", "may"),
    [("A\n\nQ", ("\n\nQ:",), False), ("A\n\n", ("\n\nQ:",), False), ("A Q", ("\n\nQ:",), True)],
)
def test_a_stop_string_may_begin_where_a_reply_was_cut(
    text: str, stops: tuple[str, ...], may: bool
) -> None:
    cut = Completion(text, "length", 1, 3, token_ids=packed([1, 2, 3]))
    assert goes_on(Sampling(stop=stops), cut) is may
