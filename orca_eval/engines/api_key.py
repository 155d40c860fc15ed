"""A server's key: where it comes from, and how it is kept out of what is stored and shown."""

import os
import re

from orca_eval.errors import InputError

SHORTEST_HIDDEN = 8
"""Characters. A shorter key stands in ordinary text, and taking it out would change answers."""


class ApiKey:
    """The key in an environment variable, or none. `value` goes into a request's header only.

    Raises:
        InputError: the variable is not set, or holds what no header can carry.
    """

    def __init__(self, variable: str | None) -> None:
        self.value = None if variable is None else _read(variable)
        self.is_short = self.value is not None and len(self.value) < SHORTEST_HIDDEN
        hidden = "" if self.value is None or self.is_short else self.value
        # As it is, or escaped as in JSON, an address or HTML.
        self._echo = re.compile("".join(map(_character_as_echoed, hidden))) if hidden else None

    def hide(self, text: str) -> str:
        """Takes the key out of a server's text, should the server have repeated it."""
        return text if self._echo is None else self._echo.sub("[key]", text)


def _read(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InputError(f"engine.api_key_env={variable}: this environment variable is not set")
    if not (key.isascii() and key.isprintable()):
        raise InputError(
            f"engine.api_key_env={variable}: its value has characters that an HTTP header can't "
            "carry"
        )
    return key


def _character_as_echoed(char: str) -> str:
    code, plain = ord(char), re.escape(char)
    digits = "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in f"{code:02x}")
    forms = (plain, rf"\\{plain}", rf"\\u00{digits}", f"%{digits}", f"&#0*{code};")
    return f"(?:{'|'.join(forms)}|&#[xX]0*{digits};)"
