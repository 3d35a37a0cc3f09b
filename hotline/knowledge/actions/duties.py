"""What units owe: corrections answered, entries checked again, gaps filled, in time."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from hotline.accounts.models import Unit
from hotline.audit.actions import record
from hotline.kit import clock, live
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, Refused
from hotline.kit.events import emit
from hotline.knowledge import permissions
from hotline.knowledge.actions.cycle import act
from hotline.knowledge.events import DUTY
from hotline.knowledge.models import Duty, DutyKind, DutyState, Entry
from hotline.knowledge.queries.duties import duty_for
from hotline.knowledge.queries.entries import entry_for
from hotline.knowledge.queries.vocabulary import city_settings
from hotline.knowledge.rules import SERVED, scrub
from hotline.worktime import queries as worktime
from hotline.worktime.rules import WorkCalendar, at_day

EVENING = 17 * 60 + 30
MOST_AT_ONCE = 500
"""Entries that one pass of the scanner expires; the next pass takes the rest."""


def due_after(at: datetime, workdays: int) -> datetime:
    """The evening of the n-th working day after `at`; a year that the calendar lacks counts Monday to Friday."""
    day = at.astimezone(clock.CITY_ZONE).date()
    try:
        held = worktime.calendar_in_effect().calendar
    except Refused:
        held = WorkCalendar((), {}, {})
    return at_day(held.assuming([day.year, day.year + 1]).shift_workdays(day, workdays), EVENING)


@transaction.atomic
def report_correction(*, actor: Actor, entry_id: int, text: str) -> Duty:
    """A reader says that an entry is wrong: its unit answers within the city's working days. Citizens too."""
    entry = entry_for(actor, entry_id)
    said = scrub(text)
    if len(said) < 4:
        words = _("Say what is wrong and what would be right.")
        raise Invalid("text", words, details={"text": words})
    if entry.state not in SERVED:
        raise Refused("not_served", _("This entry is not in force; there is nothing to correct."))
    return make_duty(
        actor,
        kind=DutyKind.CORRECTION,
        unit_id=entry.unit_id,
        entry=entry,
        title=entry.title,
        text=said,
        due_at=due_after(clock.now(), city_settings().correction_workdays),
    )


def make_duty(actor: Actor, *, kind: str, unit_id: int, title: str, due_at: datetime, entry: Entry | None = None,
              text: str = "", category_code: str = "", region: str = "") -> Duty:  # fmt: skip
    """Write a duty, tell its unit; in the caller's transaction."""
    duty = Duty.objects.create(
        kind=kind,
        unit_id=unit_id,
        entry=entry,
        title=title[:200],
        text=text,
        category_code=category_code or (entry.category_code if entry else ""),
        region=region or (entry.region if entry else ""),
        due_at=due_at,
        created_by=actor.key(),
        created_at=clock.now(),
    )
    record(actor=actor, verb="knowledge.make_duty", object_type="knowledge_duty", object_id=duty.pk, data={"kind": kind})
    emit(DUTY, duty_id=duty.pk, unit_id=unit_id, kind=str(kind))
    live.publish([f"unit:{unit_id}", "knowledge"], "knowledge.duty", duty=duty.pk)
    return duty


@transaction.atomic
def end_duty(*, actor: Actor, duty_id: int, state: str, answer: str) -> Duty:
    """Answer a correction or a gap: done or not needed, with the reason.

    Checks end by confirming or revising the entry, never by this.
    """
    duty = _lock(actor, duty_id)
    if state not in (DutyState.DONE, DutyState.DISMISSED):
        raise Invalid("state", _("Choose how it ends."), details={"state": str(_("Choose how it ends."))})
    if duty.kind == DutyKind.REVIEW:
        raise Refused("review", _("Confirm or revise the entry; that ends this check."))
    if not answer.strip():
        words = _("Say what was done, or why nothing is needed.")
        raise Invalid("answer", words, details={"answer": words})
    duty.state, duty.answer, duty.ended_by, duty.ended_at = state, answer.strip()[:500], actor.key(), clock.now()
    duty.save(update_fields=["state", "answer", "ended_by", "ended_at"])
    record(
        actor=actor,
        verb="knowledge.end_duty",
        object_type="knowledge_duty",
        object_id=duty.pk,
        reason=duty.answer,
        data={"state": state},
    )
    live.publish([f"unit:{duty.unit_id}", "knowledge"], "knowledge.duty", duty=duty.pk)
    return duty


