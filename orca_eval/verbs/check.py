"""orca-eval check."""

from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.safe_text import github_line
from orca_eval.types import once


def main(overrides: list[str]) -> int:
    """Validates what `run` would use, without loading the engine; exit code 0 when all is well."""
    config = run_config(compose_verb("check", overrides))
    from orca_eval.engines.registry import build_engine
    from orca_eval.run.evaluate import find_judge, load_suite
    from orca_eval.run.identity import find_folder
    from orca_eval.run.plan import Planner, first_steps, refuse_too_many

    engine = build_engine(config)
    engine.check()
    benchmarks = load_suite(config)
    refuse_too_many(benchmarks, config.samples_per_doc)
    judge = find_judge(config, benchmarks)
    planner = Planner(config, engine)
    planner.add(first_steps(benchmarks), config.samples_per_doc)
    for benchmark in benchmarks:
        print(github_line(f"{benchmark.alias}: {benchmark.n} docs from {benchmark.source}"))
    planner.refuse_over_long()
    for note in engine.tokenizer.notes if engine.tokenizer else ():
        print(github_line(note))
    if planner.over_long:
        print(f"{len(planner.over_long)} prompts do not fit: over_long={config.over_long}")
    steps = any(task.ask is not once for benchmark in benchmarks for task in benchmark.tasks)
    further = ", and what follows from the answers" if steps else ""
    most = config.sampling.max_tokens
    generations = config.samples_per_doc * len(planner.questions)
    print(f"{generations} generations of at most {most} tokens{further}")
    print(f"run folder: {find_folder(config, engine, benchmarks, judge)}")
    return 0
