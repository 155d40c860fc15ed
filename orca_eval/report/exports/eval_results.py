"""A run as the hub's `.eval_results/*.yaml`: a model's page and a dataset's leaderboard show it."""

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from orca_eval.files import SafeNames
from orca_eval.report.exports.lm_eval import ended
from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.run import Run
from orca_eval.safe_text import terminal

FOLDER = ".eval_results"


def eval_results(run: Run, source_url: str | None = None) -> dict[str, str]:
    """YAML by file name, a file per benchmark that has a dataset on the hub; none for a run whose
    scores are not of whole benchmarks. `source_url` leads to the samples."""
    if not run.full:
        return {}
    names, files = SafeNames(), {}
    for name in run.benchmarks:
        score = run.benchmark(name)
        dataset = run.benchmarks[name].presentation.dataset
        if dataset and score is not None and score.score is not None:
            entry = _entry(run, name, score, score.score, source_url)
            content = eval_result_entries_to_yaml([entry])
            files[f"orca-eval-{names.of(name)}.yaml"] = yaml.safe_dump(content, sort_keys=False)
    return files


def _entry(
    run: Run, name: str, score: ScoreRow, share: float, source_url: str | None
) -> EvalResultEntry:
    benchmark, when = run.benchmarks[name], ended(run)
    return EvalResultEntry(
        dataset_id=benchmark.presentation.dataset,
        task_id=name,
        value=round(benchmark.measure.shown(share) or 0.0, 2),
        date=when.isoformat() if when else None,
        source_url=source_url,
        source_name="orca-eval samples" if source_url else None,
        notes=terminal(_notes(run, name, score)),
    )


def _notes(run: Run, name: str, score: ScoreRow) -> str:
    """How the score was made, as far as one line says it."""
    benchmark, measure = run.benchmarks[name], run.benchmarks[name].measure
    low, high = measure.shown(score.ci_low), measure.shown(score.ci_high)
    interval = "" if low is None or high is None else f", 95% interval {low:.1f} to {high:.1f}"
    how = "mean of tasks" if benchmark.aggregate == "mean_of_tasks" else "pooled"
    answered = score.rates.get("extraction_rate")
    found = "" if answered is None else f", answers found {100 * answered:.1f}%"
    return (
        f"zero-shot, generative, system message {run.prompt}, {how}, {measure.unit}, "
        f"n={score.n}{interval}{found}; orca-eval {run.manifest.orca_eval_version}"
    )
