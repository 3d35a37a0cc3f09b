"""One life of the scribe: who talks, an ear for each, how it fares; life after life."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import psycopg
from django.db import DatabaseError, close_old_connections, connection

from hotline.calls.engines import Engine
from hotline.kit.processes import DatabaseThread, address_of_database, alone, live_once, rest
from hotline.speech.recognition import Recogniser
from hotline.speech.sound import TELEPHONE
from hotline.speech.transcript import Listener, Terms
from hotline.speech.weights import SpeechFault
from hotline.transcripts import actions, queries
from hotline.transcripts.models import Speaker
from hotline.transcripts.queries import Conversation
from hotline.transcripts.scribe.filing import Filing
from hotline.transcripts.scribe.following import SYSTEM, Following, Listening
from hotline.transcripts.scribe.hearing import Hearing
from hotline.transcripts.scribe.line import Line
from hotline.transcripts.scribe.threads import HearingThread

log = logging.getLogger("hotline.transcripts")

CHANNEL_OF_CALLS = "calls"
"""What the distributor is woken by tells us too that a call may have been connected or is over (calls/actions/moving.py)."""
LOOK_SECONDS = 1.0
SIGN_SECONDS = 10.0
TERMS_SECONDS = 600.0
BEHIND = 20.0
"""Seconds of speech waiting from which on the desk says that the words come late."""
LOCK = 0x7472616E7363
ABSENT_SECONDS = 60.0
"""Between two looks at whether a model that is not there has come."""


class Scribe:
    """One life: `run` works until something breaks, or it is cancelled."""

    def __init__(
        self,
        engine: Engine,
        recogniser: Recogniser,
        *,
        at_once: int = 1,
        now_seconds: Callable[[], float] = time.time,
    ) -> None:
        """`at_once`: stretches understood side by side; a recogniser that is asked by several threads must bear it."""
        self._engine = engine
        self._recogniser, self._at_once, self._clock = recogniser, at_once, now_seconds
        self._names: list[str] = []
        self._terms = Terms(())
        self._database = DatabaseThread("transcripts-database")
        self._thread = HearingThread()
        self._line = Line(self._database, at_once, now_seconds)
        self._hearing = Hearing(engine, self._line, self._thread, self._listener, now_seconds)
        self._following: dict[int, Following] = {}
        self._filing = Filing(
            self._line,
            self._hearing,
            self._thread,
            self._database,
            self._listener,
            now_seconds,
            self._following,
        )
        self._woken = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Listen to whoever talks, understand, write, file."""
        address = await self._database(address_of_database)
        async with await psycopg.AsyncConnection.connect(**address, autocommit=True) as listener:
            await alone(listener, LOCK)
            parts = [self._listen(listener), self._look(), self._sign(), self._learn()]
            parts += [self._filing.catch_up(self._recogniser.key)]
            parts += [self._line.understand() for _number in range(self._at_once)]
            parts += [listen(self._engine, self._database, self._lend) for listen in actions.LISTENING]
            tasks = [asyncio.create_task(part) for part in parts]
            try:
                done, _rest = await asyncio.wait([*tasks, self._broken], return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                everything = [*tasks, *self._tasks]
                for task in everything:
                    task.cancel()
                await asyncio.gather(*everything, return_exceptions=True)
                self._thread.close()
                self._line.close()
                self._database.close()

    def _listener(self) -> Listener:
        return Listener(self._recogniser, self._terms, channels=1)

    def _lend(self) -> actions.Voice:
        return actions.Voice(self._listener(), self._thread, self._line.apart)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not self._broken.done():
            self._broken.set_exception(error)

    # -- who talks ---------------------------------------------------------------------------------------------------------

    async def _listen(self, listener: psycopg.AsyncConnection[Any]) -> None:
        await listener.execute(f"LISTEN {CHANNEL_OF_CALLS}")
        async for _notice in listener.notifies():
            self._woken.set()
        raise ConnectionError("the connection that tells of calls is gone")

    async def _look(self) -> None:
        while True:
            talked = {one.call_id: one for one in await self._database(queries.conversations)}
            for call_id, conversation in talked.items():
                following = self._following.get(call_id) or await self._begin(conversation)
                self._attend(following, conversation)
            for call_id in [call_id for call_id in self._following if call_id not in talked]:
                following = self._filing.finishing[call_id] = self._following.pop(call_id)
                self._spawn(self._filing.finish(following))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)
            self._woken.clear()

    async def _begin(self, conversation: Conversation) -> Following:
        revived = self._filing.finishing.pop(conversation.call_id, None)
        if revived is not None:
            # On with another agent before the words of the first were all written.
            until = round((self._clock() - revived.zero.timestamp()) * 1000)
            fresh = Following(revived.call_id, revived.transcript_id, revived.zero)
            fresh.heard = dict.fromkeys(Speaker.values, until)
            fresh.gaps = revived.gaps
            self._following[conversation.call_id] = fresh
            return fresh
        begun = await self._database(
            actions.begin, actor=SYSTEM, call_id=conversation.call_id, recogniser=self._recogniser.key
        )
        following = Following(
            conversation.call_id, begun.transcript_id, begun.zero_at, begun.heard, begun.gaps
        )
        self._following[conversation.call_id] = following
        return following

    def _attend(self, following: Following, conversation: Conversation) -> None:
        """An ear for each party that talks now; what is said on hold, or while the recording is paused, is not heard."""
        wanted = {ear.leg: ear for ear in conversation.ears}
        for leg, ear in wanted.items():
            if leg not in following.ears:
                listening = Listening(ear, self._listener())
                task = self._spawn(self._hearing.hear(following, listening))
                following.ears[leg] = (listening, task)
        for leg, (listening, _task) in following.ears.items():
            listening.mute = conversation.mute or leg not in wanted

    # -- how it fares ------------------------------------------------------------------------------------------------------

    async def _learn(self) -> None:
        """The city's names, again when they have changed; calls under way keep those they began with."""
        while True:
            names = await self._database(queries.terms)
            if names != self._names:
                # Not in the thread that hears: so many names take a while, and nobody would be heard meanwhile.
                self._names, self._terms = names, await asyncio.to_thread(Terms, names)
            await asyncio.sleep(TERMS_SECONDS)

    async def _sign(self) -> None:
        while True:
            await self._signed()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._line.told.wait(), SIGN_SECONDS)
            self._line.told.clear()

    async def _signed(self) -> None:
        details = {
            "calls": len(self._following),
            "waiting": round(self._line.waiting, 1),
            "behind": self._line.waiting > BEHIND,
            "fault": self._line.fault,
            "recogniser": self._recogniser.key,
            "lag_p50": self._line.lag(0.5),
            "lag_p95": self._line.lag(0.95),
        }
        await self._database(actions.sign, actor=SYSTEM, name=_name(), details=details)


