"""The whole way of a call in a running city: a real telephone, the agent's browser, the shift leader's. Tones say who hears whom."""

from __future__ import annotations

import json
import os
import time
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.journeys.city import City, built, free_port, own_database, ready_city
from tests.journeys.people import PATIENCE as LONG
from tests.journeys.people import People, Person
from tests.softswitch.conftest import NEEDS_SIP, PATIENCE, Phones, apart
from tests.softswitch.test_browser import ADDRESS, CHROMIUM, FLAGS

pytestmark = [
    NEEDS_SIP,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(
        ADDRESS is None, reason="this machine has no address but the loopback, which WebRTC does not use"
    ),
    pytest.mark.skipif(not built(), reason="the frontend is not built: make install"),
]

CITIZEN, POLICE, AGENT, LEADER = 440, 620, 1000, 1700
NUMBER = "13900001234"
WORDS = "上一位市民反映的路灯问题还没有写完"
STATE = "#telephone[data-state={}]"

HEARS = """() => {
  const player = document.querySelector("#phone-sound audio, #listening audio");
  if (!player || !player.srcObject) return null;
  if (window.heardStream !== player.srcObject) {
    window.heardStream = player.srcObject;
    window.heardContext ??= new AudioContext();
    window.heardAnalyser = window.heardContext.createAnalyser();
    window.heardAnalyser.fftSize = 8192;
    window.heardContext.createMediaStreamSource(player.srcObject).connect(window.heardAnalyser);
  }
  const levels = new Float32Array(window.heardAnalyser.frequencyBinCount), rate = window.heardContext.sampleRate;
  window.heardAnalyser.getFloatFrequencyData(levels);
  return Object.fromEntries([440, 620, 1000, 1700].map((hertz) => {
    const at = Math.round(hertz * 8192 / rate);
    return [hertz, Math.max(...levels.slice(at - 3, at + 4))];
  }));
}"""


def hears(page: Page, *tones: int) -> None:
    """Until the browser hears exactly these."""
    end = time.monotonic() + PATIENCE
    while True:
        heard = page.evaluate(HEARS)
        if heard and {int(tone) for tone, level in heard.items() if level > -65} == set(tones):
            return
        assert time.monotonic() < end, f"wanted {tones}, heard {heard}"
        time.sleep(0.15)


