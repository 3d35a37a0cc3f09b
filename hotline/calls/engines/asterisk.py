"""Asterisk as an engine, over its REST Interface (ARI: REST and a WebSocket of events; from version 18 on).

Written from the public description of the interface, tried against Asterisk 22. What has to stand in its configuration is in
docs/telephony.md: a Stasis(hotline) application, PJSIP endpoints named as our trunks, the prompts' folder readable by it.

| ours                  | Asterisk's                                                                             |
|-----------------------|----------------------------------------------------------------------------------------|
| leg                   | channel; of a call made by us its id is ours, so that it is placed once                |
| room                  | mixing bridge; talk and barge are in it, listen is in it muted, hold is in none        |
| whisper               | a snoop channel on the target and a bridge of it with the one who whispers             |
| recording             | a snoop channel for each side, recorded; fetched, joined and filed here when both end  |
| sound                 | a snoop channel bridged with external media: RTP to a port of ours                     |

Names that begin with `xs-` are such channels and bridges of ours, never legs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, WebSocketException

from hotline.calls.engines import events as told
from hotline.calls.engines.ari import Ari, Fault
from hotline.calls.engines.commands import Role
from hotline.calls.engines.interface import EngineAway, EngineRefused, Sound
from hotline.calls.engines.parties import RINGING, UP, Party, Playing, Seat
from hotline.calls.engines.rtp import Ear
from hotline.calls.engines.steered import (
    RING_BACK,
    UNANSWERED_SECONDS,
    recording_began,
    recording_path,
    sample_of,
)
from hotline.calls.engines.transfers import Transferring
from hotline.calls.engines.waves import file_sides, native, samples
from hotline.kit import clock

log = logging.getLogger("hotline.calls")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0
BROKEN = (ConnectionClosed, InvalidHandshake, WebSocketException, OSError, TimeoutError, EngineAway, Fault)
NOT_YET = (409, 422)
"""Asterisk's words for a channel that has not entered our application yet; a snoop channel takes a moment."""
ENTRY_SECONDS = 3.0
CUT_SECONDS = 0.3
"""A prompt that failed has most often been cut by a hang-up, whose events follow at once."""
ENDS = {17: "busy", 18: "no_answer", 19: "no_answer", 21: "declined"}
"""Q.850 causes of a call that nobody answered; any other is `failed`."""
NO_MEDIA = 44
SIDES = ("in", "out")
"""What the channel says, what it hears: Asterisk's words for the two directions of a snoop."""
OWN = "xs-"
ANSWERED = "XS_ANSWERED"


