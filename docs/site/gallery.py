"""Draws the site's gallery of plots, each by the command that stands above it."""

import contextlib
import io
import json
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from orca_eval.cli import main
from orca_eval.report.plots import PLOTS
from tests.report.synthetic import FULL, Spec, write_run

SHARE = 0.05  # of each benchmark's documents: the plots take half a minute
HEAD = """# Gallery of plots

Every plot that `orca-eval report` draws, drawn when this page was built, by the command above it.
The runs are made up, with right and wrong replies drawn at random or one letter for all, so no
figure here says anything about a model. Beside each SVG the command writes a PNG and a PDF;
[the report's page](report.md#plots) tells what the plots hold.
"""


@dataclass(frozen=True)
class Section:
    """Plots of one command, which is run where `runs` has made its runs."""

    title: str
    runs: Callable[[Path], None]
    command: str


def models(folder: Path) -> None:
    """Three models on all benchmarks, one of them with two prompts."""
    made = [("small", "empty", 0.4, 1.5), ("large", "empty", 0.62, 13.0)]
    made += [("middle", "empty", 0.5, 7.0), ("middle", "cautious", 0.55, 7.0)]
    for seed, (name, prompt, accuracy, size) in enumerate(made):
        spec = Spec(
            name, prompt, accuracy, SHARE, seed, parameters=size, budgets=(16, 32, 64, 128, 256)
        )
        write_run(folder / "runs" / f"{name}-{prompt}", spec)


def checkpoints(folder: Path) -> None:
    """A model along its training, on two benchmarks of an average and more."""
    for seed, accuracy in enumerate((0.3, 0.42, 0.5, 0.54, 0.56)):
        name = f"orca-step-{500 * (seed + 1)}"
        spec = Spec(name, accuracy=accuracy, share=SHARE, seed=seed, benchmarks=FULL[6:9])
        write_run(folder / "training" / name, spec)


def sliced(folder: Path) -> None:
    """Two models that choose the same letter always, on the packed items of TruthfulQA."""
    for letter in "AB":
        script = folder / "script.jsonl"
        line = {"default": True, "text": f"The answer is {letter}."}
        script.write_text(json.dumps(line) + "\n", "utf-8")
        command = "orca-eval run suite=quickstart suite.benchmarks=[truthfulqa] suite.averages=[]"
        command += " engine=replay engine.script=script.jsonl results_dir=results"
        play(f"{command} model.name=always-{letter}", folder)


SECTIONS = (
    Section("Models", models, "orca-eval report runs=runs baseline=small out=board"),
    Section("Checkpoints", checkpoints, "orca-eval report runs=training out=progress"),
    Section("Slices of a benchmark", sliced, "orca-eval report runs=results out=slices"),
)


def play(command: str, folder: Path) -> None:
    """Runs a command of ours in a folder. Raises PluginError with what it said where it fails."""
    said = io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        code = main(shlex.split(command)[1:])
    if code:
        raise PluginError(f"{command}: {said.getvalue()}")


def drawn(section: Section, folder: Path, shown: set[str]) -> Iterator[Path]:
    """The plots that the section's command has drawn in `folder` and no other before it."""
    section.runs(folder)
    play(section.command, folder)
    (out,) = re.findall(r"out=(\S+)", section.command)
    plots = {path.stem: path for path in (folder / out / "plots").glob("*.svg")}
    for name in sorted(plots.keys() - shown, key=[*PLOTS, *sorted(plots)].index):
        shown.add(name)
        yield plots[name]


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds gallery.md and its plots. Raises PluginError where one of PLOTS is not drawn."""
    page, shown = [HEAD], set[str]()
    with tempfile.TemporaryDirectory() as name:
        for section in SECTIONS:
            page.append(f"## {section.title}\n\n```sh\n{section.command}\n```\n")
            for path in drawn(section, Path(name), shown):
                place = path.relative_to(name).as_posix()
                title = PLOTS[path.stem][0] if path.stem in PLOTS else section.title
                page.append(f"### {path.stem}\n\n![{title}]({place})\n\n{title}: `{place}`\n")
                plot = File.generated(config, place, content=path.read_bytes())
                files.append(plot)
    if missing := PLOTS.keys() - shown:
        raise PluginError(f"docs/site/gallery.py draws no {', '.join(sorted(missing))}")
    files.append(File.generated(config, "gallery.md", content="\n".join(page)))
    return files
