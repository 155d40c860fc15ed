"""Hydra's edge: a verb's overrides → one plain, resolved mapping. Nothing of Hydra goes further."""

from collections.abc import Sequence
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from orca_eval.config import overrides as ov, secrets
from orca_eval.config.texts import JUDGE, OPEN, quoted
from orca_eval.errors import InputError
from orca_eval.paths import CONF

NOBODY = "judge.model.path"
OWN = "own"  # a system message that no file in conf/prompt has


def compose_verb(verb: str, overrides: Sequence[str]) -> dict[str, Any]:
    """The verb's config from conf/<verb>.yaml and the overrides, interpolations resolved.

    Raises:
        InputError: one line for every wrong key, choice or syntax error, all together.
    """
    parsed = ov.parse(overrides)
    sweeps = [p.text for p in parsed if p.is_sweep]
    if sweeps:
        raise InputError(f"{sweeps[0]} names several values; orca-eval run -m takes them")
    own = ov.own_folder(next((p.value for p in parsed if p.key == "conf.path"), None))
    choices = ov.groups(own)
    parsed, extra = _shorthands(parsed, choices["suite"])
    defaults = _compose(verb, [], complete=False)
    problems = ov.check(parsed, ov.known_keys(defaults) | set(extra), choices)
    if problems:
        raise InputError("\n".join(problems))
    places = [f"hydra.searchpath=[{quoted(str(own))}]"] if own else []
    return _compose(verb, [*places, *extra.values(), *(_forced(p) for p in parsed)])


def _shorthands(
    parsed: list[ov.Parsed], suites: Sequence[str]
) -> tuple[list[ov.Parsed], dict[str, str]]:
    """Short forms that are no group choice: any model by its path, any benchmark as a suite, any
    class as an engine.

    Returns the overrides left for Hydra's own rules, and further ones by key.
    """
    keys = {p.key for p in parsed}
    extra: dict[str, str] = {}
    rest = []
    for item in parsed:
        suite = item.value if item.key == "suite" and isinstance(item.value, str) else ""
        # What is no file in conf/suite is a benchmark's or a task's name, checked later.
        if suite.strip() and suite not in suites:
            extra["suite"] = "suite=custom"
            extra["suite.benchmarks"] = f"suite.benchmarks=[{quoted(suite)}]"
        elif ov.group_of(item.key) == "engine" and ":" in str(item.value):
            at = "" if item.key == "engine" else f"@{item.key}"
            extra[item.key] = f"~engine{at}"
            extra[f"{item.key}.name"] = f"++{item.key}.name={quoted(item.value)}"
        else:
            rest.append(item)
    if "suite.benchmarks" in keys and "suite" not in keys:
        extra["suite"] = "suite=custom"
    if "model.path" in keys and "model" not in keys:
        extra["model"] = "model=custom"
    if "prompt.system_message" in keys and "prompt.name" not in keys:
        extra["prompt.name"] = f"prompt.name={OWN}"  # whatever prompt= it was made from
    return rest, extra


def _forced(item: ov.Parsed) -> str:
    """An engine takes arguments that no config file lists; `++` lets them in."""
    if item.key.startswith(JUDGE) and ov.group_of(item.key) in ov.groups():
        return f"{ov.group_of(item.key)}@{item.text}"
    whole = item.key.endswith("model.chat_template_kwargs")
    if (whole or item.key.startswith(OPEN)) and not item.text.startswith("+"):
        return f"++{item.text}"
    return item.text


def _compose(verb: str, overrides: list[str], complete: bool = True) -> dict[str, Any]:
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose(verb, overrides)
        OmegaConf.resolve(config)
        if NOBODY in OmegaConf.missing_keys(config):
            OmegaConf.update(config, NOBODY, None)  # a run needs no judge
        missing = sorted(OmegaConf.missing_keys(config)) if complete else []
        plain = OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        most = 3 if isinstance(error, YAMLError) else 2
        raise InputError(secrets.masked(" ".join(lines[:most]))) from error
    if missing:
        raise InputError(
            "\n".join(f"{key}= is needed; see orca-eval {verb} --help" for key in missing)
        )
    config_of_run: dict[str, Any] = plain  # type: ignore[assignment]  # its keys are strings
    _refuse_secrets(config_of_run)
    return config_of_run


def _refuse_secrets(config: dict[str, Any]) -> None:
    """A key from a file in conf/ would be written into every run's folder too."""
    found: list[str] = []
    judge = config.get("judge")
    for prefix, part in (("", config), (JUDGE, judge if isinstance(judge, dict) else {})):
        model = part.get("model")
        kwargs = model.get("chat_template_kwargs") if isinstance(model, dict) else None
        found += secrets.in_mapping(part.get("engine"), f"{prefix}engine")
        found += secrets.in_mapping(kwargs, f"{prefix}model.chat_template_kwargs")
    if found:
        raise InputError("\n".join(f"{name}: {secrets.REFUSED}" for name in found))
