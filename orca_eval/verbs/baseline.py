"""orca-eval baseline export."""

from orca_eval.config.compose import compose_verb
from orca_eval.errors import InputError
from orca_eval.gate import main_baseline_export
from orca_eval.outcome import Outcome
from orca_eval.paths import expanded


def main(overrides: list[str]) -> Outcome:
    """Writes a run's baseline file."""
    if not overrides or overrides[0] != "export":
        raise InputError("write: orca-eval baseline export run=RUN [out=FILE]")
    composed = compose_verb("baseline", overrides[1:])
    out = composed["out"]
    return main_baseline_export(composed["run"], expanded(out) if out else None)
