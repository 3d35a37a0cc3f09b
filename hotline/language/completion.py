"""Asking an OpenAI-compatible server (`POST …/chat/completions`) for one answer. Never raises, never waits past its time.

What is sent is the caller's business: mask it before. What comes back is words of a stranger: at most `LONGEST` bytes are
read, no redirect is followed, and nothing in it is done.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST = 1_000_000
"""Bytes of an answer that are read."""
PIECE = 16_384


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is: `url` up to and with `/v1`; `timeout` in seconds for everything together."""

    url: str
    model: str
    key: str = ""
    timeout: float = 8.0


@dataclass(frozen=True, slots=True)
class Completion:
    """Its answer: `tokens` as it counted them, or a careful guess where it did not; `seconds` it took."""

    text: str
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer: `code` is not_reached, slow, cut, status_<n>, too_long or no_sense."""

    code: str
    seconds: float


def guessed_tokens(text: str) -> int:
    """Tokens of a text when nobody counted: one a character, which for Chinese is more than any tokenizer makes."""
    return len(text)


def complete(
    server: Server, messages: Sequence[Mapping[str, str]], *, most_tokens: int = 400
) -> Completion | Failed:
    """One answer to `messages` ([{role, content}]), of at most `most_tokens`, as a JSON object where the server can."""
    began = time.monotonic()
    body = json.dumps(
        {
            "model": server.model,
            "messages": list(messages),
            "max_tokens": most_tokens,
            "temperature": 0,
            "stream": False,
            "response_format": {"type": "json_object"},
        },
        ensure_ascii=False,
    ).encode("utf-8", "replace")

    def failed(code: str) -> Failed:
        return Failed(code, time.monotonic() - began)

    try:
        status, raw = _post(server, body, began + server.timeout)
    except TimeoutError:
        return failed("slow")
    except (
        http.client.IncompleteRead,
        http.client.RemoteDisconnected,
        ConnectionResetError,
        BrokenPipeError,
    ):
        return failed("cut")
    except (http.client.HTTPException, UnicodeError):
        return failed("no_sense")
    except OSError:
        return failed("not_reached")
    if status != 200:
        return failed(f"status_{status}")
    if len(raw) > LONGEST:
        return failed("too_long")
    try:
        answer = json.loads(raw)
        text = answer["choices"][0]["message"]["content"]
        used = (answer.get("usage") or {}).get("total_tokens")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return failed("no_sense")
    if not isinstance(text, str):
        return failed("no_sense")
    text = text.encode("utf-8", "replace").decode("utf-8")  # half a sign may be escaped in JSON; nobody can keep or show it
    sent = sum(guessed_tokens(one["content"]) for one in messages)
    counted = used if type(used) is int and 0 <= used <= 10_000_000 else sent + guessed_tokens(text)
    return Completion(text, counted, time.monotonic() - began)


def _post(server: Server, body: bytes, end: float) -> tuple[int, bytes]:
    parts = urlsplit(server.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    more = {"context": ssl.create_default_context()} if parts.scheme == "https" else {}
    connection = kind(parts.hostname or "", parts.port, timeout=_left(end), **more)  # type: ignore[arg-type]
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if server.key:
        headers["Authorization"] = f"Bearer {server.key}"
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/chat/completions", body, headers)
        held = connection.sock
        _wait(held, end)
        answer = connection.getresponse()
        got = bytearray()
        while len(got) <= LONGEST:
            # A server that sends a byte a second must not hold a page for ever.
            _wait(held, end)
            piece = answer.read1(PIECE)
            if not piece:
                break
            got += piece
        if answer.length and len(got) <= LONGEST:
            raise http.client.IncompleteRead(bytes(got), answer.length)
        return answer.status, bytes(got)
    finally:
        connection.close()


def _wait(held: socket.socket | None, end: float) -> None:
    left = _left(end)
    if held is not None and held.fileno() >= 0:
        held.settimeout(left)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
