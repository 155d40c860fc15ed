"""budgets.csv: a run's scores at smaller max_tokens, as scores.csv has them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.folder import write_frame
from orca_eval.results.reading import BUDGETS, reading
from orca_eval.results.scores import count, read_rows, scores_frame

MAX_TOKENS = "max_tokens"


def write_budgets(folder: Path, rows: Mapping[int, Sequence[ScoreRow]]) -> None:
    """Writes them by budget. Raises RunError as `folder.write_frame`."""
    frame = scores_frame([row for part in rows.values() for row in part])
    frame = frame.drop(columns=["figures", "slice", "note"])
    budgets = [budget for budget, part in rows.items() for _ in part]
    frame.insert(0, MAX_TOKENS, budgets)
    write_frame(folder / BUDGETS, frame)


def read_budgets(folder: Path) -> dict[int, list[ScoreRow]]:
    """A run's scores by budget, the smallest first; none where no tokens were known.

    Raises:
        DamagedError: the file is damaged.
    """
    if not (folder / BUDGETS).exists():
        return {}
    found: dict[int, list[ScoreRow]] = {}
    with reading(folder / BUDGETS, "can't be read"):
        for cells, row in read_rows(folder / BUDGETS, (MAX_TOKENS,)):
            found.setdefault(count(cells[MAX_TOKENS]), []).append(row)
    return dict(sorted(found.items()))
