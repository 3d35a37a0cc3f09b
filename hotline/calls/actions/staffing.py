"""Who can do what at the telephone, and when they are planned to be there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Person
from hotline.audit import actions as audit
from hotline.calls.actions.lines import refuse_stranding
from hotline.calls.models import AgentShift, Lane, PersonSkill, Skill
from hotline.calls.permissions import can_configure, can_plan
from hotline.calls.queries.staffing import telephone_people
from hotline.calls.rules.stranding import LONGEST_SHIFT, overlapping
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE, now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.tables import read_table

LEVELS = range(6)
COLUMNS = ("username", "day", "begins", "ends")
MOST_ROWS = 5_000
FAR = timedelta(days=400)
"""Beyond it a day of a plan is a slip of the pen."""


@transaction.atomic
def save_skill(*, actor: Actor, code: str, name: str, new: bool = False) -> Skill:
    """A skill and its name. Raises NotPermitted, NotVisible, Invalid."""
    can_configure(actor).require("calls:configure")
    row = Skill.objects.select_for_update().filter(code=code).first()
    if new and row is not None:
        words = _("This code is taken.")
        raise Invalid("code", words, details={"code": words})
    if not new and row is None:
        raise NotVisible(code)
    if not name.strip() or len(name.strip()) > 60:
        words = _("Give the skill a name.")
        raise Invalid("name", words, details={"name": words})
    before = row.name if row is not None else None
    saved = row or Skill(code=code)
    saved.name = name.strip()
    saved.save()
    if saved.name != before:
        data = {"name": [before, saved.name]}
        audit.record(actor=actor, verb="calls.save_skill", object_type="skill", object_id=saved.pk, data=data)
    return saved


@transaction.atomic
def remove_skill(*, actor: Actor, code: str) -> None:
    """A skill that no lane asks for goes, with everybody's level in it. Raises NotPermitted, NotVisible, Refused `skill_in_use`."""
    can_configure(actor).require("calls:configure")
    row = Skill.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise NotVisible(code)
    lanes = list(Lane.objects.filter(skill=row))
    if lanes:
        raise Refused(
            "skill_in_use",
            _("These lanes ask for it: %(names)s. Change them first.") % {"names": "、".join(one.name for one in lanes)},
        )
    audit.record(
        actor=actor, verb="calls.remove_skill", object_type="skill", object_id=row.pk, data={"name": [row.name, None]}
    )
    row.delete()


@transaction.atomic
def set_levels(*, actor: Actor, levels: Mapping[tuple[int, str], int]) -> int:
    """Levels of people by (person, skill's code); 0: not trained. How many changed.

    Raises NotPermitted, Invalid, Refused `strands` when callers would wait for nobody.
    """
    can_configure(actor).require("calls:configure")
    skills = {row.code: row for row in Skill.objects.select_for_update()}
    known = {
        (row.person_id, row.skill.code): row
        for row in PersonSkill.objects.select_related("skill").filter(person_id__in={person for person, _c in levels})
    }
    people = {row.pk for row in telephone_people()}
    changed: list[str] = []
    for (person, code), level in levels.items():
        if person not in people or code not in skills or level not in LEVELS:
            raise Invalid("levels", _("A level is a number from 0 to 5 of somebody who takes calls."))
        row = known.get((person, code))
        before = row.level if row is not None else 0
        if before == level:
            continue
        if row is not None and level == 0:
            row.delete()
        else:
            PersonSkill.objects.update_or_create(
                person_id=person, skill=skills[code], defaults={"level": level}
            )
        changed.append(f"{person}/{code}: {before}→{level}")
    if changed:
        refuse_stranding()
        audit.record(
            actor=actor, verb="calls.set_levels", object_type="skills", object_id="all", data={"levels": changed}
        )
    return len(changed)


# -- shifts ----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def plan_shift(*, actor: Actor, person_id: int, begins_at: datetime, ends_at: datetime) -> AgentShift:
    """When somebody is to be at the telephone. Raises NotPermitted, Invalid: too long, over, or into another shift of theirs."""
    can_plan(actor).require("calls:plan")
    if person_id not in {row.pk for row in telephone_people()}:
        words = _("This person takes no calls.")
        raise Invalid("person", words, details={"person": words})
    # One person's plan by one at a time.
    Person.objects.select_for_update().get(pk=person_id)
    fault = _fault(begins_at, ends_at, _shifts_of(person_id, begins_at, ends_at))
    if fault:
        raise Invalid("shift", fault, details={"ends": fault})
    row = AgentShift.objects.create(person_id=person_id, begins_at=begins_at, ends_at=ends_at)
    audit.record(
        actor=actor,
        verb="calls.plan_shift",
        object_type="person",
        object_id=person_id,
        data={"from": begins_at, "until": ends_at},
    )
    return row


