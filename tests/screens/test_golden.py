"""Every screen, at every width and where there is none, is what was looked at.

`UPDATE_SCREENS=1 python -m pytest tests/screens` writes the files anew: look at each that changed.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from orca_eval import __version__
from orca_eval.gate import verb
from orca_eval.report import run_report

from .screens import SCORES, SCREENS, make_runs

GOLDEN = Path(__file__).parent / "golden"
WIDTHS = (40, 60, 80, 120, 200)
TERMINAL = {"TERM": "xterm-256color"}
ON_A_TERMINAL: Mapping[str, Mapping[str, str]] = {
    **{f"{width} columns": {"COLUMNS": str(width)} for width in WIDTHS},
    "80 columns, styles shown": {"COLUMNS": "80"},
    "80 columns, NO_COLOR, styles shown": {"COLUMNS": "80", "NO_COLOR": "1"},
}
ELSEWHERE: Mapping[str, Mapping[str, str]] = {
    "a pipe": {},
    "a CI log": {"GITHUB_ACTIONS": "true", "CI": "true"},
}
UNSET = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "CI")
STYLE = re.compile(r"\x1b\[([\d;]*)m")
MOVE = re.compile(r"\x1b\[[\d;?]*[A-Za-ln-z]")
MASKS = {
    r"\b[0-9a-f]{8}\b": "########",
    r"[\d,]+ tokens generated in \d+ s(\s+)\([^)]*\)": r"N tokens generated in N s\1(N/s)",
    "[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]": "⠋",
    re.escape(__version__): "VERSION",
}


class Terminal(io.StringIO):
    """A screen that remembers what was written to it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    here = tmp_path_factory.mktemp("screens")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        Path("scores.csv").write_text(SCORES)
        make_runs(here)
        for writes in ("write_plots", "write_exports", "write_report"):  # what no screen shows
            patch.setattr(f"orca_eval.report.run_report.{writes}", lambda *_args: ())
        for module, slow in ((run_report, "build_board"), (verb, "gate")):
            patch.setattr(module, slow, remembered(getattr(module, slow)))
        yield here


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, called once with the same arguments."""
    found: dict[str, Any] = {}

    def call(*arguments: Any) -> Any:
        key = str(arguments)
        if key not in found:
            found[key] = function(*arguments)
        return found[key]

    return call


def printed(
    name: str, environment: Mapping[str, str], *, terminal: bool, styles: bool = False
) -> str:
    """What the screen shows, without what differs between two times."""
    with pytest.MonkeyPatch.context() as patch:
        for key in UNSET:
            patch.delenv(key, raising=False)
        for key, value in {**TERMINAL, **environment}.items():
            patch.setenv(key, value)
        page = Terminal() if terminal else io.StringIO()
        patch.setattr("sys.stdout", page)
        patch.setattr("sys.stderr", page)
        SCREENS[name]()
    text = "\n".join(map(_last_drawn, MOVE.sub("", page.getvalue()).split("\n")))
    text = STYLE.sub(r"‹\1›" if styles else "", text)
    for pattern, mask in MASKS.items():
        text = re.sub(pattern, mask, text)
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _last_drawn(line: str) -> str:
    """What a line shows that was drawn several times, before it was wiped."""
    return next((part for part in reversed(line.split("\r")) if part.strip()), "")


def all_of(name: str) -> dict[str, str]:
    on = {
        place: printed(name, environment, terminal=True, styles="styles" in place)
        for place, environment in ON_A_TERMINAL.items()
    }
    return on | {place: printed(name, env, terminal=False) for place, env in ELSEWHERE.items()}


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.usefixtures("runs")
def test_a_screen_is_the_one_that_was_looked_at(name: str) -> None:
    file, found = GOLDEN / f"{name}.txt", all_of(name)
    parts = (f"═══ {place} ═══\n{shown.rstrip()}\n" for place, shown in found.items())
    text = "\n".join(parts)
    if os.environ.get("UPDATE_SCREENS"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text("utf-8").splitlines() == text.splitlines()
