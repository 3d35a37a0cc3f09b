"""The web's own word with the exchange, where a page waits for the answer: a browser's offer. All else goes by the distributor."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from hotline.calls.engines import Command, chosen_engine

PATIENCE = 6.0
"""Seconds that a page waits. The exchange answers a browser in some hundredths of one."""
Result = TypeVar("Result")


def ask_now(command: Command[Result]) -> Result:
    """Connect, ask, let go. Raises EngineRefused, EngineAway."""

    async def ask() -> Result:
        engine = chosen_engine(PATIENCE)
        try:
            return await engine.do(command)
        finally:
            await engine.close()

    return asyncio.run(ask())
