"""orca-eval gate."""

from orca_eval.config.compose import compose_verb
from orca_eval.gate import main_gate, policy_from_mapping
from orca_eval.outcome import Outcome
from orca_eval.paths import expanded


def main(overrides: list[str]) -> Outcome:
    """Compares two runs; the exit code is the verdict."""
    composed = compose_verb("gate", overrides)
    policy = policy_from_mapping(composed["policy"])
    out = expanded(composed["out"]) if composed["out"] else None
    return main_gate(composed["baseline"], composed["candidate"], policy, out)
