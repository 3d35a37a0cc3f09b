"""Who is offered which call. Pure; the distributor locks, asks here, and writes what comes out.

Order of calls: those put back at the head, then by priority, which grows by one with each minute of waiting so that nobody waits
for ever, then by how long they wait. Order of agents for a call: its own lane's skill before the ones it may overflow to,
the higher level, then the longest idle (B3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

AGEING = timedelta(minutes=1)
"""Waiting that counts as one step of priority. Design default."""


@dataclass(frozen=True, slots=True)
class Want:
    """A skill that serves a call, at this level or above, once it has waited `after`."""

    skill: str
    least: int = 1
    after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """A lane as far as the offer goes. `overflow_to`: the lane whose agents help after `overflow_after`."""

    code: str
    skill: str
    least: int = 1
    overflow_to: str = ""
    overflow_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call in the queue. `wants` in order of preference; `by_video`: only who has a browser at hand can take it."""

    call: int
    since: datetime
    priority: int
    wants: tuple[Want, ...]
    at_head: bool = False
    by_video: bool = False


@dataclass(frozen=True, slots=True)
class Free:
    """A ready agent: skill → level."""

    session: int
    idle_since: datetime
    skills: Mapping[str, int]
    browser: bool = True


@dataclass(frozen=True, slots=True)
class Pair:
    """`overflowed`: by another lane's skill."""

    call: int
    session: int
    overflowed: bool


def wants_of(lane: str, lanes: Mapping[str, LaneFacts]) -> tuple[Want, ...]:
    """The skills that serve a lane, its own first, then along its overflows with their waits added up; a circle ends."""
    wants: list[Want] = []
    seen: set[str] = set()
    code, after = lane, timedelta(0)
    while code in lanes and code not in seen:
        seen.add(code)
        facts = lanes[code]
        if facts.skill not in {want.skill for want in wants}:
            wants.append(Want(facts.skill, facts.least, after))
        if not facts.overflow_to or facts.overflow_after is None:
            break
        code, after = facts.overflow_to, after + facts.overflow_after
    return tuple(wants)


def in_turn(waiting: Iterable[Waiting], at: datetime) -> list[Waiting]:
    """The queue, whose turn it is first."""

    def key(one: Waiting) -> tuple[bool, int, datetime, int]:
        return not one.at_head, -(one.priority + (at - one.since) // AGEING), one.since, one.call

    return sorted(waiting, key=key)


def best(one: Waiting, free: Iterable[Free], at: datetime) -> tuple[Free, bool] | None:
    """The agent for this call and whether by overflow; None when nobody ready can take it now."""
    candidates = [agent for agent in free if agent.browser or not one.by_video]
    for place, want in enumerate(one.wants):
        if at - one.since < want.after:
            continue
        able = [agent for agent in candidates if agent.skills.get(want.skill, 0) >= max(1, want.least)]
        if able:
            found = min(able, key=lambda a: (-a.skills[want.skill], a.idle_since, a.session))
            return found, place > 0
    return None


def match(waiting: Iterable[Waiting], free: Sequence[Free], at: datetime) -> list[Pair]:
    """Pairs, each call and each agent at most once. No call is left waiting while an agent left over could take it."""
    left = {agent.session: agent for agent in free}
    pairs: list[Pair] = []
    for one in in_turn(waiting, at):
        if not left:
            break
        found = best(one, left.values(), at)
        if found is not None:
            agent, overflowed = found
            del left[agent.session]
            pairs.append(Pair(one.call, agent.session, overflowed))
    return pairs


def likely_wait(ahead: int, agents: int, handling: timedelta) -> timedelta | None:
    """How long the next caller will likely wait: whole rounds of `handling` that `agents` need for those ahead and this one.

    None when nobody is signed in for the lane: then no time is promised. A lane with somebody ready is asked with ahead -1.
    """
    if agents <= 0:
        return None
    return timedelta(seconds=ceil(max(0, ahead + 1) * handling.total_seconds() / agents))


def offers_call_back(waited: timedelta, after: timedelta | None, *, offered: bool) -> bool:
    """Whether a waiting caller is now asked once if they want to be called back instead."""
    return after is not None and not offered and waited >= after
