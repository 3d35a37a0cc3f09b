"""docs/reference.md: every permission, event and hook, written from the tables themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.utils import translation
from django.utils.module_loading import module_has_submodule

from hotline.accounts.models import Role
from hotline.accounts.rules import PERMISSIONS, SCOPE_LABELS, Scope
from hotline.kit import events

HOOK_NAMES = ("register", "use")
"""A function of that name (or `register_…`, `use_…`) at the top of a module is a hook of its package."""
_BOXES = frozenset({"views", "management", "migrations", "templatetags"})
_AT_START = frozenset(
    {"hotline.ops.metrics.register", "hotline.ops.checks.register", "hotline.workorders.menu.register_pages"}
)
"""Called by their own package at start; nobody above fills them."""


def render() -> str:
    """The whole page, in English."""
    with translation.override("en"):
        return "\n".join([_HEAD, *_permissions(), "", *_events(), "", *_hooks(), ""])


_HEAD = """# Reference

Written by `hotline reference`; `make check` compares. Settings: [operations](operations.md#settings).
"""


def _permissions() -> Iterator[str]:
    yield "## Permissions\n"
    yield "A role holds a permission as far as its scope reaches, narrowed by the area of the role and by secrecy.\n"
    yield "Scopes: " + "; ".join(f"{scope}: {SCOPE_LABELS[scope]}" for scope in Scope) + ".\n"
    yield "| Code | Meaning | Roles |"
    yield "|---|---|---|"
    for code in sorted(PERMISSIONS):
        label, grants = PERMISSIONS[code]
        roles = ", ".join(f"{Role(role).value} ({scope})" for role, scope in grants.items())
        yield f"| `{code}` | {label} | {roles} |"


def _events() -> Iterator[str]:
    for config in apps.get_app_configs():
        if config.name.startswith("hotline.") and module_has_submodule(config.module, "actions"):
            import_module(f"{config.name}.actions")  # declares its events
    jobs = events.subscribers()
    yield "## Events\n"
    yield "Payload: ids and short strings, never identity. Jobs are inserted in the event's own transaction.\n"
    yield "| Event | Meaning | Jobs that follow |"
    yield "|---|---|---|"
    for name, meaning in sorted(events.KNOWN.items()):
        yield f"| `{name}` | {meaning.rstrip('.')} | {', '.join(jobs.get(name, []))} |"


def _hooks() -> Iterator[str]:
    yield "## Hooks\n"
    yield "What a package above, or a city's own package, may tell one below from `AppConfig.ready`.\n"
    yield "| Hook | Meaning |"
    yield "|---|---|"
    for name, meaning in sorted(hooks().items()):
        yield f"| `{name}` | {meaning} |"


def hooks() -> dict[str, str]:
    """Dotted name → first paragraph of the docstring, of every hook in the packages."""
    found: dict[str, str] = {}
    for config in apps.get_app_configs():
        if not config.name.startswith("hotline."):
            continue
        root = Path(config.path)
        for file in sorted(root.rglob("*.py")):
            inside = file.relative_to(root)
            if _BOXES & set(inside.parts):
                continue
            module = ".".join([config.name, *inside.with_suffix("").parts]).removesuffix(".__init__")
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.name.split("_")[0] in HOOK_NAMES:
                    found[f"{module}.{node.name}"] = _first(ast.get_docstring(node) or "")
    return {name: meaning for name, meaning in found.items() if name not in _AT_START}


def _first(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split()).rstrip(".").replace("|", "\\|")
