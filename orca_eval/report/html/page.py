"""The report: one HTML file that needs no network, or one with a folder of data beside it."""

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orca_eval import __version__
from orca_eval.errors import InputError
from orca_eval.files import whole
from orca_eval.report.board import Board
from orca_eval.report.html.pack import Packed, Spool, pack
from orca_eval.report.plots import Plot, key_of
from orca_eval.safe_text import terminal
from orca_eval.tables import html_fragment
from orca_eval.tables.table import Table

REPORT, DATA = "report.html", "report_data"
ONE_FILE_BYTES = 100_000_000
_HERE = Path(__file__).parent
SCRIPTS = (
    "vendor/tanstack-virtual-core.js",
    "store.js",
    "rows.js",
    "search.js",
    "sample.js",
    "explorer.js",
    "report.js",
)
_CALL = "orcaEvalChunk("
_LEADING = 3  # tables of the summary
_SMALL = (7.6, 12)  # inches; a plot no wider and no higher shares its line


def write_report(
    path: Path,
    board: Board,
    tables: Sequence[Table],
    plots: Sequence[Plot],
    samples: bool,
    notes: Sequence[str] = (),
) -> None:
    """Write `path`, and a `report_data` folder beside it where one file would be too large.

    `samples` False leaves the sample explorer out. `notes` are shown first: what went wrong.

    Raises:
        InputError: a run's samples are damaged.
        OSError: the folder can't be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    packing = pack(board, path.parent) if samples else contextlib.nullcontext()
    with packing as packed:
        _clear(path.parent / DATA)
        inline, beside = _placed(packed)
        scripts = [(_HERE / name).read_text(encoding="utf-8") for name in SCRIPTS]
        worker = (_HERE / "search_worker.js").read_text(encoding="utf-8")
        style = (_HERE / "report.css").read_text(encoding="utf-8")
        environment = Environment(
            loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined
        )
        template = environment.get_template("template.html")
        first, *others = board.labels
        settings = {"chunks": len(packed.chunks) if packed else 0, "beside": bool(beside)}
        stream = template.stream(
            title=terminal(first + (f" and {len(others)} more" if others else "")),
            extents=list(dict.fromkeys(run.extent for run in board.runs if run.extent)),
            notes=[terminal(note) for note in notes],
            version=__version__,
            policy=_policy(scripts, style, bool(beside)),
            style=Markup(style),
            scripts=[Markup(script) for script in scripts],
            worker=Markup(json.dumps(worker).replace("<", "\\u003c")),
            settings=Markup(json.dumps(settings)),
            leading=[Markup(html_fragment(table)) for table in tables[:_LEADING]],
            tables=[
                {"title": table.title, "html": Markup(html_fragment(table))}
                for table in tables[_LEADING:]
                if table.name != "runs"
            ],
            runs=[Markup(html_fragment(table)) for table in tables if table.name == "runs"],
            plots=placed_plots(plots),
            key=[(number, terminal(name)) for name, number in key_of(board).items()],
            replies=packed.replies if packed else 0,
            data=((name, Markup(_base64(content))) for name, content in inline),
        )
        _write_beside(path.parent / DATA, beside)
        with whole(path) as temporary:
            stream.dump(str(temporary), encoding="utf-8")


def placed_plots(plots: Sequence[Plot]) -> list[dict[str, Any]]:
    """What the page has to know of the plots: small ones share a line, two by two, and so come
    one after the other; each of the others has a line of its own."""
    width, height = _SMALL
    small = [plot for plot in plots if plot.size[0] <= width and plot.size[1] <= height]
    pairs = small[: len(small) // 2 * 2]
    lone = [plot for plot in plots if plot not in pairs]
    return [
        {"name": p.name, "title": p.title, "svg": _base64(p.svg), "half": p in pairs}
        for p in [*lone[:2], *pairs, *lone[2:]]
    ]


def _policy(scripts: Sequence[str], style: str, beside: bool) -> str:
    """Nothing but the report's own scripts by their hash, and what those load from beside it."""
    hashes = " ".join(map(_hash, scripts))
    loaded = " 'strict-dynamic'" if beside else ""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {hashes}{loaded}",
            f"style-src {_hash(style)}",
            "img-src data:",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{_base64(hashlib.sha256(text.encode()).digest())}'"


def _clear(folder: Path) -> None:
    """Removes what an older report left beside itself, and nothing else."""
    for path in folder.glob("chunk-*.js"):
        with path.open("rb") as file:
            ours = not path.is_symlink() and file.read(len(_CALL)) == _CALL.encode()
        if not ours:
            raise InputError(
                f"{path} is not of a report, which would write a file of this name; move it, or "
                "choose another out="
            )
        path.unlink()
    with contextlib.suppress(OSError):  # not there, or something else is in it
        folder.rmdir()


def _placed(packed: Packed | None) -> tuple[Iterable[tuple[str, bytes]], Spool | None]:
    """What goes into the page, and the chunks that go beside it."""
    if packed is None:
        return (), None
    small = [("index", packed.index), ("hints", packed.hints)]
    total = (len(packed.index) + len(packed.hints) + packed.chunks.total) * 4 // 3
    if total > ONE_FILE_BYTES:
        return small, packed.chunks
    chunks = ((f"chunk-{number}", chunk) for number, chunk in enumerate(packed.chunks))
    return chain(small, chunks), None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _write_beside(folder: Path, chunks: Spool | None) -> None:
    """Scripts, because a page opened from disk may load nothing else from beside it."""
    if chunks is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for number, chunk in enumerate(chunks):
        with whole(folder / f"chunk-{number}.js") as temporary:
            temporary.write_text(f'{_CALL}{number},"{_base64(chunk)}");\n', encoding="ascii")
