"""orca-eval publish: a run's results and samples as the hub takes them."""

from typing import Any

from orca_eval.config.compose import compose_verb
from orca_eval.errors import InputError, RunError
from orca_eval.outcome import Outcome
from orca_eval.paths import expanded
from orca_eval.publish.files import CARD, repos_of, write_files
from orca_eval.publish.upload import token, upload
from orca_eval.results.run import check_is_run, read_run
from orca_eval.screen import paragraph, print_path, screen

FOLDER = "publish"


def main(overrides: list[str]) -> Outcome:
    """Writes the files, and uploads them where that is asked for."""
    composed = compose_verb("publish", overrides)
    samples, uploads = _flag(composed, "samples"), _flag(composed, "upload")
    repos = repos_of(composed["repo"], samples)
    secret = token() if uploads else ""
    folder = expanded(composed["run"])
    check_is_run(folder, f"run={composed['run']}")
    run = read_run(folder)
    out = expanded(composed["out"]) if composed["out"] else folder / FOLDER
    try:
        files = write_files(run, repos, out)
    except OSError as error:
        raise RunError(
            f"can't write to {out}: {error.strerror or error}; name another out="
        ) from error
    commits = upload(out, files, repos, secret) if uploads else []
    console = screen()
    for name, what in (
        ("model/", f"goes into {repos.model}"),
        (CARD, "is for the front matter of its README.md"),
        *([("dataset/", f"goes into the dataset {repos.dataset}")] if samples else []),
    ):
        paragraph(console, f"{name} {what}")
    paragraph(console, "uploaded" if uploads else "nothing was uploaded; upload=true does that")
    for commit in commits:
        paragraph(console, commit)
    print_path(console, out)
    return Outcome({"out": out, "files": files, "model": repos.model, "commits": commits})


def _flag(composed: dict[str, Any], key: str) -> bool:
    value = composed[key]
    if not isinstance(value, bool):
        raise InputError(f"{key}={value}: true or false is wanted")
    return value
