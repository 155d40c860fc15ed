"""Time of the extractors: typical replies, and hostile text that grows.

    python bench/extractors.py [--check]

Prints the median over typical replies of about 1,000 characters, then for each kind of hostile
text the best time at 250 kB, 500 kB and 1 MB. With --check the exit code is 1 if the median is over
250 us, a text of 1 MB takes over 100 ms, or time grows faster than the text.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from orca_eval.extract import extract_answer

OPTIONS = {"A": "osmosis", "B": "active transport", "C": "diffusion", "D": "filtration"}
SIZES = (250_000, 500_000, 1_000_000)
MEDIAN_US, WORST_MS = 250.0, 100.0
# Bounded reading makes time flat, so twice the text may cost at most twice the time and some noise.
GROWTH = 2.6

_WORK = (
    "Let us look at what the text says about the cell. Water moves through the membrane without "
    "any energy, and so do small molecules. The ions in this case move against the gradient, which "
    "takes energy from the cell, as the second paragraph explains in some detail. "
)
_SUMS = (
    "Each box holds 12 pens and there are 7 boxes, so there are 12 * 7 = 84 pens. He gives 14 of "
    "them away, which leaves 84 - 14 = 70 pens. The price of a pen is $2. "
)
TYPICAL: tuple[tuple[str, str], ...] = (
    ("choice", _WORK * 4 + "Therefore, the answer is (B)."),
    ("choice", _WORK * 4 + "\n\n###Final answer: {B}"),
    ("choice", "B. active transport\n\n" + _WORK * 4),
    ("choice", _WORK * 4 + "The correct answer is **B. active transport**."),
    ("choice", "The answer is B.\n\n" + _WORK * 4),
    ("number", _SUMS * 5 + "The answer is 140."),
    ("number", _SUMS * 5 + "\n#### 140"),
    ("number", _SUMS * 5 + "\n\n###Final answer: {140}"),
    ("number", _SUMS * 5 + "Therefore, he earns $140 from the 70 pens."),
    ("span", _WORK * 4 + "\n###Final answer: {Ernst Ruska; Max Knoll}"),
    ("text", _WORK * 4 + "So the answer is apple banana cherry."),
)
HOSTILE: dict[str, str] = {
    "spaces": " ",
    "newlines": "\n",
    "letters": "A ",
    "long word": "a",
    "digits": "7",
    "brackets": "(",
    "mixed brackets": "([{<",
    "answer": "answer ",
    "the answer is": "the answer is ",
    "the answer is not": "the answer is not A, ",
    "nested boxes": "\\boxed{",
    "hashes": "#",
    "labels": "(A) ",
    "label lines": "A. x\n",
    "option texts": "active transport, ",
    "or": "A or ",
    "wait": "wait, ",
    "think": "<think>",
    "unthink": "</think>",
    "run-on": "question: ",
    "emphasis": "*a ",
    "strikes": "~~",
    "equals": "1 + 1 = ",
    "fractions": "1/",
    "thousands": "1,000,",
    "full stops": ". ",
    "sentences": "It is so. ",
    "calculators": "<<1",
    "quotes": "\"'",
    "CJK": "答案是",
    "wide": "Ａ",
    "latex": "\\frac{1}{",
}


# What a cue or a list mark may have behind it, as long as what is read at a time.
RUNS: dict[str, tuple[str, str]] = {
    "answer, newlines": ("Answer:", "\n"),
    "answer is, spaces": ("The answer is", " "),
    "choose, spaces": ("I choose", " "),
    "cues, spaces": ("best answer for the most likely choice is", " "),
    "word, spaces": ("ok\nx", " "),
    "final, listed": ("###Final answer:\n", "- " + "a, " * 660 + "b\n"),
    "final, spaced list": ("###Final answer:\n", "- a" + " " * 1990 + "b\n"),
}
RUN_SIZE = 15_000
_NEXT = "\nquestion: x\nquestion: y\nquestion: z"


def best_ms(reply: str, kind: str, repeats: int = 3) -> float:
    """CPU time, so that other work on the machine does not count."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        extract_answer(reply, kind, OPTIONS)
        times.append(time.process_time() - start)
    return 1000 * min(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 if a budget is exceeded")
    args = parser.parse_args()
    failures = []
    typical = [1000 * best_ms(reply, kind, 200) for kind, reply in TYPICAL]
    median = statistics.median(typical)
    print(f"typical replies: median {median:.1f} us, worst {max(typical):.1f} us")
    if median > MEDIAN_US:
        failures.append(f"median {median:.1f} us is over {MEDIAN_US} us")
    for name, piece in HOSTILE.items():
        for kind in ("choice", "number", "span", "text"):
            times = [best_ms((piece * (size // len(piece) + 1))[:size], kind) for size in SIZES]
            print(f"{name:20s}{kind:8s}" + "".join(f"{t:9.1f}" for t in times) + " ms")
            if times[-1] > WORST_MS:
                failures.append(f"{name} ({kind}): {times[-1]:.0f} ms for 1 MB")
            if times[-1] > 10 and times[-1] > GROWTH * times[-2]:
                failures.append(f"{name} ({kind}): grows faster than the text")
    for name, (start, piece) in RUNS.items():
        text = (start + piece * RUN_SIZE)[:RUN_SIZE] + "y" + _NEXT
        for kind in ("choice", "number", "span", "text"):
            took = best_ms(text, kind, 1)
            print(f"{name:20s}{kind:8s}{took:9.1f} ms for {len(text):,} characters")
            if took > WORST_MS:
                failures.append(f"{name} ({kind}): {took:.0f} ms")
    print("\n".join(failures) or "all within budget")
    return int(bool(failures) and args.check)


if __name__ == "__main__":
    sys.exit(main())
