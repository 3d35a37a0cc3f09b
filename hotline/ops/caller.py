"""A citizen's telephone, to try the hotline with: it calls by SIP, says something, keeps what it heard."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RATE, FRAME = 8_000, 160
BYTES = 2 * FRAME


@dataclass
class Call:
    """What to do on the line. `said`: 16 bits at 8 kHz, spoken again and again from the moment somebody may hear it; `keys`: pressed
    so many seconds after the answer."""

    address: str
    port: int
    number: str
    caller: str
    seconds: float
    said: bytes = b""
    keys: tuple[tuple[float, str], ...] = ()
    heard: bytearray = field(default_factory=bytearray)


async def ring(wanted: Call, tell: Callable[[str], None]) -> str:
    """Call, speak, listen, until the other side hangs up or the time is over: "far", "over", or why it was not answered.

    Raises ImportError without the part `telephony`. Only one such telephone may run in a process.
    """
    from baresip import Account, Config, Runtime, UserAgent

    runtime = Runtime()
    port = _free_port(wanted.address)
    await runtime.start(
        Config(
            net_interface=wanted.address,
            extra_config_text=f"sip_listen {wanted.address}:{port}\nsip_transports udp\nrtp_ports 49100-49200\n",
        )
    )
    ended = asyncio.Event()
    answered = asyncio.Event()
    why: list[str] = []
    agent = await UserAgent.create(
        runtime, Account(wanted.caller, f"{wanted.address}:{port}", "", reg_interval=0, audio_codecs=("pcma",))
    )
    earlier: list[Any] = []
    runtime.subscribe(earlier.append)
    try:
        call = await agent.dial(f"sip:{wanted.number}@{wanted.address}:{wanted.port}")

        def happened(event: Any) -> None:
            name = event.event.name
            if name in ("CALL_RINGING", "CALL_PROGRESS"):
                tell("ringing")
            elif name == "CALL_ESTABLISHED" and not answered.is_set():
                tell("answered")
                answered.set()
            elif name == "CALL_CLOSED":
                why.append(event.text or "far")
                ended.set()

        call.on(happened)
        for event in earlier:  # a quick exchange answers before the call is an object
            if event.call == call.handle:
                happened(event)
        talking = asyncio.create_task(_talk(call, wanted, answered))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), wanted.seconds)
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        if not ended.is_set():
            await call.hangup()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), 5)
            return "over"
        return "far" if answered.is_set() else why[-1]
    finally:
        await runtime.close()


async def _talk(call: Any, wanted: Call, answered: asyncio.Event) -> None:
    await answered.wait()
    loop = asyncio.get_running_loop()
    began = due = loop.time()
    keys = list(wanted.keys)
    place = 0
    while True:
        piece = wanted.said[place : place + BYTES].ljust(BYTES, b"\0")
        place = (place + BYTES) % max(BYTES, len(wanted.said))
        call.audio.write(piece)
        wanted.heard += call.audio.read(BYTES)
        while keys and loop.time() - began >= keys[0][0]:
            await call.send_dtmf(keys.pop(0)[1])
        due += FRAME / RATE
        await asyncio.sleep(max(0.0, due - loop.time()))


def read(path: Path) -> bytes:
    """A WAV file as `Call.said`. Raises ValueError when it is not of one channel, 8 kHz and 16 bits."""
    with wave.open(str(path), "rb") as file:
        if (file.getnchannels(), file.getframerate(), file.getsampwidth()) != (1, RATE, 2):
            raise ValueError(f"{path.name} must have one channel, 8,000 samples a second and 16 bits.")
        return file.readframes(file.getnframes())


def write(path: Path, heard: bytes) -> None:
    """What was heard, as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(heard)


def _free_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((address, 0))
        return int(one.getsockname()[1])
