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
from dataclasses import replace
from typing import Any

from orca_eval.config.nearest import nearest
from orca_eval.config.schema import EngineConfig, ModelConfig
from orca_eval.engines.api_key import SHORTEST_HIDDEN, ApiKey
from orca_eval.engines.base import told_to_wait
from orca_eval.engines.chat_wire import (
    Dialect,
    asked_to_wait,
    begun_with,
    count,
    counts_too_few,
    read_completion,
    request_body,
    words,
)
from orca_eval.engines.endpoint_notes import endpoint_notes
from orca_eval.engines.http_client import (
    CONNECT_SECONDS,
    HttpClient,
    NoReplyError,
    Reply,
    redirected_to,
)
from orca_eval.engines.openai_args import OpenAIArgs, Sent, checked_url, openai_args, resolve
from orca_eval.engines.refusal import Rejected, read_refusal
from orca_eval.engines.threads import run_to_end
from orca_eval.errors import FailedItemError, InputError, PromptTooLongError, RunError, SettingError
from orca_eval.model.tokenizer import TemplateTokenizer
from orca_eval.model.types import Weights
from orca_eval.safe_text import shorten, terminal
from orca_eval.types import Budget, Completion, Request

FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 60.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
TRIES_TO_BELIEVE = 3
"""So often a request has to come back without a finish_reason before the server counts as one that
never gives any; others' replies are torn then."""


ANSWER_RETRIES = 2
"""After an answer that began and had no end within the time: a dripping server never stops."""
ANSWERED = frozenset({200, 201, 203})
"""201: gateways whose framework calls every POST a creation. 203: proxies that changed a header."""
BUDGET_FIELDS = {"vllm": "thinking_token_budget", "llamacpp": "thinking_budget_tokens"}
"""By `owned_by`: where a server takes the most tokens of thinking."""
LLAMA_LIKE = frozenset({"llamacpp", "library", "organization_owner", "ollama", "lmstudio", "jan"})
"""`owned_by` of the models of llama.cpp's server and of what stands on it."""


