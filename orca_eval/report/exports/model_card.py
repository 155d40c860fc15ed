"""A Hugging Face model card's `model-index` block, ready to be pasted into its front matter."""

from huggingface_hub import EvalResult, ModelCardData

from orca_eval.results.aggregate import ScoreRow
from orca_eval.results.run import Run


def model_index(run: Run) -> str:
    """YAML between `---` lines. Empty for a run whose scores are not of whole benchmarks."""
    results = [
        _result(run, name, score, score.score)
        for name in run.benchmarks
        if (score := run.benchmark(name)) is not None and score.score is not None
    ]
    if not run.full or not results:
        return ""
    card = ModelCardData(model_name=run.label, eval_results=results)
    return f"---\n{card.to_yaml()}\n---\n"


def _result(run: Run, name: str, score: ScoreRow, share: float) -> EvalResult:
    benchmark = run.benchmarks[name]
    how = "mean of tasks" if benchmark.aggregate == "mean_of_tasks" else "pooled"
    metric = "accuracy" if score.f1 is None else "exact match"
    metric = metric if benchmark.measure.in_percent else benchmark.measure.name
    return EvalResult(
        task_type="text-generation",
        task_name="Zero-shot free-text answers (orca-eval)",
        dataset_type=benchmark.presentation.dataset or name,
        dataset_name=benchmark.alias,
        metric_type=metric.replace(" ", "_"),
        metric_name=f"{metric} ({benchmark.measure.unit}, {how}, n={score.n})",
        metric_value=round(benchmark.measure.shown(share) or 0.0, 2),
        dataset_args={"num_few_shot": 0, "data_sha256": benchmark.data_sha256},
    )
