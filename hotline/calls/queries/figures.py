"""Figures of the telephone (B15): settled quarters from their rows, what is not settled yet from the calls themselves.

The same two statements count a quarter when it is settled (`actions/figures.py`) and while it is young, so that a figure is the same
before and after, and any of them can be made again from calls, segments and spells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from hotline.accounts.models import Person
from hotline.calls.models import (
    AgentDay,
    AgentSession,
    BreachNotice,
    HallSlot,
    Lane,
    Line,
    TargetBreach,
)
from hotline.calls.permissions import can_watch
from hotline.calls.rules.figures import (
    COLUMNS,
    IN_TIME,
    SLOT,
    STATES,
    STATES_OF,
    TARGETS,
    WINDOW,
    Grain,
    Judgement,
    Load,
    Measure,
    Seconds,
    Work,
    judge,
    midnight,
    row_of,
    rows_between,
    slot_of,
)
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE, now
from hotline.kit.health import Level, Result

MOST_DAYS = 62
"""A page shows at most two months; the rest is the analysts'."""
MOST_HALF_HOURS_DAYS = 7

INBOUND = "c.direction = 'in'"
"""Calls that citizens made."""

RAW_CALLS = f"""
SELECT date_bin('15 minutes', c.arrived_at, TIMESTAMPTZ 'epoch') AS begins_at, c.line_id, c.lane_id,
 count(*) AS arrived,
 count(*) FILTER (WHERE c.queued_at IS NULL AND c.ended_at IS NOT NULL AND c.outcome NOT IN ('closed', 'full')) AS left_early,
 count(*) FILTER (WHERE c.queued_at IS NULL AND c.ended_at IS NOT NULL AND c.outcome = 'closed') AS closed,
 count(*) FILTER (WHERE c.queued_at IS NULL AND c.ended_at IS NOT NULL AND c.outcome = 'full') AS "full",
 count(*) FILTER (WHERE c.queued_at IS NULL AND c.ended_at IS NULL) AS coming,
 count(c.queued_at) AS queued,
 count(c.connected_at) FILTER (WHERE c.queued_at IS NOT NULL) AS answered,
 count(*) FILTER (WHERE c.connected_at - c.queued_at <= %(in_time)s) AS in_time,
 count(*) FILTER (WHERE c.queued_at IS NOT NULL AND c.connected_at IS NULL AND c.outcome = 'abandoned' AND c.ended_at IS NOT NULL) AS abandoned,
 count(*) FILTER (WHERE c.queued_at IS NOT NULL AND c.connected_at IS NULL AND c.outcome = 'call_back' AND c.ended_at IS NOT NULL) AS call_back,
 count(*) FILTER (WHERE c.queued_at IS NOT NULL AND c.connected_at IS NULL AND c.outcome NOT IN ('abandoned', 'call_back') AND c.ended_at IS NOT NULL) AS cut,
 count(*) FILTER (WHERE c.queued_at IS NOT NULL AND c.connected_at IS NULL AND c.ended_at IS NULL) AS waiting,
 count(*) FILTER (WHERE c.queued_at IS NOT NULL AND c.connected_at IS NOT NULL AND c.ended_at IS NOT NULL) AS talked,
 coalesce(sum(p.wrapped) FILTER (WHERE c.connected_at IS NOT NULL AND c.ended_at IS NOT NULL), 0) AS wrapped,
 coalesce(sum(extract(epoch FROM c.connected_at - c.queued_at)), 0) AS wait_seconds,
 coalesce(sum(extract(epoch FROM c.ended_at - c.queued_at)) FILTER (WHERE c.connected_at IS NULL AND c.outcome = 'abandoned'), 0) AS abandoned_seconds,
 coalesce(max(extract(epoch FROM coalesce(c.connected_at, c.ended_at, %(now)s) - c.queued_at)), 0) AS longest_wait,
 coalesce(sum(p.talk) FILTER (WHERE c.connected_at IS NOT NULL AND c.ended_at IS NOT NULL), 0) AS talk_seconds,
 coalesce(sum(p.hold) FILTER (WHERE c.connected_at IS NOT NULL AND c.ended_at IS NOT NULL), 0) AS hold_seconds,
 coalesce(sum(p.wrap) FILTER (WHERE c.connected_at IS NOT NULL AND c.ended_at IS NOT NULL), 0) AS wrap_seconds
FROM calls_call c LEFT JOIN LATERAL (
 SELECT sum(extract(epoch FROM s.ended_at - s.began_at)) FILTER (WHERE s.state = 'talking') AS talk,
  sum(extract(epoch FROM s.ended_at - s.began_at)) FILTER (WHERE s.state IN ('hold', 'consulting')) AS hold,
  sum(extract(epoch FROM s.ended_at - s.began_at)) FILTER (WHERE s.state = 'wrap_up') AS wrap,
  count(s.ended_at) FILTER (WHERE s.state = 'wrap_up') AS wrapped
 FROM calls_agentspell s WHERE s.call_id = c.id AND s.state IN ('talking', 'hold', 'consulting', 'wrap_up')
) p ON c.connected_at IS NOT NULL
WHERE {{when}} AND {INBOUND}
GROUP BY 1, 2, 3"""
"""Calls of a period by quarter, line and lane."""