class OpenAIEngine:
    """Sends requests to an endpoint, with bounded retries; never prints or stores the key."""

    weights: Weights | None = None
    tokenizer: TemplateTokenizer | None = None

    def __init__(self, model: ModelConfig, config: EngineConfig, _max_tokens: int) -> None:
        self._args: OpenAIArgs = openai_args(config)
        self._base_url = checked_url(config.base_url)
        self._key_variable = config.api_key_env
        self._model = model
        self._counts: Counter[str] = Counter()
        self._client: HttpClient | None = None
        self._key = ApiKey(None)
        self._rejected: frozenset[str] = frozenset()
        self._gives_reasons: bool | None = None
        self._dialect = Dialect(
            self._args.model or model.path, model.chat_template_kwargs, self._args.extra_body or {}
        )
        self.max_in_flight = self._args.max_in_flight
        self.context_length: int | None = None
        self.reuse_across_runs = model.revision is not None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores must know about this server."""
        notes = ["the server applied the chat template"]
        if self._model.chat_template is not None:
            notes.append("model.chat_template has no effect on an endpoint")
        notes += endpoint_notes(self._counts, self._rejected)
        if self._key.is_short:
            notes.append(
                f"a key is shorter than {SHORTEST_HIDDEN} characters: a server's text is not "
                "searched for it"
            )
        return tuple(notes)

    def check(self) -> None:
        """Asks the server for its models; InputError where it, the key or the name is wrong."""
        if self._model.adapter is not None:
            raise InputError(
                "model.adapter can't be sent to an endpoint: serve the adapter there and give its "
                "name as engine.model"
            )
        self._key = self._sent().key
        try:
            reply = run_to_end(self._models())
        except NoReplyError as error:
            raise InputError(
                f"engine.base_url={self._base_url} can't be reached: {self._key.hide(str(error))}; "
                "is the server running?"
            ) from None
        if self._args.check_model and reply.status in (401, 403):
            unlisted = "; engine.check_model=false goes on where it lists no models but answers"
            problem = self._key_problem(reply.status)
            raise InputError(f"engine.base_url={self._base_url}: {problem}{unlisted}")
        if self._args.check_model and (to := redirected_to(reply, self._base_url, "/models")):
            raise InputError(
                f"engine.base_url={self._base_url}: HTTP {reply.status}, the server is at another "
                f"address; set engine.base_url={to}"
            )
        if reply.status == 200:
            self._check_model(reply.content)

    def for_budget(self, budget: Budget) -> Mapping[str, Any] | None:
        """A word goes to any server, a number of tokens to those that are known to take it."""
        return {} if isinstance(budget, str) or self._dialect.budget else None

    def _sent(self) -> Sent:
        return resolve(self._args, self._key_variable)

    async def _models(self) -> Reply:
        client = self._new_client(CONNECT_SECONDS)
        try:
            return await client.request("GET", "/models")
        finally:
            await client.close()

    def _new_client(self, seconds: float) -> HttpClient:
        sent = self._sent()
        return HttpClient(self._base_url, sent.headers, sent.query, seconds, self.max_in_flight)

    def identity(self) -> Mapping[str, Any]:
        """The server's address and the model's name there; `revision` where the user vouches."""
        args = self._args
        further = {"extra_body": args.extra_body, "headers": args.headers, "query": args.query}
        return {
            "engine": "openai",
            "base_url": self._base_url,
            "model": self._dialect.model,
            "revision": self._model.revision,
            "chat_template_kwargs": dict(self._model.chat_template_kwargs),
        } | {name: given for name, given in further.items() if given}

    async def start(self) -> None:
        """Opens the connection pool; nothing is sent."""
        self._key = self._sent().key
        self._client = self._new_client(self._args.timeout)

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
            most = self._args.max_retries
            if outcome.most_retries is not None:
                most = min(most, outcome.most_retries)
            if not outcome.transient or tries >= most:
                raise self._failure(outcome, tries)
            seconds = _backoff(tries, outcome.wait_seconds)
            if outcome.limited:
                told_to_wait.get()(seconds)
            await asyncio.sleep(seconds)
            tries += 1
            self._counts["retries"] += 1

    def _failure(self, outcome: Rejected, tries: int) -> RunError:
        """A lasting fault as what it is: this request's, or the run's."""
        after = f" (after {tries + 1} tries)" if tries else ""
        line = f"engine.base_url={self._base_url}: {outcome.message}{after}"
        if outcome.whose == "over_long":
            return PromptTooLongError(line, outcome.room)
        # What was good enough for others is no wrong setting.
        if outcome.whose == "setting" and not self._counts["requests"]:
            return SettingError(line)
        if outcome.whose == "run":
            return RunError(line)
        return FailedItemError(line, refused=outcome.whose == "filtered")

    def _believed(self, outcome: Completion | Rejected, unsaid: int) -> Completion | Rejected:
        """Takes an answer without a finish_reason as one where the server never gives any: no
        other answer had one, and this request was answered so several times."""
        if isinstance(outcome, Completion):
            self._gives_reasons = True
            return outcome
        if outcome.unsaid is None or self._gives_reasons:
            return outcome
        enough = unsaid >= TRIES_TO_BELIEVE
        said = outcome.unsaid.text + outcome.unsaid.reasoning
        if self._gives_reasons is None and not (enough and said.strip()):
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
        body = request_body(self._dialect, request, dropped)
        hide, path = self._key.hide, "/chat/completions"
        try:
            reply = await self._client.request("POST", path, body)
        except NoReplyError as error:
            return Rejected(
                hide(str(error)),
                "run" if error.gone else "unknown",
                error.transient,
                most_retries=ANSWER_RETRIES if error.begun else None,
            )
        status, headers, content = reply
        if status == 401:
            return Rejected(self._key_problem(status), "run")
        if status in ANSWERED:
            most = request.sampling.max_tokens
            return read_completion(content, most, self._counts, hide, body)
        if to := redirected_to(reply, self._base_url, path):
            moved = f"HTTP {status}: the server sends requests on; set engine.base_url={hide(to)}"
            return Rejected(moved, "run")
        return read_refusal(status, content, body, asked_to_wait(headers), hide)

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
        name = self._dialect.model
        # Ollama lists NAME:latest and answers to NAME.
        served = models.get(name) or models.get(f"{name}:latest")
        if served is not None:  # the length is vLLM's and SGLang's addition
            self.context_length = count(served.get("max_model_len")) or None
            owner = str(served.get("owned_by")).lower()
            self._dialect = replace(
                self._dialect,
                repeat_penalty=owner in LLAMA_LIKE,
                budget=BUDGET_FIELDS.get(owner),
            )
        elif models and self._args.check_model:
            shown = [shorten(terminal(self._key.hide(model)), 80) for model in models]
            near = nearest(name, shown, cutoff=0.4) or sorted(shown)[:3]
            raise InputError(
                f"{self._base_url} does not serve {name!r}; set engine.model to a name it knows: "
                f"{', '.join(near)}; or engine.check_model=false, where it answers to others too"
            )


def _backoff(tries: int, server_asks: float | None) -> float:
    """Seconds to wait: what the server asks for, or doubling with jitter so that clients spread."""
    if server_asks:  # 0 would use all tries up at once
        return min(server_asks, LONGEST_RETRY_AFTER_SECONDS)
    longest = min(FIRST_BACKOFF_SECONDS * 2.0**tries, LONGEST_BACKOFF_SECONDS)
    return longest * random.uniform(0.5, 1.0)
