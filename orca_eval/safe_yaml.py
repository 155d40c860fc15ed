"""YAML from outside, bounded: a few kilobytes of it can end the process or fill the memory."""

from typing import Any

import yaml

DEEPEST = 20  # libyaml's builder overruns the stack at some ten thousand
MOST_EVENTS = 100_000  # MMLU's 57 configs take some 3,000


def load(text: str) -> Any:
    """The document as plain data.

    Raises:
        yaml.YAMLError: it is no YAML, too deep or too long, or has aliases, which can stand for
            more than any memory holds.
        ValueError: a number or a date in it is none.
    """
    depth = 0
    for number, event in enumerate(yaml.parse(text, yaml.CSafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"nested more than {DEEPEST} deep")
        if number > MOST_EVENTS:
            raise yaml.YAMLError(f"more than {MOST_EVENTS:,} values and marks")
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
    return yaml.load(text, yaml.CSafeLoader)
