"""A key is refused under every name and spelling, and stands in no message and no file."""

from __future__ import annotations

from pathlib import Path

import pytest

from orca_eval.cli import main
from orca_eval.config import secrets
from orca_eval.config.compose import compose_verb
from orca_eval.config.convert import run_config
from orca_eval.errors import InputError

KEY = "hunter2hunter2"
SHAPED = "sk-proj-Abc123Def456Ghi789Jkl"
HIDDEN = (KEY, SHAPED)

TYPED = [
    *(
        f"{p}engine.{n}={KEY}"
        for p in ("", "+", "++", "~")
        for n in ("api_key", "api-key", "TOKEN")
    ),
    *(f"engine.{n}={KEY}" for n in ("apiKey", "API_KEY", "openai_api_key", "hf_token", "secret")),
    *(f"engine.{n}={KEY}" for n in ("headers.authorization", "args.api_key", "auth_token", "key")),
    *(f"engine.{n}={KEY}" for n in ("password", "X-Api-Key", "extra_headers.Authorization", "pwd")),
    *(f"model.chat_template_kwargs.{n}={KEY}" for n in ("api_key", "token", "my.secret.x")),
    f"engine={{api_key: {KEY}}}",
    f"+engine={{headers: {{authorization: {KEY}}}}}",
    f"model.chat_template_kwargs={{a: [{{api_key: {KEY}}}]}}",
    f'engine.args={{"api_key": "{KEY}"}}',
    f"engine.api_key:{KEY}",
    f"engine.api_key: {KEY}",
    f"engine.api_key {KEY}",
    f"--api-key={KEY}",
    f"--api-key {KEY}",
    f"OPENAI_API_KEY={KEY}",
    f"api_key={KEY}",
    f"token={KEY}",
    f"engine.api_key={KEY},{KEY}2",
    f"engine.api_key=[{KEY}",
    f"engine.api_key={KEY}'",
    f"engine.base_url=http://user:{KEY}@host/v1",
    f"engine.base_url=http://host/v1?api_key={KEY}",
    f"engine.api_key_env={SHAPED}",
    "engine.api_key_env=hunter2hunter2hunter2hunter2",
    f"engine.whatever={SHAPED}",
    f"engine.api-base={SHAPED}",
    f"limit={SHAPED}",
    f"{SHAPED}",
    f"{SHAPED}=1",
    f"engin.x='{SHAPED}",
    "engine.x=${oc.env:OPENAI_API_KEY}",
]
VERBS = ["run", "leaderboard", "report", "gate", "rescore", "audit", "show", "tasks", "check"]


@pytest.mark.parametrize("override", TYPED)
def test_a_key_is_refused_and_not_printed(
    override: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for command in (["run"], ["run", "-m"], ["check"], ["leaderboard", "models=a"]):
        assert main([*command, "engine=openai", override]) == 3
        out = capsys.readouterr()
        assert not any(key in out.out + out.err for key in HIDDEN), out.err
        assert "Traceback" not in out.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", [*VERBS, "baseline"])
@pytest.mark.parametrize(
    "typed", [[f"engine.api_key={KEY}"], ["--api-key", KEY], ["api_key:", KEY], ["api_key=", KEY]]
)
def test_every_verb_refuses(
    verb: str, typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, *(["export"] if verb == "baseline" else []), *typed]) == 3
    assert KEY not in (error := capsys.readouterr().err)
    assert "api_key_env" in error


def test_a_key_in_the_verbs_place_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"engine.api_key={KEY}", "run"]) == 3
    assert KEY not in capsys.readouterr().err


@pytest.mark.parametrize(
    "override",
    [
        *("engine.api_key_env=MY_KEY", "engine.max_tokens_per_second=3", "engine.tokenizer=x"),
        *("model.chat_template_kwargs.bos_token=x", "model.chat_template_kwargs.keyboard=1"),
        *("engine.stop_token_ids=[1]", "model.path=out/token=1", "model.path=org/sk-learn-7b"),
        *("model.chat_template_kwargs={enable_thinking: false}", "engine.add_bos_token=true"),
        *("model.revision=" + "0a1b2c3d" * 5, "engine.kv_cache_dtype=auto", "results_dir=secrets"),
    ],
)
def test_what_only_sounds_like_a_key_is_taken(override: str) -> None:
    run_config(compose_verb("run", ["engine=vllm", "model.path=m", override]))


def test_a_key_in_a_file_is_refused() -> None:
    config = {"name": "openai", "inner": [{"apiKey": "x"}], "url": f"http://a:{KEY}@b"}
    assert list(secrets.in_mapping(config, "engine")) == ["engine.inner.apiKey", "engine.url"]


def test_a_message_about_a_wrong_value_holds_no_key() -> None:
    with pytest.raises(InputError) as caught:
        compose_verb("run", ["max_tokens=sk-short", "no_such=hf_abc"])
    assert "sk-short" not in str(caught.value)
