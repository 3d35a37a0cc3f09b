"""What may happen to an order between the citizen's word and its result."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.citizen import Filed, look_up
from tests.journeys.people import People

Orders = dict[str, tuple[str, str]]


def test_confidential_order_exists_only_for_who_is_named(people: People, orders: Orders) -> None:
    number, _code = orders["secret"]
    title = "聚众赌博"
    named = people.staff("ga")
    named.order(number)
    named.sees(title)

    for username in ("ga2", "handler", "dispatcher2", "zf"):
        other = people.staff(username)
        answer = other.page.goto(f"{people.city.url}/orders/{number}/")
        assert answer is not None
        assert answer.status == 404, username
        for path in ("/orders/", f"/orders/?q={title}", f"/orders/?q={number}"):
            page = other.open(path)
            expect(page.locator("main")).not_to_contain_text(title)
            assert page.locator(f"main a[href='/orders/{number}/']").count() == 0
        found = other.page.request.get(f"{people.city.url}/search/palette?q={number}")
        assert title not in found.text()
        assert f"/orders/{number}/" not in found.text()
    exported = people.staff("dispatcher2").page.request.get(f"{people.city.url}/orders/export/csv/")
    assert number not in exported.text()

    named.order(number)
    before = "SELECT count(*) FROM audit_auditentry WHERE verb ~ 'reveal'"
    known = people.city.value(before)
    named.page.get_by_role("button", name="查看完整信息").click()
    dialog = named.page.locator("#act-dialog")
    expect(dialog).to_be_visible()
    reason = dialog.locator("select[name=reason_code]")
    if reason.count():
        reason.select_option(index=1)
    dialog.locator("[name=text], [name=reason]").last.fill("核实线索需要电话联系。")
    dialog.locator("[type=submit], .btn-primary").last.click()
    expect(dialog).to_contain_text("13911110001")
    assert people.city.value(before) == known + 1


def test_three_returns_lead_to_arbitration_which_locks_returns(people: People, orders: Orders) -> None:
    number, _code = orders["return"]
    dispatcher = people.staff("dispatcher")
    supervisor = people.staff("supervisor")
    for username, following in (("handler", "执法局"), ("zf", "人社局"), ("rs", "")):
        unit = people.staff(username)
        unit.order(number)
        if "签收" in unit.offered():
            unit.act("签收")
        unit.act(
            "申请退单",
            choices={"reason_code": "not_our_duty"},
            text="该站牌由交通部门设置和维护，不属于本单位。",
            basis="县政府部门权责清单",
        )
        dispatcher.order(number)
        dispatcher.act("同意退单")
        if following:
            dispatcher.order(number)
            dispatcher.act("派单", picks={"lead_unit": following})
    state = people.city.value("SELECT state FROM workorders_workorder WHERE number = %s", number)
    assert state == "arbitration"
    supervisor.order(number)
    supervisor.act("指定承办单位", picks={"lead_unit": "住建局"}, text="会商决定由住建局先行处置。")
    handler = people.staff("handler")
    handler.order(number)
    handler.act("签收")
    assert "申请退单" not in handler.offered()


def test_extension_keeps_the_old_and_the_new_deadline_and_the_citizen_sees_it(
    people: People, orders: Orders
) -> None:
    number, code = orders["extend"]
    due = "SELECT c.due_at, c.original_due_at FROM workorders_clock c JOIN workorders_workorder o ON o.id = c.order_id WHERE number = %s AND kind = 'finish' AND side = 'city'"
    [(before, original)] = people.city.rows(due, number)
    handler = people.staff("handler")
    handler.order(number)
    form = handler.start("申请延期")
    handler.choose("reason_code", "complex_case", "#act-body")
    form.locator("select[name=amount]").select_option(
        index=form.locator("select[name=amount] option").count() - 1
    )
    form.locator("[name=text]").fill("需要多部门会商后才能施工。")
    handler.send()
    for username in ("dispatcher", "supervisor", "manager"):
        decider = people.staff(username)
        decider.order(number)
        if "同意延期" in decider.offered():
            decider.act("同意延期", text="同意。")
            break
    else:
        pytest.fail("nobody may decide the extension")
    [(after, still)] = people.city.rows(due, number)
    assert after > before
    assert still == original
    handler.order(number)
    expect(handler.page.locator("body")).to_contain_text("→")
    citizen = people.citizen()
    look_up(citizen, Filed(number, code))
    expect(citizen.page.locator("main")).to_contain_text("已延长办理时限")


def test_merged_orders_keep_both_citizens_numbers_and_come_apart_again(
    people: People, orders: Orders
) -> None:
    (main, main_code), (double, double_code) = orders["main"], orders["double"]
    dispatcher = people.staff("dispatcher")
    dispatcher.order(double)
    dispatcher.act("合并", into=main, text="同一处大坑。")
    second = people.citizen()
    look_up(second, Filed(double, double_code))
    expect(second.page.locator("main")).to_contain_text("同一事项")
    first = people.citizen()
    look_up(first, Filed(main, main_code))
    dispatcher.order(double)
    dispatcher.sees(main)
    dispatcher.act("撤销合并", text="其实是两处。")
    assert (
        people.city.value("SELECT state FROM workorders_workorder WHERE number = %s", double)
        == "pending_dispatch"
    )
    look_up(second, Filed(double, double_code))
    expect(second.page.locator("main")).not_to_contain_text("并入")


def test_two_editors_see_each_other_and_the_losers_text_is_kept(people: People, orders: Orders) -> None:
    number, _code = orders["two"]
    one, two = people.staff("handler"), people.staff("manager")
    one.order(number)
    two.order(number)
    expect(one.page.locator("#present")).to_contain_text("白建平")
    expect(two.page.locator("#present")).to_contain_text("池海波")

    words = "市民说井盖在东渡路小学门口，晚上最危险。"
    two.start("下派")
    two.pick("unit", "市政管理站")
    two.page.locator("#act-body [name=instructions]").fill(words)
    one.act("记录先行联系", choices={"reached": "yes"}, text="已与市民通话，约定明早查看。")
    two.page.locator("#act-dialog form [type=submit]").click()
    conflict = two.page.locator("#act-dialog [role=alert]")
    expect(conflict).to_contain_text("已与市民通话，约定明早查看。")
    expect(conflict).to_contain_text(words)
    expect(two.page.locator("#act-body [name=instructions]")).to_have_value(words)
    two.send()


def test_session_ends_in_the_middle_of_typing_and_nothing_is_lost(people: People, orders: Orders) -> None:
    number, _code = orders["expire"]
    handler = people.staff("handler", fresh=True)
    handler.order(number)
    words = "现场查看：整流器老化，需要更换，已通知维修班。"
    handler.start("添加备注")
    handler.page.locator("#act-body [name=text]").fill(words)

    # An administrator ends the session, as on the page of sessions; the person goes on typing and sends.
    admin = people.staff("admin")
    person = people.city.value("SELECT id FROM accounts_person WHERE username = 'handler'")
    page = admin.open(f"/accounts/people/{person}/")
    page.locator("form[action$='/sessions/end/'] [type=submit]").click()
    sql = "SELECT count(*) FROM accounts_staffsession WHERE person_id = %s AND ended_at IS NULL"
    people.city.until("the session's end", lambda: people.city.value(sql, person) == 0, 60)
    people.forget("handler")

    handler.page.locator("#act-dialog form [type=submit]").click()
    ended = handler.page.locator(".session-dialog")
    expect(ended).to_be_visible()
    with handler.context.expect_page() as opened:
        ended.get_by_role("link", name="重新登录").click()
    people.sign_in(handler, "handler", opened.value)
    expect(ended).to_be_hidden()
    expect(handler.page.locator("#act-body [name=text]")).to_have_value(words)
    handler.send()
    handler.sees(words, "#timeline")
