"""Concurrent telephone calls: the embedded exchange beside a bare echo of the same SIP library.

Real SIP and RTP on the loopback from `sipp` (Debian's sip-tester), A-law both ways. The exchange answers over its own interface, through
the platform's own client: each caller hears the greeting, waits with music, and is answered by one of 20 simulated agents (SIP legs too),
once, recorded; afterwards music again, so that all calls are up while it is counted. The echo answers as many legs and sends back
what it hears. Goal: ticks p99 ≤ 10 ms, each answered once, none lost.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import wave
from collections import Counter, deque
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hotline.calls.engines import (
    Answer,
    Bridge,
    Command,
    Figures,
    Leave,
    LegAnswered,
    LegEnded,
    LegStarted,
    Mark,
    Play,
    PlayEnded,
    Record,
    SoftswitchEngine,
    StopPlaying,
)

ROOT = Path(__file__).resolve().parents[1]
CALLS, AGENTS, SECONDS = 100, 20, 20
TALK = 2.5
"""Seconds of a conversation, so that each caller is answered while it is counted."""
AGENT = "6000"
"""What an agent's leg calls; a caller calls 12345."""
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / TICKS


@contextmanager
def child(command: list[str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"{command[2]} did not start: {(folder / 'log').read_text()[-2000:]}")
            yield process, json.loads(line)
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def callers(
    port: int, count: int, seconds: int, folder: Path, called: str = "12345", media: int = 50000
) -> Iterator[subprocess.Popen[bytes]]:
    """`count` calls within two seconds, each as long as the measuring and ten seconds more."""
    length = seconds + 10
    folder.mkdir(exist_ok=True)
    tone = bytes((0xD5, 0xB4, 0xAA, 0xB4, 0xD5, 0x34, 0x2A, 0x34)) * 1000  # 1 kHz
    (folder / "audio.alaw").write_bytes(tone * (length + 2))
    scenario = ROOT / "bench" / "caller.xml"
    options = [
        "-s",
        called,
        "-m",
        str(count),
        "-l",
        str(count),
        "-r",
        str(max(1, count // 2)),
        "-d",
        str(length * 1000),
    ]
    local = ["-i", "127.0.0.1", "-p", str(free_port()), "-mp", str(media), "-nostdin"]
    process = subprocess.Popen(
        ["sipp", "-sf", str(scenario), *options, *local, f"127.0.0.1:{port}"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(20)


def tone(path: Path, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        wave_of = [int(8000 * math.sin(2 * math.pi * 500 * n / 8000)) for n in range(int(seconds * 8000))]
        file.writeframes(struct.pack(f"<{len(wave_of)}h", *wave_of))


class Hall:
    """Greeting, queue and agents, as small as they can be: who waits longest goes to whoever is free."""

    def __init__(self, engine: SoftswitchEngine) -> None:
        self._engine = engine
        self.up: set[str] = set()
        self.ended = 0
        self.answered: Counter[str] = Counter()
        self.agents: set[str] = set()
        self._called: dict[str, str] = {}
        self._waiting: deque[str] = deque()
        self._free: deque[str] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def follow(self, events: AsyncIterator[Any]) -> None:
        async for event in events:
            if isinstance(event, LegStarted):
                self._called[event.leg] = event.facts.called
                self._do(Answer(event.leg))
            elif isinstance(event, LegAnswered):
                self.up.add(event.leg)
                if self._called[event.leg] == AGENT:
                    self.agents.add(event.leg)
                    self._free.append(event.leg)
                else:
                    self._do(Play(event.leg, ("greeting.wav",)))
            elif isinstance(event, PlayEnded) and event.reason == "finished":
                self._waiting.append(event.leg)
                self._do(Play(event.leg, ("music.wav",), loop=True))
            elif isinstance(event, LegEnded):
                self.ended += 1
            while self._free and self._waiting:
                self._spawn(self._talk(self._waiting.popleft(), self._free.popleft()))

    async def _talk(self, caller: str, agent: str) -> None:
        self.answered[caller] += 1
        await self._engine.do(StopPlaying(caller))
        await self._engine.do(Bridge((caller, agent)))
        await self._engine.do(Record(caller))
        await asyncio.sleep(TALK)
        await self._engine.do(Leave(agent))
        await self._engine.do(Leave(caller))
        await self._engine.do(Play(caller, ("music.wav",), loop=True))
        self._free.append(agent)
        if self._waiting:
            self._spawn(self._talk(self._waiting.popleft(), self._free.popleft()))

    def _do(self, command: Command[Any]) -> None:
        async def once() -> None:
            await self._engine.do(command)

        self._spawn(once())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def exchange(count: int, agents: int, seconds: int, folder: Path) -> dict[str, Any]:
    token = secrets.token_hex(32)
    trunk = {"name": "bench", "host": "127.0.0.1:9", "addresses": ["127.0.0.1"]}
    told = {
        "folder": "switch",
        "token": token,
        "sip_port": 0,
        "control_port": 0,
        "trunks": [trunk],
        "most_calls": count + agents + 50,
    }
    (folder / "settings.json").write_text(json.dumps(told))
    tone(folder / "switch" / "prompts" / "greeting.wav", 1.0)
    tone(folder / "switch" / "prompts" / "music.wav", 3.0)
    with child([sys.executable, "-m", "softswitch", str(folder / "settings.json")], folder) as (
        process,
        ready,
    ):
        engine = SoftswitchEngine(ready["control_port"], token, patience=30)
        hall = Hall(engine)
        following = asyncio.create_task(hall.follow(engine.events(Mark(ready["run"], 0))))
        with (
            callers(ready["sip_port"], agents, seconds + 15, folder / "agents", AGENT, 46000),
            callers(ready["sip_port"], count, seconds, folder / "callers") as sipp,
        ):
            async with asyncio.timeout(60):
                while len(hall.up) < count + agents:
                    await asyncio.sleep(0.1)
            before = cpu_seconds(process.pid)
            await asyncio.sleep(seconds)
            used = cpu_seconds(process.pid) - before
            figures = await engine.do(Figures())
            resident = (
                int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                >> 20
            )
            code = await asyncio.to_thread(sipp.wait, 60)
            async with asyncio.timeout(30):
                while hall.ended < count:
                    await asyncio.sleep(0.1)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await engine.close()
    return {
        "calls": count,
        "agents": len(hall.agents),
        "answered_once": sum(times == 1 for times in hall.answered.values()),
        "lost": 0 if not code else count,
        "recordings": len(list((folder / "switch" / "recordings").rglob("*.wav"))),
        "tick_p50_ms": figures["tick_p50_ms"],
        "tick_p99_ms": figures["tick_p99_ms"],
        "late_p99_ms": figures["late_p99_ms"],
        "ticks_skipped": int(figures["ticks_skipped"]),
        "cpu_percent_a_leg": round(100 * used / seconds / (count + agents), 2),
        "memory_mb": resident,
    }


def bare(count: int, seconds: int, folder: Path) -> float:
    """Percent of a core that a call costs the library with nothing of ours but an echo."""
    with (
        child([sys.executable, "-m", "bench.calls", "echo", str(free_port())], folder) as (process, ready),
        callers(ready["port"], count, seconds, folder / "bare"),
    ):
        time.sleep(6)
        before = cpu_seconds(process.pid)
        time.sleep(seconds)
        used = cpu_seconds(process.pid) - before
    return round(100 * used / seconds / count, 2)


async def echo(port: int) -> None:
    from baresip import Account, BaresipError, Config, Runtime, UserAgent

    runtime = Runtime()
    extra = f"sip_listen 127.0.0.1:{port}\nrtp_ports 40000-44000\naudio_jitter_buffer_type fixed\naudio_jitter_buffer_ms 40-200\n"
    await runtime.start(Config(net_interface="127.0.0.1", max_concurrent_calls=None, extra_config_text=extra))
    account = Account(
        "echo",
        "127.0.0.1",
        "",
        reg_interval=0,
        audio_codecs=("pcma", "pcmu"),
        extra_params=("catchall=yes", "ptime=20"),
    )
    agent = await UserAgent.create(runtime, account)
    calls: list[Any] = []
    answering: list[asyncio.Future[None]] = []

    def came(call: Any) -> None:
        answering.append(asyncio.ensure_future(call.answer()))
        calls.append(call)

    agent.on_incoming(came)
    print(json.dumps({"port": port}), flush=True)
    due = asyncio.get_running_loop().time()
    while True:
        for call in calls:
            try:
                if data := call.audio.read(1280):
                    call.audio.write(data)
            except BaresipError:
                continue
        due += 0.02
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))


def run(count: int = CALLS, agents: int = AGENTS, seconds: int = SECONDS) -> dict[str, Any]:
    if shutil.which("sipp") is None:
        return {"name": "calls", "missing": "sipp; on Debian: apt-get install sip-tester"}
    with tempfile.TemporaryDirectory(prefix="xinsheng-bench-") as name:
        folder = Path(name)
        found = {"name": "calls", **asyncio.run(exchange(count, agents, seconds, folder))}
        found["bare_echo_cpu_percent_a_leg"] = bare(count + agents, seconds, folder)
    return found | {"goal": f"tick p99 ≤ 10 ms, {count} answered once, lost 0"}


if __name__ == "__main__":
    asyncio.run(echo(int(sys.argv[2])))
