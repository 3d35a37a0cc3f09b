"""Jobs of the telephone."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from hotline.calls.actions import figures
from hotline.calls.actions.moving import SYSTEM
from hotline.kit.clock import today
from hotline.notifications.actions import hand_over


@app.periodic(cron="*/5 * * * *")
@app.task(name="calls.settle_figures", queue="clocks", queueing_lock="calls.settle_figures")
def settle_figures(timestamp: int) -> int:
    """Quarters whose calls are over are counted once for all."""
    return figures.settle(actor=SYSTEM)


@app.periodic(cron="* * * * *")
@app.task(name="calls.watch_targets", queue="clocks", queueing_lock="calls.watch_targets")
def watch_targets(timestamp: int) -> list[str]:
    """Connection and answers in 15 s of the last 24 hours against their targets (GB/T 33358)."""
    return figures.watch_targets(actor=SYSTEM)


@app.periodic(cron="19 4 * * *")
@app.task(name="calls.count_again", queue="housekeeping", queueing_lock="calls.count_again")
def count_again(timestamp: int) -> list[str]:
    """The day before yesterday once more: a call that outlived its quarter's settling is counted with its end."""
    return figures.count_again(actor=SYSTEM, day=today() - timedelta(days=2))


@app.task(name="calls.send_invitation", queue="default")
def send_invitation(message_id: int) -> None:
    """The link for a call by video goes out."""
    hand_over(actor=SYSTEM, message_id=message_id)
