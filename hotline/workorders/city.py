"""The city's own settings as the order's rules and numbers need them, read at most once every few seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from hotline.accounts.models import Unit, UnitLevel
from hotline.kit.errors import Refused
from hotline.places.models import Division, DivisionLevel
from hotline.workorders.models import Category, CitySettings
from hotline.worktime import queries as worktime

SECONDS = 5.0
"""How long a process may work with what it has read; a change of settings is not more urgent than that."""


@dataclass(frozen=True)
class City:
    """`hub_path` is the hotline centre's unit path, empty in a city that has not named it."""

    prefix: str = ""
    hub_id: int = 0
    hub_path: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


_kept: dict[str, tuple[float, Any]] = {}


def city() -> City:
    """The city of this installation."""
    found: City | None = _recall("city")
    return found if found is not None else _keep("city", _read())


def category_code(category_id: int | None) -> str:
    """Dotted code of a category, empty for none."""
    if category_id is None:
        return ""
    codes: dict[int, str] | None = _recall("categories")
    if codes is None:
        codes = _keep("categories", {})
    if category_id not in codes:
        codes[category_id] = Category.objects.filter(id=category_id).values_list("code", flat=True).first() or ""
    return codes[category_id]


def forget() -> None:
    """Read anew at the next call; called by the actions that change what is kept."""
    _kept.clear()


def category_options() -> list[tuple[int, str]]:
    """(id, name) of the two upper levels by code, the second one indented: what a list may be narrowed by."""
    found: list[tuple[int, str]] | None = _recall("category_options")
    if found is None:
        rows = Category.objects.filter(level__lte=2).order_by("code").values_list("id", "name", "level")
        found = _keep("category_options", [(pk, ("　" if level > 1 else "") + name) for pk, name, level in rows])
    return found


def district_options() -> list[tuple[str, str]]:
    """(code, name) of the city's districts by code."""
    found: list[tuple[str, str]] | None = _recall("district_options")
    if found is None:
        rows = Division.objects.filter(level=DivisionLevel.DISTRICT).order_by("code").values_list("code", "name")
        found = _keep("district_options", list(rows))
    return found


def pinned_to(at: datetime) -> tuple[int | None, int | None]:
    """Policy and calendar of a new order. None before the first is published: an appeal is never turned away for that."""
    found: tuple[int | None, int | None] | None = _recall("pinned")
    return found if found is not None else _keep("pinned", (_policy(at), _calendar()))


def _policy(at: datetime) -> int | None:
    try:
        return worktime.policy_in_effect(at).id
    except Refused:
        return None


def _calendar() -> int | None:
    try:
        return worktime.calendar_in_effect().id
    except Refused:
        return None


def _read() -> City:
    row = CitySettings.objects.select_related("hub").first()
    hub = row.hub if row is not None and row.hub is not None else None
    if hub is None:
        hub = Unit.objects.filter(level=UnitLevel.HUB).order_by("path").first()
    return City(
        prefix=row.number_prefix if row else "",
        hub_id=hub.pk if hub else 0,
        hub_path=hub.path if hub else "",
        options=row.options if row else {},
    )


def _recall(name: str) -> Any:
    kept = _kept.get(name)
    return kept[1] if kept and time.monotonic() - kept[0] < SECONDS and not settings.TESTING else None


def _keep(name: str, value: Any) -> Any:
    _kept[name] = (time.monotonic(), value)
    return value
