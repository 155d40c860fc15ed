"""Reads a file of replies that were once read wrongly, and lists those that still are.

    python bench/reading_faults.py CASES [PREFIX]

CASES is JSONL with `id`, `expected` (null where a reply commits to nothing) and `input`:
`response`, `answer_kind`, `options`, and `golds` where the answer is right if it scores so. With
PREFIX, only ids that begin with it. Exit code 1 where one is read wrongly.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from orca_eval.extract import extract_answer
from orca_eval.scoring import score_answer


def is_read(case: dict[str, Any]) -> tuple[bool, str | None]:
    """Whether a case is read as it should be, and the answer."""
    given, expected = case["input"], case["expected"]
    kind = given["answer_kind"]
    answer = extract_answer(given["response"], kind, given.get("options")).answer
    if expected is None:
        return answer is None, answer
    golds = given.get("golds") or [[expected]]
    return score_answer(kind, answer, golds).exact_match == 1, answer


def main() -> int:
    """Prints the cases that are read wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("prefix", nargs="?", default="")
    args = parser.parse_args()
    cases = [json.loads(line) for line in args.cases.read_text("utf-8").splitlines()]
    replies = (case for case in cases if "answer_kind" in case["input"])
    read = [case for case in replies if case["id"].startswith(args.prefix)]
    wrong = 0
    for case in read:
        right, answer = is_read(case)
        if not right:
            wrong += 1
            print(f"{case['id']}: {case['input']['response']!r} → {answer!r}, {case['expected']!r}")
    print(f"{len(read)} replies, {wrong} read wrongly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
