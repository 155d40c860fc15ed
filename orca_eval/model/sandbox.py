"""Where chat templates run: no access to Python, and no loop or text without end."""

from __future__ import annotations

import json
import re
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_STEPS = 1_000_000
"""Of all `range` loops of one rendering together; a prompt of an ordinary chat takes a few."""
MOST_CHARACTERS = 10_000_000
MOST_DIGITS = 1000
_WIDE = re.compile(r"[0-9]{5}|[*]")


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja as transformers sets it up, with bounds on what a rendering may cost."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationBlock, loopcontrols]
        )
        self.filters["tojson"] = _to_json
        self.filters["center"] = self._bounded_width("center")
        self.filters["indent"] = self._bounded_width("indent")
        self.globals["raise_exception"] = _raise
        self.globals["range"] = self._range
        self.steps = 0

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiplying and formatting make texts of any length from a few characters."""
        if operator == "*":
            for one, other in ((left, right), (right, left)):
                if isinstance(one, str | bytes | list | tuple) and isinstance(other, int):
                    _refuse_over(MOST_CHARACTERS, len(one) * other)
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            _refuse_over(MOST_DIGITS, right * len(str(abs(left))))
        elif operator == "%" and isinstance(left, str) and _WIDE.search(left):
            raise jinja2.TemplateError("it fills a text up to thousands of characters")
        return super().call_binop(context, operator, left, right)

    def _range(self, *bounds: int) -> range:
        steps = range(*bounds)
        self.steps += len(steps)
        _refuse_over(MOST_STEPS, self.steps)
        return steps

    def _bounded_width(self, name: str) -> Any:
        plain = self.filters[name]

        def bounded(text: str, width: Any = 4, *more: Any, **named: Any) -> Any:
            if isinstance(width, int):
                _refuse_over(MOST_CHARACTERS, width * (1 + str(text).count("\n")))
            return plain(text, width, *more, **named)

        return bounded


class _GenerationBlock(Extension):
    """`{% generation %}…{% endgeneration %}` marks training text; for a prompt it does nothing."""

    tags = {"generation"}  # noqa: RUF012 (jinja2's own declaration)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _refuse_over(most: int, found: int) -> None:
    if found > most:
        raise jinja2.TemplateError(f"it makes {found:,} of what may be {most:,}")


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Jinja's own filter escapes HTML, which no model was trained on."""
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
