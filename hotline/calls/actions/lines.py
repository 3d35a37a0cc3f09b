"""Lines, lanes and pause codes, one at a time. A change takes effect for the next call; none may strand callers who wait."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Max, Model, Q
from django.utils.translation import gettext as _
from pydantic import ValidationError

from hotline.audit import actions as audit
from hotline.calls.actions.configuring import LaneRow, LineRow, PauseRow
from hotline.calls.models import Call, CallState, Lane, Line, PauseCode, Skill
from hotline.calls.permissions import can_configure
from hotline.calls.queries.lines import lanes_unserved
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible, Refused, Stale

Row = TypeVar("Row", bound=Model)


@transaction.atomic
def save_line(*, actor: Actor, code: str, new: bool = False, seen: str | None = None, **values: Any) -> Line:
    """A line as `LineRow` has it (lanes by code). The greeting's file stays; a new line gets one of its own.

    `seen`: `seen_of` the row as the actor saw it. Raises NotPermitted, NotVisible, Stale, Invalid by field, Refused `fallback` when
    no line would take calls to unknown numbers.
    """
    can_configure(actor).require("calls:configure")
    row = _row(Line, code, new, seen)
    given = _checked(LineRow, {**values, "code": code})
    lane, choice = _lane(given.lane, "lane"), _lane(given.choice_lane, "choice_lane") if given.choice_lane else None
    problems: dict[str, str] = {}
    if bool(given.choice_key) != (choice is not None):
        problems["choice_lane"] = _("A key and its lane go together.")
    if Line.objects.filter(number=given.number).exclude(pk=row.pk).exists():
        problems["number"] = _("Another line has this number.")
    if problems:
        raise Invalid("line", _("The line was not saved."), details=problems)
    others = Line.objects.exclude(pk=row.pk)
    if not given.fallback and not others.filter(fallback=True, active=True).exists():
        raise Refused("fallback", _("One line must take calls to numbers that no line has. Choose another for it first."))
    fresh = given.model_dump(exclude={"line", "code", "lane", "choice_lane", "greeting"})
    fresh |= {"lane": lane, "choice_lane": choice}
    if new:
        row.greeting = f"greeting-{code}.wav"
    if given.fallback:
        others.filter(fallback=True).update(fallback=False)
    _write(actor, row, fresh, "calls.save_line", "line")
    return row


@transaction.atomic
def switch_line(*, actor: Actor, code: str, active: bool) -> None:
    """Out of use, or back in. Refused `fallback` for the line that takes unknown numbers; calls in progress go on."""
    can_configure(actor).require("calls:configure")
    row = _row(Line, code, False)
    if not active and row.fallback:
        raise Refused("fallback", _("One line must take calls to numbers that no line has. Choose another for it first."))
    if active and not row.lane.active:
        raise Refused("lane_closed", _("Its lane is out of use. Put the lane into use first, or choose another."))
    _write(actor, row, {"active": active}, "calls.switch_line", "line")


@transaction.atomic
def save_lane(*, actor: Actor, code: str, new: bool = False, seen: str | None = None, **values: Any) -> Lane:
    """A lane as `LaneRow` has it (skill and overflow by code). Raises NotPermitted, NotVisible, Invalid by field, Refused `strands`."""
    can_configure(actor).require("calls:configure")
    row = _row(Lane, code, new, seen)
    given = _checked(LaneRow, {**values, "code": code})
    skill = Skill.objects.filter(code=given.skill).first()
    helper = _lane(given.overflow_to, "overflow_to") if given.overflow_to else None
    problems: dict[str, str] = {}
    if skill is None:
        problems["skill"] = _("There is no such skill.")
    if (helper is None) != (given.overflow_seconds is None):
        problems["overflow_seconds"] = _("Whose agents help and after how long go together.")
    if helper is not None and helper.code == code:
        problems["overflow_to"] = _("A lane cannot help itself.")
    if problems:
        raise Invalid("lane", _("The lane was not saved."), details=problems)
    fresh = given.model_dump(exclude={"line", "code", "skill", "overflow_to"})
    fresh |= {"skill": skill, "overflow_to": helper}
    if new:
        row.position = (Lane.objects.aggregate(last=Max("position"))["last"] or 0) + 1
    _write(actor, row, fresh, "calls.save_lane", "lane")
    refuse_stranding()
    return row


@transaction.atomic
def switch_lane(*, actor: Actor, code: str, active: bool) -> None:
    """Out of use, or back in. Refused `lane_in_use` while a line leads into it, `callers_wait` while somebody waits in it."""
    can_configure(actor).require("calls:configure")
    row = _row(Lane, code, False)
    if not active:
        lines = Line.objects.filter(active=True)
        users = [
            *lines.filter(Q(lane=row) | Q(choice_lane=row)).values_list("name", flat=True),
            *Lane.objects.filter(active=True, overflow_to=row).values_list("name", flat=True),
        ]
        if users:
            raise Refused(
                "lane_in_use",
                _("Calls still come into this lane from: %(names)s. Lead them elsewhere first.")
                % {"names": "、".join(users)},
            )
        if Call.objects.filter(lane=row).exclude(state=CallState.ENDED).exists():
            raise Refused("callers_wait", _("Callers are in this lane now. Close it when they have been served."))
    _write(actor, row, {"active": active}, "calls.switch_lane", "lane")


@transaction.atomic
def save_pause(*, actor: Actor, code: str, new: bool = False, **values: Any) -> PauseCode:
    """A reason for a pause as `PauseRow` has it. Raises NotPermitted, NotVisible, Invalid."""
    can_configure(actor).require("calls:configure")
    row = _row(PauseCode, code, new)
    given = _checked(PauseRow, {**values, "code": code})
    if new:
        row.position = (PauseCode.objects.aggregate(last=Max("position"))["last"] or 0) + 1
    _write(actor, row, given.model_dump(exclude={"line", "code"}), "calls.save_pause", "pause_code")
    return row


@transaction.atomic
def switch_pause(*, actor: Actor, code: str, active: bool) -> None:
    """No longer offered, or again; who pauses for it now goes on. Refused `last_pause`: one reason must be left."""
    can_configure(actor).require("calls:configure")
    row = _row(PauseCode, code, False)
    if not active and not PauseCode.objects.filter(active=True).exclude(pk=row.pk).exists():
        raise Refused("last_pause", _("Agents must be able to pause: keep one reason at least."))
    _write(actor, row, {"active": active}, "calls.switch_pause", "pause_code")


def refuse_stranding() -> None:
    """Called after a change, in its transaction. Refused `strands` when callers wait where nobody can serve them any more."""
    waiting = set(
        Call.objects.exclude(state=CallState.ENDED).filter(connected_at=None).values_list("lane__code", flat=True)
    )
    names = [lane.name for lane in lanes_unserved() if lane.code in waiting]
    if names:
        raise Refused(
            "strands",
            _("Callers wait in %(names)s, and nobody could serve them any more. Wait until they are served.")
            % {"names": "、".join(names)},
        )


def seen_of(row: Model) -> str:
    """A mark of what a row holds; whoever changes it gives back the mark of what they saw."""
    held = [getattr(row, field.attname) for field in row._meta.concrete_fields]
    return hashlib.sha256(repr([str(value) for value in held]).encode()).hexdigest()[:16]


def _row(model: type[Row], code: str, new: bool, seen: str | None = None) -> Row:
    """The row of this code, locked; a fresh one when new. Stale when it is no longer what the actor saw."""
    found = model._default_manager.select_for_update().filter(code=code).first()
    if new:
        if found is not None:
            words = _("This code is taken.")
            raise Invalid("code", words, details={"code": words})
        return model(code=code)
    if found is None:
        raise NotVisible(code)
    if seen is not None and seen != seen_of(found):
        raise Stale("stale", _("A colleague changed this meanwhile; yours is not saved yet. Look at what differs, then save again."))
    return found


def _lane(code: str, field: str) -> Lane:
    found = Lane.objects.filter(code=code, active=True).first()
    if found is None:
        words = _("There is no such lane in use.")
        raise Invalid("lane", words, details={field: words})
    return found


def _checked(kind: Any, values: Mapping[str, Any]) -> Any:
    try:
        return kind.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        words = _("This value cannot be used.")
        details = {str(one["loc"][0]): words for one in error.errors() if one["loc"]}
        raise Invalid("values", words, details=details) from None


def _write(actor: Actor, row: Any, fresh: Mapping[str, Any], verb: str, kind: str) -> None:
    """Saved, with what changed in the log; nothing when nothing did."""
    changes = {}
    for name, value in fresh.items():
        before = getattr(row, name) if row.pk else None
        if row.pk is None or before != value:
            changes[name] = [_plain(before), _plain(value)]
        setattr(row, name, value)
    if changes:
        row.save()
        audit.record(actor=actor, verb=verb, object_type=kind, object_id=row.pk, data=changes)


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return str(value)
    return value.strftime("%H:%M") if hasattr(value, "strftime") else value
