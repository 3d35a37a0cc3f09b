"""Jobs of the online help."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.chat import actions
from hotline.chat.actions import MACHINE


@app.task(name="chat.note_filed", queue="default")
def note_filed(appeal_id: int, **rest: object) -> None:
    """The number of an appeal goes back into the chat that it came from."""
    actions.note_filed(actor=MACHINE, appeal_id=appeal_id)


@app.periodic(cron="* * * * *")
@app.task(name="chat.watch", queue="default", queueing_lock="chat.watch")
def watch(timestamp: int) -> dict[str, int]:
    """Vanished agents, silent citizens, and questions whose answer a killed process owes."""
    return {**actions.watch(actor=MACHINE), "answered": actions.answer_waiting(actor=MACHINE)}


@app.periodic(cron="47 2 * * *")
@app.task(name="chat.delete_old", queue="housekeeping", queueing_lock="chat.delete_old")
def delete_old(timestamp: int) -> int:
    """Words whose time is over (HOTLINE_CHAT_DAYS)."""
    return actions.delete_old(actor=MACHINE)
