"""The process that writes calls down as they are spoken: `hotline transcripts run`.

It listens beside the calls and can delay none: the exchange drops what it does not fetch in time. Hearing when somebody speaks is
cheap and done for every call at once; understanding a stretch is not, so stretches wait in a bounded line, those of running calls
first. What does not fit there, or was missed while this process was away, is noted as a gap and read from the recording when the
call is over. It keeps nothing but sound: what it has understood stands in the database, so it may be killed at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import psycopg
from django.db import DatabaseError, close_old_connections, connection

from hotline.calls.engines import Engine, EngineAway, EngineRefused
from hotline.calls.models import Recording
from hotline.kit.actor import system_actor
from hotline.kit.processes import DatabaseThread, address_of_database, live_once, rest
from hotline.speech.activity import Stretch
from hotline.speech.recognition import Recogniser
from hotline.speech.sound import TELEPHONE, Samples
from hotline.speech.transcript import Listener, Terms, Utterance
from hotline.speech.weights import SpeechFault
from hotline.transcripts import actions, queries
from hotline.transcripts.models import Speaker
from hotline.transcripts.permissions import WRITE
from hotline.transcripts.queries import Conversation, Ear
from hotline.transcripts.rules import BYTES_A_SECOND, CHANNEL, HEADER, Span, merged, overlap
from hotline.transcripts.vault import BadRecording

log = logging.getLogger("hotline.transcripts")

SYSTEM = system_actor("scribe", WRITE)
CHANNEL_OF_CALLS = "calls"
"""What the distributor is woken by tells us too that a call may have been connected or is over (calls/actions/moving.py)."""
LOOK_SECONDS = 1.0
SIGN_SECONDS = 10.0
TERMS_SECONDS = 600.0
CATCH_UP_SECONDS = 5.0
MOST_WAITING = 90.0
"""Seconds of speech that may wait to be understood: about as long as one core takes for them. 6 MB."""
BEHIND = 20.0
"""Seconds of speech waiting from which on the desk says that the words come late."""
LEAST_GAP = 300
"""Milliseconds; a shorter hole is a breath."""
LEAST_END = 1_000
"""Milliseconds between a call's end and the last sound of a side; a shorter one is the exchange's own way to tell."""
LONGEST_HOLE = 60
"""Seconds of lost sound that are heard as silence; after more, listening begins afresh."""
PIECE_SECONDS = 30
"""Of a recording read at a time."""
RECORDING_PATIENCE = 120.0
"""Seconds after a call's end in which its recording is waited for, when something is to be read from it."""
REST = 15.0
"""Seconds without recognition after a fault of the model."""
LAST_WORDS = 0.3
"""Seconds in which the end of a leg's sound still comes after its call is over."""
LOCK = 0x7472616E7363
STANDBY_SECONDS = 2.0
ABSENT_SECONDS = 60.0
"""Between two looks at whether a model that is not there has come."""
AGAIN_SECONDS = 0.5
LIVE, LATER = 0, 1
Result = TypeVar("Result")


@dataclass(order=True)
class Piece:
    """A stretch to be understood. Running calls first, then in the order of their ends."""

    rank: int
    number: int
    stretch: Stretch = field(compare=False)
    listener: Listener = field(compare=False)
    ear: Ear = field(compare=False)
    shift: int = field(compare=False)
    """Milliseconds of the call at which the listener's own time begins."""
    of: Following = field(compare=False)

    @property
    def seconds(self) -> float:
        return self.stretch.end - self.stretch.start

    @property
    def span(self) -> Span:
        return self.shift + round(self.stretch.start * 1000), self.shift + round(self.stretch.end * 1000)


