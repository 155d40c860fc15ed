"""Answers on the screen: in columns where they fit, else one after the other as they come."""

import contextlib
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.rule import Rule
from rich.table import Table as Grid
from rich.text import Text

from orca_eval.ask.chat import Chat, Reply
from orca_eval.screen import INDENT, plain

LEAST = 38
"""Signs of a line that is pleasant to read."""
WAITING = "…"


class Sheet:
    """The place where replies go."""

    def __init__(self, console: Console, chats: Sequence[Chat], turns: Sequence[str]) -> None:
        self._console, self._chats, self._turns = console, chats, turns
        self._replies: list[Reply] = []
        self._live: Live | None = None
        fit = len(chats) > 1 and len(chats) * LEAST <= console.width
        self.in_columns = fit and console.is_terminal  # a log has each reply when it comes

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Inside, replies appear as they come; behind it, columns stay as they are in the end."""
        for turn in self._turns:
            self._console.print(_block(turn, "bold"))
        self._console.print()
        if not self.in_columns:
            yield
        else:
            with Live(self._columns(), console=self._console, auto_refresh=False) as self._live:
                yield

    def add(self, reply: Reply) -> None:
        """Shows one reply."""
        self._replies.append(reply)
        if self._live is not None:
            self._live.update(self._columns(), refresh=True)
        elif not self.in_columns:
            self._console.print(Rule(plain(title(reply)), align="left", characters="─"))
            self._console.print(_body(reply))
            self._console.print()

    def _columns(self) -> Grid:
        """A column for each chat, with its replies below each other."""
        grid = Grid(box=None, expand=True, padding=(0, INDENT, 0, 0))
        for chat in self._chats:
            grid.add_column(plain(chat.name), ratio=1, overflow="fold")
        most = max(chat.config.samples_per_doc for chat in self._chats)
        for sample in range(most):
            grid.add_row(*(self._cell(chat, sample) for chat in self._chats))
        return grid

    def _cell(self, chat: Chat, sample: int) -> RenderableType:
        for reply in self._replies:
            if reply.chat is chat and reply.sample == sample:
                return Group(_body(reply), Text())
        return Text(WAITING, "dim")


def title(reply: Reply) -> str:
    """Whose reply it is."""
    several = reply.chat.config.samples_per_doc > 1
    return f"{reply.chat.name} · {reply.sample + 1}" if several else reply.chat.name


def _body(reply: Reply) -> Group:
    """The answers, what went wrong, and what it took."""
    parts: list[RenderableType] = [_block(answer or "(nothing)") for answer in reply.answers]
    if reply.problem:
        parts.append(plain(reply.problem, "bold red"))
    return Group(*parts, plain(reply.cost, "dim"))


def _block(text: str, style: str = "") -> Group:
    """Lines from outside, in which nothing acts on the screen."""
    return Group(*(plain(line, style) for line in text.split("\n")))
