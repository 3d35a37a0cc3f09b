"""The one process that stands between the switch and the database: `hotline calls run`.

It keeps nothing. The switch's events become state in the database (`actions.hear`), what is to be asked of the switch stands
there as rows, who is offered what is decided there. So it may be killed at any moment: the next one goes on from the mark. Any
trouble (the database away, a lost lock) ends a life; another begins a second later.

One distributor works at a time, whoever holds the advisory lock; others stand by.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg

from hotline.calls import actions, prompts, queries
from hotline.calls.actions.calling_out import with_number
from hotline.calls.actions.hearing import SWITCH
from hotline.calls.actions.moving import CHANNEL, SYSTEM, command_of
from hotline.calls.engines import Engine, EngineAway, EngineRefused, Figures, Mark, Originate, Reset
from hotline.calls.models import Ask, Switch
from hotline.calls.rules.prompting import NO_VOICE
from hotline.kit import processes
from hotline.kit.processes import DatabaseThread, address_of_database
from hotline.kit.statements import columns, fetch_models

log = logging.getLogger("hotline.calls")

LOCK = 0x63616C6C7321
TICK_SECONDS = 1.0
HEARTBEAT_TICKS = 10
PROMPTS_TICKS = 5
MOST_ATTEMPTS = 3
"""At speaking one text in one life of the distributor."""
FAULT = "the voice ended before it had said this"
MOST_ASKS = 1000
AGAIN_SECONDS = 0.5
"""Pause before what the switch did not answer is asked again."""
STANDBY_SECONDS = 2.0


class LeadershipLost(Exception):
    """The connection that holds the lock is gone; somebody else may have it now."""


class Distributor:
    """One life: `run` works until something breaks, or it is cancelled."""

    def __init__(self, engine: Engine, prompts_folder: Path, voice: Sequence[str] = ()) -> None:
        """`voice`: the command that speaks prompts; empty: tones."""
        self._engine = engine
        self._prompts = prompts_folder
        self._voice = tuple(voice)
        self._speaking: asyncio.Task[int] | None = None
        self._batch: list[prompts.Words] = []
        self._faults: dict[str, tuple[str, str]] = {}
        """By name: the key of the text that was not spoken, and why."""
        self._failed: Counter[str] = Counter()
        # One thread: events are followed in their order, and nothing of ours competes for locks.
        self._database = DatabaseThread("calls-database")
        self._woken = asyncio.Event()
        self._chains: dict[str, deque[Ask]] = {}
        self._under_way: set[int] = set()
        self._done: list[int] = []
        """What the switch did and its rows do not know yet; the next look takes them away."""
        self._resets = 0
        """Asks read before a reset are not carried out after it: they are read again if they still stand."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connected, self._legs = False, 0

    async def run(self) -> None:
        """Take the lock, then follow, ask, distribute, watch."""
        async with await psycopg.AsyncConnection.connect(
            **await self._database(address_of_database), autocommit=True
        ) as leader:
            await self._lead(leader)
            log.info("distributing calls")
            parts = [self._listen(leader), self._follow(), self._distribute(), self._tick()]
            parts += [listen(self._engine, self._database) for listen in actions.LISTENING]
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
                self._database.close()

    async def _lead(self, leader: psycopg.AsyncConnection[Any]) -> None:
        told = False
        while True:
            row = await (await leader.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])).fetchone()
            if row is not None and row[0]:
                return
            if not told:
                log.info("another distributor is at work; standing by")
                told = True
            await asyncio.sleep(STANDBY_SECONDS)

    # -- in --------------------------------------------------------------------------------------------------------------

    async def _listen(self, leader: psycopg.AsyncConnection[Any]) -> None:
        await leader.execute(f"LISTEN {CHANNEL}")
        async for _notice in leader.notifies():
            self._woken.set()
        raise LeadershipLost

    async def _follow(self) -> None:
        async with contextlib.aclosing(self._engine.events(await self._database(_mark))) as events:
            async for heard in events:
                self._connected = True
                if isinstance(heard, Reset):
                    # What was under way belongs to what was true before.
                    self._resets += 1
                    self._chains, self._under_way = {}, set()
                    await self._database(_reconcile, heard, self._taken())
                    self._woken.set()
                else:
                    # If it leaves anything to do, the database says so.
                    await self._database(actions.hear, actor=SYSTEM, heard=heard)

    def _taken(self) -> list[int]:
        done, self._done = self._done, []
        return done

    # -- out -------------------------------------------------------------------------------------------------------------

    async def _distribute(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            resets = self._resets
            rows = await self._database(_offers_and_asks, self._taken(), list(self._under_way))
            if resets != self._resets:
                continue  # the reset's own look follows
            for row in rows:
                self._under_way.add(row.pk)
                self._put(row)

    def _put(self, row: Ask) -> None:
        """Into its chain; a chain is worked off one after another, chains side by side."""
        waiting = self._chains.get(row.chain)
        if waiting is not None:
            waiting.append(row)
            return
        self._chains[row.chain] = deque([row])
        task = asyncio.create_task(self._work(row.chain, self._chains[row.chain], self._resets))
        self._tasks.add(task)
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # A chain breaks with the database; its rows still stand there, with their keys, for the next life.
        if not task.cancelled() and (error := task.exception()) is not None and not self._broken.done():
            self._broken.set_exception(error)

    async def _work(self, chain: str, waiting: deque[Ask], resets: int) -> None:
        try:
            while waiting and resets == self._resets:
                row = waiting[0]
                await self._carry_out(row, resets)
                waiting.popleft()
                if resets == self._resets:
                    self._under_way.discard(row.pk)
        finally:
            if self._chains.get(chain) is waiting:
                del self._chains[chain]

    async def _carry_out(self, row: Ask, resets: int) -> None:
        while resets == self._resets:
            try:
                command = command_of(row)
                if isinstance(command, Originate):
                    command = await self._database(with_number, command)
                await self._engine.do(command, key=row.key)
            except EngineRefused as refusal:
                if refusal.code not in ("no_leg", "not_up", "leg_gone"):
                    log.warning("the exchange refused %s: %s", row.verb, refusal)
                await self._database(actions.refused, actor=SYSTEM, ask_id=row.pk, code=refusal.code)
            except EngineAway:
                self._connected = False
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            else:
                self._done.append(row.pk)
            return

    # -- time ------------------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        count = 0
        while True:
            if count % PROMPTS_TICKS == 0:
                await self._speak()
            await self._database(actions.watch, actor=SYSTEM)
            if count % HEARTBEAT_TICKS == 0:
                await self._sign()
            self._woken.set()
            count += 1
            await asyncio.sleep(TICK_SECONDS)

    async def _speak(self) -> None:
        """Prompts brought up to date; the voice says beside the calls what is new, the most urgent first."""
        texts = await self._database(queries.prompts)
        words = await asyncio.to_thread(prompts.prepare, self._prompts, texts)
        if self._speaking is not None and self._speaking.done():
            self._spoke(self._speaking.result(), words)
            self._speaking = None
        words = [one for one in words if self._failed[one.key] < MOST_ATTEMPTS]
        if self._speaking is not None and words and words[0] not in self._batch:
            # An announcement does not wait for a hundred sentences that nobody needs yet.
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
            self._speaking = None
        if not self._voice:
            self._faults |= {one.name: (one.key, NO_VOICE) for one in words}
        elif words and self._speaking is None:
            self._batch = words
            self._speaking = asyncio.create_task(prompts.speak(self._prompts, words, self._voice))
            self._tasks.add(self._speaking)
            self._speaking.add_done_callback(self._tasks.discard)
        says = await asyncio.to_thread(prompts.says, self._prompts, texts)
        await self._database(actions.note_prompts, actor=SYSTEM, says=says, faults=self._faults)

    def _spoke(self, code: int, left: Sequence[prompts.Words]) -> None:
        """The voice has ended; `left` is what it has not said."""
        if code == prompts.NO_VOICE:
            log.warning("no voice is installed (part `speech`); callers hear tones")
            self._voice = ()
        elif code:
            log.warning("the voice ended with code %s; what it has not said is tried again", code)
            asked = {one.key for one in self._batch}
            # It dies at one text: the first that it had not said; the others are not to blame.
            for one in [one for one in left if one.key in asked][:1]:
                self._failed[one.key] += 1
                self._faults[one.name] = (one.key, FAULT)

    async def _sign(self) -> None:
        try:
            figures = await self._engine.do(Figures())
            self._connected, self._legs = True, int(figures.get("legs", 0))
        except (EngineAway, EngineRefused):
            self._connected = False
        name = f"calls@{socket.gethostname()}:{os.getpid()}"
        await self._database(
            actions.sign, actor=SYSTEM, name=name, connected=self._connected, legs=self._legs
        )


# -- the database's side, in its thread --------------------------------------------------------------------------------------


def _mark() -> Mark | None:
    row = Switch.objects.filter(name=SWITCH).first()
    return Mark(row.run, row.number) if row is not None and row.run else None


def _reconcile(reset: Reset, done: list[int]) -> None:
    if done:
        actions.done(actor=SYSTEM, ask_ids=done)
    actions.reconcile(actor=SYSTEM, reset=reset)


def _offers_and_asks(done: list[int], under_way: list[int]) -> list[Ask]:
    """Offers what can be offered; then all that is to be asked and is not `under_way`."""
    while actions.distribute(actor=SYSTEM):
        pass
    if done:
        actions.done(actor=SYSTEM, ask_ids=done)
    return [row for (row,) in fetch_models(_ASKS, [[*under_way, *done], MOST_ASKS], Ask)]


_ASKS = f"SELECT {columns(Ask, 'a')} FROM calls_ask a WHERE a.id <> ALL(%s::bigint[]) ORDER BY a.id LIMIT %s"


async def serve(
    make: Callable[[], Engine], prompts_folder: Path, stop: asyncio.Event, voice: Sequence[str] = ()
) -> None:
    """Life after life, until told to stop."""
    await processes.serve(make, lambda engine: Distributor(engine, prompts_folder, voice).run(), stop, log)
