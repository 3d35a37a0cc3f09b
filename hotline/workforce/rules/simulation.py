"""A day's calls once more, with other seats or another strategy: discrete events, the queue by `calls`' own rules of offering.

Each caller comes when they came, with the patience and the handling time given; nothing else is drawn, so that the same stream and
the same plan give the same day. Not played: offers that are not taken, call-backs, closed hours.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from hotline.calls.rules.figures import IN_TIME, Load, Seconds
from hotline.calls.rules.queueing import Free, LaneFacts, Waiting, match, wants_of


@dataclass(frozen=True, slots=True)
class Caller:
    """`at`: into the queue. `patience`: seconds until they hang up, None: never. Conversation and after-call work in seconds."""

    number: int
    at: datetime
    lane: str
    priority: int
    patience: float | None
    talk: float
    wrap: float


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody at the telephone for a while; skill → level. A conversation begun is finished."""

    number: int
    begins: datetime
    ends: datetime
    skills: Mapping[str, int]


class Strategy(StrEnum):
    """As the lanes are set; without any overflow; everybody serves every lane."""

    AS_SET = "as_set"
    APART = "apart"
    POOLED = "pooled"


@dataclass(frozen=True, slots=True)
class Ended:
    """How one caller's wait ended; `seat` None: they gave up, or waited until the day was over."""

    caller: int
    waited: float
    seat: int | None
    offered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Played:
    """The whole day: each caller once, and the seats' seconds."""

    ends: list[Ended]
    load: Load
    seconds: Seconds


def lanes_under(
    strategy: Strategy, lanes: Mapping[str, LaneFacts], overflow: float | None
) -> dict[str, LaneFacts]:
    """The lanes as the strategy has them; `overflow`: other seconds until the other lane helps, wherever one helps."""
    found = {}
    for code, one in lanes.items():
        if strategy is Strategy.APART:
            one = replace(one, overflow_to="", overflow_after=None)
        elif overflow is not None and one.overflow_to:
            one = replace(one, overflow_after=timedelta(seconds=overflow))
        found[code] = one
    return found


def seats_under(strategy: Strategy, seats: Iterable[Seat], lanes: Mapping[str, LaneFacts]) -> list[Seat]:
    """Pooled: every skill that any lane asks for, at the level it asks for at least."""
    if strategy is not Strategy.POOLED:
        return list(seats)
    wanted: dict[str, int] = {}
    for one in lanes.values():
        wanted[one.skill] = max(wanted.get(one.skill, 1), one.least)
    return [
        replace(
            seat, skills={skill: max(level, seat.skills.get(skill, 0)) for skill, level in wanted.items()}
        )
        for seat in seats
    ]


def drawn_seats(seats: Sequence[Seat], count: int, begins: datetime, ends: datetime, seed: int) -> list[Seat]:
    """So many seats the whole time, their skills drawn from those who were there."""
    random = Random(seed)
    pool = sorted(seats, key=lambda one: (one.begins, one.number))
    return [Seat(n, begins, ends, random.choice(pool).skills if pool else {}) for n in range(1, count + 1)]


@dataclass(slots=True)
class _Play:
    waiting: dict[tuple[str, int], dict[int, Waiting]] = field(default_factory=dict)
    free: dict[int, Free] = field(default_factory=dict)

    def candidates(self) -> list[Waiting]:
        """Of each lane and priority no more than seats are free: those behind them cannot come before them."""
        most = len(self.free)
        found: list[Waiting] = []
        for line in self.waiting.values():
            for place, one in enumerate(line.values()):
                if place == most:
                    break
                found.append(one)
        return found


ARRIVES, BEGINS, ENDS, FREES, GIVES_UP, LOOKS = range(6)
"""Kinds of events, in the order in which those of one moment come."""


