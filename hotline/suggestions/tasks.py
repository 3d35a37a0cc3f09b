"""Jobs of suggestions."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.kit.actor import system_actor
from hotline.suggestions import actions

ACTOR = system_actor("suggestions", "suggestions:make")


@app.periodic(cron="* * * * *")
@app.task(name="suggestions.climb_risks", queue="clocks", queueing_lock="suggestions.climb_risks")
def climb_risks(timestamp: int) -> int:
    """Risks that nobody answered in time go to the shift leader."""
    return actions.climb_risks(actor=ACTOR)
