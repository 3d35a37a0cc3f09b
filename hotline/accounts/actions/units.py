"""Units: made, changed, moved, closed. A path is rewritten only here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from hotline.accounts import hooks
from hotline.accounts.models import Unit
from hotline.accounts.permissions import scope_allows
from hotline.accounts.spelling import spell
from hotline.audit import actions as audit
from hotline.kit import events
from hotline.kit.actor import Actor
from hotline.kit.clock import today
from hotline.kit.errors import Invalid, NotVisible, Refused, Stale

CODE = "accounts:manage_units"
FIELDS = (
    "code",
    "name",
    "short_name",
    "level",
    "kind",
    "area_code",
    "duties",
    "working_hours",
    "phone",
    "opened_on",
)
MOVED = events.declare("unit.moved", "A unit, and all below it, hang under another unit: unit_id")
CLOSED = events.declare("unit.closed", "A unit takes no new orders any more: unit_id")


@transaction.atomic
def create_unit(*, actor: Actor, parent_id: int | None, **values: Any) -> Unit:
    """Make a unit under `parent_id` (None: a root). `values`: FIELDS. Raises Invalid when the code is taken."""
    parent = _locked(parent_id) if parent_id is not None else None
    scope_allows(actor, CODE, unit_paths=[parent.path] if parent else []).require(CODE)
    if parent is not None and is_closed(parent):
        raise Refused(
            "unit_closed", _("%(unit)s is closed; nothing can be put below it.") % {"unit": parent.name}
        )
    unit = Unit(parent=parent, **_known(values))
    _save_new(unit)
    unit.path = f"{parent.path if parent else '/'}{unit.pk}/"
    unit.save(update_fields=["path"])
    audit.record(
        actor=actor,
        verb="accounts.create_unit",
        object_type="unit",
        object_id=unit.pk,
        data={"parent": parent_id, **_plain(values)},
    )
    return unit


@transaction.atomic
def change_unit(*, actor: Actor, unit_id: int, version: int | None, **values: Any) -> Unit:
    """Change fields of FIELDS. `version` as the form carried it: raises Stale when somebody was faster."""
    unit = _locked(unit_id)
    scope_allows(actor, CODE, unit_paths=[unit.path]).require(CODE)
    _check_version(unit, version, values)
    before = {name: getattr(unit, name) for name in values}
    for name, value in _known(values).items():
        setattr(unit, name, value)
    unit.pinyin = spell(unit.name, unit.short_name)
    unit.version += 1
    try:
        with transaction.atomic():
            unit.save()
    except IntegrityError:
        raise _code_taken(unit.code) from None
    changed = {
        name: [_text(before[name]), _text(values[name])] for name in values if before[name] != values[name]
    }
    audit.record(
        actor=actor, verb="accounts.change_unit", object_type="unit", object_id=unit.pk, data=changed
    )
    return unit


@transaction.atomic
def move_unit(*, actor: Actor, unit_id: int, parent_id: int | None, version: int | None = None) -> Unit:
    """Hang a unit, with all below it, under another. Raises Refused for a circle."""
    # One mover at a time: two crossing moves could otherwise make a circle that neither saw.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('accounts.move_unit'))")
    unit = _locked(unit_id)
    parent = _locked(parent_id) if parent_id is not None else None
    _permit_above(actor, unit)
    scope_allows(actor, CODE, unit_paths=[parent.path] if parent else []).require(CODE)
    _check_version(unit, version, {})
    if parent is not None and parent.path.startswith(unit.path):
        raise Refused(
            "circle", _("%(unit)s cannot be put below itself or a unit below it.") % {"unit": unit.name}
        )
    if parent is not None and is_closed(parent):
        raise Refused(
            "unit_closed", _("%(unit)s is closed; nothing can be put below it.") % {"unit": parent.name}
        )
    old_path, old_parent = unit.path, unit.parent_id
    new_path = f"{parent.path if parent else '/'}{unit.pk}/"
    if new_path == old_path:
        return unit
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_unit SET path = %s || substr(path, %s), version = version + 1 WHERE path LIKE %s",
            [new_path, len(old_path) + 1, old_path + "%"],
        )
    Unit.objects.filter(pk=unit.pk).update(parent=parent)
    audit.record(
        actor=actor,
        verb="accounts.move_unit",
        object_type="unit",
        object_id=unit.pk,
        data={"parent": [old_parent, parent_id], "path": [old_path, new_path]},
    )
    events.emit(MOVED, unit_id=unit.pk)
    unit.refresh_from_db()
    return unit


@transaction.atomic
def close_unit(*, actor: Actor, unit_id: int, on: date | None = None, reason: str = "") -> Unit:
    """Close a unit (from `on`, default today). Refused while units below are open or a guard objects (open orders)."""
    unit = _locked(unit_id)
    _permit_above(actor, unit)
    if is_closed(unit):
        raise Refused("unit_closed", _("%(unit)s is closed already.") % {"unit": unit.name})
    below = Unit.objects.filter(parent=unit, closed_on__isnull=True).order_by("id").first()
    if below is not None:
        raise Refused(
            "units_below",
            _("%(unit)s has open units below it, such as %(below)s. Move or close them first.")
            % {"unit": unit.name, "below": below.name},
        )
    against = hooks.reasons_against_closing(unit.pk)
    if against:
        raise Refused(
            "unit_busy",
            _("%(unit)s cannot be closed now: %(why)s") % {"unit": unit.name, "why": _("; ").join(against)},
        )
    unit.closed_on = on or today()
    unit.version += 1
    unit.save(update_fields=["closed_on", "version"])
    audit.record(
        actor=actor,
        verb="accounts.close_unit",
        object_type="unit",
        object_id=unit.pk,
        reason=reason,
        data={"on": str(unit.closed_on)},
    )
    events.emit(CLOSED, unit_id=unit.pk)
    return unit


@transaction.atomic
def reopen_unit(*, actor: Actor, unit_id: int) -> Unit:
    """Open a closed unit again; the unit above must be open."""
    unit = _locked(unit_id)
    _permit_above(actor, unit)
    parent = unit.parent
    if parent is not None and is_closed(parent):
        raise Refused(
            "unit_closed", _("%(unit)s is closed; nothing can be put below it.") % {"unit": parent.name}
        )
    unit.closed_on = None
    unit.version += 1
    unit.save(update_fields=["closed_on", "version"])
    audit.record(actor=actor, verb="accounts.reopen_unit", object_type="unit", object_id=unit.pk)
    return unit


def is_closed(unit: Unit) -> bool:
    return unit.closed_on is not None and unit.closed_on <= today()


def _permit_above(actor: Actor, unit: Unit) -> None:
    """To move, close or reopen a unit one must keep the unit above it: nobody closes their own ground."""
    above = unit.path.removesuffix(f"{unit.pk}/")
    scope_allows(actor, CODE, unit_paths=[above] if above != "/" else []).require(CODE)


def _locked(unit_id: int) -> Unit:
    unit = Unit.objects.select_for_update(of=("self",)).filter(pk=unit_id).first()
    if unit is None:
        raise NotVisible
    return unit


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise TypeError(f"a unit has no field {', '.join(sorted(unknown))} to change here")
    return dict(values)


def _save_new(unit: Unit) -> None:
    unit.pinyin = spell(unit.name, unit.short_name)
    try:
        with transaction.atomic():
            unit.save()
    except IntegrityError:
        raise _code_taken(unit.code) from None


def _code_taken(code: str) -> Invalid:
    words = _("The code %(code)s belongs to another unit.") % {"code": code}
    return Invalid("code_taken", words, details={"code": words})


def _check_version(unit: Unit, version: int | None, values: Mapping[str, Any]) -> None:
    if version is not None and version != unit.version:
        raise Stale(
            "unit_changed",
            _("Somebody changed %(unit)s meanwhile. Look at the present state and change it again.")
            % {"unit": unit.name},
            details={
                "yours": _plain(values),
                "theirs": {name: _text(getattr(unit, name)) for name in values},
            },
        )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(value) for name, value in values.items()}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
