"""What is published of a run: the model's results, and its samples as a dataset."""

import shutil
from pathlib import Path
from typing import NamedTuple

import yaml
from huggingface_hub import constants
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from orca_eval.errors import InputError
from orca_eval.report.exports.eval_results import FOLDER, eval_results
from orca_eval.report.exports.every_eval_ever import write_records
from orca_eval.report.exports.lm_eval import write_results
from orca_eval.report.exports.model_card import model_index
from orca_eval.results.reading import SAMPLES, SCORES
from orca_eval.results.run import Run
from orca_eval.results.scores import read_scores
from orca_eval.run.table import scores_table
from orca_eval.tables import markdown

MODEL, DATASET, CARD = "model", "dataset", "model-index.md"


class Repos(NamedTuple):
    """Where it goes: the model's repository, and the dataset's; empty where none is made."""

    model: str
    dataset: str


def repos_of(repo: str, samples: bool) -> Repos:
    """The repositories by the model's.

    Raises:
        InputError: that is no name of one.
    """
    dataset = f"{repo}-orca-eval"
    try:
        validate_repo_id(dataset)
    except HFValidationError as error:
        raise InputError(f"repo={repo}: no name of a repository on the hub ({error})") from error
    if repo.count("/") != 1:
        raise InputError(f"repo={repo}: write it as OWNER/NAME")
    return Repos(repo, dataset if samples else "")


def write_files(run: Run, repos: Repos, out: Path) -> list[Path]:
    """Writes `model/`, `model-index.md` and, where there is one, `dataset/`; gives their paths.

    Raises:
        InputError: the run's scores are not of whole benchmarks, which nobody publishes.
    """
    if not run.full:
        told = f"run={run.folder}: {run.extent}"
        raise InputError(f"{told}; only scores of whole benchmarks are published")
    url = f"{constants.ENDPOINT}/datasets/{repos.dataset}" if repos.dataset else None
    results = out / MODEL / FOLDER
    results.mkdir(parents=True, exist_ok=True)
    made = [_written(results / name, text) for name, text in eval_results(run, url).items()]
    if block := model_index(run):
        made.append(_written(out / CARD, block))
    if repos.dataset:
        made += _dataset(run, repos, out / DATASET)
    return made


def _dataset(run: Run, repos: Repos, folder: Path) -> list[Path]:
    """The samples as they are, scores, lm-eval's results and a record of Every Eval Ever."""
    folder.mkdir(parents=True, exist_ok=True)
    copies = [shutil.copyfile(run.folder / name, folder / name) for name in (SAMPLES, SCORES)]
    owner = repos.model.partition("/")[0]
    records = write_records(run, folder, repos.model, owner)
    card = _written(folder / "README.md", _card(run, repos))
    return [*copies, write_results(run, folder), *records, card]


def _card(run: Run, repos: Repos) -> str:
    """The dataset's card: which file is the data, and the run's table."""
    head = {
        "configs": [{"config_name": "samples", "data_files": SAMPLES}],
        "tags": ["orca-eval", "evaluation-results"],
    }
    table = scores_table(read_scores(run.folder), run.manifest)
    return (
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n\n# Samples of {repos.model}\n\n"
        "Every prompt and reply of an orca-eval run, with the answer that was read from it. The "
        "prompts are the benchmarks' own, and their licences hold.\n\n"
        f"{markdown(table)}"
    )


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
