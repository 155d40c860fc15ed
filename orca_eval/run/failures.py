"""Requests that failed for good: each is an item's fault until their number says that it is not.

A wrong setting fails every request alike, and a server that broke down all that follow; a poisoned
prompt fails alone. One that was refused for its content, or as too long, says nothing of others.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from orca_eval.errors import FailedItemError, RunError

FIRST_ALIKE = 8
"""So many failures before any answer are a wrong setting."""
FIRST_REFUSED = 100
"""The same for prompts that were refused as such."""
FEWEST_IN_A_ROW = 3
"""One after the other, where only so few requests are under way at once."""


@dataclass(slots=True)
class Failures:
    """Failures of one engine's requests. `say` gets a line for each once others were answered, for
    until then they may be all one."""

    max_in_flight: int
    say: Callable[[str], None]
    last: str = ""
    _answered: int = 0
    _in_a_row: int = 0
    _unsaid: list[str] = field(default_factory=list)

    @property
    def any_answered(self) -> bool:
        """Whether a request like these was ever answered: then the settings are good."""
        return self._answered > 0

    def answered(self) -> None:
        """Takes note of an answer, which an earlier run may have been given."""
        self._answered += 1
        self._in_a_row = 0
        self.tell()

    def failed(self, where: str, error: FailedItemError) -> None:
        """Takes note of a failure.

        Raises:
            RunError: it is no item's fault.
        """
        self._in_a_row += 1
        self.last = str(error)
        self._unsaid.append(f"{where} failed: {error}")
        if self._in_a_row >= self._most(error):
            if not self._answered:
                raise RunError(
                    f"{error}; so failed the first {self._in_a_row} requests, which no single "
                    "prompt explains: correct the server or the settings"
                )
            raise RunError(
                f"{error}; so failed {self._in_a_row} requests, with no answer between them; what "
                "was answered is stored, and the same command goes on"
            )
        if self._answered:
            self.tell()

    def tell(self) -> None:
        """Says what was kept back."""
        lines, self._unsaid = self._unsaid, []
        for line in lines:
            self.say(line)

    def _most(self, error: FailedItemError) -> float:
        if self._answered:
            # As many as may have been under way when the server broke down, and some more.
            return float("inf") if error.refused else self.max_in_flight + FIRST_ALIKE
        if error.refused:
            return FIRST_REFUSED
        return max(FEWEST_IN_A_ROW, min(FIRST_ALIKE, self.max_in_flight))
