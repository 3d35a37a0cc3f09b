"""The process that measures voices as they speak: `hotline emotion run`.

It listens beside the calls and can delay none. Agents' voices go first; callers' are measured while there is strength left. What it has
measured stands in the database, so it may be killed at any moment: the trace goes on at the next window.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import numpy as np
import psycopg
from numpy.typing import NDArray

from hotline.calls.engines import Engine, EngineAway, EngineRefused
from hotline.emotion import actions, queries
from hotline.emotion.models import Side
from hotline.emotion.permissions import MEASURE
from hotline.kit import processes
from hotline.kit.actor import system_actor
from hotline.kit.clock import now
from hotline.kit.processes import DatabaseThread, address_of_database, alone
from hotline.speech.acoustics import WINDOW, Voice, voice
from hotline.speech.activity import Activity
from hotline.speech.baseline import Trait, Watch, baseline, deviation, parts
from hotline.speech.sound import TELEPHONE, Doubler, Samples
from hotline.speech.weights import SpeechFault
from hotline.transcripts.queries import Ear, conversations

log = logging.getLogger("hotline.emotion")

SYSTEM = system_actor("emotion", MEASURE)
LOCK = 0x656D6F74696F
LOOK_SECONDS = 1.0
SIGN_SECONDS = 10.0
AGAIN_SECONDS = 0.5
SIZE = round(WINDOW * TELEPHONE)
AT_FIRST = 6
"""Windows of a caller's own beginning, which stand in for a baseline: one minute of speech."""
MOST_VOICES = 12 * max(1, os.cpu_count() or 1)
"""Measured at once. A voice costs about a fifteenth of a core (bench/README.md); half of the machine is left to the others."""
Spoken = NDArray[np.bool_]
Result = TypeVar("Result")


class Window:
    """Ten seconds of one side, being filled: its samples, and of each whether the party spoke."""

    def __init__(self, activity: Activity) -> None:
        self._activity = activity
        self._doubler = Doubler()
        self._samples = np.zeros(0, np.float32)
        self._spoken: list[tuple[int, int]] = []
        self._base = 0
        """Sample of the leg at which the window begins, as the activity counts."""

    def feed(self, samples: Samples) -> list[tuple[Samples, Spoken]]:
        """Whole windows, as `acoustics.voice` takes them."""
        self._samples = np.concatenate([self._samples, samples])
        ended = self._activity.feed(self._doubler(samples))
        self._spoken += [(round(one.start * TELEPHONE), round(one.end * TELEPHONE)) for one in ended]
        found = []
        while len(self._samples) >= SIZE:
            speech = np.zeros(SIZE, bool)
            since = self._activity.since
            now_spoken = [] if since is None else [(round(since * TELEPHONE), self._base + SIZE)]
            for start, end in [*self._spoken, *now_spoken]:
                speech[max(0, start - self._base) : max(0, end - self._base)] = True
            found.append((self._samples[:SIZE], speech))
            self._samples = self._samples[SIZE:]
            self._base += SIZE
            self._spoken = [(start, end) for start, end in self._spoken if end > self._base]
        return found


@dataclass(eq=False)
class Listening:
    """One side of one conversation."""

    call_id: int
    ear: Ear
    began_at: datetime
    usual: dict[str, Trait]
    watch: Watch = field(default_factory=Watch)
    first: list[Voice] = field(default_factory=list)
    before: bytes = b""
    """The window before, 16 bits: an alert is of two windows running."""
    mute: bool = False


