"""A station worker's phone in Chromium: emulated, placed, cut off from the network, its browser closed and opened again."""

from __future__ import annotations

import io
import json
import re
import uuid
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from tests.journeys.city import PASSWORD, City
from tests.journeys.people import DESKTOP, PHONE, People, Person

SEED = """
import json
from hotline.accounts.models import Person, Unit
from hotline.accounts.queries import actor_for
from hotline.intake.actions import file_appeal
from hotline.intake.rules import AppealForm, CitizenInput
from hotline.workorders import actions
from hotline.workorders.models import Assignment, WorkOrder
who = lambda name: actor_for(Person.objects.get(username=name))
made = []
for place in range(%(n)d):
    filed = file_appeal(
        actor=who("agent"), channel="phone", source="seed", idempotency_key=f"%(key)s-{place}",
        demand=AppealForm(title=f"%(title)s{place}", content="人行道上的井盖破了，晚上很危险，请尽快来修。", demand_type="help",
            category="01.02.02", division="990123100001", address=f"湖滨路{place + 1}号"),
        citizen=CitizenInput(phone=f"1392222%(tail)s{place:02d}", name="王小明"),
    )
    order = WorkOrder.objects.get(pk=filed.order_id)
    if order.state == "pending_review":
        actions.pass_review(actor=who("dispatcher"), order_id=order.pk)
    actions.dispatch_order(actor=who("dispatcher"), order_id=order.pk, lead_unit_id=Unit.objects.get(code="%(unit)s").pk)
    WorkOrder.objects.filter(pk=order.pk).update(latitude=31.2304 + place / 1000, longitude=121.4737)
    made.append([order.pk, filed.number, filed.lookup_code, Assignment.objects.get(order=order).pk])
print("MADE", json.dumps(made))
"""
MEANWHILE = """
from hotline.accounts.models import Person
from hotline.accounts.queries import actor_for
from hotline.workorders import actions
who = lambda name: actor_for(Person.objects.get(username=name))
for order in %r:
    actions.urge(actor=who("agent"), order_id=order, text="市民再次来电催办", reason_code="")
"""
DAY_AHEAD = """(() => { const Real = Date; const shift = 86400000;
window.Date = class extends Real { constructor(...a) { if (a.length) super(...a); else super(Real.now() + shift); } static now() { return Real.now() + shift; } }; })()"""


def orders(city: City, n: int, *, key: str, title: str, tail: str, unit: str = "ZJ1") -> list[tuple[int, str, str, int]]:
    said = city.command("shell", "-c", SEED % {"n": n, "key": f"{key}-{uuid.uuid4()}", "title": title, "tail": tail, "unit": unit})
    assert "MADE " in said.stdout, said.stdout[-800:] + said.stderr[-2500:]
    return [tuple(one) for one in json.loads(said.stdout.partition("MADE ")[2])]


