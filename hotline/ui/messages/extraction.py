"""Finds the messages that Python files and templates ask to be translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation.template import templatize

#: What each function's leading arguments are.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "_": ("id",),
    "gettext": ("id",),
    "gettext_lazy": ("id",),
    "gettext_noop": ("id",),
    "ngettext": ("id", "plural"),
    "ngettext_lazy": ("id", "plural"),
    "pgettext": ("context", "id"),
    "pgettext_lazy": ("context", "id"),
    "_p": ("context", "id"),  # as the house imports pgettext_lazy
    "npgettext": ("context", "id", "plural"),
    "npgettext_lazy": ("context", "id", "plural"),
}

_CALL = re.compile(
    r"(?<![\w.])(?P<name>n?p?gettext|_)\((?P<arguments>\s*[bru]?(?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"
    r"(?:\s*,\s*(?:[bru]?(?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')|count))*\s*)\)",
    re.DOTALL,
)


class Unreadable(Exception):
    """A call whose id is not a plain string, e.g. an f-string; it can never be translated."""


@dataclass(frozen=True, slots=True)
class Message:
    """One id as asked for: where, in which context, with which plural."""

    id: str
    plural: str
    context: str
    file: Path
    line: int

    @property
    def key(self) -> tuple[str, str]:
        return (self.context, self.id)


def _literal(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left), _literal(node.right)
        return None if left is None or right is None else left + right
    return None


def _message(name: str, arguments: list[ast.expr], file: Path, line: int) -> Message:
    parts: dict[str, str] = {}
    for part, argument in zip(FUNCTIONS[name], arguments, strict=False):
        text = _literal(argument)
        if text is None:
            raise Unreadable(f"{file}:{line}: the {part} of {name}(…) is not a plain string.")
        parts[part] = text
    if "id" not in parts:
        raise Unreadable(f"{file}:{line}: {name}(…) has no id.")
    return Message(parts["id"], parts.get("plural", ""), parts.get("context", ""), file, line)


def from_python(source: str, file: Path) -> Iterator[Message]:
    """Messages of a Python file, by its syntax tree."""
    for node in ast.walk(ast.parse(source, str(file))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = (
            node.func.id
            if isinstance(node.func, ast.Name)
            else node.func.attr
            if isinstance(node.func, ast.Attribute)
            else ""
        )
        if name in FUNCTIONS and (name != "_" or isinstance(node.func, ast.Name)):
            # `_` names an unused value too; only a call with a string, or something built from one, is meant.
            yield _message(name, node.args, file, node.lineno)


def from_template(source: str, file: Path) -> Iterator[Message]:
    """Messages of a Django template, by Django's own translation into calls."""
    text = templatize(source, origin=str(file))
    for match in _CALL.finditer(text):
        call = ast.parse(f"f({match['arguments'].strip()})", mode="eval").body
        assert isinstance(call, ast.Call)
        arguments = [a for a in call.args if not isinstance(a, ast.Name)]
        yield _message(match["name"], arguments, file, text.count("\n", 0, match.start()) + 1)


def from_package(folder: Path) -> Iterator[Message]:
    """All messages of a package, in a stable order; empty ids are left out."""
    for file in sorted(folder.rglob("*")):
        if "node_modules" in file.parts or "static" in file.relative_to(folder).parts[:1]:
            continue
        if file.suffix == ".py":
            found = from_python(file.read_text(encoding="utf-8"), file)
        elif file.suffix in {".html", ".txt"} and "templates" in file.parts:
            found = from_template(file.read_text(encoding="utf-8"), file)
        else:
            continue
        yield from (message for message in found if message.id)
