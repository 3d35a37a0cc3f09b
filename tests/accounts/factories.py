"""Makers of units, people and citizens; the shortest way to a valid row."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password

from hotline.accounts.actions import find_or_create_citizen
from hotline.accounts.models import Citizen, Membership, Person, Role, Unit, UnitLevel
from hotline.kit.actor import system_actor

PASSWORD = "Lüdao-9-Wende"
_numbers = count(1)
_hash: list[str] = []


def make_unit(name: str, *, parent: Unit | None = None, level: str = UnitLevel.BUREAU, **more: Any) -> Unit:
    """A unit below `parent` with a right path."""
    number = next(_numbers)
    unit = Unit.objects.create(
        code=more.pop("code", f"U{number:05}"),
        name=name,
        short_name=more.pop("short_name", name[:40]),
        parent=parent,
        level=level,
        **more,
    )
    unit.path = f"{parent.path if parent else '/'}{unit.pk}/"
    unit.save(update_fields=["path"])
    return unit


def make_person(
    name: str, *memberships: tuple[str, Unit] | tuple[str, Unit, dict[str, Any]], **more: Any
) -> Person:
    """A person with roles at units; the password is PASSWORD."""
    if not _hash:
        _hash.append(make_password(PASSWORD))
    number = next(_numbers)
    person = Person.objects.create(
        username=more.pop("username", f"person{number}"),
        name=name,
        password=more.pop("password", _hash[0]),
        **more,
    )
    for role, unit, *rest in memberships:
        Membership.objects.create(person=person, unit=unit, role=Role(role), **(rest[0] if rest else {}))
    return person


def make_citizen(phone: str = "", name: str = "") -> Citizen:
    """A citizen; without a phone number a new one each time."""
    return find_or_create_citizen(
        actor=system_actor("test"), phone=phone or f"139{next(_numbers):08}", name=name or "王小明"
    )
