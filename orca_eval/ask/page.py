"""The answers side by side as an HTML page, which has no script and loads nothing."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orca_eval import __version__
from orca_eval.ask.chat import Reply
from orca_eval.ask.screen import title
from orca_eval.files import whole
from orca_eval.safe_text import html

POLICY = ("default-src 'none'", "base-uri 'none'", "form-action 'none'")
_HERE = Path(__file__).parent


def write_page(path: Path, turns: Sequence[str], replies: Sequence[Reply]) -> None:
    """Writes the page. Raises OSError where it can't be written."""
    style = (_HERE / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["shown"] = lambda text: Markup(html(text))
    text = environment.get_template("page.html").render(
        policy="; ".join((*POLICY, f"style-src 'sha256-{digest}'")),
        style=Markup(style),
        turns=turns,
        replies=[(title(reply), reply) for reply in replies],
        version=__version__,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as temporary:
        temporary.write_text(text, "utf-8")
