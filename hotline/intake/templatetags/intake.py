"""Small reads that a template of intake needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.simple_tag
def answer_of(answers: Mapping[str, Any] | None, code: str) -> Any:
    """The raw answer to a question, "" when there is none."""
    return (answers or {}).get(code, "")


@register.simple_tag
def word_of(words: Mapping[str, Any], code: str) -> Any:
    """The label of a code, the code itself when it has none."""
    return words.get(code, code)
