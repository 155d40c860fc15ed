"""Several runs by one of Hydra's launchers: what is missing is handed out, and all are followed."""

from __future__ import annotations

from collections.abc import Sequence

from orca_eval.config.compose import compose_verb
from orca_eval.errors import OrcaEvalError
from orca_eval.launch import launcher
from orca_eval.launch.follow import Watch, follow, going_on
from orca_eval.launch.job import RunResult
from orca_eval.launch.record import Job, job_of
from orca_eval.launch.submit import submit
from orca_eval.run.progress import say


def launched(
    runs: Sequence[Sequence[str]], typed: Sequence[str], *, detach: bool
) -> list[RunResult] | None:
    """Hands to the launcher what is neither finished nor under way, and follows all runs to their
    end; None where they are left alone.

    Raises:
        InputError: the launcher does not take them; nothing was begun.
        KeyboardInterrupt: the command was interrupted; the runs go on.
    """
    jobs = [job_of(overrides, compose_verb("run", overrides)) for overrides in runs]
    watch = Watch()
    phases = {job.folder: watch.phase(job) for job in jobs}
    under_way = [job for job in jobs if phases[job.folder] in ("waiting", "running")]
    missing = [job for job in jobs if job not in under_way and not _is_finished(job)]
    missing = list({job.folder: job for job in missing}.values())
    if under_way:
        say(f"{len(under_way)} of {len(jobs)} runs are under way")
    if missing:
        submit(missing, typed)
        say(f"{launcher.name_of(typed)} has {len(missing)} of {len(jobs)} runs")
    if detach:
        say(going_on(jobs, watch))
        return None
    return follow(jobs, watch)


def _is_finished(job: Job) -> bool:
    """Whether its scores are there, of answers that are all there; `fresh=true` begins anew."""
    result = job.result()
    if result is None or result.folder is None or job.composed["fresh"]:
        return False
    from orca_eval.results.run import check_finished  # pandas takes long to import

    try:
        samples = check_finished(result.folder).samples
    except OrcaEvalError:
        return False
    return not samples.get("failed", 0) and not samples.get("stalled", 0)
