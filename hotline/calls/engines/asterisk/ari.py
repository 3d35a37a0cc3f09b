"""Asterisk's REST Interface on the wire: requests over kept HTTP/1.1 connections, events over a WebSocket. No meaning of calls here."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from websockets.asyncio.client import connect

from hotline.calls.engines.interface import EngineAway, EngineRefused

OWN = "xs-"
"""Channels and bridges of ours begin so; they are never legs."""
ENTRY_SECONDS = 3.0
NOT_YET = (409, 422)
"""Asterisk's words for a channel that has not entered our application yet; a snoop channel takes a moment."""
LONGEST_HEAD = 64 * 1024
MOST_KEPT = 16
"""Connections kept open for the next request."""


class Fault(Exception):
    """Asterisk answered with an error: its status and its words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status, self.message = status, message


@contextlib.contextmanager
def refused() -> Iterator[None]:
    """Asterisk's errors in our words."""
    try:
        yield
    except Fault as fault:
        code = {404: "no_leg", 409: "leg_gone", 412: "not_up"}.get(fault.status, "fault")
        raise EngineRefused(code, f"Asterisk refused: {fault.message}.") from None


class Ari:
    """`app`: the name in the dialplan's Stasis(app). Raises EngineAway when Asterisk does not answer within `seconds`."""

    def __init__(
        self, host: str, port: int, user: str, password: str, app: str, *, seconds: float = 5.0
    ) -> None:
        self._host, self._port, self.app, self._seconds = host, port, app, seconds
        self._login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    def events(self) -> connect:
        """The WebSocket of this app's events; whoever opens it last has it alone."""
        place = f"ws://{_bracket(self._host)}:{self._port}/ari/events?{urlencode({'app': self.app})}"
        return connect(
            place,
            additional_headers={"Authorization": self._login},
            compression=None,
            max_size=None,
            open_timeout=self._seconds,
            ping_interval=20,
            ping_timeout=20,
        )

    async def get(self, *path: str, **query: Any) -> Any:
        return json.loads(await self._ask("GET", path, query))

    async def post(self, *path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """What it answers with; None when it answers without words."""
        answered = await self._ask("POST", path, query, body)
        return json.loads(answered) if answered else None

    async def post_soon(self, *path: str, **query: Any) -> None:
        """To a channel that may take a moment to enter our application."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ENTRY_SECONDS
        while True:
            try:
                await self.post(*path, **query)
                return
            except Fault as fault:
                if fault.status not in NOT_YET or loop.time() > deadline:
                    raise
            await asyncio.sleep(0.02)

    async def delete(self, *path: str, **query: Any) -> bool:
        """What is gone already is no error, but False."""
        try:
            await self._ask("DELETE", path, query)
        except Fault as fault:
            if fault.status != 404:
                raise
            return False
        return True

    async def file(self, *path: str) -> bytes:
        return await self._ask("GET", path, {})

    def close(self) -> None:
        for _reader, writer in self._free:
            writer.close()
        self._free.clear()

    async def _ask(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
    ) -> bytes:
        place = "/ari/" + "/".join(quote(one, safe="") for one in path)
        if query:
            place += "?" + urlencode({name: str(value) for name, value in query.items()})
        data = json.dumps(body).encode() if body is not None else b""
        head = [
            f"{method} {place} HTTP/1.1",
            f"Host: {_bracket(self._host)}:{self._port}",
            f"Authorization: {self._login}",
            f"Content-Length: {len(data)}",
            *(["Content-Type: application/json"] if data else []),
        ]
        message = "\r\n".join([*head, "", ""]).encode() + data
        try:
            async with asyncio.timeout(self._seconds):
                status, answered = await self._exchange(message)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            raise EngineAway(f"Asterisk did not answer: {type(error).__name__} {error}.") from None
        if status >= 300:
            raise Fault(status, _message(answered))
        return answered

    async def _exchange(self, message: bytes) -> tuple[int, bytes]:
        """By a kept connection; when Asterisk has closed it meanwhile, by a new one, once."""
        while self._free:
            reader, writer = self._free.pop()
            if reader.at_eof() or writer.is_closing():
                writer.close()
                continue
            try:
                return await self._once(reader, writer, message)
            except (ConnectionError, EOFError):
                continue
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=LONGEST_HEAD)
        return await self._once(reader, writer, message)

    async def _once(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes
    ) -> tuple[int, bytes]:
        done = False
        try:
            writer.write(message)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            status = int(head[0].split(" ", 2)[1])
            fields = {
                name.strip().lower(): value.strip()
                for name, _colon, value in (line.partition(":") for line in head[1:])
            }
            if fields.get("transfer-encoding", "").lower() == "chunked":
                answered = await _chunks(reader)
            else:
                answered = await reader.readexactly(int(fields.get("content-length", "0")))
            done = fields.get("connection", "").lower() != "close" and len(self._free) < MOST_KEPT
            return status, answered
        finally:
            if done:
                self._free.append((reader, writer))
            else:
                writer.close()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    whole = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        whole += (await reader.readexactly(size + 2))[:-2]
    while (await reader.readline()).strip():
        pass
    return bytes(whole)


def _message(answered: bytes) -> str:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return str(json.loads(answered)["message"])
    return answered[:100].decode("utf-8", "replace")


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host


__all__ = ["OWN", "Ari", "Fault", "refused"]
