"""Jobs of the lake."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.analytics import actions
from hotline.kit.actor import system_actor
from hotline.kit.errors import Refused

ACTOR = system_actor("lake", "analytics:build")


@app.periodic(cron="*/5 * * * *")
@app.task(name="analytics.build", queue="analytics", queueing_lock="analytics.build", priority=-5)
def build(timestamp: int = 0) -> str:
    """The lake is brought up to the log."""
    try:
        it = actions.build(actor=ACTOR)
    except Refused as refusal:
        if refusal.code == "lake_busy":
            return refusal.code
        raise
    return f"snapshot {it.number}: {it.events} events, {it.orders} orders"


@app.periodic(cron="40 3 * * *")
@app.task(name="analytics.compact", queue="analytics", queueing_lock="analytics.compact", priority=-5)
def compact(timestamp: int = 0) -> str:
    """Small files become one a month."""
    it = actions.compact(actor=ACTOR)
    return f"{it.merged} merged, {it.deleted} deleted"