@transaction.atomic
def pass_duty(*, actor: Actor, duty_id: int, unit_id: int, reason: str) -> Duty:
    """Give a gap to the unit that knows. Other duties belong to their entry's unit."""
    duty = _lock(actor, duty_id)
    if duty.kind != DutyKind.GAP or duty.entry_id is not None:
        raise Refused("bound", _("This belongs to the entry's unit; change the entry's unit instead."))
    unit = Unit.objects.filter(pk=unit_id, closed_on__isnull=True).first()
    if unit is None or unit.pk == duty.unit_id:
        words = _("Choose another unit that is in service.")
        raise Invalid("unit_id", words, details={"unit_id": words})
    if not reason.strip():
        raise Invalid("reason", _("Give the reason."), details={"reason": str(_("Give the reason."))})
    former, duty.unit = duty.unit_id, unit
    duty.save(update_fields=["unit"])
    record(
        actor=actor,
        verb="knowledge.pass_duty",
        object_type="knowledge_duty",
        object_id=duty.pk,
        reason=reason.strip(),
        data={"old": former, "new": unit.pk},
    )
    live.publish([f"unit:{former}", f"unit:{unit.pk}", "knowledge"], "knowledge.duty", duty=duty.pk)
    return duty


def _lock(actor: Actor, duty_id: int) -> Duty:
    duty_for(actor, duty_id)
    duty = Duty.objects.select_for_update(of=("self",)).select_related("unit", "entry").get(pk=duty_id)
    permissions.can_end_duty(actor, duty.unit.path).require(permissions.EDIT)
    if duty.state != DutyState.OPEN:
        raise Refused("ended", _("A colleague has ended this already."))
    return duty


@transaction.atomic
def scan(*, actor: Actor) -> dict[str, int]:
    """Expire what has ended, ask for checks that are due, warn of what ends soon, raise what is overdue; counts of each."""
    permissions.can_maintain(actor).require(permissions.MAINTAIN)
    today, wishes = clock.today(), city_settings()
    served = Entry.objects.filter(state__in=SERVED)
    over = list(served.filter(valid_to__lt=today).order_by("valid_to").values_list("pk", flat=True)[:MOST_AT_ONCE])
    for entry_id in over:
        act(actor=actor, entry_id=entry_id, verb="expire")
    reviews = served.filter(review_due_on__lte=today + timedelta(days=wishes.review_notice_days)).exclude(
        duties__in=Duty.objects.filter(kind=DutyKind.REVIEW, state=DutyState.OPEN)
    )
    asked = 0
    for entry in reviews.order_by("review_due_on")[:MOST_AT_ONCE]:
        assert entry.review_due_on is not None
        make_duty(actor, kind=DutyKind.REVIEW, unit_id=entry.unit_id, entry=entry, title=entry.title,
                  due_at=at_day(entry.review_due_on, EVENING))  # fmt: skip
        asked += 1
    ending = served.filter(valid_to__lte=today + timedelta(days=wishes.expiry_notice_days), valid_to__gte=today)
    warned = 0
    for entry in ending.order_by("valid_to")[:MOST_AT_ONCE]:
        assert entry.valid_to is not None
        due = at_day(entry.valid_to, EVENING)
        # One that was dismissed ("let it end") is not asked again, unless the day was moved.
        if entry.duties.filter(Q(state=DutyState.OPEN) | Q(due_at=due), kind=DutyKind.EXPIRING).exists():
            continue
        make_duty(actor, kind=DutyKind.EXPIRING, unit_id=entry.unit_id, entry=entry, title=entry.title, due_at=due)
        warned += 1
    late = list(
        Duty.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(state=DutyState.OPEN, due_at__lt=clock.now(), alarmed_at__isnull=True)
        .select_related("unit")
        .order_by("due_at")[:MOST_AT_ONCE]
    )
    for duty in late:
        duty.alarmed_at = clock.now()
        duty.save(update_fields=["alarmed_at"])
        record(actor=actor, verb="knowledge.alarm", object_type="knowledge_duty", object_id=duty.pk)
        above = [f"unit:{duty.unit.parent_id}"] if duty.unit.parent_id else []
        live.publish([f"unit:{duty.unit_id}", *above, "knowledge"], "knowledge.overdue", duty=duty.pk)
    return {"expired": len(over), "reviews": asked, "expiring": warned, "overdue": len(late)}


__all__ = ["due_after", "end_duty", "make_duty", "pass_duty", "report_correction", "scan"]
