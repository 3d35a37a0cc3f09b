"""The lock of the API: a bearer token, its scopes, its rate."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from hotline.exchange import actions, queries
from hotline.exchange.queries import Caller
from hotline.kit.errors import ActionError, NotPermitted
from hotline.kit.ratelimit import allow_leased


class TooMany(ActionError):
    """More calls in a minute than the token allows (429)."""

    status = 429


class Token(HttpBearer):
    """`Authorization: Bearer xs_…`; puts the caller's actor on the request."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        caller = queries.caller_of(token)
        if caller is None:
            return None
        if not allow_leased(f"api:{caller.token_id}", caller.per_minute, 60):
            raise TooMany(
                "too_many", _("More calls than this token may make in a minute. Wait and try again.")
            )
        actions.touch(caller.token_id, caller.last_used_at)
        request.actor = caller.actor  # type: ignore[attr-defined]
        return caller


def caller_with(request: HttpRequest, scope: str) -> Caller:
    """The caller, if its token has the scope; NotPermitted says which one is missing."""
    caller = cast(Caller, request.auth)  # type: ignore[attr-defined]
    if scope not in caller.scopes:
        raise NotPermitted(
            "scope", _("This token lacks the scope %(scope)s.") % {"scope": scope}, details={"scope": scope}
        )
    return caller