class Hearer:
    """One life: `run` works until something breaks, or it is cancelled."""

    def __init__(
        self,
        engine: Engine,
        *,
        activity: Callable[[], Activity] = Activity,
        measure: Callable[[Samples, Any], Voice | None] = voice,
        most: int = MOST_VOICES,
    ) -> None:
        self._engine, self._activity, self._measure, self._most = engine, activity, measure, most
        self._database = DatabaseThread("emotion-database")
        # One core: voices that cannot be measured in time are left out, calls are not.
        self._measuring = ThreadPoolExecutor(1, thread_name_prefix="emotion-measuring")
        self._ears: dict[tuple[int | None, str], tuple[Listening, asyncio.Task[None]]] = {}
        self._left_out = 0
        self._fault = ""

    async def run(self) -> None:
        """Look who talks, listen, measure, write, tell; one process alone, else each window would stand there twice."""
        address = await self._database(address_of_database)
        tasks: list[asyncio.Task[None]] = []
        try:
            async with await psycopg.AsyncConnection.connect(**address, autocommit=True) as leader:
                await alone(leader, LOCK)
                tasks += [asyncio.create_task(part) for part in (self._look(), self._sign())]
                done, _rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            everything = [*tasks, *(task for _one, task in self._ears.values())]
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)
            self._database.close()
            self._measuring.shutdown(cancel_futures=True)

    async def _look(self) -> None:
        while True:
            talked = await self._database(conversations)
            wanted = [(one, ear) for side in (Side.AGENT, Side.CITIZEN) for one in talked for ear in one.ears if ear.speaker == side]
            places = {(ear.segment_id, ear.leg) for _one, ear in wanted[: self._most]}
            self._left_out = max(0, len(wanted) - self._most)
            for key in [key for key, (_one, task) in self._ears.items() if key not in places or task.done()]:
                _one, task = self._ears.pop(key)
                task.cancel()
                await asyncio.wait([task])
                if not task.cancelled():
                    task.result()  # what broke there breaks this life
            for one, ear in wanted[: self._most]:
                key = (ear.segment_id, ear.leg)
                if key not in self._ears and ear.segment_id is not None:
                    usual = await self._database(_usual, ear)
                    listening = Listening(one.call_id, ear, now(), usual)
                    self._ears[key] = (listening, asyncio.create_task(self._listen(listening)))
                if key in self._ears:
                    self._ears[key][0].mute = one.mute
            await asyncio.sleep(LOOK_SECONDS)

    async def _listen(self, listening: Listening) -> None:
        try:
            window = await self._measured(lambda: Window(self._activity()))
        except SpeechFault as fault:
            self._fault = fault.text
            await asyncio.Event().wait()
            return
        while True:
            try:
                async for sound in self._engine.sound(listening.ear.leg):
                    samples = np.frombuffer(sound.pcm, "<i2").astype(np.float32) / np.float32(32768)
                    if listening.mute:
                        samples = np.zeros(len(samples), np.float32)
                    for heard, speech in await self._measured(window.feed, samples):
                        await self._judge(listening, heard, speech)
                return
            except EngineRefused:
                return
            except EngineAway:
                await asyncio.sleep(AGAIN_SECONDS)

    async def _measured(self, work: Callable[..., Result], *given: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._measuring, work, *given)

    async def _judge(self, listening: Listening, heard: Samples, speech: Any) -> None:
        try:
            found = await self._measured(self._measure, heard, speech)
        except SpeechFault as fault:
            self._fault = fault.text
            return
        except Exception:  # whatever the libraries do with a sound: it counts as silence, other voices go on
            log.exception("ten seconds of a voice could not be measured")
            found = None
        self._fault = ""
        agent = listening.ear.speaker == Side.AGENT
        if not agent and found is not None and not listening.usual:
            listening.first.append(found)
            if len(listening.first) == AT_FIRST:
                listening.usual = baseline([listening.first], least=AT_FIRST)
        value = deviation(found, listening.usual) if found is not None else None
        trace = await self._database(
            actions.write_window,
            actor=SYSTEM,
            segment_id=listening.ear.segment_id,
            side=listening.ear.speaker,
            began_at=listening.began_at,
            voice=found,
            deviation=value,
        )
        pcm = (np.clip(heard, -1, 1) * 32767).astype("<i2").tobytes()
        if agent and trace is not None and found is not None and value is not None and listening.watch.feed(value):
            await self._database(
                actions.raise_alert,
                actor=SYSTEM,
                trace=trace,
                deviation=value,
                parts=parts(found, listening.usual),
                moment=listening.before + pcm,
            )
        listening.before = pcm

    async def _sign(self) -> None:
        name = f"emotion@{socket.gethostname()}:{os.getpid()}"
        while True:
            details = {"voices": len(self._ears), "left_out": self._left_out, "fault": self._fault}
            await self._database(actions.sign, actor=SYSTEM, name=name, details=details)
            await asyncio.sleep(SIGN_SECONDS)


def _usual(ear: Ear) -> dict[str, Trait]:
    """The agent's baseline; a caller has none but the beginning of the call."""
    if ear.speaker != Side.AGENT or ear.segment_id is None:
        return {}
    person = queries.person_of(ear.segment_id)
    return queries.usual_of(person, now() - timedelta(seconds=1)) if person is not None else {}


async def serve(make: Callable[[], Engine], stop: asyncio.Event) -> None:
    """Life after life, until told to stop."""
    await processes.serve(make, lambda engine: Hearer(engine).run(), stop, log)
