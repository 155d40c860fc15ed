"""MT-Bench: two-turn questions whose answers a judge grades, by FastChat's prompts and patterns.

A row, of our own writing, and one of the prompts beside it:

    {"question_id": 7, "category": "math", "turns": ["What is 2 + 2?", "And squared?"],
     "reference": ["4", "16"], "reference_gpt4_0125": ["4", "16"]}
    {"name": "single-v1", "system_prompt": "…", "prompt_template": "… {question} … {answer}"}
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from orca_eval.benchmarks.items import Item, Row, open_answer
from orca_eval.judges.claims import rule_of
from orca_eval.judges.verdict import grade
from orca_eval.types import Completion, Doc, Message, Scored, Step

TURNS = {"turn_1": 1, "turn_2": 2}  # how many answers come before the verdict
# Temperatures by category (FastChat, fastchat/llm_judge/common.py); none is 0.
TEMPERATURES = {"writing": 0.7, "roleplay": 0.7, "stem": 0.1, "humanities": 0.1}


def _turns(turn: int) -> Callable[[Iterable[Row], Sequence[Row]], list[Item]]:
    def process_docs(rows: Iterable[Row], prompts: Sequence[Row]) -> list[Item]:
        by_name = {prompt["name"]: prompt for prompt in prompts}
        return [_item(row, turn, by_name) for row in rows]

    return process_docs


first_turns, second_turns = _turns(1), _turns(2)


def _item(row: Row, turn: int, prompts: dict[str, Row]) -> Item:
    turns, category = [str(text) for text in row["turns"]], row["category"]
    # Corrected references, where a question has some; the original ones are wrong in places.
    reference = [str(text) for text in row["reference_gpt4_0125"]]
    name = f"single{'-math' if reference else ''}-v1{'-multi-turn' if turn > 1 else ''}"
    item = open_answer(turns[0], "text", [], cluster=str(row["question_id"]))
    extra = {
        "turns": turns[:turn],
        "category": category,
        "reference": reference,
        "system": prompts[name]["system_prompt"],
        "template": prompts[name]["prompt_template"],
    }
    return {**item, "stratum": category, "extra": extra}


def ask(doc: Doc, done: Sequence[Completion]) -> Step | None:
    """Asks the turns one after the other, then the judge about the last."""
    extra = doc.extra or {}
    turns = extra["turns"]
    if len(done) < len(turns):
        messages = [Message(role="user", content=turns[0])]
        for answer, turn in zip(done, turns[1:], strict=False):
            messages.append(Message(role="assistant", content=answer.text))
            messages.append(Message(role="user", content=turn))
        return Step(tuple(messages), temperature=TEMPERATURES.get(extra["category"], 0.0))
    if len(done) == len(turns):
        judged = (
            Message(role="system", content=extra["system"]),
            Message(role="user", content=extra["template"].format(**_filled(extra, done))),
        )
        return Step(judged, who="judge")
    return None


def _filled(extra: Any, done: Sequence[Completion]) -> dict[str, str]:
    """What stands in the braces of the judge's prompt: by number, and the first one's without."""
    questions, answers = extra["turns"], [answer.text for answer in done]
    filled = {"question": questions[0], "answer": answers[0]}
    for name, texts in (
        ("question", questions),
        ("answer", answers),
        ("ref_answer", extra["reference"]),
    ):
        filled |= {f"{name}_{number}": text for number, text in enumerate(texts, start=1)}
    return filled


def score(doc: Doc, done: Sequence[Completion]) -> Scored:
    """The judge's grade, read from the verdict alone; without one the answer is ungraded."""
    extra, turns = doc.extra or {}, TURNS[doc.task]
    found = grade(done[-1].text) if len(done) > turns else None
    # Read again, a document has no category, but the figure that bore its name.
    category = extra.get("category") or next(iter(extra.get("figures", ())), None)
    figures = {category: found} if found is not None and category is not None else None
    answer = None if found is None else f"{found:g}"
    replies = [reply.text for reply in done[:turns]]
    return Scored(answer, rule_of(*replies), None, found, figures=figures)
