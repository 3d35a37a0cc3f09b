"""An identity provider on the loopback: discovery, authorization, token, keys; strict with PKCE, client and codes."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "xinsheng", "a secret/with+signs"


class Provider:
    """`claims` overrides what the next ID token says; `faults` names what it does wrong."""

    def __init__(self) -> None:
        self.key: Any = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.algorithm = "RS256"
        self.subject = "u-1001"
        self.claims: dict[str, Any] = {}
        self.faults: set[str] = set()
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.basic = True
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.now = 0

    def rotate(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "two", "use": "sig", "alg": "ES256"})
        self.algorithm = "ES256"

    def sign_in(self, address: str) -> str:
        """As a browser whose person gives their name there: the address to which it is sent back."""
        opener = urllib.request.build_opener(_Stay)
        try:
            opener.open(address, timeout=5)
        except urllib.error.HTTPError as answer:
            with answer:
                if answer.code == 302:
                    return str(answer.headers["Location"])
        raise AssertionError("not sent back")

    def token(self, nonce: str) -> str:
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": self.subject, "iat": self.now, "exp": self.now + 300,
            "nonce": nonce, "amr": ["pwd"], "name": "孙伟明",
        }  # fmt: skip
        claims |= self.claims
        if "forged" in self.faults:
            return str(jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048)))
        if "none" in self.faults:
            parts = [json.dumps(one).encode() for one in ({"alg": "none"}, claims)]
            return ".".join(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts) + "."
        return str(jwt.encode({"alg": self.algorithm, "kid": self.key.kid}, claims, self.key))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def answer(self, body: Any, status: int = 200) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                provider.asked.append(parts.path)
                if parts.path == "/.well-known/openid-configuration":
                    methods = ["client_secret_basic"] if provider.basic else ["client_secret_post"]
                    issuer = "http://127.0.0.1:1" if "issuer" in provider.faults else provider.issuer
                    token = "http://evil.example/token" if "plain" in provider.faults else f"{provider.issuer}/token"
                    self.answer({"issuer": issuer, "authorization_endpoint": f"{provider.issuer}/authorize", "token_endpoint": token,
                                 "jwks_uri": f"{provider.issuer}/keys", "token_endpoint_auth_methods_supported": methods})  # fmt: skip
                elif parts.path == "/keys":
                    rows = [provider.key.as_dict(private=False), {"kty": "oct", "k": "AA", "use": "sig"}]
                    self.answer({"keys": rows})
                elif parts.path == "/authorize":
                    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
                    code = f"code-{len(provider.codes)}"
                    provider.codes[code] = given
                    back = {"state": given["state"], "code": code, "iss": provider.issuer}
                    if "denied" in provider.faults:
                        back = {"state": given["state"], "error": "access_denied"}
                    self.send_response(302)
                    self.send_header("Location", f"{given['redirect_uri']}?{urllib.parse.urlencode(back)}")
                    self.end_headers()
                else:
                    self.answer({}, 404)

            def do_POST(self) -> None:
                provider.asked.append(self.path)
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(raw).items()}
                if provider.basic:
                    pair = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
                    name, secret = (urllib.parse.unquote(part) for part in pair.split(":"))
                else:
                    name, secret = form["client_id"], form["client_secret"]
                asked = provider.codes.pop(form["code"], None)
                challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
                good = (
                    (name, secret) == (CLIENT, SECRET)
                    and asked is not None
                    and asked["code_challenge_method"] == "S256"
                    and asked["code_challenge"] == challenge
                    and asked["redirect_uri"] == form["redirect_uri"]
                )
                if "down" in provider.faults:
                    self.answer({"error": "server_error"}, 503)
                elif "redirect" in provider.faults:
                    self.send_response(302)
                    self.send_header("Location", f"{provider.issuer}/keys")
                    self.end_headers()
                elif not good or asked is None:
                    self.answer({"error": "invalid_grant"}, 400)
                else:
                    self.answer({"access_token": "x", "token_type": "Bearer", "id_token": provider.token(asked["nonce"])})

        return Handler


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@contextmanager
def running() -> Any:
    """The provider until the block ends."""
    provider = Provider()
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join()
