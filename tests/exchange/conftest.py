from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from hotline.exchange import actions
from hotline.exchange.models import ApiToken
from hotline.exchange.rules import SCOPES
from tests.accounts.cast import Cast
from tests.intake.city import city


class Partner:
    """A partner's system with a token, as it would call over HTTP."""

    def __init__(self, cast: Cast, scopes: tuple[str, ...] = tuple(SCOPES), **more: Any) -> None:
        self.token: ApiToken
        self.token, self.secret = actions.make_token(
            actor=cast.actor("admin"), name="区级平台", unit_id=cast.a.pk, scopes=scopes, **more
        )
        self.client = Client()

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", HTTP_AUTHORIZATION=f"Bearer {self.secret}")

    def post(self, path: str, body: Any, *, key: str = "", media_type: str = "application/json") -> Any:
        headers = {"HTTP_AUTHORIZATION": f"Bearer {self.secret}"} | ({"HTTP_IDEMPOTENCY_KEY": key} if key else {})
        return self.client.post(f"/api/v1{path}", body, content_type=media_type, **headers)


@pytest.fixture
def partner(city: Cast) -> Partner:
    return Partner(city)


__all__ = ["Partner", "city", "partner"]
