"""Tokens and scopes. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SCOPES: Mapping[str, str | Promise] = {
    "appeals:write": _("File, supplement, urge and withdraw appeals"),
    "appeals:read": _("Read the progress of its own appeals"),
    "reference:read": _("Read categories, divisions and units"),
}

# What the platform's own permission table calls the things a scope allows.
CODES: Mapping[str, frozenset[str]] = {
    "appeals:write": frozenset(
        {
            "appeals:write",
            "workorders:create",
            "workorders:view",
            "workorders:note",
            "workorders:urge",
            "workorders:withdraw",
        }
    ),
    "appeals:read": frozenset({"workorders:view"}),
    "reference:read": frozenset(),
}

TOKEN = re.compile(r"^xs_[A-Za-z0-9]{8}_[A-Za-z0-9]{40}$")
NUMBER = re.compile(r"^[0-9A-Za-z-]{1,40}$")
KEY = re.compile(r"^[\x21-\x7e]{1,100}$")


def token_hash(token: str) -> bytes:
    """SHA-256 of a token; 240 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


def usable(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> bool:
    """True while a token is neither revoked nor past its end."""
    return revoked_at is None and (expires_at is None or now < expires_at)


def permissions_of(scopes: list[str]) -> frozenset[str]:
    """Permission codes that these scopes give; unknown scopes give nothing."""
    codes: set[str] = set()
    for scope in scopes:
        codes |= CODES.get(scope, frozenset())
    return frozenset(codes)
