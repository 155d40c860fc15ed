"""Data of the judged tasks in the hub's layout: rows of our own, in their files' columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

Rows = Sequence[Mapping[str, Any]]
SPLITS = ("train", "valid", "test1", "test2", "test3")


def encounter(split: str) -> Rows:
    """One visit, with its note."""
    return [
        {
            "dataset": "aci",
            "encounter_id": f"D-{split}",
            "dialogue": f"[doctor] what brings you in , {split} ?\n[patient] my knee .",
            "note": f"HISTORY OF PRESENT ILLNESS\n\n{split} has a knee that hurts.",
        }
    ]


def query(number: int, kind: str = "specific") -> Mapping[str, Any]:
    return {
        "kind": kind,
        "meeting_id": f"M{number // 2}",
        "domain": "Product",
        "query": f"What about lid {number}?",
        "answer": f"Lid {number} is to be green.",
        "relevant_text": f"Designer: Lid {number} is green ." if kind == "specific" else None,
    }


def source(number: int) -> Mapping[str, Any]:
    passages = f"passage 1:Egg {number} takes six minutes."
    return {
        "source_id": f"{number}",
        "question": f"how long does egg {number} take",
        "passages": passages,
        "prompt": f"Answer:\nhow long does egg {number} take\n{passages}\noutput:",
    }


def truth(number: int) -> Mapping[str, Any]:
    return {
        "type": "Adversarial",
        "category": "Animals",
        "question": f"Can goldfish {number} remember?",
        "best_answer": "Yes, for months.",
        "correct_answers": ["Yes, for months.", "Yes."],
        "incorrect_answers": ["No, it forgets at once."],
    }


PROMPTS = [
    {
        "version": version,
        "category": category,
        "system_prompt": "You review.",
        "prompt_template": "[Q]{question}[1]{answer_1}[2]{answer_2}[S]{prompt}",
        "prompt": f"Rate both, {category} {version}.",
    }
    for version in ("2023-03", "2023-04")
    for category in ("general", "coding", "math")
]
QUESTIONS = [
    {"question_id": n, "category": kind, "turns": [f"Question {n}?"], "reference": []}
    for n, kind in enumerate(("generic", "math", "coding", "fermi"), start=1)
]
ANSWERS = [
    {"question_id": n, "model": model, "answer_id": "x", "text": f"Reply {n} of {model}."}
    for n in range(1, 5)
    for model in ("bard", "gpt35")
]
AWESOME = [{"act": f"Role {n}", "prompt": f"Act as role {n}."} for n in range(3)]
WIZARD = [
    {"idx": n, "Skill": "Math", "Difficulty": 1, "Instruction": f"Do thing {n}."} for n in range(3)
]
DATA: Mapping[tuple[str, str], Mapping[str, Rows]] = {
    ("wyim/aci-bench", "challenge"): {split: encounter(split) for split in SPLITS},
    ("Yale-LILY/QMSum", "queries"): {
        "test": [query(9, "general"), *(query(number) for number in range(4))]
    },
    ("ParticleMedia/RAGTruth", "qa_sources"): {"test": [source(number) for number in range(4)]},
    ("truthfulqa/truthful_qa", "generation"): {
        "validation": [truth(number) for number in range(4)]
    },
    ("lmsys/vicuna-bench", "questions"): {"train": QUESTIONS},
    ("lmsys/vicuna-bench", "answers"): {"train": ANSWERS},
    ("lmsys/vicuna-bench", "judge_prompts"): {"train": PROMPTS},
    ("fka/awesome-chatgpt-prompts", "default"): {"train": AWESOME},
    ("nlpxucan/WizardLM", "testset"): {"test": WIZARD},
}


def write_data(root: Path) -> Path:
    """All of it below `root`; gives `root` back."""
    heads: dict[str, list[str]] = {}
    for (dataset, config), splits in DATA.items():
        lines = heads.setdefault(dataset, [])
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, rows in splits.items():
            path = root / dataset / config / f"{split}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame(list(rows)).to_parquet(path)
            lines += [f"  - split: {split}", f"    path: {config}/{split}.parquet"]
    for dataset, lines in heads.items():
        text = "\n".join(["---", "configs:", *lines, "---", ""])
        (root / dataset / "README.md").write_text(text)
    return root
