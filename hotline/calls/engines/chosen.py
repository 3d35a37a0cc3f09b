"""Which engine runs, by the settings; nobody else knows."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from hotline.calls.engines.interface import Engine, EngineAway
from hotline.calls.engines.softswitch import SoftswitchEngine


def chosen_engine(patience: float = 10.0) -> Engine:
    """A new one, not yet connected. Raises EngineAway when the telephone is off."""
    folder = Path(settings.SWITCH_DIR)
    if settings.ENGINE != "softswitch":
        if not settings.TELEPHONE_ON:
            raise EngineAway(OFF)
        return _elsewhere(folder, patience)
    if not settings.SWITCH_TOKEN:
        raise EngineAway(OFF)
    return SoftswitchEngine(settings.SWITCH_PORT, settings.SWITCH_TOKEN, patience=patience)


def _elsewhere(folder: Path, patience: float) -> Engine:
    """A switch that is the city's own; not every platform needs to load it."""
    host, _colon, port = settings.ENGINE_ADDRESS.rpartition(":")
    place = (host.strip("[]"), int(port))
    if settings.ENGINE == "asterisk":
        from hotline.calls.engines.asterisk import AsteriskEngine

        return AsteriskEngine(
            *place,
            settings.ENGINE_USER,
            settings.ENGINE_PASSWORD,
            prompts=folder / "prompts",
            recordings=folder / "recordings",
            sounds=settings.ENGINE_SOUNDS,
            media_address=settings.ENGINE_MEDIA_ADDRESS,
            patience=patience,
        )
    from hotline.calls.engines.freeswitch import FreeswitchEngine

    return FreeswitchEngine(
        *place,
        settings.ENGINE_PASSWORD,
        user=settings.ENGINE_USER,
        prompts=folder / "prompts",
        recordings=folder / "recordings",
        fresh=folder / "recorded",
        sounds=settings.ENGINE_SOUNDS,
        fresh_there=settings.ENGINE_RECORDINGS,
        patience=patience,
    )


def takes_video() -> bool:
    """Whether the engine has legs without a line (`StandIn`), which calls by video need."""
    return bool(settings.TELEPHONE_ON and settings.ENGINE == "softswitch")


OFF = "The telephone is off: set HOTLINE_TELEPHONE=on, and install the extra `telephony` or name another engine in HOTLINE_ENGINE."
