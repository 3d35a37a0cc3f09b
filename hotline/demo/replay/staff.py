"""The people of the loaded city who act in a replay, with their real roles; nobody gets a right they do not have."""

from __future__ import annotations

from dataclasses import dataclass, field

from hotline.accounts.models import Membership, Role, Unit, UnitLevel
from hotline.accounts.queries import actors_for
from hotline.kit.actor import Actor
from hotline.kit.errors import Refused


@dataclass(slots=True)
class Staff:
    """Actors by what they may do; `units` are those that somebody works at, `below` their staffed units below."""

    dispatchers: list[Actor] = field(default_factory=list)
    reviewers: list[Actor] = field(default_factory=list)
    callers: list[Actor] = field(default_factory=list)
    managers: dict[int, Actor] = field(default_factory=dict)
    handlers: dict[int, Actor] = field(default_factory=dict)
    below: dict[int, tuple[int, ...]] = field(default_factory=dict)
    districts: list[int] = field(default_factory=list)
    bureaus: list[int] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)

    def of_unit(self, unit_id: int) -> Actor:
        """Who acts for a unit: its manager, else a handler."""
        return self.managers.get(unit_id) or self.handlers[unit_id]


def load_staff() -> Staff:
    """Read the city's staff. Raises Refused when a duty has nobody: load a city first."""
    memberships = Membership.objects.select_related("person", "unit").filter(
        person__is_active=True, unit__closed_on=None
    )
    people = {m.person_id: m.person for m in memberships}
    actors = {actor.id: actor for actor in actors_for(people.values())}
    staff = Staff()
    hub = {Role.DISPATCHER: staff.dispatchers, Role.REVIEWER: staff.reviewers, Role.FOLLOW_UP: staff.callers}
    for membership in memberships.order_by("id"):
        actor = actors.get(membership.person_id)
        if actor is None:
            continue
        if membership.role in hub:
            hub[Role(membership.role)].append(actor)
        elif membership.role == Role.UNIT_MANAGER:
            staff.managers.setdefault(membership.unit_id, actor)
        elif membership.role == Role.HANDLER:
            staff.handlers.setdefault(membership.unit_id, actor)
    staffed = {*staff.managers, *staff.handlers}
    units = {unit.pk: unit for unit in Unit.objects.filter(pk__in=staffed)}
    staff.names = {pk: unit.name for pk, unit in units.items()}
    for pk, unit in units.items():
        # A unit's reply goes to review above, so only those with a manager send down.
        if pk in staff.managers:
            staff.below[pk] = tuple(sorted(other.pk for other in units.values() if other.parent_id == pk))
        if unit.level == UnitLevel.DISTRICT:
            staff.districts.append(pk)
        elif unit.level in (UnitLevel.BUREAU, UnitLevel.FIRM):
            staff.bureaus.append(pk)
    staff.districts.sort()
    staff.bureaus.sort()
    missing = [
        name
        for name, found in (
            ("dispatcher", staff.dispatchers),
            ("reviewer", staff.reviewers),
            ("follow_up", staff.callers),
        )
        if not found
    ]
    if missing or not (staff.districts or staff.bureaus):
        raise Refused(
            "no_staff",
            f"the city has nobody for: {', '.join(missing) or 'units'}; load one with `hotline load-city DIR`",
        )
    return staff
