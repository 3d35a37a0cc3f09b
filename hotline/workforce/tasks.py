"""Jobs of the planners."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.kit.actor import system_actor
from hotline.workforce import actions

ACTOR = system_actor("workforce", "workforce:play")


@app.task(name="workforce.play_day", queue="suggestions", priority=-5)
def play_day(run_id: int) -> str:
    """A day is played again."""
    return actions.play_run(actor=ACTOR, run_id=run_id)
