"""Jobs of voices."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.emotion import actions
from hotline.emotion.permissions import MEASURE
from hotline.kit.actor import system_actor


@app.periodic(cron="47 2 * * *")
@app.task(name="emotion.forget_old", queue="housekeeping", queueing_lock="emotion.forget_old")
def forget_old(timestamp: int) -> int:
    """Traces and moments whose time is over."""
    return actions.forget_old(actor=system_actor("emotion", MEASURE))
