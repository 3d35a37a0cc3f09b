"""The dispatch catalogue, kept by a list: a conflict is told, what would change is shown, one click adds it."""

from __future__ import annotations

import itertools
import re

from playwright.sync_api import expect

from tests.journeys.people import People

HEAD = "category_code,area_code,lead_unit_code,assistant_unit_codes,legal_basis,effective_from\n"
DAYS = ("2026-06-01", "2026-06-02")
"""A second try adds the entry of a day of its own."""
TRIES = itertools.count()
END = "UPDATE dispatch_catalogueentry SET effective_to = effective_from - 1 WHERE legal_basis = %s"
BASIS = "县政府会议纪要"


def test_a_list_in_conflict_is_mended_looked_at_and_added(people: People, orders: dict[str, tuple[str, str]]) -> None:
    day = DAYS[next(TRIES) % 2]
    people.city.rows(END, BASIS)
    added = "SELECT 1 FROM dispatch_catalogueentry WHERE legal_basis = %s AND effective_from = %s"
    keeper = people.staff("dispatcher")
    page = keeper.open("/dispatch/catalogue/")
    page.locator("main").get_by_role("link", name="导入").click()
    page.wait_for_url("**/dispatch/catalogue/import")

    def bring(*lines: str) -> None:
        file = {"name": "目录.csv", "mimeType": "text/csv", "buffer": (HEAD + "\n".join(lines)).encode("gb18030")}
        page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        page.get_by_role("button", name="检查").click()

    # The pack's entry for 01.02 holds since 2020: earlier days and doubles are refused, line by line.
    bring(
        f"01.02.01,,ZF,,{BASIS},{day}",
        f"01.02.01,,ZJ,,{BASIS},{day}",
        "01.02,,ZF,,,2019-01-01",
        f"01.02.03,,NOBODY,,,{day}",
    )
    faults = page.locator("#faults tbody tr")
    expect(faults).not_to_have_count(0)
    said = {row.split("\t")[0]: row for row in faults.all_inner_texts()}
    assert "清单中重复" in said["3"], said
    assert "较新条目" in said["4"], said
    assert "NOBODY" in said["5"], said
    expect(page.get_by_role("button", name="添加这些条目")).to_have_count(0)

    bring(f"01.02.01,990123100000,ZF,ZJ,{BASIS},{day}")
    checked = page.locator("#checked")
    # Orders of the seed about damaged roads in that town would have gone elsewhere.
    moved = checked.get_by_role("row").filter(has_text="路面破损").filter(has_text="综合行政执法局")
    expect(moved.first).to_be_visible()
    expect(moved.first).to_contain_text("住房和城乡建设局")
    assert not people.city.rows(added, BASIS, day)
    page.get_by_role("button", name="添加这些条目").click()
    page.wait_for_url(re.compile(r"/dispatch/catalogue/$"))
    row = page.locator("#catalogue-list").get_by_role("row").filter(has_text=BASIS).filter(has_text=day)
    expect(row).to_contain_text("综合行政执法局")
    # Ended again, so that other journeys find the catalogue as it was.
    row.get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="终止").click()
    expect(row).to_contain_text("…")
    people.city.rows(END, BASIS)
