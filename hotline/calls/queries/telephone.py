"""One agent's telephone: what it is at, what may be done at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from hotline.calls.models import (
    AgentSession,
    AgentSpell,
    Call,
    Consultation,
    Contact,
    Direction,
    Lane,
    PauseCode,
    Station,
)
from hotline.calls.queries.queueing import able_now
from hotline.calls.rules import AGENT_MOVES, AgentState, ConsultState, Spell, seconds_by_state
from hotline.kit.actor import Actor

HELPS = frozenset({AgentState.ASKED, AgentState.HELPING})


def session_of(person_id: int) -> AgentSession | None:
    """The person's open session at the telephone."""
    rows = AgentSession.objects.select_related("person", "pause", "call", "call__lane", "call__line")
    return rows.filter(person_id=person_id).exclude(state=AgentState.SIGNED_OUT).first()


@dataclass(frozen=True, slots=True)
class Act:
    """A button: the verb of its address, and its word."""

    verb: str
    label: str | Promise
    key: str = ""


BUTTONS: tuple[tuple[str, frozenset[str], str | Promise], ...] = (
    ("answer", frozenset({AgentState.RINGING}), gettext_lazy("Take the call")),
    ("help", frozenset({AgentState.ASKED}), gettext_lazy("Help the colleague")),
    ("conference", frozenset({AgentState.CONSULTING}), gettext_lazy("All three talk")),
    (
        "hand-over",
        frozenset({AgentState.CONSULTING, AgentState.TALKING}),
        gettext_lazy("Hand the caller over"),
    ),
    (
        "take-back",
        frozenset({AgentState.CONSULTING, AgentState.TALKING}),
        gettext_lazy("Take the caller back"),
    ),
    ("stop-dialling", frozenset({AgentState.DIALLING}), gettext_lazy("Stop calling")),
    (
        "leave-help",
        frozenset({AgentState.ASKED, AgentState.HELPING}),
        gettext_lazy("Leave it to the colleague"),
    ),
    ("ready", AGENT_MOVES["ready"].before, gettext_lazy("Be ready")),
    ("hold", AGENT_MOVES["hold"].before, gettext_lazy("Hold the caller")),
    ("resume", AGENT_MOVES["resume"].before, gettext_lazy("Take the caller back")),
    (
        "hang-up",
        frozenset({AgentState.TALKING, AgentState.HOLD, AgentState.CONSULTING}),
        gettext_lazy("Hang up the call"),
    ),
    ("satisfaction", frozenset({AgentState.TALKING, AgentState.HOLD}), gettext_lazy("Hand over for rating")),
    ("pause", AGENT_MOVES["pause"].before, gettext_lazy("Make a pause")),
    ("sign-out", AGENT_MOVES["sign_out"].before, gettext_lazy("Sign out of the telephone")),
)
"""Buttons of the agent's telephone, each where the table of states lets it be pressed."""
KEYS: Mapping[str, str] = {
    "answer": "F1",
    "help": "F1",
    "hold": "F3",
    "resume": "F3",
    "conference": "F10",
    "satisfaction": "F11",
    "hang-up": "F12",
    "stop-dialling": "F12",
    "leave-help": "F12",
}
"""One key each, the same while something is typed. F2 mutes and F4 asks or passes on: those two are the page's own."""
CONSULT_STATES: Mapping[str, frozenset[str]] = {
    "conference": frozenset({ConsultState.TALKING}),
    "hand-over": frozenset({ConsultState.TALKING, ConsultState.CONFERENCE}),
    "take-back": frozenset({ConsultState.RINGING, ConsultState.TALKING, ConsultState.CONFERENCE}),
}
"""Buttons that also depend on how far somebody who was asked has come."""


def acts_of(session: AgentSession | None, asked: Consultation | None = None) -> list[Act]:
    """What may be done now; `asked`: who is being asked by this agent."""
    if session is None:
        return []
    return [
        Act(verb, label, KEYS.get(verb, ""))
        for verb, before, label in BUTTONS
        if session.state in before
        and (verb != "satisfaction" or _leaves_it_to_the_agent(session.call))
        and (verb not in ("answer", "help") or session.station == Station.BROWSER)
        and (verb not in CONSULT_STATES or (asked is not None and asked.state in CONSULT_STATES[verb]))
    ]


KINDS: tuple[str, ...] = tuple(f"agent.{verb}" for verb in (*AGENT_MOVES, "leg", "consult"))
"""Live messages that change the bar. A person's topic carries others too, some of them every few seconds."""


@dataclass(frozen=True, slots=True)
class Telephone:
    """What the bar of an agent's telephone shows."""

    person: int
    session: AgentSession | None
    call: Call | None
    asked: Consultation | None
    acts: list[Act]
    pauses: list[PauseCode]
    may_ask: bool
    kinds: tuple[str, ...] = KINDS


def telephone_of(actor: Actor) -> Telephone:
    """Of the actor's own telephone."""
    session = session_of(actor.id)
    rows = Consultation.objects.exclude(state=ConsultState.ENDED).filter(blind=False)
    if session is None:
        return Telephone(actor.id, None, None, None, [], [], False)
    mine = Q(session=session) if session.state not in HELPS else Q(helper=session)
    asked = (
        rows.select_related("session__person").filter(mine, call=session.call_id).first()
        if session.call_id
        else None
    )
    return Telephone(
        actor.id,
        session,
        present_call(session),
        asked,
        acts_of(session, asked),
        list(PauseCode.objects.filter(active=True)),
        session.state in (AgentState.TALKING, AgentState.HOLD) and asked is None,
    )


@dataclass(frozen=True, slots=True)
class Askable:
    """Whom an agent may ask: `target` as the action takes it; `free` is None for who is not of the house."""

    target: str
    name: str
    about: str
    free: bool | None


def askable(actor: Actor) -> list[Askable]:
    """Contacts, lanes with who is free there, free colleagues."""
    found = [
        Askable(f"contact:{row.pk}", row.name, row.number, None)
        for row in Contact.objects.filter(active=True)
    ]
    own = session_of(actor.id)
    for lane in Lane.objects.filter(active=True).select_related("skill"):
        free = able_now(lane, but=own.pk if own else 0)
        found.append(Askable(f"lane:{lane.pk}", lane.name, "", free is not None))
    seats = AgentSession.objects.filter(state=AgentState.READY).exclude(person_id=actor.id)
    for seat in (
        seats.exclude(station=Station.BROWSER, leg="").select_related("person").order_by("person__name")[:50]
    ):
        found.append(Askable(f"seat:{seat.pk}", seat.person.name, str(seat.get_state_display()), True))
    return found


def _leaves_it_to_the_agent(call: Call | None) -> bool:
    """Lines that ask after each conversation need no button for it."""
    return call is not None and call.direction == Direction.IN and not call.line.asks_satisfaction


def present_call(session: AgentSession | None) -> Call | None:
    """The call that rings, is spoken to, or is being written up; with its caller's mask."""
    if session is None or session.call_id is None:
        return None
    return Call.objects.select_related("citizen", "line", "lane").get(pk=session.call_id)


def accounted(session: AgentSession, until: datetime) -> dict[str, float]:
    """Seconds of a session by state, up to a moment."""
    rows = AgentSpell.objects.filter(session=session).values_list("state", "began_at", "ended_at")
    return seconds_by_state((Spell(*row) for row in rows), since=session.signed_in_at, until=until)
