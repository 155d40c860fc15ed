"""The openai engine's arguments: the address, further fields, headers and query. Pure but for the
environment variables that hold secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from yarl import URL

from orca_eval.config.schema import EngineConfig
from orca_eval.config.secrets import FROM_VARIABLE, is_secret
from orca_eval.engines.api_key import ApiKey, read_variable
from orca_eval.engines.arguments import read_args
from orca_eval.errors import InputError

OURS = frozenset(
    {
        *("model", "messages", "max_tokens", "max_completion_tokens", "stream", "n", "stop"),
        *("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "repeat_penalty"),
        *("presence_penalty", "frequency_penalty", "seed", "chat_template_kwargs"),
    }
)
"""Fields of a body that the run's own settings decide."""
OF_THE_CLIENT = frozenset({"host", "content-length", "content-type", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class OpenAIArgs:
    """`model`: the name that the server knows (the model's path where None); `timeout`: seconds
    for one answer; `max_retries`: further tries after the first, on 429, 5xx and lost answers;
    `check_model`: whether the server's list of models is believed; `extra_body`, `headers` and
    `query` go with every request, where a value `env:NAME` stands for an environment variable's."""

    model: str | None = None
    max_in_flight: int = 64
    timeout: float = 600.0
    max_retries: int = 6
    check_model: bool = True
    extra_body: dict[str, Any] | None = None
    headers: dict[str, Any] | None = None
    query: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes with every request, secrets in their places; `key` takes them out of texts."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    key: ApiKey


def openai_args(config: EngineConfig) -> OpenAIArgs:
    """Reads the arguments.

    Raises:
        InputError: a name or a value is wrong, or a key is given where the run would record it.
    """
    _refuse_keys_in(config)
    args = read_args("openai", OpenAIArgs, config.args)
    if args.max_in_flight < 1:
        raise InputError(f"engine.max_in_flight={args.max_in_flight} must be at least 1")
    if args.timeout <= 0 or args.max_retries < 0:
        raise InputError("engine.timeout must be above 0 and engine.max_retries at least 0")
    if ours := sorted(OURS & (args.extra_body or {}).keys()):
        raise InputError(
            f"engine.extra_body: {', '.join(ours)} follows from the run's own settings (sampling., "
            "max_tokens=, model.); give it there"
        )
    for part, given in (("headers", args.headers), ("query", args.query)):
        for name, value in (given or {}).items():
            _check_sent(f"engine.{part}.{name}", name, value)
    return args


def resolve(args: OpenAIArgs, variable: str | None) -> Sent:
    """Reads the secrets from their environment variables.

    Raises:
        InputError: one of them is not set, or holds what no header can carry.
    """
    secrets: list[str] = []

    def value(where: str, given: object) -> str:
        text = str(given).lower() if isinstance(given, bool) else str(given)
        if not text.startswith(FROM_VARIABLE):
            return text
        secret = read_variable(where, text.removeprefix(FROM_VARIABLE))
        secrets.append(secret)
        return secret

    headers = {name: value(f"engine.headers.{name}", v) for name, v in (args.headers or {}).items()}
    query = {name: value(f"engine.query.{name}", v) for name, v in (args.query or {}).items()}
    key = ApiKey(variable, secrets)
    if key.value is not None and not _has(headers, "authorization"):
        headers["Authorization"] = f"Bearer {key.value}"
    return Sent(headers, query, key)


def checked_url(base_url: str | None) -> str:
    """The address without a trailing slash, `/v1` added to a bare host; never shows a password."""
    if not base_url:
        raise InputError("engine=openai needs engine.base_url, such as http://127.0.0.1:8000/v1")
    try:
        url = urlsplit(base_url)
        port = url.port  # where it is no number, asking for it raises
    except (ValueError, AttributeError, TypeError):
        raise InputError("engine.base_url is not a URL") from None
    if "@" in url.netloc or url.query or url.fragment:
        raise InputError(
            "engine.base_url may hold no user, password, query or fragment; a key goes into an "
            "environment variable named by engine.api_key_env, a query into engine.query.NAME=VALUE"
        )
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise InputError(f"engine.base_url={base_url} must be like http://127.0.0.1:8000/v1")
    path = url.path.rstrip("/").removesuffix("/chat/completions")
    return str(URL(urlunsplit((url.scheme, url.netloc, path or "/v1", "", ""))))


def _has(headers: Mapping[str, str], name: str) -> bool:
    return any(given.lower() == name for given in headers)


def _refuse_keys_in(config: EngineConfig) -> None:
    for name in config.args:
        if name.lower().replace("-", "_") in ("api_key", "key", "token", "authorization"):
            raise InputError(
                f"engine.{name}: a key may not stand in a config or a command line; put it into an "
                "environment variable and name that as engine.api_key_env"
            )


def _check_sent(where: str, name: str, value: object) -> None:
    if not isinstance(value, str | int | float):
        raise InputError(f"{where}: a text or a number is wanted")
    text = str(value)
    if not (text.isascii() and text.isprintable() and name.isascii() and name.isprintable()):
        raise InputError(f"{where} has characters that a request can't carry")
    if name.lower() in OF_THE_CLIENT or " " in name or ":" in name:
        raise InputError(f"{where}: no header of that name can be set")
    if is_secret(name) and not text.startswith(FROM_VARIABLE):
        raise InputError(
            f"{where}: a key may not stand in a config or a command line; put it into an "
            f"environment variable and give its name: {where}={FROM_VARIABLE}NAME"
        )
