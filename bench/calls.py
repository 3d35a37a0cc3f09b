"""Concurrent telephone calls: the embedded exchange beside a bare echo of the same SIP library.

Real SIP and RTP on the loopback from `sipp` (Debian's sip-tester), A-law both ways. The exchange answers through the platform's own
client, puts the calls in pairs and records each; the echo answers and sends back what it hears. Goal: ticks p99 ≤ 10 ms.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hotline.calls.engines import (
    Answer,
    Bridge,
    Figures,
    LegAnswered,
    LegEnded,
    LegStarted,
    Mark,
    Record,
    SoftswitchEngine,
)

ROOT = Path(__file__).resolve().parents[1]
CALLS, SECONDS = 100, 15
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
def callers(port: int, count: int, seconds: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`count` calls within two seconds, each as long as the measuring and ten seconds more."""
    length = seconds + 10
    tone = bytes((0xD5, 0xB4, 0xAA, 0xB4, 0xD5, 0x34, 0x2A, 0x34)) * 1000  # 1 kHz
    (folder / "audio.alaw").write_bytes(tone * (length + 2))
    scenario = ROOT / "bench" / "caller.xml"
    options = [
        "-s",
        "12345",
        "-m",
        str(count),
        "-l",
        str(count),
        "-r",
        str(max(1, count // 2)),
        "-d",
        str(length * 1000),
    ]
    local = ["-i", "127.0.0.1", "-p", str(free_port()), "-mp", "50000", "-nostdin"]
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


async def exchange(count: int, seconds: int, folder: Path) -> dict[str, Any]:
    token = secrets.token_hex(32)
    trunk = {"name": "bench", "host": "127.0.0.1:9", "addresses": ["127.0.0.1"]}
    told = {
        "folder": "switch",
        "token": token,
        "sip_port": 0,
        "control_port": 0,
        "trunks": [trunk],
        "most_calls": count + 50,
    }
    (folder / "settings.json").write_text(json.dumps(told))
    with child([sys.executable, "-m", "softswitch", str(folder / "settings.json")], folder) as (
        process,
        ready,
    ):
        engine = SoftswitchEngine(ready["control_port"], token, patience=30)
        events = engine.events(Mark(ready["run"], 0))
        up: list[str] = []
        ended = 0
        with callers(ready["sip_port"], count, seconds, folder) as sipp:
            async with asyncio.timeout(60):
                async for event in events:
                    if isinstance(event, LegStarted):
                        await engine.do(Answer(event.leg))
                    elif isinstance(event, LegAnswered):
                        up.append(event.leg)
                        await engine.do(Record(event.leg))
                        if len(up) % 2 == 0:
                            await engine.do(Bridge((up[-2], up[-1])))
                        if len(up) == count:
                            break
                    elif isinstance(event, LegEnded):
                        ended += 1
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
            while ended < count:
                if isinstance(await anext(events), LegEnded):
                    ended += 1
        await events.aclose()
        await engine.close()
    recorded = list((folder / "switch" / "recordings").rglob("*.wav"))
    return {
        "calls": count,
        "lost": count - ended if not code else count,
        "recordings": len(recorded),
        "tick_p50_ms": figures["tick_p50_ms"],
        "tick_p99_ms": figures["tick_p99_ms"],
        "late_p99_ms": figures["late_p99_ms"],
        "ticks_skipped": int(figures["ticks_skipped"]),
        "cpu_percent_a_call": round(100 * used / seconds / count, 2),
        "memory_mb": resident,
    }


def bare(count: int, seconds: int, folder: Path) -> float:
    """Percent of a core that a call costs the library with nothing of ours but an echo."""
    with (
        child([sys.executable, "-m", "bench.calls", "echo", str(free_port())], folder) as (process, ready),
        callers(ready["port"], count, seconds, folder),
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


def run(count: int = CALLS, seconds: int = SECONDS) -> dict[str, Any]:
    if shutil.which("sipp") is None:
        raise SystemExit("sipp is missing; on Debian: apt-get install sip-tester")
    with tempfile.TemporaryDirectory(prefix="xinsheng-bench-") as name:
        folder = Path(name)
        found = {"name": "calls", **asyncio.run(exchange(count, seconds, folder))}
        found["bare_echo_cpu_percent_a_call"] = bare(count, seconds, folder)
    return found | {"goal": "tick p99 ≤ 10 ms, lost 0"}


if __name__ == "__main__":
    asyncio.run(echo(int(sys.argv[2])))
