"""A cut reply that is gone on from: reasoning and answer are read from the whole of it."""

from __future__ import annotations

import pytest

from orca_eval.engines.checkpoint import NOTHING_KEPT, Kept, after
from orca_eval.token_ids import packed, unpacked
from orca_eval.types import Completion, Request, Sampling
from tests.engines.test_reasoning_tokens import ALWAYS, PLAIN, Checkpoint, config


def letters(text: str) -> list[int]:
    return [*map(ord, text)]


def checkpoint(source: str) -> Checkpoint:
    """Whose special tokens are no marks of reasoning."""
    engine = Checkpoint(source, None, config())
    vars(engine)["_marks"] = []
    return engine


def reply(text: str) -> Completion:
    """What an engine tells: a token per character."""
    return Completion(text, "length", 5, len(text))


def asked(cut: Completion | None) -> Request:
    return Request("k", (), Sampling(max_tokens=30), cut=cut)


@pytest.mark.parametrize("source", [PLAIN, ALWAYS])
@pytest.mark.parametrize("text", ["so C</think>The answer is B.", "so C, or D", "B"])
def test_a_reply_in_two_parts_reads_as_in_one(source: str, text: str) -> None:
    engine = checkpoint(source)
    whole = engine._continued(reply(text), NOTHING_KEPT, letters(text))
    for length in range(1, len(text)):
        cut = engine._continued(reply(text[:length]), NOTHING_KEPT, letters(text[:length]))
        kept = engine._kept(asked(cut))
        assert kept == (text[:length], letters(text[:length]))
        rest = Completion(text[length:], "length", 5 + length, len(text) - length)
        continued = engine._continued(rest, kept, letters(text[length:]))
        assert continued == whole._replace(kept_tokens=length)
        assert unpacked(continued.token_ids) == letters(text)


def test_a_torn_character_is_generated_again() -> None:
    engine = checkpoint(PLAIN)
    cut = Completion("so", "length", 5, 4, token_ids=packed([*letters("so"), 0xFFFD, 0xFFFD]))
    assert engine._kept(asked(cut)) == ("so", letters("so"))


@pytest.mark.parametrize(
    "cut", [None, reply("so"), reply("so")._replace(token_ids=packed(letters("no")))]
)
def test_nothing_is_kept_of_what_ids_do_not_tell(cut: Completion | None) -> None:
    engine = checkpoint(PLAIN)
    assert engine._kept(asked(cut)) == NOTHING_KEPT
    assert after(asked(cut).sampling, NOTHING_KEPT) == Sampling(max_tokens=30)


def test_what_was_kept_is_taken_from_the_limit() -> None:
    assert after(Sampling(max_tokens=30), Kept("so", letters("so"))) == Sampling(max_tokens=28)
