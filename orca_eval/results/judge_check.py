"""judge_check.json: how far a judge can be trusted, found again by who the judge is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orca_eval.judges import prompts
from orca_eval.judges.trust import Trust, told, trust_from
from orca_eval.results import folder as run_dir
from orca_eval.results.manifest import Manifest
from orca_eval.results.reading import JUDGE_CHECK, JUDGES, reading, text_of


@dataclass(frozen=True, slots=True)
class Check:
    """A judge's check: by what all that decides its verdicts is named, over how many verdicts."""

    digits: str
    limit: int | None
    marks: Mapping[str, str]
    trust: Trust

    @property
    def verdicts(self) -> int:
        """How many were asked for."""
        return int(self.trust.unread.n)


def judge_digits(engine: Mapping[str, Any], sampling: Mapping[str, Any]) -> str:
    """Eight digits of all that decides a judge's verdicts: its engine's entry in a manifest, with
    its weights or its name at a server, and how it draws."""
    return run_dir.identity_hash([engine, sampling])


def digits_of(manifest: Manifest) -> str:
    """Those of a check's run, in which the judge is the model and is asked once."""
    drawn = dict(manifest.get("sampling", default={}))
    drawn.pop("n", None)
    return judge_digits(manifest.get("engine", default={}), drawn)


def write_check(folder: Path, manifest: Manifest, trust: Trust) -> Path:
    """Writes the figures beside the verdicts that they are made of."""
    content = {
        "judge": digits_of(manifest),
        "model": manifest.get("model"),
        "engine": manifest.get("engine"),
        "sampling": manifest.get("sampling"),
        "limit": manifest.limit,
        "prompts": prompts.MARKS,
        "finished": manifest.finished,
        **told(trust),
    }
    run_dir.write_json(folder / JUDGE_CHECK, content)
    return folder / JUDGE_CHECK


def read_check(path: Path) -> Check:
    """Reads one back. DamagedError where it is not what was written."""
    with reading(path, "not readable or no check of a judge"):
        content = json.loads(text_of(path))
        limit = content["limit"]
        return Check(
            str(content["judge"]),
            None if limit is None else int(limit),
            {str(name): str(mark) for name, mark in content["prompts"].items()},
            trust_from(content),
        )


def find_check(
    results_dir: Path, digits: str, marks: Mapping[str, str] = prompts.MARKS
) -> Check | None:
    """The largest check of this judge with these prompts; None where there is none.

    Raises:
        DamagedError: one can't be read.
    """
    found = [read_check(path) for path in sorted(results_dir.glob(f"{JUDGES}/*/*/{JUDGE_CHECK}"))]
    fitting = [each for each in found if each.digits == digits and each.marks == marks]
    return max(fitting, key=lambda each: each.verdicts, default=None)
