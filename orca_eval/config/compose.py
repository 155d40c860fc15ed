"""Hydra's edge: a verb's overrides → one plain, resolved mapping. Nothing of Hydra goes further."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf
from yaml import MarkedYAMLError

from orca_eval.config import overrides as ov, secrets
from orca_eval.config.texts import INTERPOLATION, JUDGE, OPEN, is_place, quoted
from orca_eval.errors import InputError
from orca_eval.paths import CONF

SEARCHED = " Config search path:"  # before folders that nobody chose
NOBODY = "judge.model.path"
OWN = "own"  # a system message that no file in conf/prompt has


def compose_verb(verb: str, overrides: Sequence[str]) -> dict[str, Any]:
    """The verb's config from conf/<verb>.yaml and the overrides, interpolations resolved.

    Raises:
        InputError: one line for every wrong key, choice or syntax error, all together.
    """
    return _compose(verb, for_hydra(verb, overrides))


def for_hydra(verb: str, overrides: Sequence[str]) -> list[str]:
    """The overrides as Hydra composes them. Raises InputError as `compose_verb`."""
    parsed = ov.parse(overrides)
    if sweeps := [ov.one_value(item, verb) for item in parsed if item.is_sweep]:
        raise InputError("\n".join(sweeps))
    own = ov.own_folder(next((p.value for p in parsed if p.key == "conf.path"), None))
    choices = ov.groups(own)
    valid = ov.flat(default_config(verb))
    parsed, extra = _shorthands(parsed, valid.keys(), choices)
    problems = ov.check(parsed, valid, choices, verb)
    if problems:
        raise InputError("\n".join(problems))
    places = [f"hydra.searchpath=[{quoted(str(own))}]"] if own else []
    return [*places, *extra.values(), *(_forced(p) for p in parsed)]


@lru_cache(maxsize=16)
def default_config(verb: str) -> dict[str, Any]:
    """The verb's config without any override, to be read only; what it lacks is `???`."""
    return _compose(verb, [], complete=False)


def _shorthands(
    parsed: list[ov.Parsed], valid: Collection[str], choices: Mapping[str, Sequence[str]]
) -> tuple[list[ov.Parsed], dict[str, str]]:
    """Short forms that are no group choice: any model by its path, any benchmark as a suite, any
    class as an engine.

    Returns the overrides left for Hydra's own rules, and further ones by key.
    """
    keys = {p.key for p in parsed}
    extra: dict[str, str] = {}
    rest = []
    for item in parsed:
        given = item.value if isinstance(item.value, str) and item.key in valid else ""
        suite = given if item.key == "suite" else ""
        model = given if ov.group_of(item.key) == "model" else ""
        # What is no file in conf/suite is a benchmark's or a task's name, checked later.
        if suite.strip() and suite not in choices["suite"]:
            extra["suite"] = "suite=custom"
            extra["suite.benchmarks"] = f"suite.benchmarks=[{quoted(suite)}]"
        elif model not in choices["model"] and is_place(model):
            extra[item.key] = f"{item.key}=custom"
            extra[f"{item.key}.path"] = f"{item.key}.path={quoted(model)}"
        elif ov.group_of(item.key) == "engine" and ":" in given:
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
    if whole or item.key.startswith(OPEN):
        return f"++{item.text}"
    return item.text


def _compose(verb: str, overrides: list[str], complete: bool = True) -> dict[str, Any]:
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose(verb, overrides)
        config_of_run = plain(config)
        missing = sorted(OmegaConf.missing_keys(config)) if complete else []
    except InputError:
        raise
    except Exception as error:  # those of Hydra, OmegaConf and PyYAML have no common base
        raise InputError(_told(error, overrides)) from error
    if missing:
        raise InputError(
            "\n".join(f"{key}= is needed; see orca-eval {verb} --help" for key in missing)
        )
    _refuse_secrets(config_of_run)
    return config_of_run


def plain(config: DictConfig) -> dict[str, Any]:
    """What Hydra composed, interpolations resolved."""
    OmegaConf.resolve(config)
    if NOBODY in OmegaConf.missing_keys(config):
        OmegaConf.update(config, NOBODY, None)  # a run needs no judge
    resolved: dict[str, Any] = OmegaConf.to_container(config)  # type: ignore[assignment]
    return resolved


def _told(error: Exception, overrides: Sequence[str]) -> str:
    """What a library says of a config that it can't compose, and of which override."""
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if isinstance(error, MarkedYAMLError) and mark:
        return f"{mark.name}: line {mark.line + 1}: {error.problem}; mend the file"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line.removesuffix(SEARCHED) for line in lines]
    said = secrets.masked(" ".join(lines[:2]))
    filled = [override for override in overrides if INTERPOLATION in override]
    if not filled:
        return said or type(error).__name__
    return "\n".join(
        f"{secrets.masked(override)}: what ${{…}} stands for can't be filled in "
        f"({lines[0] if lines else type(error).__name__}); ${{KEY}} is the value of another key, "
        "${oc.env:NAME} of an environment variable"
        for override in filled
    )


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
