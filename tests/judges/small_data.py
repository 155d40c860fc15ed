"""What judges are checked on, in small: rows of our own writing, laid out as on the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

TRUTHS = 400  # of which a twentieth is drawn
Rows = list[dict[str, Any]]


def written(folder: Path, dataset: str, configs: dict[str, tuple[str, Rows]]) -> None:
    place = folder / dataset
    place.mkdir(parents=True)
    head = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: {split}\n    path: {name}.parquet\n"
        for name, (split, _) in configs.items()
    )
    (place / "README.md").write_text(f"---\nconfigs:\n{head}---\n")
    for name, (_, rows) in configs.items():
        pd.DataFrame(rows).to_parquet(place / f"{name}.parquet")


def write_checks(folder: Path) -> None:
    """All that `orca-eval judge check` reads."""
    responses = [
        {
            "source_id": str(n // 2), "question": f"What is thing {n}?", "passages": f"{n} is red.",
            "response": f"Thing {n} is {'blue' if n % 3 == 0 else 'red'}.",
            "hallucinated": n % 3 == 0, "model": f"m{n % 2}",
        }
        for n in range(60)
    ]  # fmt: skip
    written(folder, "ParticleMedia/RAGTruth", {"qa_responses": ("test", responses)})
    truths = [
        {
            "question": "Is it red?",
            "answer": f"{'Yes' if n % 2 else 'No'}, {n}.",
            "label": n % 2 > 0,
        }
        for n in range(TRUTHS)
    ]
    about = {"question": "Is it red?", "best_answer": "Yes.", "correct_answers": ["Yes."]}
    known = [about | {"incorrect_answers": ["No."]}]
    configs = {"judge_truth": ("train", truths), "generation": ("validation", known)}
    written(folder, "truthfulqa/truthful_qa", configs)
    questions = [{"question_id": n, "turns": [f"How is {n}?"]} for n in range(4)]
    answers = [
        {"question_id": n, "model": f"m{m}", "text": f"Like {m}."}
        for n in range(4)
        for m in range(7)
    ]
    configs = {"questions": ("train", questions), "answers": ("train", answers)}
    written(folder, "lmsys/vicuna-bench", configs)
