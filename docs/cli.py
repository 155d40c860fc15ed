"""Writes docs/cli.md and the keys in orca_eval/help/: `python -m docs.cli [--check]`.

conf/ is the source. The comment behind a key says what it is, and may go on below in its column.
The one behind a choice in a defaults list is its group's, the one at a file's head the choice's.
"""

import argparse
import itertools
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from orca_eval.config.words import INSTEAD
from orca_eval.help import list_verbs, read_help

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"
HELP = ROOT / "orca_eval" / "help"
PAGE = ROOT / "docs" / "cli.md"

LEGEND = "Keys with their defaults (???: it has none):\n"
"""Stands between a help text's own words and what is made here."""
WIDTH, TEXT_COLUMN = 100, 38
REFUSED = {verb: tuple(keys) for verb, keys in INSTEAD.items()}
"""Keys of `run` that a verb built on it does not take."""

UNLESS = re.compile(r"\$\{oc\.select:[^,]+,(.*)\}")
"""A default that another key may give, and what it is where that says nothing."""

HEAD = """# The command line

<!-- `python -m docs.cli` writes this page: edit the comments in conf/, or the first lines
of orca_eval/help/*.txt. -->

```text
{program}```

Texts are taken as typed, and need quotes in few places: [models](models.md). What `--json` prints,
what Ctrl-C does, and completion: [json](json.md).
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is typed. `default` is None for a mapping whose keys follow it."""

    name: str
    default: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """Keys that belong together.

    `title`: the group, or one choice of it; empty for a verb's own keys.
    `choices`: what the group, which is the first key then, may be, with the heads of their files.
    """

    title: str
    keys: tuple[Key, ...]
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verb:
    """What a verb takes: its own sections, then all of `base`, the verb that it is built on."""

    sections: tuple[Section, ...]
    base: str | None = None


class Conf:
    """One file of conf/ with its comments, which YAML readers drop."""

    def __init__(self, path: Path) -> None:
        text = path.read_text("utf-8")
        root = yaml.compose(text)
        if not isinstance(root, MappingNode):
            raise TypeError(f"{path}: a mapping is wanted")
        self._root, self._lines = root, text.splitlines()

    @property
    def head(self) -> str:
        """The comment at the head of the file, in one line."""
        last = self._root.start_mark.line
        return " ".join(line.removeprefix("#").strip() for line in self._lines[:last])

    def defaults(self) -> list[tuple[str, str | None, str]]:
        """The defaults list: a group, its choice and the comment; or a name alone."""
        for key, value in self._root.value:
            if key.value == "defaults":
                return [self._default(entry) for entry in value.value]
        return [("_self_", None, "")]

    def _default(self, entry: Node) -> tuple[str, str | None, str]:
        if isinstance(entry, MappingNode):
            ((group, choice),) = entry.value
            return group.value, choice.value, self._comment(group, choice)
        return entry.value, None, ""

    def keys(self, prefix: str = "") -> list[Key]:
        """Every key of the file, its name behind `prefix`."""
        own = [pair for pair in self._root.value if pair[0].value != "defaults"]
        return list(self._keys(own, prefix))

    def _keys(self, pairs: Sequence[tuple[ScalarNode, Node]], prefix: str) -> Iterator[Key]:
        for key, value in pairs:
            name, text = f"{prefix}{key.value}", self._comment(key, value)
            if isinstance(value, MappingNode) and self._explains(value):
                if text:
                    yield Key(name, None, text)
                yield from self._keys(value.value, f"{name}.")
            else:
                yield Key(name, _typed(value), text)

    def _explains(self, mapping: MappingNode) -> bool:
        """Whether a mapping's keys get a line each: they have comments, or keys below them."""
        return any(isinstance(v, MappingNode) or self._comment(k, v) for k, v in mapping.value)

    def _comment(self, key: Node, value: Node) -> str:
        at = value.end_mark if value.end_mark.line == key.end_mark.line else key.end_mark
        found = re.compile(r"[^#]*#\s*(.*)").match(self._lines[at.line], at.column)
        if found is None:
            return ""
        below = re.compile(rf" {{{at.column + found[0].index('#')}}}#\s*(.*)")
        further = itertools.takewhile(bool, map(below.fullmatch, self._lines[at.line + 1 :]))
        return " ".join(match[1] for match in (found, *further) if match)


def _typed(node: Node) -> str:
    """A value as it would be typed behind its key."""
    if isinstance(node, MappingNode):
        return "{" + ", ".join(f"{key.value}: {_typed(value)}" for key, value in node.value) + "}"
    if isinstance(node, SequenceNode):
        return "[" + ", ".join(map(_typed, node.value)) + "]"
    if unless := UNLESS.fullmatch(str(node.value)):
        return unless[1]
    return str(node.value) or "''"


def read_verb(name: str) -> Verb:
    """Reads what a verb takes from its file and the groups that this names.

    Raises:
        ValueError: no comment says what a key is.
    """
    conf = Conf(CONF / f"{name}.yaml")
    sections, base = [], None
    for group, choice, text in conf.defaults():
        if choice is not None:
            sections += _group(group, choice, text)
        elif group == "_self_":
            sections.append(Section("", tuple(conf.keys())))
        else:
            base = group
    bare = [k.name for s in sections for k in s.keys if not k.text and "{" not in (k.default or "")]
    if bare:
        raise ValueError(f"orca-eval {name}: no comment in conf/ says what {', '.join(bare)} is")
    return Verb(tuple(section for section in sections if section.keys), base)


