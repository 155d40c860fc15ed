"""Rows from the hub, where no local copy is given. The only module that may use the network."""

import csv
import io
import os
import urllib.request
from collections.abc import Iterator
from functools import lru_cache
from http.client import HTTPException
from urllib.error import HTTPError

from orca_eval.benchmarks.rows import BATCH_ROWS, MOST_BYTES, Batch, reading
from orca_eval.benchmarks.specs import Source
from orca_eval.errors import InputError

PROBE_SECONDS = 5.0
DOWNLOAD_SECONDS = 60.0


def hub_rows(source: Source) -> Iterator[Batch]:
    """All rows of `source` from the hub, its cache, or (CRASS) the authors' URL.

    Raises:
        InputError: it can't be reached and is not in the cache; names the dataset and data.root.
    """
    if source.url is not None:
        yield _csv_rows(source, source.url)
        return
    prefer_cache_if_offline()
    import datasets

    config = None if source.config == "default" else source.config
    try:
        found = datasets.load_dataset(
            source.dataset, config, split=source.split, revision=source.revision
        )
    except Exception as error:  # what `datasets` raises here has no common base
        raise unreachable(source.dataset, _endpoint(), error) from error
    for start in range(0, len(found), BATCH_ROWS):
        with reading(f"{source.dataset} on the hub"):
            rows = found.select(range(start, min(start + BATCH_ROWS, len(found)))).to_list()
        yield rows, f"{source.dataset} on the hub"


def prefer_cache_if_offline() -> None:
    """Call before `datasets` is imported, which reads the variable then.

    With it, a dataset in the cache loads and any other fails at once, not after minutes of retries.
    """
    if "HF_HUB_OFFLINE" not in os.environ and not _reachable(_endpoint()):
        os.environ["HF_HUB_OFFLINE"] = "1"


def _csv_rows(source: Source, url: str) -> Batch:
    if not _reachable(url):
        raise unreachable(source.csv or url, url, None)
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_SECONDS) as answer:
            data = answer.read(MOST_BYTES)
    except (OSError, ValueError, HTTPException) as error:
        raise unreachable(source.csv or url, url, error) from error
    with reading(url):
        text = io.StringIO(data.decode("utf-8-sig"), newline="")
        return list(csv.DictReader(text, delimiter=source.separator)), url


def unreachable(dataset: str, address: str, error: Exception | None) -> InputError:
    """The one line for a dataset that is neither at hand nor to be had."""
    reason = "" if error is None else f" ({(str(error).splitlines() or [''])[0][:120]})"
    return InputError(
        f"dataset {dataset} can't be read from {address}{reason}; give data.root=DIR, a local "
        f"copy laid out as on the hub (DIR/owner/name)"
    )


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co")


@lru_cache(maxsize=8)
def _reachable(url: str) -> bool:
    """Whether anything answers at `url` within seconds; any HTTP answer counts."""
    try:
        request = urllib.request.Request(url, method="HEAD")
        with urllib.request.urlopen(request, timeout=PROBE_SECONDS):
            return True
    except HTTPError:
        return True
    except (OSError, ValueError):
        return False
