"""What comes from outside and should not: strangers, wrong passwords, rubbish, floods. None of it does harm."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import re
import shutil
import socket
import subprocess
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.softswitch.conftest import NEEDS_SIP, PATIENCE, ROOT, Call, Exchange, Phones, Platform
from tests.softswitch.phone import free_port
from tests.softswitch.test_browser import ADDRESS

pytestmark = NEEDS_SIP


def test_a_stranger_is_refused_and_the_platform_is_not_rung(phones: Phones, tmp_path: Path):
    trunk = {"name": "carrier", "host": "203.0.113.1", "addresses": ["203.0.113.0/29"]}
    exchange = Exchange(tmp_path, phones, trunks=[trunk])
    try:
        platform = exchange.platform()
        phones.ask("dial", "stranger", to=exchange.sip)
        phones.wait("stranger", state="ended")
        assert platform.event("sip.refused")["source"] == "127.0.0.1"
        assert platform.find("leg.ringing") is None
        assert platform.do("figures")["sip_refused"] == 1
    finally:
        assert exchange.end() == 0


def test_a_forged_browser_is_refused(exchange: Exchange, phones: Phones, platform: Platform):
    phones.ask("dial", "forger", to=exchange.sip, headers={"X-Door": "a" * 32})
    phones.wait("forger", state="ended")
    assert platform.do("snapshot")["legs"] == []


class Registrar(threading.Thread):
    """A carrier's registrar: asks for a digest once, then says yes or no."""

    def __init__(self, user: str, password: str) -> None:
        super().__init__(daemon=True)
        self.user, self.password = user, password
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.port = self.socket.getsockname()[1]
        self.over = False

    def run(self) -> None:
        while not self.over:
            try:
                data, sender = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            text = data.decode()
            if not text.startswith("REGISTER "):
                continue
            status = self.verdict(text)
            lines = [f"SIP/2.0 {status}"]
            lines += [
                one
                for one in text.split("\r\n")
                if one.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")
            ]
            if status.startswith("401"):
                lines.append('WWW-Authenticate: Digest realm="carrier", nonce="n1", algorithm=MD5')
            elif contact := re.search(r"(?m)^Contact: (.*)\r$", text):
                lines.append(f"Contact: {contact[1]};expires=300")
            self.socket.sendto("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode(), sender)

    def verdict(self, text: str) -> str:
        given = dict(
            re.findall(r'(\w+)="?([^",\r]+)"?', text.partition("Authorization: Digest ")[2].split("\r\n")[0])
        )
        if not given:
            return "401 Unauthorized"
        secret = hashlib.md5(
            f"{self.user}:carrier:{self.password}".encode(), usedforsecurity=False
        ).hexdigest()
        asked = hashlib.md5(f"REGISTER:{given['uri']}".encode(), usedforsecurity=False).hexdigest()
        right = hashlib.md5(f"{secret}:n1:{asked}".encode(), usedforsecurity=False).hexdigest()
        return "200 OK" if given["response"] == right else "403 Forbidden"

    def stop(self) -> None:
        self.over = True
        self.join(5)
        self.socket.close()


@contextlib.contextmanager
def registrar(user: str, password: str) -> Iterator[Registrar]:
    made = Registrar(user, password)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize(
    ("password", "event"), [("right secret; 1", "trunk.registered"), ("wrong", "trunk.failed")]
)
def test_a_trunk_registers_by_digest_or_says_why_not(
    phones: Phones, tmp_path: Path, password: str, event: str
):
    with registrar("12345", "right secret; 1") as carrier:
        trunk = {
            "name": "carrier",
            "host": f"127.0.0.1:{carrier.port}",
            "addresses": ["127.0.0.1"],
            "password": password,
            "register": True,
        }
        exchange = Exchange(tmp_path, phones, trunks=[trunk])
        try:
            told = exchange.platform(run=exchange.ready["run"], after=0).event(event, trunk="carrier")
            assert told.get("why", "403 Forbidden") == "403 Forbidden"
            assert password not in exchange.errors()
        finally:
            assert exchange.end() == 0


INVITE = (
    "INVITE sip:12345@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{n}\r\n"
    "From: <sip:flood@127.0.0.1>;tag={n}\r\nTo: <sip:12345@127.0.0.1>\r\nCall-ID: flood-{n}\r\nCSeq: 1 INVITE\r\n"
    "Contact: <sip:flood@127.0.0.1:{port}>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n"
    "Content-Length: {length}\r\n\r\n{body}"
)
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"


def invite(port: int, number: object, body: str = SDP, length: object = None) -> bytes:
    return INVITE.format(
        port=port, n=number, body=body, length=len(body) if length is None else length
    ).encode()


def test_malformed_sip_does_no_harm(exchange: Exchange, phones: Phones, platform: Platform):
    chance = random.Random(4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rubbish:
        rubbish.bind(("127.0.0.1", 0))
        port = rubbish.getsockname()[1]
        whole = invite(port, "whole")
        pieces = [
            b"",
            b"\r\n\r\n",
            b"\x00" * 400,
            b"SIP/2.0 200 OK\r\n\r\n",
            b"INVITE\r\n\r\n",
            b"INVITE sip:12345@127.0.0.1 SIP/2.0\r\n\r\n",
            invite(port, "long", length=10**9),
            invite(port, "minus", length=-5),
            invite(port, "text", body="v=0\r\nthis is no sdp\r\n" * 50),
            invite(port, "ports", body=SDP.replace("m=audio 9", "m=audio 99999999999")),
            invite(port, "empty", body=""),
            invite(port, "x" * 5000),
            b"A" * 60_000,
            *(whole[:cut] for cut in range(20, len(whole), 37)),
            *(
                bytes(chance.randrange(256) if chance.random() < 0.05 else one for one in whole)
                for _ in range(100)
            ),
        ]
        for piece in pieces:
            rubbish.sendto(piece, ("127.0.0.1", exchange.ready["sip_port"]))
    citizen = Call(exchange, phones, platform, "citizen", 440)
    agent = Call(exchange, phones, platform, "agent", 1000)
    platform.do("bridge", legs=[citizen.leg, agent.leg])
    phones.hears(citizen={1000}, agent={440})


def own_ports(pid: int, low: int, high: int) -> list[int]:
    """UDP ports in this range that the process has open."""
    nodes = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            nodes.add(one.readlink().name.removeprefix("socket:[").rstrip("]"))
    found = []
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        parts = line.split()
        port = int(parts[1].split(":")[1], 16)
        if parts[9] in nodes and low <= port <= high:
            found.append(port)
    return found


def test_malformed_rtp_does_no_harm(exchange: Exchange, phones: Phones, platform: Platform):
    citizen = Call(exchange, phones, platform, "citizen", 440)
    agent = Call(exchange, phones, platform, "agent", 1000)
    platform.do("bridge", legs=[citizen.leg, agent.leg])
    phones.hears(citizen={1000}, agent={440})
    ports = own_ports(exchange.process.pid, 40000, 44000)
    assert len(ports) >= 2
    chance = random.Random(4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rubbish:
        for port in ports:
            for size in (0, 1, 11, 12, 13, 172, 1400):
                rubbish.sendto(bytes(chance.randrange(256) for _ in range(size)), ("127.0.0.1", port))
                rubbish.sendto((b"\x80\x08" + bytes(size))[:size], ("127.0.0.1", port))
                rubbish.sendto((b"\x80\xe5" + bytes([250]) * size)[:size], ("127.0.0.1", port))
    phones.hears(citizen={1000}, agent={440})


def test_a_flood_of_calls_is_bounded_and_passes(phones: Phones, tmp_path: Path):
    exchange = Exchange(tmp_path, phones, most_calls=20, unanswered_seconds=6)
    try:
        platform = exchange.platform()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
            flood.bind(("127.0.0.1", 0))
            for number in range(600):
                flood.sendto(
                    invite(flood.getsockname()[1], number), ("127.0.0.1", exchange.ready["sip_port"])
                )
            platform.event("leg.ringing")
            assert len(platform.do("snapshot")["legs"]) <= 20
            platform.event("leg.ended", reason="unanswered")
        deadline = time.monotonic() + PATIENCE
        while platform.do("snapshot")["legs"] and time.monotonic() < deadline:
            time.sleep(0.1)
        citizen = Call(exchange, phones, platform, "citizen", 440)
        platform.do("play", leg=citizen.leg, files=[exchange.prompt("well.wav", 700, 20)])
        phones.hears(citizen={700})
    finally:
        assert exchange.end() == 0


@pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed here (Debian's sip-tester)")
def test_another_make_of_telephone_is_heard_and_hangs_up(
    exchange: Exchange, platform: Platform, tmp_path: Path
):
    """Everything else here calls with the exchange's own SIP library; sipp is another."""
    tone = 6000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 8000)
    (tmp_path / "audio.alaw").write_bytes(bytes(a_law(int(one)) for one in tone))
    begun = len(platform.events)
    command = [
        "sipp",
        "-sf",
        str(ROOT / "bench" / "caller.xml"),
        "-m",
        "2",
        "-r",
        "2",
        "-d",
        "2500",
        "-s",
        "12345",
    ]
    local = ["-i", "127.0.0.1", "-p", str(free_port("127.0.0.1")), "-mp", "50000", "-nostdin"]
    caller = subprocess.Popen(
        [*command, *local, f"127.0.0.1:{exchange.ready['sip_port']}"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for count in (1, 2):
            with platform.changed:
                assert platform.changed.wait_for(
                    lambda count=count: len(rings(platform, begun)) >= count, PATIENCE
                )
            arrived = rings(platform, begun)[count - 1]
            assert arrived["caller"] == f"+861390000{count}"  # by P-Asserted-Identity
            platform.do("answer", leg=arrived["leg"])
            platform.event("leg.answered", leg=arrived["leg"])
            platform.do("record", leg=arrived["leg"])
        for arrived in rings(platform, begun):
            assert platform.event("leg.ended", leg=arrived["leg"])["reason"] == "far"
            closed = platform.event("recording.closed", leg=arrived["leg"])
            assert (closed["silent_left"], closed["silent_right"]) == (False, True)
        assert caller.wait(PATIENCE) == 0
    finally:
        caller.kill()
        caller.wait(PATIENCE)


BARESIP = shutil.which("baresip")
MODULES = Path("/usr/lib/baresip/modules")


@pytest.mark.skipif(BARESIP is None or not MODULES.is_dir(), reason="baresip is not installed here (Debian's baresip-core)")
@pytest.mark.skipif(ADDRESS is None, reason="this machine has no address but the loopback, which baresip does not use")
def test_a_softphone_of_citizens_talks_and_is_let_go(tmp_path: Path):
    """Debian's baresip with a file for a microphone: it hears what is played, is heard, and learns of the end."""
    exchange = Exchange(tmp_path, address=ADDRESS)
    try:
        softphone_calls(exchange, exchange.platform(), tmp_path)
    finally:
        exchange.end()


def softphone_calls(exchange: Exchange, platform: Platform, tmp_path: Path) -> None:
    assert BARESIP
    assert ADDRESS
    write_tone(tmp_path / "says.wav", 440, 20)
    (tmp_path / "heard").mkdir()
    modules = ("stdio", "g711", "aufile", "sndfile", "account", "menu")
    (tmp_path / "config").write_text(
        "".join(
            f"{line}\n"
            for line in (
                f"module_path {MODULES}",
                *(f"module {name}.so" for name in modules),
                f"sip_listen {ADDRESS}:{free_port(ADDRESS)}",
                f"audio_source aufile,{tmp_path}/says.wav",
                f"audio_player aufile,{tmp_path}/plays.wav",
                f"snd_path {tmp_path}/heard",
                "audio_srate 8000",
                "audio_channels 1",
            )
        )
    )
    (tmp_path / "accounts").write_text(f"<sip:13900000009@{ADDRESS}>;regint=0;audio_codecs=pcma\n")
    (tmp_path / "contacts").write_text("")
    log = (tmp_path / "baresip.log").open("w")
    dial = f"/dial sip:12345@{ADDRESS}:{exchange.ready['sip_port']}"
    begun = len(platform.events)
    caller = subprocess.Popen(
        [BARESIP, "-f", str(tmp_path), "-e", dial], stdin=subprocess.PIPE, stdout=log, stderr=log, env={**os.environ, "TERM": "dumb"}
    )
    try:
        with platform.changed:
            assert platform.changed.wait_for(lambda: rings(platform, begun), PATIENCE), (tmp_path / "baresip.log").read_text()
        leg = rings(platform, begun)[0]["leg"]
        platform.do("answer", leg=leg)
        platform.event("leg.answered", leg=leg)
        platform.do("record", leg=leg)
        platform.do("play", leg=leg, files=[exchange.prompt("well.wav", 700, 3)])
        platform.event("play.ended", leg=leg)
        platform.do("hangup", leg=leg)
        assert platform.event("leg.ended", leg=leg)["reason"]
        closed = platform.event("recording.closed", leg=leg)
        assert (closed["silent_left"], closed["silent_right"]) == (False, False), "both were heard"
        deadline = time.monotonic() + PATIENCE
        while not any(loudest(path) == 700 for path in (tmp_path / "heard").glob("*dec*.wav")):
            assert time.monotonic() < deadline, [path.name for path in (tmp_path / "heard").iterdir()]
            time.sleep(0.2)
    finally:
        caller.terminate()
        try:
            caller.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            caller.kill()
            caller.wait(PATIENCE)
        assert caller.stdin
        caller.stdin.close()
        log.close()


def write_tone(path: Path, hertz: int, seconds: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((9000 * np.sin(2 * np.pi * hertz * np.arange(8000 * seconds) / 8000)).astype("<i2").tobytes())


def loudest(path: Path) -> int:
    """The tone that a recording mostly consists of, to 10 Hz; 0 for one too short to say."""
    try:
        with wave.open(str(path), "rb") as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            rate = file.getframerate()
    except (EOFError, wave.Error):
        return 0
    if len(sound) < rate:
        return 0
    return int(round(float(np.argmax(np.abs(np.fft.rfft(sound)))) * rate / len(sound), -1))


def rings(platform: Platform, since: int) -> list[dict[str, Any]]:
    return [one for one in platform.events[since:] if one["event"] == "leg.ringing"]


def a_law(sample: int) -> int:
    """ITU-T G.711."""
    sign, size = (0x80, sample) if sample >= 0 else (0, -sample)
    exponent = max(0, min(size, 32767).bit_length() - 8)
    mantissa = (size >> 4 if exponent == 0 else size >> (exponent + 3)) & 15
    return (sign | exponent << 4 | mantissa) ^ 0x55
