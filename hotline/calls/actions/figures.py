"""Quarters settled once their calls are over, days counted again, targets watched, figures handed out as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min

from hotline.accounts.models import Person, Role
from hotline.accounts.queries.actors import valid_memberships
from hotline.audit.actions import record
from hotline.calls.models import (
    AgentDay,
    AgentSession,
    BreachNotice,
    Call,
    CallSlot,
    CallState,
    HallSlot,
    TargetBreach,
)
from hotline.calls.permissions import can_distribute, can_watch
from hotline.calls.queries.figures import last_day, raw_calls, raw_seconds, raw_work
from hotline.calls.rules.figures import (
    COLUMNS,
    SLOT,
    STATES,
    TARGETS,
    Judgement,
    Measure,
    judge,
    midnight,
    slot_of,
)
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE, now
from hotline.kit.live import publish
from hotline.kit.tables import plain_cell
from hotline.kit.watermarks import watermark

SETTLE = 0x63616C6C7322
"""Advisory lock of the transaction: who counts agents' days adds to them."""
GRACE = timedelta(minutes=5)
"""The switch's events carry their own times; one that comes later than this changes no settled quarter."""
PATIENCE = timedelta(hours=6)
"""A call older than this holds up nobody's figures; the night counts the day again."""
MOST_SLOTS = 400
"""Quarters in one go: four days."""


@transaction.atomic
def settle(*, actor: Actor, most: int = MOST_SLOTS) -> int:
    """Settle the quarters that are over with all their calls, in their order; how many. Another at work: 0."""
    can_distribute(actor).require("calls:distribute")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SETTLE])
        if not cursor.fetchone()[0]:
            return 0
    begins = _next_slot()
    if begins is None:
        return 0
    ends = min(_settles_until(), begins + most * SLOT)
    count = 0
    while begins < ends:
        # A city's day at a time: agents' days are kept by day.
        until = min(ends, midnight(begins.astimezone(CITY_ZONE).date() + timedelta(days=1)))
        count += _settle(begins, until)
        begins = until
    return count


def _next_slot() -> datetime | None:
    last: datetime | None = HallSlot.objects.aggregate(last=Max("begins_at"))["last"]
    if last is not None:
        return last + SLOT
    firsts = (
        Call.objects.aggregate(first=Min("arrived_at"))["first"],
        AgentSession.objects.aggregate(first=Min("signed_in_at"))["first"],
    )
    known = [one for one in firsts if one is not None]
    return slot_of(min(known)) if known else None


def _settles_until() -> datetime:
    """The end of the last quarter of which nothing can change any more."""
    moment = now()
    under_way: list[datetime] = [
        one
        for one in (
            Call.objects.exclude(state=CallState.ENDED)
            .filter(arrived_at__gt=moment - PATIENCE)
            .aggregate(first=Min("arrived_at"))["first"],
            # In after-call work the call is over, and its work not.
            AgentSession.objects.filter(state="wrap_up", call__arrived_at__gt=moment - PATIENCE).aggregate(
                first=Min("call__arrived_at")
            )["first"],
        )
        if one is not None
    ]
    return min([slot_of(moment - GRACE), *map(slot_of, under_way)])


def _settle(since: datetime, until: datetime) -> int:
    """Rows of quarters of one day; those of its agents grow."""
    moment = now()
    found = raw_calls(since, until)
    CallSlot.objects.bulk_create(
        CallSlot(
            begins_at=one.at,
            line_id=one.line,
            lane_id=one.lane,
            **{name: getattr(one.load, name) for name in COLUMNS},
        )
        for one in found
    )
    spent = raw_seconds(since, until, SLOT)
    HallSlot.objects.bulk_create(
        HallSlot(begins_at=at, settled_at=moment, **{name: getattr(value, name) for name in STATES})
        for at, value in spent.items()
    )
    day = since.astimezone(CITY_ZONE).date()
    work = raw_work(since, until)
    before = {row.person_id: row for row in AgentDay.objects.filter(day=day, person_id__in=work)}
    rows = []
    for person, one in work.items():
        row = before.get(person) or AgentDay(day=day, person_id=person, offered=0, taken=0, not_taken=0)
        for name in STATES:
            setattr(row, name, (getattr(row, name) or 0.0) + getattr(one.seconds, name))
        row.offered, row.taken, row.not_taken = (
            row.offered + one.offered, row.taken + one.taken, row.not_taken + one.not_taken,
        )  # fmt: skip
        rows.append(row)
    fields = [*STATES, "offered", "taken", "not_taken"]
    AgentDay.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["day", "person"], update_fields=fields
    )
    return len(spent)


