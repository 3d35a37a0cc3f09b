"""How orders end, and what a dissatisfied word leads to (rules.md section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.workorders.models.states import ClosingKind, Flow

DIRECT_KINDS = (
    ClosingKind.DIRECT_ANSWER,
    ClosingKind.NOT_ACCEPTED,
    ClosingKind.REFERRED,
    ClosingKind.AUTOMATIC,
)
"""Closing kinds that need no unit."""

DEFAULTS: Mapping[str, int | str | bool] = {
    "contact_tries": 3,
    "supplement_days": 15,
    "follow_up_days": 15,
    "archive_days": 30,
    "hold_expiry": "resume",
    "redos_before_supervision": 1,
    "escalation_proposes_supervision": True,
}
"""Options of `CitySettings.options` that the order's rules read, with their defaults (all X but the redo, B)."""


def option(options: Mapping[str, Any], name: str) -> Any:
    """A city's option, or its default."""
    return options.get(name, DEFAULTS[name])


def closing_kind(solved: bool | None, satisfaction: int | None) -> ClosingKind:
    """办结 after follow-up: by the unit when the citizen spoke, automatic when nobody could be reached."""
    return ClosingKind.AUTOMATIC if solved is None and satisfaction is None else ClosingKind.HANDLED


def redo_flow(redo_count: int, *, supervised: bool, options: Mapping[str, Any]) -> Flow:
    """Flow of the next handling: dissatisfied → redo; again dissatisfied → supervision (Shandong, B)."""
    if supervised or redo_count >= int(option(options, "redos_before_supervision")):
        return Flow.SUPERVISED
    return Flow.REDO


def contact_settles(reached: bool, earlier_tries: int, options: Mapping[str, Any]) -> bool:
    """True when a record of contact fulfils the first contact: reached, or tried often enough with reasons (C)."""
    return reached or earlier_tries + 1 >= int(option(options, "contact_tries"))
