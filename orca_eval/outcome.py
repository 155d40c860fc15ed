"""What a verb hands to the command line: how it ended, and its result for a program."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """A verb that ran to its end; what people see of it is printed.

    `data` is what `--json` prints: names and plain values, paths and dataclasses too; docs/json.md
    tells them.
    """

    data: Mapping[str, Any]
    exit_code: int = 0
