"""Kinds of replies to choices, mutated: other wrappers, words, order and separators."""

from __future__ import annotations

from hypothesis import given, strategies as st

from orca_eval.extract import extract_answer

CITIES = ("Oslo", "Lisbon", "Vienna", "Prague")
OPTIONS = dict(zip("ABCD", CITIES, strict=True))
WRAPPERS = ("{}", "{{{}}}", "({})", "[{}]", "**{}**", "`{}`", '"{}"', "${}$", "{}.")
JOINS = (" and ", " or ", ", ", "/", " & ", "; ", " and/or ", " as well as ", " oder ")
CUES = ("###Final answer: ", "The answer is ", "Answer: ", "")
VERDICTS = (
    ("wrong", "correct"),
    ("no", "yes"),
    ("false", "true"),
    ("❌", "✅"),
    ("incorrect", "right"),
    ("✗", "✓"),
)
LABELS = st.permutations("ABCD")


def answer(reply: str) -> str | None:
    return extract_answer(reply, "choice", OPTIONS).answer


@given(
    st.sampled_from(CUES), st.sampled_from(WRAPPERS[1:]), st.sampled_from(JOINS), LABELS, st.data()
)
def test_several_wrapped_labels_or_texts_are_no_answer(
    cue: str, wrapper: str, join: str, labels: list[str], data: st.DataObject
) -> None:
    names = data.draw(st.sampled_from([labels[:2], [OPTIONS[label] for label in labels[:2]]]))
    reply = cue + join.join(wrapper.format(name) for name in names)
    assert answer(reply) is None, reply


@given(st.sampled_from(CUES), st.sampled_from(WRAPPERS[:-1]), st.sampled_from(JOINS), LABELS)
def test_the_same_label_twice_is_one_answer(
    cue: str, wrapper: str, join: str, labels: list[str]
) -> None:
    reply = cue + join.join([wrapper.format(labels[0])] * 2)
    assert answer(reply) == labels[0], reply


@given(
    st.sampled_from(
        [
            ("{{{}}}", '"{0}": "{1}"', ", "),
            ("{}", "{0}: {1}", "\n"),
            ("Final answer: {{{}}}", '"{0}": "{1}"', ", "),
            ("```json\n{{\n{}\n}}\n```", '  "{0}": "{1}"', ",\n"),
            ("{}", "- {0}) {2}: {1}", "\n"),
            ("| Option | Verdict |\n|---|---|\n{}", "| {0} | {1} |", "\n"),
            ("{}", "{0} ({1})", ", "),
        ]
    ),
    st.sampled_from(VERDICTS),
    LABELS,
    st.sampled_from((str.lower, str.capitalize, str.upper)),
)
def test_the_one_judged_right_is_the_answer(
    form: tuple[str, str, str], verdicts: tuple[str, str], labels: list[str], case
) -> None:
    whole, entry, join = form
    wrong, right = map(case, verdicts)
    right_one = labels[0]
    entries = [
        entry.format(label, right if label == right_one else wrong, OPTIONS[label])
        for label in sorted(labels)
    ]
    reply = whole.format(join.join(entries))
    assert answer(reply) == right_one, reply


@given(
    st.sampled_from([("[ ]", "[x]"), ("- [ ]", "- [X]"), ("☐", "☑"), ("( )", "(x)"), ("❌", "✅")]),
    st.sampled_from(["{}", "({})", "{}.", "**{}**"]),
    LABELS,
)
def test_the_one_ticked_is_the_answer(
    boxes: tuple[str, str], wrapper: str, labels: list[str]
) -> None:
    ticked = labels[0]
    lines = [f"{boxes[label == ticked]} {wrapper.format(label)}" for label in sorted(labels)]
    reply = "\n".join(lines)
    assert answer(reply) == ticked, reply


@given(
    st.sampled_from("👉➡➤▶◦•🔹⭐🎯☑✅"),
    st.sampled_from(["{} {}", "{1} {0}", "{0} {1} {0}"]),
    LABELS,
)
def test_signs_around_a_letter_hide_nothing(sign: str, form: str, labels: list[str]) -> None:
    reply = form.format(sign, labels[0])
    assert answer(reply) == labels[0], reply


@given(st.sampled_from([0x1D400, 0x1D434, 0x1D5D4, 0x24B6, 0x1F130, 0x1F150, 0x1F170, 0x1F1E6]),
       st.integers(0, 3), st.sampled_from(["{}", "Answer: {}", "The answer is {}."]))  # fmt: skip
def test_a_dressed_letter_is_the_letter(first: int, which: int, form: str) -> None:
    assert answer(form.format(chr(first + which))) == "ABCD"[which]
