"""Jobs of the order: what time alone brings about. Each is safe to run twice, or in two workers at once."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.kit import simulation
from hotline.kit.actor import system_actor
from hotline.kit.clock import now
from hotline.workorders.actions import scanning, settling, units, uploading

KEEPER = system_actor("keeper")
ARCHIVER = system_actor("archiver", "workorders:archive")


LANES = 2
"""Connections that scan side by side when thousands of marks come at once, as at the end of a working day."""


@app.periodic(cron="* * * * * */30")
@app.task(name="workorders.scan_clocks", queue="clocks", queueing_lock="workorders.scan_clocks")
def scan_clocks(timestamp: int) -> int:
    """Raise warnings, cards and escalations whose moment has come; returns how many."""
    if simulation.running():
        return 0  # its orders live in another time; the replay itself acts for time
    return scanning.scan_clocks(now=now(), lanes=LANES).raised.total()


@app.periodic(cron="*/5 * * * *")
@app.task(name="workorders.end_holds", queue="clocks", queueing_lock="workorders.end_holds")
def end_holds(timestamp: int) -> int:
    """Resume or close orders whose hold has ended."""
    if simulation.running():
        return 0  # its orders live in another time; the replay itself acts for time
    return scanning.end_holds(now=now())


@app.periodic(cron="11 * * * *")
@app.task(name="workorders.close_by_time", queue="clocks", queueing_lock="workorders.close_by_time")
def close_by_time(timestamp: int) -> int:
    """Close what nobody answered within the city's days, and archive what was closed long ago."""
    if simulation.running():
        return 0  # its orders live in another time; the replay itself acts for time
    closed = scanning.close_by_time(now=now())
    while scanning.archive_closed(actor=ARCHIVER, now=now()):
        pass
    return closed


@app.task(name="workorders.settle_calendar", queue="clocks", retry=5)
def settle_calendar(calendar_id: int, **_: object) -> int:
    """A calendar was published: count anew what was counted without its years."""
    return 0 if simulation.running() else settling.settle_calendar()


@app.periodic(cron="23 * * * *")
@app.task(name="workorders.settle_late", queue="clocks", queueing_lock="workorders.settle_late")
def settle_late(timestamp: int) -> int:
    """The same for what came later: a redo or an extension of an order that is pinned to an older calendar."""
    return 0 if simulation.running() else settling.settle_calendar()


@app.task(name="workorders.involve_after_move", queue="default", retry=5)
def involve_after_move(unit_id: int, **_: object) -> int:
    """A unit moved in the tree: the units above it now see its orders."""
    return units.involve_after_move(actor=KEEPER, unit_id=unit_id)


@app.periodic(cron="37 * * * *")
@app.task(name="workorders.expire_uploads", queue="housekeeping", queueing_lock="workorders.expire_uploads")
def expire_uploads(timestamp: int) -> int:
    """Forget files that nobody went on sending; returns how many."""
    return uploading.expire_uploads(actor=KEEPER)
