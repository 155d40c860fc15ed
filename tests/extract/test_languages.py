"""In every language of docs/extractors.md a statement, a choice, a verdict, a denial and a refusal
are read, whatever wraps the letter.
"""

from __future__ import annotations

import pytest

from docs.extractors import LANGUAGES
from orca_eval.extract import answer
from orca_eval.extract.reply.cues import ANSWER_IS, CORRECT_IS

OPTIONS = {"A": "Oslo", "B": "Lisbon", "C": "Vienna", "D": "Prague"}
WRAPPERS = ("{}", "**{}**", "({})", "（{}）", '"{}"', "「{}」", "`{}`", "${}$", "*{}*", "{} ")

# A statement, a choice, a verdict; then a denial, two answers, a refusal.
FORMS = {
    "en": (
        ("The answer is {}.", "I choose {}.", "{} is correct."),
        ("The answer is not {}.", "The answer is {} or C.", "I don't know."),
    ),
    "zh": (
        ("正确答案是{}。", "故选{}。", "{}项正确。"),
        ("选项{}是错误的。", "答案是{}或C。", "我不知道。"),
    ),
    "es": (
        ("La respuesta es {}.", "Elijo {}.", "La opción {} es correcta."),
        ("La respuesta no es {}.", "La respuesta es {} o C.", "No lo sé."),
    ),
    "fr": (
        ("La réponse est {}.", "Je choisis {}.", "La réponse {} est correcte."),
        ("La réponse n'est pas {}.", "La réponse est {} ou C.", "Je ne sais pas."),
    ),
    "de": (
        ("Die Antwort ist {}.", "Ich wähle {}.", "Antwort {} ist richtig."),
        ("Die Antwort ist nicht {}.", "Die Antwort ist {} oder C.", "Ich weiß es nicht."),
    ),
    "pt": (
        ("A resposta é {}.", "Escolho {}.", "A opção {} está correta."),
        ("A resposta não é {}.", "A resposta é {} ou C.", "Não sei."),
    ),
    "it": (
        ("La risposta è {}.", "Scelgo {}.", "L'opzione {} è corretta."),
        ("La risposta non è {}.", "La risposta è {} o C.", "Non lo so."),
    ),
    "ru": (
        ("Правильный ответ: {}.", "Я выбираю {}.", "Вариант {} верный."),
        ("Ответ не {}.", "Ответ: {} или C.", "Я не знаю."),
    ),
    "ja": (
        ("正解は{}です。", "{}を選びます。", "よって{}が正しい。"),
        ("{}は誤り。", "答えは{}かCです。", "わかりません。"),
    ),
    "ko": (
        ("정답은 {}입니다.", "저는 {}를 선택합니다.", "{}가 맞습니다."),
        ("{}는 정답이 아닙니다.", "정답은 {} 또는 C입니다.", "모르겠습니다."),
    ),
    "ar": (
        ("الإجابة الصحيحة هي {}", "أختار {}", "الخيار {} صحيح."),
        ("الخيار {} غير صحيح.", "الإجابة هي {} أو C.", "لا أعرف."),
    ),
    "hi": (
        ("सही उत्तर {} है।", "मैं {} चुनता हूँ।", "विकल्प {} सही है।"),
        ("विकल्प {} सही नहीं है।", "उत्तर {} या C है।", "मुझे नहीं पता।"),
    ),
    "th": (
        ("คำตอบคือ {}", "ฉันเลือกข้อ {}", "ข้อ {} ถูกต้อง"),
        ("ข้อ {} ไม่ถูกต้อง", "คำตอบคือ {} หรือ C", "ไม่ทราบ"),
    ),
}


def test_every_language_is_tried() -> None:
    assert (
        set(FORMS) == set(LANGUAGES) == {cue.language for cue in (*ANSWER_IS.all, *CORRECT_IS.all)}
    )


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("language", FORMS)
def test_what_commits_and_what_does_not(language: str, wrapper: str) -> None:
    commits, others = FORMS[language]
    for form in commits:
        for label in "ABD":
            reply = form.format(wrapper.format(label))
            assert answer(reply, "choice", OPTIONS) == label, reply
    for form in others:
        for label in "ABD":
            reply = form.format(wrapper.format(label))
            assert answer(reply, "choice", OPTIONS) is None, reply
