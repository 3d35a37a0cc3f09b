"""The hall as its shift leader sees it: seats, queues, who is owed a call, whether all of it is at work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min
from django.utils.translation import gettext as _

from hotline.calls.models import AgentSession, Call, CallBack, Lane, Medium
from hotline.calls.permissions import can_watch
from hotline.calls.queries.queueing import levels_of
from hotline.calls.rules import AgentState, CallState
from hotline.calls.rules.figures import IN_TIME
from hotline.calls.rules.wall import Need, Order, need_of, sorted_seats
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.health import Level, Result
from hotline.kit.models import Heartbeat

SILENT = timedelta(seconds=45)
"""The distributor signs every 10 s; three missed and a bit."""


Marks = Callable[[Collection[int]], Mapping[int, str]]
_MARKS: list[Marks] = []


def register_marks(find: Marks) -> None:
    """Say a few words at seats, given the numbers of sessions; such a seat asks for the shift leader. From `AppConfig.ready`."""
    _MARKS.append(find)


@dataclass(frozen=True, slots=True)
class Seat:
    """One agent at the telephone. `since`: of the present state; `need`: what of it asks for the shift leader; `mark`: what another
    package says of it, their voice for one."""

    session: AgentSession
    name: str
    state: str
    since: datetime
    lane: str
    reason: str
    need: Need
    mark: str = ""
    video: bool = False


@dataclass(frozen=True, slots=True)
class LaneNow:
    """One queue: how many wait, since when the first, how many of its agents are ready, and signed in at all.

    `due`: when the first should have been answered (15 s after it came into the queue).
    """

    lane: Lane
    waiting: int
    oldest: datetime | None
    ready: int
    signed_in: int

    @property
    def due(self) -> datetime | None:
        return self.oldest + IN_TIME if self.oldest is not None else None


@dataclass(frozen=True, slots=True)
class Wall:
    """Queues and seats of one reading; `counts`: state → how many."""

    lanes: list[LaneNow]
    seats: list[Seat]
    counts: dict[str, int]
    waiting: int


def wall(actor: Actor, *, order: Order = Order.NEED) -> Wall:
    """Everything of one look, by four statements and one of each who marks seats. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    moment = now()
    rows = list(
        AgentSession.objects.exclude(state=AgentState.SIGNED_OUT).select_related(
            "person", "pause", "call__lane"
        )
    )
    marks = {pk: words for find in _MARKS for pk, words in find([row.pk for row in rows]).items()}
    seats = [
        Seat(
            row,
            row.person.name,
            row.state,
            row.state_since,
            row.call.lane.name if row.call is not None else "",
            row.pause.name if row.pause is not None else row.get_aside_display(),
            Need.ASIDE
            if row.pk in marks
            else need_of(
                row.state,
                moment - row.state_since,
                aside=row.aside,
                most_pause=timedelta(minutes=row.pause.most_minutes)
                if row.pause and row.pause.most_minutes
                else None,
            ),
            marks.get(row.pk, ""),
            row.call is not None and row.call.medium == Medium.VIDEO,
        )
        for row in rows
    ]
    counts = {str(state): 0 for state in AgentState if state != AgentState.SIGNED_OUT}
    for one in seats:
        counts[one.state] = counts.get(one.state, 0) + 1
    lanes = _lanes([(row.person_id, row.state) for row in rows])
    return Wall(
        lanes,
        sorted_seats(
            seats, order, lambda one: (one.need, one.state, one.since, one.name, one.lane, one.session.pk)
        ),
        counts,
        sum(one.waiting for one in lanes),
    )


def _lanes(states: list[tuple[int, str]]) -> list[LaneNow]:
    waiting = {
        row["lane"]: row
        for row in Call.objects.filter(state=CallState.QUEUED)
        .values("lane")
        .annotate(count=Count("id"), oldest=Min("queued_at"))
    }
    levels = levels_of(person for person, _state in states)
    found = []
    for lane in Lane.objects.filter(active=True).select_related("skill"):
        able = [
            state
            for person, state in states
            if levels.get(person, {}).get(lane.skill.code, 0) >= max(1, lane.least_level)
        ]
        row = waiting.get(lane.pk)
        found.append(
            LaneNow(
                lane,
                row["count"] if row else 0,
                row["oldest"] if row else None,
                able.count(AgentState.READY),
                len(able),
            )
        )
    return found


def seats(actor: Actor) -> list[Seat]:
    """Everybody at the telephone, who needs the shift leader first. NotPermitted unless a watcher."""
    return wall(actor).seats


def lanes_now(actor: Actor) -> list[LaneNow]:
    """Every lane in use, in the city's order. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    return _lanes(
        list(AgentSession.objects.exclude(state=AgentState.SIGNED_OUT).values_list("person_id", "state"))
    )


def call_backs_due() -> list[CallBack]:
    """Callers whom nobody spoke to, by deadline."""
    rows = CallBack.objects.filter(state__in=["waiting", "claimed"]).select_related(
        "call__citizen", "call__line"
    )
    return list(rows.order_by("due_at", "id")[:200])


def telephone_health() -> Result:
    """One line of the health page: is the distributor at work, and does the exchange answer it?"""
    if not settings.TELEPHONE_ON:
        return Result(Level.OK, _("The telephone is switched off (HOTLINE_TELEPHONE)."))
    beat = Heartbeat.objects.filter(kind="calls").order_by("-seen_at").first()
    if beat is None or now() - beat.seen_at > SILENT:
        return Result(
            Level.FAIL,
            _("No distributor of calls is at work."),
            _("Start it: `hotline run`, or `hotline calls run`. Callers hear ringing until then."),
        )
    facts = beat.details
    if not facts.get("connected"):
        return Result(
            Level.FAIL,
            _("The telephone exchange does not answer."),
            _("Its log says why; `hotline run` starts it again by itself. Calls in progress go on."),
        )
    answers = _("The telephone exchange answers: %(legs)d connections, %(calls)d calls.") % {
        "legs": int(facts.get("legs", 0)),
        "calls": int(facts.get("calls", 0)),
    }
    if settings.ENGINE == "freeswitch":
        return Result(
            Level.WARN,
            answers,
            _("FreeSWITCH is unverified: written from its description and tried against a double only. Try docs/telephony.md's list before citizens call."),
        )
    return Result(Level.OK, answers)
