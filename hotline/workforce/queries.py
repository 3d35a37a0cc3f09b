"""What calls, shifts and days say: forecasts with their error, staffing, a day's callers and seats to be played again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from django.db.models import F, Q, Sum

from hotline.calls.models import AgentSession, AgentShift, AgentSpell, AgentState, Call, CallSlot
from hotline.calls.queries import lane_facts, levels_of
from hotline.calls.queries.figures import hall_seconds, settled_until, sums
from hotline.calls.rules.figures import SLOT, Load, Seconds, midnight
from hotline.calls.rules.queueing import LaneFacts
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import Refused
from hotline.workforce.models import SimulationRun, SpecialDay
from hotline.workforce.permissions import can_see
from hotline.workforce.rules.erlang import Target, planned_for, seats_needed, service_a
from hotline.workforce.rules.forecast import (
    HISTORY_DAYS,
    QUARTERS,
    Error,
    Kind,
    Tested,
    backtest,
    forecast,
    kind_of,
    together,
)
from hotline.workforce.rules.simulation import Caller, Seat, drawn_patience, patience_of
from hotline.worktime.queries import calendar_in_effect
from hotline.worktime.rules.calendar import YearUnknown

TESTED_DAYS = 14
HANDLING = 360.0
"""Seconds of a call with its after-call work until there is one (rules.md section 6: about 6 min from call to dispatch)."""
PATIENCE = 120.0
"""Mean patience until somebody gave up. Design default."""


def demand(first: date, last: date) -> dict[date, list[float]]:
    """Calls that asked for an agent, by day of the city and quarter; only days settled from beginning to end, and with a call."""
    found: dict[date, list[float]] = {}
    ends = min(midnight(last + timedelta(days=1)), settled_until())
    rows = (
        CallSlot.objects.filter(begins_at__gte=midnight(first), begins_at__lt=ends)
        .values_list("begins_at")
        .annotate(asked=Sum(F("queued") + F("full")))
    )
    for at, asked in rows:
        local = at.astimezone(CITY_ZONE)
        day = found.setdefault(local.date(), [0.0] * QUARTERS)
        day[local.hour * 4 + local.minute // 15] += asked
    return {day: counts for day, counts in found.items() if midnight(day + timedelta(days=1)) <= ends}


def kinds() -> Callable[[date], Kind]:
    """Working days by the calendar in effect; Monday to Friday where it has none."""
    try:
        calendar = calendar_in_effect().calendar
    except Refused:
        calendar = None

    @cache
    def kind(day: date) -> Kind:
        works = day.weekday() < 5
        if calendar is not None:
            with contextlib.suppress(YearUnknown):
                works = calendar.is_workday(day)
        return kind_of(day, works=works)

    return kind


def factors() -> Callable[[date], float]:
    """What planners know of days."""
    known = dict(SpecialDay.objects.values_list("day", "factor"))
    return lambda day: known.get(day, 1.0)


@dataclass(frozen=True, slots=True)
class Outlook:
    """One day by quarters with what has come of it, its kind, and how wrong the last days' forecasts were."""

    day: date
    kind: Kind
    special: SpecialDay | None
    expected: list[float] | None
    actual: list[float] | None
    tested: list[Tested]
    ours: Error | None
    naive: Error | None


def outlook(actor: Actor, day: date) -> Outlook:
    """The forecast of a day from settled days before it, and its error in the last two weeks. NotPermitted unless a watcher."""
    can_see(actor).require("calls:watch")
    history = demand(day - timedelta(days=HISTORY_DAYS + TESTED_DAYS + 7), day)
    kind, factor = kinds(), factors()
    days = sorted(one for one in history if one < day)[-TESTED_DAYS:]
    tested = backtest(history, days, kind, factor)
    ours, naive = together(tested)
    return Outlook(
        day,
        kind(day),
        SpecialDay.objects.filter(day=day).first(),
        forecast(history, day, kind, factor),
        history.get(day),
        tested,
        ours,
        naive,
    )


def handling_and_patience(day: date) -> tuple[float, float]:
    """Mean seconds of a call with its after-call work in the two weeks before, and what patience explains those who gave up."""
    row = CallSlot.objects.filter(
        begins_at__gte=midnight(day - timedelta(days=14)), begins_at__lt=midnight(day)
    ).aggregate(
        seconds=Sum(F("talk_seconds") + F("hold_seconds") + F("wrap_seconds")),
        talked=Sum("talked"),
        waited=Sum(F("wait_seconds") + F("abandoned_seconds")),
        abandoned=Sum("abandoned"),
    )
    handling = row["seconds"] / row["talked"] if row["talked"] else HANDLING
    # Of exponential patience: all seconds waited ÷ those who gave up (maximum likelihood with who was answered as not known).
    patience = row["waited"] / row["abandoned"] if row["abandoned"] and row["waited"] else PATIENCE
    return handling, patience


@dataclass(frozen=True, slots=True)
class Advice:
    """A quarter hour: seats needed at the telephone, to be planned, planned; and what the planned would give by Erlang A."""

    at: datetime
    calls: float
    needed: int
    to_plan: int
    planned: int
    abandoned: float | None
    wait: float | None

    @property
    def over(self) -> int:
        """Planned more than is to be planned; negative: too few."""
        return self.planned - self.to_plan


