"""What Asterisk's snoop channels hear: recordings, one file a side, and the sound of one party as RTP."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from hotline.calls.engines import events as told
from hotline.calls.engines.asterisk.ari import OWN, Ari, Fault, refused
from hotline.calls.engines.interface import EngineAway, EngineRefused, Sound
from hotline.calls.engines.rtp import Ear
from hotline.calls.engines.waves import (
    closed,
    file_sides,
    native,
    recording_began,
    recording_path,
    sample_of,
    samples,
)

SIDES = ("in", "out")
"""What the channel says, what it hears: Asterisk's words for the two directions of a snoop."""
EAR, MEDIA, HEAR = f"{OWN}ear-", f"{OWN}media-", f"{OWN}hear-"
Telling = Callable[..., None]


class Recorder:
    """`folder`: of recordings, ours. `tell` is Rooms.heard_recorded."""

    def __init__(self, ari: Ari, folder: Path, tell: Telling) -> None:
        self._ari, self._folder, self._tell = ari, folder, tell
        self._legs: dict[str, str] = {}
        """By recording that has begun: its leg."""
        self._ended: dict[str, set[str]] = {}
        """By recording: its sides that Asterisk has finished."""

    async def begin(self, leg: str, recording: str) -> str:
        try:
            for side in SIDES:
                snoop = f"{OWN}{recording}-{side}"
                await self._ari.post("channels", leg, "snoop", snoop, spy=side, app=self._ari.app)
            self._legs[recording] = leg
            for side in SIDES:
                name = f"{recording}-{side}"
                await self._ari.post_soon(
                    "channels", f"{OWN}{name}", "record", name=name, format="wav", ifExists="overwrite"
                )
        except Fault as fault:
            for side in SIDES:
                await self._ari.delete("channels", f"{OWN}{recording}-{side}")
            code = "no_leg" if fault.status == 404 else "recording_failed"
            raise EngineRefused(code, f"Asterisk does not record: {fault.message}.") from None
        return recording_path(recording)

    async def mute(self, recording: str, muted: bool) -> None:
        """Silence is recorded meanwhile, so that everything after keeps its place."""
        with refused():
            for side in SIDES:
                path = ("recordings", "live", f"{recording}-{side}", "mute")
                await (self._ari.post(*path) if muted else self._ari.delete(*path))

    async def end(self, recording: str) -> None:
        with refused():
            for side in SIDES:
                with contextlib.suppress(Fault):  # ended with its leg
                    await self._ari.post("recordings", "live", f"{recording}-{side}", "stop")
                await self._ari.delete("channels", f"{OWN}{recording}-{side}")

    def found(self, channels: Iterable[Mapping[str, Any]], stored: Iterable[str]) -> tuple[dict[str, str], list[str]]:
        """Asterisk has these channels and finished files. Gives the recordings going on, by leg, and those that have ended, to be
        filed. One of whose sides one goes on is told of by its end."""
        live: dict[str, str] = {}
        for one in channels:
            name, _side = side_of(str(one["id"]))
            if name:
                live[name] = str(one["name"]).removeprefix("Snoop/").rpartition("-")[0]
        self._legs = {name: self._legs.get(name, "") for name in self._legs} | live
        self._ended.clear()
        over = set()
        for file in stored:
            name, side = side_of(f"{OWN}{file}")
            if name in live:
                self._ended.setdefault(name, set()).add(side)
            elif name:
                over.add(name)
        return {leg: name for name, leg in live.items()}, sorted(over)

    def side_ended(self, recording: Mapping[str, Any]) -> str:
        """The recording both of whose sides have ended, to be filed; else nothing."""
        name, side = side_of(f"{OWN}{recording['name']}")
        if not name:
            return ""
        ended = self._ended.setdefault(name, set())
        ended.add(side)
        if len(ended) < len(SIDES):
            return ""
        del self._ended[name]
        return name

    async def file(self, recording: str, *, recovered: bool) -> None:
        """Both sides from Asterisk into our folder; told; then Asterisk may forget them."""
        path, leg = recording_path(recording), self._legs.pop(recording, "")
        try:
            left, right = [await self._side(f"{recording}-{side}") for side in SIDES]
            filed = await asyncio.to_thread(file_sides, self._folder / path, left, right)
        except (ValueError, OSError, Fault) as error:
            self._tell(told.RecordingFailed, leg, recording, str(error))
            return
        self._tell(told.RecordingClosed, leg, recording, path, *closed(recording, filed), recovered)
        for side in SIDES:
            await self._ari.delete("recordings", "stored", f"{recording}-{side}")

    async def _side(self, name: str) -> Any:
        try:
            return samples(await self._ari.file("recordings", "stored", name, "file"))
        except Fault as fault:
            if fault.status != 404:
                raise
            return native(b"")


