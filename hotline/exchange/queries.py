"""Reads of tokens."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
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


KEPT_SECONDS = 0.0 if settings.TESTING else 2.0
"""How long a process trusts a token it has read: a revoked one is refused by the others within this time."""
_kept: dict[bytes, tuple[float, datetime | None, Caller]] = {}
_MOST_KEPT = 1000


def caller_of(token: str) -> Caller | None:
    """The caller behind a token; None when it is malformed, unknown, revoked or past its end.

    Revoking takes effect at once in the process that does it and within `KEPT_SECONDS` in all others; an end is exact.
    """
    if not rules.TOKEN.match(token):
        return None
    digest = rules.token_hash(token)
    kept = _kept.get(digest)
    if kept is not None and time.monotonic() < kept[0]:
        return kept[2] if rules.usable(None, kept[1], clock.now()) else None
    row = fetch_one(_CALLER, [digest])
    if row is None:
        return None
    pk, name, scopes, per_minute, revoked_at, expires_at, last_used_at = row
    if not rules.usable(revoked_at, expires_at, clock.now()):
        return None
    actor = Actor(kind=ActorKind.API, id=pk, name=name, permissions=rules.permissions_of(scopes))
    caller = Caller(actor, frozenset(scopes), per_minute, pk, last_used_at)
    if KEPT_SECONDS:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        # Whoever gets the row just read notes its use; the next ones need not.
        _kept[digest] = (time.monotonic() + KEPT_SECONDS, expires_at, replace(caller, last_used_at=clock.now()))
    return caller


def forget_callers() -> None:
    """Read every token anew at its next call."""
    _kept.clear()


def token_names(ids: Collection[int]) -> dict[int, str]:
    """Token → the system that uses it, revoked ones too."""
    return dict(ApiToken.objects.filter(pk__in=ids).values_list("pk", "name"))


def tokens() -> QuerySet[ApiToken]:
    """All tokens, the newest first; the secret part is not stored."""
    return ApiToken.objects.select_related("unit").order_by("-id")
