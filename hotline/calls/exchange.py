"""The web's own word with the exchange, where a page waits for the answer: a browser's offer. All else goes by the distributor."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from django.conf import settings
from django.utils.translation import gettext as _

from hotline.calls.engines import Command, EngineAway, SoftswitchEngine

PATIENCE = 6.0
"""Seconds that a page waits. The exchange answers a browser in some hundredths of one."""
Result = TypeVar("Result")


def ask_now(command: Command[Result]) -> Result:
    """Connect, ask, let go. Raises EngineRefused, EngineAway."""
    if not settings.SWITCH_TOKEN:
        raise EngineAway(_("The telephone is switched off."))

    async def ask() -> Result:
        engine = SoftswitchEngine(settings.SWITCH_PORT, settings.SWITCH_TOKEN, patience=PATIENCE)
        try:
            return await engine.do(command)
        finally:
            await engine.close()

    return asyncio.run(ask())
