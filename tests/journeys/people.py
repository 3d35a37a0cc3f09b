"""People in front of their screens: sign in, look, click, type. What they read is what the product says in Chinese."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.journeys.city import PASSWORD, ROOT, City

PATIENCE = 45_000
"""Milliseconds; generous, for a busy machine. Nothing takes that long when it is well."""
DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
RESULTS = ROOT / "test-results"
AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"
TROUBLE = ("serious", "critical")


class Person:
    """One browser window of one person."""

    def __init__(self, city: City, context: BrowserContext, name: str) -> None:
        self.city, self.context, self.name = city, context, name
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.trail: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda one: self.trail.append(f"→ {one.method} {one.url[:150]}"))
        self.page.on("response", lambda one: self.trail.append(f"{one.status} {one.url[:150]}"))
        self.page.on("console", lambda one: self.trail.append(f"{one.type}: {one.text[:300]}"))

    # ── moving ──

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.city.url + path)
        assert answer is not None, path
        assert answer.status < 500, f"{path}: {answer.status}"
        return self.page

    def order(self, number: str) -> Page:
        self.open(f"/orders/{number}/")
        expect(self.page.locator("#order-live .order-number")).to_have_text(number)
        self.live()
        return self.page

    def live(self) -> None:
        """The page hears the stream; its scripts are at work then."""
        expect(self.page.locator("[data-live-state]")).to_have_attribute("data-state", "on")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def sees(self, text: str | re.Pattern[str], within: str = "body") -> Locator:
        found = self.page.locator(within).get_by_text(text).first
        expect(found).to_be_visible()
        return found

    # ── forms ──

    def choose(self, name: str, value: str, within: str = "body") -> None:
        """A radio button or a list's option by its stored value."""
        box = self.page.locator(within)
        radio = box.locator(f"input[type=radio][name={name}][value={value!r}]")
        if radio.count():
            radio.first.check()
        else:
            box.locator(f"select[name={name}]").select_option(value)

    def pick(self, name: str, text: str, within: str = "#act-body") -> None:
        """Type into a search box and take the first offer with the keyboard."""
        box = self.page.locator(f"{within} [data-pick-name={name}]")
        box.get_by_role("combobox").fill(text)
        expect(box.get_by_role("option").first).to_be_visible()
        box.get_by_role("combobox").press("Enter")
        expect(box.locator(f"input[type=hidden][name={name}]")).not_to_have_count(0)

    # ── acts on an order's page ──

    def button(self, label: str) -> Locator:
        """The button of a verb, also from the menu of further ones; label as staff read it."""
        exactly = re.compile(rf"^\s*{re.escape(label)}(\s|$)")
        acts = self.page.locator("#order .now-acts")
        found = acts.get_by_role("button", name=exactly)
        menu = acts.locator("details.menu > summary")
        expect(acts.get_by_text(exactly).first).to_be_attached()
        if not found.first.is_visible() and menu.count():
            menu.first.click()
        return found.first

    def start(self, label: str) -> Locator:
        """Open a verb's form; returns the dialog."""
        self.button(label).click()
        dialog = self.page.locator("#act-dialog")
        expect(dialog).to_be_visible()
        expect(dialog.locator("[data-act-verb]")).to_be_visible()
        expect(dialog.locator("#act-title")).to_have_text(label)
        return dialog

    def send(self) -> None:
        """Send the open form; it must be taken."""
        dialog = self.page.locator("#act-dialog")
        dialog.locator("form [type=submit]").click()
        try:
            expect(dialog).to_be_hidden()
        except AssertionError as late:
            raise AssertionError(f"the form was not taken: {dialog.inner_text()}") from late

    def act(
        self,
        label: str,
        *,
        picks: dict[str, str] | None = None,
        choices: dict[str, str] | None = None,
        **fields: str,
    ) -> None:
        """A verb from button to done: radio buttons and lists in `choices`, search boxes in `picks`, text in `fields`."""
        self.start(label)
        for name, value in (choices or {}).items():
            self.choose(name, value, "#act-body")
        for name, text in (picks or {}).items():
            self.pick(name, text)
        for name, text in fields.items():
            self.page.locator(f"#act-body [name={name}]").fill(text)
        self.send()

    def offered(self) -> list[str]:
        """Labels of the verbs that this page lets one do now."""
        names = self.page.locator("#order .now-acts button[hx-get]").all_text_contents()
        return [" ".join(name.split()) for name in names]

    # ── accessibility ──

    def axe(self, what: str, *, within: str | None = None) -> list[str]:
        """Serious and critical findings of axe-core on the page as it is now."""
        # By the debugger, not by a script element: the pages' policy forbids those, as it should.
        self.page.evaluate(AXE.read_text() + "; undefined")
        found = self.page.evaluate(
            "(within) => axe.run(within ?? document, { resultTypes: ['violations'] }).then((r) => r.violations)",
            within,
        )
        return [
            f"{what}: {one['id']} ({one['impact']}): {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
            for one in found
            if one["impact"] in TROUBLE
        ]