PIECES = """
SELECT s.session_id, s.state, s.began_at, s.ended_at FROM calls_agentspell s WHERE s.ended_at > %(since)s AND s.ended_at <= %(until)s{only}
UNION ALL
SELECT s.session_id, s.state, s.began_at, s.ended_at FROM calls_agentsession n CROSS JOIN LATERAL (
 SELECT * FROM calls_agentspell s WHERE s.session_id = n.id AND s.began_at < %(until)s ORDER BY s.began_at DESC, s.id DESC LIMIT 1) s
WHERE n.signed_in_at < %(until)s AND (n.signed_out_at IS NULL OR n.signed_out_at > %(until)s) AND (s.ended_at IS NULL OR s.ended_at > %(until)s){of}"""
"""Spells that touch a period: those that ended in it, and of each session open at its end the one that crosses it."""


def _quoted(name: str) -> str:
    return ", ".join(f"'{state}'" for state in STATES_OF[name])


_LENGTH = "extract(epoch FROM least(coalesce(p.ended_at, %(now)s), b.at + %(length)s, %(until)s) - greatest(p.began_at, b.at, %(since)s))"
_STATES = ", ".join(
    f"coalesce(sum({_LENGTH}) FILTER (WHERE p.state IN ({_quoted(name)})), 0) AS {name}" for name in STATES
)
RAW_SECONDS = f"""
WITH p AS MATERIALIZED ({PIECES})
SELECT b.at AS begins_at, {_STATES}
FROM generate_series(%(first)s::timestamptz, %(until)s::timestamptz - interval '1 microsecond', %(length)s::interval) AS b(at)
LEFT JOIN p ON p.began_at < least(b.at + %(length)s, %(until)s) AND coalesce(p.ended_at, %(now)s) > greatest(b.at, %(since)s) GROUP BY 1"""
"""Seconds of all agents, or one, by state, in pieces of a length."""

RAW_WORK = f"""
WITH p AS MATERIALIZED ({PIECES.format(only="", of="")}),
 b AS (SELECT %(since)s::timestamptz AS at),
 spent AS (SELECT n.person_id, {_STATES} FROM p JOIN calls_agentsession n ON n.id = p.session_id CROSS JOIN b
  WHERE coalesce(p.ended_at, %(now)s) > %(since)s GROUP BY 1),
 offers AS (SELECT n.person_id, count(*) AS offered, count(g.answered_at) AS taken,
   count(*) FILTER (WHERE g.answered_at IS NULL AND g.outcome IN ('no_answer', 'declined', 'vanished')) AS not_taken
  FROM calls_segment g JOIN calls_agentsession n ON n.id = g.session_id
  WHERE g.offered_at >= %(since)s AND g.offered_at < %(until)s GROUP BY 1)
SELECT person_id, {", ".join(f"coalesce({one}, 0)" for one in STATES)}, coalesce(offered, 0), coalesce(taken, 0), coalesce(not_taken, 0)
FROM spent FULL JOIN offers USING (person_id)"""
"""Each agent's seconds by state and offers of one period."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page was asked for. `until` is not in it."""

    since: datetime
    until: datetime
    grain: Grain
    line: int | None = None
    lane: int | None = None
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One half hour or day. `seconds` None where agents' time cannot be told apart (one line or lane)."""

    at: datetime
    load: Load
    seconds: Seconds | None


