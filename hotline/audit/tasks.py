"""Sealing runs by itself."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.audit import actions


@app.periodic(cron="* * * * * */10")
@app.task(name="audit.seal", queue="housekeeping", queueing_lock="audit.seal")
def seal(timestamp: int) -> dict[str, int]:
    """Seal what has settled since the last run; a hundred links of 5,000 rows at most."""
    return actions.seal_all(most=100)
