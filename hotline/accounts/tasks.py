"""Housekeeping of the way in. Each may run twice or late without harm."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from procrastinate.contrib.django import app

from hotline.kit import ratelimit
from hotline.kit.clock import now

BATCH = 5000


@app.periodic(cron="23 * * * *")
@app.task(name="accounts.purge_doors", queue="housekeeping", queueing_lock="accounts.purge_doors")
def purge_doors(timestamp: int) -> int:
    """Forget closed windows of rate limits and expired browser sessions; returns how many sessions.

    Staff sessions stay in `StaffSession`: who was signed in when is part of the record.
    """
    ratelimit.purge()
    removed = 0
    # In batches: visitors of the portal leave many behind.
    while keys := list(
        Session.objects.filter(expire_date__lt=now() - timedelta(hours=1)).values_list("pk", flat=True)[
            :BATCH
        ]
    ):
        removed += Session.objects.filter(pk__in=keys).delete()[0]
    return removed
