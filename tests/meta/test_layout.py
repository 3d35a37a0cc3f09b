"""The house keeps its shape: sizes, names, doors, writers."""

from __future__ import annotations

import ast
from functools import partial
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from hotline.accounts.rules import PERMISSIONS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for path in (ROOT / "hotline").rglob("*.py") if "migrations" not in path.parts]
HARD_CAP = 900
FOREIGN_DOORS = ("django.", "django_prometheus", "ninja.")
"""Doors of libraries; those of the public API are locked by its token, see the test below."""


def test_no_file_passes_the_hard_cap() -> None:
    long = {str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > HARD_CAP}
    assert not long, f"split by idea: {long}"


def test_no_grab_bag_modules() -> None:
    bags = [str(p) for p in SOURCES if p.stem in {"utils", "helpers", "services", "misc", "common"}]
    assert not bags


def test_each_package_opens_with_a_readme_under_forty_lines() -> None:
    packages = [p.parent for p in (ROOT / "hotline").glob("*/apps.py")]
    assert packages
    for package in packages:
        if package.name == "config":
            continue
        readme = package / "README.md"
        assert readme.exists(), f"{package.name} has no README.md"
        assert len(readme.read_text().splitlines()) <= 40, f"{package.name}/README.md passes 40 lines"


def every_door(resolver: URLResolver | None = None, prefix: str = "") -> list[tuple[str, URLPattern]]:
    doors = []
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            doors += every_door(entry, prefix + str(entry.pattern))
        else:
            doors.append((prefix + str(entry.pattern), entry))
    return doors


def test_no_door_without_a_lock() -> None:
    silent = []
    for route, pattern in every_door():
        view = pattern.callback
        module = getattr(view, "__module__", "") if not isinstance(view, partial) else view.func.__module__
        if module.startswith(FOREIGN_DOORS):
            continue
        if not getattr(view, "door", None):
            silent.append(f"{route} → {view.__module__}.{getattr(view, '__qualname__', view)}")
    assert not silent, "declare @access, @signed_in or @public: " + "; ".join(silent)


def test_the_public_api_asks_for_a_token_everywhere() -> None:
    from hotline.exchange.api.v1.api import api

    assert api.auth, "the API itself has no lock"
    for _prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                assert operation.auth_callbacks, f"{path} is open"


def test_doors_name_known_permissions() -> None:
    codes = set(PERMISSIONS)
    unknown = {
        code: route
        for route, p in every_door()
        for code in getattr(p.callback, "codes", ())
        if code not in codes
    }
    assert not unknown


def _imports_of_other_models(tree: ast.AST, package: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("hotline."):
            owner = node.module.split(".")[1]
            if owner not in (package, "kit") and ".models" in node.module:
                names |= {alias.asname or alias.name for alias in node.names}
    return names


WRITES = {"create", "bulk_create", "bulk_update", "update", "delete", "update_or_create", "get_or_create"}


def foreign_writes(source: str, package: str) -> list[str]:
    """`line: model` of each write of another package's model; also through a chain of queries or a new row's save."""
    tree = ast.parse(source)
    foreign = _imports_of_other_models(tree, package)
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        text = ast.unparse(node.func)
        root = text.split(".")[0].split("(")[0]
        through_manager = node.func.attr in WRITES and ".objects." in text
        new_row = node.func.attr == "save" and text.startswith(f"{root}(")
        if root in foreign and (through_manager or new_row):
            found.append(f"{node.lineno}: {root}")
    return found


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if "demo" not in p.parts], ids=lambda p: str(p.relative_to(ROOT))
)
def test_nobody_writes_another_packages_models(path: Path) -> None:
    package = path.relative_to(ROOT / "hotline").parts[0]
    assert not foreign_writes(path.read_text(), package), "call an action of the package that owns the model"


@pytest.mark.parametrize(
    "write",
    [
        "Unit.objects.create(name='x')",
        "Unit.objects.filter(pk=1).update(name='x')",
        "Unit.objects.select_for_update().filter(pk=1).delete()",
        "Unit(name='x').save()",
    ],
)
def test_a_write_of_another_packages_model_is_found(write: str) -> None:
    source = f"from hotline.accounts.models import Unit\n{write}\n"
    assert foreign_writes(source, "workorders") == ["2: Unit"]
    assert foreign_writes(source, "accounts") == []
    assert foreign_writes("from hotline.accounts.models import Unit\nUnit.objects.filter(pk=1).first()", "intake") == []
