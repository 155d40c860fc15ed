"""The upload to the hub: with a token from the environment, which is printed nowhere."""

import os
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError

from orca_eval.errors import InputError, RunError
from orca_eval.publish.files import DATASET, MODEL, Repos

TOKEN = "HF_TOKEN"
MESSAGE = "orca-eval results"


def token() -> str:
    """The environment's token. InputError where there is none."""
    found = os.environ.get(TOKEN, "").strip()
    if not found:
        raise InputError(f"upload=true: no token in {TOKEN}; set that environment variable")
    return found


def upload(out: Path, files: Sequence[Path], repos: Repos, secret: str) -> list[str]:
    """Uploads those of the `files` that were written into `out` for a repository, and nothing else
    that lies there; gives the addresses of the commits.

    The model's repository must be there; the dataset's is made where it is not.

    Raises:
        RunError: the hub refuses, or can't be reached.
    """
    api, made = HfApi(token=secret), []
    try:
        if repos.dataset:
            api.create_repo(repos.dataset, repo_type="dataset", exist_ok=True)
        for kind, repo in ((DATASET, repos.dataset), (MODEL, repos.model)):
            own = [path for path in files if path.is_relative_to(out / kind)]
            if own:
                commit = api.create_commit(
                    repo_id=repo,
                    repo_type=kind,
                    operations=[
                        CommitOperationAdd(path.relative_to(out / kind).as_posix(), path)
                        for path in own
                    ],
                    commit_message=MESSAGE,
                )
                made.append(commit.commit_url)
    except (HfHubHTTPError, OSError, ValueError) as error:
        said = " ".join(str(error).split()).replace(secret, "…")[:300]
        raise RunError(
            f"the hub took not all of it ({said}); the files stay in {out}: repeat the command"
        ) from None
    return made
