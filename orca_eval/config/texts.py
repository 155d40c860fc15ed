"""Text keys: their values are what was typed, whatever they look like.

Hydra's grammar reads `83e2010` as infinity, `1.10` as 1.1 and `{a}` as a mapping. So the value of a
key that takes a text is put into quotes before Hydra sees it. What the user quoted stays as it is;
`null` is no value for a key that may be without one, and `'null'` the text.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from orca_eval.paths import expanded

OPTIONAL = frozenset(
    {
        *("model.name", "model.revision", "model.adapter", "model.chat_template"),
        *("prompt.system_message", "suite.name", "data.root", "task", "out", "from"),
        *("conf.path", "tasks.path"),
        *("baseline", "candidate", "question"),
        *("engine.base_url", "engine.api_key_env", "engine.model", "engine.script"),
        # In-process engines' own
        *("engine.revision", "engine.code_revision", "engine.tokenizer_revision"),
        *("engine.tokenizer", "engine.pretrained", "engine.subfolder", "engine.peft"),
        *("engine.dtype", "engine.quantization", "engine.load_format", "engine.download_dir"),
        *("engine.served_model_name", "engine.hf_config_path", "engine.backend"),
    }
)
REQUIRED = frozenset(
    {
        *(
            "model.path",
            "engine.name",
            "prompt.name",
            "strategy.name",
            "results_dir",
            "over_long",
            "run",
            "read",
            "repo",
        ),
        *("engine.kv_cache_dtype", "engine.cache_type_k", "engine.cache_type_v", "policy.name"),
    }
)
LISTS = frozenset({"models", "prompts", "strategies", "follow_up", "runs", "suite.benchmarks"})
"""Keys of several texts: `[a,b]`, `a,b` or one."""
LISTS_OF_A_POLICY = re.compile(r"policy\.(?:groups|averages)\..+\.benchmarks")
AVERAGES = "suite.averages"
"""A list of mappings, which may be without its brackets too."""

JUDGE = "judge."
"""Before the keys of the judge's model and engine, which are as the run's own."""

OPEN = ("engine.", "model.chat_template_kwargs.", "judge.engine.")
"""Below these any name may stand; its owner checks it (an engine its own arguments)."""

NONE = "null"
INTERPOLATION = "${"
QUOTED = re.compile(r"""\s*(['"])(?:\\.|(?!\1)[^\\])*\1\s*""", re.DOTALL)
SWEEP = re.compile(r"\s*(?:choice|glob|range|interval|sort|shuffle|tag)\(.*\)\s*", re.DOTALL)
CHOICE = re.compile(r"\s*choice\((.*)\)\s*", re.DOTALL)
UNLIKE_TYPED = re.compile(r"[-+]?(?:\d+(?:_\d+)+|[\d_.]+[eE][-+]?\d{3,})")
"""Numbers that Hydra would make into something else to look at: 2024_10_01, 5e12345 (infinity)."""
BACKSLASHES = re.compile(r"(\\*)('|\Z)")
OPENING, CLOSING = "[({", "])}"


def is_text(key: str) -> bool:
    """Whether the key takes a text, or several."""
    key = key.removeprefix(JUDGE)
    return key in OPTIONAL or key in REQUIRED or is_list(key)


def is_list(key: str) -> bool:
    """Whether the key takes several texts."""
    return key in LISTS or LISTS_OF_A_POLICY.fullmatch(key) is not None


def joined(key: str, values: Sequence[str]) -> str:
    """One override of a list key from several; a single one stays as it was typed."""
    parts = (inside(value) for value in values) if len(values) > 1 else values
    return f"{key}={','.join(part for part in parts if part.strip())}"


def inside(value: str) -> str:
    """What stands in a list's brackets, if it has any."""
    bare = value.strip()
    return bare[1:-1] if bare.startswith("[") and bare.endswith("]") else bare


def addresses(given: object) -> list[Any]:
    """One address or several: a file's list, `a,b` or `[a,b]`; what is no text as it is."""
    if isinstance(given, str):
        bare = given.strip()
        parts = [part.strip().strip("'\"") for part in split(inside(bare))]
        return [part for part in parts if part] or [given]
    return given if isinstance(given, list) and given else [given]


def is_place(text: str) -> bool:
    """Whether a model's name is a path, a hub id or a package, and not a choice's name."""
    return "/" in text or text.endswith(".gguf") or text.startswith("package:")


def quoted(text: str) -> str:
    """A text as Hydra's grammar reads it back, character by character."""
    # Hydra reads backslashes only before a quote, where each has to stand twice.
    escaped = BACKSLASHES.sub(lambda m: m[1] * 2 + ("\\'" if m[2] else ""), text)
    return f"'{escaped}'"


def for_hydra(override: str, groups: frozenset[str]) -> str:
    """The override with its text in quotes, any other one as it is.

    `groups`: the names of the config's groups, whose choices are texts too.
    """
    head, _, value = override.partition("=")
    key = head.lstrip("+").removeprefix(JUDGE)
    if key in groups:
        several = "," in value or value.lstrip().startswith(("[", "{")) or SWEEP.fullmatch(value)
        return override if several or not value.strip() else f"{head}={_one(value, optional=True)}"
    if is_list(key):
        return f"{head}={_several(value)}"
    if key.startswith(OPEN) and value.startswith("~"):  # libraries take it as a folder's name
        return f"{head}={quoted(str(expanded(value)))}"
    if is_text(key):
        return f"{head}={_one(value, optional=key in OPTIONAL)}"
    if key.startswith(OPEN):
        return f"{head}={_untyped(value)}"
    bare = key == AVERAGES and not value.lstrip().startswith("[")
    return f"{head}=[{value}]" if bare else override


def alternatives(value: str) -> list[str]:
    """A sweep's values of a text key, each as typed: `a,b` or `choice(a,b)`."""
    choice = CHOICE.fullmatch(value)
    return [part.strip() for part in split(choice[1] if choice else value)]


def split(text: str) -> Iterator[str]:
    """The parts between commas that stand in no quotes and no brackets."""
    start = depth = position = 0
    while position < len(text):
        sign = text[position]
        whole = QUOTED.match(text, position) if sign in "'\"" else None
        # A quote in the middle of a word is an apostrophe.
        if whole and not text[start:position].strip():
            position = whole.end()
            continue
        depth += (sign in OPENING) - (sign in CLOSING and depth > 0)
        if sign == "," and not depth:
            yield text[start:position]
            start = position + 1
        position += 1
    yield text[start:]


def _one(value: str, optional: bool) -> str:
    if (optional and value == NONE) or INTERPOLATION in value or QUOTED.fullmatch(value):
        return value
    return quoted(value)


def _untyped(value: str) -> str:
    """A value whose type we don't know: a number stays one if it reads as it was typed."""
    return quoted(value.strip()) if UNLIKE_TYPED.fullmatch(value.strip()) else value


def _several(value: str) -> str:
    bare = value.strip()
    if bare == NONE or INTERPOLATION in value:
        return value
    members = inside(bare)
    parts = [part.strip() for part in split(members)] if members.strip() else []
    return f"[{','.join(_one(part, optional=False) for part in parts)}]"