@dataclass(frozen=True, slots=True)
class Named:
    """One lane, line."""

    name: str
    load: Load


@dataclass(frozen=True, slots=True)
class AgentRow:
    person: int
    name: str
    work: Work


@dataclass(frozen=True, slots=True)
class Figures:
    """A period: its whole, its rows, its lanes and lines."""

    asked: Asked
    whole: Load
    seconds: Seconds | None
    rows: list[Row]
    lanes: list[Named]
    lines: list[Named]


@dataclass(frozen=True, slots=True)
class Piece:
    """Calls of one quarter, line and lane."""

    at: datetime
    line: int
    lane: int
    load: Load


def settled_until() -> datetime:
    """All quarters before it are settled; the beginning of time when none is."""
    last = HallSlot.objects.aggregate(last=Max("begins_at"))["last"]
    return last + SLOT if last is not None else datetime(1970, 1, 1, tzinfo=UTC)


def raw_calls(since: datetime, until: datetime) -> list[Piece]:
    """Counted from the calls themselves."""
    given: dict[str, Any] = {"since": since, "until": until, "in_time": IN_TIME, "now": now()}
    with connection.cursor() as cursor:
        cursor.execute(RAW_CALLS.format(when="c.arrived_at >= %(since)s AND c.arrived_at < %(until)s"), given)
        return [Piece(row[0], row[1], row[2], _load(row[3:])) for row in cursor.fetchall()]


def _load(values: Sequence[Any]) -> Load:
    given = dict(zip(COLUMNS, values, strict=True))
    numbers: dict[str, Any] = {
        name: float(value) if name.endswith(("seconds", "wait")) else int(value)
        for name, value in given.items()
    }
    return Load(**numbers)


_SUMS = ", ".join(
    f'max("{name}")' if name == "longest_wait" else f'coalesce(sum("{name}"), 0)' for name in COLUMNS
)
_KEPT = ", ".join(f'"{name}"' for name in COLUMNS)


@dataclass(frozen=True, slots=True)
class Sums:
    """Calls of a period by rows of time, by lane and by line."""

    rows: dict[datetime, Load]
    lanes: dict[int, Load]
    lines: dict[int, Load]

    @property
    def whole(self) -> Load:
        return sum(self.rows.values(), Load())


def sums(
    since: datetime, until: datetime, step: timedelta, *, line: int | None = None, lane: int | None = None
) -> Sums:
    """Calls of any period in pieces of `step` (days by the city's midnights), by two statements: settled quarters within it from
    their rows, and what is not settled or cut by its ends from the calls."""
    settled = settled_until()
    begins = slot_of(since + SLOT - timedelta(microseconds=1))
    ends = max(begins, min(slot_of(until), settled))
    only = ""
    if line is not None:
        only += " AND line_id = %(line)s"
    if lane is not None:
        only += " AND lane_id = %(lane)s"
    parts = []
    if begins < ends:
        parts.append(
            f"SELECT begins_at, line_id, lane_id, {_KEPT} FROM calls_callslot"
            f" WHERE begins_at >= %(begins)s AND begins_at < %(ends)s{only}"
        )
        young = [(since, begins), (ends, until)]
    else:
        young = [(since, until)]
    given: dict[str, Any] = {
        "begins": begins, "ends": ends, "line": line, "lane": lane, "in_time": IN_TIME, "now": now(), "step": step,
        "origin": midnight(date(2020, 1, 1)),
    }  # fmt: skip
    for place, (first, last) in enumerate(young):
        if first < last:
            given |= {f"since{place}": first, f"until{place}": last}
            when = f"c.arrived_at >= %(since{place})s AND c.arrived_at < %(until{place})s{only}"
            parts.append(RAW_CALLS.format(when=when))
    if not parts:
        return Sums({}, {}, {})
    text = (
        f"WITH parts AS ({' UNION ALL '.join(f'({part})' for part in parts)})"
        f" SELECT date_bin(%(step)s, begins_at, %(origin)s) AS at, lane_id, line_id, {_SUMS} FROM parts"
        " GROUP BY GROUPING SETS ((1), (2), (3))"
    )
    found = Sums({}, {}, {})
    with connection.cursor() as cursor:
        cursor.execute(text, given)
        for at, lane_id, line_id, *values in cursor.fetchall():
            load = _load(values)
            if at is not None:
                found.rows[at] = load
            elif lane_id is not None:
                found.lanes[lane_id] = load
            else:
                found.lines[line_id] = load
    return found


