"""Ctrl-C in a program, and in a cell of a notebook, whose event loop is at work already."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import orca_eval
from tests.api.conftest import scripted
from tests.waiting import stored, until

PROGRAM = """
import asyncio, signal, sys
import orca_eval

async def cell(overrides):
    orca_eval.evaluate(*overrides)

if __name__ == "__main__":
    # A job started in the background is deaf to Ctrl-C, and so are its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    where, *overrides = sys.argv[1:]
    try:
        if where == "notebook":  # whose loop, unlike asyncio.run's, leaves Ctrl-C alone
            asyncio.new_event_loop().run_until_complete(cell(overrides))
        else:
            orca_eval.evaluate(*overrides)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.mark.parametrize("where", ["program", "notebook"])
def test_ctrl_c_keeps_what_is_finished_and_the_same_call_goes_on(
    where: str, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    settings = scripted(tmp_path)
    overrides = [f"{key}={value}" for key, value in settings.items()]
    call = [sys.executable, str(program), where, *overrides, "engine.max_in_flight=8"]
    with subprocess.Popen([*call, "engine.delay=1"], stdout=subprocess.PIPE, text=True) as process:
        until(lambda: stored(tmp_path / "results") >= 8)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate()
    assert (said, process.returncode) == ("interrupted\n", 0)
    run = orca_eval.evaluate(**settings)
    assert 8 <= run.manifest.samples["reused"] < run.manifest.samples["total"]
