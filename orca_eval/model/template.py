"""Chat templates, sandboxed: messages → the prompt's text, and what becomes of the system message.

The environment is the one that checkpoints' templates are written for (transformers'
`apply_chat_template`): an immutable sandbox, `raise_exception`, `strftime_now`, a plain `tojson`.
What a template runs and writes is bounded (sandbox.py), and the texts that it is given must stand
in what it writes.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from markupsafe import escape

from orca_eval.config.nearest import hint
from orca_eval.errors import InputError
from orca_eval.model.sandbox import BoundedEnvironment, TemplateBoundError
from orca_eval.model.template_cautions import missing_opening, unread_arguments
from orca_eval.paths import expanded
from orca_eval.types import Message

NAMED_TEMPLATES = Path(__file__).parent / "templates"

_SYSTEM = "S7f3e0system"
TRIAL = _USER = "U7f3e0user"
_ANSWER = "A7f3e0answer"

Form = Literal["text", "parts", "user parts"]
"""How content is given: as text, as a list of one text part, or so for the user alone."""

_FORMS: tuple[Form, ...] = ("text", "parts", "user parts")
# What some templates take out of a text and obey.
_SWITCHES = re.compile(r"/(?:no_)?think\b|/system_override\b")


def template_source(
    name: str | None, own: str | None, model: str, others: Mapping[str, str] | None = None
) -> str:
    """The template's text: named, a file, or the checkpoint's own where `name` is None.

    `others` are those that the checkpoint has under names. Raises InputError.
    """
    others = others or {}
    if name is None:
        if own is None:
            several = f"no default among its chat templates ({', '.join(others)})"
            raise InputError(
                f"model={model} has {several if others else 'no chat template'}; name one with"
                f" model.chat_template= ({', '.join((*others, *_names()))}, or a file)"
            )
        return own
    if name in _names():
        return (NAMED_TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
    if name in others:
        return others[name]
    file = expanded(name)
    if file.is_file():
        try:
            return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"model.chat_template: {file} can't be read ({error})") from None
    raise InputError(
        f"model.chat_template: {name!r} is neither a named template nor a file; "
        f"{hint(name, (*others, *_names()), 1, 'there are')}"
    )


def _names() -> list[str]:
    return sorted(file.stem for file in NAMED_TEMPLATES.glob("*.jinja"))


class ChatTemplate:
    """A compiled template with its special tokens and arguments; about 20 µs for a prompt.

    `notes` grows with what happened to the system message of the prompts rendered so far. `now` is
    what `strftime_now` shows, the same in every prompt; `dated` is whether the template asks.
    `unopened` is the note on a template that leaves it to the model to begin its turn, else None.
    """

    def __init__(
        self,
        source: str,
        special_tokens: Mapping[str, str] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.source = source
        self.special_tokens = dict(special_tokens or {})
        self.kwargs = dict(kwargs or {})
        self.notes: tuple[str, ...] = ()
        self.now = datetime.now()
        self.dated = False
        self._environment = BoundedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationBlock, loopcontrols]
        )
        self._environment.filters["tojson"] = _to_json
        self._environment.bound_filters()
        self._environment.globals |= {"raise_exception": _raise, "strftime_now": self._now}
        try:
            self._render = self._environment.from_string(source).render
        except Exception as error:  # Python's compiler has limits of its own
            raise InputError(f"the chat template is not valid Jinja: {_said(error)}") from None
        self._context = {
            "tools": None,
            "documents": None,
            "add_generation_prompt": True,
            **self.special_tokens,
            **self.kwargs,
        }
        self._form: Form = "text"
        self._drops_user = False
        self._takes_system, self._case_notes = self._probe()
        self.unopened: str | None = None
        self._cautions = tuple(self._find_cautions())

    @property
    def takes_system(self) -> bool:
        """Whether it has a system turn."""
        return self._takes_system

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt, generation prompt included.

        Raises:
            InputError: the template refuses the messages, or leaves out one of their texts.
        """
        system = messages[0]["content"] if messages and messages[0]["role"] == "system" else None
        case = "none" if system is None else "message" if system else "empty"
        self._note(self._case_notes.get(case))
        if system is not None and not self._takes_system:
            messages = _without_system(messages)
        self._environment.begin()
        try:
            text = self._apply(messages)
            text.encode()
        except Exception as error:  # a template is a program of its own and may raise anything
            said = _said(error)
            raise InputError(f"the chat template refuses the messages: {said}") from None
        lost = _lost(messages, text) or ("user" if self._drops_user and messages else None)
        if lost is not None:
            raise InputError(
                f"the chat template leaves out the {lost}'s text, so that questions would share a "
                f"prompt; name another with model.chat_template= ({', '.join(_names())}, or a file)"
            )
        for caution in self._cautions:
            self._note(caution)
        self._note(_PARTS_NOTE if self._form != "text" else None)
        self._note(_DATE_NOTE.format(self.now) if self.dated else None)
        return text

    def trial(self, **changes: Any) -> str | None:
        """The prompt of the question TRIAL with other arguments; None where it is refused."""
        self._environment.begin()
        return self._try({"role": "user", "content": TRIAL}, **changes)

    def _note(self, note: str | None) -> None:
        if note and note not in self.notes:
            self.notes += (note,)

    def _now(self, form: str) -> str:
        self.dated = True
        return self.now.strftime(form)

    def _apply(self, messages: Sequence[Message], **changes: Any) -> str:
        given = messages if self._form == "text" else _in_parts(messages, self._form)
        return self._render(messages=given, **{**self._context, **changes})

    def _try(self, *messages: Message, **changes: Any) -> str | None:
        """The rendered chat, or None where the template refuses it or writes parts as Python."""
        try:
            text = self._apply(messages, **changes)
        except TemplateBoundError as error:
            raise InputError(f"the chat template can't be used: {error}") from None
        except Exception:  # the same as in `render`: the probe only asks whether it works
            return None
        return None if self._form != "text" and "'type': 'text'" in text else text

    def _probe(self) -> tuple[bool, Mapping[str, str]]:
        """Renders small chats to learn which form of content the template takes, and what it does
        with a system message."""
        user: Message = {"role": "user", "content": _USER}
        self._environment.begin()
        tried: dict[Form, tuple[str | None, str | None]] = {}
        for self._form in _FORMS:
            bare = self._try(user)
            full = self._try({"role": "system", "content": _SYSTEM}, user)
            tried[self._form] = bare, full
            if _USER in (bare or "") and self._form == "text":
                break
        self._form = max(tried, key=lambda form: _standing(form, *tried[form]))
        bare, full = tried[self._form]
        shown = [text for text in (bare, full) if text is not None]
        self._drops_user = bool(shown) and not any(_USER in text for text in shown)
        empty = self._try({"role": "system", "content": ""}, user)
        if full is None or full.count(_SYSTEM) != 1:
            why = "refuses" if full is None else "drops"
            return False, {
                "empty": f"the template {why} a system turn: none was sent",
                "message": f"the template {why} a system turn: the system message was put in front"
                " of the user's text",
            }
        own = _inserted(bare, *full.split(_SYSTEM))
        if empty is None:
            note = "the template refuses an empty system message"
        elif empty != bare:
            note = "the system turn was sent with empty content"
            note += f" (without it the template puts in its own: {own!r})" if own else ""
        elif own:
            note = f"the template replaced the empty system message by its own: {own!r}"
        else:
            note = "the template leaves out an empty system message: none was sent"
        notes = {"empty": note}
        if own:
            notes["none"] = f"no system message was given; the template put in its own: {own!r}"
        return True, notes

    def _find_cautions(self) -> Iterator[str]:
        yield from unread_arguments(self._environment, self.source, self.kwargs)
        user: Message = {"role": "user", "content": _USER}
        asked: tuple[Message, ...] = (user,)
        self._environment.begin()
        if self._try(user) is None:
            asked = ({"role": "system", "content": _SYSTEM}, user)
        prompt, unasked = self._try(*asked), self._try(*asked, add_generation_prompt=False)
        chat = self._try(*asked, {"role": "assistant", "content": _ANSWER})
        if prompt is not None and chat is not None and prompt == unasked:
            eos = self.special_tokens.get("eos_token", "")
            self.unopened = missing_opening(prompt, chat, _ANSWER, eos)
            if self.unopened:
                yield self.unopened


