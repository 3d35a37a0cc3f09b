"""Limits of the public doors, by address: generous for a family behind one router, tight for a machine."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from hotline.kit.errors import ActionError
from hotline.kit.ratelimit import allow


class TooMany(ActionError):
    """Asked too often (429)."""

    status = 429


def limited(request: HttpRequest, door: str, times: int, seconds: int) -> None:
    """Raises TooMany when this address came through `door` more than `times` in `seconds`."""
    address = request.META.get("REMOTE_ADDR", "")
    if not allow(f"portal:{door}:{address}", times, seconds):
        raise TooMany(
            "too_many", _("Too many tries from your connection. Please wait a few minutes, or call us.")
        )
