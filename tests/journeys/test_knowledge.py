"""Knowledge, from the unit that knows to the citizen who asks, and back when it is wrong."""

from __future__ import annotations

import datetime as dt
import itertools
import re

from playwright.sync_api import expect

from tests.journeys.people import People

TRIES = itertools.count(1)
"""A second try writes entries of its own."""
TITLE = "农村公厕冬季开放时间"
TEXT = "农村公厕冬季每天六点到二十一点开放，结冰期由保洁员在开门前铺防滑垫。"
QUESTION = "农村公厕冬天几点开门"
WRONG = "开门时间写错了，现在是七点。"


def test_written_reviewed_found_corrected_and_answered(people: People) -> None:
    number = next(TRIES)
    title, question = f"{TITLE}（{number}）", f"{QUESTION}{number}"
    unit = people.staff("manager")
    page = unit.open("/knowledge/base/new/")
    page.locator("[name=title]").fill(title)
    page.locator("[name=content]").fill(TEXT)
    page.locator("[name=questions]").fill(question)
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
    expect(portal.locator("main")).not_to_contain_text(title)

    editor = people.staff("knowledge")
    editor.open(f"/knowledge/base/{address[1]}/").get_by_role("button", name="发布").click()
    editor.sees("已发布")

    portal.locator("[name=q]").fill(question)
    portal.get_by_role("button", name="检索").click()
    portal.locator(".hit").get_by_role("link", name=title).click()
    expect(portal.locator("main")).to_contain_text(TEXT)
    portal.get_by_role("button", name="没有帮助").click()
    citizen.sees("感谢您的反馈")
    portal.get_by_text("这条信息有误").click()
    portal.locator("[name=text]").fill(WRONG)
    portal.get_by_role("button", name="提交纠错").click()
    citizen.sees("发布单位会在几个工作日内核实")

    page = unit.open("/knowledge/duties/?kind=correction")
    page.locator("#knowledge-duties").get_by_role("link", name=title).click()
    unit.sees(WRONG, "main")
    page.locator("[name=answer]").fill("已核对，开放时间以公告为准，无需修改。")
    page.get_by_role("button", name="办结任务").click()
    page.wait_for_url("**/knowledge/duties/")
    unit.sees("已办结")
    expect(page.locator("#knowledge-duties")).not_to_contain_text(title)


SCAN = "from hotline.knowledge import tasks; print(tasks.{}(timestamp=0))"


def test_warned_expired_revised_and_found_again(people: People) -> None:
    number = next(TRIES)
    title, question = f"秸秆离田补贴标准（{number}）", f"秸秆离田补贴{number}多少钱"
    today = dt.datetime.now(dt.UTC).date()
    unit = people.staff("manager")
    page = unit.open("/knowledge/base/new/")
    page.locator("[name=title]").fill(title)
    page.locator("[name=content]").fill("秸秆离田每亩补贴二十元。")
    page.locator("[name=questions]").fill(question)
    page.locator("[name=category_code]").fill("05.01.01")
    page.locator("[name=valid_to]").fill((today + dt.timedelta(days=3)).isoformat())
    unit.choose("readers", "public")
    page.get_by_role("button", name="保存并提交审核").click()
    page.wait_for_url(re.compile(r"/knowledge/base/\d+/$"))
    address = page.url
    path = address.removeprefix(people.city.url)
    editor = people.staff("knowledge")
    editor.open(path).get_by_role("button", name="发布").click()
    editor.sees("已发布")

    # Its unit is warned while it still holds.
    people.city.command("shell", "-c", SCAN.format("scan"))
    page = unit.open("/knowledge/duties/?kind=expiring")
    expect(page.locator("#knowledge-duties").get_by_role("link", name=title)).to_be_visible()

    # A day too many: nobody finds it, whether or not the scanner has been by.
    over = (today - dt.timedelta(days=30), today - dt.timedelta(days=2), title)
    people.city.rows("UPDATE knowledge_entry SET valid_from = %s, valid_to = %s WHERE title = %s", *over)
    people.city.rows(
        "UPDATE knowledge_entryindex i SET valid_from = %s, valid_to = %s FROM knowledge_entry e"
        " WHERE e.id = i.entry_id AND e.title = %s",
        *over,
    )
    citizen = people.citizen()
    portal = citizen.open(f"/knowledge/?q={question}")
    expect(portal.locator("main")).not_to_contain_text(title)
    people.city.command("shell", "-c", SCAN.format("scan"))
    page = unit.open("/knowledge/mine/?state=expired")
    page.get_by_role("link", name=title).click()
    page.get_by_role("button", name="修订").click()
    page.wait_for_url("**/edit/")
    page.locator("[name=content]").fill("秸秆离田每亩补贴三十元。")
    page.locator("[name=valid_to]").fill((today + dt.timedelta(days=300)).isoformat())
    page.get_by_role("button", name="保存并提交审核").click()
    page.wait_for_url(address)
    editor.open(path).get_by_role("button", name="发布").click()
    editor.sees("已发布")
    portal = citizen.open(f"/knowledge/?q={question}")
    portal.locator(".hit").get_by_role("link", name=title).click()
    expect(portal.locator("main")).to_contain_text("每亩补贴三十元")
    expect(portal.locator("main")).not_to_contain_text("二十元")


