"""Our extraction and scoring as lm-eval's filter and `process_results`, named by tasks/*.yaml."""

from collections.abc import Iterable, Sequence

from lm_eval.api.filter import Filter

from orca_eval.benchmarks.items import Item, options_of
from orca_eval.extract import extract_answer
from orca_eval.scoring import GoldError, check_golds, score_answer


class ExtractAnswer(Filter):  # type: ignore[misc]  # lm-eval ships no types
    """Responses → answers; None where a response holds no answer."""

    def apply(self, resps: Iterable[Sequence[str]], docs: Sequence[Item]) -> list[list[str | None]]:
        return [
            [extract_answer(text, doc["kind"], options_of(doc)).answer for text in responses]
            for responses, doc in zip(resps, docs, strict=True)
        ]


def process_results(doc: Item, results: Sequence[str | None]) -> dict[str, float]:
    """The metrics of one sample; none for a row whose gold is malformed.

    Such a row keeps its place, so that doc ids are the same in lm-eval and here, and no metric of
    it enters a mean. Our loader refuses it unless excluded.yaml lists it.
    """
    try:
        check_golds(doc["kind"], doc["golds"], options_of(doc))
    except GoldError:
        return {}
    score = score_answer(doc["kind"], results[0], doc["golds"])
    metrics = {"acc": score.exact_match, "extracted": float(results[0] is not None)}
    return metrics if score.f1 is None else {**metrics, "f1": score.f1}
