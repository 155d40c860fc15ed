"""What messages say to install exists, and no text sends a wheel's user to a folder it lacks."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from orca_eval import installed
from orca_eval.paths import PACKAGE

CHECKOUT = PACKAGE.parent
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
SOURCES = sorted(PACKAGE.rglob("*.py"))
OF_A_CHECKOUT = re.compile(r"(?<![\w/.])(?:conf|tasks|docs)/\w*")


def texts(path: Path) -> Iterator[str]:
    """The texts of a file that are no docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_an_extra_is_added_to_a_checkout_by_its_folder() -> None:
    assert installed.add_extra("vllm") == f"pip install -e '{CHECKOUT}[vllm]'"


def test_an_extra_is_added_to_a_wheel_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "CONF", PACKAGE / "conf")
    assert installed.add_extra("vllm") == "pip install 'orca-eval[vllm]'"


def test_an_extra_of_another_package_is_one_that_it_has() -> None:
    assert installed.add_extra_of("lm-eval", "optimum") == "pip install 'lm-eval[optimum]'"
    assert installed.add_extra_of("lm-eval", "mamba_ssm") is None


def test_every_extra_that_is_named_exists() -> None:
    source = "\n".join(path.read_text("utf-8") for path in SOURCES)
    named = set(re.findall(r"""add_extra\(["'](\w+)["']\)""", source))
    assert named == {"hf", "vllm"} <= PROJECT["optional-dependencies"].keys()
    others = [path for path in SOURCES if path.stem != "installed"]
    assert [
        text for path in others for text in texts(path) if re.search(r"\w\[\w+\]'?`", text)
    ] == []


@pytest.mark.parametrize(
    "path", [*SOURCES, *sorted(PACKAGE.glob("help/*.txt"))], ids=lambda path: path.stem
)
def test_no_text_names_a_folder_of_the_checkout(path: Path) -> None:
    said = texts(path) if path.suffix == ".py" else [path.read_text("utf-8")]
    assert [found[0] for text in said for found in OF_A_CHECKOUT.finditer(text)] == []
