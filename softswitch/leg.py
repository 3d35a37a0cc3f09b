"""SIP legs. The only module that knows the library `baresip-python`; another stack needs these two classes and no more.

`SipStack` owns the library's thread (one for a process), trunks and incoming calls; `SipLeg` is one call. Media is G.711 of
either law, digits are RFC 4733 events. Incoming calls are taken from the addresses of trunks only: the library does not
tell where a message came from, but traces each one with its sender, before its event; `_Senders` reads that trace.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import unquote
from weakref import WeakValueDictionary

import numpy as np

from softswitch.faults import Refused
from softswitch.settings import Settings, Trunk
from softswitch.sound import FRAME, Fifo, Samples

try:
    from baresip import (
        Account,
        AudioNotActive,
        AudioRestarted,
        BaresipError,
        Call,
        CommandQueueFull,
        Config,
        Runtime,
        StaleHandleError,
        UserAgent,
    )
    from baresip.events import Event, StackEvent
    from baresip.stats import CallStats
except ImportError as error:  # told at the start, not at the first call
    raise ImportError("The library baresip-python is missing; install the extra `telephony`.") from error

log = logging.getLogger("softswitch.sip")

LIFE = (Event.CALL_RINGING, Event.CALL_PROGRESS, Event.CALL_ESTABLISHED, Event.CALL_CLOSED)

AHEAD = 2
"""Frames written before the first: what a late tick may cost before the far end hears a hole."""
MOST_AHEAD = 6
DIGITS = frozenset("0123456789*#ABCD")
KEPT_SENDERS = 4096
KEPT_EARLY = 64
OWN_END_SECONDS = 1.0
"""A call that the library no longer knows ended a moment ago; when its end is not told by then, it is never."""
_INVITE = re.compile(r"RX \w+ (\S+):\d+ -> \S+\nINVITE (\S+) SIP/2\.0\r\n", re.ASCII)
_CALL_ID = re.compile(r"^(?:Call-ID|i)[ \t]*:[ \t]*(\S+)[ \t]*\r$", re.ASCII | re.IGNORECASE | re.MULTILINE)
_USER = re.compile(r"sips?:([^@;>\s]+)(?:;[^@>\s]*)?@")


class _Senders(logging.Handler):
    """Who sent each INVITE, and for which address, by Call-ID; the first one of a Call-ID counts."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._known: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._known_lock = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if (found := _INVITE.match(text)) is None or (called := _CALL_ID.search(text)) is None:
            return
        with self._known_lock:
            self._known.setdefault(called[1], (found[1].strip("[]"), found[2]))
            while len(self._known) > KEPT_SENDERS:
                self._known.popitem(last=False)

    async def of(self, call_id: str) -> tuple[str, str] | None:
        """Address and request URI; the trace runs on a thread of its own and may come a moment after the event."""
        for _ in range(100):
            with self._known_lock:
                if call_id in self._known:
                    return self._known.pop(call_id)
            await asyncio.sleep(0.02)
        return None


