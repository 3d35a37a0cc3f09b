"""Online help: the machine answers with its source, does not know, a person takes over, an appeal is filed; nothing twice."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.city import City
from tests.journeys.people import People, Person

SCRIPT = """
from datetime import time
from hotline.accounts.models import Person, Unit
from hotline.accounts.queries import actor_for
from hotline.chat.models import CityRules, Conversation
from hotline.demo.pack import PACKS
from hotline.kit.actor import system_actor
from hotline.knowledge.actions import SYSTEM, count_words, load_entries
from hotline.knowledge.models import Entry
from hotline.knowledge.rules import read_csv
from hotline.chat import actions
if not Entry.objects.filter(title="居住证办理和签注").exists():
    rows, faults = read_csv((PACKS / "shanghai" / "knowledge" / "entries.csv").read_bytes())
    load_entries(actor=SYSTEM, rows=[row | {"unit_code": "CENTER", "category_code": "01.02.01"} for row in rows])
    count_words(actor=SYSTEM)
shift = actor_for(Person.objects.get(username="shift"))
actions.save_rules(actor=shift, given={"opens": time(0), "closes": time(0), "workdays_only": False, "most_chats": 3,
    "most_waiting": 50, "warn_minutes": 60, "end_minutes": 120})
actions.save_canned(actor=shift, key="hello", title="问候", text="您好，请说一下具体地点和您的电话。",
    version=max([0, *(one.version for one in __import__("hotline.chat.queries", fromlist=["x"]).canned_versions("hello"))]))
