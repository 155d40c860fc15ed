"""The gate's outputs: screen, Markdown, JUnit XML, JSON, and GitHub Actions where it runs there."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from orca_eval.errors import InputError, RunError
from orca_eval.gate.output.as_json import as_json
from orca_eval.gate.output.ci import junit, workflow_commands
from orca_eval.gate.output.markdown import markdown
from orca_eval.gate.output.screen import show
from orca_eval.gate.result import GateResult

# A pull-request comment holds 65,536 characters, a step summary 1 MiB. Counted as UTF-8 bytes.
COMMENT_BYTES = 65_000
SUMMARY_BYTES = 1_000_000


def write_outputs(result: GateResult, out: Path | None) -> None:
    """Writes gate.md, gate.xml and gate.json to the folder `out`, if one is named, and prints the
    table.

    Raises RunError after everything else is written where one of them can't be.
    """
    failures = _write_files(result, out) if out else []
    in_actions = os.environ.get("GITHUB_ACTIONS") == "true"
    show(result, out, workflow_commands(result) if in_actions else None)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if in_actions and summary:
        text = markdown(result, SUMMARY_BYTES)
        failures.append(_failure(Path(summary), lambda: text, mode="a"))
    said = [failure for failure in failures if failure]
    if said:
        raise RunError(
            f"the verdict is {result.verdict.name}, and an output failed: {'; '.join(said)}"
        )


def make_folder(out: Path) -> None:
    """Makes the folder for the outputs. InputError where there can't be one."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"out={out}: can't be written ({reason}); name a folder") from error


def _write_files(result: GateResult, out: Path) -> list[str]:
    return [
        _failure(out / "gate.md", lambda: markdown(result, COMMENT_BYTES)),
        _failure(out / "gate.xml", lambda: junit(result)),
        _failure(out / "gate.json", lambda: as_json(result)),
    ]


def _failure(path: Path, text: Callable[[], str], mode: str = "w") -> str:
    """Why a file can't be written, or nothing. Unless appended to, no half or older one is left."""
    failure = ""
    try:
        content = text()
        with path.open(mode, encoding="utf-8", errors="backslashreplace") as file:
            file.write(content)
    except OSError as error:
        failure = f"{path} can't be written ({error.strerror or error})"
    except Exception as error:  # a defect in one output must not cost the others
        failure = f"{path} can't be made ({type(error).__name__}: {error})"
    if failure and mode == "w":
        with contextlib.suppress(OSError):
            path.unlink()
    return failure
