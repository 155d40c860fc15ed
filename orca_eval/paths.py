"""Where the project's own data lies, in a checkout and in an installed wheel alike."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _bundled(name: str) -> Path:
    """`name` inside the package (a wheel packs it there) or beside it (a checkout)."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


CONF = _bundled("conf")
TASKS = _bundled("tasks")
QUICKSTART_DATA = PACKAGE / "quickstart"
PUBLISHED = PACKAGE / "published"
JUDGE_CHECKS = PACKAGE / "judges" / "checks"


def expanded(text: str) -> Path:
    """A path as typed, `~` as the home folder; where that user is not known, as it stands."""
    return Path(os.path.expanduser(text))  # noqa: PTH111  # Path's own raises there
