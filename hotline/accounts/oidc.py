"""OpenID Connect as a relying party: code flow with PKCE (RFC 7636), discovery, keys, the ID token (OpenID Connect Core 3.1).

Speaks HTTP with the one provider of the settings, never with an address that a token names. No redirect is followed, answers are
bounded, a call waits `TIMEOUT` at most. The caller keeps state, nonce and verifier in the session and gives each but once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

TIMEOUT: Final = 5.0
LONGEST: Final = 500_000
"""Bytes of an answer that are read."""
ALGORITHMS: Final = ["RS256", "PS256", "ES256"]
"""Signatures by a key of the provider's alone: `none`, and HMAC with a secret that both know, prove nothing."""
KEPT: Final = 600.0
"""Seconds that discovery and keys are kept."""
LEEWAY: Final = 120
"""Seconds that the clocks may differ."""
OLDEST: Final = 600
"""Seconds after which an ID token is too old to sign in with, whatever it says."""


class ProviderFault(Exception):
    """The provider is away or says something that cannot be used; the text is for the log, without secrets."""


class BadToken(Exception):
    """The answer does not prove who somebody is; the text says which check failed."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The settings of the one provider."""

    issuer: str
    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the session keeps between going and coming back."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Who it is, for this issuer, and by which means (`amr`, RFC 8176)."""

    issuer: str
    subject: str
    means: frozenset[str]
    name: str


def begin() -> Attempt:
    """Fresh secrets of one attempt."""
    return Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


def going(provider: Provider, attempt: Attempt, come_back: str) -> str:
    """The address to send the browser to. Raises ProviderFault."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
    question = {
        "response_type": "code", "client_id": provider.client_id, "redirect_uri": come_back, "scope": "openid profile",
        "state": attempt.state, "nonce": attempt.nonce, "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    address = _discovered(provider)["authorization_endpoint"]
    return f"{address}{'&' if '?' in address else '?'}{urlencode(question)}"


def prove(provider: Provider, attempt: Attempt, code: str, come_back: str, now: datetime) -> Proof:
    """Exchange the code and check the ID token. Raises ProviderFault, BadToken."""
    found = _discovered(provider)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": come_back, "code_verifier": attempt.verifier}
    head = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" in methods:
        # RFC 6749 2.3.1: each part encoded as in a form before they are joined.
        pair = f"{quote(provider.client_id, safe='')}:{quote(provider.secret, safe='')}"
        head["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form |= {"client_id": provider.client_id, "client_secret": provider.secret}
    answer = _asked(found["token_endpoint"], data=urlencode(form).encode(), head=head)
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise BadToken("no id_token")
    return _checked(provider, attempt, token, now)


def _checked(provider: Provider, attempt: Attempt, text: str, now: datetime) -> Proof:
    """OpenID Connect Core 3.1.3.7."""
    claims = _opened(provider, text)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    moment = int(now.timestamp())
    if claims.get("iss") != provider.issuer:
        raise BadToken("issuer")
    if provider.client_id not in audiences or (len(audiences) > 1 and claims.get("azp") != provider.client_id):
        raise BadToken("audience")
    if "azp" in claims and claims["azp"] != provider.client_id:
        raise BadToken("azp")
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int | float) or expires + LEEWAY <= moment:
        raise BadToken("expired")
    if not isinstance(issued, int | float) or not moment - OLDEST <= issued <= moment + LEEWAY:
        raise BadToken("issued at another time")
    nonce, subject = claims.get("nonce"), claims.get("sub")
    if not isinstance(nonce, str) or not secrets.compare_digest(nonce.encode(), attempt.nonce.encode()):
        raise BadToken("nonce")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise BadToken("subject")
    means = claims.get("amr")
    given = frozenset(one for one in means if isinstance(one, str)) if isinstance(means, list) else frozenset()
    name = claims.get("name")
    return Proof(provider.issuer, subject, given, name[:60] if isinstance(name, str) else "")


def _opened(provider: Provider, text: str) -> Mapping[str, Any]:
    """The claims of a token that one of the provider's keys signed; keys are asked for anew once, for they rotate."""
    for fresh in (False, True):
        try:
            return jwt.decode(text, _keys(provider, fresh=fresh), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError) as error:
            if fresh:
                raise BadToken(f"signature: {type(error).__name__}") from None
    raise AssertionError


_kept: dict[str, tuple[float, Any]] = {}
_lock = threading.Lock()
_REFRESH: Final = 10.0
"""Seconds between two requests for keys on the ground of a token that none fits: forged ones cost the provider nothing."""


def forget() -> None:
    """Ask the provider anew."""
    with _lock:
        _kept.clear()


def _keys(provider: Provider, *, fresh: bool) -> KeySet:
    age = _REFRESH if fresh else KEPT
    keys: KeySet = _remembered(f"keys:{provider.issuer}", age, lambda: _read_keys(provider))
    return keys


def _read_keys(provider: Provider) -> KeySet:
    rows = _asked(_discovered(provider)["jwks_uri"]).get("keys")
    # A key for encryption, or of a kind that we do not read, must not hide the others.
    usable = [
        row
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and row.get("kty") in ("RSA", "EC") and row.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError, KeyError, TypeError):
        raise ProviderFault("keys that cannot be read") from None


def _discovered(provider: Provider) -> dict[str, Any]:
    found: dict[str, Any] = _remembered(f"discovery:{provider.issuer}", KEPT, lambda: _discover(provider))
    return found


def _discover(provider: Provider) -> dict[str, Any]:
    found = _asked(provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if found.get("issuer") != provider.issuer:
        raise ProviderFault("another issuer than the settings name")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(found.get(name), str) or not is_safe(found[name]):
            raise ProviderFault(f"{name} is missing or not by https")
    return found


def is_safe(address: str) -> bool:
    """By https, or on this very machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"))


def _remembered(name: str, age: float, read: Any) -> Any:
    with _lock:
        at, value = _kept.get(name, (0.0, None))
    if value is not None and time.monotonic() - at < age:
        return value
    value = read()
    with _lock:
        _kept[name] = (time.monotonic(), value)
    return value


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _asked(address: str, *, data: bytes | None = None, head: Mapping[str, str] | None = None) -> dict[str, Any]:
    if not is_safe(address):
        raise ProviderFault("an address without https")
    request = urllib.request.Request(address, data=data, headers=dict(head or {"Accept": "application/json"}))  # noqa: S310 (is_safe)
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}) if _here(address) else urllib.request.ProxyHandler())
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            body = response.read(LONGEST + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise ProviderFault(f"status {error.code}") from None
    except (OSError, ValueError) as error:
        raise ProviderFault(type(error).__name__) from None
    try:
        answer = json.loads(body) if len(body) <= LONGEST else None
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise ProviderFault("no JSON object")
    return answer


def _here(address: str) -> bool:
    return urlsplit(address).scheme == "http"