class People:
    """Everybody of one test. Windows close with it; a failed test leaves their pictures in test-results/."""

    _states: dict[str, Any]

    def __init__(self, city: City, browser: Browser, states: dict[str, Any]) -> None:
        self.city, self._browser, self._states = city, browser, states
        self.windows: list[Person] = []

    def _window(self, name: str, *, phone: bool = False, state: Any = None) -> Person:
        context = self._browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            has_touch=phone,
            is_mobile=phone,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            storage_state=state,
        )
        context.set_default_timeout(PATIENCE)
        context.set_default_navigation_timeout(PATIENCE)
        person = Person(self.city, context, name)
        self.windows.append(person)
        return person

    def citizen(self, *, phone: bool = True) -> Person:
        """Somebody with a phone and no account."""
        return self._window("citizen", phone=phone)

    def staff(self, username: str, *, fresh: bool = False) -> Person:
        """Signed in through the real page, second factor included; a later test finds the session again.

        `fresh`: a session of one's own that no other test shares.
        """
        if fresh or username not in self._states:
            person = self._window(username)
            self.sign_in(person, username)
            if not fresh:
                self._states[username] = person.context.storage_state()
            return person
        return self._window(username, state=self._states[username])

    def forget(self, username: str) -> None:
        """Somebody ended this person's sessions."""
        self._states.pop(username, None)

    def sign_in(self, person: Person, username: str, page: Page | None = None) -> None:
        """From the sign-in page to the first page behind it."""
        page = page or person.page
        if page is person.page:
            person.open("/accounts/sign-in/")
        page.get_by_label("用户名").fill(username)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        code = page.locator("[data-demo-code]")
        expect(code).to_be_visible()
        page.locator("[name=code]").fill(code.inner_text())
        page.locator("form.door-form [type=submit]").click()
        if page is person.page:
            expect(page.locator("header.top .top-name")).to_be_visible()

    def close(self, failed_test: str = "") -> list[str]:
        """Close every window; returns the scripts' own errors."""
        faults: list[str] = []
        for number, person in enumerate(self.windows):
            if failed_test:
                RESULTS.mkdir(exist_ok=True)
                for at, page in enumerate(person.context.pages):
                    picture = RESULTS / f"{failed_test}-{number}{person.name}{at or ''}.png"
                    _picture(page, picture)
                log = "\n".join([*person.trail[-80:], *person.faults])
                (RESULTS / f"{failed_test}-{number}{person.name}.txt").write_text(log)
            faults += [f"{person.name}: {fault}" for fault in person.faults]
            person.context.close()
        self.windows.clear()
        return faults


def _picture(page: Page, path: Path) -> None:
    try:
        page.screenshot(path=path, full_page=True, timeout=10_000)
    except Exception as error:
        path.with_suffix(".error").write_text(f"{page.url}: no picture: {error}")
