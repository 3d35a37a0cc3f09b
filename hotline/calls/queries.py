"""What is so at the telephone now: seats, queues, what is owed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Avg, Count, F, Min
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from hotline.calls.models import (
    AgentSession,
    AgentSpell,
    Announcement,
    Call,
    CallBack,
    Lane,
    Line,
    PersonSkill,
    Segment,
)
from hotline.calls.permissions import can_watch
from hotline.calls.rules import (
    AGENT_MOVES,
    CALL_BACK_ASKED,
    CALL_BACK_NOTED,
    CLOSED,
    FULL,
    AgentState,
    CallState,
    LaneFacts,
    Spell,
    seconds_by_state,
    wants_of,
)
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.health import Level, Result
from hotline.kit.models import Heartbeat

SILENT = timedelta(seconds=45)
"""The distributor signs every 10 s; three missed and a bit."""
HANDLING = timedelta(minutes=4)
"""Talk and after-call work of a lane that has had no call yet (rules.md section 6 gives about 6 min from call to dispatch)."""
RECENT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Seat:
    """One agent at the telephone. `since`: of the present state."""

    session: AgentSession
    name: str
    state: str
    since: datetime
    lane: str
    reason: str


@dataclass(frozen=True, slots=True)
class LaneNow:
    """One queue: how many wait, since when the first, how many of its agents are ready, and signed in at all."""

    lane: Lane
    waiting: int
    oldest: datetime | None
    ready: int
    signed_in: int


def prompts() -> dict[str, str]:
    """What is said in each file of the prompts, in the city's language. Of lines that share a greeting the fallback is named."""
    with override(settings.LANGUAGE_CODE):
        texts = {
            CLOSED: _("Thank you for calling. This line is closed now; we will call you back in our hours."),
            FULL: _("All lines are busy. We will call you back."),
            CALL_BACK_ASKED: _("The wait is long. Press 1 to be called back without losing your turn."),
            CALL_BACK_NOTED: _("We have noted your number and will call you back. Goodbye."),
        }
        for line in (
            Line.objects.filter(active=True).select_related("choice_lane").order_by("fallback", "-pk")
        ):
            greeting = _("Hello, this is the %(line)s. Your call may be recorded.") % {"line": line.name}
            if line.choice_lane is not None:
                greeting += _("For %(lane)s press %(key)s, for a person press 0 or hold on.") % {
                    "lane": line.choice_lane.name,
                    "key": line.choice_key,
                }
            texts[line.greeting] = greeting
    texts.update(Announcement.objects.exclude(ends_at__lte=now()).values_list("sound", "text"))
    return texts


def session_of(person_id: int) -> AgentSession | None:
    """The person's open session at the telephone."""
    rows = AgentSession.objects.select_related("person", "pause", "call", "call__lane", "call__line")
    return rows.filter(person_id=person_id).exclude(state=AgentState.SIGNED_OUT).first()


@dataclass(frozen=True, slots=True)
class Act:
    """A button: the verb of its address, and its word."""

    verb: str
    label: str | Promise


BUTTONS: tuple[tuple[str, frozenset[str], str | Promise], ...] = (
    ("ready", AGENT_MOVES["ready"].before, gettext_lazy("Be ready")),
    ("hold", AGENT_MOVES["hold"].before, gettext_lazy("Hold the caller")),
    ("resume", AGENT_MOVES["resume"].before, gettext_lazy("Take the caller back")),
    ("hang-up", AGENT_MOVES["wrap_up"].before, gettext_lazy("Hang up the call")),
    ("pause", AGENT_MOVES["pause"].before, gettext_lazy("Make a pause")),
    ("sign-out", AGENT_MOVES["sign_out"].before, gettext_lazy("Sign out of the telephone")),
)
"""Buttons of the agent's telephone, each where the table of states lets it be pressed."""


def acts_of(session: AgentSession | None) -> list[Act]:
    """What may be done now."""
    if session is None:
        return []
    return [Act(verb, label) for verb, before, label in BUTTONS if session.state in before]


