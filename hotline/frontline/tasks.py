"""Receipts are kept for two months."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.frontline.actions import forget_receipts


@app.periodic(cron="53 3 * * *")
@app.task(name="frontline.forget_receipts", queue="housekeeping", queueing_lock="frontline.forget_receipts")
def forget_old_receipts(timestamp: int) -> int:
    """Once a night."""
    return forget_receipts()
