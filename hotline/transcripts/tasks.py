"""Jobs of recordings."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.calls.actions.pausing import resume_forgotten
from hotline.kit.actor import system_actor
from hotline.transcripts import actions

ACTOR = system_actor("recordings", "transcripts:keep", "calls:distribute")


@app.task(name="transcripts.keep", queue="recordings")
def keep(recording_id: int) -> None:
    """A recording is checked and encrypted as soon as it is closed."""
    actions.keep(actor=ACTOR, recording_id=recording_id)


@app.periodic(cron="* * * * *")
@app.task(name="transcripts.keep_waiting", queue="recordings", queueing_lock="transcripts.keep_waiting")
def keep_waiting(timestamp: int) -> int:
    """What no job has kept yet; conversations that have no recording; pauses that nobody ended."""
    resume_forgotten(actor=ACTOR)
    actions.seek_missing(actor=ACTOR)
    return actions.keep_waiting(actor=ACTOR)


@app.periodic(cron="37 2 * * *")
@app.task(name="transcripts.delete_old", queue="housekeeping", queueing_lock="transcripts.delete_old")
def delete_old(timestamp: int) -> int:
    """Recordings whose time is over (HOTLINE_RECORDING_DAYS), and files that a killed job left."""
    actions.clear_away(actor=ACTOR)
    return actions.delete_old(actor=ACTOR)
