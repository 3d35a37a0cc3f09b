"""Reads of tokens."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from hotline.exchange import rules
from hotline.exchange.models import ApiToken
from hotline.kit import clock
from hotline.kit.actor import Actor, ActorKind


@dataclass(frozen=True, slots=True)
class Caller:
    """A partner's system at the door: its actor, scopes and rate."""

    actor: Actor
    scopes: frozenset[str]
    per_minute: int
    token_id: int


def caller_of(token: str) -> Caller | None:
    """The caller behind a token; None when it is malformed, unknown, revoked or past its end. One query."""
    if not rules.TOKEN.match(token):
        return None
    row = ApiToken.objects.filter(token_hash=rules.token_hash(token)).first()
    if row is None or not rules.usable(row.revoked_at, row.expires_at, clock.now()):
        return None
    actor = Actor(kind=ActorKind.API, id=row.pk, name=row.name, permissions=rules.permissions_of(row.scopes))
    return Caller(actor, frozenset(row.scopes), row.per_minute, row.pk)


def tokens() -> QuerySet[ApiToken]:
    """All tokens, the newest first; the secret part is not stored."""
    return ApiToken.objects.select_related("unit").order_by("-id")
