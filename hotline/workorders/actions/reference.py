"""Keeps the city's reference data: taxonomy, reasons, scripts, settings. Every change is in the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _
from pypinyin import Style, lazy_pinyin

from hotline.accounts.permissions import scope_allows
from hotline.audit.actions import record
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders.city import city, forget
from hotline.workorders.models import Category, CitySettings, ReasonCode, ReasonKind, Script, Urgency
from hotline.workorders.rules.reference import (
    COLOUR,
    NUMBER_PREFIX,
    check_category,
    check_dates,
    check_options,
    check_reason,
    day_before,
)
from hotline.workorders.rules.replies import Fault

CODE = "workorders:configure"
V = TypeVar("V", ReasonCode, Script)


def _permit(actor: Actor) -> None:
    verdict = scope_allows(actor, CODE, unit_paths=(city().hub_path,))
    if not verdict:
        raise NotPermitted(CODE, verdict.reason)


def _refuse(faults: Iterable[Fault]) -> None:
    found = {fault.field: fault.message for fault in faults}
    if found:
        raise Invalid("reference", _("This cannot take effect yet."), details=found)


def pinyin_of(text: str) -> str:
    """Initials and full pinyin, for search."""
    return f"{''.join(lazy_pinyin(text, style=Style.FIRST_LETTER))} {''.join(lazy_pinyin(text))}"[:400].lower()


# ── taxonomy ──


@transaction.atomic
def save_category(
    *,
    actor: Actor,
    code: str,
    name: str,
    category_id: int | None = None,
    description: str = "",
    demand_types: Iterable[str] = (),
    default_urgency: str = Urgency.ROUTINE,
    default_level: str = "",
    default_unit_id: int | None = None,
    effective_from: date | None = None,
    effective_to: date | None = None,
    replaced_by_id: int | None = None,
) -> Category:
    """Add a category, or change one (its code stays). Names of everything below follow. Raises Invalid."""
    _permit(actor)
    row = Category.objects.select_for_update().filter(pk=category_id).first() if category_id else Category(code=code.strip())
    if row is None:
        raise NotVisible
    parent_code = row.code.rpartition(".")[0]
    parent = Category.objects.filter(code=parent_code).first() if parent_code else None
    faults = check_category(row.code, name, parent_code if parent or not parent_code else "?")
    faults += check_dates(effective_from, effective_to, clock.today(), changed=row.effective_from != effective_from)
    if category_id is None and Category.objects.filter(code=row.code).exists():
        faults.append(Fault("code", "taken", _("This code exists already.")))
    if replaced_by_id is not None and replaced_by_id == row.pk:
        faults.append(Fault("replaced_by", "itself", _("A category cannot replace itself.")))
    _refuse(faults)
    old = {"name": row.name, "effective_to": row.effective_to}
    row.name, row.parent, row.description = name.strip(), parent, description
    row.level = row.code.count(".") + 1
    row.path_name = f"{parent.path_name} › {row.name}" if parent else row.name
    row.pinyin = pinyin_of(row.name)
    row.demand_types = list(demand_types)
    row.default_urgency, row.default_level = default_urgency, default_level
    row.default_unit_id, row.replaced_by_id = default_unit_id, replaced_by_id
    row.effective_from, row.effective_to = effective_from, effective_to
    row.save()
    _rename_below(row)
    forget()
    record(actor=actor, verb="workorders.save_category", object_type="category", object_id=row.code, data={"old": old, "new": {"name": row.name, "effective_to": row.effective_to}})
    return row


def _rename_below(row: Category) -> None:
    for child in Category.objects.filter(parent=row):
        path_name = f"{row.path_name} › {child.name}"
        if path_name != child.path_name:
            child.path_name = path_name
            child.save(update_fields=["path_name"])
            _rename_below(child)


# ── reasons and scripts, by version ──


@transaction.atomic
def add_reason(
    *, actor: Actor, kind: str, code: str, name: str, effective_from: date, effective_to: date | None = None, legal_basis: str = "",
    script: str = "", parent_code: str = "",
) -> ReasonCode:
    """A reason, or its next version: the one in effect ends the day before. Raises Invalid, Refused `later_version`."""
    _permit(actor)
    faults = check_reason(code, name, script, kind) + check_dates(effective_from, effective_to, clock.today())
    if kind not in ReasonKind.values:
        faults.append(Fault("kind", "unknown", _("Choose one of the list.")))
    if parent_code and not ReasonCode.objects.filter(kind=kind, code=parent_code).exists():
        faults.append(Fault("parent_code", "unknown", _("This branch does not exist.")))
    _refuse(faults)
    _end_former(list(ReasonCode.objects.select_for_update().filter(kind=kind, code=code)), effective_from)
    row = ReasonCode.objects.create(
        kind=kind, code=code, name=name.strip(), legal_basis=legal_basis, script=script, parent_code=parent_code,
        effective_from=effective_from, effective_to=effective_to,
    )
    record(actor=actor, verb="workorders.add_reason", object_type="reason", object_id=f"{kind}.{code}", data={"name": row.name, "from": effective_from})
    return row


@transaction.atomic
def add_script(
    *, actor: Actor, code: str, title: str, text: str, effective_from: date, effective_to: date | None = None
) -> Script:
    """A script, or its next version: the one in effect ends the day before. Raises Invalid, Refused `later_version`."""
    _permit(actor)
    faults = check_dates(effective_from, effective_to, clock.today())
    for name, value in (("code", code), ("title", title), ("text", text)):
        if not value.strip():
            faults.append(Fault(name, "required", _("This must not be empty.")))
    _refuse(faults)
    _end_former(list(Script.objects.select_for_update().filter(code=code)), effective_from)
    row = Script.objects.create(code=code, title=title.strip(), text=text, effective_from=effective_from, effective_to=effective_to)
    record(actor=actor, verb="workorders.add_script", object_type="script", object_id=code, data={"title": row.title, "from": effective_from})
    return row


def _end_former(rows: list[V], begins: date) -> None:
    if any(row.effective_from >= begins for row in rows):
        raise Refused("later_version", _("A version that begins on that day or later exists already. End it first or choose a later day."))
    for row in rows:
        if row.effective_to is None or row.effective_to >= begins:
            row.effective_to = day_before(begins)
            row.save(update_fields=["effective_to"])


@transaction.atomic
def end_reason(*, actor: Actor, reason_id: int, effective_to: date) -> ReasonCode:
    """The last day of a reason."""
    _permit(actor)
    return _end(actor, ReasonCode.objects.select_for_update().filter(pk=reason_id).first(), effective_to, "workorders.end_reason", "reason")


@transaction.atomic
def end_script(*, actor: Actor, script_id: int, effective_to: date) -> Script:
    """The last day of a script."""
    _permit(actor)
    return _end(actor, Script.objects.select_for_update().filter(pk=script_id).first(), effective_to, "workorders.end_script", "script")


def _end(actor: Actor, row: V | None, day: date, verb: str, kind: str) -> V:
    if row is None:
        raise NotVisible
    _refuse(check_dates(row.effective_from, day, clock.today(), changed=False))
    if day < day_before(clock.today()):
        raise Invalid("effective_to", _("It can end yesterday at the earliest."), details={"effective_to": _("It can end yesterday at the earliest.")})
    row.effective_to = day
    row.save(update_fields=["effective_to"])
    record(actor=actor, verb=verb, object_type=kind, object_id=row.code, data={"to": day})
    return row


# ── the city ──


@transaction.atomic
def save_city(
    *, actor: Actor, name: str, hotline_name: str, number_prefix: str, accent: str, options: Mapping[str, Any], hub_id: int | None = None,
    division_code: str | None = None,
) -> CitySettings:
    """What the city calls itself and how it works; options not named keep their value. Raises Invalid by field."""
    _permit(actor)
    row = CitySettings.objects.select_for_update().filter(pk=1).first() or CitySettings(id=1)
    merged = {**row.options, **options}
    faults = check_options(merged)
    if not name.strip():
        faults.append(Fault("name", "required", _("A name is needed.")))
    if not hotline_name.strip():
        faults.append(Fault("hotline_name", "required", _("A name is needed.")))
    if not NUMBER_PREFIX.fullmatch(number_prefix):
        faults.append(Fault("number_prefix", "form", _("Up to six capital letters.")))
    if not COLOUR.fullmatch(accent):
        faults.append(Fault("accent", "form", _("A colour such as #0b5c73.")))
    _refuse(faults)
    changed = {key: [row.options.get(key), value] for key, value in options.items() if row.options.get(key) != value}
    row.name, row.hotline_name, row.number_prefix, row.accent, row.options = name.strip(), hotline_name.strip(), number_prefix, accent, merged
    row.hub_id = hub_id if hub_id is not None else row.hub_id
    row.division_code = division_code if division_code is not None else row.division_code
    row.save()
    forget()
    record(actor=actor, verb="workorders.save_city", object_type="city", object_id=1, data={"name": row.name, "options": changed})
    return row
