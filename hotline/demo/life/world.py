"""What the generator knows of the city: read once, then plain data that travels to the worker processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from hotline.demo.phrases import Leaf, Spot
from hotline.dispatch.rules import Entry


class Who(NamedTuple):
    """An actor as the log writes it; `id` is the person's, 0 for citizens and machines."""

    key: str
    name: str
    id: int = 0


SCANNER = Who("system:scanner", "scanner")
CLERK = Who("system:follow-up", "follow-up")
KEEPER = Who("system:archive", "archive")


@dataclass(slots=True)
class UnitInfo:
    """A unit; `path` from the top to itself, without the hotline centre. Staff are the nearest who work for it."""

    id: int
    code: str
    name: str
    level: str
    area: str
    path: tuple[int, ...]
    parent: int | None
    children: list[int] = field(default_factory=list)
    handlers: list[Who] = field(default_factory=list)
    managers: list[Who] = field(default_factory=list)
    secret_handlers: list[int] = field(default_factory=list)


@dataclass(slots=True)
class World:
    """Everything a worker needs to make any order of the run; `bases` are the first free ids of the tables."""

    seed: int
    orders: int
    open_orders: int
    begin: datetime
    now: datetime
    prefix: str
    hub: int
    units: dict[int, UnitInfo]
    staff: Mapping[str, list[Who]]
    hub_secret: list[int]
    leaves: list[Leaf]
    leaf_weights: list[float]
    leaf_levels: dict[str, str]
    spots: list[Spot]
    entries: list[Entry]
    street_units: dict[str, int]
    district_units: dict[str, int]
    default_units: dict[str, int]
    reasons: Mapping[str, list[str]]
    legal: Mapping[str, str]
    options: Mapping[str, Any]
    phrases: Mapping[str, Any]
    policy_id: int
    policy: Mapping[str, Any]
    calendar_id: int
    calendar: tuple[list[int], dict[date, str], dict[date, str]]
    citizens: int
    bases: Mapping[str, int]
    number_base: int
    answered_base: int


__all__ = ["CLERK", "KEEPER", "SCANNER", "UnitInfo", "Who", "World"]
