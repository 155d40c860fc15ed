"""orca-eval ask."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orca_eval.ask.chat import Chat, Reply, replies
from orca_eval.ask.page import write_page
from orca_eval.ask.screen import Sheet
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.engines.threads import run_to_end
from orca_eval.errors import InputError, OrcaEvalError
from orca_eval.outcome import Outcome
from orca_eval.paths import expanded
from orca_eval.results.folder import identity_hash
from orca_eval.run.evaluate import STORE_FOLDER
from orca_eval.run.progress import complain
from orca_eval.screen import print_path, screen
from orca_eval.store import ResponseStore
from orca_eval.verbs.leaderboard import models_of, names_of

OWN_KEYS = ("question", "follow_up", "models", "prompts", "strategies", "n", "out", "max_tokens")
FAILED = 1
PUZZLE = (
    "Mira lays her ring into the blue cup, in front of Tom and Jo, and goes for a walk. Tom moves "
    "the ring from the blue cup to the drawer while Jo watches, and goes to sleep. Jo takes the "
    "ring out of the drawer, puts it under the rug and leaves for work. In the evening all three "
    "are back, and nobody has told anybody anything. Where does each of them think the ring is?"
)
ASKED = "asked"


def main(overrides: list[str]) -> Outcome:
    """Asks, shows the replies as they come, and writes the page; 1 where one is missing."""
    composed = compose_verb("ask", overrides)
    turns = (composed["question"] or PUZZLE, *_further(composed["follow_up"]))
    by_model = _chats(composed, overrides, turns)
    chats = [chat for own in by_model for chat in own]
    out = _page(composed, chats)
    sheet, found = Sheet(screen(), chats, turns), list[Reply]()
    with ResponseStore(chats[0].config.results_dir / STORE_FOLDER) as store, sheet.shown():
        for own in by_model:
            try:
                run_to_end(_hear(own, store, sheet, found))
            except OrcaEvalError as error:
                complain(f"{own[0].config.model.name}: {error}")
    order = {id(chat): place for place, chat in enumerate(chats)}
    found.sort(key=lambda reply: (order[id(reply.chat)], reply.sample))
    try:
        write_page(out, turns, found)
    except OSError as error:
        raise InputError(f"out={out}: can't be written ({error.strerror}); name another") from error
    print_path(screen(), out)
    wanted = sum(chat.config.samples_per_doc for chat in chats)
    whole = len(found) == wanted and all(reply.said for reply in found)
    told = {"turns": turns, "replies": [_told(reply) for reply in found], "page": out}
    return Outcome(told, 0 if whole else FAILED)


def _further(given: Any) -> list[str]:
    return names_of(given, "follow_up") if given else []


async def _hear(
    chats: Sequence[Chat], store: ResponseStore, sheet: Sheet, found: list[Reply]
) -> None:
    async for reply in replies(chats, store):
        sheet.add(reply)
        found.append(reply)


def _chats(
    composed: Mapping[str, Any], overrides: Sequence[str], turns: tuple[str, ...]
) -> list[list[Chat]]:
    """Every combination, by model. Raises InputError for all mistakes together."""
    shared = [o for o in overrides if o.lstrip("+").split("=", 1)[0] not in OWN_KEYS]
    shared += [f"sampling.n={composed['n']}", f"max_tokens={composed['max_tokens']}"]
    found: list[list[Chat]] = []
    problems: list[str] = []
    for model in models_of(composed):
        found.append([])
        for prompt in names_of(composed["prompts"], "prompts"):
            for strategy in names_of(composed["strategies"], "strategies"):
                chosen = [*model, f"prompt={prompt}", f"strategy={strategy}", *shared]
                try:
                    config = run_config(compose_verb("run", chosen))
                except InputError as error:
                    problems += str(error).splitlines()
                else:
                    found[-1].append(Chat(config, turns))
    if problems:
        raise InputError("\n".join(dict.fromkeys(problems)))
    return found


def _page(composed: Mapping[str, Any], chats: Sequence[Chat]) -> Path:
    if composed["out"]:
        return expanded(composed["out"])
    digits = identity_hash([[chat.name, chat.turns] for chat in chats])
    return chats[0].config.results_dir / ASKED / f"{digits}.html"


def _told(reply: Reply) -> dict[str, Any]:
    """A reply for a program."""
    config = reply.chat.config
    return {
        "model": config.model.name,
        "prompt": config.prompt.name,
        "strategy": config.strategy.name,
        "sample": reply.sample,
        "answers": reply.answers,
        "calls": [each._asdict() for each in reply.said],
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "seconds": reply.seconds,
        "problem": reply.problem,
    }
