"""A template that runs on, or makes too much, ends in one line."""

from __future__ import annotations

import pytest

from orca_eval.errors import InputError
from orca_eval.model import sandbox
from orca_eval.model.sandbox import BoundedEnvironment
from orca_eval.model.template import ChatTemplate
from orca_eval.types import Message

CHAT: list[Message] = [{"role": "user", "content": "Hi?"}]
TEXT = "{{ messages[-1].content }}"
DOUBLED = (
    "{%% set n = namespace(x='ab') %%}{%% for i in range(60) %%}{%% set n.x = %s %%}{%% endfor %%}"
)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(10**9) %}x{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(40) }}",
        "{% block a %}{{ self.a() }}{{ self.a() }}{% endblock %}",
        "{{ range(99999) | batch(1) | map('list') | sum(start=[]) }}",
        "{{ 'a' * 10**10 }}",
        "{{ 10**10 * [1] }}",
        "{{ 2 ** (10**10) }}",
        DOUBLED % "n.x ~ n.x",
        DOUBLED % "n.x + n.x",
        DOUBLED % "n.x.replace('a', 'aa')",
        DOUBLED % "n.x | replace('a', 'aa')",
        "{{ 'a'.ljust(10000000000) }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ 'a' | indent(1000000000, true) }}",
        "{{ [1] | tojson(indent=1000000000) }}",
        "{{ lipsum(n=1000000000) }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ '%*d' % (9999999999, 1) }}",
        "{{ '%9999999999d' | format(1) }}",
        "{{ '{:>9999999999}'.format(1) }}",
        "{{ '{:>{}}'.format(1, 9999999999) }}",
        "{% set x = 'a' * 1000000 %}{% for i in range(999) %}{{ x }}{% endfor %}",
        "{{ '\\ud800' }}",
        "{{ " + "9" * 6000 + " }}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{% for a in [1] %}" * 60 + "{% endfor %}" * 60,
        "\ud800",
    ],
)
def test_time_and_size_are_bounded(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 0.1)
    with pytest.raises(InputError, match="the chat template") as caught:
        ChatTemplate(source + TEXT).render(CHAT)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{ 'a' * 3 ~ 2 ** 5 ~ '%05d' % 7 ~ ([1] + [2]) }}", "aaa3200007[1, 2]"),
        ("{{ '{:>3}|%s'.format('é') | format('x') }}", "  é|x"),
        (
            "{% macro f(n) %}{{ n }}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
            "3210",
        ),
        (
            "{% for i in [1, [2]] recursive %}{{ loop(i) if i is iterable else i }}{% endfor %}",
            "12",
        ),
        ("{% for i in range(3) if i %}{{ loop.index }}{{ i }}{% else %}x{% endfor %}", "1122"),
        ("{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}b{% endcall %}", "<b>"),
        ("{% block a %}b{% endblock %}{% filter upper %}c{% endfilter %}", "bC"),
        ("{{ ('a' ~ 'b').ljust(4, '.') | replace('b', 'c') | trim('.') }}", "ac"),
    ],
)
def test_what_stays_within_bounds_is_jinja(source: str, written: str) -> None:
    environment = BoundedEnvironment()
    environment.bound_filters()
    environment.begin()

    assert environment.from_string(source).render() == written
