"""What a citizen does on the portal."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import expect

from tests.journeys.people import Person

LAMP = "我们小区门口湖滨路的三盏路灯坏了一个多星期，晚上老人摔了一跤，希望尽快修好。"


@dataclass(frozen=True)
class Filed:
    number: str
    code: str


def file_appeal(
    citizen: Person,
    words: str = LAMP,
    *,
    category: str = "01.02",
    kind: str = "help",
    phone: str = "13900001234",
    name: str = "赵大妈",
    address: str = "湖滨路18号阳光家园门口",
    secret: bool = False,
) -> Filed:
    """The whole way on the portal, one thing at a time; returns what the last page tells."""
    page = citizen.open("/")
    page.get_by_label("说说您遇到的事").fill(words)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/file/place/")
    page.locator("[name=address]").fill(address)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/file/about/")
    page.locator(f"[name=demand_type][value={kind}]").check()
    if category:
        page.locator("#category").select_option(category)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/file/contact/")
    if phone:
        page.locator("[name=phone]").fill(phone)
        page.locator("[name=name]").fill(name)
    if secret:
        page.locator("[name=secret]").check()
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/file/check/")
    citizen.sees(words[:10])
    page.get_by_role("button", name="提交").click()
    page.wait_for_url("**/file/done/")
    number, code = (text.strip() for text in page.locator(".filed-number").all_text_contents())
    assert re.fullmatch(r"[A-Z]{0,6}\d{8}-\d{6,9}", number), number
    return Filed(number, code)


def look_up(citizen: Person, filed: Filed) -> None:
    """Number and code, as printed on the last page of filing."""
    page = citizen.open("/look-up/")
    page.locator("[name=number]").fill(filed.number)
    page.locator("[name=code]").fill(filed.code)
    page.locator("main form [type=submit]").first.click()
    page.wait_for_url(f"**/a/{filed.number}/**")
    expect(page.locator("main")).to_contain_text(filed.number)


def reads(citizen: Person, filed: Filed, *texts: str) -> None:
    """Open the appeal's page and find these words on it."""
    page = citizen.open(f"/a/{filed.number}/")
    for text in texts:
        expect(page.locator("main")).to_contain_text(text)
