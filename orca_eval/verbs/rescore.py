"""orca-eval rescore."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from orca_eval import __version__
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import rescore_config
from orca_eval.extract import EXTRACTOR_VERSION
from orca_eval.outcome import Outcome
from orca_eval.results import folder as run_dir
from orca_eval.results.aggregate import WHOLE, ScoreRow, aggregate, by_benchmark
from orca_eval.results.manifest import Manifest
from orca_eval.results.notes import reasoning_note
from orca_eval.results.reading import MANIFEST, SAMPLES
from orca_eval.results.reasoning import only_reasoning
from orca_eval.results.rescore import flips, rescore_frame, scores_of
from orca_eval.results.run import finished_run
from orca_eval.results.scores import cells_of, write_scores
from orca_eval.run.table import labels, percent
from orca_eval.screen import paragraph, print_path, screen
from orca_eval.tables.screen import show
from orca_eval.tables.table import Table, columns, text_row
from orca_eval.types import Conflict, ReadReasoning

SHOWN_FLIPS = 20
FLIPS = "flips.csv"


def main(overrides: list[str]) -> Outcome:
    """Writes `rescored/<extractor version>/` inside the run folder."""
    config = rescore_config(compose_verb("rescore", overrides))
    return rescore_run(config.run, config.extract.conflict, config.reasoning)


def rescore_run(
    run: str, conflict: Conflict | None = None, reasoning: ReadReasoning | None = None
) -> Outcome:
    """The same for a run's folder; without `conflict` or `reasoning` as the run had it."""
    folder, manifest, old = finished_run(run)
    conflict = conflict or manifest.extract.conflict
    reasoning = reasoning or manifest.extract.reasoning
    new = rescore_frame(old, conflict, reasoning)
    chosen = [value for value in (conflict, reasoning) if value not in ("none", "apart")]
    target = folder / "rescored" / "-".join((EXTRACTOR_VERSION, *chosen))
    how = manifest.kinds, manifest.averages, manifest.measures
    before, after = (aggregate(by_benchmark(scores_of(frame)), *how) for frame in (old, new))
    changed = flips(old, new)
    rescored = manifest.content | {
        "extractor_version": EXTRACTOR_VERSION,
        "extract": {"conflict": conflict, "reasoning": reasoning},
        "notes": _notes(manifest, new, reasoning),
        "orca_eval_version": __version__,
        "rescored_from": {
            "extractor_version": manifest.extractor_version,
            "orca_eval_version": manifest.orca_eval_version,
        },
    }
    with run_dir.held(target):
        run_dir.write_frame(target / SAMPLES, new)
        write_scores(target, after)
        run_dir.write_frame(target / FLIPS, changed)
        run_dir.write_json(target / MANIFEST, rescored)
    _print(before, after, changed, manifest, target)
    told = {
        "folder": target,
        "old_extractor_version": manifest.extractor_version,
        "extractor_version": EXTRACTOR_VERSION,
        "old_scores": [cells_of(row) for row in before],
        "scores": [cells_of(row) for row in after],
        "changed": len(changed),
    }
    return Outcome(told)


def _notes(manifest: Manifest, samples: pd.DataFrame, reasoning: ReadReasoning) -> list[str]:
    """The run's, with what is said of reasoning as it is now read."""
    answers = int(only_reasoning(samples).sum())
    said, now = (reasoning_note(answers, read) for read in (manifest.extract.reasoning, reasoning))
    return [now if note == said else note for note in manifest.notes]


def _print(
    before: Sequence[ScoreRow],
    after: Sequence[ScoreRow],
    changed: pd.DataFrame,
    manifest: Manifest,
    target: Path,
) -> None:
    console = screen()
    names, answered = labels(manifest), ("old answered", "new answered")
    show(
        console,
        Table(
            name="rescored",
            title=f"{manifest.model.name}: extractors {manifest.extractor_version} → "
            f"{EXTRACTOR_VERSION}",
            head="benchmark",
            columns=columns(
                *("old score", "new score", "change"), *answered, giving_way=(answered,)
            ),
            rows=tuple(
                text_row(
                    names.get(old.benchmark, old.benchmark),
                    f"{measure.shown(old.score):.2f}",
                    f"{measure.shown(new.score):.2f}",
                    f"{measure.shown(new.score - old.score):+.2f}",
                    percent(old.extraction_rate),
                    percent(new.extraction_rate),
                    kind="summary" if old.level == "average" else "measured",
                )
                for old, new in zip(before, after, strict=True)
                if old.level in WHOLE and old.score is not None and new.score is not None
                for measure in [manifest.measure(old.benchmark)]
            ),
        ),
    )
    console.print()
    paragraph(console, f"{len(changed)} samples changed")
    if len(changed):
        shown = changed[:SHOWN_FLIPS].itertuples(index=False, name=None)
        rows = tuple(text_row(*cells) for cells in shown)
        sample, *others = changed.columns
        rules = [name for name in others if name.endswith("rule")]
        heads = columns(*others, text=others, giving_way=(rules,))
        show(console, Table("flips", "", sample, heads, rows))
    if len(changed) > SHOWN_FLIPS:
        paragraph(console, f"… the rest in {FLIPS}")
    print_path(console, target)
