"""A set of telephones in one process of their own: `python phone.py ADDRESS`; one JSON object a line, in and out.

Each call speaks one tone and says which tones it hears. Made of the same SIP library as the engine, which runs once a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import wave
from typing import Any

import numpy as np

RATE, FRAME = 8000, 160
WINDOW = 4000


class Phone:
    def __init__(self, call, tone: int, earlier=()) -> None:
        """`earlier`: what happened to the call before it was an object, which on a busy loop can be all of it."""
        self.call, self.tone = call, tone
        self.heard = np.zeros(WINDOW, np.int16)
        self.since = 0
        self.digits = ""
        self.saying = np.zeros(0, np.int16)
        """What is spoken in place of the tone, until it has been."""
        self.state = "new"
        self.place = 0
        self.reason = None
        for event in earlier:
            self.happened(event)
        call.on(self.happened)
        call.on_dtmf(self.digit)

    def digit(self, event) -> None:
        self.digits += event.digit

    def happened(self, event) -> None:
        if event.event.name == "CALL_ESTABLISHED":
            self.state = "up"
        elif event.event.name in ("CALL_RINGING", "CALL_PROGRESS") and self.state == "new":
            self.state = "ringing"
        elif event.event.name == "CALL_CLOSED":
            self.state, self.reason = "ended", event.text

    def tick(self) -> None:
        try:
            data = np.frombuffer(self.call.audio.read(8 * FRAME), np.int16)
            place = np.arange(self.place, self.place + FRAME)
            if len(self.saying):
                said, self.saying = self.saying[:FRAME], self.saying[FRAME:]
                self.call.audio.write(np.pad(said, (0, FRAME - len(said))).tobytes())
            elif self.tone:
                tone = (6000 * np.sin(2 * np.pi * self.tone * place / RATE)).astype(np.int16)
                self.call.audio.write(tone.tobytes())
        except Exception:
            return
        self.place += FRAME
        self.since += len(data)
        self.heard = np.concatenate((self.heard, data))[-WINDOW:]


def tones(sound: np.ndarray) -> list[int]:
    """Frequencies of the sound's clear peaks, Hz, to the nearest ten."""
    if np.sqrt(np.mean(sound.astype(float) ** 2)) < 150:
        return []
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    found: list[int] = []
    for place in np.argsort(spectrum)[::-1]:
        if spectrum[place] < spectrum.max() * 0.3:
            break
        hertz = place * RATE / len(sound)
        if all(abs(hertz - other) > 45 for other in found):
            found.append(hertz)
    return sorted(round(one / 10) * 10 for one in found)


def free_port(address: str) -> int:
    """Free for UDP and TCP just now."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other,
        ):
            one.bind((address, 0))
            with contextlib.suppress(OSError):
                other.bind((address, one.getsockname()[1]))
                return int(one.getsockname()[1])


async def main(address: str) -> None:
    from baresip import (  # tests read the functions above without the library
        Account,
        Config,
        Runtime,
        UserAgent,
    )

    runtime = Runtime()
    port = free_port(address)
    await runtime.start(
        Config(
            net_interface=address,
            max_concurrent_calls=None,
            extra_config_text=f"sip_listen {address}:{port}\nsip_transports udp,tcp\nrtp_ports 45000-49000\n",
        )
    )
    lives: dict[int, list[Any]] = {}
    runtime.subscribe(lambda event: lives.setdefault(event.call, []).append(event))
    phones: dict[str, Phone] = {}
    answering: dict[str, dict[str, Any]] = {}
    agents: dict[str, UserAgent] = {}
    tasks: set[asyncio.Future[None]] = set()

    async def agent_of(user: str, codec: str = "pcma") -> UserAgent:
        if f"{user}/{codec}" not in agents:
            agents[f"{user}/{codec}"] = agent = await UserAgent.create(
                runtime,
                Account(user, f"{address}:{port}", "", reg_interval=0, audio_codecs=(codec,)),
            )

            def arrived(call) -> None:
                wanted = answering.get(user, {})
                phones[user] = Phone(call, wanted.get("tone", 0))
                if wanted.get("busy"):
                    tasks.add(asyncio.ensure_future(call.reject()))
                elif not wanted.get("ring"):
                    tasks.add(asyncio.ensure_future(call.answer()))

            agent.on_incoming(arrived)
        return agents[f"{user}/{codec}"]

    async def tick() -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for phone in list(phones.values()):
                phone.tick()
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    ticking = asyncio.ensure_future(tick())
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    print(json.dumps({"port": port}), flush=True)
    while line := await reader.readline():
        told = json.loads(line)
        answer: dict[str, Any] = {}
        name = told.get("name", "")
        phone = phones.get(name)
        match told["do"]:
            case "dial":
                agent = await agent_of(name, told.get("codec", "pcma"))
                call = await agent.dial(told["to"], headers=told.get("headers"))
                phones[name] = Phone(call, told.get("tone", 0), lives.get(call.handle, ()))
            case "expect":
                answering[name] = told
                await agent_of(name)
            case "look":
                if phone is not None:
                    answer = {
                        "state": phone.state,
                        "hears": tones(phone.heard),
                        "since": phone.since,
                        "digits": phone.digits,
                        "reason": phone.reason,
                    }
            case "press":
                await phone.call.send_dtmf(told["digits"])
            case "tone":
                phone.tone = told["tone"]
            case "play":
                with wave.open(told["file"], "rb") as file:
                    phone.saying = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            case "hangup":
                await phone.call.hangup()
        print(json.dumps(answer), flush=True)
    ticking.cancel()
    await runtime.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
