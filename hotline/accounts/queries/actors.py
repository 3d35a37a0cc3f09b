"""People and citizens as actors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from hotline.accounts.models import Delegation, Membership, Person, Role
from hotline.accounts.rules import CITIZEN_CODES, codes_of
from hotline.kit.actor import Actor, ActorKind, Grant
from hotline.kit.clock import CITY_ZONE, now
from hotline.kit.statements import fetch_one

# Asked at every page of every member of staff: one statement whose plan the server keeps.
_GRANTS = """
WITH given AS (
    SELECT d.to_person_id, d.from_person_id, p.name
    FROM accounts_delegation d JOIN accounts_person p ON p.id = d.from_person_id
    WHERE d.to_person_id = ANY(%s::bigint[]) AND p.is_active
        AND d.revoked_at IS NULL AND d.starts_at <= %s AND d.ends_at > %s
)
SELECT
    (SELECT json_agg(json_build_array(to_person_id, from_person_id, name)) FROM given),
    (
        SELECT json_agg(
            json_build_array(
                m.person_id, u.short_name, m.role, m.unit_id, u.path, m.area_code, m.handles_secret
            ) ORDER BY m.id
        )
        FROM accounts_membership m JOIN accounts_unit u ON u.id = m.unit_id
        WHERE (m.person_id = ANY(%s::bigint[]) OR m.person_id IN (SELECT from_person_id FROM given))
            AND m.role = ANY(%s::text[])
            AND (m.valid_from IS NULL OR m.valid_from <= %s) AND (m.valid_until IS NULL OR m.valid_until >= %s)
            AND (u.closed_on IS NULL OR u.closed_on > %s)
    )
"""


def actor_for(person: Person) -> Actor:
    """The person as an actor: memberships in effect, and those of whoever delegated to them. One statement.

    A deactivated person, or one whose unit is closed, has no grants.
    """
    return actors_for([person])[0]


def actors_for(people: Iterable[Person]) -> list[Actor]:
    """Several people as actors with one statement, in the order given."""
    everyone = list(people)
    moment = now()
    day = moment.astimezone(CITY_ZONE).date()
    ids = [person.id for person in everyone]
    found = fetch_one(_GRANTS, [ids, moment, moment, ids, list(Role.values), day, day, day])
    assert found is not None
    given: dict[int, dict[int, str]] = defaultdict(dict)
    for to, by, name in found[0] or ():
        given[to][by] = name
    grants: dict[int, list[Grant]] = defaultdict(list)
    lines: dict[int, str] = {}
    for holder, unit, role, *rest in found[1] or ():
        grants[holder].append(Grant(role, *rest))
        lines.setdefault(holder, f"{unit} · {Role(role).label}")
    for person in everyone:
        person.duty_line = lines.get(person.id, "")
    return [_actor(person, given.get(person.id, {}), grants) for person in everyone]


def _actor(person: Person, delegated: dict[int, str], grants: dict[int, list[Grant]]) -> Actor:
    if not person.is_active:
        return Actor(kind=ActorKind.STAFF, id=person.id, name=person.name)
    own = grants.get(person.id, [])
    acting = [one for one in delegated if grants.get(one)]
    merged = tuple(dict.fromkeys([*own, *(grant for one in acting for grant in grants[one])]))
    name = person.name
    if acting:
        name = _("%(name)s (for %(others)s)") % {
            "name": name,
            "others": _(", ").join(delegated[one] for one in acting),
        }
    return Actor(
        kind=ActorKind.STAFF,
        id=person.id,
        name=name,
        grants=merged,
        permissions=frozenset(code for grant in merged for code in codes_of(grant.role)),
        delegated_from=tuple(acting),
    )


def grant_of(membership: Membership) -> Grant:
    """A membership as a grant."""
    return Grant(
        role=membership.role,
        unit_id=membership.unit_id,
        unit_path=membership.unit.path,
        area_code=membership.area_code,
        handles_secret=membership.handles_secret,
    )


def valid_memberships(moment: datetime) -> QuerySet[Membership]:
    """Memberships in effect at a moment, at units that are open."""
    day = moment.astimezone(CITY_ZONE).date()
    return Membership.objects.select_related("unit").filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=day),
        Q(valid_until__isnull=True) | Q(valid_until__gte=day),
        Q(unit__closed_on__isnull=True) | Q(unit__closed_on__gt=day),
        role__in=Role.values,
    )


def in_effect(moment: datetime) -> QuerySet[Delegation]:
    """Delegations that hold at a moment."""
    return Delegation.objects.filter(revoked_at__isnull=True, starts_at__lte=moment, ends_at__gt=moment)


def person_named(username: str) -> Person | None:
    """The active person with this user name, whatever its letters' case."""
    return Person.objects.filter(username=username.strip().lower(), is_active=True).first()


def citizen_actor(citizen_id: int, name: str = "") -> Actor:
    """A citizen as an actor; id 0 is an anonymous visitor."""
    return Actor(
        kind=ActorKind.CITIZEN,
        id=citizen_id,
        name=name,
        permissions=CITIZEN_CODES if citizen_id else frozenset(),
    )
