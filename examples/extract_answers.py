"""Reads answers out of replies, whatever wrote them: no run and no model is needed.

python examples/extract_answers.py
"""

from orca_eval import extract_answer

OPTIONS = {"A": "a red door", "B": "a green door", "C": "a blue door"}
REPLIES = (
    "I first thought of (A), but the door is green. The answer is (B).",
    "It must be the blue door.",
    "It could be any of them.",
)


def main() -> None:
    for reply in REPLIES:
        found = extract_answer(reply, "choice", OPTIONS)
        evidence = reply[slice(*found.evidence)] if found.evidence else ""
        print(f"{found.answer}  by {found.rule}: {evidence!r}")
    print(extract_answer("So 3 * 24 = 72. She pays $72.", "number").answer)


if __name__ == "__main__":
    main()
