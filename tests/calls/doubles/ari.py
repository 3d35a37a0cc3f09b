"""A double of Asterisk that speaks its REST Interface: HTTP and a WebSocket on one port, channels, bridges, playbacks, recordings.

Its answers have the form that Asterisk 22 gives. A snoop channel enters the application a moment after it is made, as there.
"""

from __future__ import annotations

import asyncio
import base64
import io
import itertools
import json
import wave
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from websockets.http11 import Request
from websockets.server import ServerProtocol

PLAY_SECONDS = 0.1
"""Each file's length."""
RECORDED = b"\x10\x27" * 800
ALAW_TONE = bytes([0x55 ^ 0x80 ^ 0x7A] * 160)


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Ari:
    """`telephones`: by number what it does when it is called: answer, busy or ring."""

    def __init__(self) -> None:
        self.telephones: dict[str, str] = {}
        self.channels: dict[str, dict[str, Any]] = {}
        self.bridges: dict[str, dict[str, Any]] = {}
        self.used: set[str] = set()
        """Ids of bridges, the destroyed ones too: Asterisk takes a moment to forget one."""
        self.playbacks: dict[str, dict[str, Any]] = {}
        self.live: dict[str, str] = {}
        self.stored: dict[str, bytes] = {}
        self.variables: dict[tuple[str, str], str] = {}
        self.muted: set[tuple[str, str]] = set()
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.started = "2026-11-23T10:00:00.000+0000"
        self.port = 0
        self.lines = 0
        """How often the events were asked for."""
        self.at_line: Callable[[], object] | None = None
        """Happens once, when a line has just been opened."""
        self.trouble: dict[str, float | Refusal | None] = {}
        """By the last word of a path: seconds before it is done, a refusal, or None: the connection breaks without an answer."""
        self._serial = itertools.count()
        self._sockets: list[tuple[ServerProtocol, asyncio.StreamWriter]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self.drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drop(self) -> None:
        """Every connection breaks."""
        for writer in list(self._writers):
            writer.close()
        self._sockets.clear()

    # -- what a test does ----------------------------------------------------------------------------------------------

    def call_in(self, caller: str, called: str = "12345", headers: dict[str, str] | None = None) -> str:
        channel = f"{1795455799 + next(self._serial)}.{next(self._serial)}"
        self._channel(channel, "PJSIP/carrier-0000000a", "Ring", caller=caller, exten=called)
        for name, value in (headers or {}).items():
            self.variables[channel, f"PJSIP_HEADER(read,{name})"] = value
        self._enter(channel, [])
        return channel

    def press(self, channel: str, digits: str) -> None:
        for digit in digits:
            self.tell("ChannelDtmfReceived", channel, digit=digit, duration_ms=100)

    def end(self, channel: str, cause: int = 16) -> None:
        """It hangs up, or is hung up."""
        if channel not in self.channels:
            return
        if self.channels[channel]["dialplan"]["app_name"]:
            self.tell("ChannelHangupRequest", channel, cause=cause)
            for name in [
                name for name, one in self.playbacks.items() if one["target_uri"] == f"channel:{channel}"
            ]:
                playback = {**self.playbacks.pop(name), "state": "failed", "language": "en"}
                self.tell("PlaybackFinished", playback=playback)
            self.tell("StasisEnd", channel)
        for bridge in self.bridges.values():
            if channel in bridge["channels"]:
                bridge["channels"].remove(channel)
        self.tell("ChannelDestroyed", channel, cause=cause, cause_txt="")
        del self.channels[channel]
        for name in [name for name, of in self.live.items() if of == channel]:
            self._finish(name)
        for one in [
            one for one, told in self.channels.items() if told["name"].startswith(f"Snoop/{channel}-")
        ]:
            self.end(one)

    def answer(self, channel: str) -> None:
        """The telephone that rings is answered."""
        self._state(channel, "Up")
        self._enter(channel, [])

    def seats(self, channel: str) -> list[str]:
        return [str(one["name"]) for one in self.bridges.values() if channel in one["channels"]]

    # -- state ---------------------------------------------------------------------------------------------------------

    def _channel(self, channel: str, name: str, state: str, caller: str = "", exten: str = "") -> None:
        self.channels[channel] = {
            "id": channel,
            "name": name,
            "state": state,
            "protocol_id": "",
            "caller": {"name": "", "number": caller},
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {"context": "hotline", "exten": exten, "priority": 1, "app_name": "", "app_data": ""},
            "creationtime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "language": "en",
        }

    def _enter(self, channel: str, args: list[str]) -> None:
        if channel in self.channels:
            self.channels[channel]["dialplan"] |= {"app_name": "Stasis", "app_data": "hotline"}
            self.tell("StasisStart", channel, args=args)

    def _state(self, channel: str, state: str) -> None:
        if channel in self.channels:
            self.channels[channel]["state"] = state
            self.tell("ChannelStateChange", channel)

    def _finish(self, name: str) -> None:
        del self.live[name]
        memory = io.BytesIO()
        with wave.open(memory, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(RECORDED)
        self.stored[name] = memory.getvalue()
        recording = {"name": name, "format": "wav", "state": "done", "target_uri": "channel:x", "duration": 1}
        self.tell("RecordingFinished", recording=recording)

    def later(self, seconds: float, work: Any, *given: Any) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            work(*given)

        task = asyncio.get_running_loop().create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- the verbs -----------------------------------------------------------------------------------------------------

    def _do(self, method: str, path: list[str], query: dict[str, str], body: dict[str, Any]) -> Any:
        match [method, *path]:
            case ["GET", "asterisk", "info"]:
                return {"status": {"startup_time": self.started, "last_reload_time": self.started}}
            case ["GET", "channels"]:
                return list(self.channels.values())
            case ["GET", "bridges"]:
                return list(self.bridges.values())
            case ["GET", "recordings", "stored"]:
                return [{"name": name, "format": "wav"} for name in self.stored]
            case ["GET", "recordings", "stored", name, "file"]:
                if name not in self.stored:
                    raise Refusal(404, "Recording not found")
                return self.stored[name]
            case ["DELETE", "recordings", "stored", name]:
                self.stored.pop(name)
            case ["POST", "recordings", "live", name, "stop"]:
                if name not in self.live:
                    raise Refusal(404, "Recording not found")
                self._finish(name)
            case ["POST" | "DELETE", "recordings", "live", name, "mute"]:
                self.muted.add((method, name))
            case ["GET", "endpoints", "PJSIP", trunk]:
                if trunk != "carrier":
                    raise Refusal(404, "Endpoint not found")
                return {"technology": "PJSIP", "resource": trunk, "state": "online", "channel_ids": []}
            case ["GET", "playbacks", name]:
                if name not in self.playbacks:
                    raise Refusal(404, "Playback not found")
                return self.playbacks[name]
            case ["DELETE", "playbacks", name]:
                if self.playbacks.pop(name, None) is None:
                    raise Refusal(404, "Playback not found")
            case ["POST", "channels", "externalMedia"]:
                self._channel(query["channelId"], "UnicastRTP/127.0.0.1-1", "Up")
                self.later(0.01, self._enter, query["channelId"], [])
                self._send_rtp(query["channelId"], query["external_host"])
            case ["POST", "channels", channel] if channel not in self.channels:
                return self._originate(channel, query, body)
            case ["POST", "channels", channel]:
                raise Refusal(409, "Channel with given unique ID already exists")
            case [_, "channels", channel, *_rest] if channel not in self.channels:
                raise Refusal(404, "Channel not found")
            case ["GET", "channels", channel]:
                return self.channels[channel]
            case ["GET", "channels", channel, "variable"]:
                if (channel, query["variable"]) not in self.variables:
                    raise Refusal(404, "Provided variable was not found")
                return {"value": self.variables[channel, query["variable"]]}
            case ["POST", "channels", channel, "variable"]:
                self.variables[channel, query["variable"]] = query["value"]
            case ["POST", "channels", channel, "answer"]:
                self._state(channel, "Up")
            case ["DELETE", "channels", channel]:
                self.end(channel)
            case ["POST", "channels", channel, "dtmf"]:
                pass
            case ["POST", "channels", channel, "play", name]:
                files = query["media"].split(",")
                self.playbacks[name] = {"id": name, "media_uri": files[0], "target_uri": f"channel:{channel}"}
                self.later(PLAY_SECONDS * len(files), self._played, name, channel)
                return {**self.playbacks[name], "state": "queued", "language": "en"}
            case ["POST", "channels", channel, "snoop", name]:
                self._channel(name, f"Snoop/{channel}-00000001", "Up")
                self.later(0.03, self._enter, name, [])
                return self.channels[name]
            case ["POST", "channels", channel, "record"]:
                self._in_app(channel, 409)
                self.live[query["name"]] = channel
                return {"name": query["name"], "format": "wav", "state": "queued"}
            case ["POST", "bridges", bridge] if bridge in self.used:
                raise Refusal(409, f"Bridge with id '{bridge}' already exists")
            case ["POST", "bridges", bridge]:
                self.used.add(bridge)
                self.bridges[bridge] = {
                    "id": bridge,
                    "technology": "softmix",
                    "bridge_type": "mixing",
                    "bridge_class": "stasis",
                    "creator": "Stasis",
                    "name": query["name"],
                    "channels": [],
                }
                return self.bridges[bridge]
            case [_, "bridges", bridge, *_rest] if bridge not in self.bridges:
                raise Refusal(404, "Bridge not found")
            case ["DELETE", "bridges", bridge]:
                del self.bridges[bridge]
            case ["POST", "bridges", bridge, "addChannel"]:
                self._in_app(query["channel"], 422)
                for one in self.bridges.values():
                    if query["channel"] in one["channels"]:
                        one["channels"].remove(query["channel"])
                self.bridges[bridge]["channels"].append(query["channel"])
            case ["POST", "bridges", bridge, "removeChannel"]:
                if query["channel"] not in self.bridges[bridge]["channels"]:
                    raise Refusal(422, "Channel not in this bridge")
                self.bridges[bridge]["channels"].remove(query["channel"])
            case _:
                raise Refusal(404, f"no such thing: {method} {path}")
        return None

    def _in_app(self, channel: str, status: int) -> None:
        if channel not in self.channels:
            raise Refusal(400, "Channel not found")
        if not self.channels[channel]["dialplan"]["app_name"]:
            raise Refusal(status, "Channel not in Stasis application")

    def _originate(self, channel: str, query: dict[str, str], body: dict[str, Any]) -> Any:
        number, _at, trunk = query["endpoint"].removeprefix("PJSIP/").partition("@")
        if trunk != "carrier":
            raise Refusal(500, "Allocation failed")
        self._channel(channel, f"PJSIP/{trunk}-0000000b", "Down")
        self.variables |= {(channel, name): value for name, value in body["variables"].items()}
        answer = dict(self.channels[channel])
        does = self.telephones.get(number, "answer")
        if does == "busy":
            self.end(channel, 17)
        else:
            self._state(channel, "Ringing")
            if does == "answer":
                self.answer(channel)
        return answer

    def _played(self, name: str, channel: str) -> None:
        if (playback := self.playbacks.pop(name, None)) is not None and channel in self.channels:
            self.tell("PlaybackFinished", playback={**playback, "state": "done", "language": "en"})

    def _send_rtp(self, channel: str, where: str) -> None:
        """While it is there: A-law of a loud constant, rubbish among it."""
        host, _colon, port = where.rpartition(":")

        async def send() -> None:
            loop = asyncio.get_running_loop()
            transport, _protocol = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=(host, int(port))
            )
            try:
                for number in itertools.count():
                    if channel not in self.channels:
                        return
                    head = (
                        b"\x80\x08" + number.to_bytes(2, "big") + (160 * number).to_bytes(4, "big") + b"xsxs"
                    )
                    transport.sendto(head + ALAW_TONE)
                    transport.sendto(b"\x80\x65rubbish")
                    await asyncio.sleep(0.02)
            finally:
                transport.close()

        task = asyncio.get_running_loop().create_task(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- the wire ------------------------------------------------------------------------------------------------------

    def tell(self, kind: str, channel: str = "", **facts: Any) -> None:
        event: dict[str, Any] = {
            "type": kind,
            "application": "hotline",
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "asterisk_id": "02:fc:00:00:00:01",
            **facts,
        }
        if channel:
            event["channel"] = json.loads(json.dumps(self.channels[channel]))
        for protocol, writer in self._sockets:
            protocol.send_text(json.dumps(event).encode())
            _flush(protocol, writer)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, place, _version = head.split(b"\r\n")[0].decode().split(" ")
                fields = {
                    name.strip().lower(): value.strip()
                    for name, _colon, value in (
                        line.partition(":") for line in head.decode().split("\r\n")[1:] if line
                    )
                }
                if "upgrade" in fields:
                    await self._events(head, reader, writer)
                    return
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                trouble = self.trouble.get(urlsplit(place).path.rpartition("/")[2], 0.0)
                if trouble is None:
                    return
                if isinstance(trouble, float):
                    await asyncio.sleep(trouble)
                status, answer, kind = self._answer(method, place, fields, body)
                writer.write(
                    f"HTTP/1.1 {status} X\r\nServer: Asterisk\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
                    + answer
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, method: str, place: str, fields: dict[str, str], body: bytes) -> tuple[int, bytes, str]:
        if fields.get("authorization") != "Basic " + base64.b64encode(b"hotline:secret").decode():
            return 401, b'{"message": "Authentication required"}', "application/json"
        parts = urlsplit(place)
        path = [unquote(one) for one in parts.path.removeprefix("/ari/").split("/")]
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.asked.append((method, "/".join(path), query))
        try:
            if isinstance(trouble := self.trouble.get(path[-1]), Refusal):
                raise trouble
            answer = self._do(method, path, query, json.loads(body) if body else {})
        except Refusal as refusal:
            return refusal.status, json.dumps({"message": refusal.message}).encode(), "application/json"
        if isinstance(answer, bytes):
            return 200, answer, "audio/wav"
        if answer is None:
            return 204, b"", "application/json"
        return 200, json.dumps(answer).encode(), "application/json"

    async def _events(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = ServerProtocol()
        protocol.receive_data(head)
        (request,) = protocol.events_received()
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        _flush(protocol, writer)
        one = (protocol, writer)
        for other, its in self._sockets:
            other.send_text(json.dumps({"type": "ApplicationReplaced", "application": "hotline"}).encode())
            _flush(other, its)
        self._sockets[:] = [one]
        self.lines += 1
        if self.at_line is not None:
            happens, self.at_line = self.at_line, None
            happens()
        try:
            while data := await reader.read(4096):
                protocol.receive_data(data)
                _flush(protocol, writer)
                protocol.events_received()
        finally:
            if one in self._sockets:
                self._sockets.remove(one)


def _flush(protocol: ServerProtocol, writer: asyncio.StreamWriter) -> None:
    for data in protocol.data_to_send():
        if data:
            writer.write(data)
        else:  # the closing handshake is over
            writer.close()