def snap(seed: int) -> dict[str, Any]:
    image = Image.new("RGB", (1600, 1200), (40 * seed % 255, 120, 90))
    ImageDraw.Draw(image).ellipse((200 + 90 * seed, 150, 900, 800), fill=(230, 220, 40))
    body = io.BytesIO()
    image.save(body, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": body.getvalue()}


class Worker:
    """A phone in one's hand, at a place."""

    def __init__(self, people: People, username: str, *, clock: str = "", size: dict[str, int] = PHONE) -> None:
        self.person: Person = people._window(username, phone=True)
        self.context = self.person.context
        self.context.grant_permissions(["geolocation"], origin=people.city.url)
        self.context.set_geolocation({"latitude": 31.2301, "longitude": 121.4737, "accuracy": 8})
        if clock:
            self.context.add_init_script(clock)
        self.page: Page = self.person.page
        self.page.set_viewport_size(size)  # type: ignore[arg-type]
        self.city = people.city
        self.page.on("dialog", lambda one: one.accept())
        self.sign_in(username)

    def sign_in(self, username: str) -> None:
        self.page.goto(self.city.url + "/frontline/")
        self.page.get_by_role("link", name="登录").click()
        self.page.get_by_label("用户名").fill(username)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.page.get_by_role("button", name="登录", exact=True).click()
        code = self.page.locator("[data-demo-code]")
        expect(code).to_be_visible()
        self.page.locator("[name=code]").fill(code.inner_text())
        self.page.locator("form.door-form [type=submit]").click()
        expect(self.page.get_by_role("heading", name=re.compile("今天的任务"))).to_be_visible()
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    def reopen(self, path: str = "/frontline/") -> None:
        """The browser was killed; its next window."""
        self.page.close()
        self.page = self.context.new_page()
        self.page.on("dialog", lambda one: one.accept())
        self.page.goto(self.city.url + path)

    def task(self, assignment: int) -> None:
        self.page.locator(f"[data-task='{assignment}']").click()
        expect(self.page.locator(".fl-steps")).to_be_visible()

    def home(self) -> None:
        self.page.get_by_role("button", name="‹ 任务").click()

    @property
    def cloud(self) -> Locator:
        return self.page.locator("#fl-cloud")

    def go(self, step: str) -> None:
        self.page.locator(f"#fl-go[data-step={step}]").click()

    def photo(self, kind: str, seed: int) -> None:
        self.page.locator(f"input[data-kind={kind}]").set_input_files(snap(seed))

    def choose(self, name: str, value: str) -> None:
        self.page.locator(f"input[name={name}][value={value}]").check(force=True)

    def send(self) -> None:
        self.page.locator(".fl-sheet [type=submit]").click()
        expect(self.page.locator(".fl-steps")).to_be_visible()

    def contact(self) -> None:
        self.go("contact")
        self.choose("reached", "yes")
        self.send()

    def finish(self) -> None:
        self.go("finish")
        self.choose("fact_finding", "true")
        self.choose("demand_finding", "reasonable")
        self.choose("outcome", "solved")
        self.page.locator("textarea[name=text]").fill("井盖已更换并固定，现场已清理。")
        self.page.locator(".fl-sheet [type=submit]").click()


def synced(worker: Worker) -> None:
    expect(worker.cloud).to_have_attribute("data-state", "on")


def test_from_the_task_to_what_the_citizen_sees(city: City, people: People) -> None:
    ((order, number, code, assignment),) = orders(city, 1, key="whole", title="井盖破损影响通行", tail="11")
    worker = Worker(people, "station", clock=DAY_AHEAD)
    worker.task(assignment)
    faults = worker.person.axe("task")
    worker.go("sign")
    expect(worker.page.locator("#fl-go[data-step=contact]")).to_be_visible()
    # The number only for a reason.
    worker.page.get_by_role("button", name="打电话给市民").click()
    worker.page.get_by_role("button", name="显示号码").click()
    expect(worker.page.get_by_role("link", name=re.compile("13922221100"))).to_be_visible()
    worker.contact()
    worker.go("arrive")
    worker.page.locator("[data-verb=ask_assistance]").click()
    worker.page.locator("select[name=unit]").select_option(label=city.value("select short_name from accounts_unit where code = 'GA'"))
    worker.page.locator("textarea[name=text]").fill("请临时疏导交通")
    faults += worker.person.axe("whistle")
    worker.send()
    expect(worker.page.locator(".fl-asked")).to_contain_text("请临时疏导交通")
    expect(worker.page.locator(".fl-asked")).to_contain_text("还剩")
    synced(worker)
    # The other unit hears of it on its own phone and answers.
    helper = Worker(people, "ga2")
    helper.page.locator(".fl-card", has_text="井盖破损影响通行").click()
    helper.go("sign")
    helper.go("arrive")
    helper.go("opinion")
    helper.page.locator("textarea[name=text]").fill("已派员疏导")
    helper.page.locator(".fl-sheet [type=submit]").click()
    synced(helper)
    expect(worker.page.locator(".fl-asked")).to_contain_text("已派员疏导")
    # In the basement: photographs and the answer wait, and the browser is killed.
    worker.context.set_offline(True)
    worker.photo("after", 2)
    expect(worker.page.locator("#fl-go[data-step=finish]")).to_be_visible()
    worker.photo("photo", 1)
    expect(worker.page.locator(".fl-photos img")).to_have_count(2)
    worker.finish()
    expect(worker.cloud).to_contain_text("3 项待发送")
    worker.reopen(f"/frontline/tasks/{assignment}/")
    expect(worker.cloud).to_contain_text("3 项待发送")
    expect(worker.page.locator(".fl-photos img")).to_have_count(2)
    worker.context.set_offline(False)
    synced(worker)
    assert city.value("select state from workorders_assignment where id = %s", assignment) == "replied"
    kept = city.rows("select kind, audience from workorders_attachment where order_id = %s order by id", order)
    assert kept == [("after", "public"), ("photo", "")]
    away = city.value("select avg(extract(epoch from device_at - true_at)) from frontline_receipt where assignment_id = %s", assignment)
    assert abs(float(away) - 86_400) < 60, "the phone's clock is a day ahead, and both times are kept"
    assert city.value("select count(*) from frontline_receipt where assignment_id = %s and doubtful", assignment) == 0
    # The reviewer sees the facts, and the citizen the photo.
    reviewer = people.staff("reviewer")
    reviewer.order(number)
    reviewer.page.locator("#beside-photos").scroll_into_view_if_needed()
    expect(reviewer.page.locator(".proof")).to_have_count(2)
    expect(reviewer.page.locator(".proof").last).to_contain_text("米")
    reviewer.act("同意办结")
    citizen = people.citizen()
    citizen.open("/look-up/")
    citizen.page.locator("[name=number]").fill(number)
    citizen.page.locator("[name=code]").fill(code)
    citizen.page.locator("main form [type=submit]").first.click()
    citizen.sees("承办人员已到现场。")
    citizen.sees("井盖已更换并固定")
    expect(citizen.page.locator(".own-files img")).to_have_count(1)
    assert not faults, faults


def test_a_day_without_a_network_ten_tasks_two_conflicts(city: City, people: People) -> None:
    title = f"路面破损{uuid.uuid4().hex[:5]}第"
    tasks = orders(city, 10, key="day", title=title, tail="22")
    worker = Worker(people, "station")
    expect(worker.page.locator(".fl-card", has_text=title)).to_have_count(10)
    faults = worker.person.axe("list")
    worker.context.set_offline(True)
    worker.reopen()
    expect(worker.page.locator(".fl-card", has_text=title)).to_have_count(10)
    for _order, _number, _code, assignment in tasks:
        worker.task(assignment)
        worker.go("sign")
        worker.contact()
        worker.go("arrive")
        worker.photo("after", assignment % 7)
        expect(worker.page.locator(".fl-photos img")).to_have_count(1)
        worker.home()
    expect(worker.cloud).to_contain_text("40 项待发送")
    said = city.command("shell", "-c", MEANWHILE % [tasks[2][0], tasks[7][0]])
    assert said.returncode == 0, said.stderr[-1500:]
    worker.reopen()
    worker.context.set_offline(False)
    expect(worker.cloud).to_contain_text("2 项要您决定")
    ids = [one[3] for one in tasks]
    assert city.value("select count(*) from frontline_receipt where assignment_id = any(%s)", ids) == 32
    worker.cloud.click()
    stale = worker.page.locator(".fl-item[data-state=stale]")
    expect(stale).to_have_count(2)
    expect(stale.first).to_contain_text("市民再次来电催办")
    expect(stale.first).to_contain_text("签收")
    faults += axe(worker)
    stale.first.get_by_role("button", name="仍然提交我的").click()
    expect(stale).to_have_count(1)
    # Dropping the signature alone: what stands behind it cannot be done and says so; nothing is lost without a word.
    stale.first.get_by_role("button", name="放弃我的这一步").click()
    expect(worker.page.locator(".fl-item[data-state=stale], .fl-item[data-state=refused]")).to_have_count(1)
    receipts = "select count(*) from frontline_receipt where assignment_id = any(%s)"
    city.until("what waited behind the decision is sent", lambda: city.value(receipts, ids) == 36)
    events = city.rows("select verb, count(*) from workorders_workorderevent where assignment_id = any(%s) group by 1", ids)
    assert {verb: n for verb, n in events if verb in ("sign", "contact", "arrive")} == {"sign": 9, "contact": 9, "arrive": 9}
    # Signing out with something unsent locks it; who comes next sees nothing of it; its person finds it again.
    worker.home()
    worker.page.get_by_role("button", name=re.compile("^退出")).click()
    expect(worker.page.get_by_role("link", name="登录")).to_be_visible()
    kept = worker.page.evaluate("""async () => { const open = indexedDB.open("frontline"); const db = await new Promise((r) => { open.onsuccess = () => r(open.result); });
        const n = (s) => new Promise((r) => { const q = db.transaction(s).objectStore(s).count(); q.onsuccess = () => r(q.result); }); return [await n("keys"), await n("cache"), await n("queue")]; }""")
    assert kept[:2] == [0, 0]
    assert kept[2] == 3
    worker.sign_in("station")
    expect(worker.cloud).not_to_have_attribute("data-state", "on")
    assert not faults, faults


def axe(worker: Worker) -> list[str]:
    worker.person.page = worker.page
    return worker.person.axe("conflict")


@pytest.mark.parametrize("width", [360, 390, 768, 1366])
def test_screens_fit(city: City, people: People, width: int) -> None:
    ((_order, _number, _code, assignment),) = orders(city, 1, key=f"fit{width}", title="长长的标题写着小区东侧道路积水严重影响老人出行" * 2, tail="33")
    worker = Worker(people, "station", size={"width": width, "height": DESKTOP["height"]})
    for place in ("list", "task"):
        if place == "task":
            worker.task(assignment)
        assert worker.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        small = worker.page.evaluate("""[...document.querySelectorAll('button, a, select, .fl-check')].filter((e) => e.offsetParent !== null)
            .filter((e) => e.getBoundingClientRect().height < 48).map((e) => e.outerHTML.slice(0, 120))""")
        assert not small, small
