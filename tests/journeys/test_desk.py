"""The agent's desk without a mouse."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.journeys.people import People, Person

Orders = dict[str, tuple[str, str]]


def new_call(agent: Person, phone: str) -> Page:
    page = agent.open("/desk/?new=1")
    agent.page.wait_for_load_state("load")
    expect(page.locator("#phone")).to_be_focused()
    page.keyboard.type(phone)
    return page


def type_into(page: Page, key: str, text: str) -> None:
    page.keyboard.press(key)
    page.keyboard.type(text)


def choose_kind(page: Page, kind: str) -> None:
    """Arrow keys in the list of kinds."""
    page.keyboard.press("Alt+2")
    box = page.locator("#demand_type")
    expect(box).to_be_focused()
    for _ in range(box.locator("option").count()):
        if box.input_value() == kind:
            return
        page.keyboard.press("ArrowDown")
    assert box.input_value() == kind


def number_read_out(page: Page) -> str:
    dialog = page.locator("dialog.desk-filed")
    expect(dialog).to_be_visible()
    return dialog.locator(".desk-number").inner_text().strip()


def test_order_by_keys_alone_with_the_callers_history(people: People, orders: Orders) -> None:
    agent = people.staff("agent")
    page = new_call(agent, "13911110008")
    card = page.locator("#desk-caller")
    expect(card).to_contain_text(orders["look"][0])
    expect(card).to_contain_text("西关路积水")
    choose_kind(page, "help")
    type_into(page, "Alt+3", "西关路学宫社区门口的窨井盖昨晚被压坏，行人多次绊倒，请尽快更换。")
    page.keyboard.press("Alt+5")
    page.keyboard.type("路面破损")
    expect(page.locator("#category-list [role=option]").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("input[type=hidden][name=category]")).to_have_value("01.02.01")
    page.keyboard.press("F9")
    number = number_read_out(page)
    row = people.city.rows("SELECT state, channel FROM workorders_workorder WHERE number = %s", number)
    assert row
    assert row[0][1] == "phone"
    # The next call is one key away.
    page.keyboard.press("Enter")
    expect(page.locator("#phone")).to_have_value("")


def test_direct_answer_and_refusal_with_its_reason(people: People, orders: Orders) -> None:
    agent = people.staff("agent")
    page = new_call(agent, "13911110020")
    choose_kind(page, "consultation")
    type_into(page, "Alt+3", "想咨询城乡居民养老保险怎么缴费、什么时候能领。")
    page.keyboard.press("F8")
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.type("每年十二月底前在手机上或村里缴费，年满六十周岁次月起领取。")
    page.keyboard.press("Control+Enter")
    answered = number_read_out(page)
    state = "SELECT state, answer, reason_code FROM intake_appeal WHERE number = %s"
    [(_, answer, _)] = people.city.rows(state, answered)
    assert "十二月底" in answer

    page = new_call(agent, "13911110021")
    choose_kind(page, "complaint")
    type_into(page, "Alt+3", "对法院去年的判决不服，要求热线中心改判。")
    page.keyboard.press("F7")
    tree = page.locator("#desk-refuse")
    expect(tree).to_be_visible()
    tree.get_by_role("radio", name="诉讼事项").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    refused = number_read_out(page)
    [(_, _, reason)] = people.city.rows(state, refused)
    assert reason == "litigation"
    assert (
        people.city.rows("SELECT 1 FROM workorders_workorder WHERE number IN (%s, %s)", answered, refused)
        == []
    )


def test_a_second_call_goes_to_the_open_order(people: People, orders: Orders) -> None:
    number, _code = orders["append"]
    agent = people.staff("agent")
    page = new_call(agent, "13911110010")
    expect(page.locator("#desk-caller")).to_contain_text(number)
    page.keyboard.press("Alt+s")
    expect(page.locator("#append-text")).to_be_focused()
    words = "补充：靠近渡口的那盏，灯杆上有编号。"
    page.keyboard.type(words)
    page.keyboard.press("Control+Enter")
    # The second call keeps a number of its own, and makes no order.
    assert number_read_out(page) != number
    handler = people.staff("handler")
    handler.order(number)
    handler.sees(words, "#timeline")
    phone = "SELECT count(*) FROM workorders_workorder o JOIN accounts_citizen c ON c.id = o.citizen_id WHERE c.phone_mask = '139****0010'"
    assert people.city.value(phone) == 1
