"""Reads of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from hotline.exchange import rules
from hotline.exchange.models import ApiToken
from hotline.kit import clock
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.statements import fetch_one


@dataclass(frozen=True, slots=True)
class Caller:
    """A partner's system at the door: its actor, scopes and rate."""

    actor: Actor
    scopes: frozenset[str]
    per_minute: int
    token_id: int
    last_used_at: datetime | None = None


_CALLER = (
    "SELECT id, name, scopes, per_minute, revoked_at, expires_at, last_used_at FROM exchange_apitoken WHERE token_hash = %s"
)


def caller_of(token: str) -> Caller | None:
    """The caller behind a token; None when it is malformed, unknown, revoked or past its end. One query."""
    if not rules.TOKEN.match(token):
        return None
    row = fetch_one(_CALLER, [rules.token_hash(token)])
    if row is None:
        return None
    pk, name, scopes, per_minute, revoked_at, expires_at, last_used_at = row
    if not rules.usable(revoked_at, expires_at, clock.now()):
        return None
    actor = Actor(kind=ActorKind.API, id=pk, name=name, permissions=rules.permissions_of(scopes))
    return Caller(actor, frozenset(scopes), per_minute, pk, last_used_at)


def tokens() -> QuerySet[ApiToken]:
    """All tokens, the newest first; the secret part is not stored."""
    return ApiToken.objects.select_related("unit").order_by("-id")
