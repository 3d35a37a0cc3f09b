"""One agent's telephone: what it is at, what may be done at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from hotline.calls.models import AgentSession, AgentSpell, Call, Direction
from hotline.calls.rules import AGENT_MOVES, AgentState, Spell, seconds_by_state


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
    ("satisfaction", frozenset({AgentState.TALKING, AgentState.HOLD}), gettext_lazy("Hand over for rating")),
    ("pause", AGENT_MOVES["pause"].before, gettext_lazy("Make a pause")),
    ("sign-out", AGENT_MOVES["sign_out"].before, gettext_lazy("Sign out of the telephone")),
)
"""Buttons of the agent's telephone, each where the table of states lets it be pressed."""


def acts_of(session: AgentSession | None) -> list[Act]:
    """What may be done now."""
    if session is None:
        return []
    return [
        Act(verb, label)
        for verb, before, label in BUTTONS
        if session.state in before and (verb != "satisfaction" or _leaves_it_to_the_agent(session.call))
    ]


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
