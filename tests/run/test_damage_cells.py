"""A short form of `python bench/damage.py`: damaged run folders, and every verb asked."""

from __future__ import annotations

import random

import pytest

from bench.damage import Cell, Subject, problems

CELLS = 40


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return Subject(tmp_path_factory.mktemp("damage"))


def test_every_verb_says_so_in_one_line_and_its_advice_mends_it(subject: Subject) -> None:
    cells = random.Random(1).sample(subject.cells(), CELLS)
    assert [f"{cell}: {found}" for cell in cells for found in problems(subject, cell, 1)] == []


def test_the_trial_itself_finds_what_is_not_said(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orca_eval.results.reading._remedy", lambda path: "who knows")
    assert list(problems(subject, Cell("samples.parquet", "cut", "rescore"), 1)) != []
