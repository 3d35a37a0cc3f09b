"""One appeal from the citizen's word to a verified result, by everybody it passes."""

from __future__ import annotations

import time

from playwright.sync_api import expect

from tests.journeys.citizen import Filed, file_appeal, look_up, reads
from tests.journeys.city import City
from tests.journeys.people import AXE, People, Person

REPLY = "经现场查看，路灯线路老化断电，已更换灯头和电缆，当晚恢复照明，并列入每周巡查。"
AGAIN = "再次到现场：第三盏灯的控制器也已更换，连续两晚复查均正常亮灯。"


def go_to(dispatcher: Person, number: str) -> None:
    """In the pool: J until the order stands on the right."""
    page = dispatcher.page
    chosen = page.locator("#pool-pane .pool-number")
    expect(chosen).to_be_visible()
    for _ in range(page.locator(".pool-row").count()):
        shown = chosen.inner_text()
        if shown == number:
            break
        dispatcher.press("j")
        expect(chosen).not_to_have_text(shown)
    expect(chosen).to_have_text(number)


def send_with_the_keyboard(dispatcher: Person, number: str) -> None:
    """Enter sends it to the catalogue's unit."""
    go_to(dispatcher, number)
    expect(dispatcher.page.locator(".pool-send-button")).to_contain_text("澄湖县住房和城乡建设局")
    dispatcher.press("Enter")
    becomes(dispatcher.city, number, "pending_sign")


def becomes(city: City, number: str, state: str) -> None:
    """Wait for a state of the order's row."""
    sql = "SELECT state FROM workorders_workorder WHERE number = %s"
    city.until(
        f"{number} {state}, it is {city.value(sql, number)}", lambda: city.value(sql, number) == state, 60
    )


def reply(person: Person, text: str) -> None:
    person.act(
        "办结回复",
        choices={
            "fact_finding": "true",
            "demand_finding": "reasonable",
            "site_visit": "no_site",
            "outcome": "solved",
            "method": "phone",
        },
        text=text,
    )


def call(clerk: Person, filed: Filed, *, solved: bool, satisfaction: int, opinion: str) -> None:
    """The follow-up clerk takes the call of this order, wherever in the queue it waits, and writes down the answers."""
    city = clerk.city
    task = city.until(
        "a planned call",
        lambda: city.value(
            "SELECT t.id FROM followup_followuptask t JOIN workorders_workorder o ON o.id = t.order_id"
            " WHERE o.number = %s AND t.ended_at IS NULL AND NOT t.second_check",
            filed.number,
        ),
    )
    page = clerk.open(f"/follow-up/{task}/")
    clerk.press("t")
    expect(page.locator("input[name=solved]").first).to_be_visible()
    if AXE.exists():
        assert clerk.axe("follow-up: a call") == []
    answers = {
        "unit_contacted": "yes",
        "reply_true": "yes" if solved else "no",
        "solved": "yes" if solved else "no",
    }
    for name, value in {"connected": "yes", **answers, "satisfaction": str(satisfaction)}.items():
        clerk.choose(name, value, "main")
    page.locator("[name=opinion]").fill(opinion)
    page.get_by_role("button", name="记录", exact=True).click()
    page.wait_for_url("**/follow-up/")
    clerk.sees(filed.number)


