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
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from hotline.calls.engines.asterisk.ari import OWN, Ari, Fault, refused
from hotline.calls.engines.asterisk.bridges import Bridges
from hotline.calls.engines.asterisk.snoops import EAR, Recorder, deserted, listen, take_down
from hotline.calls.engines.commands import Role
from hotline.calls.engines.interface import EngineAway, EngineRefused, Sound
from hotline.calls.engines.parties import RINGING, UP, Party, Playing, Seat, seat_found, seat_noted
from hotline.calls.engines.switch import RING_BACK, UNANSWERED_SECONDS
from hotline.calls.engines.transfers import Transferring
from hotline.kit import clock

log = logging.getLogger("hotline.calls")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0
REPLACED_PAUSE = 15.0
"""Seconds: two processes that took the application from each other at once would leave it with neither."""
BROKEN = (ConnectionClosed, InvalidHandshake, WebSocketException, OSError, TimeoutError, EngineAway, Fault)
CUT_SECONDS = 0.3
"""A prompt that failed has most often been cut by a hang-up, whose events follow at once."""
ENDS = {17: "busy", 18: "no_answer", 19: "no_answer", 21: "declined"}
"""Q.850 causes of a call that nobody answered; any other is `failed`."""
NO_MEDIA = 44
ANSWERED, SEATED = "XS_ANSWERED", "XS_SEAT"
"""Variables of a channel: when it was answered, where it sits in which role."""


