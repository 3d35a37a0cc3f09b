"""Partners' access to the public API."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from hotline.exchange.rules import SCOPES


class ApiToken(models.Model):
    """A partner's token; only its SHA-256 is stored. It acts with the scopes listed, as its unit."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True, help_text="first characters, to recognise it")
    token_hash = models.BinaryField(max_length=32, unique=True)
    unit = models.ForeignKey("accounts.Unit", models.PROTECT, related_name="+")
    scopes = ArrayField(
        models.CharField(max_length=40), default=list, help_text="appeals:write, orders:read, …"
    )
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    per_minute = models.PositiveIntegerField(default=6000, help_text="rate limit")

    @property
    def scopes_in_words(self) -> list[str]:
        """What the token may do, as people say it."""
        return [str(SCOPES.get(scope, scope)) for scope in self.scopes]
