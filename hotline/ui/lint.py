"""What a template may not hold. Run by `hotline templates` and by `tests/ui/test_templates.py`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from django.template import TemplateSyntaxError
from django.template.loader import get_template

from hotline.ui.messages.catalogues import ROOT, packages

#: Engineers alone read it; its words are samples of content.
SAMPLES = frozenset({"ui/guide.html"})

_COMMENT = re.compile(r"\{#.*?#\}|\{% comment.*?%\}.*?\{% endcomment %\}|<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<[a-zA-Z][^<>]*>", re.DOTALL)
_TEMPLATE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_TRANSLATION = re.compile(
    r"\{%-?\s*(?:block)?trans(?:late)?\b.*?%\}(?:.*?\{%\s*endblocktrans(?:late)?\s*%\})?", re.DOTALL
)
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_POST = re.compile(r"<form\b[^>]*\bmethod\s*=\s*[\"']?post\b.*?</form>", re.IGNORECASE | re.DOTALL)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE | re.DOTALL)
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("inline script", re.compile(r"<script\b(?![^>]*\bsrc\s*=)[^>]*>(?!\s*</script>)", re.IGNORECASE)),
    ("style element", re.compile(r"<style\b", re.IGNORECASE)),
    ("javascript: address", re.compile(r"[\"']\s*javascript:", re.IGNORECASE)),
    (
        "evaluated htmx attribute",
        re.compile(r"\bhx-on\b|\bhx-(?:vals|headers)\s*=\s*[\"']js:", re.IGNORECASE),
    ),
    (
        "address of another host",
        re.compile(r"\b(?:src|href|action)\s*=\s*[\"'](?:https?:)?//(?!\{)", re.IGNORECASE),
    ),
    ("script of Bootstrap", re.compile(r"\bdata-bs-(?:toggle|target|dismiss)\b")),
)
_IN_TAG: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("inline style", re.compile(r"\sstyle\s*=", re.IGNORECASE)),
    ("inline event handler", re.compile(r"\son[a-z]+\s*=", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a template."""

    template: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.template}:{self.line}: {self.text}"


def _blank(match: re.Match[str]) -> str:
    """As many lines, nothing in them: line numbers stay true."""
    return "\n" * match.group(0).count("\n")


def faults_in(source: str, name: str) -> list[Fault]:
    """Faults of a template's text; whether it compiles is another question."""
    text = _COMMENT.sub(_blank, source)
    found: list[Fault] = []

    def add(position: int, words: str) -> None:
        found.append(Fault(name, text.count("\n", 0, position) + 1, words))

    for words, pattern in _RULES:
        for match in pattern.finditer(text):
            if words == "inline script" and re.search(
                r"type\s*=\s*[\"']application/(?:ld\+)?json", match.group(0)
            ):
                continue
            add(match.start(), words)
    # Quotes inside template tags would end the attributes they stand in, and `>` the tag.
    for tag in _TAG.finditer(_TEMPLATE.sub(lambda match: "x" + _blank(match), text)):
        for words, pattern in _IN_TAG:
            if pattern.search(re.sub(r"\"[^\"]*\"|'[^']*'", '""', tag.group(0))):
                line = tag.string.count("\n", 0, tag.start()) + 1
                found.append(Fault(name, line, words))
    for image in _IMAGE.finditer(text):
        if not re.search(r"\balt\s*=", image.group(0), re.IGNORECASE):
            add(image.start(), "image without alt")
    for form in _POST.finditer(text):
        if "csrf_token" not in form.group(0):
            add(form.start(), "form that posts without csrf_token")
    if name not in SAMPLES:
        for match in _CHINESE.finditer(_TRANSLATION.sub(_blank, text)):
            position = _TRANSLATION.sub(_blank, text).count("\n", 0, match.start()) + 1
            found.append(Fault(name, position, f"untranslated Chinese: {match.group(0)}"))
    return found


def templates(root: Path = ROOT) -> list[tuple[str, Path]]:
    """(name, file) of every template of the project."""
    return [
        (file.relative_to(package / "templates").as_posix(), file)
        for package in packages(root)
        for file in sorted((package / "templates").rglob("*.html"))
    ]


def check(name: str, file: Path) -> list[Fault]:
    """All faults of one template, compiling included."""
    found = faults_in(file.read_text(encoding="utf-8"), name)
    try:
        get_template(name)
    except TemplateSyntaxError as error:
        found.append(Fault(name, 0, f"does not compile: {error}"))
    return found
