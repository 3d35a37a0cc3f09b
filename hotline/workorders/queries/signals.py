"""What the clock chip of a row shows: the moment, from when it is due soon, whether it is over or stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.workorders.models import (
    FINAL_STATES,
    Assignment,
    AssignmentState,
    Clock,
    ClockLevel,
    ClockState,
    OrderState,
    WorkOrder,
)
from hotline.workorders.queries.filters import DUE_SOON


@dataclass(frozen=True, slots=True)
class Chip:
    """Arguments of the `clock` tag."""

    due: datetime | None
    soon: datetime | None = None
    done: datetime | None = None
    paused: bool = False


def clock_of_order(order: WorkOrder) -> Chip:
    """The city's finish clock as a list shows it. After the reply the clock rests: it was met or missed."""
    if order.due_at is None:
        return Chip(None)
    done = order.replied_at or order.closed_at
    if order.state in FINAL_STATES or order.state in (OrderState.CLOSE_REVIEW, OrderState.PENDING_FOLLOW_UP):
        return Chip(order.due_at, done=done or order.due_at)
    return Chip(order.due_at, soon=order.due_at - DUE_SOON, paused=order.state == OrderState.ON_HOLD)


def clock_of_assignment(assignment: Assignment) -> Chip:
    """The nearest clock of an assignment."""
    if assignment.state == AssignmentState.ON_HOLD:
        return Chip(assignment.due_at, paused=True)
    due = assignment.next_due_at or assignment.due_at
    return Chip(due, soon=due - DUE_SOON if due else None)


def chip(clock: Clock) -> Chip:
    """One clock; due soon from its own warning point, which the policy sets."""
    if clock.state in (ClockState.MET, ClockState.MISSED):
        return Chip(clock.due_at, done=clock.stopped_at or clock.due_at)
    if clock.state == ClockState.PAUSED:
        return Chip(clock.due_at, paused=True)
    if clock.level != ClockLevel.GREEN:
        return Chip(clock.due_at, soon=clock.started_at)
    return Chip(clock.due_at, soon=min(clock.next_at or clock.due_at, clock.due_at))
