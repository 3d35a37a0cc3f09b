"""The numbered stream that live screens read."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class XidField(models.Field):  # type: ignore[type-arg]
    """PostgreSQL `xid8`: the transaction that wrote the row. Readers order by (xid, id) below the snapshot's xmin."""

    def db_type(self, connection: object) -> str:
        return "xid8"


class CurrentXid(models.Func):
    function = "pg_current_xact_id"
    template = "%(function)s()"
    output_field = XidField()


class LiveEvent(models.Model):
    """One message to live screens; ids only, screens fetch what they may see. Kept 24 hours."""

    xid = XidField(db_default=CurrentXid(), editable=False)
    topic = models.TextField()
    kind = models.TextField()
    payload = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "kit_live_event"
        indexes: ClassVar = [
            models.Index(fields=["xid", "id"], name="kit_live_order"),
            models.Index(fields=["at"], name="kit_live_at"),
        ]


class Heartbeat(models.Model):
    """One row a process: who is alive, since when; read by the health page."""

    name = models.TextField(primary_key=True)
    kind = models.TextField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    details = models.JSONField(default=dict)


__all__ = ["ArrayField", "CurrentXid", "Heartbeat", "LiveEvent", "XidField"]
