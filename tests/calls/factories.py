"""A small telephone: two lanes, one line, agents, and the switch's words without a switch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hotline.accounts.models import Role
from hotline.accounts.queries import actor_for
from hotline.calls import actions
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.engines import (
    DigitsCollected,
    Leg,
    LegAnswered,
    LegEnded,
    LegStarted,
    Mark,
    PlayEnded,
    Reset,
)
from hotline.calls.models import AgentSession, Ask, Call, Lane, Line, PauseCode, PersonSkill, Skill, Station
from tests.accounts.cast import Cast
from tests.accounts.factories import make_person

CITIZEN = "13800001234"


def make_telephony(**line: Any) -> Line:
    """12345 into the general lane; key 1 into the English one when asked for by `choice=True`."""
    general = Skill.objects.create(code="general", name="综合")
    english = Skill.objects.create(code="english", name="英语")
    lane = Lane.objects.create(
        code="general", name="综合受理", skill=general, call_back_seconds=60, most_waiting=50, position=1
    )
    other = Lane.objects.create(
        code="english", name="英语专席", skill=english, overflow_to=lane, overflow_seconds=30
    )
    PauseCode.objects.create(code="break", name="小休")
    if line.pop("choice", False):
        line |= {"choice_key": "1", "choice_lane": other}
    return Line.objects.create(code="12345", number="12345", name="12345", lane=lane, fallback=True, **line)


def make_agent(cast: Cast, number: str, *, is_ready: bool = True, **skills: int) -> AgentSession:
    """At a desk telephone of this number, ready."""
    person = make_person(f"话务员{number}", (Role.AGENT, cast.hub))
    for code, level in (skills or {"general": 3}).items():
        PersonSkill.objects.create(person=person, skill=Skill.objects.get(code=code), level=level)
    actor = actor_for(person)
    session = actions.sign_in(actor=actor, station=Station.PHONE, number=number, trunk="carrier")
    if is_ready:
        actions.ready(actor=actor, session_id=session.pk)
    return session


def at_work(session: AgentSession) -> Any:
    """The actor of a session's person."""
    return actor_for(session.person)


class Exchange:
    """Tells what a switch would tell, in one run, and knows what it was asked."""

    def __init__(self, run: str = "run-1") -> None:
        self.run, self.number, self.legs = run, 0, count(1)
        actions.reconcile(actor=SYSTEM, reset=Reset(self.mark(), (), new_run=True))

    def mark(self) -> Mark:
        return Mark(self.run, self.number)

    def tell(self, kind: Any, leg: str, *more: Any) -> bool:
        self.number += 1
        return actions.hear(actor=SYSTEM, heard=kind(self.mark(), datetime.now(UTC), leg, *more))

    def facts(self, leg: str, **more: Any) -> Leg:
        given = {
            "kind": "sip",
            "direction": "in",
            "state": "ringing",
            "began": datetime.now(UTC),
            "trunk": "carrier",
            "caller": CITIZEN,
            "called": "12345",
        }
        return Leg(leg, **{**given, **more})

    def ring(self, **more: Any) -> Call:
        leg = f"leg-{self.run}-{next(self.legs)}"
        self.tell(LegStarted, leg, self.facts(leg, **more))
        return Call.objects.get(leg=leg)

    def queued(self, **more: Any) -> Call:
        call = self.ring(**more)
        self.tell(LegAnswered, call.leg)
        self.tell(PlayEnded, call.leg, "play-1", "finished")
        return Call.objects.get(pk=call.pk)

    def queued_after_key(self, key: str, **more: Any) -> Call:
        """On a line with a choice."""
        call = self.queued(**more)
        self.digits(call.leg, key)
        return Call.objects.get(pk=call.pk)

    def tell_played(self, leg: str) -> None:
        """What was being said to this leg has been said."""
        self.tell(PlayEnded, leg, "play-1", "finished")

    def dialled(self) -> str:
        """The switch rings the desk telephone of the newest offer: its leg."""
        row = Ask.objects.filter(verb="originate").order_by("-pk").first()
        assert row is not None
        label = row.arguments["label"]
        leg = f"leg-{self.run}-{next(self.legs)}"
        actions.done(actor=SYSTEM, ask_ids=[row.pk])
        self.tell(LegStarted, leg, self.facts(leg, direction="out", state="ringing", label=label))
        return leg

    def answered(self, leg: str) -> None:
        self.tell(LegAnswered, leg)

    def ended(self, leg: str, reason: str = "far") -> None:
        self.tell(LegEnded, leg, reason, 1.0, None, {})

    def digits(self, leg: str, digits: str, reason: str = "complete") -> None:
        self.tell(DigitsCollected, leg, "collect-1", digits, reason)

    def reset(self, *legs: Leg, run: str | None = None) -> None:
        if run is not None:
            self.run, self.number = run, 0
        self.number += 10
        actions.reconcile(actor=SYSTEM, reset=Reset(self.mark(), legs, new_run=run is not None))


def asked(call: Call | None = None) -> list[str]:
    """Verbs that stand to be asked, in their order."""
    rows = Ask.objects.order_by("pk")
    return [row.verb for row in (rows.filter(chain=f"call:{call.pk}") if call else rows)]


def forget() -> None:
    """As if the switch had done all it was asked."""
    Ask.objects.all().delete()


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def distribute() -> int:
    return actions.distribute(actor=SYSTEM)


LATER = timedelta(minutes=5)
