"""What reading a run's file may end in: what it holds, or one line that says what to do."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from orca_eval.errors import InputError, OrcaEvalError

RESCORED = "rescored"
"""The subfolder of a run that holds its rescored copies."""
REPORTS = "reports"
"""The folder beside runs that holds the reports on several of them."""
STAGING = ".writing"
"""The subfolder in which a run's files are written before they take their places."""
MANIFEST, SAMPLES, SCORES = OF_A_RUN = ("manifest.json", "samples.parquet", "scores.csv")
BUDGETS = "budgets.csv"
"""Beside them where the tokens of its replies are known."""
JUDGES = "judges"
"""The folder beside runs that holds the checks of judges."""
JUDGE_CHECK = "judge_check.json"
"""In the folder of such a check, beside what every run has."""
MOST_TEXT_BYTES = 64 << 20


class DamagedError(InputError):
    """A file of a run is not what was written; the message says what writes it anew."""

    def __init__(self, path: Path, problem: str) -> None:
        self.problem = f"{path}: {' '.join(problem.split())}"  # names in it may be of any kind
        super().__init__(f"{self.problem}; {_remedy(path)}")


@contextlib.contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """DamagedError for whatever goes wrong with the file while it is read and understood.

    Readers of files raise what they like (pyarrow alone has six classes without a common base), so
    the operation decides, not the class.
    """
    if not path.is_file():
        raise DamagedError(path, "no such file")
    try:
        yield
    except OrcaEvalError:
        raise
    except Exception as error:
        said = next(iter(str(error).splitlines()), "")[:200] or type(error).__name__
        raise DamagedError(path, f"{what} ({said})") from error


def _remedy(path: Path) -> str:
    if path.name == JUDGE_CHECK:
        return "repeat the judge's check, which writes it anew from the stored verdicts"
    if path.name not in (*OF_A_RUN, BUDGETS):
        return "export it again with `orca-eval baseline export run=RUN`"
    if RESCORED in path.parts:
        return "rescore the run again"
    return "repeat the run's own command, which writes it anew from the stored responses"


def text_of(path: Path) -> str:
    """A text file's content; a byte order mark is none of it.

    Raises:
        ValueError: it is too large for what it should be.
    """
    size = path.stat().st_size
    if size > MOST_TEXT_BYTES:
        raise ValueError(f"{size / 1e6:,.0f} MB")
    return path.read_text("utf-8-sig")