def _name() -> str:
    return f"transcripts@{socket.gethostname()}:{os.getpid()}"


async def usable(recogniser: Recogniser) -> str:
    """ "" when the model understands, else what its fault says. Loads it."""

    def tried() -> str:
        try:
            Listener(recogniser)
            recogniser.hear(np.zeros(TELEPHONE, np.float32))
        except SpeechFault as fault:
            return fault.text
        except Exception as error:  # whatever a model does: it is said, and looked at again later
            return f"{type(error).__name__}: {error}"[:300]
        return ""

    return await asyncio.to_thread(tried)


def _sign_absent(fault: str, key: str) -> None:
    close_old_connections()
    details = {"fault": fault, "calls": 0, "waiting": 0, "recogniser": key}
    try:
        actions.sign(actor=SYSTEM, name=_name(), details=details)
    finally:
        connection.close()


async def serve(
    make: Callable[[], Engine], recogniser: Recogniser, stop: asyncio.Event, *, at_once: int = 1
) -> None:
    """Life after life, until told to stop. Without a usable model: it is said, and looked for again."""
    while not stop.is_set():
        if fault := await usable(recogniser):
            log.error("calls are not written down: %s", fault)
            until = time.monotonic() + ABSENT_SECONDS
            while not stop.is_set() and time.monotonic() < until:
                with contextlib.suppress(DatabaseError):
                    await asyncio.to_thread(_sign_absent, fault, recogniser.key)
                await rest(stop, SIGN_SECONDS)
            continue
        await live_once(make, lambda engine: Scribe(engine, recogniser, at_once=at_once).run(), stop, log)