def test_from_the_citizens_word_to_a_verified_result(people: People) -> None:
    citizen = people.citizen()
    dispatcher = people.staff("dispatcher")
    dispatcher.open("/dispatch/?tab=review")
    dispatcher.live()
    loaded = dispatcher.page.evaluate("performance.timeOrigin")
    asked: list[str] = []
    dispatcher.page.on(
        "request", lambda request: asked.append(request.url) if "/dispatch/list" in request.url else None
    )
    dispatcher.page.wait_for_timeout(1500)
    assert asked == [], "the pool asks for its list without an event"

    # The citizen files on a phone; the pool shows it by itself.
    filed = file_appeal(citizen)
    shown = time.monotonic()
    expect(dispatcher.page.locator(".pool-row", has_text="路灯").first).to_be_visible()
    print(f"in the pool {time.monotonic() - shown:.2f} s after the citizen read the number")
    assert asked, "the row came without the live stream's event"
    assert dispatcher.page.evaluate("performance.timeOrigin") == loaded, "the page was loaded anew"
    reads(citizen, filed, "已收到")

    # Read, passed, sent: keys only.
    city = people.city
    go_to(dispatcher, filed.number)
    dispatcher.press("Enter")
    becomes(city, filed.number, "pending_dispatch")
    dispatcher.press("1")
    dispatcher.page.wait_for_url("**tab=pool**")
    send_with_the_keyboard(dispatcher, filed.number)
    reads(citizen, filed, "已派往承办单位")

    # The unit signs in its inbox, contacts the citizen, sends the work down, asks for help.
    handler = people.staff("handler")
    handler.open("/orders/inbox/")
    row = handler.page.locator("tr[data-row]", has_text=filed.number)
    expect(row).to_be_visible()
    row.locator("input[name=assignment]").check()
    handler.page.get_by_role("button", name="签收所选").click()
    becomes(city, filed.number, "in_progress")
    reads(citizen, filed, "承办单位已受理")

    handler.order(filed.number)
    handler.act("记录先行联系", choices={"reached": "yes"}, text="市民说明是小区南门的三盏灯。")
    reads(citizen, filed, "承办单位已联系您")
    handler.act("请协办", picks={"units": "执法局"}, text="请核实占道线缆是否影响施工。")
    handler.act("下派", picks={"unit": "市政管理站"}, instructions="请今晚到现场。")

    helper = people.staff("zf")
    helper.order(filed.number)
    helper.act("签收")
    helper.act("反馈协办意见", text="现场无占道线缆，不影响施工。")

    station = people.staff("station")
    station.order(filed.number)
    station.act("签收")
    reply(station, REPLY)

    manager = people.staff("manager")
    manager.order(filed.number)
    manager.act("同意办结")
    handler.order(filed.number)
    reply(handler, REPLY)

    reviewer = people.staff("reviewer")
    reviewer.order(filed.number)
    expect(reviewer.page.locator("body")).to_contain_text(REPLY)
    reviewer.act("同意办结", text="要点完整。")
    becomes(city, filed.number, "pending_follow_up")
    reads(citizen, filed, REPLY, "承办单位已答复")

    # The citizen is asked: not solved. It is handled again.
    clerk = people.staff("follow")
    call(clerk, filed, solved=False, satisfaction=2, opinion="还有一盏不亮。")
    assert city.value("SELECT round FROM workorders_workorder WHERE number = %s", filed.number) == 2
    reads(citizen, filed, "将重新办理")

    if (
        city.value("SELECT state FROM workorders_workorder WHERE number = %s", filed.number)
        == "pending_dispatch"
    ):
        dispatcher.open("/dispatch/?tab=pool")
        send_with_the_keyboard(dispatcher, filed.number)
    handler.order(filed.number)
    handler.act("签收")
    handler.act("记录先行联系", choices={"reached": "yes"}, text="市民说第三盏仍不亮。")
    reply(handler, AGAIN)
    reviewer.order(filed.number)
    reviewer.act("同意办结")
    becomes(city, filed.number, "pending_follow_up")

    # A stranger's phone finds it by number and code, and the citizen rates the result.
    stranger = people.citizen()
    look_up(stranger, filed)
    expect(stranger.page.locator("main")).to_contain_text(AGAIN)
    citizen.open(f"/a/{filed.number}/")
    rating = citizen.page.locator("#rate, form[action$='/rate/']").first
    expect(rating).to_be_visible()
    citizen.choose("solved", "yes", "form[action$='/rate/']")
    citizen.choose("satisfaction", "5", "form[action$='/rate/']")
    citizen.page.locator("form[action$='/rate/'] [type=submit]").click()
    expect(citizen.page.locator("main")).to_contain_text("您的诉求已办结")
    becomes(city, filed.number, "closed")
    assert city.value("SELECT solved FROM workorders_workorder WHERE number = %s", filed.number) is True
    reads(
        citizen,
        filed,
        "您的诉求已受理",
        "已派往承办单位",
        "承办单位已受理",
        "承办单位已联系您",
        "将重新办理",
        "您的诉求已办结",
    )
    verified = city.command("deadlines", "check")
    assert verified.returncode == 0, verified.stdout + verified.stderr
