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


@app.periodic(cron="* * * * *")
@app.task(
    name="suggestions.embed_orders",
    queue="suggestions",
    queueing_lock="suggestions.embed_orders",
    priority=-5,
)
def embed_orders(timestamp: int) -> int:
    """The newest orders become findable by meaning; more a day than a city of 25 million dispatches."""
    return actions.embed_orders(actor=ACTOR, most=50)


@app.periodic(cron="23 3 * * *")
@app.task(name="suggestions.centre_orders", queue="housekeeping", queueing_lock="suggestions.centre_orders")
def centre_orders(timestamp: int) -> int:
    """What a city's orders have in common changes slowly: once a night. Vectors beyond the newest million go."""
    actions.forget_old_vectors(actor=ACTOR)
    return actions.centre_orders(actor=ACTOR)


@app.periodic(cron="41 3 * * *")
@app.task(
    name="suggestions.forget_writer_calls",
    queue="housekeeping",
    queueing_lock="suggestions.forget_writer_calls",
)
def forget_writer_calls(timestamp: int) -> int:
    """What was asked of the language model, and its answers, are kept for half a year."""
    return actions.forget_writer_calls(actor=ACTOR)
