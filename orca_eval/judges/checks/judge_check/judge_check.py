"""What a judge is asked to see how far it can be trusted: what people have labelled already.

The judge is the model here. Rows, of our own writing:

    {"question": "Who has a dog?", "passages": "Ann has a dog.", "response": "Bob has one.",
     "hallucinated": true, "model": "some-7b", "source_id": "1"}
    {"question": "Is ice warm?", "answer": "Yes.", "label": false}, beside
    {"question": "Is ice warm?", "best_answer": "No.", "correct_answers": ["No."],
     "incorrect_answers": ["Yes."]}
    {"question_id": 1, "turns": ["How do I grow a tree?"]}, beside
    {"question_id": 1, "model": "some-7b", "text": "Plant it."}
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import pairwise

from orca_eval.benchmarks.items import Item, Row, open_answer, per_row, per_rows
from orca_eval.judges import prompts
from orca_eval.judges.verdict import label
from orca_eval.types import Completion, Doc, Message, Scored

ANSWER = "Answer the question from the passages alone: {question}"
# Shares of the rows, by a hash of each: 1,000 distinct answers of TruthfulQA's 22,434 rows, which
# hold many of them several times, and 100 of RAGTruth's 829.
TRUTHS, REPEATED = 0.0572735, 0.1141182
FIRST, SECOND, TIE = prompts.BETTER


def _item(asked: Sequence[Message], labels: Sequence[str], right: str, cluster: str) -> Item:
    """A judge's question, and what people say of it."""
    (message,) = asked
    item = open_answer(message["content"], "text", [[right]], cluster)
    return {**item, "stratum": right, "extra": {"labels": list(labels)}}


def _drawn(share: float, question: str, judged: str) -> bool:
    digest = sha256(f"{question}\0{judged}".encode()).digest()
    return int.from_bytes(digest[:4]) < share * 2**32


def _grounded(row: Row) -> Item:
    task = ANSWER.format(question=row["question"])
    asked = prompts.grounded(row["passages"].strip(), task, row["response"])
    right = prompts.GROUNDED[bool(row["hallucinated"])]
    item = _item(asked, prompts.GROUNDED, right, str(row["source_id"]))
    model = row["model"]
    return {**item, "stratum": f"{right} {model}", "slices": {"generator": [model]}}


def _repeated(row: Row) -> list[Item]:
    """Twice: a second order is drawn with a seed of its own."""
    drawn = _drawn(REPEATED, row["question"], row["response"])
    return [_grounded(row)] * 2 if drawn else []


grounded, repeated = per_row(_grounded), per_rows(_repeated)


def truthful(rows: Iterable[Row], questions: Iterable[Row]) -> list[Item]:
    """The drawn answers, beside what is known of their questions."""
    known = {row["question"]: row for row in questions}

    def items(row: Row) -> Iterator[Item]:
        about, answer = known.get(row["question"]), row["answer"]
        if about and answer.strip() and _drawn(TRUTHS, row["question"], answer):
            best, correct = about["best_answer"], list(about["correct_answers"])
            wrong = list(about["incorrect_answers"])
            asked = prompts.truthful(row["question"], best, correct, wrong, answer)
            right = prompts.TRUTHFUL[not row["label"]]
            yield _item(asked, prompts.TRUTHFUL, right, row["question"])

    found: list[Item] = per_rows(items)(rows)
    return found


def score(doc: Doc, done: Sequence[Completion]) -> Scored:
    """Whether the verdict is what people say."""
    found = label(done[-1].text, (doc.extra or {})["labels"])
    right = None if found is None else float(found == doc.golds[0][0])
    return Scored(found, "judge", None, right)


def pairs(questions: Iterable[Row], answers: Iterable[Row]) -> list[Item]:
    """Three pairs of answers to each question, drawn by a hash, each in both orders."""
    drawn: dict[int, list[Row]] = {}
    for answer in sorted(answers, key=_place):
        drawn.setdefault(answer["question_id"], []).append(answer)

    def items(question: Row) -> Iterator[Item]:
        number, text = question["question_id"], question["turns"][0]
        texts = [answer["text"] for answer in drawn.get(number, [])]
        for one, other in list(pairwise(texts))[::2]:
            for order in ((one, other), (other, one)):
                asked = prompts.better(text, *order)
                yield _item(asked, prompts.BETTER, TIE, str(number))

    found: list[Item] = per_rows(items)(questions)
    return found


def _place(answer: Row) -> bytes:
    return sha256(f"{answer['question_id']} {answer['model']}".encode()).digest()


def first_preferred(_doc: Doc, done: Sequence[Completion]) -> Scored:
    """1 where the answer that was shown first is preferred, a half where neither is."""
    found = label(done[-1].text, prompts.BETTER)
    return Scored(found, "judge", None, {FIRST: 1.0, TIE: 0.5, SECOND: 0.0}.get(found or ""))
