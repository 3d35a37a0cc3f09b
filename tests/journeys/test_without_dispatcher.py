"""A city that trusts a category: a model is trained, an order goes out by itself, one key stops it.

Last of the journeys, so that the others meet a city without a model.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

from playwright.sync_api import expect

from tests.journeys.people import People
from tests.journeys.test_desk import number_read_out, type_into
from tests.journeys.test_suggestions import first_call, pass_review, was_read

TRIES = itertools.count(1)
PLACES = ("湖滨路", "解放路", "学宫街", "东渡路", "柳河大街", "西关路", "石门公路", "环湖路")
SAID = {
    "01.02.02": ("路灯不亮", "路灯整晚不亮，走路看不清", "几盏路灯灭了，线路坏了，天黑以后一片漆黑", "灯杆上的灯泡坏了，路灯忽明忽暗"),
    "01.02.01": ("路面破损", "路面有大坑，骑车颠簸摔倒", "人行道地砖松动，路面开裂塌陷", "柏油路坑洼积水，车辆绕行"),
    "02.02.02": ("垃圾清运", "垃圾桶满了没人清运，臭气熏天", "生活垃圾堆了三天，没有保洁员来", "垃圾站外溢，苍蝇很多"),
    "04.01.01": ("拖欠工资", "老板拖欠三个月工资不发", "工地包工头欠薪，农民工讨薪", "公司不发工资，劳动合同也没有签"),
}


def written_history(path: Path, names: dict[str, str]) -> Path:
    """What such a city's closed orders look like, made up: as many of each category."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["id", "label", "title", "text"])
        for number in range(160):
            code = list(SAID)[number % len(SAID)]
            title, *texts = SAID[code]
            place = PLACES[number % 7] + str(number)
            text = f"{place}号附近，{texts[number % 3]}，已经{number % 9 + 2}天，请尽快处理。"
            rows.writerow([number, names[code], f"{place}号{title}", text])
    return path


# A second try asks in other words: what is alike waits for a person.
WORDS = (
    ("几盏路灯灭了，天黑以后一片漆黑", "路灯整晚不亮，走路看不清，请来修线路"),
    ("灯杆上的灯泡坏了，路灯忽明忽暗", "路灯灭了十天，巷口漆黑，老人不敢出门"),
)


def file_without_category(people: People, phone: str, place: str, words: str) -> str:
    """An agent writes down what the caller says and leaves the category to the machine."""
    page = first_call(people, phone, "help")
    page.locator("#title").fill(f"{place}路灯不亮")
    type_into(page, "Alt+3", f"{place}附近，{words}，请尽快处理。")
    page.locator("#address").fill(place)
    page.keyboard.press("F9")
    number = number_read_out(page)
    was_read(people, number)
    pass_review(people, number, place)
    return number


def test_trusted_sent_by_itself_judged_and_stopped(people: People, tmp_path: Path) -> None:
    at = next(TRIES)
    first_words, second_words = WORDS[at % 2]
    first_place, second_place = (PLACES[at % 4] + "18号", PLACES[at % 4 + 4] + "26号")
    city = people.city
    named = dict(city.rows("SELECT code, path_name FROM workorders_category"))
    paths = {code: "/".join(part.strip() for part in named[code].split("›")) for code in SAID}
    trained = city.command("models", "train", "category", "--promote", "--from", str(written_history(tmp_path / "a.csv", paths)))
    assert trained.returncode == 0, trained.stderr[-2000:]

    boss = people.staff("supervisor")
    page = boss.open("/dispatch/automatic/")
    if page.get_by_role("button", name="允许").count():
        page.locator("#switch-why").fill("试运行一周")
        page.get_by_role("button", name="允许").click()
    expect(page.locator(".automatic-switch")).to_contain_text("已允许")
    if not page.get_by_role("row").filter(has_text="01.02.02").count():
        page.get_by_text("纳入类别").first.click()
        box = page.locator("[data-name=category]")
        box.get_by_role("combobox").fill("路灯")
        box.get_by_role("option").first.click()
        page.locator("[name=threshold]").fill("60")
        page.locator("[name=sample]").fill("100")
        page.locator("[name=most_errors]").fill("5")
        page.get_by_role("button", name="纳入", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="01.02.02")).to_be_visible()

    state = "SELECT state FROM workorders_workorder WHERE number = %s"
    number = file_without_category(people, f"1391112{at:04d}", first_place, first_words)
    city.until("it went out by itself", lambda: city.value(state, number) == "pending_sign")
    page = people.staff("handler").order(number)
    expect(page.locator("#order-live")).to_contain_text("路灯不亮")

    # Every one is sampled here: a person says that it was right.
    page = boss.open("/dispatch/automatic/")
    row = page.get_by_role("row").filter(has_text=number)
    row.get_by_role("button", name="正确").click()
    expect(page.get_by_role("row").filter(has_text=number)).to_have_count(0)

    # One key, and the next one waits for a person.
    page.keyboard.press("s")
    expect(page.locator(".automatic-switch")).to_contain_text("已停止")
    waiting = file_without_category(people, f"1391113{at:04d}", second_place, second_words)
    city.until("it was read", lambda: city.rows("SELECT 1 FROM suggestions_suggestion s JOIN workorders_workorder o ON o.id = s.order_id WHERE o.number = %s", waiting))
    city.until("it waits for a person", lambda: city.value(state, waiting) == "pending_dispatch")
    dispatcher = people.staff("dispatcher")
    pool = dispatcher.open("/dispatch/")
    expect(pool.locator("[data-row]").filter(has_text=second_place).first).to_be_visible()
