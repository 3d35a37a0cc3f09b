"""A citizen whose session ends while they type: nothing is lost, they prove who they are and go on."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.journeys.citizen import file_appeal
from tests.journeys.people import People, Person

WORDS = "菜场北门的窨井盖松动，电瓶车压过去哐当响，昨天有人绊倒了，请来固定好。"
ADDRESS = "菜场北门出口右侧第二个井盖"
MORE = "今天早上又有一位老人绊了一下，井盖已经翘起一角。"
PHONE = "13900007788"


def session_ends(people: People, citizen: Person) -> None:
    """As when its time is over; the browser keeps the cookie and does not know."""
    keys = [cookie["value"] for cookie in citizen.context.cookies() if cookie["name"] == "sessionid"]  # type: ignore[typeddict-item]
    assert keys, "there was no session"
    people.city.rows("DELETE FROM django_session WHERE session_key = ANY(%s)", keys)


def sign_in(citizen: Person, phone: str) -> None:
    """From the page that asks for the number; the demonstration shows the code."""
    page = citizen.page
    page.locator("[name=phone]").fill(phone)
    page.get_by_role("button", name="获取验证码").click()
    code = page.locator(".demo-note strong")
    expect(code).to_have_text(re.compile(r"^\d{6}$"))
    page.locator("[name=code]").fill(code.inner_text())
    page.get_by_role("button", name="登录", exact=True).click()


def test_filing_goes_on_on_every_page(people: People) -> None:
    citizen = people.citizen()
    page = citizen.open("/")
    page.get_by_label("说说您遇到的事").fill(WORDS)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/file/place/")
    page.locator("[name=address]").fill(ADDRESS)
    session_ends(people, citizen)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/file/about/")
    session_ends(people, citizen)
    page.locator("[name=demand_type][value=complaint]").check()
    page.locator("#category").select_option("01.02")
    page.locator("#questions").get_by_text("路面破损").click()
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/file/contact/")
    page.locator("[name=phone]").fill(PHONE)
    session_ends(people, citizen)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/file/check/")
    for text in (WORDS, ADDRESS, "路面破损", PHONE):
        expect(page.locator("main")).to_contain_text(text)
    session_ends(people, citizen)
    page.get_by_role("button", name="提交").click()
    page.wait_for_url("**/file/done/")
    expect(page.locator(".filed-number").first).to_have_text(re.compile(r"\d{8}-\d{6,9}"))
    filed = people.city.value("SELECT count(*) FROM intake_appeal WHERE content = %s", WORDS)
    assert filed == 1


def test_words_written_on_an_appeal_come_back_after_signing_in(people: People) -> None:
    citizen = people.citizen()
    filed = file_appeal(citizen, "小区围墙外的排水沟堵了，一下雨就积水，请派人疏通。", phone="13900007799")
    page = citizen.open("/me/")
    sign_in(citizen, "13900007799")
    page.wait_for_url("**/me/")
    page.get_by_role("link", name=re.compile(filed.number)).click()
    page.wait_for_url(f"**/a/{filed.number}/")
    page.get_by_text("补充情况").click()
    page.locator("#supplement_text").fill(MORE)
    session_ends(people, citizen)
    page.locator("details[open]").get_by_role("button", name="提交").click()
    citizen.sees("登录已过期", "main")
    expect(page.locator("[name=number]")).to_have_value(filed.number)
    # Nobody waits a minute for the next code here.
    people.city.rows("UPDATE notifications_phonecode SET created_at = created_at - interval '2 hours'")
    page.get_by_role("link", name="用手机号登录").click()
    sign_in(citizen, "13900007799")
    page.wait_for_url(f"**/a/{filed.number}/")
    citizen.sees("您写的内容已恢复", "main")
    expect(page.locator("#supplement_text")).to_have_value(MORE)
    page.locator("details[open]").get_by_role("button", name="提交").click()
    expect(page.locator(".happenings")).to_contain_text(MORE)
    expect(page.locator("main")).not_to_contain_text("您写的内容已恢复")