def raw_seconds(
    since: datetime, until: datetime, length: timedelta, person: int | None = None
) -> dict[datetime, Seconds]:
    """Agents' seconds by pieces of `length` from `since`'s own piece on, from the spells themselves; in days by the city's midnights."""
    if since >= until:
        return {}
    first = slot_of(since) if length < timedelta(days=1) else row_of(since, Grain.DAY)
    if length == 2 * SLOT:
        first = row_of(since, Grain.HALF_HOUR)
    only = of = ""
    if person is not None:
        only = " AND s.session_id IN (SELECT id FROM calls_agentsession WHERE person_id = %(person)s)"
        of = " AND n.person_id = %(person)s"
    given: dict[str, Any] = {
        "since": since, "until": until, "first": first, "length": length, "now": min(now(), until), "person": person,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(RAW_SECONDS.format(only=only, of=of), given)
        return {row[0]: Seconds(*map(float, row[1:])) for row in cursor.fetchall()}


def hall_seconds(since: datetime, until: datetime, step: timedelta) -> dict[datetime, Seconds]:
    """All agents' seconds in pieces of `step`: settled quarters summed, what is young from the spells, quarters cut by the ends too."""
    settled = settled_until()
    begins = slot_of(since + SLOT - timedelta(microseconds=1))
    ends = max(begins, min(slot_of(until), settled))
    found: dict[datetime, Seconds] = {}
    columns = ", ".join(f"sum({one})" for one in STATES)
    if begins < ends:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT date_bin(%s::interval, begins_at, %s) AS at, {columns} FROM calls_hallslot"
                " WHERE begins_at >= %s AND begins_at < %s GROUP BY 1",
                [f"{step.total_seconds()} seconds", midnight(date(2020, 1, 1)), begins, ends],
            )
            found = {row[0]: Seconds(*map(float, row[1:])) for row in cursor.fetchall()}
    last = min(until, now())
    for part in ((since, min(begins, last)), (ends, last)):
        for at, seconds in raw_seconds(*part, step).items():
            found[at] = found.get(at, Seconds()) + seconds
    return found


def raw_work(since: datetime, until: datetime) -> dict[int, Work]:
    """Each agent's period, from spells and segments."""
    if since >= until:
        return {}
    given: dict[str, Any] = {
        "since": since,
        "until": until,
        "length": until - since,
        "now": min(now(), until),
    }
    with connection.cursor() as cursor:
        cursor.execute(RAW_WORK, given)
        return {row[0]: Work(Seconds(*map(float, row[1:7])), *map(int, row[7:])) for row in cursor.fetchall()}


def work_by_agent(first: date, last: date) -> dict[int, Work]:
    """Person → their days from `first` to `last`: settled days, and what is young from spells and segments."""
    columns = (*STATES, "offered", "taken", "not_taken")
    rows = AgentDay.objects.filter(day__gte=first, day__lte=last).values("person_id")
    found = {
        row[0]: Work(Seconds(*row[1:7]), *row[7:])
        for row in rows.annotate(*(Sum(name) for name in columns)).values_list(
            "person_id", *(f"{name}__sum" for name in columns)
        )
    }
    begins = max(midnight(first), settled_until())
    for person, work in raw_work(begins, min(midnight(last + timedelta(days=1)), now())).items():
        found[person] = found.get(person, Work()) + work
    return found


