"""FreeSWITCH's event socket on the wire (mod_event_socket): commands and their replies in order, events between them, as text over
TCP. No meaning of calls here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from hotline.calls.engines.interface import EngineAway, EngineRefused

Event = Mapping[str, Any]
LONGEST_LINE = 64 * 1024
REFUSALS = ("-ERR", "-USAGE", "Non-Exist", "Invalid Gateway")


class Fault(Exception):
    """FreeSWITCH said no, in these words."""


class Unwelcome(Exception):
    """It does not let us in: what its keeper has to change."""


@contextlib.contextmanager
def refused() -> Iterator[None]:
    """FreeSWITCH's errors in our words."""
    try:
        yield
    except Fault as fault:
        code = "no_leg" if "No such channel" in str(fault) else "fault"
        raise EngineRefused(code, f"FreeSWITCH refused: {fault}.") from None


class Line:
    """One connection that has been let in. `seconds`: how long a reply is waited for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
        self._reader, self._writer, self._seconds = reader, writer, seconds
        self._replies: deque[asyncio.Future[str]] = deque()
        self._jobs: dict[str, asyncio.Future[str]] = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()

    async def api(self, command: str) -> str:
        """What it answers with. Raises Fault, EngineAway."""
        return await self._ask(f"api {command}")

    async def job(self, command: str) -> asyncio.Future[str]:
        """Begin what may take long; the future has its answer, or a Fault."""
        name = f"xs-{secrets.token_hex(12)}"
        result = self._jobs[name] = asyncio.get_running_loop().create_future()
        result.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it
        try:
            await self._ask(f"bgapi {command}", {"Job-UUID": name})
        except BaseException:
            del self._jobs[name]
            raise
        return result

    async def execute(self, leg: str, application: str, argument: str, name: str) -> None:
        """Have a leg run an application; its events say `name` in Application-UUID."""
        told = {
            "call-command": "execute",
            "execute-app-name": application,
            "execute-app-arg": argument,
            "event-uuid": name,
        }
        await self._ask(f"sendmsg {leg}", told)

    async def follow(self, kinds: Sequence[str]) -> None:
        await self._ask(f"event json {' '.join(kinds)}")

    async def events(self) -> AsyncGenerator[Event, None]:
        """Until the connection ends."""
        while (event := await self._events.get()) is not None:
            yield event

    async def _ask(self, command: str, told: Mapping[str, str] | None = None) -> str:
        lines = [command, *(f"{name}: {value}" for name, value in (told or {}).items())]
        if any("\n" in one or "\r" in one or "\0" in one for one in lines):
            raise Fault("a command is one line")
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        reply.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._replies.append(reply)
        try:
            self._writer.write(("\n".join(lines) + "\n\n").encode())
            async with asyncio.timeout(self._seconds):
                answered = await asyncio.shield(reply)
        except (OSError, TimeoutError) as error:
            self._writer.close()  # replies have no numbers: after one is missed none can be told from another
            raise EngineAway(f"FreeSWITCH did not answer: {type(error).__name__}.") from None
        if answered.startswith(REFUSALS) or (
            command.startswith("api conference") and " not found" in answered
        ):
            raise Fault(answered.strip().removeprefix("-ERR ").rstrip("."))
        return answered

    async def read(self) -> None:
        """Everything that comes, until the connection ends; whoever waits is told."""
        try:
            while (message := await _message(self._reader)) is not None:
                head, body = message
                kind = head.get("content-type", "")
                if kind == "text/event-json":
                    self._happened(json.loads(body))
                elif kind in ("api/response", "command/reply"):
                    if self._replies and not (reply := self._replies.popleft()).done():
                        reply.set_result(body if kind == "api/response" else head.get("reply-text", ""))
                elif kind == "text/disconnect-notice":
                    return
        finally:
            gone = EngineAway("FreeSWITCH closed the line.")
            for waiting in (*self._replies, *self._jobs.values()):
                if not waiting.done():
                    waiting.set_exception(gone)
            self._replies.clear()
            self._events.put_nowait(None)
            self._writer.close()

    def _happened(self, event: Event) -> None:
        if event.get("Event-Name") != "BACKGROUND_JOB":
            self._events.put_nowait(event)
        elif (job := self._jobs.pop(str(event.get("Job-UUID")), None)) is not None and not job.done():
            answered = str(event.get("_body", ""))
            if answered.startswith(REFUSALS):
                job.set_exception(Fault(answered.strip().removeprefix("-ERR ")))
            else:
                job.set_result(answered)


class Esl:
    """`user`: of the directory, user@domain, where not the socket's own password is given."""

    def __init__(self, host: str, port: int, password: str, *, user: str = "", seconds: float = 5.0) -> None:
        self._host, self._port, self._seconds = host, port, seconds
        self._login = f"userauth {user}:{password}" if user else f"auth {password}"

    @contextlib.asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """Let in. Raises EngineAway, Unwelcome."""
        try:
            async with asyncio.timeout(self._seconds):
                reader, writer = await asyncio.open_connection(self._host, self._port, limit=LONGEST_LINE)
                try:
                    await self._enter(reader, writer)
                except BaseException:
                    writer.close()
                    raise
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            raise EngineAway(f"FreeSWITCH is away: {error or type(error).__name__}.") from None
        line = Line(reader, writer, self._seconds)
        reading = asyncio.get_running_loop().create_task(line.read())
        try:
            yield line
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (greeting := await _message(reader)) is None or "text/rude-rejection" in greeting[0].get(
            "content-type", ""
        ):
            raise Unwelcome(
                "FreeSWITCH lets nobody in from this address: apply-inbound-acl in its event_socket.conf.xml."
            )
        if greeting[0].get("content-type") != "auth/request":
            raise ValueError("that is no event socket")
        writer.write(f"{self._login}\n\n".encode())
        answer = await _message(reader)
        if answer is None or not answer[0].get("reply-text", "").startswith("+OK"):
            raise Unwelcome(
                "FreeSWITCH refuses the password: HOTLINE_ENGINE_PASSWORD must be as in its event_socket.conf.xml."
            )


async def _message(reader: asyncio.StreamReader) -> tuple[dict[str, str], str] | None:
    """Header lines by lower name, and the body; None at the end."""
    try:
        text = (await reader.readuntil(b"\n\n")).decode("utf-8", "replace")
        head = {
            name.strip().lower(): unquote(value.strip())
            for name, _colon, value in (line.partition(":") for line in text.strip().split("\n"))
        }
        body = await reader.readexactly(int(head.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return head, body.decode("utf-8", "replace")