class SipLeg:
    """One call, any direction. Frames in and out never block; `ended` is called once, whatever ended it.

    `pull()` gives the party's next 20 ms, silence where nothing came; `push()` sends 20 ms to it.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._heard = Fifo()
        self._primed = False
        self._filling = True
        self._asked_to_end = False
        self._skip = 0
        self._ticks = 0
        self._over = False
        self._bound = False
        self._rang = False
        self._up = False
        self._end: tuple[str, int | None, dict[str, Any]] | None = None
        self.on_answered: Callable[[], None] = _nothing
        self.on_ringing: Callable[[], None] = _nothing
        self.on_digit: Callable[[str], None] = _nothing_said
        self.on_ended: Callable[[str, int | None, dict[str, Any]], None] = _nothing_ended
        self._reported = time.monotonic()
        call.on(self.happened)
        call.on_rtcp(self._report)
        call.on_dtmf(lambda digit: self.on_digit(digit.digit) if digit.digit in DIGITS else None)

    def bound(self) -> None:
        """The callbacks are in place and the leg has been told of: what happened before is told now."""
        self._bound = True
        if self._end is not None:
            self.on_ended(*self._end)
        elif self._up:
            self.on_answered()
        elif self._rang:
            self.on_ringing()

    def quiet(self) -> float:
        """Seconds since the far end reported what it hears (RTCP). A browser does every few seconds, muted or not."""
        return time.monotonic() - self._reported

    def _report(self, _stats: CallStats) -> None:
        self._reported = time.monotonic()

    async def answer(self) -> None:
        """Raises Refused when the caller has gone."""
        try:
            await self._call.answer()
        except BaresipError as error:
            raise Refused("leg_gone", f"The call cannot be answered: {error}.") from None

    async def hang_up(self) -> None:
        """Ends it in any state; nothing when it has ended already. An incoming call not answered gets 486."""
        self._asked_to_end = True
        for _ in range(20):
            try:
                await self._call.hangup()
                return
            except CommandQueueFull:
                await asyncio.sleep(0.1)
            except StaleHandleError:
                asyncio.get_running_loop().call_later(OWN_END_SECONDS, self._finish, "", {})
                return
            except BaresipError as error:
                log.warning("hang up: %s", error)
                return

    async def send_digits(self, digits: str) -> None:
        """Raises Refused when the call has gone."""
        try:
            await self._call.send_dtmf(digits)
        except (BaresipError, ValueError) as error:
            raise Refused("leg_gone", f"The digits were not sent: {error}.") from None

    def pull(self) -> Samples | None:
        try:
            data = self._call.audio.read(8 * FRAME)
        except (AudioNotActive, AudioRestarted):
            data = b""
        if data:
            self._heard.put(np.frombuffer(data, np.int16))
        if self._filling and self._heard.frames < 2:
            return None
        frame = self._heard.take()
        self._filling = frame is None  # run dry: two frames before going on, or each would come a moment late
        return frame

    def push(self, frame: Samples) -> None:
        audio = self._call.audio
        try:
            if not self._primed:
                audio.write(bytes(2 * FRAME * AHEAD))
                self._primed = True
            self._ticks += 1
            if (
                self._ticks % 25 == 0
            ):  # ticks made up for and the sender's silence add up; take the surplus back
                over = audio.info().tx_buffered // (2 * FRAME) - MOST_AHEAD
                self._skip = max(0, over + MOST_AHEAD - AHEAD) if over > 0 else 0
            if self._skip:
                self._skip -= 1
                return
            audio.write(frame.tobytes())
        except AudioRestarted:
            self._primed = False
        except AudioNotActive:
            return

    def happened(self, event: StackEvent) -> None:
        """Something of the life of this call; kept until `bound`."""
        if event.event is Event.CALL_CLOSED:
            self._finish(event.text or "", quality(self._call.final_stats))
        elif event.event in (Event.CALL_RINGING, Event.CALL_PROGRESS):
            self._rang = True
            if self._bound:
                self.on_ringing()
        elif event.event is Event.CALL_ESTABLISHED:
            self._up = True
            if self._bound:
                self.on_answered()

    def _finish(self, text: str, told: dict[str, Any]) -> None:
        if self._over:
            return
        self._over = True
        status = int(text[:3]) if re.match(r"[3-6]\d\d ", text) else None
        if self._asked_to_end:
            reason = "near"
        elif status is not None:
            reason = {486: "busy", 600: "busy", 603: "declined", 408: "no_answer", 480: "no_answer"}.get(
                status, "failed"
            )
        elif "rtp stream" in text:
            reason = "silent"
        elif "reset by peer" in text:
            reason = "far"
        else:
            reason = "failed"
        self._end = (reason, status, told)
        if self._bound:
            self.on_ended(*self._end)


def _nothing() -> None: ...


def _nothing_said(_digit: str) -> None: ...


def _nothing_ended(_reason: str, _status: int | None, _quality: dict[str, Any]) -> None: ...


def quality(stats: CallStats | None) -> dict[str, Any]:
    """Of a call that has ended: packets both ways, lost ones, jitter in ms, the estimated MOS."""
    if stats is None:
        return {}
    return {
        "packets_in": stats.rx_packets,
        "packets_out": stats.tx_packets,
        "lost_in": stats.rx_lost,
        "lost_out": stats.tx_lost,
        "jitter_ms": round(stats.rx_jitter_ms, 1),
        "mos": stats.mos_estimate,
    }


Incoming = Callable[[SipLeg, str, str, str, Mapping[str, str]], None]


class SipStack:
    """The library's thread, our trunks, the door for incoming calls.

    `on_incoming(leg, trunk, caller, called, headers)`: a call from a trunk's address. `on_agent(leg, key)`: a call from our
    own browser door (browser.py). `on_trunk(name, state, text)`: registered or failed. `on_refused(address)`.
    """

    def __init__(self, settings: Settings, agent_user: str) -> None:
        self._settings = settings
        self._agent_user = agent_user
        self._senders = _Senders()
        self._runtime = Runtime()
        self._agents: dict[str, UserAgent] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._legs: WeakValueDictionary[int, SipLeg] = WeakValueDictionary()
        self._early: OrderedDict[int, list[StackEvent]] = OrderedDict()
        self.door_port = 0
        self.on_incoming: Incoming = lambda *_: None
        self.on_agent: Callable[[SipLeg, str], None] = lambda *_: None
        self.on_trunk: Callable[[str, str, str], None] = lambda *_: None
        self.on_refused: Callable[[str], None] = lambda _: None
        self.on_dead: Callable[[], None] = _nothing

    async def start(self, sip_port: int) -> None:
        """Raises Refused when the port is taken or the library does not start."""
        sip_log = logging.getLogger("baresip.native.sip")
        sip_log.setLevel(logging.DEBUG)
        sip_log.propagate = False
        sip_log.addHandler(self._senders)
        low, high = self._settings.rtp_ports
        extra = (
            f"sip_listen {_bracket(self._settings.address)}:{sip_port}\nsip_transports udp,tcp\n"
            f"rtp_ports {low}-{high}\naudio_jitter_buffer_type fixed\naudio_jitter_buffer_ms 40-200\n"
        )
        self._runtime.on_dead = self.on_dead
        try:
            await self._runtime.start(
                Config(
                    net_interface=self._settings.address,
                    max_concurrent_calls=self._settings.most_calls,
                    rtp_timeout=self._settings.silent_seconds,
                    sip_trace=True,
                    expose_headers=("To", "P-Asserted-Identity", "X-Door", *self._settings.headers),
                    extra_config_text=extra,
                )
            )
            self._runtime.subscribe(self._overhear)
            common = {"transfer_policy": "reject"}
            self._agents["browsers"] = await self._agent(
                Account(
                    self._agent_user,
                    self._settings.address,
                    "",
                    reg_interval=0,
                    audio_codecs=("pcma", "pcmu"),
                    extra_params=("mediaenc=dtls_srtp", "medianat=ice", "rtcp_mux=yes", "ptime=20"),
                ),
                common,
            )
            for trunk in self._settings.trunks:
                self._agents[trunk.name] = await self._agent(self._account(trunk), common)
                if trunk.register:
                    self._watch(trunk)
        except BaresipError as error:
            raise Refused("sip_not_started", f"SIP does not start: {error}.") from None

    async def _agent(self, account: Account, options: dict[str, str]) -> UserAgent:
        agent = await UserAgent.create(self._runtime, account, **options)
        agent.on_incoming(lambda call: self._spawn(self._arrived(call, self._leg_of(call))))
        return agent

    def _overhear(self, event: StackEvent) -> None:
        """What happens to a call we place before its object is there to hear it, which on a busy loop can be all of it."""
        if event.event in LIFE and event.call not in self._legs:
            self._early.setdefault(event.call, []).append(event)
            while len(self._early) > KEPT_EARLY:
                self._early.popitem(last=False)

    def _leg_of(self, call: Call) -> SipLeg:
        leg = self._legs[call.handle] = SipLeg(call)
        for event in self._early.pop(call.handle, ()):
            leg.happened(event)
        return leg

    def _account(self, trunk: Trunk) -> Account:
        # Calls for whatever number come to the first trunk's account: which trunk it was is told by the sender's address.
        return Account(
            trunk.user,
            trunk.host,
            trunk.password,
            reg_interval=trunk.register_seconds if trunk.register else 0,
            audio_codecs=("pcma", "pcmu"),
            extra_params=("catchall=yes", "ptime=20"),
        )

    def _watch(self, trunk: Trunk) -> None:
        agent = self._agents[trunk.name]

        def told(event: StackEvent) -> None:
            if event.event is Event.REGISTER_OK:
                self.on_trunk(trunk.name, "registered", "")
            elif event.event is Event.REGISTER_FAIL:
                self.on_trunk(trunk.name, "failed", event.text or "")

        agent.on(told)

        async def register() -> None:
            try:
                await agent.register()
            except BaresipError as error:
                log.warning("trunk %s: %s", trunk.name, error)  # the library tries again by itself

        self._spawn(register())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _arrived(self, call: Call, leg: SipLeg) -> None:
        sender = await self._senders.of(call.call_id or "")
        source, target = sender or ("", "")
        if call.headers.get("X-Door") and source == self._settings.address:
            self.on_agent(leg, call.headers["X-Door"])
            return
        trunk = self._trunk_of(source)
        if trunk is None or _user(target) == self._agent_user:
            self.on_refused(source)
            await leg.hang_up()
            return
        asserted = call.headers.get("P-Asserted-Identity", "")
        caller = _user(asserted) or _user(call.peer or "")
        called = _user(target) or _user(call.headers.get("To", ""))
        told = {name: call.headers[name] for name in self._settings.headers if name in call.headers}
        self.on_incoming(leg, trunk.name, caller, called, told)

    def _trunk_of(self, source: str) -> Trunk | None:
        try:
            address = ipaddress.ip_address(source)
        except ValueError:
            return None
        for trunk in self._settings.trunks:
            if any(address in network for network in trunk.addresses):
                return trunk
        return None

    async def dial(self, trunk: str, number: str, headers: Mapping[str, str]) -> SipLeg:
        """Start a call out; its outcome is told by the leg. Raises Refused: `no_trunk`, `bad_number`, `not_dialled`."""
        found = next((one for one in self._settings.trunks if one.name == trunk), None)
        if found is None:
            raise Refused("no_trunk", f"There is no trunk {trunk}.")
        if not re.fullmatch(r"\+?[0-9*#A-Za-z._\-]{1,40}", number, re.ASCII):
            raise Refused(
                "bad_number", "A number has digits, letters, + * # . _ - and no more than 40 of them."
            )
        try:
            call = await self._agents[trunk].dial(f"sip:{number}@{found.host}", dict(headers))
        except (BaresipError, ValueError) as error:
            raise Refused("not_dialled", f"The call was not placed: {error}.") from None
        return self._leg_of(call)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        logging.getLogger("baresip.native.sip").removeHandler(self._senders)
        try:
            await self._runtime.close()
        except BaresipError as error:
            log.error("%s", error)


def _bracket(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _user(uri: str) -> str:
    """The user part of a SIP URI, without what carriers hang on a number (RFC 3966, 5.1.5); of `tel:` URIs the number."""
    if (found := re.search(r"tel:([+0-9*#\-.]+)", uri)) is not None:
        return found[1]
    return unquote(found[1]) if (found := _USER.search(uri)) is not None else ""