class Replaced(Exception):
    """Another process has taken the application over."""


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
        self._media_address = media_address
        self._headers = tuple(headers)
        self._causes: dict[str, int] = {}
        self._bridges = Bridges(self._ari)
        self._recorder = Recorder(self._ari, recordings, self.heard_recorded)

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
                    self.here()
                    pause = FIRST_PAUSE
                    async for message in line:
                        self._heard(json.loads(message))
                self.away("Asterisk closed the line.")
            except Replaced:
                self.away("Another process has taken Asterisk's application over; only one may run `hotline calls run`.")
                pause = REPLACED_PAUSE
            except BROKEN as error:
                self.away(_why(error))
            except Exception:
                log.exception("Asterisk said what cannot be read; events begin anew")
                self.away("Asterisk said what cannot be read.")
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _recover(self) -> None:
        since = clock.now()
        info = await self._ari.get("asterisk", "info")
        bridges = await self._ari.get("bridges")
        channels = await self._ari.get("channels")
        stored = [str(one["name"]) for one in await self._ari.get("recordings", "stored")]
        for name in deserted(channels, bridges):
            await take_down(self._ari, name)
        rooms = await self._bridges.found(bridges, channels)
        recorded, over = self._recorder.found(channels, stored)
        legs = []
        for one in channels:
            if self._is_leg(one):
                known = self._parties.get(one["id"])
                fresh = Party(one["id"], known.direction, **_kept(known)) if known else await self._party(one)
                fresh.state = UP if one["state"] == "Up" else RINGING
                fresh.answered = known.answered if known and known.answered else await self._answered_at(fresh.leg)
                fresh.seat = fresh.placed = self._seat(await self._variable(fresh.leg, SEATED), fresh.leg, rooms)
                fresh.recording = recorded.get(fresh.leg, "")
                legs.append(fresh)
        self.recovered(f"asterisk-{info['status']['startup_time']}", legs, since)
        for name in over:
            self.spawn(self._recorder.file(name, recovered=True))

    def _seat(self, note: str, leg: str, rooms: Mapping[str, str]) -> Seat | None:
        """Only who is in a whisper's bridge whispers, whatever is noted."""
        found = seat_found(note, rooms.get(leg))
        noted = seat_noted(note)
        if self._bridges.whispers(leg):
            return noted if noted is not None and noted.role is Role.WHISPER else None
        return Seat(found.room, Role.LISTEN) if found is not None and found.role is Role.WHISPER else found

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
            raise Replaced
        if kind in ("RecordingFinished", "RecordingFailed"):
            if over := self._recorder.side_ended(event["recording"]):
                self.spawn(self._recorder.file(over, recovered=False))
        elif kind == "PlaybackFinished":
            playback = event["playback"]
            self._played_out(
                str(playback["target_uri"]).removeprefix("channel:"),
                str(playback["id"]),
                playback.get("state") == "failed",
            )
        elif channel := event.get("channel"):
            if not (name := str(channel["id"])).startswith(OWN):
                self._channel(str(kind), name, channel, event)
            elif kind == "ChannelDestroyed" and name.startswith(EAR):
                self.spawn(take_down(self._ari, name.removeprefix(EAR)))  # who listened may have died

    def _channel(self, kind: str, leg: str, channel: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        if kind == "StasisStart":
            if leg.startswith("out-"):
                if leg in self._parties:
                    self.heard_up(leg)
                else:
                    self.spawn(self._nobodys(leg))
            elif leg not in self._parties:  # else it was found as we connected, and its arrival is told again
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

    async def _nobodys(self, leg: str) -> None:
        """A call of ours that we know nothing of was answered: nobody would ever speak to who answered."""
        with refused():
            await self._ari.delete("channels", leg)

    async def do_note(self, party: Party) -> None:
        noted = {SEATED: party.placed.note if party.placed else ""}
        if party.answered is not None:
            noted[ANSWERED] = f"{party.answered.timestamp():.3f}"
        with refused():
            for name, value in noted.items():
                await self._ari.post("channels", party.leg, "variable", variable=name, value=value)

    async def _answered_at(self, leg: str) -> datetime | None:
        try:
            return datetime.fromtimestamp(float(await self._variable(leg, ANSWERED)), UTC)
        except ValueError:
            return None

    # -- legs ----------------------------------------------------------------------------------------------------------

    async def do_answer(self, party: Party) -> None:
        with refused():
            await self._ari.post("channels", party.leg, "answer")

    async def do_hang_up(self, party: Party) -> bool:
        with refused():
            return await self._ari.delete("channels", party.leg)

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
        with refused():
            media = ",".join(self._media(name) for name in playing.files)
            await self._ari.post("channels", party.leg, "play", playing.spoken, media=media)

    def _media(self, name: str) -> str:
        return "tone:ring" if name == RING_BACK else f"sound:{self._sounds}/{name.removesuffix('.wav')}"

    async def do_stop(self, party: Party, playing: Playing) -> None:
        with refused():
            await self._ari.delete("playbacks", playing.spoken)

    async def do_look_whether_it_plays(self, party: Party, playing: Playing) -> bool:
        try:
            await self._ari.get("playbacks", playing.spoken)
        except Fault as fault:
            return fault.status != 404
        return True

    async def do_press(self, party: Party, digits: str) -> None:
        with refused():
            await self._ari.post("channels", party.leg, "dtmf", dtmf=digits)

    async def do_figures(self) -> dict[str, float]:
        channels = await self._ari.get("channels")
        return {"channels": len(channels), "bridges": len(self._bridges)}

    # -- rooms, recordings, sound ------------------------------------------------------------------------------------

    async def do_move(self, party: Party, before: Seat | None, after: Seat | None) -> None:
        await self._bridges.move(party.leg, before, after)

    async def do_forget(self, room: str) -> None:
        with refused():
            await self._bridges.forget(room)

    async def do_record(self, party: Party, recording: str) -> str:
        return await self._recorder.begin(party.leg, recording)

    async def do_mute_recording(self, party: Party, recording: str, muted: bool) -> None:
        await self._recorder.mute(recording, muted)

    async def do_end_recording(self, party: Party, recording: str) -> None:
        await self._recorder.end(recording)

    async def sound(self, leg: str) -> AsyncGenerator[Sound, None]:
        """See Switch.sound."""
        try:
            channel = await self._ari.get("channels", leg)
        except Fault:
            raise EngineRefused("no_leg", f"There is no leg {leg}, or it has ended.") from None
        if channel["state"] != "Up":
            raise EngineRefused("not_up", f"Leg {leg} has not been answered.")
        answered = await self._answered_at(leg)
        async with contextlib.aclosing(listen(self._ari, leg, answered, self._media_address)) as pieces:
            async for piece in pieces:
                yield piece


def _why(error: Exception) -> str:
    """For the log and for whoever asked for something meanwhile."""
    status = error.response.status_code if isinstance(error, InvalidStatus) else getattr(error, "status", 0)
    if status in (401, 403):
        return "Asterisk refuses the user: HOTLINE_ENGINE_USER and HOTLINE_ENGINE_PASSWORD must be as in its ari.conf."
    if status == 404:
        return "There is no ARI there: HOTLINE_ENGINE_ADDRESS must be that of http.conf, and ari.conf enabled."
    return f"Asterisk is away: {error or type(error).__name__}."


def _kept(party: Party) -> dict[str, Any]:
    names = ("trunk", "caller", "called", "label", "headers", "began")
    return {name: getattr(party, name) for name in names}
