"""Jinja for templates of unknown origin: sandboxed, and bounded in time and size.

Jinja's own sandbox bounds `range` alone: nested loops, `"a" * 10**10` or a text that is doubled in
a loop would take all of a machine's time or memory.
"""

import functools
import re
import time
from collections.abc import Callable, Iterable, Sized
from typing import Any

from jinja2 import nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

MOST = 20_000_000  # characters of a text, entries of a list, or an argument's value
SECONDS = 3.0  # a prompt takes 20 µs
_MOST_BITS = 4096
_WIDTH = re.compile(r"\d{7}")  # of a number in a format: at least ten million
_MEASURE, _TICK = "orca_eval_measured", "orca_eval_tick"


class TemplateBoundError(Exception):
    """A template that runs on, or makes too much."""


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox, with `TemplateBoundError` for a template that runs on or makes too much.

    Every turn of a loop, a macro, a block, every filter and every call looks at the clock; what an
    operator, a filter or a call makes is measured, and so is what is written.
    """

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._end = float("inf")
        self.concat = _concat  # type: ignore[method-assign]  # the output of templates and blocks

    def begin(self) -> None:
        """Starts the clock for what is rendered next."""
        self._end = time.monotonic() + SECONDS

    def bound_filters(self) -> None:
        """Takes the filters as they are now under the same bounds."""
        self.filters = {name: self._bounded(call) for name, call in self.filters.items()}
        self.filters[_MEASURE] = _measured
        self.filters[_TICK] = self._tick

    def _tick(self, _value: object = None) -> None:
        """Raises TemplateBoundError once the time is over."""
        if time.monotonic() > self._end:
            raise TemplateBoundError(f"it takes more than {SECONDS:g} s")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operator whose result is measured, before it is made where it could be large."""
        if operator == "+":  # the one that templates use for every turn
            return _measured(left + right)
        if operator == "*":
            _refuse_copies(left, right)
            _refuse_copies(right, left)
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() * right > _MOST_BITS:
                raise TemplateBoundError("it computes a number that is too large")
        elif operator == "%" and isinstance(left, str):
            _refuse_widths(left)
            _refuse_numbers(right if isinstance(right, tuple) else (right,))
        return _measured(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """A call whose arguments and result are measured."""
        __self._tick()
        _refuse_numbers((*args, *kwargs.values()))
        if (owner := _format_text(__obj)) is not None:
            _refuse_widths(owner)
        return _measured(super().call(__context, __obj, *args, **kwargs))

    def _bounded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        formats = call.__name__ == "do_format"

        @functools.wraps(call)
        def bounded(*args: Any, **kwargs: Any) -> Any:
            self._tick()
            _refuse_numbers((*args[1:], *kwargs.values()))
            if formats:
                _refuse_widths(str(args[0]))
            return _measured(call(*args, **kwargs))

        return bounded

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_Bound(self).visit(source), *args, **kwargs)


class _Bound(NodeTransformer):
    """Puts a look at the clock into each body that can run again, and measures each `~`."""

    def __init__(self, environment: BoundedEnvironment) -> None:
        self._environment = environment

    def visit_body(self, node: Any) -> Any:
        self.generic_visit(node)
        # A filter is called directly, so this costs a tenth of a microsecond.
        value = nodes.EnvironmentAttribute("shared")
        tick = nodes.Filter(value, _TICK, [], [], None, None)
        node.body.insert(0, self._placed(nodes.ExprStmt(tick), node))
        return node

    visit_For = visit_Macro = visit_CallBlock = visit_Block = visit_body

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return self._placed(nodes.Filter(node, _MEASURE, [], [], None, None), node)

    def _placed(self, node: nodes.Node, place: nodes.Node) -> nodes.Node:
        return node.set_environment(self._environment).set_lineno(place.lineno)


def _concat(pieces: Iterable[str]) -> str:
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        _refuse_size(size)
        kept.append(piece)
    return "".join(kept)


def _measured(value: Any) -> Any:
    if isinstance(value, (str, bytes, list, tuple, dict)) and len(value) > MOST:
        _refuse_size(len(value))
    return value


def _refuse_size(size: int) -> None:
    if size > MOST:
        raise TemplateBoundError(f"it makes a text or a list of more than {MOST:,} characters")


def _refuse_copies(sized: Any, times: Any) -> None:
    if isinstance(sized, Sized) and isinstance(times, int):
        _refuse_size(len(sized) * times)


def _refuse_numbers(arguments: Iterable[Any]) -> None:
    if any(isinstance(argument, int) and abs(argument) > MOST for argument in arguments):
        raise TemplateBoundError(f"it calls something with a number beyond {MOST:,}")


def _refuse_widths(form: str) -> None:
    if _WIDTH.search(form):
        raise TemplateBoundError("it formats to a width that is too large")


def _format_text(call: Any) -> str | None:
    """The text whose `format` is called: Jinja's sandbox wraps that method."""
    owner = getattr(getattr(call, "__wrapped__", None), "__self__", None)
    return owner if isinstance(owner, str) else None