def staffing(day: date, expected: Sequence[float], target: Target) -> list[Advice]:
    """Each quarter of a day against the plan of shifts."""
    handling, patience = handling_and_patience(day)
    begins, ends = midnight(day), midnight(day + timedelta(days=1))
    shifts = list(
        AgentShift.objects.filter(begins_at__lt=ends, ends_at__gt=begins).values_list("begins_at", "ends_at")
    )
    found = []
    for place, calls in enumerate(expected):
        at = begins + place * SLOT
        # Present for the whole quarter counts; who begins in its middle does not yet.
        planned = sum(first <= at and last >= at + SLOT for first, last in shifts)
        needed = seats_needed(4 * calls, handling, target)
        present = int(planned * (1 - target.shrinkage))
        service = service_a(present, 4 * calls, handling, patience) if present and calls > 0 else None
        found.append(
            Advice(
                at,
                calls,
                needed,
                planned_for(needed, target.shrinkage),
                planned,
                service.abandoned if service else None,
                service.wait if service else None,
            )
        )
    return found


# -- a day to be played again ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stream:
    """A day as it was: callers with the patience they are given, seats, lanes, figures."""

    callers: list[Caller]
    seats: list[Seat]
    lanes: Mapping[str, LaneFacts]
    load: Load
    seconds: Seconds


def stream(day: date, seed: int) -> Stream:
    """Callers and seats of a day. Patience of who was answered is drawn from the day's own (Kaplan and Meier), by the seed.

    A caller who gave up has the handling time of one who was answered, drawn likewise. Raises Refused `no_calls`.
    """
    begins, ends = midnight(day), midnight(day + timedelta(days=1))
    spent: dict[int, tuple[float, float]] = {}
    parts = AgentSpell.objects.filter(
        call__arrived_at__gte=begins, call__arrived_at__lt=ends, ended_at__isnull=False
    ).values_list("call_id")
    for pk, talk, wrap in parts.annotate(
        talk=Sum(F("ended_at") - F("began_at"), filter=Q(state__in=["talking", "hold", "consulting"])),
        wrap=Sum(F("ended_at") - F("began_at"), filter=Q(state="wrap_up")),
    ):
        if talk is not None:
            spent[pk] = (talk.total_seconds(), wrap.total_seconds() if wrap is not None else 0.0)
    rows = list(
        Call.objects.filter(
            direction="in",
            arrived_at__gte=begins,
            arrived_at__lt=ends,
            queued_at__isnull=False,
            state="ended",
        )
        .order_by("queued_at", "pk")
        .values_list("pk", "queued_at", "lane__code", "priority", "connected_at", "ended_at")
    )
    if not rows:
        raise Refused("no_calls", f"{day:%Y-%m-%d}")
    known_rows = [
        (pk, queued, lane, priority, connected or ended or queued, connected is None)
        for pk, queued, lane, priority, connected, ended in rows
        if queued is not None
    ]
    waits = [((until - queued).total_seconds(), alone) for _pk, queued, _l, _p, until, alone in known_rows]
    curve = patience_of(waits)
    random = Random(seed)
    known = sorted(spent.values()) or [(HANDLING, 0.0)]
    callers = []
    for (pk, queued, lane, priority, _until, _alone), (waited, gave_up) in zip(
        known_rows, waits, strict=True
    ):
        talk, wrap = spent.get(pk) or random.choice(known)
        patience = waited if gave_up else drawn_patience(curve, waited, random)
        callers.append(Caller(pk, queued, lane, priority, patience, talk, wrap))
    step = timedelta(days=1)
    return Stream(
        callers,
        _seats(begins, ends),
        lane_facts(),
        sums(begins, ends, step).whole,
        sum(hall_seconds(begins, ends, step).values(), Seconds()),
    )


def _seats(begins: datetime, ends: datetime) -> list[Seat]:
    """Who took calls when: stretches of each session between its pauses."""
    sessions = AgentSession.objects.filter(signed_in_at__lt=ends).exclude(signed_out_at__lt=begins)
    people = dict(sessions.values_list("pk", "person_id"))
    levels = levels_of(people.values())
    stretches: list[tuple[int, datetime, datetime]] = []
    rows = (
        AgentSpell.objects.filter(session__in=people, began_at__lt=ends)
        .exclude(ended_at__lte=begins)
        .exclude(state=AgentState.PAUSED)
        .order_by("session_id", "began_at", "pk")
    )
    for session, began, ended in rows.values_list("session_id", "began_at", "ended_at"):
        first, last = max(began, begins), min(ended or ends, ends)
        if stretches and stretches[-1][0] == session and stretches[-1][2] == first:
            stretches[-1] = (session, stretches[-1][1], last)
        else:
            stretches.append((session, first, last))
    return [
        Seat(n, first, last, levels.get(people[session], {}))
        for n, (session, first, last) in enumerate(stretches, 1)
        if last > first
    ]


def runs(actor: Actor, most: int = 30) -> list[SimulationRun]:
    """Days played again, newest first. NotPermitted unless a watcher."""
    can_see(actor).require("calls:watch")
    return list(SimulationRun.objects.select_related("asked_by")[:most])
