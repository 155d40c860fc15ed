"""orca-eval check."""

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.outcome import Outcome
from orca_eval.safe_text import github_line
from orca_eval.types import once


def main(overrides: list[str]) -> Outcome:
    """Validates what `run` would use, without loading the engine."""
    config = run_config(compose_verb("check", overrides))
    from orca_eval.run.evaluate import checked_engine, find_judge, load_suite
    from orca_eval.run.identity import find_folder
    from orca_eval.run.plan import Planner, first_steps, refuse_too_many
    from orca_eval.run.references import with_references
    from orca_eval.run.strategy import with_strategy

    config, engine = checked_engine(config)
    benchmarks = load_suite(config)
    refuse_too_many(benchmarks, config.samples_per_doc)
    judge = find_judge(config, benchmarks)
    benchmarks = with_references(config, benchmarks)
    planner = Planner(config, engine)
    steps = any(task.ask is not once for benchmark in benchmarks for task in benchmark.tasks)
    steps |= config.strategy.in_steps
    benchmarks = with_strategy(benchmarks, config, engine)
    planner.add(first_steps(benchmarks, config.samples_per_doc), config.samples_per_doc)
    for benchmark in benchmarks:
        print(github_line(f"{benchmark.alias}: {benchmark.n} docs from {benchmark.source}"))
    planner.refuse_over_long()
    notes = engine.tokenizer.notes if engine.tokenizer else ()
    for note in notes:
        print(github_line(note))
    if planner.over_long:
        print(f"{len(planner.over_long)} prompts do not fit: over_long={config.over_long}")
    further = ", and what follows from the answers" if steps else ""
    most = config.sampling.max_tokens
    generations = config.samples_per_doc * len(planner.questions)
    print(f"{generations} generations of at most {most} tokens{further}")
    folder = find_folder(config, engine, benchmarks, judge)
    print(f"run folder: {folder}")
    told = {
        "benchmarks": [
            {"id": b.id, "alias": b.alias, "docs": b.n, "source": b.source} for b in benchmarks
        ],
        "generations": generations,
        "max_tokens": most,
        "further_steps": steps,
        "over_long": len(planner.over_long),
        "folder": folder,
        "notes": notes,
    }
    return Outcome(told)