async def listen(ari: Ari, leg: str, answered: datetime | None, address: str) -> AsyncGenerator[Sound, None]:
    """What this leg says, as RTP to a port of `address`. A leg is there while Asterisk has it: whatever else goes wrong (our
    application is away for a moment, too) may be tried again. Raises EngineRefused no_leg, EngineAway."""
    name = secrets.token_hex(8)
    snoop, media, bridge = f"{EAR}{name}", f"{MEDIA}{name}", f"{HEAR}{name}"
    loop = asyncio.get_running_loop()
    transport, ear = await loop.create_datagram_endpoint(
        lambda: Ear(sample_of(answered)), local_addr=(address, 0)
    )
    try:
        host, port = transport.get_extra_info("sockname")[:2]
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            await ari.post("channels", leg, "snoop", snoop, spy="in", app=ari.app)
            await ari.post("channels", "externalMedia", channelId=media, app=ari.app, external_host=place, format="alaw")
            await ari.post("bridges", bridge, type="mixing", name=bridge)
            for channel in (snoop, media):
                await ari.post_soon("bridges", bridge, "addChannel", channel=channel)
        except Fault as fault:
            if await _is_there(ari, leg):
                raise EngineAway(f"Asterisk gives no sound yet: {fault.message}.") from None
            raise EngineRefused("no_leg", f"There is no leg {leg}, or it has ended.") from None
        watch = loop.create_task(_until_gone(ari, snoop, ear))
        try:
            async for piece in ear.pieces():
                yield piece
        finally:
            watch.cancel()
    finally:
        transport.close()
        await take_down(ari, name)


async def take_down(ari: Ari, name: str) -> None:
    for path in (("channels", f"{EAR}{name}"), ("channels", f"{MEDIA}{name}"), ("bridges", f"{HEAR}{name}")):
        with contextlib.suppress(Fault, EngineAway):
            await ari.delete(*path)


def deserted(channels: Iterable[Mapping[str, Any]], bridges: Iterable[Mapping[str, Any]]) -> set[str]:
    """Names of ears whose leg has ended; who listened has died and takes nothing down."""
    there = {str(one["id"]) for one in (*channels, *bridges)}
    ears = {one.removeprefix(MEDIA).removeprefix(HEAR) for one in there if one.startswith((MEDIA, HEAR))}
    return {name for name in ears if f"{EAR}{name}" not in there}


async def _is_there(ari: Ari, channel: str) -> bool:
    try:
        await ari.get("channels", channel)
    except Fault:
        return False
    return True


async def _until_gone(ari: Ari, snoop: str, ear: Ear) -> None:
    """The snoop channel ends with its leg."""
    while True:
        await asyncio.sleep(0.5)
        try:
            if not await _is_there(ari, snoop):
                ear.end()
                return
        except EngineAway:
            continue


def side_of(channel: str) -> tuple[str, str]:
    """Recording and side of a channel of ours that records; empty for any other."""
    name, _dash, side = channel.removeprefix(OWN).rpartition("-")
    return (name, side) if side in SIDES and recording_began(name) else ("", "")
