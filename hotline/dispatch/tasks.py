"""Jobs on new orders: propose, send by itself, learn from what people decided. Ids only; each may run twice."""

from __future__ import annotations

from django.db import Error
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from hotline.dispatch import actions
from hotline.kit.actor import system_actor
from hotline.suggestions import actions as suggestions

READER = system_actor("suggestions", "suggestions:make")
SENDER = system_actor(
    "auto-dispatch",
    "dispatch:pool",
    "dispatch:automatic",
    "workorders:dispatch",
    "workorders:review",
    "workorders:view",
)
AGAIN = RetryStrategy(max_attempts=5, exponential_wait=3, retry_exceptions=[Error])


@app.task(name="dispatch.propose", queue="suggestions", retry=AGAIN, priority=-5)
def propose(order_id: int, seen_by: str = "", **_: object) -> int:
    """Read a new order and keep what can be proposed; one that reached the pool without a review may go out by itself.

    After messages and clocks: nobody waits for it.
    """
    made = actions.propose(actor=READER, order_id=order_id, seen_by=seen_by)
    actions.send_by_itself(actor=SENDER, order_id=order_id)
    return made


@app.task(name="dispatch.send_by_itself", queue="suggestions", retry=AGAIN)
def send_by_itself(order_id: int, **_: object) -> str:
    """An order reached the pool after its review: it may go out by itself."""
    return str(actions.send_by_itself(actor=SENDER, order_id=order_id) or "")


@app.task(name="dispatch.settle", queue="default", retry=AGAIN)
def settle(order_id: int, **_: object) -> int:
    """An order was sent: compare what was proposed."""
    return actions.settle(actor=READER, order_id=order_id)


@app.task(name="dispatch.settle_replies", queue="default", retry=AGAIN)
def settle_replies(order_id: int, **_: object) -> int:
    """A reply was approved: compare it with the former one that it was begun from."""
    return suggestions.settle_replies(actor=READER, order_id=order_id)


@app.task(name="dispatch.note_returned", queue="suggestions", retry=AGAIN)
def note_returned(order_id: int, **_: object) -> bool:
    """A unit gave an order back."""
    return actions.note_returned(actor=SENDER, order_id=order_id)
