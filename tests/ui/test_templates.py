"""Every template of every package is linted; the lint itself is proven on samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.ui import lint

ALL = lint.templates()


@pytest.mark.parametrize(("name", "file"), ALL, ids=[name for name, _ in ALL])
def test_template_is_right(name: str, file: Path) -> None:
    assert [str(fault) for fault in lint.check(name, file)] == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<script>alert(1)</script>", "inline script"),
        ("<style>p{}</style>", "style element"),
        ('<p style="color:red">', "inline style"),
        ('<p\n  STYLE = "color:red">', "inline style"),
        ('<a onclick="go()">', "inline event handler"),
        ('<a {% if n > 9 %}title="{% url "a" %}"{% endif %} onclick="go()">', "inline event handler"),
        ('<a href="javascript:go()">', "javascript: address"),
        ('<b hx-on:click="x">', "evaluated htmx attribute"),
        ('<img src="/a.png">', "image without alt"),
        ('<form method="post"><input></form>', "form that posts without csrf_token"),
        ('<script src="https://cdn.example/x.js"></script>', "address of another host"),
        ('<a data-bs-toggle="dropdown">', "script of Bootstrap"),
        ("<p>你好</p>", "untranslated Chinese: 你好"),
        ('<p title="你好">', "untranslated Chinese: 你好"),
    ],
)
def test_lint_finds(source: str, words: str) -> None:
    assert [fault.text for fault in lint.faults_in(source, "x.html")] == [words]


@pytest.mark.parametrize(
    "source",
    [
        '<script type="module" src="{% static "a.js" %}"></script>',
        '<p title="a style = b">{# 注释 #}</p>',
        "<!-- 注释 -->",
        '<img alt="" src="/a.png">',
        '<form method="post">{% csrf_token %}</form><form method="get"></form>',
        '<p>{% translate "你好" %}{% blocktranslate %}你{{ x }}好{% endblocktranslate %}</p>',
        '<a data-confirm="on = x" href="{{ url }}">',
        '<a title="{% translate "Mine only" %}"{% if n > 9 %} data-tab="{% url "a:only" %}"{% endif %}>',
    ],
)
def test_lint_accepts(source: str) -> None:
    assert lint.faults_in(source, "x.html") == []


def test_lint_counts_lines() -> None:
    faults = lint.faults_in("{# one\ntwo #}\n<p>\n你好</p>", "x.html")
    assert [fault.line for fault in faults] == [4]