print("READY")
"""


@pytest.fixture
def help_city(city: City) -> City:
    said = city.command("shell", "-c", SCRIPT)
    assert "READY" in said.stdout, said.stdout[-500:] + said.stderr[-3000:]
    return city


def ask(citizen: Person, text: str) -> None:
    """Type and press Enter; the word stands in the conversation, no longer as one that is on its way."""
    page = citizen.page
    page.locator("#help-text").fill(text)
    page.locator("#help-text").press("Enter")
    expect(page.locator("#help-pane [data-from=citizen] .help-words").last).to_have_text(text)
    expect(page.locator("#help-unsent .help-said")).to_have_count(0)


def waits(people: People, text: str) -> Person:
    citizen = people.citizen()
    citizen.open("/help/")
    ask(citizen, text)
    citizen.page.locator("#help-person").click()
    expect(citizen.page.locator("#help-place")).to_be_visible()
    return citizen


def seated(people: People, name: str) -> Person:
    agent = people.staff(name)
    agent.open("/chat/")
    if agent.page.locator("#chat-open").count():
        agent.page.locator("#chat-open").click()
    expect(agent.page.locator("#chat-next")).to_be_visible()
    agent.live()
    return agent


def finish(agent: Person) -> None:
    """End what is open, for the next test."""
    agent.open("/chat/")
    while agent.page.locator(".chat-pane").count():
        agent.page.locator(".chat-more [data-confirm] button").first.click()
        with agent.page.expect_navigation():
            agent.page.locator("dialog[open] button").filter(has_text="结束会话").click()
    agent.page.get_by_role("button", name="关闭坐席").click()
    expect(agent.page.locator("#chat-open")).to_be_visible()


def test_from_a_cited_answer_over_a_person_to_an_appeal(help_city: City, people: People) -> None:
    citizen = people.citizen()
    page = citizen.page
    citizen.open("/help/")
    ask(citizen, "居住证怎么办理")
    answer = page.locator("#help-pane [data-from=machine]").last
    expect(answer).to_contain_text("可以申领居住证")
    expect(answer.locator(".help-cite a")).to_contain_text("居住证办理和签注")
    ask(citizen, "火星移民手续在哪里办")
    expect(page.locator("#help-pane [data-from=machine]").last).to_contain_text("没有确切的依据")
    ask(citizen, "<img src=x onerror=\"document.title='broken'\">路灯坏了")
    assert page.locator("#help-pane img").count() == 0
    assert not citizen.axe("help")
    page.locator("#help-person").click()
    expect(page.locator("#help-place")).to_contain_text("下一位就是您")
    page.reload()  # survives it
    expect(page.locator("#help-place")).to_be_visible()

    agent = seated(people, "agent")
    expect(agent.page.locator("#chat-waiting-count")).to_have_text("1")
    agent.page.keyboard.press("Alt+n")
    pane = agent.page.locator(".chat-pane")
    expect(pane).to_contain_text("onerror")  # as text
    assert agent.page.locator(".chat-pane img").count() == 0
    field = pane.locator("textarea")
    field.fill("/hel")
    expect(pane.locator("[data-offers] [data-canned]")).to_have_count(1)
    field.press("Tab")
    expect(field).to_have_value("您好，请说一下具体地点和您的电话。")
    field.press("Enter")
    expect(page.locator("#help-pane [data-from=agent]").last).to_contain_text("请说一下具体地点")
    assert not agent.axe("seat")
    ask(citizen, "西关路学宫社区门口的路灯坏了一个多星期，老人晚上摔倒，电话13911120001")
    expect(pane.locator(".chat-said")).to_contain_text("13911120001")

    pane.get_by_role("button", name="生成诉求").click()
    desk = agent.page
    expect(desk.locator("#content")).to_have_value(re.compile("西关路学宫社区门口的路灯坏了"))
    expect(desk.locator("#channel")).to_have_value("chat")
    desk.locator("#content").fill("西关路学宫社区门口的路灯坏了一个多星期，老人晚上摔倒，请尽快修复。")
    desk.locator("#phone").fill("13911120001")
    desk.locator("#demand_type").select_option("help")
    desk.keyboard.press("Alt+5")
    desk.keyboard.type("路面破损")
    expect(desk.locator("#category-list [role=option]").first).to_be_visible()
    desk.keyboard.press("Enter")
    desk.keyboard.press("F9")
    dialog = desk.locator("dialog.desk-filed")
    expect(dialog).to_be_visible()
    number = dialog.locator(".desk-number").inner_text().strip()
    expect(page.locator("#help-pane")).to_contain_text(number)  # came back by itself
    assert help_city.value("SELECT channel FROM workorders_workorder WHERE number = %s", number) == "chat"
    finish(agent)
    expect(page.locator("#help-again")).to_be_visible()
    sealed = help_city.rows("SELECT sealed FROM chat_message WHERE sender = 'citizen'")
    assert not any(b"13911120001" in bytes(row[0]) for row in sealed)
    shift = people.staff("dispatcher")
    shift.order(number)
    beside = shift.page.locator("#beside-chat")
    beside.scroll_into_view_if_needed()
    expect(beside).to_contain_text("西关路学宫社区门口的路灯坏了")
    assert "13911120001" not in beside.inner_text()


def test_two_agents_press_at_once(help_city: City, people: People) -> None:
    one, two = seated(people, "agent"), seated(people, "shift")
    citizen = waits(people, "<b>只有一个人</b>")
    for agent in (one, two):
        expect(agent.page.locator("#chat-waiting-count")).to_have_text("1")
    with one.page.expect_navigation(), two.page.expect_navigation():
        for agent in (one, two):
            # Both at the same moment: by the form, for the news of the first would lock the other's button.
            agent.page.locator("#chat-next").evaluate("(button) => setTimeout(() => button.form.submit(), 400)")
    panes = [agent.page.locator(".chat-pane").count() for agent in (one, two)]
    assert sorted(panes) == [0, 1]
    expect(citizen.page.locator("#help-pane")).to_contain_text("为您服务")
    for agent in (one, two):
        finish(agent)


def test_a_lost_network_and_a_flood(help_city: City, people: People) -> None:
    citizen = people.citizen()
    page = citizen.page
    citizen.open("/help/")
    ask(citizen, "你好")
    citizen.context.set_offline(True)
    page.locator("#help-text").fill("断网时写的一句")
    page.locator("#help-text").press("Enter")
    expect(page.locator("#help-trouble")).to_contain_text("网络中断")
    citizen.context.set_offline(False)
    expect(page.locator("#help-unsent .help-said")).to_have_count(0)
    expect(page.locator("#help-pane [data-from=citizen]")).to_have_count(2)
    for number in range(26):  # more than two windows of a minute let through
        page.locator("#help-text").fill(f"第{number}句")
        page.locator("#help-text").press("Enter")
    expect(page.locator("#help-trouble")).to_contain_text("发送太快")
    expect(page.locator("#help-unsent .help-said")).to_have_count(0)
    assert page.locator("#help-pane [data-from=citizen]").count() <= 24
    assert page.locator("#help-text").input_value()  # what was refused is not lost


def test_without_scripts(help_city: City, people: People) -> None:
    context = people.citizen().page.context.browser
    assert context is not None
    plain = context.new_context(java_script_enabled=False, locale="zh-CN", viewport={"width": 360, "height": 740})
    page = plain.new_page()
    page.goto(help_city.url + "/help/")
    page.locator("#help-text").fill("居住证怎么办理")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#help-pane")).to_contain_text("可以申领居住证")
    page.locator("#help-person").click()
    expect(page.locator("#help-place")).to_be_visible()
    page.get_by_role("button", name="结束会话").click()
    expect(page.locator("#help-again")).to_be_visible()
    plain.close()
