"""Keys and passwords on a command line or in conf/: refused by name and shape, and never printed.

What a config holds is written into every run's folder, so a key has no place in it. It is named by
its environment variable in `engine.api_key_env`, or as `env:NAME` in a header or query.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

REFUSED = (
    "keys are never given on the command line or in a config file; put it into an environment "
    "variable and name that in engine.api_key_env"
)
HIDDEN = "…"

ANYWHERE = (
    *("apikey", "accesskey", "privatekey", "authkey", "secret", "password", "passwd"),
    *("passphrase", "authorization", "credential", "bearer"),
    *("apitoken", "authtoken", "accesstoken", "hftoken"),
)
AS_LAST_WORD = frozenset({"key", "token", "auth", "pass", "pwd", "pw", "cookie"})
TOKENS_OF_TEXT = frozenset(
    {
        *("bos", "eos", "pad", "unk", "sep", "cls", "mask", "image", "audio", "think", "stop"),
        *("prefix", "suffix", "start", "begin", "end", "special", "decoder", "new", "reasoning"),
    }
)
VARIABLE = ("api_key_env", "apikeyenv", "apikey_env", "api-key-env")

NAME = r"[A-Za-z][A-Za-z0-9_.\-]{0,80}"
NAMES = re.compile(NAME)
FROM_VARIABLE = "env:"
"""Before the name of an environment variable that holds a header's or a query's secret."""
_BY_VARIABLE = rf"\s*['\"]?{FROM_VARIABLE}[A-Za-z_]\w*['\"]?\s*"
NAMES_WITH_VALUE = re.compile(rf"({NAME})['\"]?\s*[:=](?!{_BY_VARIABLE}(?:[,}}]|\Z))")
FROM_ENVIRONMENT = re.compile(r"oc\.env:\s*(\w+)")
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
SHAPE = re.compile(
    r"(?<![\w/])(?:sk-(?=[\w-]*\d)[\w-]{16,}|(?:hf|gh[a-z]|gsk|github_pat)_\w{20,}"
    r"|(?:AIza|xai-)[\w-]{20,}|(?i:bearer)\s+\S{6,})"
)
USER_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]*@")
MAYBE = re.compile(r"(?:sk-|hf_|gsk_|gh[a-z]_|xai-|AIza|(?i:bearer)\s)\S+")
WORD = re.compile(r"\S+")
DIGIT = re.compile(r"\d")
LONG_TAIL = 19  # signs beside a digit that make a word look random
SHOWN = 200  # signs of a word that is no key
SHORT_NAME = 40
LONG_KEY = 20


def is_secret(name: str) -> bool:
    """Whether a dotted name is one of a key or password, however it is spelt."""
    return any(map(_is_secret_part, name.split(".")))


def _is_secret_part(part: str) -> bool:
    words = [word.lower() for word in WORDS.findall(part)]
    if not words or part.lower() in VARIABLE:
        return False
    if any(sign in "".join(words) for sign in ANYWHERE):
        return True
    return words[-1] in AS_LAST_WORD and not TOKENS_OF_TEXT & set(words)


def problem_of(text: str, value_is_text: bool = False) -> str | None:
    """Why an override must not be taken, without its value; None where it holds no key.

    `value_is_text`: the value is a path or a name, in which `token=1` names nothing.
    """
    key, _, value = text.partition("=")
    names = [] if _names_variable(value) else NAMES.findall(key)
    if not value_is_text:
        names += NAMES_WITH_VALUE.findall(value)
    names += FROM_ENVIRONMENT.findall(value)
    for name in names:
        if is_secret(name):
            return f"{_shown_name(name)}: {REFUSED}"
    if key.lstrip("+~").endswith(VARIABLE) and not _is_variable(value):
        return f"{key.lstrip('+~')} takes the NAME of an environment variable, not the key itself"
    if SHAPE.search(text) or USER_IN_URL.search(value):
        return f"what looks like a key: {REFUSED}"
    return None


def in_mapping(value: Any, at: str) -> Iterator[str]:
    """The dotted names of a composed config below `at` that hold a key."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            where = f"{at}.{name}"
            given = inner not in (None, "", {}, []) and not _names_variable(inner)
            if _is_secret_part(str(name)) and given:
                yield where
            else:
                yield from in_mapping(inner, where)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from in_mapping(inner, at)
    elif isinstance(value, str) and (SHAPE.search(value) or USER_IN_URL.search(value)):
        yield at


def masked(text: str) -> str:
    """A text for a message: one line, without what may be a key, words without an end cut."""
    return MAYBE.sub(HIDDEN, WORD.sub(_shown_word, text)).replace("\n", "\\n")


def _shown_word(word: re.Match[str]) -> str:
    """A word, hidden where a digit stands in or at the end of something long."""
    last = len(word[0]) - 1
    places = (digit.start() for digit in DIGIT.finditer(word[0]))
    if any(at >= LONG_TAIL or last - at >= LONG_TAIL for at in places):
        return HIDDEN
    return word[0] if last < SHOWN else word[0][:SHOWN] + HIDDEN


def _names_variable(value: object) -> bool:
    """Whether a value is `env:NAME`, which gives no secret away."""
    if not isinstance(value, str) or not re.fullmatch(_BY_VARIABLE, value):
        return False
    return _is_variable(value.strip().strip("'\"").removeprefix(FROM_VARIABLE))


def _is_variable(value: str) -> bool:
    name = value.strip().strip("'\"")
    if name in os.environ or not name:
        return True
    looks_random = len(name) >= LONG_KEY and re.search(r"\d", name) and name != name.upper()
    return re.fullmatch(r"[A-Za-z_]\w*", name) is not None and not looks_random


def _shown_name(name: str) -> str:
    return "a key" if len(name) > SHORT_NAME or re.search(r"\d", name) else name
