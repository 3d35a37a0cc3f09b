"""Who takes calls, what they can do, when they are planned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from hotline.accounts.models import Membership, Person, Role
from hotline.accounts.rules import codes_of
from hotline.calls.models import AgentShift, PersonSkill, Skill
from hotline.kit.clock import CITY_ZONE, today

TAKES = tuple(role for role in Role if "calls:take" in codes_of(role))


def telephone_people() -> list[Person]:
    """Everybody in service whose role takes calls, by name."""
    day = today()
    holds = Membership.objects.filter(
        Q(valid_from=None) | Q(valid_from__lte=day),
        Q(valid_until=None) | Q(valid_until__gte=day),
        role__in=TAKES,
    )
    return list(
        Person.objects.filter(is_active=True, pk__in=holds.values("person_id")).order_by("name", "id")
    )


@dataclass(frozen=True, slots=True)
class Trained:
    """One row of the grid: levels in the order of the skills, 0 not trained."""

    person: Person
    levels: list[tuple[Skill, int]]


def grid() -> tuple[list[Skill], list[Trained]]:
    """Skills by name, and everybody who takes calls with their level in each."""
    skills = list(Skill.objects.order_by("name", "id"))
    found: dict[tuple[int, int], int] = {
        (person, skill): level
        for person, skill, level in PersonSkill.objects.values_list("person_id", "skill_id", "level")
    }
    return skills, [
        Trained(person, [(skill, found.get((person.pk, skill.pk), 0)) for skill in skills])
        for person in telephone_people()
    ]


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One person's week: each day with its shifts, by when they begin."""

    person: Person
    days: list[list[AgentShift]]


@dataclass(frozen=True, slots=True)
class Week:
    """`hours`: planned hours of each day, all people together."""

    monday: date
    days: list[date]
    rows: list[PlanRow]
    hours: list[float]


def week_of(day: date) -> Week:
    """The plan of the week that the day lies in."""
    monday = day - timedelta(days=day.weekday())
    days = [monday + timedelta(days=count) for count in range(7)]
    start = datetime.combine(monday, datetime.min.time(), CITY_ZONE)
    shifts = AgentShift.objects.filter(
        begins_at__gte=start, begins_at__lt=start + timedelta(days=7)
    ).order_by("begins_at")
    people = {person.pk: person for person in telephone_people()}
    planned: dict[int, list[list[AgentShift]]] = {pk: [[] for _day in days] for pk in people}
    hours = [0.0] * 7
    for shift in shifts.select_related("person"):
        place = (shift.begins_at.astimezone(CITY_ZONE).date() - monday).days
        hours[place] += (shift.ends_at - shift.begins_at).total_seconds() / 3600
        people.setdefault(shift.person_id, shift.person)
        planned.setdefault(shift.person_id, [[] for _day in days])[place].append(shift)
    return Week(monday, days, [PlanRow(people[pk], rows) for pk, rows in planned.items()], hours)