class Listening:
    """One party's connection as it is heard: pieces of sound with their place, holes filled, muted parts silent."""

    def __init__(self, ear: Ear, listener: Listener) -> None:
        self.ear, self.listener = ear, listener
        self.mute = False
        self.first: int | None = None
        """Sample of the leg at which the listener's time begins."""
        self.next = 0
        self.epoch = float("inf")
        """The leg's sample 0 as a moment of the wall clock: the earliest that any message allows."""

    def place(self, first: int, count: int, at: float) -> int:
        """Samples missed before this message; at: when it came."""
        self.epoch = min(self.epoch, at - (first + count) / TELEPHONE)
        if self.first is None:
            self.first = self.next = first
        missed = max(0, first - self.next)
        self.next = first + count
        return missed

    def heard(self, zero: datetime) -> int:
        """Milliseconds of the call up to which sound has come."""
        return self.shift(zero) + round((self.next - (self.first or 0)) / TELEPHONE * 1000)

    def shift(self, zero: datetime) -> int:
        """Milliseconds of the call at which the listener's time begins; negative when the leg is older than the call."""
        began = self.epoch + (self.first or 0) / TELEPHONE
        return round((began - zero.timestamp()) * 1000)


@dataclass(eq=False)
class Following:
    """A call that is being written down."""

    call_id: int
    transcript_id: int
    zero: datetime
    heard: dict[str, int] = field(default_factory=dict)
    gaps: list[tuple[str, int, int]] = field(default_factory=list)
    ears: dict[str, tuple[Listening, asyncio.Task[None]]] = field(default_factory=dict)
    waiting: int = 0
    """Pieces that are not understood yet."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    quiet: asyncio.Event = field(default_factory=asyncio.Event)


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
        self._engine, self._recogniser, self._at_once = engine, recogniser, at_once
        self._clock = now_seconds
        self._terms = Terms(())
        self._database = DatabaseThread("transcripts-database")
        self._hearing_thread = ThreadPoolExecutor(1, thread_name_prefix="transcripts-hearing")
        self._understanding = ThreadPoolExecutor(at_once, thread_name_prefix="transcripts-understanding")
        self._woken = asyncio.Event()
        self._line: asyncio.PriorityQueue[Piece] = asyncio.PriorityQueue()
        self._waiting_seconds = {LIVE: 0.0, LATER: 0.0}
        self._numbers = itertools.count()
        self._following: dict[int, Following] = {}
        self._finishing: dict[int, Following] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._fault = ""
        self._lag: list[float] = []

    async def run(self) -> None:
        """Listen to whoever talks, understand, write, file."""
        address = await self._database(address_of_database)
        async with await psycopg.AsyncConnection.connect(**address, autocommit=True) as listener:
            await _alone(listener)
            parts = [self._listen(listener), self._look(), self._sign(), self._learn(), self._catch_up()]
            parts += [self._understand() for _number in range(self._at_once)]
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
                self._hearing_thread.shutdown(cancel_futures=True)
                # A stretch takes seconds to be understood; nobody waits for what is thrown away.
                self._understanding.shutdown(wait=False, cancel_futures=True)
                self._database.close()

    # -- threads -----------------------------------------------------------------------------------------------------------

    async def _hearing(self, work: Callable[..., Result], *given: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._hearing_thread, work, *given)

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
                following = self._finishing[call_id] = self._following.pop(call_id)
                self._spawn(self._finish(following))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)
            self._woken.clear()

    async def _begin(self, conversation: Conversation) -> Following:
        revived = self._finishing.pop(conversation.call_id, None)
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
                listening = Listening(ear, Listener(self._recogniser, self._terms, channels=1))
                task = self._spawn(self._hear(following, listening))
                following.ears[leg] = (listening, task)
        for leg, (listening, _task) in following.ears.items():
            listening.mute = conversation.mute or leg not in wanted

    # -- hearing -----------------------------------------------------------------------------------------------------------

    async def _hear(self, following: Following, listening: Listening) -> None:
        """One party until its connection ends, or the conversation is over."""
        while not following.over.is_set():
            try:
                async for sound in self._engine.sound(listening.ear.leg):
                    if following.over.is_set():
                        return
                    count = len(sound.pcm) // 2
                    fresh = listening.first is None
                    missed = listening.place(sound.first, count, self._clock())
                    if fresh:
                        await self._missed_before(following, listening)
                    if missed > TELEPHONE * LEAST_GAP // 1000:
                        await self._missed(following, listening, missed, count)
                    samples = np.frombuffer(sound.pcm, "<i2").astype(np.float32) / np.float32(32768)
                    if listening.mute:
                        samples = np.zeros(count, np.float32)
                    if missed:
                        samples = np.concatenate(
                            [np.zeros(min(missed, LONGEST_HOLE * TELEPHONE), np.float32), samples]
                        )
                    for stretch in await self._hearing(listening.listener.stretches, 0, samples):
                        await self._put(following, listening, stretch, LIVE)
                return  # the leg has ended
            except EngineRefused:
                return
            except EngineAway:
                await asyncio.sleep(AGAIN_SECONDS)

    async def _missed_before(self, following: Following, listening: Listening) -> None:
        """What was said before this ear was opened: since the words that stand there, else since the call's first moment."""
        speaker = listening.ear.speaker
        since = following.heard.get(speaker, 0)
        if any(
            other.ear.speaker == speaker and other is not listening
            for other, _task in following.ears.values()
        ):
            return  # another agent, who has just come in
        until = listening.shift(following.zero)
        if until - since > LEAST_GAP:
            await self._note(following, speaker, since, until)

    async def _missed(self, following: Following, listening: Listening, missed: int, count: int) -> None:
        until = listening.shift(following.zero) + round(
            (listening.next - count - (listening.first or 0)) / TELEPHONE * 1000
        )
        since = until - round(missed / TELEPHONE * 1000)
        await self._note(following, listening.ear.speaker, since, until, behind=True)

    async def _note(
        self, following: Following, speaker: str, start: int, end: int, *, behind: bool = False
    ) -> None:
        start, end = max(0, start), max(0, end)
        following.gaps.append((speaker, start, end))
        await self._database(
            actions.note_gap,
            actor=SYSTEM, transcript_id=following.transcript_id, speaker=speaker, start_ms=start, end_ms=end, behind=behind,
        )  # fmt: skip

    # -- understanding -----------------------------------------------------------------------------------------------------

    async def _put(self, following: Following, listening: Listening, stretch: Stretch, rank: int) -> None:
        shift = listening.shift(following.zero)
        piece = Piece(rank, next(self._numbers), stretch, listening.listener, listening.ear, shift, following)
        if rank == LIVE and (self._fault or self._waiting_seconds[LIVE] + piece.seconds > MOST_WAITING):
            await self._note(following, listening.ear.speaker, *piece.span, behind=not self._fault)
            return
        following.waiting += 1
        following.quiet.clear()
        self._waiting_seconds[rank] += piece.seconds
        self._line.put_nowait(piece)

    async def _understand(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            piece = await self._line.get()
            try:
                found = await loop.run_in_executor(
                    self._understanding, piece.listener.understand, 0, piece.stretch
                )
                self._fault = ""
                if found is not None:
                    await self._say(piece, found)
            except SpeechFault as fault:
                await self._fails(piece, fault.text)
            except (RuntimeError, ValueError, MemoryError, OSError) as error:
                log.exception("a stretch could not be understood")
                await self._fails(piece, f"{type(error).__name__}: {error}")
            finally:
                self._waiting_seconds[piece.rank] -= piece.seconds
                piece.of.waiting -= 1
                if not piece.of.waiting:
                    piece.of.quiet.set()

    async def _say(self, piece: Piece, found: Utterance) -> None:
        start, end = piece.span
        await self._database(
            actions.say,
            actor=SYSTEM,
            transcript_id=piece.of.transcript_id,
            speaker=piece.ear.speaker,
            segment_id=piece.ear.segment_id,
            start_ms=max(0, start),
            end_ms=max(0, end),
            text=found.text,
            times=[max(0, piece.shift + round(moment * 1000)) for moment in found.times],
            sure=found.sure,
        )
        if piece.rank == LIVE:
            self._lag.append(max(0.0, self._clock() - piece.of.zero.timestamp() - end / 1000))
            del self._lag[:-200]

    async def _fails(self, piece: Piece, why: str) -> None:
        """The model cannot: said on the health page, tried again after a rest; what it did not hear is a gap."""
        if not self._fault:
            log.error("calls are not written down: %s", why)
        self._fault = why
        await self._note(piece.of, piece.ear.speaker, *piece.span)
        await self._signed()
        await asyncio.sleep(REST)
        self._fault = ""

    # -- filing ------------------------------------------------------------------------------------------------------------

    async def _finish(self, following: Following) -> None:
        """The conversation is over: the last words, then what is missing from the recording, then it is filed."""
        hearing = [task for _listening, task in following.ears.values()]
        if hearing:
            await asyncio.wait(hearing, timeout=LAST_WORDS)
            following.over.set()
            await asyncio.wait(hearing, timeout=LAST_WORDS)
        for listening, task in following.ears.values():
            task.cancel()
            if listening.first is not None:
                for stretch in await self._hearing(listening.listener.last, 0):
                    await self._put(following, listening, stretch, LIVE)
        await self._missed_at_the_end(following)
        if following.waiting:
            await following.quiet.wait()
        await self._file(following)

    async def _missed_at_the_end(self, following: Following) -> None:
        """What no ear came to hear before the call was over: on a busy machine sound waits."""
        spells = await self._database(queries.spells_of, following.call_id, following.zero)
        for speaker in Speaker.values:
            ears = [
                one
                for one, _task in following.ears.values()
                if one.ear.speaker == speaker and one.first is not None
            ]
            heard = max((one.heard(following.zero) for one in ears), default=following.heard.get(speaker, 0))
            if spells.over - heard > LEAST_END:
                await self._note(following, speaker, heard, spells.over)

    async def _file(self, following: Following) -> None:
        left: list[tuple[str, int, int]] = []
        recovered = False
        if following.gaps:
            gaps, following.gaps = following.gaps, []
            recovered = await self._recover(following, gaps)
            # What the model failed at again, or no recording holds, stays known as missing.
            left = following.gaps if recovered else gaps
        if following.call_id not in self._following:  # else the call goes on with another agent
            await self._database(
                actions.file,
                actor=SYSTEM,
                transcript_id=following.transcript_id,
                recovered=recovered,
                left=left,
            )
        if self._finishing.get(following.call_id) is following:
            del self._finishing[following.call_id]

    async def _recover(self, following: Following, gaps: Sequence[tuple[str, int, int]]) -> bool:
        """Read gaps from the recording; False when there is none to read from."""
        until = self._clock() + RECORDING_PATIENCE
        while True:
            spells = await self._database(queries.spells_of, following.call_id, following.zero)
            if spells.recording is not None:
                break
            if self._clock() > until:
                return False
            await asyncio.sleep(AGAIN_SECONDS)
        try:
            for speaker in Speaker.values:
                missing = merged((start, end) for who, start, end in gaps if who == speaker)
                for segment, talked in spells.talked:
                    for span in overlap(missing, [talked]):
                        if span[1] - span[0] > LEAST_GAP:
                            await self._read(following, spells.recording, speaker, segment, span)
        except BadRecording as error:
            log.warning("call %s cannot be read from its recording: %s", following.call_id, error)
            return False
        if following.waiting:
            await following.quiet.wait()
        return True

    async def _read(
        self, following: Following, recording: int, speaker: str, segment: int, span: Span
    ) -> None:
        """One side of a recording from–to, as if it were spoken now."""
        listening = Listening(Ear("", speaker, segment), Listener(self._recogniser, self._terms, channels=1))
        start = span[0]
        listening.first, listening.epoch = 0, following.zero.timestamp() + start / 1000
        while start < span[1]:
            end = min(span[1], start + PIECE_SECONDS * 1000)
            samples = await self._database(
                _cut, recording, following.zero, CHANNEL[Speaker(speaker)], (start, end)
            )
            if not len(samples):
                break
            for stretch in await self._hearing(listening.listener.stretches, 0, samples):
                await self._put_when_there_is_room(following, listening, stretch)
            start = end
        for stretch in await self._hearing(listening.listener.last, 0):
            await self._put_when_there_is_room(following, listening, stretch)

    async def _put_when_there_is_room(
        self, following: Following, listening: Listening, stretch: Stretch
    ) -> None:
        while self._waiting_seconds[LATER] > MOST_WAITING:
            await asyncio.sleep(AGAIN_SECONDS)
        await self._put(following, listening, stretch, LATER)

    async def _catch_up(self) -> None:
        """Calls that ended while nobody wrote, one after another."""
        while True:
            for call_id in await self._database(queries.unfiled):
                if call_id not in self._following and call_id not in self._finishing:
                    await self._make_up(call_id)
            await asyncio.sleep(CATCH_UP_SECONDS)

    async def _make_up(self, call_id: int) -> None:
        begun = await self._database(
            actions.begin, actor=SYSTEM, call_id=call_id, recogniser=self._recogniser.key
        )
        spells = await self._database(queries.spells_of, call_id, begun.zero_at)
        following = Following(call_id, begun.transcript_id, begun.zero_at, begun.heard, begun.gaps)
        for speaker in Speaker.values:
            since = begun.heard.get(speaker, 0)
            if spells.over - since > LEAST_GAP:
                following.gaps.append((speaker, since, spells.over))
        await self._file(following)

    # -- how it fares ------------------------------------------------------------------------------------------------------

    async def _learn(self) -> None:
        """The city's names, again now and then; calls under way keep those they began with."""
        while True:
            self._terms = await self._hearing(Terms, await self._database(queries.terms))
            await asyncio.sleep(TERMS_SECONDS)

    async def _sign(self) -> None:
        while True:
            await self._signed()
            await asyncio.sleep(SIGN_SECONDS)

    async def _signed(self) -> None:
        waiting = self._waiting_seconds[LIVE]
        lag = sorted(self._lag)
        details = {
            "calls": len(self._following),
            "waiting": round(waiting, 1),
            "behind": waiting > BEHIND,
            "fault": self._fault,
            "recogniser": self._recogniser.key,
            "lag_p50": round(lag[len(lag) // 2], 2) if lag else None,
            "lag_p95": round(lag[int(len(lag) * 0.95)], 2) if lag else None,
        }
        name = f"transcripts@{socket.gethostname()}:{os.getpid()}"
        await self._database(actions.sign, actor=SYSTEM, name=name, details=details)


async def _alone(connected: psycopg.AsyncConnection[Any]) -> None:
    """Until no other scribe is at work: two would hear everything twice."""
    while True:
        row = await (await connected.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])).fetchone()
        if row is not None and row[0]:
            return
        await asyncio.sleep(STANDBY_SECONDS)


# -- the database's side, in its thread --------------------------------------------------------------------------------------


def _cut(recording_id: int, zero: datetime, channel: int, span: Span) -> Samples:
    """One side of a recording from–to, milliseconds of the call; empty beyond its end. Raises BadRecording."""
    recording = Recording.objects.get(pk=recording_id)
    try:
        kept = queries.bytes_of(recording)
    except BadRecording:
        kept = queries.bytes_of(recording)  # encrypted just between the two looks
    begins = round((recording.started_at - zero).total_seconds() * 1000)
    start, end = (max(0, moment - begins) * BYTES_A_SECOND // 4000 * 4 for moment in span)
    data = kept.read(HEADER + start, end - start)
    frames = np.frombuffer(data[: len(data) // 4 * 4], "<i2").reshape(-1, 2)
    return (frames[:, channel].astype(np.float32) / np.float32(32768)).astype(np.float32)


async def usable(recogniser: Recogniser) -> str:
    """ "" when the model understands, else what its fault says. Loads it."""

    def tried() -> str:
        try:
            Listener(recogniser)
            recogniser.hear(np.zeros(TELEPHONE, np.float32))
        except SpeechFault as fault:
            return fault.text
        except (RuntimeError, ValueError, MemoryError, OSError) as error:
            return f"{type(error).__name__}: {error}"[:300]
        return ""

    return await asyncio.to_thread(tried)


def _sign_absent(fault: str, key: str) -> None:
    close_old_connections()
    name = f"transcripts@{socket.gethostname()}:{os.getpid()}"
    try:
        actions.sign(
            actor=SYSTEM, name=name, details={"fault": fault, "calls": 0, "waiting": 0, "recogniser": key}
        )
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
