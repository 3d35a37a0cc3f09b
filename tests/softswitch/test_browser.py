"""A browser as a leg: Chromium's WebRTC against the engine, both ways by tones; a reload takes the old leg's place.

WebRTC does not use the loopback, so this runs on the machine's own address; nothing leaves the machine.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.softswitch.conftest import NEEDS_SIP, PATIENCE, Call, Exchange, Phones, apart

CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"),
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]
CITIZEN, AGENT = 440, 1000

JOIN = """async (hertz) => {
  const sound = new AudioContext();
  const tone = sound.createOscillator(), out = sound.createMediaStreamDestination();
  tone.frequency.value = hertz; tone.connect(out); tone.start(); await sound.resume();
  const peer = new RTCPeerConnection();
  peer.addTrack(out.stream.getAudioTracks()[0], out.stream);
  peer.ontrack = (event) => {
    const stream = new MediaStream([event.track]);
    const player = new Audio(); player.srcObject = stream; player.play();  // else Chromium does not decode
    const analyser = sound.createAnalyser(); analyser.fftSize = 8192;
    sound.createMediaStreamSource(stream).connect(analyser);
    window.heard = () => {
      const levels = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(levels);
      let best = 0; levels.forEach((level, place) => { if (level > levels[best]) best = place; });
      return {hertz: best * sound.sampleRate / 8192, level: levels[best], state: peer.connectionState};
    };
  };
  await peer.setLocalDescription(await peer.createOffer());
  await new Promise((done) => {
    const look = () => { if (peer.iceGatheringState === "complete") done(); };
    peer.onicegatheringstatechange = look; look();
  });
  window.peer = peer;
  return peer.localDescription.sdp;
}"""
ANSWER = "async (sdp) => { await window.peer.setRemoteDescription({type: 'answer', sdp}); }"


def own_address() -> str | None:
    try:
        told = subprocess.run(["hostname", "-I"], capture_output=True, text=True, timeout=10).stdout.split()
    except OSError:
        return None
    return next((one for one in told if "." in one and not one.startswith("127.")), None)


ADDRESS = own_address()
pytestmark = [
    NEEDS_SIP,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(
        ADDRESS is None, reason="this machine has no address but the loopback, which WebRTC does not use"
    ),
]


@contextmanager
def chromium() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        made = browser.new_page()
        made.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        yield made
        browser.close()


def connect(page: Page, platform: Any, hertz: int, **more: Any) -> str:
    page.goto("http://localhost/")
    offered = platform.do("offer", sdp=page.evaluate(JOIN, hertz), **more)
    page.evaluate(ANSWER, offered["sdp"])
    platform.event("leg.answered", leg=offered["leg"])
    return str(offered["leg"])


def hears(page: Page, hertz: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        heard = page.evaluate("window.heard ? window.heard() : null")
        if heard and abs(heard["hertz"] - hertz) < 15 and heard["level"] > -60:
            return
        assert time.monotonic() < deadline, f"wanted {hertz} Hz, heard {heard}"
        time.sleep(0.1)


def test_a_browser_talks_with_a_telephone_and_comes_back_after_a_reload(tmp_path: Path):
    def all_of_it() -> None:
        with chromium() as page:
            talk_and_come_back(page, tmp_path)

    apart(all_of_it)


def talk_and_come_back(page: Page, tmp_path: Path) -> None:
    assert ADDRESS
    phones = Phones(tmp_path, ADDRESS)
    try:
        exchange = Exchange(tmp_path, phones, address=ADDRESS)
        try:
            platform = exchange.platform()
            citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
            agent = connect(page, platform, AGENT, label="agent 7")
            platform.do("bridge", legs=[citizen.leg, agent], room="call")
            phones.hears(citizen={AGENT})
            hears(page, CITIZEN)

            assert platform.refused("offer", sdp="v=0", label="agent 8", replaces=agent) == "not_yours"
            assert platform.refused("offer", sdp="v=0", label="agent 7") == "bad_offer"

            again = connect(page, platform, 1300, label="agent 7", replaces=agent)
            assert platform.event("leg.ended", leg=agent)["reason"] == "replaced"
            assert platform.event("leg.moved", leg=again, room="call")["role"] == "talk"
            phones.hears(citizen={1300})
            hears(page, CITIZEN)

            platform.do("hangup", leg=again)
            assert platform.event("leg.ended", leg=again)["reason"] == "near"
            phones.hears(citizen=set())
        finally:
            assert exchange.end() == 0
    finally:
        phones.end()
