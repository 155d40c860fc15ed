"""Any OpenAI-compatible endpoint: POST {base_url}/chat/completions, one request per prompt.

The server applies the chat template, so the prompts are messages and this side has no tokenizer.
The `openai` package is not used: it reads OPENAI_API_KEY by itself and hides its retries, while a
key may come only from the variable that the config names, and every wait is ours to bound.
"""

import asyncio
import json
import random
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from yarl import URL

from orca_eval.config.nearest import nearest
from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.api_key import SHORTEST_HIDDEN, ApiKey
from orca_eval.engines.arguments import read_args
from orca_eval.engines.chat_wire import (
    UNKNOWN_REASON,
    Rejected,
    begun_with,
    count,
    counts_too_few,
    read_completion,
    read_rejection,
    request_body,
    retry_after_seconds,
    words,
)
from orca_eval.engines.http_client import CONNECT_SECONDS, HttpClient, NoReplyError, Reply
from orca_eval.engines.threads import run_to_end
from orca_eval.errors import InputError, PromptTooLongError, RunError
from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.model.types import Weights
from orca_eval.safe_text import shorten, terminal
from orca_eval.types import Completion, Request

FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 60.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
RETRIED_STATUS = frozenset({408, 409, 425, 429})
TRIES_TO_BELIEVE = 3
"""So often a request has to come back without a finish_reason before the server counts as one that
never gives any; others' replies are torn then."""


@dataclass(frozen=True, slots=True)
class OpenAIArgs:
    """`model`: the name that the server knows (the model's path where None); `timeout`: seconds
    for one answer; `max_retries`: further tries after the first, on 429, 5xx and lost answers."""

    model: str | None = None
    max_in_flight: int = 64
    timeout: float = 600.0
    max_retries: int = 6


