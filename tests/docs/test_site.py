"""The docs as a site: the same structure as on a repository's page, and nothing broken passes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lxml.html
import markdown
import pytest
import yaml
from markdown_it import MarkdownIt
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files

from docs.site import gallery
from docs.site.pages import FENCE, relinked
from tests.docs.blocks import CHECKOUT, PAGES

SETTINGS = CHECKOUT / "docs" / "site" / "mkdocs.yml"
COUNTED = ("h1", "h2", "h3", "li", "pre", "td", "code", "a", "img")


def counts(html: str) -> dict[str, int]:
    page = lxml.html.fromstring(f"<div>{html}</div>")
    return {tag: len(page.xpath(f".//{tag}[not(@class='headerlink')]")) for tag in COUNTED}


@pytest.mark.parametrize(
    "path", [*PAGES, CHECKOUT / "CHANGELOG.md"], ids=lambda path: Path(path).stem
)
def test_a_page_reads_as_in_a_repository(path: Path) -> None:
    """The two readers of Markdown differ: a list right behind a paragraph is none in the site."""
    text = path.read_text("utf-8")
    extensions = yaml.safe_load(SETTINGS.read_text("utf-8"))["markdown_extensions"]
    named = [entry if isinstance(entry, str) else next(iter(entry)) for entry in extensions]
    site = markdown.markdown(FENCE.sub(r"\g<fence>", text), extensions=named)
    assert counts(site) == counts(MarkdownIt().enable("table").render(text))


@pytest.mark.parametrize(
    ("folder", "link", "leads_to"),
    [
        ("", "docs/cli.md#run", "cli.md#run"),
        ("", "docs/images/a.png", "images/a.png"),
        ("", "CONTRIBUTING.md", "contributing.md"),
        ("", "examples", "examples.md"),
        ("docs", "../examples", "examples.md"),
        ("docs", "../README.md#two-commands", "index.md#two-commands"),
        ("docs", "gate.md", "gate.md"),
        ("docs", "#cost", "#cost"),
        ("docs", "https://arxiv.org/abs/2311.11045", "https://arxiv.org/abs/2311.11045"),
        ("docs", "../Makefile", "Makefile"),  # no page: the build says so
    ],
)
def test_a_link_out_of_the_folder_leads_to_its_page(folder: str, link: str, leads_to: str) -> None:
    assert relinked(f"see [it]({link}), and", folder) == f"see [it]({leads_to}), and"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[b](b.md#it)", ""),
        ("[b](c.md)", "'c.md'"),
        ("[b](b.md#that)", "'#that'"),
        ("[b](Makefile)", "'Makefile'"),
        ("![b](b.png)", "'b.png'"),
    ],
)
def test_a_broken_link_fails_the_build(text: str, says: str, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.md").write_text(f"# A\n\n{text}\n", "utf-8")
    (pages / "b.md").write_text("# B\n\n## It\n", "utf-8")
    assert_built(tmp_path, ["index.md", "b.md"], says)


def test_a_page_that_the_site_does_not_name_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    for name in ("index.md", "b.md"):
        (tmp_path / "pages" / name).write_text("# A\n", "utf-8")
    assert_built(tmp_path, ["index.md"], "b.md")


def assert_built(folder: Path, nav: list[str], says: str) -> None:
    """Builds `folder`/pages under the site's own settings: well, or with what it `says`."""
    own = {"docs_dir": "pages", "site_dir": "site", "hooks": [], "nav": nav}
    (folder / "mkdocs.yml").write_text(yaml.safe_dump({"INHERIT": str(SETTINGS), **own}), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == bool(says), done.stderr
    assert says in done.stderr


def test_a_plot_that_nothing_draws_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "SECTIONS", ())
    with pytest.raises(PluginError, match=r"gallery\.py draws no averages, benchmarks"):
        gallery.on_files(Files([]), config=None)


def test_a_command_of_the_gallery_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="no such folder: no/run"):
        gallery.play("orca-eval report runs=no/run out=out", tmp_path)
