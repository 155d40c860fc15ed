"""Two answers to one prompt, a model's and a reference: a judge rates both, in both orders, by
Vicuna's reviewer prompts of April 2023.

The score is the answer's rating as a share of the reference's. Ratings are means of both orders,
because the first answer gets more than the second.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orca_eval.benchmarks.items import Item, Row, open_answer
from orca_eval.judges.claims import rule_of
from orca_eval.judges.grounding import output_of
from orca_eval.judges.verdict import pair_scores
from orca_eval.types import Completion, Doc, Message, Scored, Step

VERSION = "2023-04"
GENERAL = "general"
REFERENCE = "reference"
"""The key of a document's `extra` that holds the reference's answer; None until it is given one."""
NO_REFERENCE = "no reference"
ANSWERS = 2


def reviewers(prompts: Iterable[Row]) -> Mapping[str, Row]:
    """The reviewer prompts by the kind of question that they are for."""
    return {row["category"]: row for row in prompts if row["version"] == VERSION}


def item(prompt: str, reviewer: Row, reference: str | None = None) -> Item:
    """What is asked of a model, and what the judge gets beside its answer."""
    extra = {
        "system": reviewer["system_prompt"],
        "template": reviewer["prompt_template"],
        "prompt": reviewer["prompt"],
        REFERENCE: reference,
    }
    return {**open_answer(prompt, "text", []), "extra": extra}


def ask(doc: Doc, done: Sequence[Completion]) -> Step | None:
    """Asks the model, then the judge in both orders; nobody where there is no reference."""
    if not done:
        return Step(doc.messages)
    extra: Mapping[str, Any] = doc.extra or {}
    reference = extra[REFERENCE]
    if reference is None or len(done) > ANSWERS:
        return None
    answers = [output_of(done[0].text), reference]
    if len(done) == ANSWERS:
        answers.reverse()
    asked = extra["template"].format(
        question=doc.messages[-1]["content"],
        answer_1=answers[0],
        answer_2=answers[1],
        prompt=extra["prompt"],
    )
    system = Message(role="system", content=extra["system"])
    return Step((system, Message(role="user", content=asked)), who="judge")


def score(_: Doc, done: Sequence[Completion]) -> Scored:
    """The mean rating over the reference's; without both verdicts the pair is ungraded."""
    if len(done) == 1:
        return Scored(None, NO_REFERENCE, None, None)
    rule, found = rule_of(done[0].text), [pair_scores(verdict.text) for verdict in done[1:]]
    both = [pair for pair in found if pair is not None]
    if len(both) < ANSWERS:
        return Scored(None, rule, None, None)
    (own, other), (other_first, own_second) = both
    rating, reference = (own + own_second) / 2, (other + other_first) / 2
    if not reference:  # a share of nothing
        return Scored(None, rule, None, None)
    figures = {"rating": rating, "reference rating": reference}
    return Scored(f"{rating:g} : {reference:g}", rule, None, rating / reference, figures=figures)
