"""What a run with fewer max_tokens was answered serves a longer one: whole replies as they are, and
cut ones to go on from, token for token."""

from collections.abc import Iterator, Sequence

from orca_eval.engines.base import Continues, Engine
from orca_eval.run.plan import Prompter, Work
from orca_eval.store import Asked, ResponseStore, Stored
from orca_eval.types import CUT_OFF, Completion, Request, Sampling


class ShorterReplies:
    """The stored replies to the same requests, asked for with fewer tokens.

    Attributes:
        whole: how many served as they are.
        cut: how many are to be continued.
        asked_again: how many are cut and can't be.
    """

    def __init__(self, store: ResponseStore, engine: Engine, *, wanted: bool) -> None:
        self._store = store
        self._engine = engine if wanted and isinstance(engine, Continues) else None
        self.whole = self.cut = self.asked_again = 0
        self._said: set[str] = set()

    def serve(self, works: Sequence[Work]) -> dict[bytes, Stored]:
        """Whole replies, by the works' keys. The longest shorter one is looked at: where that is
        cut, so are all others."""
        served = {}
        for work, stored in self._found(works):
            samples = len(work.waiting)
            if stored.completion.finish_reason != CUT_OFF:
                served[work.key] = stored
                self.whole += samples
            elif self._continues(work, stored.completion):
                self.cut += samples
            else:
                self.asked_again += samples
        return served

    def requests(self, prompter: Prompter, works: Sequence[Work]) -> list[Request]:
        """The works as an engine takes them, with the cut replies that it is to go on from: their
        ids stay in the store until then."""
        cut = {work.key: stored.completion for work, stored in self._found(works)}
        requests = prompter.requests(works)
        return [
            request._replace(cut=completion)
            if (completion := cut.get(work.key)) and self._continues(work, completion)
            else request
            for work, request in zip(works, requests, strict=True)
        ]

    def news(self) -> list[str]:
        """What becomes of them, a line each, that was not told before."""
        lines = [line for line in self._lines() if line not in self._said]
        self._said.update(lines)
        return lines

    def _lines(self) -> Iterator[str]:
        if self.whole:
            yield f"{self.whole} whole replies of a shorter run are reused"
        if self.cut:
            yield f"{self.cut} cut replies of a shorter run are continued"
        if self.asked_again:
            yield (
                f"{self.asked_again} cut replies of a shorter run are asked again: they were drawn "
                "at random, limited in their thinking, or the engine can't go on from them"
            )

    def _continues(self, work: Work, cut: Completion) -> bool:
        engine = self._engine
        return engine is not None and engine.can_continue(cut) and goes_on(work.sampling, cut)

    def _found(self, works: Sequence[Work]) -> list[tuple[Work, Stored]]:
        if self._engine is None:
            return []
        asked = [Asked(work.request, work.sampling.max_tokens) for work in works]
        found = self._store.shorter(asked)
        return [(work, found[work.request]) for work in works if work.request in found]


def goes_on(sampling: Sampling, cut: Completion) -> bool:
    """Whether a request goes on from its cut reply as it would have in one go: at temperature 0,
    with no thinking counted, from a text whose end begins no stop string."""
    begun = any(
        cut.text.endswith(stop[:length]) for stop in sampling.stop for length in range(1, len(stop))
    )
    greedy = sampling.temperature == 0
    return greedy and sampling.thinking_budget is None and not begun
