"""orca-eval rescore."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from orca_eval import __version__
from orca_eval.config.compose import compose_verb
from orca_eval.extract import EXTRACTOR_VERSION
from orca_eval.results import folder as run_dir
from orca_eval.results.aggregate import ScoreRow, aggregate
from orca_eval.results.manifest import Manifest
from orca_eval.results.reading import MANIFEST, SAMPLES
from orca_eval.results.rescore import Flip, flips, rescore_frame, scores_of
from orca_eval.results.run import finished_run
from orca_eval.results.scores import write_scores
from orca_eval.run.table import labels, percent
from orca_eval.screen import plain, screen
from orca_eval.tables.screen import show
from orca_eval.tables.table import Table, columns, text_row

SHOWN_FLIPS = 20
FLIPS = "flips.csv"


def main(overrides: list[str]) -> int:
    """Writes `rescored/<extractor version>/` inside the run folder; exit code 0."""
    return rescore_run(compose_verb("rescore", overrides)["run"])


def rescore_run(run: str) -> int:
    """The same for a run's folder."""
    folder, manifest, old = finished_run(run)
    new = rescore_frame(old)
    target = folder / "rescored" / EXTRACTOR_VERSION
    before, after = (
        aggregate(scores_of(frame), manifest.kinds, manifest.averages, manifest.measures)
        for frame in (old, new)
    )
    changed = flips(old, new)
    _write(target, new, after, changed, manifest)
    _print(before, after, changed, manifest, target)
    return 0


def _write(
    target: Path,
    samples: pd.DataFrame,
    rows: Sequence[ScoreRow],
    changed: Sequence[Flip],
    manifest: Manifest,
) -> None:
    with run_dir.held(target):
        run_dir.write_frame(target / SAMPLES, samples)
        write_scores(target, rows)
        table = pd.DataFrame(map(_flip_cells, changed), columns=list(FLIP_COLUMNS))
        run_dir.write_frame(target / FLIPS, table)
        rescored = manifest.content | {
            "extractor_version": EXTRACTOR_VERSION,
            "orca_eval_version": __version__,
            "rescored_from": {
                "extractor_version": manifest.extractor_version,
                "orca_eval_version": manifest.orca_eval_version,
            },
        }
        run_dir.write_json(target / MANIFEST, rescored)


FLIP_COLUMNS = ("sample", "old answer", "new answer", "old rule", "new rule", "score")


def _flip_cells(flip: Flip) -> tuple[str, ...]:
    return (
        f"{flip.benchmark}/{flip.task} {flip.doc_id}",
        "–" if flip.old_answer is None else flip.old_answer,
        "–" if flip.new_answer is None else flip.new_answer,
        flip.old_rule,
        flip.new_rule,
        f"{flip.old_score:g} → {flip.new_score:g}",
    )


def _print(
    before: Sequence[ScoreRow],
    after: Sequence[ScoreRow],
    changed: Sequence[Flip],
    manifest: Manifest,
    target: Path,
) -> None:
    console = screen()
    names = labels(manifest)
    show(
        console,
        Table(
            name="rescored",
            title=f"{manifest.model.name}: extractors {manifest.extractor_version} → "
            f"{EXTRACTOR_VERSION}",
            head="benchmark",
            columns=columns("old score", "new score", "change", "old answered", "new answered"),
            rows=tuple(
                text_row(
                    names.get(old.benchmark, old.benchmark),
                    percent(old.score, 2),
                    percent(new.score, 2),
                    f"{100 * (new.score - old.score):+.2f}",
                    percent(old.extraction_rate),
                    percent(new.extraction_rate),
                )
                for old, new in zip(before, after, strict=True)
                if old.level != "task" and old.score is not None and new.score is not None
            ),
        ),
    )
    console.print(f"  {len(changed)} samples changed")
    if changed:
        rows = tuple(text_row(*_flip_cells(flip)) for flip in changed[:SHOWN_FLIPS])
        sample, *others = FLIP_COLUMNS
        show(console, Table("flips", "", sample, columns(*others, text=others), rows))
    if len(changed) > SHOWN_FLIPS:
        console.print(f"  … the rest in {FLIPS}")
    console.print("\n ", plain(str(target)), soft_wrap=True)
