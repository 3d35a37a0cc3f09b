"""Jobs of follow-up; idempotent, by order id."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.followup import actions
from hotline.notifications.actions import hand_over


@app.task(name="followup.plan", queue="default", retry=5)
def plan(order_id: int, **_: object) -> None:
    """A reply was approved: plan the calls."""
    actions.plan(actor=actions.SYSTEM, order_id=order_id)


@app.task(name="followup.cancel", queue="default", retry=5)
def cancel(order_id: int, **_: object) -> None:
    """The order left follow-up by another way: nobody is called any more."""
    actions.cancel_round(actor=actions.SYSTEM, order_id=order_id)


@app.task(name="followup.tell", queue="default", retry=5)
def tell(order_id: int, event_id: int, **_: object) -> None:
    """Something happened that the citizens behind the order are told."""
    for message_id in actions.tell_citizens(actor=actions.SYSTEM, order_id=order_id, event_id=event_id):
        hand_over(actor=actions.SYSTEM, message_id=message_id)


@app.task(name="followup.tell_accepted", queue="default", retry=5)
def tell_accepted(appeal_id: int, **_: object) -> None:
    """An appeal was filed: its citizen gets number, code and promise."""
    message_id = actions.tell_accepted(actor=actions.SYSTEM, appeal_id=appeal_id)
    if message_id is not None:
        hand_over(actor=actions.SYSTEM, message_id=message_id)