@transaction.atomic
def remove_shift(*, actor: Actor, shift_id: int) -> AgentShift:
    """Out of the plan. Raises NotPermitted, NotVisible, Refused `begun`: what was worked stays in the record."""
    can_plan(actor).require("calls:plan")
    row = AgentShift.objects.select_for_update().filter(pk=shift_id).first()
    if row is None:
        raise NotVisible(shift_id)
    if row.begins_at <= now():
        raise Refused("begun", _("This shift has begun; it stays in the record."))
    audit.record(
        actor=actor,
        verb="calls.remove_shift",
        object_type="person",
        object_id=row.person_id,
        data={"from": row.begins_at, "until": row.ends_at},
    )
    row.delete()
    return row


@dataclass(frozen=True, slots=True)
class ShiftFault:
    """A line of a list that cannot be planned, and why."""

    line: int
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class ShiftPlan:
    """What a list means: shifts to be made (`people`: how many), and its faults."""

    shifts: list[tuple[int, datetime, datetime]]
    people: int
    faults: list[ShiftFault]
    made: int = 0


@transaction.atomic
def import_shifts(*, actor: Actor, text: str, dry_run: bool) -> ShiftPlan:
    """Shifts of a CSV list with the columns `COLUMNS`: all of them, or none while a line is wrong. Raises NotPermitted, Invalid `file`."""
    can_plan(actor).require("calls:plan")
    people = {row.username: row.pk for row in telephone_people()}
    shifts: list[tuple[int, datetime, datetime]] = []
    faults: list[ShiftFault] = []
    if not dry_run:
        list(Person.objects.select_for_update().filter(pk__in=people.values()).order_by("pk"))
    for line, cells in read_table(text, COLUMNS):
        if len(shifts) + len(faults) >= MOST_ROWS:
            words = _("At most %(count)d lines in one list.") % {"count": MOST_ROWS}
            raise Invalid("file", words, details={"file": words})
        shift, why, value = _read(cells, people)
        if shift is not None:
            person, begins, ends = shift
            mine = [(other[1], other[2]) for other in shifts if other[0] == person]
            why = _fault(begins, ends, [*_shifts_of(person, begins, ends), *mine])
            value = f"{cells['username']} {cells['day']} {cells['begins']}"
        if shift is None or why:
            faults.append(ShiftFault(line, value, why))
        else:
            shifts.append(shift)
    plan = ShiftPlan(shifts, len({one[0] for one in shifts}), faults)
    if dry_run or faults or not shifts:
        return plan
    AgentShift.objects.bulk_create(
        AgentShift(person_id=person, begins_at=begins, ends_at=ends) for person, begins, ends in shifts
    )
    audit.record(
        actor=actor,
        verb="calls.import_shifts",
        object_type="shifts",
        object_id="all",
        data={"rows": len(shifts), "from": min(one[1] for one in shifts), "until": max(one[2] for one in shifts)},
    )
    return ShiftPlan(shifts, plan.people, [], len(shifts))


def span(day: date, begins: time, ends: time) -> tuple[datetime, datetime]:
    """The city's clock to moments; an end that is not after the beginning lies on the next day."""
    start = datetime.combine(day, begins, CITY_ZONE)
    return start, datetime.combine(day if ends > begins else day + timedelta(days=1), ends, CITY_ZONE)


def _read(
    cells: Mapping[str, str], people: Mapping[str, int]
) -> tuple[tuple[int, datetime, datetime] | None, str, str]:
    if cells["username"] not in people:
        return None, _("nobody of this user name takes calls"), cells["username"]
    try:
        day = date.fromisoformat(cells["day"])
    except ValueError:
        return None, _("this is not a date (2026-01-31)"), cells["day"]
    try:
        times = [time.fromisoformat(cells[name].rjust(5, "0")) for name in ("begins", "ends")]
    except ValueError:
        return None, _("this is not a time (08:30)"), f"{cells['begins']}–{cells['ends']}"
    begins, ends = span(day, *times)
    return (people[cells["username"]], begins, ends), "", ""


def _fault(begins: datetime, ends: datetime, others: Sequence[tuple[datetime, datetime]]) -> str:
    if ends <= begins or ends - begins > LONGEST_SHIFT:
        return _("A shift lasts at most %(hours)d hours.") % {"hours": LONGEST_SHIFT.total_seconds() // 3600}
    if ends <= now():
        return _("This shift is over already.")
    if begins > now() + FAR:
        return _("This day is too far ahead.")
    other = overlapping(begins, ends, others)
    if other is not None:
        start, end = (moment.astimezone(CITY_ZONE) for moment in other)
        return _("They have another shift then, %(begins)s to %(ends)s.") % {
            "begins": f"{start:%m-%d %H:%M}",
            "ends": f"{end:%H:%M}",
        }
    return ""


def _shifts_of(person: int, begins: datetime, ends: datetime) -> list[tuple[datetime, datetime]]:
    rows: Iterable[tuple[datetime, datetime]] = AgentShift.objects.filter(
        person_id=person, begins_at__lt=ends, ends_at__gt=begins
    ).values_list("begins_at", "ends_at")
    return list(rows)
