"""Built files: where Vite put an entry, and the icons it packed."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Error, register
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

DIST = Path(__file__).parent / "static" / "dist"
OUTLINE = Path(__file__).parents[2] / "frontend" / "node_modules" / "@tabler" / "icons" / "icons" / "outline"


def _read(name: str, modified: float) -> dict[str, Any]:
    del modified  # part of the key: a new build is read anew
    return json.loads((DIST / name).read_text(encoding="utf-8")) if modified_at(name) else {}


_cached = lru_cache(maxsize=8)(_read)
_frozen: dict[str, dict[str, Any]] = {}


def modified_at(name: str) -> float:
    """When a built file was written; 0 when it is not there."""
    try:
        return (DIST / name).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def built(name: str) -> dict[str, Any]:
    """The JSON of a built file: read once in production, whenever it changes in development.

    A process thus keeps to the build it started with, whose templates it also holds: builds leave the files of their
    predecessors where they are for two weeks. A process that outlives even these goes over to the newest build.
    """
    if settings.DEBUG:
        return _cached(name, modified_at(name))
    known = _frozen.get(name)
    if not known or (name == "manifest.json" and not _all_there(known)):
        known = _frozen[name] = _read(name, modified_at(name)) or known or {}
    return known


def _all_there(manifest: dict[str, Any]) -> bool:
    return all((DIST / c["file"]).exists() for c in manifest.values() if c.get("isEntry"))


def entry_tags(entry: str) -> SafeString:
    """`<link>` and `<script>` of a Vite entry. Without a build: an error, except in development and tests."""
    manifest = built("manifest.json")
    if not manifest:
        if settings.DEBUG or settings.TESTING:
            return mark_safe("<!-- frontend is not built: npm run build -->")
        raise ImproperlyConfigured("The frontend is not built; run `make install`.")
    chunk = next((c for c in manifest.values() if c.get("isEntry") and c.get("name") == entry), None)
    if chunk is None:
        raise ImproperlyConfigured(f"The frontend has no entry {entry!r}.")
    sheets: dict[str, None] = {}
    _collect(manifest, chunk, sheets, set())
    return format_html(
        '{}<script type="module" src="{}"></script>',
        format_html_join("", '<link rel="stylesheet" href="{}">', ((static(f"dist/{s}"),) for s in sheets)),
        static(f"dist/{chunk['file']}"),
    )


def entry_files(entry: str) -> list[str]:
    """Every built file that an entry needs when it starts, as names under `dist/`; empty without a build."""
    manifest = built("manifest.json")
    chunk = next((c for c in manifest.values() if c.get("isEntry") and c.get("name") == entry), None)
    if chunk is None:
        return []
    found: dict[str, None] = {chunk["file"]: None}
    seen: set[str] = set()
    waiting = [chunk]
    while waiting:
        one = waiting.pop()
        found.update(dict.fromkeys([one["file"], *one.get("css", ())]))
        for name in one.get("imports", ()):
            if name not in seen:
                seen.add(name)
                waiting.append(manifest[name])
    return list(found)


def _collect(
    manifest: dict[str, Any], chunk: dict[str, Any], sheets: dict[str, None], seen: set[str]
) -> None:
    for name in chunk.get("imports", ()):
        if name not in seen:
            seen.add(name)
            _collect(manifest, manifest[name], sheets, seen)
    sheets.update(dict.fromkeys(chunk.get("css", ())))


@lru_cache(maxsize=512)
def icon_body(name: str) -> str:
    """The paths inside an icon's svg; from the build, or from the package while the build lacks it."""
    body = built("icons.json").get(name)
    if body is None and name.replace("-", "").isalnum() and (OUTLINE / f"{name}.svg").exists():
        text = (OUTLINE / f"{name}.svg").read_text(encoding="utf-8")
        body = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")].strip()
    if body is None and settings.DEBUG and OUTLINE.exists():
        raise ImproperlyConfigured(f"There is no icon {name!r} among Tabler's outline icons.")
    return body or ""


@register("ui", deploy=True)
def frontend_is_built(**_: object) -> list[Error]:
    """A release without its built frontend must not start."""
    if modified_at("manifest.json") and modified_at("icons.json"):
        return []
    return [Error("The frontend is not built.", hint="Run `make install`.", id="ui.E001")]
