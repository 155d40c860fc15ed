"""A response → its score: by the extractor, or by the filter and metric of a task from outside."""

from collections.abc import Mapping, Sequence
from typing import Any

from orca_eval.errors import InputError
from orca_eval.extract import extract_answer
from orca_eval.scoring import Golds, score_answer
from orca_eval.types import Completion, Conflict, Doc, Kind, Scored

# In this order; a task's further metrics are lm-eval's business.
METRICS = ("exact_match", "em", "acc")
LENIENT = "flexible-extract"  # lm-eval's usual name, beside "strict-match"
NO_MATCH = "[invalid]"  # what lm-eval's regex filters give where nothing matches


def score_response(
    kind: Kind,
    golds: Golds,
    options: Mapping[str, str] | None,
    response: str,
    cut: bool = False,
    conflict: Conflict = "none",
) -> Scored:
    """Scores by our extraction, from the parts of a doc that decide it; no answer scores 0.

    Args:
        cut: whether the response broke off at max_tokens.
        conflict: what counts where the response's letter and text name two options.
    """
    found = extract_answer(response, kind, options, cut=cut)
    answer, letter, text = found.answer, None, None
    if found.conflict is not None:
        letter, text = found.conflict
        answer = {"none": answer, "letter": letter, "text": text}[conflict]
    score = score_answer(kind, answer, golds)
    return Scored(
        answer=answer,
        rule=found.rule,
        evidence=found.evidence,
        score=score.exact_match,
        f1=score.f1,
        parts=score.exact_match_parts,
        by_letter=None if letter is None else score_answer(kind, letter, golds).exact_match,
        by_text=None if text is None else score_answer(kind, text, golds).exact_match,
    )


class ForeignScorer:
    """A task's most lenient filter (by name, else the last) and its exact match or accuracy."""

    def __init__(self, name: str, task: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        self.name, self.task, self.rows = name, task, rows
        self.filter = next((f for f in task._filters if f.name == LENIENT), task._filters[-1])
        metrics = list(task._metric_fn_list)
        self.metric = next((metric for metric in METRICS if metric in metrics), metrics[0])
        self.note = (
            f"{self.metric} behind lm-eval's filter {self.filter.name}"
            if len(task._filters) > 1
            else None
        )
        self._score(0, "")  # a metric that can't judge one answer by itself shows before the run

    def __call__(self, doc: Doc, done: Sequence[Completion]) -> Scored:
        return self._score(doc.doc_id, done[-1].text)

    def _score(self, doc_id: int, response: str) -> Scored:
        from lm_eval.api.instance import Instance

        row = self.rows[doc_id]
        instance = Instance("generate_until", dict(row), ("", {}), 0, (self.name, doc_id, 1))
        instance.resps = [response]
        self.filter.apply([instance])
        filtered = instance.filtered_resps[self.filter.name]
        results = self.task.process_results(row, [filtered])
        score = results.get(self.metric)
        if not isinstance(score, (int, float)):
            raise InputError(
                f"lm-eval's task {self.name}: {self.metric} is no score of a single answer"
            )
        answer = None if filtered in (NO_MATCH, "", None) else str(filtered)
        f1 = results.get("f1")
        return Scored(
            answer=answer,
            rule=f"lm_eval {self.filter.name}",
            evidence=None,
            score=float(score),
            f1=float(f1) if isinstance(f1, (int, float)) else None,
        )
