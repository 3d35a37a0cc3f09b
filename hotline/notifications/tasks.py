"""Delivery jobs. Ids and sealed text only; each may run twice."""

from __future__ import annotations

from django.db import Error
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from hotline.kit.actor import system_actor
from hotline.notifications import actions
from hotline.notifications.gateways import GatewayDown
from hotline.notifications.rules import SEND_TRIES

ACTOR = system_actor("notifications")
# A database that was killed or restarted under a job is no reason to lose the citizen's message, whatever it says then.
PASSING = (GatewayDown, Error)
LATER = RetryStrategy(max_attempts=SEND_TRIES - 1, exponential_wait=4, retry_exceptions=list(PASSING))
SOON = RetryStrategy(max_attempts=3, wait=5, retry_exceptions=list(PASSING))


@app.task(name="notifications.deliver", queue="messages", retry=LATER)
def deliver(message_id: int) -> str:
    """Send one message of the outbox whose first try failed, or that somebody sends again."""
    return actions.deliver_message(actor=ACTOR, message_id=message_id)


@app.task(name="notifications.deliver_code", queue="messages", retry=SOON, priority=10)
def deliver_code(code_id: int, sealed: str, language: str = "zh-hans") -> bool:
    """Send one code; before all messages, because somebody waits for it."""
    return actions.deliver_code(actor=ACTOR, code_id=code_id, sealed=sealed, language=language)


@app.periodic(cron="29 3 * * *")
@app.task(name="notifications.purge_codes", queue="housekeeping", queueing_lock="notifications.purge_codes")
def purge_codes(timestamp: int) -> int:
    """Remove codes of the day before."""
    return actions.purge_codes(actor=ACTOR)
