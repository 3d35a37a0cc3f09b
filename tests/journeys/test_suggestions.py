"""The machine's proposals from the desk to the figures: taken by a key, sent by Enter, counted. No model was trained here."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.journeys.people import People
from tests.journeys.test_desk import choose_kind, new_call, number_read_out, type_into

DECIDED = (
    "SELECT s.outcome FROM suggestions_suggestion s JOIN workorders_workorder o ON o.id = s.order_id"
    " WHERE o.number = %s AND s.kind = %s"
)


def was_read(people: People, number: str) -> None:
    """The job that reads a new order has done so."""
    people.city.until("the order was read", lambda: people.city.rows(DECIDED, number, "category"))


def pass_review(people: People, number: str, words: str) -> bool:
    """Let the order pass when it waits for a review; whether it did. `words` stand in its row."""
    state = "SELECT state FROM workorders_workorder WHERE number = %s"
    if people.city.value(state, number) != "pending_review":
        return False
    dispatcher = people.staff("dispatcher")
    page = dispatcher.open("/dispatch/?tab=review")
    dispatcher.live()
    page.locator("[data-row]").filter(has_text=words).first.click()
    expect(page.locator("#pool-pane .pool-number")).to_have_text(number)
    page.locator("#pool-pane [data-enter]").first.click()
    return True


def open_in_pool(people: People, number: str, title: str) -> Page:
    """The dispatcher's window with this order on the right."""
    dispatcher = people.staff("dispatcher")
    page = dispatcher.open("/dispatch/")
    dispatcher.live()
    # The pool opens its first order by itself; from then on it hears keys.
    shown = page.locator("#pool-pane .pool-number")
    expect(shown).to_be_visible()
    if shown.inner_text() != number:
        page.locator("[data-row]").filter(has_text=title).first.click()
    expect(shown).to_have_text(number)
    return page


def is_sent(people: People, number: str) -> None:
    """The unit has it."""
    state = "SELECT state FROM workorders_workorder WHERE number = %s"
    people.city.until("the order was sent", lambda: people.city.value(state, number) == "pending_sign")


def first_call(people: People, phone: str, kind: str) -> Page:
    """The agent's form with a caller who never called before."""
    page = new_call(people.staff("agent"), phone)
    # The page's scripts are at work when the caller's history is there.
    expect(page.locator("#desk-caller")).to_contain_text("首次来电")
    page.locator("#name").fill("王小明")
    choose_kind(page, kind)
    return page


def test_taken_by_key_sent_by_enter_counted(people: People) -> None:
    page = first_call(people, "13911110071", "help")
    words = "柳河社区文化站门前的路灯不亮，已经第四天，晚上走路看不清，希望尽快修好。"
    type_into(page, "Alt+3", words)
    first = page.locator("#take-category-1")
    expect(first).to_contain_text("路灯不亮")
    place = page.locator("#take-place-1")
    expect(place).to_contain_text("柳河社区")
    expect(page.locator("#content")).to_be_focused()
    # Taken, taken back, taken again; what is typed goes on undisturbed.
    category = page.locator("input[type=hidden][name=category]")
    page.keyboard.press("Alt+7")
    expect(category).to_have_value("01.02.02")
    expect(first).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Alt+z")
    expect(category).to_have_value("")
    page.keyboard.press("Alt+0")
    expect(category).to_have_value("01.02.02")
    expect(page.locator("input[type=hidden][name=division]")).to_have_value("990123101001")
    expect(page.locator("#content")).to_be_focused()
    expect(page.locator("#content")).to_have_value(words)
    title = page.locator("#title").input_value()
    assert title
    page.keyboard.press("F9")
    number = number_read_out(page)
    was_read(people, number)

    page = open_in_pool(people, number, title)
    expect(page.locator("#pool-pane")).to_contain_text("系统识别的分类一致")
    page.keyboard.press("Enter")
    is_sent(people, number)
    people.city.until(
        "what the dispatcher decided was compared",
        lambda: people.city.rows(DECIDED, number, "category") == [("accepted",)],
    )
    page = people.staff("supervisor").open("/suggestions/acceptance/")
    expect(page.get_by_role("row").filter(has_text="住房城建").first).to_be_visible()


def test_an_order_without_category_goes_out_as_proposed(people: People) -> None:
    page = first_call(people, "13911110072", "complaint")
    title = "石门村晒谷场垃圾清运无人管"
    page.locator("#title").fill(title)
    type_into(page, "Alt+3", "石门村晒谷场旁垃圾清运已经两周没有人来，邻居扬言要放火烧掉，希望尽快清理。")
    alarm = page.locator("#desk-proposals [role=alert]")
    expect(alarm).to_contain_text("值班长")
    page.locator("#address").fill("石门村晒谷场")
    page.keyboard.press("F9")
    number = number_read_out(page)
    was_read(people, number)
    if pass_review(people, number, title):
        people.city.until(
            "it is in the pool",
            lambda: people.city.value("SELECT state FROM workorders_workorder WHERE number = %s", number)
            == "pending_dispatch",
        )
    page = open_in_pool(people, number, title)
    expect(page.locator("#pool-pane .risk")).to_contain_text("扬言")
    expect(page.locator("#pool-pane [data-enter]").first).to_contain_text("垃圾清运")
    page.keyboard.press("Enter")
    is_sent(people, number)
    sent = (
        "SELECT c.code, u.code FROM workorders_workorder o JOIN workorders_category c ON c.id = o.category_id"
        " JOIN accounts_unit u ON u.id = o.lead_unit_id WHERE o.number = %s"
    )
    assert people.city.rows(sent, number) == [("02.02.02", "ZF")]

    # The risk waits on its own page until somebody answers.
    page = people.staff("supervisor").open("/suggestions/risks/")
    row = page.locator("#risks li").filter(has_text=title)
    row.get_by_role("textbox").fill("已通知派出所上门")
    row.get_by_role("button", name="确认风险").click()
    # The answered row is shown for a moment, then the live list holds open ones only.
    answer = (
        "SELECT a.text FROM suggestions_riskalert a JOIN workorders_workorder o ON o.id = a.order_id"
        " WHERE o.number = %s AND a.confirmed"
    )
    people.city.until(
        "the risk is answered", lambda: people.city.rows(answer, number) == [("已通知派出所上门",)]
    )
    page.reload()
    expect(row).to_have_count(0)
