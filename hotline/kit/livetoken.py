"""Tokens that open the live stream: who may hear which topics until when. Pure; no Django, no clock of its
own.

The web process signs (`/live/token`), the live process reads; both derive the key from HOTLINE_SECRET_KEY.
Form: base64url(JSON) "." base64url(HMAC-SHA256 of the first part).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime


class BadToken(ValueError):
    """The token is forged, damaged or past its time; the text says which."""


@dataclass(frozen=True)
class Token:
    """`subject` is `Actor.key()`; `session` a hash of the web session, for logs only."""

    topics: frozenset[str]
    subject: str
    session: str
    expires_at: datetime


def sign(topics: Iterable[str], subject: str, expires_at: datetime, key: str, session: str = "") -> str:
    """A token for these topics; `expires_at` is aware and rounded down to the second."""
    body = {"t": sorted(set(topics)), "s": subject, "n": session, "e": int(expires_at.timestamp())}
    text = _encode(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
    return f"{text}.{_encode(_mac(text, key))}"


def read(token: str, key: str, now: datetime) -> Token:
    """The content of a genuine token, or BadToken. The signature is compared before anything is parsed."""
    text, _, signature = token.partition(".")
    try:
        given = _decode(signature)
    except ValueError:
        raise BadToken("damaged") from None
    if not hmac.compare_digest(given, _mac(text, key)):
        raise BadToken("signature")
    body = json.loads(_decode(text))
    expires_at = datetime.fromtimestamp(body["e"], UTC)
    if now >= expires_at:
        raise BadToken("expired")
    return Token(frozenset(body["t"]), body["s"], body["n"], expires_at)


def _mac(text: str, key: str) -> bytes:
    # A key of its own purpose: a signature made elsewhere with the same secret is no token.
    own = hashlib.sha256(b"hotline.live\0" + key.encode()).digest()
    return hmac.digest(own, text.encode("utf-8", "surrogatepass"), "sha256")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
