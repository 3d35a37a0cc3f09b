"""Jobs of the base; idempotent, by ids."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.knowledge import actions


@app.task(name="knowledge.embed", queue="default", retry=3, lock="knowledge.embed")
def embed(entry_id: int, **_: object) -> int:
    """A version came into force: make the vectors of its paragraphs. One at a time: a model is heavy."""
    return actions.embed_entry(actor=actions.SYSTEM, entry_id=entry_id)


@app.periodic(cron="11 * * * *")
@app.task(name="knowledge.scan", queue="housekeeping", queueing_lock="knowledge.scan")
def scan(timestamp: int) -> dict[str, int]:
    """Expire, ask for checks, warn, raise what is overdue."""
    return actions.scan(actor=actions.SYSTEM)


@app.periodic(cron="*/10 * * * *")
@app.task(name="knowledge.gather_gaps", queue="housekeeping", queueing_lock="knowledge.gather_gaps")
def gather_gaps(timestamp: int) -> dict[str, int]:
    """Questions without an answer become duties."""
    return actions.gather_gaps(actor=actions.SYSTEM)


@app.periodic(cron="*/5 * * * *")
@app.task(name="knowledge.pull_sources", queue="housekeeping", queueing_lock="knowledge.pull_sources")
def pull_sources(timestamp: int) -> int:
    """Pull the linked sources whose time has come."""
    return actions.pull_due(actor=actions.SYSTEM)


@app.periodic(cron="37 2 * * *")
@app.task(name="knowledge.count_words", queue="housekeeping", queueing_lock="knowledge.count_words")
def count_words(timestamp: int) -> int:
    """Count in how many entries each word occurs."""
    return actions.count_words(actor=actions.SYSTEM)
