"""Checks of reference data before it takes effect: taxonomy, reasons, scripts, the city's options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from hotline.workorders.rules.closing import DEFAULTS
from hotline.workorders.rules.replies import Fault

CATEGORY_CODE = re.compile(r"[0-9A-Za-z]{1,8}(\.[0-9A-Za-z]{1,8}){0,7}")
REASON_CODE = re.compile(r"[a-z0-9_]{1,40}")
NUMBER_PREFIX = re.compile(r"[A-Z]{0,6}")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")

OPTION_BOUNDS: Mapping[str, tuple[int, int]] = {
    "contact_tries": (1, 10),
    "supplement_days": (1, 90),
    "follow_up_days": (1, 90),
    "archive_days": (1, 3650),
    "redos_before_supervision": (0, 5),
}
OPTION_CHOICES: Mapping[str, tuple[str, ...]] = {"hold_expiry": ("resume", "close")}


def check_dates(effective_from: date | None, effective_to: date | None, today: date, *, changed: bool = True) -> list[Fault]:
    """A version may not begin in the past: what was said or decided yesterday stays what it was."""
    faults = []
    if changed and effective_from is not None and effective_from < today:
        faults.append(Fault("effective_from", "past", _("It can take effect today at the earliest.")))
    if effective_to is not None and effective_from is not None and effective_to < effective_from:
        faults.append(Fault("effective_to", "before", _("The end lies before the beginning.")))
    return faults


def check_category(code: str, name: str, parent_code: str) -> list[Fault]:
    """The dotted code continues the parent's by one level."""
    faults = []
    if not CATEGORY_CODE.fullmatch(code):
        faults.append(Fault("code", "form", _("A code is dotted by level, e.g. 03.02.11.")))
    elif code.rpartition(".")[0] != parent_code:
        faults.append(Fault("code", "parent", _("The code must continue the code of the category above by one level.")))
    if not name.strip():
        faults.append(Fault("name", "required", _("A name is needed.")))
    return faults


def check_reason(code: str, name: str, script: str, kind: str) -> list[Fault]:
    """不予受理 needs the words that are read out (rules.md section 1.2)."""
    faults = []
    if not REASON_CODE.fullmatch(code):
        faults.append(Fault("code", "form", _("A code has small letters, digits and underscores.")))
    if not name.strip():
        faults.append(Fault("name", "required", _("A name is needed.")))
    if kind == "not_accepted" and not script.strip():
        faults.append(Fault("script", "required", _("Not accepting needs the words that are read to the citizen.")))
    return faults


def check_options(options: Mapping[str, Any]) -> list[Fault]:
    """Options that the order's rules read; others belong to other packages and pass."""
    faults = []
    for name, (low, high) in OPTION_BOUNDS.items():
        value = options.get(name, DEFAULTS[name])
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            faults.append(Fault(name, "range", _("A whole number within its limits is needed.")))
    for name, choices in OPTION_CHOICES.items():
        if options.get(name, DEFAULTS[name]) not in choices:
            faults.append(Fault(name, "choice", _("Choose one of the list.")))
    value = options.get("escalation_proposes_supervision", True)
    if not isinstance(value, bool):
        faults.append(Fault("escalation_proposes_supervision", "choice", _("Yes or no.")))
    return faults


def day_before(day: date) -> date:
    """The last day of the version that a new one replaces."""
    return day - timedelta(days=1)


def levels_of(code: str) -> Sequence[str]:
    """Codes from the top down to the code itself: 03, 03.02, 03.02.11."""
    parts = code.split(".")
    return [".".join(parts[: depth + 1]) for depth in range(len(parts))]
