"""Which engine runs, by the settings; nobody else knows."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from hotline.calls.engines.interface import Engine, EngineAway
from hotline.calls.engines.softswitch import SoftswitchEngine


def chosen_engine(patience: float = 10.0) -> Engine:
    """A new one, not yet connected. Raises EngineAway when the telephone is off."""
    folder = Path(settings.SWITCH_DIR)
    if settings.ENGINE == "asterisk":
        from hotline.calls.engines.asterisk import AsteriskEngine  # not every platform needs it

        if not settings.TELEPHONE_ON:
            raise EngineAway(OFF)
        host, _colon, port = settings.ENGINE_ADDRESS.rpartition(":")
        return AsteriskEngine(
            host.strip("[]"),
            int(port),
            settings.ENGINE_USER,
            settings.ENGINE_PASSWORD,
            prompts=folder / "prompts",
            recordings=folder / "recordings",
            sounds=settings.ENGINE_SOUNDS,
            media_address=settings.ENGINE_MEDIA_ADDRESS,
            patience=patience,
        )
    if not settings.SWITCH_TOKEN:
        raise EngineAway(OFF)
    return SoftswitchEngine(settings.SWITCH_PORT, settings.SWITCH_TOKEN, patience=patience)


def takes_video() -> bool:
    """Whether the engine has legs without a line (`StandIn`), which calls by video need."""
    return bool(settings.TELEPHONE_ON and settings.ENGINE == "softswitch")


OFF = "The telephone is off: set HOTLINE_TELEPHONE=on, and install the extra `telephony` or name another engine in HOTLINE_ENGINE."
