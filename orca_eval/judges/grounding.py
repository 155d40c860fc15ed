"""Grounded generation: a model writes from a context, and a judge says whether it made things up.

An output that is empty or declines is neither grounded nor hallucinated: no judge is asked about
it, and it is counted by itself. `gold` of an item is what a person wrote, where there is one.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from orca_eval.benchmarks.items import Item, open_answer
from orca_eval.extract.reply.parts import answer_start
from orca_eval.extract.reply.text import lower
from orca_eval.extract.rule import DECLINED
from orca_eval.judges.claims import rule_of
from orca_eval.judges.prompts import GROUNDED, grounded
from orca_eval.judges.verdict import label
from orca_eval.types import EMPTY, Completion, Doc, Scored, Step

# Longer ones say more than that they decline.
MOST_WORDS = 60
_DECLINES = re.compile(
    r"[\W_]*(?:(?:output|answer)\W+)?(?:"
    r"(?:(?:i'?m|i am|we are) )?(?:sorry|unable|not able|afraid)\b|i apologi[sz]e\b|as an ai\b|"
    r"i (?:can(?:'t|not)|could(?:n't| not)|won't|will not|must decline|do(?:n't| not) "
    r"(?:have|know|see|find))\b|"
    r"(?:unfortunately\W+)?(?:based on the [\w ]{3,40}\W+)?(?:it is not possible|i am unable|"
    r"there is (?:no|not enough|insufficient)|"
    r"(?:the|these|none of the) (?:given |provided |three )?"
    r"(?:passages?|excerpts?|conversations?|texts?|contexts?) (?:do(?:es)? not|do(?:es)?n't|"
    r"contains? no|provides? no|gives? no|mentions? no))\b)"
)


def item(context: str, task: str, prompt: str, gold: str | None, cluster: str) -> Item:
    """What is asked of a model, and what the judge gets beside its output."""
    made = open_answer(prompt, "text", [] if gold is None else [[gold]], cluster)
    return {**made, "extra": {"context": context, "task": task}}


def output_of(reply: str) -> str:
    """A reply without the reasoning that it begins with."""
    return reply[answer_start(reply) :].strip()


def why_none(output: str) -> str:
    """Why there is nothing to judge in an output; empty where there is something."""
    if not output:
        return EMPTY
    declines = len(output.split()) <= MOST_WORDS and _DECLINES.match(
        lower(output).replace("’", "'")
    )
    return DECLINED if declines else ""


def ask(doc: Doc, done: Sequence[Completion]) -> Step | None:
    """Asks the model, then the judge about what it wrote."""
    if not done:
        return Step(doc.messages)
    output, extra = output_of(done[0].text), doc.extra or {}
    if len(done) > 1 or why_none(output):
        return None
    return Step(grounded(extra["context"], extra["task"], output), who="judge")


def score(doc: Doc, done: Sequence[Completion]) -> Scored:
    """1 where the judge says hallucinated, 0 where it says grounded; else the output is ungraded.

    Beside it stand the output's length in words, and ROUGE-L against the gold.
    """
    output = output_of(done[0].text)
    if none := why_none(output):
        return Scored(None, none, None, None)
    figures = {"words": float(len(output.split()))}
    if doc.golds:
        figures["ROUGE-L"] = rouge_l(doc.golds[0][0], output)
    verdict = label(done[1].text, GROUNDED) if len(done) > 1 else None
    rate = None if verdict is None else float(verdict == GROUNDED[1])
    return Scored(verdict, rule_of(output), None, rate, figures=figures)


def rouge_l(gold: str, output: str) -> float:
    """ROUGE-L's F-measure on stems, as HELM takes it, by Google's implementation."""
    return round(float(_scorer().score(gold, output)["rougeL"].fmeasure), 6)


@lru_cache(maxsize=1)
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer  # with NLTK behind it: two seconds

    return RougeScorer(["rougeL"], use_stemmer=True)