def figures(actor: Actor, asked: Asked) -> Figures:
    """Calls by half hour or day, with lanes and lines, of a period. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    step = 2 * SLOT if asked.grain is Grain.HALF_HOUR else timedelta(days=1)
    found = sums(asked.since, asked.until, step, line=asked.line, lane=asked.lane)
    apart = asked.line is not None or asked.lane is not None
    spent = {} if apart else hall_seconds(asked.since, asked.until, step)
    rows = [
        Row(at, found.rows.get(at, Load()), None if apart else spent.get(at, Seconds()))
        for at in rows_between(asked.since, min(asked.until, max(now(), asked.since)), asked.grain)
    ]
    return Figures(
        asked,
        found.whole,
        None if apart else sum(spent.values(), Seconds()),
        rows,
        _named(found.lanes, dict(Lane.objects.values_list("pk", "name"))),
        _named(found.lines, dict(Line.objects.values_list("pk", "name"))),
    )


def _named(loads: Mapping[int, Load], names: Mapping[int, str]) -> list[Named]:
    return [Named(names[key], loads[key]) for key in names if key in loads]


def agents(actor: Actor, first: date, last: date) -> list[AgentRow]:
    """Everybody who was at the telephone in these days, most conversations first. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    work = work_by_agent(first, last)
    names = dict(Person.objects.filter(pk__in=work).values_list("pk", "name"))
    rows = [AgentRow(person, names.get(person, ""), one) for person, one in work.items()]
    return sorted(rows, key=lambda row: (-row.work.taken, row.name, row.person))


def agent_rows(actor: Actor, asked: Asked) -> tuple[str, list[tuple[datetime, Seconds]]]:
    """One agent's name and their seconds by half hour or day, from the spells. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    assert asked.person is not None
    length = 2 * SLOT if asked.grain is Grain.HALF_HOUR else timedelta(days=1)
    found = raw_seconds(asked.since, min(asked.until, now()), length, asked.person)
    name = Person.objects.filter(pk=asked.person).values_list("name", flat=True).first() or ""
    return name, [(at, found[at]) for at in sorted(found) if found[at].signed_in]


def people_at_work(since: datetime) -> list[tuple[int, str]]:
    """Who has been at the telephone since a moment, for the filter."""
    rows = AgentSession.objects.filter(signed_in_at__gte=since)
    return list(
        Person.objects.filter(pk__in=rows.values("person_id"))
        .order_by("name", "pk")
        .values_list("pk", "name")
    )


@dataclass(frozen=True, slots=True)
class Live:
    """What stands above the wall: today since midnight, and the last 24 hours against their targets."""

    today: Load
    occupancy: float | None
    day: Load
    targets: list[Target]


@dataclass(frozen=True, slots=True)
class Target:
    measure: Measure
    value: float | None
    least: float
    missed_since: datetime | None
    verdict: Judgement


def last_day() -> Load:
    """The sliding 24 hours, to the second."""
    moment = now()
    return sums(moment - WINDOW, moment, timedelta(days=1)).whole


def live(actor: Actor) -> Live:
    """Figures of today and of 24 hours, of one reading. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    moment = now()
    begins = midnight(moment.astimezone(CITY_ZONE).date())
    found = sums(moment - WINDOW, moment, timedelta(days=1))
    today, day = found.rows.get(begins, Load()), found.whole
    spent = sum(hall_seconds(begins, moment, timedelta(days=1)).values(), Seconds())
    missed = dict(TargetBreach.objects.filter(ended_at=None).values_list("measure", "began_at"))
    targets = [
        Target(
            one,
            getattr(day, one),
            TARGETS[one],
            missed.get(str(one)),
            judge(getattr(day, one), day.decided, TARGETS[one], missed_before=str(one) in missed),
        )
        for one in Measure
    ]
    return Live(today, spent.occupancy, day, targets)


def unseen_breaches(actor: Actor) -> list[BreachNotice]:
    """What a shift leader was told of missed targets and has not said to have seen, oldest first."""
    if not actor.is_staff or not actor.id:
        return []
    rows = BreachNotice.objects.filter(person_id=actor.id, seen_at=None).select_related("breach")
    return list(rows.order_by("told_at", "pk"))


def targets_health() -> Result:
    """One line of the health page: are the targets of 24 hours met?"""
    open_ones = list(TargetBreach.objects.filter(ended_at=None).order_by("measure"))
    if not open_ones:
        return Result(Level.OK, _("The targets of the last 24 hours are met, or there were too few calls."))
    words = {
        Measure.CONNECTION: _("Connection over 24 hours is below %(least)s."),
        Measure.IN_TIME: _("Calls answered in 15 s are below %(least)s of 24 hours."),
    }
    text = " ".join(
        words[Measure(one.measure)] % {"least": f"{TARGETS[Measure(one.measure)]:.0%}"} for one in open_ones
    )
    return Result(Level.WARN, text, _("See “Call figures”: the half hours in which it went wrong."))
