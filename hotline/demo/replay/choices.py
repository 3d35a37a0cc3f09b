"""What simulated staff do next, from what they see. Pure: the same order in the same state gives the same choice.

Nothing is remembered between steps, so a replay that was killed goes on where the orders stand.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from hotline.kit.clock import CITY_ZONE
from hotline.workorders.models.states import AssignmentRole, AssignmentState, OrderState
from hotline.worktime.rules import WorkCalendar


class Do(StrEnum):
    PASS = "pass"  # noqa: S105
    ASK_SUPPLEMENT = "ask_supplement"
    SUPPLY = "supply"
    MERGE = "merge"
    CLOSE_DIRECTLY = "close_directly"
    DISPATCH = "dispatch"
    DESIGNATE = "designate"
    SIGN = "sign"
    CONTACT = "contact"
    RETURN = "return"
    SEND_DOWN = "send_down"
    ASSIST = "assist"
    OPINION = "opinion"
    EXTEND = "extend"
    HOLD = "hold"
    DECIDE = "decide"
    REPLY = "reply"
    REVIEW = "review"
    RESUME = "resume"
    FOLLOW_UP = "follow_up"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Part:
    """An open assignment as a step sees it."""

    id: int
    unit_id: int
    state: str
    role: str
    parent_id: int | None
    contacted: bool
    sent_down: bool = False
    below: tuple[int, ...] = ()
    application_id: int | None = None
    application_kind: str = ""
    age: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class View:
    """An order as a step sees it. `twin_id`: an earlier open order of the same citizen and title; `key`: what chance is tied
    to; `declined`: acts that the rules refused before and that are not tried again; `moved_at`: when anything last happened.
    """

    id: int
    state: str
    round: int
    return_count: int
    extension_count: int
    assisted: bool
    held: bool
    parts: tuple[Part, ...]
    twin_id: int | None = None
    key: str = ""
    declined: frozenset[str] = frozenset()
    moved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, on which assignment, and how long the person needs for it (working hours)."""

    do: Do
    part: Part | None = None
    hours: float = 0.2


def chance(view: View, name: str) -> float:
    """A number in [0, 1) tied to the order, its round and the question."""
    digest = hashlib.blake2b(f"{view.key}:{view.round}:{name}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def next_step(view: View) -> Step:
    """The next act on an order, by whoever owes it."""
    state = OrderState(view.state)
    if state == OrderState.PENDING_REVIEW:
        if Do.ASK_SUPPLEMENT not in view.declined and chance(view, "supplement") < 0.01:
            return Step(Do.ASK_SUPPLEMENT, hours=0.3)
        return Step(Do.PASS, hours=0.1 + chance(view, "pass") * 0.6)
    if state == OrderState.PENDING_SUPPLEMENT:
        return Step(Do.SUPPLY, hours=4)
    if state == OrderState.PENDING_DISPATCH:
        if view.twin_id is not None and Do.MERGE not in view.declined:
            return Step(Do.MERGE, hours=0.2)
        if view.return_count == 0 and chance(view, "direct") < 0.03:
            return Step(Do.CLOSE_DIRECTLY, hours=0.3)
        return Step(Do.DISPATCH, hours=0.1 + chance(view, "dispatch") * 0.8)
    if state == OrderState.ARBITRATION:
        return Step(Do.DESIGNATE, hours=3)
    if state == OrderState.PENDING_FOLLOW_UP:
        return Step(Do.FOLLOW_UP, hours=2 + chance(view, "follow") * 14)
    if state in (OrderState.CLOSED, OrderState.ARCHIVED, OrderState.MERGED):
        return Step(Do.NOTHING)
    return _handling(view)


def _handling(view: View) -> Step:
    for part in view.parts:  # whatever somebody else waits for comes first
        if part.application_id is not None:
            return Step(Do.DECIDE, part, 1 + chance(view, f"decide{part.id}") * 3)
    for part in view.parts:
        if part.state == AssignmentState.ON_HOLD:
            return Step(Do.RESUME, part, 40)
        if part.state == AssignmentState.REPLIED:
            return Step(Do.REVIEW, part, 0.5 + chance(view, f"review{part.id}") * 4)
        if part.state == AssignmentState.PENDING_SIGN:
            # A few units sleep: their clocks turn yellow and red.
            slow = chance(view, f"slow{part.id}") < 0.02
            return Step(Do.SIGN, part, 12 if slow else 0.2 + chance(view, f"sign{part.id}") * 2)
        if part.state == AssignmentState.IN_PROGRESS and part.role == AssignmentRole.ASSISTANT:
            return Step(Do.OPINION, part, 2 + chance(view, f"opinion{part.id}") * 8)
    at_work = [
        part
        for part in view.parts
        if part.state == AssignmentState.IN_PROGRESS and part.role == AssignmentRole.LEAD
    ]
    return _lead(view, at_work[-1]) if at_work else Step(Do.NOTHING)


def _lead(view: View, part: Part) -> Step:
    luck = chance(view, f"lead{part.unit_id}")
    may = {do for do in Do if do not in view.declined}
    if not part.contacted:
        returns = part.parent_id is None and view.round == 1 and view.return_count < 4
        if returns and Do.RETURN in may and luck < 0.04 + 0.08 * min(view.return_count, 3):
            return Step(Do.RETURN, part, 1)
        return Step(Do.CONTACT, part, 0.5 + chance(view, f"contact{part.id}") * 5)
    if Do.SEND_DOWN in may and not part.sent_down and part.below and luck > 0.5:
        return Step(Do.SEND_DOWN, part, 0.5)
    if Do.ASSIST in may and part.parent_id is None and not view.assisted and 0.30 < luck < 0.36:
        return Step(Do.ASSIST, part, 1)
    if Do.EXTEND in may and view.extension_count == 0 and 0.36 < luck < 0.40:
        return Step(Do.EXTEND, part, 10)
    if Do.HOLD in may and part.parent_id is None and not view.held and 0.40 < luck < 0.41:
        return Step(Do.HOLD, part, 6)
    late = chance(view, f"late{part.id}") < 0.03
    return Step(Do.REPLY, part, 50 if late else 3 + chance(view, f"work{part.id}") * 20)


BEGIN, END = time(9, 0), time(17, 30)
DAY = timedelta(hours=8, minutes=30)


def after(at: datetime, hours: float, calendar: WorkCalendar) -> datetime:
    """The moment `hours` of office time after `at` (09:00-17:30 on working days)."""
    left = timedelta(hours=hours)
    local = at.astimezone(CITY_ZONE)
    while True:
        day = calendar.workday_on_or_after(local.date())
        begin = datetime.combine(day, BEGIN, CITY_ZONE)
        local = max(local, begin) if local.date() == day else begin
        end = datetime.combine(day, END, CITY_ZONE)
        if local < end and left <= end - local:
            return local + left
        left -= max(end - local, timedelta(0))
        local = datetime.combine(day + timedelta(days=1), BEGIN, CITY_ZONE)