class AsteriskEngine(Transferring):
    """`sounds`: the folder of prompts as Asterisk sees it; empty: as we do. `media_address`: where its RTP reaches us, for `sound`.
    `headers`: SIP headers of an incoming call that are read."""

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        password: str,
        *,
        prompts: Path,
        recordings: Path,
        app: str = "hotline",
        sounds: str = "",
        media_address: str = "127.0.0.1",
        headers: Sequence[str] = ("X-District",),
        patience: float = 10.0,
    ) -> None:
        super().__init__(prompts, patience)
        self._ari = Ari(host, port, user, password, app, seconds=min(5.0, patience))
        self._sounds = sounds or str(prompts.resolve())
        self._recordings = recordings
        self._media_address = media_address
        self._headers = tuple(headers)
        self._causes: dict[str, int] = {}
        self._bridges: dict[str, str] = {}
        """By room: its bridge. A bridge's id is never used again: Asterisk takes a moment to forget one."""
        self._whispers: dict[str, tuple[str, str]] = {}
        """By leg: the snoop channel it whispers through, and the bridge of the two."""
        self._recording: dict[str, str] = {}
        """By recording: its leg."""
        self._sides: dict[str, set[str]] = {}
        """By recording: its sides that Asterisk has finished."""

    async def close(self) -> None:
        await super().close()
        self._ari.close()

    # -- the connection ------------------------------------------------------------------------------------------------

    async def stay_connected(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                async with self._ari.events() as line:
                    await self._recover()
                    self._connected.set()
                    pause = FIRST_PAUSE
                    async for message in line:
                        self._heard(json.loads(message))
            except BROKEN as error:
                log.warning("Asterisk is away: %s", error)
            except Exception:
                log.exception("Asterisk said what cannot be read; events begin anew")
            finally:
                self._connected.clear()
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _recover(self) -> None:
        info = await self._ari.get("asterisk", "info")
        bridges = await self._ari.get("bridges")
        channels = await self._ari.get("channels")
        rooms = [one for one in bridges if one["id"].startswith(f"{OWN}room-")]
        self._bridges = {str(one["name"]): one["id"] for one in rooms if one["channels"]}
        for empty in [one["id"] for one in rooms if not one["channels"]]:
            await self._ari.delete("bridges", empty)
        seats = {
            channel: Seat(str(bridge["name"]), Role.TALK)
            for bridge in rooms
            for channel in bridge["channels"]
        }
        recorded = {}
        for one in channels:
            name, side = _recorded(one["id"])
            if side == "in":
                recorded[str(one["name"]).removeprefix("Snoop/").rpartition("-")[0]] = name
        legs = []
        for one in channels:
            if self._is_leg(one):
                party = self._parties.get(one["id"]) or await self._party(one)
                fresh = Party(party.leg, party.direction, **_kept(party))
                fresh.state = UP if one["state"] == "Up" else RINGING
                fresh.answered = party.answered or await self._answered_at(party.leg)
                fresh.seat, fresh.recording = seats.get(party.leg), recorded.get(party.leg, "")
                legs.append(fresh)
        self._recording = {name: leg for leg, name in recorded.items()}
        self.recovered(f"asterisk-{info['status']['startup_time']}", legs)
        for party in self._parties.values():
            if party.state == RINGING and party.timer is None and party.early is None:
                self._after(
                    party, UNANSWERED_SECONDS, "unanswered" if party.direction == "in" else "no_answer"
                )
        stored = {_recorded(f"{OWN}{one['name']}")[0] for one in await self._ari.get("recordings", "stored")}
        for name in sorted(stored - {""} - set(recorded.values())):
            self.spawn(self._file(name, "", recovered=True))

    def _is_leg(self, channel: Mapping[str, Any]) -> bool:
        if channel["id"].startswith(OWN):
            return False
        plan = channel.get("dialplan", {})
        ours = (
            plan.get("app_name") == "Stasis" and str(plan.get("app_data", "")).split(",")[0] == self._ari.app
        )
        return ours or channel["id"].startswith("out-")

    async def _party(self, channel: Mapping[str, Any]) -> Party:
        """What is to be known of a channel that we see for the first time."""
        leg = str(channel["id"])
        trunk = str(channel["name"]).partition("/")[2].rpartition("-")[0]
        began = datetime.fromisoformat(str(channel["creationtime"])).astimezone(UTC)
        if leg.startswith("out-"):
            label = await self._variable(leg, "XS_LABEL")
            called = await self._variable(leg, "XS_CALLED")
            return Party(leg, "out", trunk=trunk, called=called, label=label, began=began)
        found = {name: await self._variable(leg, f"PJSIP_HEADER(read,{name})") for name in self._headers}
        return Party(
            leg,
            "in",
            trunk=trunk,
            caller=str(channel.get("caller", {}).get("number", "")),
            called=str(channel.get("dialplan", {}).get("exten", "")),
            headers={name: value for name, value in found.items() if value},
            began=began,
        )

    async def _variable(self, leg: str, name: str) -> str:
        try:
            return str((await self._ari.get("channels", leg, "variable", variable=name))["value"])
        except Fault:
            return ""

    # -- what Asterisk tells -------------------------------------------------------------------------------------------

    def _heard(self, event: Mapping[str, Any]) -> None:
        kind = event.get("type")
        if kind == "ApplicationReplaced":
            raise EngineAway("another process has taken the application over")
        if kind in ("RecordingFinished", "RecordingFailed"):
            self._side_ended(event["recording"])
        elif kind == "PlaybackFinished":
            playback = event["playback"]
            self._played_out(
                str(playback["target_uri"]).removeprefix("channel:"),
                str(playback["id"]),
                playback.get("state") == "failed",
            )
        elif (channel := event.get("channel")) and not str(channel["id"]).startswith(OWN):
            self._channel(str(kind), str(channel["id"]), channel, event)

    def _channel(self, kind: str, leg: str, channel: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        if kind == "StasisStart":
            if leg in self._parties or leg.startswith("out-"):
                self.heard_up(leg)
            else:
                self.heard_new(Party(leg, "in"))
                self.spawn(self._arrived(channel))
        elif kind == "ChannelStateChange":
            party = self._parties.get(leg)
            if channel["state"] == "Ringing":
                self.heard_ring(leg)
            elif channel["state"] == "Up" and party is not None and party.direction == "in":
                self.heard_up(leg)  # a call of ours is up when it is in our application: StasisStart
        elif kind == "ChannelDtmfReceived":
            self.heard_digit(leg, str(event["digit"]))
        elif kind == "ChannelHangupRequest" and "cause" in event and leg in self._parties:
            self._causes[leg] = int(event["cause"])
        elif kind in ("StasisEnd", "ChannelDestroyed") and leg in self._parties:
            cause = int(event.get("cause") or self._causes.pop(leg, 0))
            self.heard_end(leg, self._reason(self._parties[leg], cause))
            self._causes.pop(leg, None)

    def _played_out(self, leg: str, spoken: str, failed: bool) -> None:
        """A prompt that a hang-up cut short is told of with the end of its leg, which comes next."""
        party = self._parties.get(leg)
        if party is not None and leg not in self._causes and not party.ending:
            if failed:
                loop = asyncio.get_running_loop()
                loop.call_later(CUT_SECONDS, lambda: self.heard_played(leg, spoken, failed=True))
            else:
                self.heard_played(leg, spoken)

    async def _arrived(self, channel: Mapping[str, Any]) -> None:
        waiting = self._parties[channel["id"]]
        party = await self._party(channel)
        for name in ("trunk", "caller", "called", "headers", "began"):
            setattr(waiting, name, getattr(party, name))
        self.told_of(waiting, UNANSWERED_SECONDS, "unanswered")

    @staticmethod
    def _reason(party: Party, cause: int) -> str:
        if party.state == UP or party.direction == "in":
            return "silent" if cause == NO_MEDIA else "far"
        return ENDS.get(cause, "failed")

    def heard_up(self, leg: str) -> None:
        super().heard_up(leg)
        if leg in self._parties:
            self.spawn(self._note_answer(leg))

    async def _note_answer(self, leg: str) -> None:
        """When it was answered is kept with the channel, for whoever hears it in another process or after a restart."""
        with contextlib.suppress(Fault):  # gone again
            await self._ari.post(
                "channels", leg, "variable", variable=ANSWERED, value=f"{clock.now().timestamp():.3f}"
            )

    async def _answered_at(self, leg: str) -> datetime | None:
        try:
            return datetime.fromtimestamp(float(await self._variable(leg, ANSWERED)), UTC)
        except ValueError:
            return None

    # -- legs ----------------------------------------------------------------------------------------------------------

    async def do_answer(self, party: Party) -> None:
        with _refused():
            await self._ari.post("channels", party.leg, "answer")

    async def do_hang_up(self, party: Party) -> None:
        with _refused():
            await self._ari.delete("channels", party.leg)

    async def do_dial(self, party: Party, headers: Mapping[str, str], ring_seconds: float) -> None:
        variables = {"XS_LABEL": party.label, "XS_CALLED": party.called}
        variables |= {f"PJSIP_HEADER(add,{name})": value for name, value in headers.items()}
        try:
            await self._ari.post(
                "channels",
                party.leg,
                endpoint=f"PJSIP/{party.called}@{party.trunk}",
                app=self._ari.app,
                timeout=int(ring_seconds) + 5,
                body={"variables": variables},
            )
        except Fault as fault:
            if fault.status == 409:
                await self._placed_before(party)
            elif not await self._has_trunk(party.trunk):
                raise EngineRefused("no_trunk", f"Asterisk has no PJSIP endpoint {party.trunk}.") from None
            else:
                raise EngineRefused("not_dialled", f"The call was not placed: {fault.message}.") from None

    async def _placed_before(self, party: Party) -> None:
        try:
            channel = await self._ari.get("channels", party.leg)
        except Fault:
            self.heard_end(party.leg, "failed")
            return
        if channel["state"] == "Up":
            self.heard_up(party.leg)

    async def _has_trunk(self, trunk: str) -> bool:
        try:
            await self._ari.get("endpoints", "PJSIP", trunk)
        except Fault as fault:
            return fault.status != 404
        return True

    async def do_play(self, party: Party, playing: Playing) -> None:
        with _refused():
            media = ",".join(self._media(name) for name in playing.files)
            await self._ari.post("channels", party.leg, "play", playing.spoken, media=media)

    def _media(self, name: str) -> str:
        return "tone:ring" if name == RING_BACK else f"sound:{self._sounds}/{name.removesuffix('.wav')}"

    async def do_stop(self, party: Party, playing: Playing) -> None:
        with _refused():
            await self._ari.delete("playbacks", playing.spoken)

    async def do_press(self, party: Party, digits: str) -> None:
        with _refused():
            await self._ari.post("channels", party.leg, "dtmf", dtmf=digits)

    async def do_figures(self) -> dict[str, float]:
        channels = await self._ari.get("channels")
        return {"channels": len(channels), "bridges": len(self._bridges)}

    # -- rooms ---------------------------------------------------------------------------------------------------------

    async def do_move(self, party: Party, before: Seat | None, after: Seat | None) -> None:
        if before is not None and after is not None and _same_place(before, after):
            return
        if before is not None and before.role is Role.WHISPER:
            await self._whisper_no_more(party.leg)
        elif (
            before is not None and before.role is not Role.HOLD and (bridge := self._bridges.get(before.room))
        ):
            with contextlib.suppress(Fault):  # it has gone, or is in it no longer
                await self._ari.post("bridges", bridge, "removeChannel", channel=party.leg)
        if after is None or after.role is Role.HOLD:
            return
        with _refused():
            if after.role is Role.WHISPER:
                await self._whisper(party.leg, after.target)
            else:
                muted = "true" if after.role is Role.LISTEN else "false"
                await self._add(await self._bridge_of(after.room), party.leg, mute=muted)

    async def _bridge_of(self, room: str) -> str:
        if (bridge := self._bridges.get(room)) is None:
            bridge = self._bridges[room] = f"{OWN}room-{secrets.token_hex(8)}"
            try:
                await self._ari.post("bridges", bridge, type="mixing", name=room)
            except (Fault, EngineAway):
                self._bridges.pop(room, None)
                raise
        return bridge

    async def _add(self, bridge: str, channel: str, **how: Any) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ENTRY_SECONDS
        while True:
            try:
                await self._ari.post("bridges", bridge, "addChannel", channel=channel, **how)
                return
            except Fault as fault:
                if fault.status not in NOT_YET or loop.time() > deadline:
                    raise
            await asyncio.sleep(0.02)

    async def do_forget(self, room: str) -> None:
        if bridge := self._bridges.pop(room, ""):
            with _refused():
                await self._ari.delete("bridges", bridge)

    async def _whisper(self, leg: str, target: str) -> None:
        name = secrets.token_hex(8)
        snoop, side = self._whispers[leg] = f"{OWN}whisper-{name}", f"{OWN}side-{name}"
        await self._ari.post("channels", target, "snoop", snoop, spy="both", whisper="out", app=self._ari.app)
        await self._ari.post("bridges", side, type="mixing", name=side)
        for channel in (snoop, leg):
            await self._add(side, channel)

    async def _whisper_no_more(self, leg: str) -> None:
        snoop, side = self._whispers.pop(leg, ("", ""))
        with _refused():
            if snoop:
                await self._ari.delete("channels", snoop)
                await self._ari.delete("bridges", side)

    # -- recordings and sound ------------------------------------------------------------------------------------------

    async def do_record(self, party: Party, recording: str) -> str:
        try:
            for side in SIDES:
                snoop = f"{OWN}{recording}-{side}"
                await self._ari.post("channels", party.leg, "snoop", snoop, spy=side, app=self._ari.app)
            for side in SIDES:
                await self._record_side(f"{recording}-{side}")
        except Fault as fault:
            for side in SIDES:
                await self._ari.delete("channels", f"{OWN}{recording}-{side}")
            code = "no_leg" if fault.status == 404 else "recording_failed"
            raise EngineRefused(code, f"Asterisk does not record: {fault.message}.") from None
        self._recording[recording] = party.leg
        return recording_path(recording)

    async def _record_side(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ENTRY_SECONDS
        while True:
            try:
                await self._ari.post(
                    "channels", f"{OWN}{name}", "record", name=name, format="wav", ifExists="overwrite"
                )
                return
            except Fault as fault:
                if fault.status not in NOT_YET or loop.time() > deadline:
                    raise
            await asyncio.sleep(0.02)

    async def do_mute_recording(self, party: Party, recording: str, muted: bool) -> None:
        """Silence is recorded meanwhile, so that everything after keeps its place."""
        with _refused():
            for side in SIDES:
                path = ("recordings", "live", f"{recording}-{side}", "mute")
                await (self._ari.post(*path) if muted else self._ari.delete(*path))

    async def do_end_recording(self, party: Party, recording: str) -> None:
        with _refused():
            for side in SIDES:
                with contextlib.suppress(Fault):  # ended with its leg
                    await self._ari.post("recordings", "live", f"{recording}-{side}", "stop")
                await self._ari.delete("channels", f"{OWN}{recording}-{side}")

    def _side_ended(self, recording: Mapping[str, Any]) -> None:
        name, side = _recorded(f"{OWN}{recording['name']}")
        if not name:
            return
        ended = self._sides.setdefault(name, set())
        ended.add(side)
        if len(ended) == len(SIDES):
            del self._sides[name]
            self.spawn(self._file(name, self._recording.pop(name, ""), recovered=False))

    async def _file(self, recording: str, leg: str, *, recovered: bool) -> None:
        """Both sides from Asterisk into our folder; told; then Asterisk may forget them."""
        path = recording_path(recording)
        try:
            left, right = [await self._side(f"{recording}-{side}") for side in SIDES]
            filed = await asyncio.to_thread(file_sides, self._recordings / path, left, right)
        except (ValueError, OSError, Fault) as error:
            self.heard_recorded(told.RecordingFailed, leg, recording, str(error))
            return
        self.heard_recorded(
            told.RecordingClosed,
            leg,
            recording,
            path,
            filed.sha256,
            filed.bytes,
            filed.seconds,
            filed.silent_left,
            filed.silent_right,
            recording_began(recording),
            recovered,
        )
        for side in SIDES:
            await self._ari.delete("recordings", "stored", f"{recording}-{side}")

    async def _side(self, name: str) -> Any:
        try:
            return samples(await self._ari.file("recordings", "stored", name, "file"))
        except Fault as fault:
            if fault.status != 404:
                raise
            return native(b"")

    async def sound(self, leg: str) -> AsyncGenerator[Sound, None]:
        """See Engine.sound. Needs no events: it may be asked for in any process."""
        try:
            channel = await self._ari.get("channels", leg)
        except Fault:
            raise EngineRefused("no_leg", f"There is no leg {leg}, or it has ended.") from None
        if channel["state"] != "Up":
            raise EngineRefused("not_up", f"Leg {leg} has not been answered.")
        answered = await self._answered_at(leg)
        name = secrets.token_hex(8)
        snoop, media, bridge = f"{OWN}ear-{name}", f"{OWN}media-{name}", f"{OWN}hear-{name}"
        loop = asyncio.get_running_loop()
        transport, ear = await loop.create_datagram_endpoint(
            lambda: Ear(sample_of(answered)), local_addr=(self._media_address, 0)
        )
        try:
            host, port = transport.get_extra_info("sockname")[:2]
            with _refused():
                await self._ari.post("channels", leg, "snoop", snoop, spy="in", app=self._ari.app)
                await self._ari.post(
                    "channels",
                    "externalMedia",
                    channelId=media,
                    app=self._ari.app,
                    external_host=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                    format="alaw",
                )
                await self._ari.post("bridges", bridge, type="mixing", name=bridge)
                await self._add(bridge, snoop)
                await self._add(bridge, media)
            watch = loop.create_task(self._until_gone(snoop, ear))
            try:
                async for piece in ear.pieces():
                    yield piece
            finally:
                watch.cancel()
        finally:
            transport.close()
            for path in (("channels", snoop), ("channels", media), ("bridges", bridge)):
                with contextlib.suppress(Fault, EngineAway):
                    await self._ari.delete(*path)

    async def _until_gone(self, snoop: str, ear: Ear) -> None:
        """The snoop channel ends with its leg."""
        while True:
            await asyncio.sleep(0.5)
            try:
                await self._ari.get("channels", snoop)
            except Fault:
                ear.end()
                return
            except EngineAway:
                continue


@contextlib.contextmanager
def _refused() -> Any:
    """Asterisk's errors in our words."""
    try:
        yield
    except Fault as fault:
        code = {404: "no_leg", 409: "leg_gone", 412: "not_up"}.get(fault.status, "fault")
        raise EngineRefused(code, f"Asterisk refused: {fault.message}.") from None


def _same_place(before: Seat, after: Seat) -> bool:
    """Talk and barge differ for us alone."""
    heard = (Role.TALK, Role.BARGE)
    return before.room == after.room and before.role in heard and after.role in heard


def _recorded(channel: str) -> tuple[str, str]:
    """Recording and side of a channel of ours that records; empty for any other."""
    name, _dash, side = channel.removeprefix(OWN).rpartition("-")
    return (name, side) if side in SIDES and recording_began(name) else ("", "")


def _kept(party: Party) -> dict[str, Any]:
    names = ("trunk", "caller", "called", "label", "headers", "began")
    return {name: getattr(party, name) for name in names}
