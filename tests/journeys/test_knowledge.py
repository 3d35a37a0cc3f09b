"""Knowledge, from the unit that knows to the citizen who asks, and back when it is wrong."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.journeys.people import People

TITLE = "农村公厕冬季开放时间"
TEXT = "农村公厕冬季每天六点到二十一点开放，结冰期由保洁员在开门前铺防滑垫。"
QUESTION = "农村公厕冬天几点开门"
WRONG = "开门时间写错了，现在是七点。"


def test_written_reviewed_found_corrected_and_answered(people: People) -> None:
    unit = people.staff("manager")
    page = unit.open("/knowledge/base/new/")
    page.locator("[name=title]").fill(TITLE)
    page.locator("[name=content]").fill(TEXT)
    page.locator("[name=questions]").fill(QUESTION)
    page.locator("[name=category_code]").fill("01.02.02")
    unit.choose("readers", "public")
    page.get_by_role("button", name="保存并提交审核").click()
    page.wait_for_url(re.compile(r"/knowledge/base/\d+/$"))
    address = re.search(r"/knowledge/base/(\d+)/$", page.url)
    assert address is not None
    unit.sees("已提交审核")
    # Four eyes: not by who wrote it.
    expect(page.get_by_role("button", name="发布")).to_be_disabled()
    citizen = people.citizen()
    portal = citizen.open("/look-up/")
    portal.get_by_role("link", name="知识问答").click()
    portal.wait_for_url("**/knowledge/")
    expect(portal.locator("main")).not_to_contain_text(TITLE)

    editor = people.staff("knowledge")
    editor.open(f"/knowledge/base/{address[1]}/").get_by_role("button", name="发布").click()
    editor.sees("已发布")

    portal.locator("[name=q]").fill(QUESTION)
    portal.get_by_role("button", name="检索").click()
    portal.locator(".hit").get_by_role("link", name=TITLE).click()
    expect(portal.locator("main")).to_contain_text(TEXT)
    portal.get_by_role("button", name="没有帮助").click()
    citizen.sees("感谢您的反馈")
    portal.get_by_text("这条信息有误").click()
    portal.locator("[name=text]").fill(WRONG)
    portal.get_by_role("button", name="提交纠错").click()
    citizen.sees("发布单位会在几个工作日内核实")

    page = unit.open("/knowledge/duties/?kind=correction")
    page.locator("#knowledge-duties").get_by_role("link", name=TITLE).click()
    unit.sees(WRONG, "main")
    page.locator("[name=answer]").fill("已核对，开放时间以公告为准，无需修改。")
    page.get_by_role("button", name="办结任务").click()
    page.wait_for_url("**/knowledge/duties/")
    unit.sees("已办结")
    expect(page.locator("#knowledge-duties")).not_to_contain_text(TITLE)
