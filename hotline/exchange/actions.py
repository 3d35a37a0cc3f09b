"""Making and revoking tokens."""

from __future__ import annotations

import secrets
import string
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Unit
from hotline.audit.actions import record
from hotline.exchange import rules
from hotline.exchange.models import ApiToken
from hotline.exchange.permissions import can_keep_tokens
from hotline.exchange.queries import forget_callers
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible

_ALPHABET = string.ascii_letters + string.digits
_MINUTE = timedelta(minutes=1)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


@transaction.atomic
def make_token(
    *,
    actor: Actor,
    name: str,
    unit_id: int,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    per_minute: int = 6000,
) -> tuple[ApiToken, str]:
    """A new token; the text is returned once and never stored. Raises Invalid by field."""
    can_keep_tokens(actor).require("exchange:tokens")
    errors: dict[str, str] = {}
    if not name.strip():
        errors["name"] = _("Name the system that will use it.")
    if not scopes or not set(scopes) <= set(rules.SCOPES):
        errors["scopes"] = _("Choose at least one scope from the list.")
    if not Unit.objects.filter(pk=unit_id).exists():
        errors["unit"] = _("Choose the unit that answers for it.")
    if expires_at is not None and expires_at <= clock.now():
        errors["expires_at"] = _("The end lies in the past.")
    if errors:
        raise Invalid("token", _("The token was not made."), details=errors)
    prefix, secret = _random(8), _random(40)
    text = f"xs_{prefix}_{secret}"
    token = ApiToken.objects.create(
        name=name.strip(),
        prefix=prefix,
        token_hash=rules.token_hash(text),
        unit_id=unit_id,
        scopes=sorted(scopes),
        created_by=actor.key(),
        expires_at=expires_at,
        per_minute=per_minute,
    )
    record(
        actor=actor,
        verb="exchange.make_token",
        object_type="api_token",
        object_id=str(token.pk),
        data={"name": token.name, "scopes": token.scopes},
    )
    return token, text


@transaction.atomic
def revoke_token(*, actor: Actor, token_id: int) -> ApiToken:
    """End a token at once; again is harmless."""
    token = ApiToken.objects.select_for_update().filter(pk=token_id).first()
    if token is None:
        raise NotVisible(_("There is no such token."))
    can_keep_tokens(actor).require("exchange:tokens")
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        token.save(update_fields=["revoked_at"])
        record(actor=actor, verb="exchange.revoke_token", object_type="api_token", object_id=str(token.pk))
        transaction.on_commit(forget_callers)
    return token


def touch(token_id: int, last_used_at: datetime | None) -> None:
    """Remember the last use, at most once a minute a token; `last_used_at` as just read."""
    moment = clock.now()
    if last_used_at is None or last_used_at <= moment - _MINUTE:
        ApiToken.objects.filter(pk=token_id).update(last_used_at=moment)