class OpenAIEngine:
    """Sends requests to an endpoint, with bounded retries; never prints or stores the key."""

    weights: Weights | None = None
    tokenizer: TemplateTokenizer | None = None

    def __init__(self, model: ModelConfig, config: EngineConfig, _max_tokens: int) -> None:
        _refuse_keys_in(config)
        self._args = read_args("openai", OpenAIArgs, config.args)
        self._base_url = _checked_url(config.base_url)
        self._key_variable = config.api_key_env
        self._model = model
        self._served_name = self._args.model or model.path
        self._counts: Counter[str] = Counter()
        self._client: HttpClient | None = None
        self._key = ApiKey(None)
        self._rejected: frozenset[str] = frozenset()
        self._gives_reasons: bool | None = None
        self.max_in_flight = self._args.max_in_flight
        self.context_length: int | None = None
        self.reuse_across_runs = model.revision is not None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores must know about this server."""
        notes = ["the server applied the chat template"]
        if self._model.chat_template is not None:
            notes.append("model.chat_template has no effect on an endpoint")
        if neutral := sorted(self._rejected - {"max_tokens"}):
            notes.append(f"the server refuses {', '.join(neutral)}: its own defaults for them act")
        if number := self._counts["without_finish_reason"]:
            notes.append(
                f"{number} answers came without a finish_reason, as all did until then: one as "
                "long as max_tokens counts as cut off, any other as whole"
            )
        notes += [
            f"{number} answers with {name}, which is not known here, count as whole"
            for name, number in sorted(self._counts.items())
            if name.startswith(UNKNOWN_REASON)
        ]
        if self._counts["key_hidden"]:
            notes.append(f"the key was taken out of {self._counts['key_hidden']} answers")
        if self._key.is_short:
            notes.append(
                f"the key in {self._key_variable} is shorter than {SHORTEST_HIDDEN} characters: a "
                "server's text is not searched for it"
            )
        return tuple(notes)

    def check(self) -> None:
        """Asks the server for its models; InputError where it, the key or the name is wrong."""
        if self.max_in_flight < 1:
            raise InputError(f"engine.max_in_flight={self.max_in_flight} must be at least 1")
        if self._args.timeout <= 0 or self._args.max_retries < 0:
            raise InputError("engine.timeout must be above 0 and engine.max_retries at least 0")
        if self._model.adapter is not None:
            raise InputError(
                "model.adapter can't be sent to an endpoint: serve the adapter there and give its "
                "name as engine.model"
            )
        self._key = ApiKey(self._key_variable)
        try:
            reply = run_to_end(self._models())
        except NoReplyError as error:
            raise InputError(
                f"engine.base_url={self._base_url} can't be reached: {error}; "
                "is the server running?"
            ) from None
        if reply.status in (401, 403):
            raise InputError(f"engine.base_url={self._base_url}: {self._key_problem(reply.status)}")
        if reply.status == 200:
            self._check_model(reply.content)

    async def _models(self) -> Reply:
        client = HttpClient(self._base_url, self._key, CONNECT_SECONDS)
        try:
            return await client.request("GET", "/models")
        finally:
            await client.close()

    def identity(self) -> Mapping[str, Any]:
        """The server's address and the model's name there; `revision` where the user vouches."""
        return {
            "engine": "openai",
            "base_url": self._base_url,
            "model": self._served_name,
            "revision": self._model.revision,
            "chat_template_kwargs": dict(self._model.chat_template_kwargs),
        }

    async def start(self) -> None:
        """Opens the connection pool; nothing is sent."""
        self._key = ApiKey(self._key_variable)
        self._client = HttpClient(self._base_url, self._key, self._args.timeout, self.max_in_flight)

    async def generate(self, request: Request) -> Completion:
        """One answer, after as many tries as allowed; RunError when none of them brought it."""
        completion = await self._ask(request)
        if counts_too_few(completion, request):
            await self._refuse_if_cut(request)
        return completion

    async def _refuse_if_cut(self, request: Request) -> None:
        """Asks again with a beginning that no cache holds: some servers (Ollama 0.30) leave out of
        their count what they have cached, and only a whole count shows that a prompt was cut."""
        self._counts["asked_again"] += 1
        first_token = request._replace(sampling=replace(request.sampling, max_tokens=1))
        again = await self._ask(begun_with(secrets.token_hex(8), first_token))
        if counts_too_few(again, request):
            raise PromptTooLongError(
                f"engine.base_url={self._base_url}: the server cut a prompt: it read "
                f"{again.prompt_tokens} tokens where {words(request)} words were sent; raise its "
                "context length"
            )

    async def _ask(self, request: Request) -> Completion:
        tries = unsaid = 0
        while True:
            dropped = self._rejected
            outcome = await self._try(request, dropped)
            unsaid += isinstance(outcome, Rejected) and outcome.unsaid is not None
            outcome = self._believed(outcome, unsaid)
            if isinstance(outcome, Completion):
                self._counts["requests"] += 1
                self._counts["prompt_tokens"] += outcome.prompt_tokens
                self._counts["generated_tokens"] += outcome.completion_tokens
                return outcome
            if outcome.fields - dropped:
                self._rejected |= outcome.fields
                continue
            if not outcome.transient or tries >= self._args.max_retries:
                after = f" (after {tries + 1} tries)" if tries else ""
                error = PromptTooLongError if outcome.too_long else RunError
                raise error(f"engine.base_url={self._base_url}: {outcome.message}{after}")
            await asyncio.sleep(_backoff(tries, outcome.wait_seconds))
            tries += 1
            self._counts["retries"] += 1

    def _believed(self, outcome: Completion | Rejected, unsaid: int) -> Completion | Rejected:
        """Takes an answer without a finish_reason as one where the server never gives any: no
        other answer had one, and this request was answered so several times."""
        if isinstance(outcome, Completion):
            self._gives_reasons = True
            return outcome
        if outcome.unsaid is None or self._gives_reasons:
            return outcome
        enough = unsaid >= TRIES_TO_BELIEVE
        if self._gives_reasons is None and not (enough and outcome.unsaid.text.strip()):
            return outcome
        self._gives_reasons = False
        self._counts["without_finish_reason"] += 1
        return outcome.unsaid

    async def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def counters(self) -> Mapping[str, float]:
        """Requests, tokens as the server counted them, retries, and answers that were special."""
        return {name: float(value) for name, value in sorted(self._counts.items()) if value}

    async def _try(self, request: Request, dropped: frozenset[str]) -> Completion | Rejected:
        if self._client is None:
            raise RunError("the openai engine was not started")
        body = request_body(self._served_name, request, self._model.chat_template_kwargs, dropped)
        try:
            status, headers, content = await self._client.request("POST", "/chat/completions", body)
        except NoReplyError as error:
            return Rejected(self._key.hide(str(error)), error.transient)
        if status in (401, 403):
            return Rejected(self._key_problem(status))
        hide = self._key.hide
        if status == 200:
            return read_completion(content, request.sampling.max_tokens, self._counts, hide)
        transient = status >= 500 or status in RETRIED_STATUS
        wait = retry_after_seconds(headers.get("retry-after"))
        return read_rejection(status, content, body, transient, wait, hide)

    def _key_problem(self, status: int) -> str:
        if self._key_variable is None:
            return (
                f"HTTP {status}: the server wants a key; put it into an environment variable and "
                "name that as engine.api_key_env"
            )
        return f"HTTP {status}: the server refuses the key in {self._key_variable}"

    def _check_model(self, content: bytes) -> None:
        """Compares the model's name with the server's list, where it gives one."""
        try:
            models = {str(model["id"]): model for model in json.loads(content)["data"]}
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        name = self._served_name
        # Ollama lists NAME:latest and answers to NAME.
        served = models.get(name) or models.get(f"{name}:latest")
        if served is not None:  # the length is vLLM's and SGLang's addition
            self.context_length = count(served.get("max_model_len")) or None
        elif models:
            shown = [shorten(terminal(self._key.hide(model)), 80) for model in models]
            near = nearest(name, shown, cutoff=0.4) or sorted(shown)[:3]
            raise InputError(
                f"{self._base_url} does not serve {name!r}; set engine.model to a name it knows: "
                f"{', '.join(near)}"
            )


def _refuse_keys_in(config: EngineConfig) -> None:
    for name in config.args:
        if name.lower().replace("-", "_") in ("api_key", "key", "token", "authorization"):
            raise InputError(
                f"engine.{name}: a key may not stand in a config or a command line; put it into an "
                "environment variable and name that as engine.api_key_env"
            )


def _checked_url(base_url: str | None) -> str:
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
            "environment variable named by engine.api_key_env"
        )
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise InputError(f"engine.base_url={base_url} must be like http://127.0.0.1:8000/v1")
    path = url.path.rstrip("/").removesuffix("/chat/completions")
    return str(URL(urlunsplit((url.scheme, url.netloc, path or "/v1", "", ""))))


def _backoff(tries: int, server_asks: float | None) -> float:
    """Seconds to wait: what the server asks for, or doubling with jitter so that clients spread."""
    if server_asks:  # 0 would use all tries up at once
        return min(server_asks, LONGEST_RETRY_AFTER_SECONDS)
    longest = min(FIRST_BACKOFF_SECONDS * 2.0**tries, LONGEST_BACKOFF_SECONDS)
    return longest * random.uniform(0.5, 1.0)
