"""Names that any text may give a file, and files that are written whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from orca_eval.files import SafeNames, safe_name, whole

TEXTS = st.text(st.characters(codec=None), max_size=200) | st.sampled_from(
    ["../../x", "/etc/passwd", "..", ".", "", "a/b", "a_b", "A_B", "a\0b", "con", "模型", "-", "~"]
)


@given(st.lists(TEXTS, unique=True, max_size=12))
def test_every_text_gets_a_name_of_its_own_inside_the_folder(texts: list[str]) -> None:
    names = SafeNames()
    given_names = [names.of(text) for text in texts]
    assert len({name.casefold() for name in given_names}) == len(texts)
    assert [names.of(text) for text in texts] == given_names
    for name in given_names:
        assert (Path("/out") / name).resolve().parent == Path("/out")
        assert name.isascii()
        assert len(name) < 130


def test_an_ordinary_name_stays_as_it_is() -> None:
    assert safe_name("Orca-2-7b.Q8_0+x") == "Orca-2-7b.Q8_0+x"


def test_a_temporary_name_follows_no_link_and_leaves_nothing(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    target = tmp_path / "out.txt"
    target.symlink_to(mine)
    with whole(target) as temporary:
        assert temporary.parent == tmp_path
        temporary.write_text("new")
    assert (mine.read_text(), target.read_text()) == ("mine", "new")
    with pytest.raises(ZeroDivisionError), whole(target):
        raise ZeroDivisionError
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out.txt"]
