"""The append-only audit log and the links that chain it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from hotline.kit.models import CurrentXid, XidField


class AuditEntry(models.Model):
    """One write, or one read of identity. A trigger forbids UPDATE and DELETE."""

    xid = XidField(db_default=CurrentXid(), editable=False)
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=80, help_text="Actor.key()")
    actor_name = models.CharField(max_length=80, blank=True)
    verb = models.CharField(max_length=60, help_text="package.verb, e.g. accounts.reveal_identity")
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=60)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["xid", "id"], name="audit_order"),
            models.Index(fields=["object_type", "object_id", "id"], name="audit_object"),
            models.Index(fields=["actor", "id"], name="audit_actor"),
            models.Index(fields=["actor_name", "id"], name="audit_actor_name"),
            models.Index(fields=["verb", "id"], name="audit_verb"),
            models.Index(fields=["at"], name="audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.verb}"


class ChainLink(models.Model):
    """A sealed batch of rows of one append-only table, in commit order: (xid, id), below the snapshot's xmin.

    `digest` = HMAC-SHA256(key, previous digest ‖ this link's own facts ‖ SHA-256 over the rows' digests);
    `row_digests` holds the first 8 bytes of each row's SHA-256, so that verification names the very row that was
    changed, removed or inserted. `epoch` grows when the database was restored elsewhere, where transactions are
    numbered anew; its rows have ids above `after_id`.
    """

    chain = models.CharField(max_length=40)
    seq = models.BigIntegerField()
    version = models.PositiveSmallIntegerField(
        default=1, help_text="of the list of columns that the digests cover"
    )
    epoch = models.PositiveIntegerField(default=1)
    after_id = models.BigIntegerField(default=0)
    row_ids = ArrayField(models.BigIntegerField())
    row_digests = models.BinaryField()
    digest = models.BinaryField(max_length=32)
    last_xid = XidField()
    last_id = models.BigIntegerField()
    next_xid = models.BigIntegerField(
        default=0, help_text="transactions from here on had not begun when it was sealed"
    )
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["chain", "seq"], name="chain_link_once")]

    def __str__(self) -> str:
        return f"{self.chain} {self.seq}"
