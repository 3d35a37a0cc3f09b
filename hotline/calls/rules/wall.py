"""Which seats the shift leader should look at first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TypeVar

from hotline.calls.rules.states import AgentState

LONG_HOLD = timedelta(minutes=2)
LONG_WRAP = timedelta(minutes=5)
LONG_TALK = timedelta(minutes=15)
"""Design defaults: Beijing's call to dispatch takes about six minutes (rules.md section 6)."""


class Need(IntEnum):
    """The higher, the sooner."""

    NONE = 0
    LONG = 1
    ASIDE = 2


class Order(StrEnum):
    NEED = "need"
    STATE = "state"
    NAME = "name"
    LANE = "lane"


STATE_ORDER: tuple[str, ...] = (
    AgentState.HOLD,
    AgentState.CONSULTING,
    AgentState.TALKING,
    AgentState.HELPING,
    AgentState.ASKED,
    AgentState.DIALLING,
    AgentState.RINGING,
    AgentState.WRAP_UP,
    AgentState.READY,
    AgentState.PAUSED,
)
"""Seats in the same need stand by what they do."""

Seat = TypeVar("Seat")
Facts = tuple[Need, str, datetime, str, str, int]
"""Need, state, since, name, lane, id."""


def need_of(state: str, lasted: timedelta, *, aside: str = "", most_pause: timedelta | None = None) -> Need:
    """ASIDE: the distributor took the agent out (no answer, no connection). LONG: longer than usual in this state."""
    if aside:
        return Need.ASIDE
    limits = {
        AgentState.HOLD: LONG_HOLD,
        AgentState.CONSULTING: LONG_HOLD,
        AgentState.WRAP_UP: LONG_WRAP,
        AgentState.TALKING: LONG_TALK,
        AgentState.PAUSED: most_pause,
    }
    limit = limits.get(AgentState(state))
    return Need.LONG if limit is not None and lasted > limit else Need.NONE


def sorted_seats(seats: Iterable[Seat], order: Order, facts: Callable[[Seat], Facts]) -> list[Seat]:
    """By need, then by what they do and how long; by name and by lane (those without a call last)."""

    def key(one: Seat) -> tuple[object, ...]:
        need, state, since, name, lane, number = facts(one)
        place = STATE_ORDER.index(state) if state in STATE_ORDER else len(STATE_ORDER)
        if order is Order.NAME:
            return (name, number)
        if order is Order.LANE:
            return (not lane, lane, place, since, number)
        if order is Order.STATE:
            return (place, since, number)
        return (-need, place, since, number)

    return sorted(seats, key=key)
