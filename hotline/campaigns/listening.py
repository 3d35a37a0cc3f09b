"""What is heard on the machine's own calls: whether a machine picked up, and what citizens answer.

The first runs beside the distributor and needs nothing but loudness and time; the second beside the scribe, with its model. Both
only listen: the exchange drops what they do not fetch. What they find is told to the conversation, which looks whether it still
waits for that. Killed at any moment nothing is lost but what was being said: the keys are always there.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from hotline.calls.engines import Engine, EngineAway, EngineRefused, Sound
from hotline.campaigns import actions, queries
from hotline.campaigns.queries import Heard
from hotline.campaigns.rules import FirstWords, Sign
from hotline.kit.processes import DatabaseThread
from hotline.transcripts.actions import Lend, Voice

IDLE_SECONDS, LOOK_SECONDS = 1.0, 0.25
"""Between two looks at who is to be listened to: while the machine calls nobody, and while it does."""
RATE = 8000
KEPT_SECONDS = 2.0
"""Of sound, from before it was known that an answer is waited for."""


async def machines(engine: Engine, database: DatabaseThread) -> None:
    """Beside the distributor: who picked up?"""
    await _attend(database, queries.first_words, lambda one: _first_words(engine, database, one.call))


def answers(engine: Engine, database: DatabaseThread, lend: Lend) -> Coroutine[Any, Any, None]:
    """Beside the scribe: what is answered?"""
    return _attend(database, queries.questions, lambda one: _answers(engine, database, lend, one))


@dataclass(eq=False)
class Followed:
    """One call that is listened to; `call` is as it was at the latest look."""

    call: Heard
    task: asyncio.Task[None] | None = field(default=None)


async def _attend(
    database: DatabaseThread,
    look: Callable[[], Sequence[Heard]],
    listen: Callable[[Followed], Coroutine[Any, Any, None]],
) -> None:
    """An ear for each call that `look` names, as long as it does. A fault of the database ends it all, and the life with it."""
    followed: dict[int, Followed] = {}
    try:
        while True:
            calls = (
                {one.attempt: one for one in await database(look)} if await database(queries.anybody) else {}
            )
            for attempt, call in calls.items():
                if attempt in followed:
                    followed[attempt].call = call
                else:
                    one = followed[attempt] = Followed(call)
                    one.task = asyncio.create_task(listen(one))
            for attempt in [attempt for attempt in followed if attempt not in calls]:
                task = followed.pop(attempt).task
                assert task is not None
                task.cancel()
                await asyncio.wait([task])  # `await task` would take our own cancelling for the task's
            for one in followed.values():
                if one.task is not None and one.task.done():
                    one.task.result()
            await asyncio.sleep(LOOK_SECONDS if await database(queries.anybody) else IDLE_SECONDS)
    finally:
        tasks = [one.task for one in followed.values() if one.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _sound(engine: Engine, leg: str) -> AsyncIterator[Sound]:
    """What a leg says until it ends; a switch that is away says nothing."""
    with contextlib.suppress(EngineRefused, EngineAway):
        async for sound in engine.sound(leg):
            yield sound


async def _first_words(engine: Engine, database: DatabaseThread, call: Heard) -> None:
    words = FirstWords()
    async for sound in _sound(engine, call.leg):
        for sign in words.hear(sound.first, sound.pcm):
            if sign in (Sign.LONG, Sign.BEEP):
                told = await database(actions.note_machine, actor=actions.MACHINE, attempt_id=call.attempt)
                if not told:
                    return
            elif sign is Sign.LISTENS:
                await database(actions.leave_message, actor=actions.MACHINE, attempt_id=call.attempt)
        if words.over:
            return


async def _answers(engine: Engine, database: DatabaseThread, lend: Lend, one: Followed) -> None:
    """Each question has an ear of its own, that hears from the moment when it had been asked."""
    kept: deque[tuple[float, bytes]] = deque()
    epoch = float("inf")
    """The leg's first sample as a moment of the wall clock: the earliest that any message allows."""
    asked: Heard | None = None
    voice: Voice | None = None
    understanding: set[asyncio.Task[None]] = set()

    async def understand(heard: Heard, voice: Voice, stretch: Any) -> None:
        text = await voice.text(stretch)
        if text:
            await database(
                actions.hear_words,
                actor=actions.MACHINE, attempt_id=heard.attempt, step=heard.step, text=text,
            )  # fmt: skip

    try:
        async for sound in _sound(engine, one.call.leg):
            epoch = min(epoch, time.time() - (sound.first + len(sound.pcm) // 2) / RATE)
            kept.append((epoch + sound.first / RATE, sound.pcm))
            while kept and kept[-1][0] - kept[0][0] > KEPT_SECONDS:
                kept.popleft()
            if one.call.asked_at is None:
                asked = voice = None
                continue
            if asked is None or one.call.asked_at != asked.asked_at:
                asked, voice = one.call, lend()
                fresh = [pcm for at, pcm in kept if at >= one.call.asked_at.timestamp()]
            else:
                fresh = [sound.pcm]
            assert voice is not None
            for stretch in await voice.stretches(b"".join(fresh)):
                task = asyncio.create_task(understand(asked, voice, stretch))
                understanding.add(task)
            for task in [task for task in understanding if task.done()]:
                understanding.discard(task)
                task.result()
    finally:
        for task in understanding:
            task.cancel()
        await asyncio.gather(*understanding, return_exceptions=True)
