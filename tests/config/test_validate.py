"""The one validator: every mistake of an input at once, a line for each."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest

from orca_eval.config.validate import Flag, Text, names, read, real, whole
from orca_eval.errors import InputError


@dataclass(frozen=True)
class Inner:
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    share: Annotated[float, real(0, 1)] = 0.5
    kind: Literal["pooled", "mean"] = "pooled"


@dataclass(frozen=True)
class Outer:
    name: Text
    count: Annotated[int, whole(1)] | None = None
    on: Flag = False
    listed: Annotated[tuple[str, ...], names("names")] = ("a",)
    parts: dict[Any, Inner] = field(default_factory=dict)


def said(given: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(Outer, given)
    return str(caught.value).splitlines()


def test_good_values_become_the_dataclass() -> None:
    made = read(Outer, {"name": "x", "listed": ["b", "c"], "parts": {"p": {"share": 1}}})
    assert made == Outer("x", listed=("b", "c"), parts={"p": Inner(1.0)})


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "name=None: a text is wanted"),
        ({"name": " "}, "name=' ': a text is wanted"),
        ({"name": 1.1}, "name=1.1: a text (in quotes, where a file gives it) is wanted"),
        ({"count": True}, "count=True: a whole number of at least 1 is wanted"),
        ({"count": 1.5}, "count=1.5: a whole number of at least 1 is wanted"),
        ({"on": 1}, "on=1: true or false is wanted"),
        ({"listed": ["a", 1]}, "listed=['a', 1]: a list of names is wanted"),
        ({"parts": {"p": 3}}, "parts.p=3: a mapping is wanted"),
        ({"parts": {"p": {"share": float("nan")}}}, "parts.p.share=nan: a number from 0 to 1"),
        ({"parts": {"p": {"share": float("inf")}}}, "parts.p.share=inf: a number from 0 to 1"),
        ({"parts": {"p": {"share": True}}}, "parts.p.share=True: a number from 0 to 1"),
        ({"parts": {"p": {"shre": 1}}}, "parts.p.shre: unknown, did you mean share?"),
        ({"parts": {"p": {"kind": "pool"}}}, "parts.p.kind=pool: did you mean pooled?"),
        ({"on": "sk-abcdefgh12345678"}, "on=…: true or false is wanted"),
    ],
)
def test_a_mistake_is_one_line(given: dict[str, Any], line: str) -> None:
    (found,) = said({"name": "x"} | given) if given else said({})
    assert found.startswith(line)


def test_all_mistakes_come_at_once() -> None:
    assert len(said({"count": 0, "on": None, "parts": {"p": {"share": 2, "x": 1}}})) == 5


def test_the_help_does_not_wait_for_the_validator() -> None:
    code = "import sys\nfrom orca_eval.cli import main\nmain(['--help'])\n"
    code += "print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