def _group(name: str, default: str, text: str) -> list[Section]:
    """A section for the group, and one for each choice that has keys of its own.

    What several choices share stands in `custom`, where there is one, else in the default. A group
    at another place (`model@judge.model`) has the same keys there: one line says so.
    """
    if "@" in name:
        place = name.partition("@")[2]
        return [Section(place, (Key(place, default, text),))]
    files = {path.stem: Conf(path) for path in sorted((CONF / name).glob("*.yaml"), key=_natural)}
    heads = {choice: conf.head for choice, conf in files.items()}
    shared = files["custom" if "custom" in files else default].keys(f"{name}.")
    choices = heads if len(heads) > 1 else {}
    sections = [Section(name, (Key(name, default, text), *shared), choices)]
    known = {key.name for key in shared}
    for choice, conf in files.items():
        own = [key for key in conf.keys(f"{name}.") if key.name not in known]
        if own:
            first = Key(name, choice, conf.head)
            sections.append(Section(f"{name}={choice}", (first, *own)))
    return sections


def _natural(path: Path) -> list[str]:
    return [part.zfill(9) if part.isdigit() else part for part in re.split(r"(\d+)", path.stem)]


def all_sections(name: str) -> list[Section]:
    """All that a verb takes, what it has from another verb included."""
    verb = read_verb(name)
    further = all_sections(verb.base) if verb.base else []
    own = (key.name for section in verb.sections for key in section.keys)
    refused = (*REFUSED.get(name, ()), *own)
    return [*verb.sections, *(_without(refused, section) for section in further)]


def _without(refused: Sequence[str], section: Section) -> Section:
    choices = {} if section.title in refused else section.choices
    keys = tuple(key for key in section.keys if key.name not in refused)
    return Section(section.title, keys, choices)


def screen(section: Section) -> str:
    """A section as lines of at most WIDTH columns."""
    listed = f"one of {', '.join(section.choices)}" if section.choices else ""
    lines = (_screen_lines(key, "" if i else listed) for i, key in enumerate(section.keys))
    return "".join(line + "\n" for line in itertools.chain.from_iterable(lines))


def _screen_lines(key: Key, listed: str) -> Iterator[str]:
    left = f"  {key.name}" if key.default is None else f"  {key.name}={key.default}"
    text = key.text
    if not text:
        left, text = f"  {key.name}", key.default or ""
    right = _wrapped(text) + _wrapped(listed)
    if len(left) > TEXT_COLUMN - 2:
        yield left
        left = ""
    for line in right:
        yield f"{left:<{TEXT_COLUMN}}{line}"
        left = ""


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - TEXT_COLUMN, break_on_hyphens=False)


def own_words(name: str) -> str:
    """A help text as far as its author wrote it."""
    words, legend, _ = read_help(name).partition(LEGEND)
    if not legend:
        raise ValueError(f"{HELP / name}.txt has no line {LEGEND.strip()!r}")
    return words


def page() -> str:
    """Renders docs/cli.md."""
    parts = [HEAD.format(program=read_help("program"))]
    for name in list_verbs():
        verb = read_verb(name)
        parts.append(f"## {name}\n\n```text\n{own_words(name).rstrip()}\n```\n")
        parts += map(_page_section, sorted(verb.sections, key=lambda section: bool(section.title)))
        if verb.base:
            refused = ", ".join(f"`{key}`" for key in REFUSED.get(name, ()))
            but = f", but for {refused}" if refused else ""
            parts.append(f"Takes every key of [{verb.base}](#{verb.base}){but}.\n")
    return "\n".join(parts)


def _page_section(section: Section) -> str:
    rows = [("key", "default", "what it is"), ("---",) * 3]
    for key in section.keys:
        default = "" if key.default is None else f"`{key.default}`"
        rows.append((f"`{key.name}`", default, key.text))
    parts = [f"### {section.title}\n"] if section.title else []
    parts.append(_table(rows))
    heads = [(f"`{section.title}={choice}`", head) for choice, head in section.choices.items()]
    if heads:
        parts.append(_table([("choice", "what it is"), ("---",) * 2, *heads]))
    return "\n".join(parts)


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = (" | ".join(cell.replace("|", "\\|") for cell in cells) for cells in rows)
    return "".join(f"| {line} |\n" for line in lines)


def render() -> dict[Path, str]:
    """Renders every file that is made from conf/."""
    files = {PAGE: page()}
    for name in list_verbs():
        keys = "\n".join(map(screen, all_sections(name)))
        files[HELP / f"{name}.txt"] = own_words(name) + LEGEND + "\n" + keys
    return files


def main() -> int:
    """Writes the files, or says what is not current or lacks a comment; exit code 1 then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if a file is not current")
    check = parser.parse_args().check
    try:
        files = render()
    except ValueError as error:
        sys.exit(str(error))
    stale = [path for path in files if not path.is_file() or path.read_text("utf-8") != files[path]]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is not current: run python -m docs.cli")
        else:
            path.write_text(files[path], "utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