def tone_file(folder: Path, hertz: int) -> Path:
    path = folder / f"{hertz}.wav"
    sound = 9000 * np.sin(2 * np.pi * hertz * np.arange(48000) / 48000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(sound.astype("<i2").tobytes())
    return path


class Hall:
    """A city with its exchange, telephones outside, and people whose browsers speak a tone each."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        assert ADDRESS
        self.folder, self._stack = folder, stack
        self.phones = Phones(folder, ADDRESS)
        stack.callback(self.phones.end)
        trunks = folder / "trunks.json"
        outside = {"name": "local", "host": f"{ADDRESS}:{self.phones.port}", "addresses": [f"{ADDRESS}/32"]}
        trunks.write_text(json.dumps([outside]))
        url = stack.enter_context(
            own_database(os.environ["DATABASE_URL"], f"xinsheng_softphone_{os.getpid()}")
        )
        self.sip_port = free_port()
        self.city: City = stack.enter_context(
            ready_city(
                folder / "var",
                database_url=url,
                HOTLINE_TELEPHONE="on",
                HOTLINE_VOICE="off",
                HOTLINE_TRANSCRIPTS="off",
                HOTLINE_MODELS="off",
                HOTLINE_SIP_ADDRESS=ADDRESS,
                HOTLINE_SIP_PORT=str(self.sip_port),
                HOTLINE_SWITCH_PORT=str(free_port()),
                HOTLINE_TRUNKS=str(trunks),
            )
        )
        self._playwright = stack.enter_context(sync_playwright())
        expect.set_options(timeout=LONG)

    def person(self, username: str, hertz: int) -> Person:
        """In a browser of their own, whose microphone brings this tone."""
        browser = self._playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *FLAGS,
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={tone_file(self.folder, hertz)}",
            ],
        )
        self._stack.callback(browser.close)
        people = People(self.city, browser, {})
        person = people.staff(username, fresh=True)
        self._stack.callback(people.close, f"softphone-{username}")
        person.context.grant_permissions(["microphone"], origin=self.city.url)
        # A pure tone is what a browser takes for noise; headsets that clean their own sound have this switch too.
        person.context.add_init_script("try { localStorage.setItem('telephone:plain', '1') } catch {}")
        return person

    def call(self, number: str = NUMBER, tone: int = CITIZEN) -> None:
        self.phones.ask("dial", number, to=f"sip:12345@{ADDRESS}:{self.sip_port}", tone=tone)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def at(page: Page, state: str) -> None:
    expect(page.locator(STATE.format(state))).to_be_visible()


def connected(page: Page) -> None:
    expect(page.locator("#softphone[data-link=on]")).to_be_visible()


def test_a_call_from_its_first_ring_to_its_end(tmp_path: Path, stack: ExitStack) -> None:
    def all_of_it() -> None:
        with stack:
            whole_call(Hall(tmp_path, stack))

    apart(all_of_it)


def whole_call(hall: Hall) -> None:
    phones = hall.phones
    agent = hall.person("agent", AGENT)
    desk = agent.open("/desk/?new=1")
    agent.live()
    desk.locator("#telephone-here").click()
    connected(desk)
    at(desk, "paused")
    desk.locator("#telephone-ready-button").click()
    at(desk, "ready")

    # It rings while the agent still writes: not a word is lost, and nothing jumps.
    desk.locator("#content").fill(WORDS)
    hall.call()
    at(desk, "ringing")
    expect(desk.locator("#telephone-call")).to_contain_text("139****1234")
    expect(desk.locator("#content")).to_have_value(WORDS)
    expect(desk.locator("#phone-notice-yes")).to_be_visible()
    desk.locator("#content").press("F1")
    at(desk, "talking")
    phones.hears(**{NUMBER: {AGENT}})
    hears(desk, CITIZEN)
    desk.keyboard.press("Alt+o")
    expect(desk.locator("#phone")).to_have_value(NUMBER)
    expect(desk.locator("#content")).to_have_value("")
    expect(desk.locator(".desk-saved")).to_contain_text("草稿")
    hears(desk, CITIZEN)

    desk.keyboard.press("F3")
    at(desk, "hold")
    hears(desk)
    desk.keyboard.press("F3")
    at(desk, "talking")
    desk.keyboard.press("F2")
    phones.hears(**{NUMBER: set()})
    desk.keyboard.press("F2")
    phones.hears(**{NUMBER: {AGENT}})

    # The page is loaded anew in the middle: another leg in the same conversation.
    desk.reload()
    connected(desk)
    at(desk, "talking")
    phones.hears(**{NUMBER: {AGENT}})
    hears(desk, CITIZEN)

    # A second window may look, but does not take the telephone away.
    other = agent.context.new_page()
    other.goto(hall.city.url + "/telephone/")
    expect(other.locator("#phone-notice-yes")).to_be_visible()
    other.close()

    leader = hall.person("supervisor", LEADER)
    wall = leader.open("/telephone/seats/")
    leader.live()
    wall.locator("[data-watch=listen]").click()
    hears(wall, CITIZEN, AGENT)
    phones.hears(**{NUMBER: {AGENT}})
    wall.locator("#listening-whisper").click()
    hears(desk, CITIZEN, LEADER)
    phones.hears(**{NUMBER: {AGENT}})
    wall.locator("#listening-barge").click()
    phones.hears(**{NUMBER: {AGENT, LEADER}})
    wall.locator("#listening-leave").click()
    expect(wall.locator("#listening")).to_be_hidden()
    phones.hears(**{NUMBER: {AGENT}})

    # 110 is asked, then all three talk.
    phones.ask("expect", "110", tone=POLICE)
    desk.keyboard.press("F4")
    desk.locator("#phone-askable li").filter(has_text="110").get_by_role("button").first.click()
    at(desk, "consulting")
    hears(desk, POLICE)
    phones.hears(**{"110": {AGENT}})
    desk.keyboard.press("F10")
    at(desk, "talking")
    phones.hears(**{"110": {AGENT, CITIZEN}, NUMBER: {AGENT, POLICE}})
    hears(desk, CITIZEN, POLICE)
    desk.keyboard.press("F12")
    at(desk, "wrap_up")
    phones.wait(NUMBER, state="ended")
    phones.wait("110", state="ended")
    hears(desk)

    city = hall.city
    city.until("the call is over", lambda: city.value("SELECT state FROM calls_call") == "ended")
    assert city.rows("SELECT outcome FROM calls_call") == [("answered",)]
    assert city.rows("SELECT outcome FROM calls_consultation") == [("conference",)]
    verbs = city.rows("SELECT verb FROM audit_auditentry WHERE object_type = 'call' ORDER BY id")
    assert [verb for (verb,) in verbs] == ["calls.listen", "calls.whisper", "calls.barge"]
