"""Words on an order: notes, supplements, the actual place, named handlers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Person
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.errors import Invalid, Refused
from hotline.workorders.actions._case import Case, main_of
from hotline.workorders.models import Audience, Note, OrderAccess, OrderState, WorkOrder

NOTE_KINDS = ("note", "interim_report")
"""A remark, or a unit's interim report (中途汇报) on an urgent order."""
ECHO = timedelta(seconds=5)
"""A person's same words within this time are one act sent twice: a double click, a line that broke before the answer."""


def said_just_now(case: Case, kind: str, text: str, **more: Any) -> Note | None:
    """The note that this very act left a moment ago; the order is locked, so of two at once the second finds the first."""
    if case.actor.kind not in (ActorKind.STAFF, ActorKind.CITIZEN):
        return None  # acts of machines and other systems carry keys of their own
    given = {"kind": kind, "author": case.actor.key(), "text": text, "created_at__gt": case.now - ECHO, **more}
    return Note.objects.filter(order=case.order, **given).order_by("-id").first()


@transaction.atomic
def add_note(
    *, actor: Actor, order_id: int, text: str, audience: str = "", kind: str = "note", assignment_id: int | None = None,
    revision: int | None = None,
) -> Note:
    """A note for the audience named; without one it stays internal."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("note")
    case.require("note", text=text)
    if audience not in Audience.values or kind not in NOTE_KINDS:
        raise Invalid("note", _("Choose who may read the note."), details={"audience": _("Choose one of the list.")})
    assignment = case.assignments.get(assignment_id) if assignment_id else None
    if (echo := said_just_now(case, kind, text, audience=audience, assignment=assignment)) is not None:
        return echo
    note = Note.objects.create(
        order=case.order, audience=audience, kind=kind, text=text, assignment=assignment, author=actor.key(),
        author_name=actor.name[:80], created_at=case.now,
    )
    case.record("note", assignment=assignment, text=text, audience=audience, data={"note": note.pk, "kind": kind})
    return note


@transaction.atomic
def supplement(*, actor: Actor, order_id: int, text: str, revision: int | None = None, data: dict[str, Any] | None = None) -> Note:
    """补充: the citizen adds something to an open order; on a merged one it reaches the main order too."""
    main = main_of(order_id)
    cases = Case.many(actor, [order_id, *([main] if main else [])])
    case = cases[order_id]
    if revision is not None and revision != case.order.revision:
        case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("supplement")
    case.require("supplement", text=text)
    if (echo := said_just_now(case, "supplement", text)) is not None:
        return echo
    note = _supplement(case, text, Audience.PUBLIC, dict(data or {}))
    if main is not None and case.order.state == OrderState.MERGED:
        # Another citizen's words: the main order's own citizen does not read them.
        _supplement(cases[main], text, Audience.INTERNAL, {"from": order_id})
    return note


def _supplement(case: Case, text: str, audience: Audience, data: dict[str, Any]) -> Note:
    note = Note.objects.create(
        order=case.order, audience=audience, kind="supplement", text=text, author=case.actor.key(), author_name=case.actor.name[:80],
        created_at=case.now,
    )
    case.assignments  # noqa: B018 (read, so that the units' screens hear of it)
    case.record("supplement", text=text, audience=audience, data={"note": note.pk, **data})
    return note


@transaction.atomic
def locate(
    *, actor: Actor, order_id: int, division_id: str | None = None, address: str = "", latitude: float | None = None,
    longitude: float | None = None, revision: int | None = None,
) -> WorkOrder:
    """实际地址: where it really is, as the unit found it; the reported place stays."""
    case = Case.of(actor, order_id, revision=revision, text=address)
    case.permit("locate")
    case.require("locate")
    old = {"division": case.order.actual_division_id, "address": case.order.actual_address}
    case.change(actual_division_id=division_id or None, actual_address=address[:300])
    if latitude is not None and longitude is not None:
        case.change(latitude=latitude, longitude=longitude)
    case.record("locate", data={"old": old, "new": {"division": division_id, "address": address[:300]}})
    return case.order


@transaction.atomic
def grant_access(*, actor: Actor, order_id: int, person_id: int, reason: str, revision: int | None = None) -> OrderAccess:
    """Name a person who may see and handle a confidential order."""
    case = Case.of(actor, order_id, revision=revision, text=reason)
    case.permit("grant_access")
    case.require("grant_access", text=reason)
    if not case.order.secret:
        raise Refused("not_secret", _("The order is not confidential; nobody needs to be named."))
    person = Person.objects.filter(pk=person_id, is_active=True).first()
    if person is None:
        raise Invalid("person", _("This person does not exist."), details={"person": _("Choose a person.")})
    access, made = OrderAccess.objects.get_or_create(
        order=case.order, person=person, defaults={"granted_by": actor.key(), "reason": reason[:200]}
    )
    if made:
        case.record("grant_access", text=reason, data={"person": person.pk})
    return access
