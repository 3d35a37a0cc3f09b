"""The main screens as they are read by everybody: no serious fault for axe, and a keyboard is enough."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.people import AXE, People

Orders = dict[str, tuple[str, str]]

SCREENS = [
    ("agent", "/desk/"),
    ("dispatcher", "/dispatch/?tab=pool"),
    ("handler", "/orders/inbox/"),
    ("handler", "/orders/{look}/"),
    ("dispatcher", "/orders/"),
    ("supervisor", "/orders/supervision/"),
    ("follow", "/follow-up/"),
    ("admin", "/accounts/units/"),
    ("admin", "/accounts/people/"),
    ("admin", "/worktime/calendar/"),
    ("admin", "/health"),
    ("dispatcher", "/suggestions/risks/"),
    ("supervisor", "/suggestions/acceptance/"),
    ("admin", "/suggestions/labels/"),
    ("admin", "/suggestions/models/"),
    ("auditor", "/audit/"),
    ("", "/"),
    ("", "/file/words/"),
    ("", "/look-up/"),
    ("", "/me/sign-in/"),
    ("", "/knowledge/"),
    ("", "/knowledge/?q=路灯"),
    ("", "/nothing-here/"),
    ("knowledge", "/knowledge/base/?q=路灯"),
    ("knowledge", "/knowledge/base/new/"),
    ("knowledge", "/knowledge/mine/"),
    ("knowledge", "/knowledge/duties/"),
    ("knowledge", "/knowledge/import/"),
    ("knowledge", "/knowledge/settings/"),
]


@pytest.mark.parametrize(("username", "path"), SCREENS)
def test_axe_finds_no_serious_fault(people: People, orders: Orders, username: str, path: str) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make install")
    person = people.staff(username) if username else people.citizen()
    page = person.open(path.format(**{name: number for name, (number, _code) in orders.items()}))
    expect(page.locator("main")).to_be_visible()
    if username:
        expect(page.locator("header.top")).to_be_visible()
    page.wait_for_load_state("load")
    assert person.axe(path) == []


def test_axe_finds_no_serious_fault_on_a_citizens_own_page(people: People, orders: Orders) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make install")
    from tests.journeys.citizen import Filed, look_up

    citizen = people.citizen()
    look_up(citizen, Filed(*orders["look"]))
    assert citizen.axe("portal: an appeal") == []


FOCUS = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
  const ring = (s) => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
  return { name: at.id || at.name || at.textContent.trim().slice(0, 30), body: at === document.body,
           seen: box.width > 0 && box.height > 0, ring: ring(style) || (at.parentElement && ring(getComputedStyle(at.parentElement))) };
}"""


def test_tab_goes_through_the_desk_in_order_and_shows_where_it_is(people: People, orders: Orders) -> None:
    agent = people.staff("agent")
    page = agent.open("/desk/?new=1")  # afresh: another journey may have left a draft
    expect(page.locator("#phone")).to_be_focused()
    names: list[str] = []
    seen: set[str] = set()
    for _ in range(30):
        agent.press("Tab")
        at = page.evaluate(FOCUS)
        if at["body"]:
            break
        names.append(at["name"])
        if at["ring"]:
            seen.add(at["name"])
    wanted = [
        "name",
        "channel",
        "demand_type",
        "title",
        "content",
        "division-text",
        "address",
        "category-text",
    ]
    assert [name for name in names if name in wanted] == wanted
    # A date field has stops of its own inside, ringed by the browser; one visible stop a field is asked for.
    assert [name for name in names if name not in seen] == [], "focus that nobody sees"
