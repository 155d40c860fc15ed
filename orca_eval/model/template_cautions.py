"""What a chat template leaves out that its user may rely on, as notes."""

from collections.abc import Iterable, Iterator

from jinja2 import Environment, meta

from orca_eval.config.nearest import nearest

_KEY = "model.chat_template_kwargs"
# Given to every template, so no name that an argument was meant to have.
_ALWAYS = {"messages", "tools", "documents", "add_generation_prompt"}
_LONGEST = 60  # characters of a template's text in a note


def unread_arguments(
    environment: Environment, source: str, arguments: Iterable[str]
) -> Iterator[str]:
    """A note on each of the arguments that a template, which is valid, has no place for."""
    names = list(arguments)
    if not names:
        return
    read = meta.find_undeclared_variables(environment.parse(source))
    own = sorted(name for name in read - _ALWAYS if not name.endswith("_token"))
    for name in names:
        if name not in read:
            near = nearest(name, own) or own[:5]
            known = f"; it reads {', '.join(near)}" if near else ""
            yield f"the template never reads {_KEY}.{name}: it changed nothing{known}"


def missing_opening(prompt: str, chat: str, answer: str, eos: str) -> str | None:
    """A note where a prompt ends before the answer's turn is begun.

    `prompt` is what the template makes of a question whether or not it is asked for a generation
    prompt, and `chat` of that question with `answer`. Where the format has no text between the
    two, as LLaMA-2's, nothing is missing.
    """
    begun, found, _ = chat.partition(answer)
    if not found:  # a template for single turns, about which nothing is known
        return None
    shown = prompt.rstrip()
    if begun.startswith(shown):
        opening = begun[len(shown) :].lstrip()
        missing = f"it ends before {opening[:_LONGEST]!r}" if opening else None
    elif eos and shown.endswith(eos) and begun.startswith(shown.removesuffix(eos).rstrip()):
        missing = f"it ends with {eos!r}"
    else:
        return None
    return missing and (
        "the template writes no generation prompt (add_generation_prompt changes nothing):"
        f" {missing}, so the model has to begin its turn itself"
    )
