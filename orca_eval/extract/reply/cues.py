"""The phrases of cues.yaml, as what looks for them takes them."""

import re
from pathlib import Path
from typing import Any

import yaml

from orca_eval.extract.reply.phrases import Cue, Cues, Openings, Phrases

_TEXTS: dict[str, Any] = yaml.load(
    Path(__file__).with_suffix(".yaml").read_bytes(), yaml.CSafeLoader
)
_PARTICLES = frozenset(("with", "for", "on", "in", "towards", "is"))


def _pattern(text: str) -> str:
    """The text on one line, with the parts in place of their names."""
    for name, part in _TEXTS["parts"].items():
        text = text.replace(f"<{name}>", part)
    return text.replace("\n", "")


def _cues(name: str) -> Cues:
    """The cues of that name, one for each anchor. Chinese has no spaces to tell words by."""
    found: list[Cue] = []
    for language, cues in _TEXTS[name].items():
        for cue in cues:
            for anchor in _pattern(cue["anchors"]).split("|"):
                *_, last = (word for word in anchor.split() if word not in _PARTICLES)
                words = () if language == "zh" else cue.get("words", last).split()
                pattern = re.compile(_pattern(anchor + cue.get("behind", "") + "<tail>"))
                shown = cue["example"].format(anchor)
                found.append(Cue(language, anchor, pattern, shown, frozenset(words)))
    return Cues(*found)


def _phrases(name: str) -> Phrases:
    return Phrases(_TEXTS[name]["words"], _pattern(_TEXTS[name]["pattern"]))


ANSWER_IS = _cues("answer_is")
CORRECT_IS = _cues("correct_is")

SUPPOSED = _phrases("supposed")
DENIED_LEFT = re.compile(_pattern(_TEXTS["denied_left"]))
DENIAL = _pattern(_TEXTS["denial"])
AFFIRMATION = _pattern(_TEXTS["affirmation"])
VERB = _pattern(_TEXTS["verb"])
TURN = re.compile(_pattern(_TEXTS["turn"]))

REFUSAL = _phrases("refusal")
NO_ANSWER = re.compile(_pattern(_TEXTS["no_answer"]))
NOT_GIVEN = tuple(re.compile(_pattern(text)) for text in _TEXTS["not_given"])

CORRECTION = Openings(
    _pattern(_TEXTS["correction"]["left"]), tuple(_TEXTS["correction"]["phrases"])
)
WITHDRAWN = _phrases("withdrawn")

CONCLUSION = re.compile(_pattern(_TEXTS["conclusion"]))
