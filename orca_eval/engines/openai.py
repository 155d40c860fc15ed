"""Any OpenAI-compatible endpoint: POST {base_url}/chat/completions, one request per prompt. Several
that serve the same model are one engine (endpoints.py).

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
    can_go_on,
    count,
    counts_too_few,
    gone_on,
    read_completion,
    request_body,
    the_rest,
    words,
)
from orca_eval.engines.endpoint_notes import endpoint_notes
from orca_eval.engines.endpoints import Endpoint, Endpoints
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
CONTINUING = frozenset({"vllm"})
"""`owned_by` of servers that go on from a last assistant message where they are asked to."""
LLAMA_LIKE = frozenset({"llamacpp", "library", "organization_owner", "ollama", "lmstudio", "jan"})
"""`owned_by` of the models of llama.cpp's server and of what stands on it."""


class OpenAIEngine:
    """Sends requests to an endpoint, with bounded retries; never prints or stores the key."""

    weights: Weights | None = None
    tokenizer: TemplateTokenizer | None = None

    def __init__(self, model: ModelConfig, config: EngineConfig, _max_tokens: int) -> None:
        self._args: OpenAIArgs = openai_args(config)
        self._urls = [checked_url(url) for url in (config.base_url, *config.replicas)]
        if twice := [url for url in self._urls if self._urls.count(url) > 1]:
            raise InputError(f"engine.base_url: {twice[0]} is there twice; name it once")
        self._base_url = self._urls[0]
        self._endpoints = Endpoints(self._urls, self._args.max_in_flight)
        self._key_variable = config.api_key_env
        self._model = model
        self._counts: Counter[str] = Counter()
        self._key = ApiKey(None)
        self._rejected: frozenset[str] = frozenset()
        self._gives_reasons: bool | None = None
        self._dialect = Dialect(
            self._args.model or model.path, model.chat_template_kwargs, self._args.extra_body or {}
        )
        self.max_in_flight = self._args.max_in_flight * len(self._urls)
        self.context_length: int | None = None
        self.reuse_across_runs = model.revision is not None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores must know about this server."""
        notes = ["the server applied the chat template"]
        if self._model.chat_template is not None:
            notes.append("model.chat_template has no effect on an endpoint")
        notes += self._endpoints.notes()
        notes += endpoint_notes(self._counts, self._rejected)
        if self._key.is_short:
            notes.append(
                f"a key is shorter than {SHORTEST_HIDDEN} characters: a server's text is not "
                "searched for it"
            )
        return tuple(notes)

    def check(self) -> None:
        """Asks each server for its models; InputError where it, the key or the name is wrong, or
        none is there. Where others are, one that is not is left out."""
        if self._model.adapter is not None:
            raise InputError(
                "model.adapter can't be sent to an endpoint: serve the adapter there and give its "
                "name as engine.model"
            )
        self._key = self._sent().key
        replies = run_to_end(self._models())
        missing = {url: r for url, r in replies.items() if isinstance(r, NoReplyError)}
        if len(missing) == len(replies):
            raise InputError(
                "\n".join(
                    f"engine.base_url={url} can't be reached: {self._key.hide(str(error))}; "
                    "is the server running?"
                    for url, error in missing.items()
                )
            )
        found: dict[str, Dialect] = {}
        for endpoint in self._endpoints.all:
            reply = replies[endpoint.url]
            if isinstance(reply, NoReplyError):
                self._endpoints.leave_out(endpoint, self._key.hide(str(reply)))
            elif served := self._check_listed(endpoint.url, reply):
                found[endpoint.url] = self._served_as(served)
        self._dialect = next(iter(found.values()), self._dialect)
        for url, dialect in found.items():
            if dialect != self._dialect:
                raise InputError(
                    f"engine.base_url={url} is another kind of server than {next(iter(found))} and "
                    "takes other fields; several addresses are for servers that are alike"
                )

    def _check_listed(self, url: str, reply: Reply) -> Mapping[str, Any] | None:
        """What a server's list of models says of ours. InputError where it may not be asked."""
        if self._args.check_model and reply.status in (401, 403):
            unlisted = "; engine.check_model=false goes on where it lists no models but answers"
            raise InputError(f"engine.base_url={url}: {self._key_problem(reply.status)}{unlisted}")
        if self._args.check_model and (to := redirected_to(reply, url, "/models")):
            raise InputError(
                f"engine.base_url={url}: HTTP {reply.status}, the server is at another "
                f"address; set engine.base_url={to}"
            )
        return self._listed(url, reply.content) if reply.status == 200 else None

    def for_budget(self, budget: Budget) -> Mapping[str, Any] | None:
        """A word goes to any server, a number of tokens to those that are known to take it."""
        return {} if isinstance(budget, str) or self._dialect.budget else None

    def _sent(self) -> Sent:
        return resolve(self._args, self._key_variable)

    async def _models(self) -> dict[str, Reply | NoReplyError]:
        """Each address's list of models, or why there is none."""

        async def asked(url: str) -> Reply | NoReplyError:
            client = self._new_client(url, CONNECT_SECONDS)
            try:
                return await client.request("GET", "/models")
            except NoReplyError as error:
                return error
            finally:
                await client.close()

        return dict(zip(self._urls, await asyncio.gather(*map(asked, self._urls)), strict=True))

    def _new_client(self, url: str, seconds: float) -> HttpClient:
        sent = self._sent()
        return HttpClient(url, sent.headers, sent.query, seconds, self._args.max_in_flight)

    def identity(self) -> Mapping[str, Any]:
        """The server's address (of several the first) and the model's name there; `revision` where
        the user vouches."""
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
        """Opens the connection pools; nothing is sent."""
        self._key = self._sent().key
        for endpoint in self._endpoints.all:
            endpoint.client = self._new_client(endpoint.url, self._args.timeout)

    async def generate(self, request: Request) -> Completion:
        """One answer, after as many tries as allowed; RunError when none of them brought it."""
        completion = await self._ask(the_rest(request))
        if counts_too_few(completion, request):
            await self._refuse_if_cut(request)
        return completion if request.cut is None else gone_on(request.cut, completion)

    def can_continue(self, cut: Completion) -> bool:
        """Where the server is known to go on from a text."""
        return self._dialect.continues and can_go_on(cut)

    async def _refuse_if_cut(self, request: Request) -> None:
        """Asks again with a beginning that no cache holds: some servers (Ollama 0.30) leave out of
        their count what they have cached, and only a whole count shows that a prompt was cut."""
        self._counts["asked_again"] += 1
        first_token = request._replace(sampling=replace(request.sampling, max_tokens=1), cut=None)
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
            async with self._endpoints.turn() as endpoint:
                outcome = await self._try(endpoint, request, dropped)
            unsaid += isinstance(outcome, Rejected) and outcome.unsaid is not None
            outcome = self._believed(outcome, unsaid)
            if isinstance(outcome, Completion):
                self._endpoints.heard(endpoint)
                self._counts["requests"] += 1
                self._counts["prompt_tokens"] += outcome.prompt_tokens
                self._counts["generated_tokens"] += outcome.completion_tokens
                return outcome
            if outcome.fields - dropped:
                self._rejected |= outcome.fields
                continue
            concerns_server = outcome.transient or outcome.whose == "run"
            if concerns_server and self._endpoints.failed(endpoint, outcome):
                self._counts["taken_over"] += 1
                continue  # another takes it at once
            most = self._args.max_retries
            if outcome.most_retries is not None:
                most = min(most, outcome.most_retries)
            if not outcome.transient or tries >= most:
                raise self._failure(endpoint.url, outcome, tries)
            seconds = _backoff(tries, outcome.wait_seconds)
            if outcome.limited:
                told_to_wait.get()(seconds)
            await asyncio.sleep(seconds)
            tries += 1
            self._counts["retries"] += 1

    def _failure(self, url: str, outcome: Rejected, tries: int) -> RunError:
        """A lasting fault as what it is: this request's, or the run's."""
        after = f" (after {tries + 1} tries)" if tries else ""
        line = f"engine.base_url={url}: {outcome.message}{after}"
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
        for endpoint in self._endpoints.all:
            if endpoint.client is not None:
                await endpoint.client.close()
                endpoint.client = None

    def counters(self) -> Mapping[str, float]:
        """Requests, tokens as the server counted them, retries, and answers that were special."""
        return {name: float(value) for name, value in sorted(self._counts.items()) if value}

    async def _try(
        self, endpoint: Endpoint, request: Request, dropped: frozenset[str]
    ) -> Completion | Rejected:
        if endpoint.client is None:
            raise RunError("the openai engine was not started")
        body = request_body(self._dialect, request, dropped)
        hide, path = self._key.hide, "/chat/completions"
        try:
            reply = await endpoint.client.request("POST", path, body)
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
        if to := redirected_to(reply, endpoint.url, path):
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

    def _listed(self, url: str, content: bytes) -> Mapping[str, Any] | None:
        """The model's entry in a server's list, where it gives one; InputError where the model is
        not in it."""
        try:
            models = {str(model["id"]): model for model in json.loads(content)["data"]}
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        name = self._dialect.model
        # Ollama lists NAME:latest and answers to NAME.
        served: Mapping[str, Any] | None = models.get(name) or models.get(f"{name}:latest")
        if served is None and models and self._args.check_model:
            shown = [shorten(terminal(self._key.hide(model)), 80) for model in models]
            near = nearest(name, shown, cutoff=0.4) or sorted(shown)[:3]
            raise InputError(
                f"{url} does not serve {name!r}; set engine.model to a name it knows: "
                f"{', '.join(near)}; or engine.check_model=false, where it answers to others too"
            )
        return served

    def _served_as(self, served: Mapping[str, Any]) -> Dialect:
        """What the server's entry says of the fields that it takes, and of its context's length, of
        which the shortest counts."""
        # The length is vLLM's and SGLang's addition.
        length = count(served.get("max_model_len")) or None
        if length is not None and (self.context_length is None or length < self.context_length):
            self.context_length = length
        owner = str(served.get("owned_by")).lower()
        return replace(
            self._dialect,
            repeat_penalty=owner in LLAMA_LIKE,
            budget=BUDGET_FIELDS.get(owner),
            continues=owner in CONTINUING,
        )


def _backoff(tries: int, server_asks: float | None) -> float:
    """Seconds to wait: what the server asks for, or doubling with jitter so that clients spread."""
    if server_asks:  # 0 would use all tries up at once
        return min(server_asks, LONGEST_RETRY_AFTER_SECONDS)
    longest = min(FIRST_BACKOFF_SECONDS * 2.0**tries, LONGEST_BACKOFF_SECONDS)
    return longest * random.uniform(0.5, 1.0)