def test_a_question_nobody_can_answer_becomes_a_task_then_an_answer(people: People) -> None:
    # A second try asks something else: what is asked alike joins the first one's task.
    subject = ("电瓶船押金", "渔具寄存柜", "湖心岛露营")[next(TRIES) % 3]
    question, title = f"{subject}怎么办理", f"{subject}办理办法"
    # Two people ask the same, one of them asks once more in other words; who only repeats a question counts once.
    for asker, words in (("agent", question), ("follow", question), ("agent", question + "手续")):
        page = people.staff(asker).open("/knowledge/base/")
        page.locator("[name=q]").first.fill(words)
        page.locator("[name=q]").first.press("Enter")
        page.wait_for_url(re.compile("q="))
    people.city.command("shell", "-c", SCAN.format("gather_gaps"))
    # Given to the unit of the nearest entry, or to nobody: the centre knows better.
    page = people.staff("knowledge").open("/knowledge/duties/?kind=gap")
    page.locator("#knowledge-duties").get_by_role("link", name=re.compile(subject)).click()
    expect(page.locator("main")).to_contain_text(question)
    form = page.locator("form[action$='/pass/']")
    form.locator("[name=unit_id]").fill("ZF")
    form.locator("[name=reason]").fill("湖面经营归执法局管理")
    form.get_by_role("button", name="转交").click()
    page.wait_for_url(re.compile(r"/knowledge/duties/(\?.*)?$"))

    unit = people.staff("zf")
    page = unit.open("/knowledge/duties/?kind=gap")
    page.locator("#knowledge-duties").get_by_role("link", name=re.compile(subject)).click()
    page.get_by_role("link", name="编写条目").click()
    expect(page.locator("[name=questions]")).to_have_value(re.compile(question))
    page.locator("[name=title]").fill(title)
    page.locator("[name=content]").fill("凭身份证在码头服务点当日办理。")
    page.locator("[name=category_code]").fill("01.02.02")
    unit.choose("readers", "public")
    page.get_by_role("button", name="保存并提交审核").click()
    page.wait_for_url(re.compile(r"/knowledge/base/\d+/$"))
    people.staff("knowledge").open(page.url.removeprefix(people.city.url)).get_by_role("button", name="发布").click()
    people.city.until(
        "the duty is done",
        lambda: people.city.value(
            "SELECT d.state FROM knowledge_duty d JOIN knowledge_entry e ON e.id = d.entry_id WHERE e.title = %s", title
        )
        == "done",
    )
    portal = people.citizen().open(f"/knowledge/?q={question}")
    expect(portal.locator(".hit").get_by_role("link", name=title)).to_be_visible()
