"""The samples most worth a look.

An extractor errs where a reply is silent, where only a weak rule spoke, or where rules disagree;
such samples come first, taken in turn from every benchmark.
"""

import itertools

import pandas as pd

from orca_eval.audit.entry import Entry, entry


def doubtful(samples: pd.DataFrame, most: int) -> list[Entry]:
    """At most `most` samples, the most doubtful of each benchmark in turn."""
    by_benchmark: dict[str, list[Entry]] = {}
    for row in samples.to_dict("records"):
        found = entry({str(key): value for key, value in row.items()})
        if found is not None and found.reasons:
            by_benchmark.setdefault(found.benchmark, []).append(found)
    ranked = [sorted(found, key=lambda e: -e.weight) for found in by_benchmark.values()]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*ranked))
    return [found for found in turns if found is not None][:most]
