"""The examples in docs/gate.md are valid."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from orca_eval.gate import policy_from_mapping

_PAGE = Path(__file__).parents[2] / "docs" / "gate.md"


def blocks() -> list[dict[str, object]]:
    return [
        yaml.safe_load(b) for b in re.findall(r"```yaml[^\n]*\n(.*?)```", _PAGE.read_text(), re.S)
    ]


def test_policy_example() -> None:
    (example,) = [block for block in blocks() if block["name"] == "mine"]
    policy = policy_from_mapping(example)
    assert policy.rule("gsm8k").tolerated_drop.value == 0.5
    assert policy.rule("drop").tier == "advisory"
    assert [average.name for average in policy.averages] == ["Reasoning average"]


def test_workflow_example_is_yaml_that_runs_the_gate() -> None:
    (workflow,) = [block for block in blocks() if "jobs" in block]
    steps = workflow["jobs"]["gate"]["steps"]  # type: ignore[index]
    (gate,) = [step["run"] for step in steps if step.get("name") == "gate"]
    assert "orca-eval gate baseline=" in gate
    assert 'exit "$code"' in gate
