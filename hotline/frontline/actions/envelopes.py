"""An envelope's act, once. What it asks for is done by `workorders`; the receipt stands in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from hotline.frontline.models import Device, Receipt
from hotline.frontline.permissions import can_work
from hotline.frontline.rules import PHOTO_KINDS, Envelope, Times, place_of, times_of
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.numbers import whole
from hotline.workorders import actions as workorders
from hotline.workorders.actions.attachments import attach
from hotline.workorders.actions.photos import Taken
from hotline.workorders.models import Assignment, Audience, WorkOrder
from hotline.workorders.queries import get_visible
from hotline.workorders.rules import ReplyForm

Answer = dict[str, Any]
At = dict[str, Any]
KEPT = timedelta(days=60)
"""Receipts are kept twice as long as any queue may wait."""
_REPLY = {field.name for field in fields(ReplyForm)} - {"visited_at", "replied_to_citizen_at", "citizen_satisfied", "publishable"}


def perform(*, actor: Actor, device: Device, envelope: Envelope) -> Answer:
    """Do what the envelope asks, or give the first answer again. Raises as the action, and Refused `other_device`, `other_content`."""

    def act(assignment: Assignment, times: Times) -> Answer:
        call = _CALLS.get(envelope.verb)
        if call is None:
            raise Invalid("verb", _("This cannot be done from the phone."))
        at = {"actor": actor, "assignment_id": assignment.pk, "revision": envelope.revision}
        call(at, envelope.data, times, assignment)
        return {}

    return _once(actor, device, envelope, act)


def perform_photo(*, actor: Actor, device: Device, envelope: Envelope, chunks: Iterable[bytes], name: str) -> Answer:
    """Store a photo with its order as `perform` does; no revision: a photo disturbs nobody's words. Raises as `attach`."""

    def act(assignment: Assignment, times: Times) -> Answer:
        kind = str(envelope.data.get("kind", "photo"))
        taken = Taken(times.device_at, times.true_at, times.doubtful, **place_of(envelope.data))
        row = attach(
            actor=actor, order_id=assignment.order_id, chunks=chunks, name=name, kind=kind if kind in PHOTO_KINDS else "photo",
            audience=Audience.PUBLIC if envelope.data.get("public") is True else "", taken=taken,
        )  # fmt: skip
        return {"attachment": row.pk}

    return _once(actor, device, envelope, act)


def _once(actor: Actor, device: Device, envelope: Envelope, act: Callable[[Assignment, Times], Answer]) -> Answer:
    can_work(actor).require("workorders:sign")
    if device.person_id != actor.id or device.uid != envelope.device:
        raise Refused("other_device", _("This was queued on another device. Send it from there."))
    try:
        with transaction.atomic():
            return _first(actor, device, envelope, act)
    except IntegrityError:
        # Only the receipt's own key can say so: the act has been done, or is being done by a twin that was faster.
        known = Receipt.objects.select_related("device").filter(pk=envelope.client_id).first()
        if known is None:
            raise
        return _again(device, envelope, known)


def _first(actor: Actor, device: Device, envelope: Envelope, act: Callable[[Assignment, Times], Answer]) -> Answer:
    assignment = Assignment.objects.filter(pk=envelope.assignment).first()
    if assignment is None:
        raise NotVisible("assignment")
    order = get_visible(actor, assignment.order_id)
    moment = now()
    times = times_of(envelope, moment)
    receipt = Receipt.objects.create(
        client_id=envelope.client_id, device=device, verb=envelope.verb, assignment=assignment, digest=envelope.digest(),
        device_at=times.device_at, true_at=times.true_at, doubtful=times.doubtful, received_at=moment,
    )  # fmt: skip
    if order.secret:
        raise Refused("secret", _("Confidential orders are handled on the computer only."))
    answer = act(assignment, times)
    revision = WorkOrder.objects.values_list("revision", flat=True).get(pk=order.pk)
    receipt.answer = {
        "client_id": str(envelope.client_id), "verb": envelope.verb, "assignment": assignment.pk, "revision": revision,
        "true_at": times.true_at.isoformat(), "doubtful": times.doubtful, **answer,
    }  # fmt: skip
    receipt.save(update_fields=["answer"])
    return {**receipt.answer, "again": False}


