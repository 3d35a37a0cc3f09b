"""Sign language by video in a running city: three browsers that see one another's pictures move; reload, a lost network, the end."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.calls.test_softphone import at, connected
from tests.journeys.city import COUNTY, City, built, free_port, own_database, ready_city
from tests.journeys.people import PATIENCE as LONG
from tests.journeys.people import People, Person
from tests.softswitch.conftest import NEEDS_SIP, PATIENCE, apart
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

MORE = {
    "staff.csv": "agent2,凌小音,CENTER,agent,,手语翻译",
    "telephony/staff.csv": "agent2,sign,5",
}
"""What the county's pack has not: a second one who signs."""
FRAMES = """(stage) => [...document.querySelectorAll(`#${stage} video`)].map((one) =>
  ({ width: one.videoWidth, frames: one.getVideoPlaybackQuality().totalVideoFrames }))"""


def pack(folder: Path) -> Path:
    shutil.copytree(COUNTY, folder)
    for name, rows in MORE.items():
        path = folder / name
        path.write_text(path.read_text().rstrip("\n") + f"\n{rows}\n")
    return folder


class Studio:
    """A city with a lane of sign language, and people whose browsers have a camera."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack = stack
        url = stack.enter_context(own_database(os.environ["DATABASE_URL"], f"xinsheng_video_{os.getpid()}"))
        self.city: City = stack.enter_context(
            ready_city(
                folder / "var",
                pack=pack(folder / "pack"),
                database_url=url,
                HOTLINE_TELEPHONE="on",
                HOTLINE_VOICE="off",
                HOTLINE_TRANSCRIPTS="off",
                HOTLINE_EMOTION="off",
                HOTLINE_SIP_ADDRESS=str(ADDRESS),
                HOTLINE_SIP_PORT=str(free_port()),
                HOTLINE_SWITCH_PORT=str(free_port()),
            )
        )
        self._playwright = stack.enter_context(sync_playwright())
        expect.set_options(timeout=LONG)

    def person(self, name: str) -> Person:
        """In a browser of their own, whose camera shows a moving picture."""
        browser = self._playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*FLAGS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=fps=5"],
        )
        self._stack.callback(browser.close)
        people = People(self.city, browser, {})
        person = people.citizen() if name == "citizen" else people.staff(name, fresh=True)
        self._stack.callback(people.close, f"video-{name}")
        person.context.grant_permissions(["camera", "microphone"], origin=self.city.url)
        return person


def sees(page: Page, stage: str, many: int) -> None:
    """Until so many pictures stand on the stage, and each has moved since it was first looked at."""
    end = time.monotonic() + PATIENCE
    first: list[dict[str, int]] = []
    while True:
        now = page.evaluate(FRAMES, stage)
        if len(now) == many and len(first) == many and all(one["width"] > 0 for one in now):
            if all(one["frames"] > before["frames"] for one, before in zip(now, first, strict=True)):
                return
        elif len(first) != many:
            first = now
        assert time.monotonic() < end, f"wanted {many} moving pictures, there are {now}"
        time.sleep(0.2)


def at_telephone(person: Person, path: str) -> Page:
    page = person.open(path)
    person.live()
    page.locator("#telephone-here").click()
    connected(page)
    page.locator("#telephone-ready-button").click()
    at(page, "ready")
    return page


def test_a_call_in_sign_language(tmp_path: Path) -> None:
    def all_of_it() -> None:
        with ExitStack() as stack:
            whole_call(Studio(tmp_path, stack))

    apart(all_of_it)


def whole_call(studio: Studio) -> None:
    city = studio.city
    agent = studio.person("agent")
    desk = at_telephone(agent, "/desk/?new=1")
    interpreter = studio.person("agent2")

    citizen = studio.person("citizen")
    citizen.open("/")
    citizen.page.get_by_role("link", name="手语视频").click()
    phone = citizen.page
    citizen.sees("现在有坐席空闲")
    phone.locator("#video-check-button").click()
    citizen.sees("摄像头和麦克风正常")
    assert not citizen.axe("before the call")
    phone.locator("#video-phone").fill("13900007777")
    phone.locator("#video-start").click()

    # It rings like any call, and says that it is one by video.
    at(desk, "ringing")
    expect(desk.locator("#telephone-call")).to_contain_text("139****7777")
    expect(desk.locator("#telephone-call")).to_contain_text("手语专席")
    expect(desk.locator("#telephone-call")).to_contain_text("视频")
    desk.keyboard.press("F1")
    at(desk, "talking")
    expect(phone.locator("#visit-words")).to_have_text("已接通。")
    sees(phone, "visit-stage", 1)
    sees(desk, "video-stage", 1)
    phone.locator("#visit-text").fill("小区门口的路灯坏了")
    phone.locator("#visit-text").press("Enter")
    expect(desk.locator("#video-lines")).to_contain_text("小区门口的路灯坏了")
    desk.locator("#video-text").fill("请问是哪个小区？")
    desk.locator("#video-text").press("Enter")
    expect(phone.locator("#visit-lines")).to_contain_text("请问是哪个小区？")
    assert not citizen.axe("in the call")
    assert not agent.axe("the desk", within="#phone-video")

    # On hold nobody is seen; the citizen reads why.
    desk.keyboard.press("F3")
    at(desk, "hold")
    expect(phone.locator("#visit-stage video")).to_have_count(0)
    expect(phone.locator("#visit-words")).to_have_text("请稍等，坐席很快回来。")
    desk.keyboard.press("F3")
    sees(phone, "visit-stage", 1)

    # Somebody who interprets comes in: first the two alone, then all three.
    other = at_telephone(interpreter, "/telephone/")
    desk.keyboard.press("F4")
    desk.locator("#phone-askable li").filter(has_text="凌小音").get_by_role("button").first.click()
    at(other, "asked")
    other.keyboard.press("F1")
    at(desk, "consulting")
    sees(other, "video-stage", 1)
    expect(phone.locator("#visit-stage video")).to_have_count(0)
    desk.keyboard.press("F10")
    at(desk, "talking")
    for page, stage in ((phone, "visit-stage"), (desk, "video-stage"), (other, "video-stage")):
        sees(page, stage, 2)

    # Pages are loaded anew: the same call, the same pictures, what was typed.
    phone.reload()
    expect(phone.locator("#visit-lines")).to_contain_text("请问是哪个小区？")
    desk.reload()
    connected(desk)
    for page, stage in ((phone, "visit-stage"), (desk, "video-stage"), (other, "video-stage")):
        sees(page, stage, 2)

    # The network is away and comes back.
    citizen.context.set_offline(True)
    expect(phone.locator("#visit-words")).to_contain_text("网络中断")
    citizen.context.set_offline(False)
    expect(phone.locator("#visit-words")).to_have_text("已接通。")
    sees(phone, "visit-stage", 2)

    desk.keyboard.press("F12")
    at(desk, "wrap_up")
    at(other, "wrap_up")
    expect(phone.locator("#visit-words")).to_have_text("通话已结束。")
    phone.get_by_role("button", name="满意", exact=True).click()
    expect(phone.locator("#visit-words")).to_have_text("感谢您的评价。")
    expect(desk.locator("#phone-video")).to_be_visible()
    expect(desk.locator("#video-lines")).to_contain_text("小区门口的路灯坏了")
    city.until("the call is over", lambda: city.value("SELECT state FROM calls_call") == "ended")
    assert city.rows("SELECT medium, outcome FROM calls_call") == [("video", "answered")]
    assert city.rows("SELECT outcome FROM calls_consultation") == [("conference",)]
    assert city.value("SELECT grade FROM calls_rating") == 2
    assert city.value("SELECT count(*) FROM calls_typedline") == 2
    assert city.value("SELECT count(*) FROM calls_videosignal") == 0
    assert not [fault for one in (agent, interpreter, citizen) for fault in one.faults]

    # Another call, and the citizen simply closes the page.
    desk.locator("#telephone-ready-button").click()
    at(desk, "ready")
    citizen.open("/video/")
    phone.locator("#video-start").click()
    at(desk, "ringing")
    phone.close()
    at(desk, "ready")
    assert city.rows("SELECT outcome FROM calls_call ORDER BY id DESC LIMIT 1") == [("abandoned",)]
