"""What to type to install what is missing, for an installed wheel and for a checkout."""

import shlex
from importlib.metadata import metadata

from orca_eval.paths import CONF, PACKAGE


def add_extra(extra: str) -> str:
    """Writes the command that adds one of our extras.

    A checkout is named by its folder, so the command works from any place:
    `pip install -e '/src/orca-eval[vllm]'`, else `pip install 'orca-eval[vllm]'`.
    """
    if CONF.is_relative_to(PACKAGE):
        return _install(f"orca-eval[{extra}]")
    return _install(f"{PACKAGE.parent}[{extra}]", "-e ")


def add_extra_of(package: str, extra: str) -> str | None:
    """Writes the command that adds an extra of an installed package, None where it has no such."""
    if extra in (metadata(package).get_all("Provides-Extra") or ()):
        return _install(f"{package}[{extra}]")
    return None


def _install(what: str, options: str = "") -> str:
    return f"pip install {options}{shlex.quote(what)}"
