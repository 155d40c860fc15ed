"""A server's keys: where they come from, and how they are kept out of what is stored and shown."""

import os
import re
from collections.abc import Sequence

from orca_eval.errors import InputError

SHORTEST_HIDDEN = 8
"""Characters. A shorter key stands in ordinary text, and taking it out would change answers."""


class ApiKey:
    """The key in an environment variable, or none. `value` goes into a request's header only.

    `others` are further secrets, which are hidden like it.

    Raises:
        InputError: the variable is not set, or holds what no header can carry.
    """

    def __init__(self, variable: str | None, others: Sequence[str] = ()) -> None:
        self.value = None
        if variable is not None:
            self.value = read_variable("engine.api_key_env", variable)
        secrets = [secret for secret in (self.value, *others) if secret is not None]
        self.is_short = any(len(secret) < SHORTEST_HIDDEN for secret in secrets)
        hidden = sorted({s for s in secrets if len(s) >= SHORTEST_HIDDEN}, key=len, reverse=True)
        # As it is, or escaped as in JSON, an address or HTML.
        echoes = ["".join(map(_character_as_echoed, secret)) for secret in hidden]
        self._echo = re.compile("|".join(echoes)) if echoes else None

    def hide(self, text: str) -> str:
        """Takes the key out of a server's text, should the server have repeated it."""
        return text if self._echo is None else self._echo.sub("[key]", text)


def read_variable(setting: str, variable: str) -> str:
    """The secret in an environment variable that a setting names.

    Raises:
        InputError: it is not set, or holds what no header can carry.
    """
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InputError(f"{setting}={variable}: this environment variable is not set")
    if not (key.isascii() and key.isprintable()):
        raise InputError(
            f"{setting}={variable}: its value has characters that an HTTP header can't carry"
        )
    return key


def _character_as_echoed(char: str) -> str:
    code, plain = ord(char), re.escape(char)
    digits = "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in f"{code:02x}")
    forms = (plain, rf"\\{plain}", rf"\\u00{digits}", f"%{digits}", f"&#0*{code};")
    return f"(?:{'|'.join(forms)}|&#[xX]0*{digits};)"