def present_call(session: AgentSession | None) -> Call | None:
    """The call that rings, is spoken to, or is being written up; with its caller's mask."""
    if session is None or session.call_id is None:
        return None
    return Call.objects.select_related("citizen", "line", "lane").get(pk=session.call_id)


def seats(actor: Actor) -> list[Seat]:
    """Everybody at the telephone, longest in their state first. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    rows = (
        AgentSession.objects.exclude(state=AgentState.SIGNED_OUT)
        .select_related("person", "pause", "call__lane")
        .order_by("state_since", "id")
    )
    return [
        Seat(
            row,
            row.person.name,
            row.state,
            row.state_since,
            row.call.lane.name if row.call is not None else "",
            row.pause.name if row.pause is not None else row.get_aside_display(),
        )
        for row in rows
    ]


def lanes_now(actor: Actor) -> list[LaneNow]:
    """Every lane in use, in the city's order. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    waiting = {
        row["lane"]: row
        for row in Call.objects.filter(state=CallState.QUEUED)
        .values("lane")
        .annotate(count=Count("id"), oldest=Min("queued_at"))
    }
    levels = levels_of(
        AgentSession.objects.exclude(state=AgentState.SIGNED_OUT).values_list("person_id", flat=True)
    )
    states = list(AgentSession.objects.exclude(state=AgentState.SIGNED_OUT).values_list("person_id", "state"))
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


def levels_of(people: Iterable[int]) -> dict[int, dict[str, int]]:
    """Person → skill → level."""
    found: dict[int, dict[str, int]] = {}
    rows = PersonSkill.objects.filter(person_id__in=list(people)).values_list(
        "person_id", "skill__code", "level"
    )
    for person, skill, level in rows:
        found.setdefault(person, {})[skill] = level
    return found


def lane_facts() -> dict[str, LaneFacts]:
    """Lanes as the rules want them, by code."""
    rows = Lane.objects.select_related("skill", "overflow_to")
    return {
        row.code: LaneFacts(
            row.code,
            row.skill.code,
            row.least_level,
            row.overflow_to.code if row.overflow_to else "",
            None if row.overflow_seconds is None else timedelta(seconds=row.overflow_seconds),
        )
        for row in rows
    }


def able_and_ready(lane: Lane) -> tuple[int, int]:
    """Agents signed in who serve the lane without waiting for an overflow, and how many of them are ready."""
    first = wants_of(lane.code, lane_facts())[0]
    rows = AgentSession.objects.exclude(state=AgentState.SIGNED_OUT).filter(
        person__call_skills__skill__code=first.skill, person__call_skills__level__gte=max(1, first.least)
    )
    states = list(rows.values_list("state", flat=True))
    return len(states), states.count(AgentState.READY)


def handling_of(lane: Lane, at: datetime) -> timedelta:
    """Mean time from an agent's answer to the end of the conversation in the lane lately, its after-call work added."""
    rows = Segment.objects.filter(
        call__lane=lane, answered_at__isnull=False, ended_at__isnull=False, ended_at__gt=at - RECENT
    )
    mean = rows.aggregate(mean=Avg(F("ended_at") - F("answered_at")))["mean"]
    return mean + timedelta(seconds=lane.wrap_seconds) if mean is not None else HANDLING


def call_backs_due() -> list[CallBack]:
    """Callers whom nobody spoke to, by deadline."""
    rows = CallBack.objects.filter(state__in=["waiting", "claimed"]).select_related(
        "call__citizen", "call__line"
    )
    return list(rows.order_by("due_at", "id")[:200])


def accounted(session: AgentSession, until: datetime) -> dict[str, float]:
    """Seconds of a session by state, up to a moment."""
    rows = AgentSpell.objects.filter(session=session).values_list("state", "began_at", "ended_at")
    return seconds_by_state((Spell(*row) for row in rows), since=session.signed_in_at, until=until)


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
    return Result(
        Level.OK,
        _("The telephone exchange answers: %(legs)d connections, %(calls)d calls.")
        % {"legs": int(facts.get("legs", 0)), "calls": int(facts.get("calls", 0))},
    )