_DATE_NOTE = (
    "the template puts in the date on which a run is begun, {:%Y-%m-%d} here, so runs of different"
    " days differ; some templates take a fixed one as model.chat_template_kwargs.date_string"
)


_PARTS_NOTE = (
    "the template takes content as parts: each text was given as [{'type': 'text', 'text': …}]"
)


def _standing(form: Form, bare: str | None, full: str | None) -> int:
    """Text where the user's text then stands; else the first form in which most of it does."""
    user = any(_USER in (text or "") for text in (bare, full))
    return user * (9 if form == "text" else 2 if _SYSTEM in (full or "") else 1)


def _in_parts(messages: Sequence[Message], form: Form) -> list[dict[str, Any]]:
    return [
        {"role": m["role"], "content": [{"type": "text", "text": m["content"]}]}
        if form == "parts" or m["role"] == "user"
        else dict(m)
        for m in messages
    ]


def _lost(messages: Sequence[Message], prompt: str) -> str | None:
    """The role of the first system or user text that does not stand in the prompt."""
    asked = (message for message in messages if message["role"] != "assistant")
    return next((m["role"] for m in asked if not _stands(m["content"], prompt)), None)


def _stands(text: str, prompt: str) -> bool:
    """Whether a prompt holds a text: as it is, or with other blanks, escaped for JSON, Python or
    HTML, or less the switches that a template obeys."""
    if text.strip() in prompt:
        return True
    squeezed, plain = _squeezed(prompt), _SWITCHES.sub("", text).strip()
    as_json = (json.dumps(plain, ensure_ascii=ascii)[1:-1] for ascii in (False, True))
    escaped = (plain, *as_json, repr(plain)[1:-1], str(escape(plain)))
    return any(_squeezed(form) in squeezed for form in escaped)


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _without_system(messages: Sequence[Message]) -> list[Message]:
    system, *rest = messages
    if system["content"] and rest and rest[0]["role"] == "user":
        text = f"{system['content']}\n\n{rest[0]['content']}"
        return [{"role": "user", "content": text}, *rest[1:]]
    return rest


def _inserted(bare: str | None, before: str, after: str) -> str:
    """The text that stands in `bare` where the system message would: between the two parts."""
    stands = bare is not None and bare.startswith(before) and bare.endswith(after)
    if bare is None or not stands or len(bare) <= len(before) + len(after):
        return ""
    return bare[len(before) : len(bare) - len(after)].strip()


class _GenerationBlock(Extension):
    """`{% generation %}…{% endgeneration %}` marks training text; for a prompt it does nothing."""

    tags = {"generation"}  # noqa: RUF012 (jinja2's own declaration)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


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