def _again(device: Device, envelope: Envelope, known: Receipt) -> Answer:
    if known.device_id != device.pk:
        raise Refused("other_device", _("This was queued on another device. Send it from there."))
    if bytes(known.digest) != envelope.digest():
        raise Refused("other_content", _("Something else was sent under this number before. Nothing was changed."))
    return {**known.answer, "again": True}


# ── what each verb asks for ──


def _text(data: Mapping[str, Any], name: str, most: int = 5000) -> str:
    value = data.get(name, "")
    return value.replace("\0", "")[:most] if isinstance(value, str) else ""


def _earliest(times: Times, assignment: Assignment) -> datetime:
    """Nobody acted on it before they had it; a clock that says so errs by less than matters."""
    return max(times.true_at, assignment.created_at)


def _contact(at: At, data: Mapping[str, Any], times: Times, assignment: Assignment) -> None:
    workorders.record_contact(
        reached=data.get("reached") is True, person=at["actor"].name, contacted_at=_earliest(times, assignment),
        reason_code=_text(data, "reason_code", 40), text=_text(data, "text"), **at,
    )  # fmt: skip


def _unit(data: Mapping[str, Any]) -> int:
    number = whole(str(data.get("unit", "")))
    if number is None:
        raise Invalid("unit", _("Choose a unit."), details={"unit": _("Choose a unit.")})
    return number


def _ask(at: At, data: Mapping[str, Any], _times: Times, _assignment: Assignment) -> None:
    workorders.ask_assistance(unit_ids=[_unit(data)], text=_text(data, "text"), **at)


def _return(at: At, data: Mapping[str, Any], _times: Times, assignment: Assignment) -> None:
    number = whole(str(data.get("unit", "")))
    workorders.apply(
        kind="return", reason_code=_text(data, "reason_code", 40), text=_text(data, "text"), basis=_text(data, "basis"),
        suggested_unit_id=number, **at,
    )  # fmt: skip


def _reply(at: At, data: Mapping[str, Any], times: Times, assignment: Assignment) -> None:
    given: dict[str, Any] = {name: _text(data, name) for name in _REPLY if _text(data, name)}
    visited = assignment.arrived_at if given.get("site_visit") == "yes" else None
    if given.get("site_visit") == "yes":
        visited = visited or _earliest(times, assignment)
    form = ReplyForm(**{"text": "", **given}, visited_at=visited, replied_to_citizen_at=_earliest(times, assignment))
    workorders.submit_reply(form=form, **at)


def _note(at: At, data: Mapping[str, Any], _times: Times, assignment: Assignment) -> None:
    workorders.add_note(
        actor=at["actor"], order_id=assignment.order_id, text=_text(data, "text"), assignment_id=assignment.pk, revision=at["revision"]
    )


_CALLS: Mapping[str, Callable[[At, Mapping[str, Any], Times, Assignment], Any]] = {
    "sign": lambda at, data, times, row: workorders.sign(**at),
    "take": lambda at, data, times, row: workorders.take(**at),
    "contact": _contact,
    "arrive": lambda at, data, times, row: workorders.arrive(**{**at, **place_of(data), "arrived_at": _earliest(times, row)}),
    "send_down": lambda at, data, times, row: workorders.send_down(unit_id=_unit(data), instructions=_text(data, "text"), **at),
    "ask_assistance": _ask,
    "give_opinion": lambda at, data, times, row: workorders.give_opinion(text=_text(data, "text"), **at),
    "return": _return,
    "reply": _reply,
    "note": _note,
}


def forget_receipts(*, before: datetime | None = None) -> int:
    """Delete receipts that no queue can ask for again; returns how many."""
    count, _rows = Receipt.objects.filter(received_at__lt=before or now() - KEPT).delete()
    return count


__all__ = ["forget_receipts", "perform", "perform_photo"]
