"""The training step in a checkpoint's name: `step-1000`, `global_step2.5k`, `checkpoint-500`."""

import re

_STEP = re.compile(
    r"[-_ ./]*(?<![a-z])(?:global[-_ ]?step|step|checkpoint|ckpt|iter)[-_ ]?"
    r"(\d{1,15}(?:\.\d+)?)(k|m|b)?(?![a-z\d])",
    re.IGNORECASE,
)
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}


def step_of(name: str) -> tuple[str, float] | None:
    """A name without its last step, and the step; None where it has none.

    >>> step_of("out/checkpoint-1200"), step_of("orca-2-7b")
    (('out', 1200.0), None)
    """
    found = list(_STEP.finditer(name))
    if not found:
        return None
    last = found[-1]
    number = float(last[1]) * _TIMES[(last[2] or "").lower()]
    return name[: last.start()] + name[last.end() :], number