@transaction.atomic
def count_again(*, actor: Actor, day: date) -> list[str]:
    """Make a settled day's rows again from calls, segments and spells; what differed, as names of columns with both sums.

    Only quarters that are settled are made again; nothing of a day that is not.
    """
    can_distribute(actor).require("calls:distribute")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SETTLE])
    begins, ends = midnight(day), midnight(day + timedelta(days=1))
    slots = HallSlot.objects.filter(begins_at__gte=begins, begins_at__lt=ends)
    edges = slots.aggregate(first=Min("begins_at"), last=Max("begins_at"))
    if edges["first"] is None:
        return []
    before = _sums(day, begins, ends)
    CallSlot.objects.filter(begins_at__gte=begins, begins_at__lt=ends).delete()
    slots.delete()
    AgentDay.objects.filter(day=day).delete()
    _settle(edges["first"], edges["last"] + SLOT)
    after = _sums(day, begins, ends)
    return [
        f"{name}: {before[name]:g} → {after[name]:g}"
        for name in before
        if abs(before[name] - after[name]) > 0.01
    ]


def _sums(day: date, begins: datetime, ends: datetime) -> dict[str, float]:
    tables: Sequence[tuple[str, Any, Iterable[str]]] = (
        ("calls", CallSlot.objects.filter(begins_at__gte=begins, begins_at__lt=ends), COLUMNS),
        ("hall", HallSlot.objects.filter(begins_at__gte=begins, begins_at__lt=ends), STATES),
        ("agents", AgentDay.objects.filter(day=day), (*STATES, "offered", "taken", "not_taken")),
    )
    found: dict[str, float] = {}
    for table, rows, columns in tables:
        for values in rows.values_list(*columns):
            for name, value in zip(columns, values, strict=True):
                found[f"{table}.{name}"] = found.get(f"{table}.{name}", 0.0) + float(value)
    return {
        f"{table}.{name}": found.get(f"{table}.{name}", 0.0)
        for table, _rows, columns in tables
        for name in columns
    }


@transaction.atomic
def watch_targets(*, actor: Actor) -> list[str]:
    """Judge the last 24 hours. A target missed is one breach until it is met again; its beginning and its end are each told to
    every shift leader in office once. Returns the measures that changed."""
    can_distribute(actor).require("calls:distribute")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SETTLE + 1])
    day = last_day()
    open_ones = {one.measure: one for one in TargetBreach.objects.select_for_update().filter(ended_at=None)}
    changed = []
    for measure in Measure:
        value = getattr(day, measure)
        breach = open_ones.get(measure)
        verdict = judge(value, day.decided, TARGETS[measure], missed_before=breach is not None)
        if verdict is Judgement.MISSED and breach is None:
            breach = TargetBreach.objects.create(measure=measure, began_at=now(), value=value, worst=value)
            _tell(breach, over=False)
            changed.append(str(measure))
        elif breach is not None and verdict is Judgement.MISSED and value < breach.worst:
            TargetBreach.objects.filter(pk=breach.pk).update(worst=value)
        elif breach is not None and verdict is Judgement.MET:
            TargetBreach.objects.filter(pk=breach.pk).update(ended_at=now())
            _tell(breach, over=True)
            changed.append(str(measure))
    return changed


def _tell(breach: TargetBreach, *, over: bool) -> None:
    leaders = list(
        Person.objects.filter(
            pk__in=valid_memberships(now()).filter(role=Role.SHIFT_LEADER).values("person_id"), is_active=True
        ).values_list("pk", flat=True)
    )
    BreachNotice.objects.bulk_create(
        [BreachNotice(breach=breach, person_id=one, over=over, told_at=now()) for one in leaders],
        ignore_conflicts=True,
    )
    if over:
        # Who has not seen the beginning need not any more.
        BreachNotice.objects.filter(breach=breach, over=False, seen_at=None).update(seen_at=now())
    publish(
        ["seats", *(f"person:{one}" for one in leaders)],
        "target.met" if over else "target.missed",
        measure=breach.measure,
    )


@transaction.atomic
def note_breaches(*, actor: Actor) -> int:
    """The actor has seen what they were told of missed targets. Returns how many notices."""
    can_watch(actor).require("calls:watch")
    rows = BreachNotice.objects.filter(person_id=actor.id, seen_at=None)
    count = rows.update(seen_at=now())
    if count:
        publish([f"person:{actor.id}"], "target.seen")
    return count


@transaction.atomic
def export_figures(
    *, actor: Actor, title: str, header: Sequence[str], rows: Iterable[Sequence[Any]], asked: dict[str, str]
) -> bytes:
    """A table of figures as CSV (UTF-8 with BOM), marked with who and when, audited. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    at = now()
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    mark = watermark(actor, at)
    writer.writerow([mark])
    writer.writerow([plain_cell(title)])
    writer.writerow(list(map(plain_cell, header)))
    count = 0
    for row in rows:
        writer.writerow(list(map(plain_cell, row)))
        count += 1
    writer.writerow([mark])
    record(
        actor=actor,
        verb="calls.export_figures",
        object_type="call_figures",
        object_id="csv",
        data={**asked, "rows": count, "at": at.isoformat()},
    )
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()
