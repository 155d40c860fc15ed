"""What a benchmark's score is over its tasks, in the words of every table."""

AS_SAMPLED = (
    "Pooled as sampled: limit= draws as many documents of every task, so its tasks weigh about "
    "equally, not by their full size."
)


def score_kind(aggregate: str, tasks: int, n: int, full_n: int | None) -> str:
    """ "mean of 23 tasks", "57 tasks pooled", or nothing where there is a single task.

    A score pooled over `n` of `full_n` documents is "57 tasks pooled as sampled": it does not
    estimate the full benchmark's. See `AS_SAMPLED`, the footnote.
    """
    if tasks == 1:
        return ""
    if aggregate == "mean_of_tasks":
        return f"mean of {tasks} tasks"
    sampled = is_as_sampled(aggregate, tasks, n, full_n)
    return f"{tasks} tasks pooled{' as sampled' if sampled else ''}"


def is_as_sampled(aggregate: str, tasks: int, n: int, full_n: int | None) -> bool:
    """Whether a score needs the footnote `AS_SAMPLED`."""
    return aggregate == "pooled" and tasks > 1 and full_n is not None and n < full_n
