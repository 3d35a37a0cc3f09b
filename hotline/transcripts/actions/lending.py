"""The scribe's model lent to a package above, for a voice that is no conversation's: `listen_beside` says so once, at the start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from hotline.calls.engines import Engine
from hotline.kit.processes import DatabaseThread

if TYPE_CHECKING:  # a page loads no model
    from hotline.speech.activity import Stretch
    from hotline.speech.transcript import Listener

Apart = Callable[..., Awaitable[Any]]
"""Runs something in a thread of the scribe's and gives what it returns."""


class Voice:
    """One party's voice, from its first piece on."""

    def __init__(self, listener: Listener, hearing: Apart, understanding: Apart) -> None:
        self._listener, self._hearing, self._understanding = listener, hearing, understanding

    async def stretches(self, pcm: bytes) -> list[Stretch]:
        """Speech that ended within this sound: 16 bit, little endian, 8 kHz."""
        import numpy as np

        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
        found: list[Stretch] = await self._hearing(self._listener.stretches, 0, samples)
        return found

    async def text(self, stretch: Stretch) -> str:
        """What was said; "" when it was not understood, or the model cannot."""
        from hotline.speech.weights import SpeechFault

        try:
            found = await self._understanding(self._listener.understand, 0, stretch)
        except (SpeechFault, RuntimeError, ValueError, MemoryError, OSError):
            return ""  # the scribe finds the same, and says it on the health page
        return "" if found is None else str(found.text)


class Lend(Protocol):
    def __call__(self) -> Voice:
        """An ear for one voice."""


Listening = Callable[[Engine, DatabaseThread, Lend], Coroutine[Any, Any, None]]
LISTENING: list[Listening] = []


def listen_beside(work: Listening) -> None:
    """Runs in the scribe's process as long as each life of it; it never returns."""
    LISTENING.append(work)