def play(
    callers: Sequence[Caller], seats: Sequence[Seat], lanes: Mapping[str, LaneFacts], *, ring: float = 4.0
) -> Played:
    """Play the day. `ring`: seconds from the offer to the answer, the same for all."""
    if not callers:
        return Played([], Load(), Seconds())
    game = _Play()
    by_number = {one.number: one for one in callers}
    seat_of = {one.number: one for one in seats}
    wants = {code: wants_of(code, lanes) for code in {one.lane for one in callers}}
    events: list[tuple[datetime, int, int]] = [(one.at, ARRIVES, one.number) for one in callers]
    for seat in seats:
        events += [(seat.begins, BEGINS, seat.number), (seat.ends, ENDS, seat.number)]
    heapq.heapify(events)
    ends: dict[int, Ended] = {}
    spent = {"ringing": 0.0, "talking": 0.0, "wrap_up": 0.0}
    longer = 0.0
    last = events[0][0]
    while events:
        at, kind, number = heapq.heappop(events)
        last = max(last, at)
        if kind == ARRIVES:
            one = by_number[number]
            line = game.waiting.setdefault((one.lane, one.priority), {})
            line[number] = Waiting(number, at, one.priority, wants[one.lane])
            if one.patience is not None:
                heapq.heappush(events, (at + timedelta(seconds=one.patience), GIVES_UP, number))
            for want in wants[one.lane][1:]:
                heapq.heappush(events, (at + want.after, LOOKS, number))
        elif kind in (BEGINS, FREES):
            seat = seat_of[number]
            if at < seat.ends:
                game.free[number] = Free(number, at, seat.skills)
        elif kind == ENDS:
            game.free.pop(number, None)
        elif kind == GIVES_UP:
            one = by_number[number]
            if game.waiting[one.lane, one.priority].pop(number, None) is not None:
                ends[number] = Ended(number, (at - one.at).total_seconds(), None, None)
            continue
        if events and events[0][0] == at and events[0][1] <= FREES:
            continue  # all of this moment first
        if not game.free:
            continue
        for pair in match(game.candidates(), list(game.free.values()), at):
            one = by_number[pair.call]
            del game.waiting[one.lane, one.priority][pair.call]
            del game.free[pair.session]
            over = at + timedelta(seconds=ring + one.talk + one.wrap)
            ends[pair.call] = Ended(pair.call, (at - one.at).total_seconds() + ring, pair.session, at)
            spent["ringing"] += ring
            spent["talking"] += one.talk
            spent["wrap_up"] += one.wrap
            longer += max(0.0, (over - seat_of[pair.session].ends).total_seconds())
            heapq.heappush(events, (over, FREES, pair.session))
    for line in game.waiting.values():
        for number, one_waiting in line.items():
            ends[number] = Ended(number, max(0.0, (last - one_waiting.since).total_seconds()), None, None)
    signed_in = sum((one.ends - one.begins).total_seconds() for one in seats) + longer
    ordered = [ends[one.number] for one in callers]
    seconds = Seconds(ready=max(0.0, signed_in - sum(spent.values())), **spent)
    return Played(ordered, load_of(callers, ordered), seconds)


def load_of(callers: Sequence[Caller], ends: Sequence[Ended]) -> Load:
    """The same figures as of a real day."""
    answered = [one for one in ends if one.seat is not None]
    taken = {one.caller for one in answered}
    gone = [one for one in ends if one.seat is None]
    return Load(
        arrived=len(callers),
        queued=len(callers),
        answered=len(answered),
        in_time=sum(one.waited <= IN_TIME.total_seconds() for one in answered),
        abandoned=len(gone),
        talked=len(answered),
        wrapped=len(answered),
        wait_seconds=sum(one.waited for one in answered),
        abandoned_seconds=sum(one.waited for one in gone),
        longest_wait=max((one.waited for one in ends), default=0.0),
        talk_seconds=sum(one.talk for one in callers if one.number in taken),
        wrap_seconds=sum(one.wrap for one in callers if one.number in taken),
    )


def patience_of(waited: Sequence[tuple[float, bool]]) -> list[tuple[float, float]]:
    """Kaplan and Meier's estimate: (seconds, share still waiting) at each moment somebody gave up.

    `waited`: (seconds, gave up); who was answered might have waited longer, and is counted so.
    """
    left, share, curve = len(waited), 1.0, []
    for seconds, gave_up in sorted(waited, key=lambda one: (one[0], not one[1])):
        if gave_up:
            share *= 1 - 1 / left
            curve.append((seconds, share))
        left -= 1
    return curve


def drawn_patience(curve: Sequence[tuple[float, float]], at_least: float, random: Random) -> float | None:
    """A patience of somebody who has waited so long already; None: longer than anybody was seen to give up."""
    share = 1.0
    for seconds, left in curve:
        if seconds <= at_least:
            share = left
    drawn = random.random() * share
    for seconds, left in curve:
        if seconds > at_least and left <= drawn:
            return seconds
    return None
