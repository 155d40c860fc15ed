"""Chat templates, sandboxed: messages → the prompt's text, and what becomes of the system message.

The environment is the one that checkpoints' templates are written for (transformers'
`apply_chat_template`): an immutable sandbox, `raise_exception`, `strftime_now`, a plain `tojson`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2

from orca_eval.errors import InputError
from orca_eval.model.sandbox import Sandbox
from orca_eval.paths import expanded
from orca_eval.types import Message

NAMED_TEMPLATES = Path(__file__).parent / "templates"

_SYSTEM = "S7f3e0system"
_USER = "U7f3e0user"


def template_source(name: str | None, own: str | None, model: str) -> str:
    """The template's text: named, a file, or the checkpoint's own where `name` is None."""
    if name is None:
        if own is None:
            raise InputError(
                f"model={model} has no chat template; name one with model.chat_template="
                f" ({', '.join(_names())}, or a file)"
            )
        return own
    if name in _names():
        return (NAMED_TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
    file = expanded(name)
    if file.is_file():
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"model.chat_template: {file} can't be read ({error})") from None
    near = difflib.get_close_matches(name, _names(), n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_names())}"
    raise InputError(
        f"model.chat_template: {name!r} is neither a named template nor a file; {hint}"
    )


def _names() -> list[str]:
    return sorted(file.stem for file in NAMED_TEMPLATES.glob("*.jinja"))


class ChatTemplate:
    """A compiled template with its special tokens and arguments; about 20 µs for a prompt.

    `notes` grows with what happened to the system message of the prompts rendered so far. `now` is
    what `strftime_now` shows, the same in every prompt; `dated` is whether the template asks.
    """

    notes: tuple[str, ...]
    now: datetime
    dated: bool

    def __init__(
        self,
        source: str,
        special_tokens: Mapping[str, str] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.source = source
        self.special_tokens = dict(special_tokens or {})
        self.kwargs = dict(kwargs or {})
        self.notes = ()
        self.now = datetime.now()
        self.dated = False
        self._sandbox = Sandbox()
        self._template = self._compile()
        self._render = self._template.render
        self._context = {
            "tools": None,
            "documents": None,
            "add_generation_prompt": True,
            **self.special_tokens,
            **self.kwargs,
        }
        self._as_parts = False
        self._find_content()
        self._takes_system, self._case_notes = self._probe()

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt, generation prompt included. Raises InputError where the template refuses."""
        system = messages[0]["content"] if messages and messages[0]["role"] == "system" else None
        case = "none" if system is None else "message" if system else "empty"
        note = self._case_notes.get(case)
        if note and note not in self.notes:
            self.notes += (note,)
        if system is not None and not self._takes_system:
            messages = _without_system(messages)
        try:
            text = self._apply(messages)
        except Exception as error:  # a template is a program of its own and may raise anything
            said = " ".join(str(error).split())
            raise InputError(f"the chat template refuses the messages: {said}") from None
        for message in messages:
            if message["role"] != "assistant" and not _stands_in(message["content"], text):
                raise InputError(_DROPPED.format(message["role"], message["content"][:60]))
        note = _DATE_NOTE.format(self.now) if self.dated else None
        if note and note not in self.notes:
            self.notes += (note,)
        return text

    def _compile(self) -> jinja2.Template:
        self._sandbox.globals["strftime_now"] = self._now
        try:
            return self._sandbox.from_string(self.source)
        except (jinja2.TemplateError, RecursionError, MemoryError) as error:
            raise InputError(f"the chat template is not valid Jinja: {error}") from None

    def _now(self, form: str) -> str:
        self.dated = True
        return self.now.strftime(form)

    def _apply(self, messages: Sequence[Message]) -> str:
        self._sandbox.steps = 0
        content = _in_parts(messages) if self._as_parts else messages
        return self._render(messages=content, **self._context)

    def _try(self, *messages: Message) -> str | None:
        try:
            return self._apply(messages)
        except Exception:  # the same as in `render`: the probe only asks whether it works
            return None

    def _find_content(self) -> None:
        """Finds out whether the template takes a message's content as text or as a list of parts.
        A template that drops the text either way would make one prompt of all documents."""
        user: Message = {"role": "user", "content": _USER}
        chats = ((user,), ({"role": "system", "content": _SYSTEM}, user))
        for self._as_parts in (False, True):
            texts = [self._try(*chat) for chat in chats]
            if any(text is not None and _USER in text for text in texts):
                break
            if not self._as_parts and texts == [None, None]:
                return  # it refuses small chats, and says why when it is to render a real one
        else:
            raise InputError(_DROPPED.format("user", _USER))
        if self._as_parts:
            self.notes += ("the template takes content as a list of parts",)

    def _probe(self) -> tuple[bool, Mapping[str, str]]:
        """Renders three small chats to learn what the template does with a system message."""
        user: Message = {"role": "user", "content": _USER}
        bare = self._try(user)
        full = self._try({"role": "system", "content": _SYSTEM}, user)
        empty = self._try({"role": "system", "content": ""}, user)
        if full is None or full.count(_SYSTEM) != 1:
            why = "refuses" if full is None else "drops"
            return False, {
                "empty": f"the template {why} a system turn: none was sent",
                "message": f"the template {why} a system turn: the system message was put in front"
                " of the user's text",
            }
        before, after = full.split(_SYSTEM)
        own = _inserted(bare, before, after)
        notes = {"empty": "the system turn was sent with empty content"}
        if empty is None:
            notes["empty"] = "the template refuses an empty system message"
        elif own and empty == bare:
            notes["empty"] = f"the template replaced the empty system message by its own: {own!r}"
        elif empty == bare:
            notes["empty"] = "the template leaves out an empty system message: none was sent"
        elif own:
            notes["empty"] += f" (without it the template puts in its own: {own!r})"
        if own:
            notes["none"] = f"no system message was given; the template put in its own: {own!r}"
        return True, notes


_DATE_NOTE = (
    "the template puts in the date on which a run is begun, {:%Y-%m-%d} here, so runs of different"
    " days differ; some templates take a fixed one as model.chat_template_kwargs.date_string"
)


_DROPPED = (
    "the chat template leaves out the {}'s text ({!r}): it is for other messages or roles; name "
    "another with model.chat_template="
)


def _stands_in(content: str, prompt: str) -> bool:
    """Whether a message's text is in the prompt; a template may trim it and fold white space."""
    if content.strip() in prompt:
        return True
    return " ".join(content.split()) in " ".join(prompt.split())


def _in_parts(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [
        {"role": message["role"], "content": [{"type": "text", "text": message["content"]}]}
        for message in messages
    ]


def _without_system(messages: Sequence[Message]) -> list[Message]:
    system, *rest = messages
    if system["content"] and rest and rest[0]["role"] == "user":
        text = f"{system['content']}\n\n{rest[0]['content']}"
        return [{"role": "user", "content": text}, *rest[1:]]
    return rest


def _inserted(bare: str | None, before: str, after: str) -> str:
    """The text that stands in `bare` where the system message would: between the two parts."""
    if bare is None or len(bare) <= len(before) + len(after):
        return ""
    if not (bare.startswith(before) and bare.endswith(after)):
        return ""
    return bare[len(before) : len(bare) - len(after)].strip()
