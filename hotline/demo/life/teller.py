"""What all stories of a run share, and which unit a matter goes to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from hotline.demo.life.deadlines import Deadlines
from hotline.demo.life.rows import DAY_SECONDS, EAST_8, EPOCH, Rows, datetime_of
from hotline.demo.life.setting import Setting, Settings
from hotline.demo.life.world import World
from hotline.demo.phrases import Book
from hotline.dispatch.rules import Entry, category_chain, choose
from hotline.workorders.rules.numbers import format_number


class Teller:
    """The city's units and offices as stories ask for them; the rows gathered so far."""

    def __init__(self, world: World, book: Book, deadlines: Deadlines, lookup: Callable[[str], str]) -> None:
        self.world, self.book, self.deadlines, self.lookup = world, book, deadlines, lookup
        self.settings = Settings(world, book)
        self.rows = Rows()
        self._entries: dict[str, list[Entry]] = {}
        for entry in world.entries:
            self._entries.setdefault(entry.category_code, []).append(entry)
        self._leads: dict[tuple[str, str], Entry | None] = {}
        self._offices: dict[int, tuple[int, int]] = {}
        self._dated: dict[int, str] = {}

    # ---- the city

    def office(self, at: int) -> int:
        """`at` when offices are open, else some minutes after they open next."""
        day, second = divmod(at + EAST_8, DAY_SECONDS)
        days = self._offices.get(day)
        if days is None:
            local = date.fromordinal(EPOCH + day)
            here = self.deadlines.calendar.workday_on_or_after(local)
            following = self.deadlines.calendar.shift_workdays(local, 1) if here == local else here
            days = self._offices[day] = (here.toordinal() - EPOCH - day, following.toordinal() - EPOCH - day)
        minute, rest = divmod(second, 60)
        ahead, following_ahead = days
        if not ahead:
            if 540 <= minute < 1050:
                return at
            if minute >= 1050:
                ahead = following_ahead
        return at + ahead * DAY_SECONDS + (540 - minute + (rest + minute % 60 * 7) % 75) * 60

    def dated(self, at: int) -> str:
        """The beginning of the numbers that are given on a day, up to the running number."""
        day = (at + EAST_8) // DAY_SECONDS
        text = self._dated.get(day)
        if text is None:
            text = self._dated[day] = format_number(self.world.prefix, datetime_of(at), 0).removesuffix(
                "000000"
            )
        return text

    def lead_for(self, setting: Setting) -> tuple[Entry | None, int]:
        """The unit that the catalogue names for a matter in a place; else the usual level's; else the district's office."""
        spot, code = setting.spot, setting.leaf.code
        key = (code, spot.district)
        if key not in self._leads:
            chain = [entry for up in category_chain(code) for entry in self._entries.get(up, ())]
            self._leads[key] = choose(chain, code, spot.code, datetime_of(setting.at).date())
        entry = self._leads[key]
        street = self.world.street_units.get(spot.street)
        district = self.world.district_units.get(spot.district)
        level = self.world.leaf_levels.get(code, "")
        draw = setting.rng.random()
        if setting.focused and entry is not None:
            return entry, entry.lead_unit_id
        if level == "street" and street is not None and (draw < 0.6 or district is None):
            return entry, street
        local = level in ("street", "department", "district")
        if local and district is not None and (draw < 0.35 or entry is None):
            return entry, district
        if entry is not None:
            return entry, entry.lead_unit_id
        return None, self.world.default_units.get(code) or district or street or next(
            unit for unit in self.world.units if unit != self.world.hub
        )

    def other_unit(self, lead: int, setting: Setting) -> int:
        """Where an order goes after its return: the district's office, or the department above."""
        district = self.world.district_units.get(setting.spot.district)
        street = self.world.street_units.get(setting.spot.street)
        if district is not None and lead != district:
            return district
        return street if street is not None and street != lead else lead

    def below(self, unit: int, setting: Setting) -> int | None:
        """A unit to send down to: the place's street, else a department of the matter, else any that is nearest."""
        info = self.world.units[unit]
        if not info.children:
            return None
        street = self.world.street_units.get(setting.spot.street)
        entry = self._leads.get((setting.leaf.code, setting.spot.district))
        if entry is not None and entry.lead_unit_id in info.children and setting.rng.random() < 0.7:
            return entry.lead_unit_id
        if street in info.children:
            return street
        fitting = [
            child for child in info.children if self.world.units[child].area == info.area
        ] or info.children
        return fitting[int(setting.rng.random() * len(fitting))]

    def helper(self, unit: int, setting: Setting) -> int | None:
        """A unit to ask for its opinion."""
        street = self.world.street_units.get(setting.spot.street)
        if street is not None and street != unit:
            return street
        return self.world.district_units.get(setting.spot.district)
