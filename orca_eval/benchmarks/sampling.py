"""`limit=N`: a seeded sample of a task's docs, nested and in proportion to its strata."""

from collections.abc import Sequence
from hashlib import sha256

from orca_eval.types import Doc


def sample(docs: Sequence[Doc], limit: int | None, seed: int) -> tuple[Doc, ...]:
    """`limit` of a task's docs in their own order; all of them where `limit` is None.

    Every smaller sample lies inside every larger one: docs get one fixed order, and a sample is
    its head. In that order each stratum's docs are spread evenly, so that every head holds the
    strata in proportion, to within one doc. A doc's place depends on its id, not on what else is
    there, so leaving a row out moves no other by much.
    """
    first = [doc for doc in docs if doc.order == 0]
    if limit is None or limit >= len(first):
        return tuple(docs)

    def draw(doc: Doc) -> bytes:
        return sha256(f"{seed} {doc.benchmark}/{doc.task} {doc.doc_id}".encode()).digest()

    strata: dict[str | None, list[Doc]] = {}
    for doc in sorted(first, key=draw):
        strata.setdefault(doc.stratum, []).append(doc)
    ranked = [
        ((place + 0.5) / len(members), draw(doc), doc.doc_id)
        for members in strata.values()
        for place, doc in enumerate(members)
    ]
    chosen = {doc_id for _, _, doc_id in sorted(ranked)[:limit]}
    return tuple(doc for doc in docs if doc.doc_id in chosen)
