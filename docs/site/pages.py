"""Makes of what stands beside docs/ pages of the site, and of every page what the site reads.

The sources are written for a repository's page: their links are those between files.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

CHECKOUT = Path(__file__).parents[2]
PLACES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "examples": "examples.md",
}
"""What lies beside docs/, and its page. A link to anything else there fails the build."""
FOLDERS = {page: posixpath.dirname(source) for source, page in PLACES.items()}
"""Where the links of these pages start from; those of all others from docs/."""
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)(?P<path>[^)#\s]+)")
FENCE = re.compile(r"^(?P<fence> *```\w+) file=(?P<name>\S+)$", re.MULTILINE)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the pages of PLACES."""
    for source, page in PLACES.items():
        path = CHECKOUT / source
        text = examples(path) if path.is_dir() else path.read_text("utf-8")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Turns a source's text into the site's."""
    text = relinked(markdown, FOLDERS.get(page.file.src_uri, "docs"))
    return FENCE.sub(r'\g<fence> title="\g<name>"', text)


def relinked(text: str, folder: str) -> str:
    """Leads links that are written from `folder` of the checkout to the site's pages."""

    def to(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, found["path"]))
        return PLACES.get(target, target.removeprefix("docs/"))

    return LINK.sub(to, text)


def examples(folder: Path) -> str:
    """A page of the scripts in a folder."""
    scripts = "".join(
        f"## {path.name}\n\n```python\n{path.read_text('utf-8')}```\n\n"
        for path in sorted(folder.glob("*.py"))
    )
    return f"# Examples\n\n{scripts}"
