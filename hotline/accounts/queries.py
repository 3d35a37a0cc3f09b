"""Reads of people, units and citizens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from hotline.accounts.models import Citizen, Delegation, Membership, Person, Role, Unit
from hotline.accounts.rules import codes_of, normalize_email, normalize_id_number, normalize_phone
from hotline.kit.actor import Actor, ActorKind, Grant
from hotline.kit.clock import CITY_ZONE, now
from hotline.kit.crypto import identity_ring

PHONE_HASH, ID_HASH, EMAIL_HASH = "phone", "id_number", "email"


# ── actors ──


def actor_for(person: Person) -> Actor:
    """The person as an actor: memberships in effect, and those of whoever delegated to them. Two statements.

    A deactivated person, or one whose unit is closed, has no grants.
    """
    return actors_for([person])[0]


def actors_for(people: Iterable[Person]) -> list[Actor]:
    """Several people as actors with two statements, in the order given."""
    everyone = list(people)
    moment = now()
    delegations = in_effect(moment).filter(to_person__in=everyone, from_person__is_active=True)
    given: dict[int, dict[int, str]] = defaultdict(dict)
    for delegation in delegations.select_related("from_person"):
        given[delegation.to_person_id][delegation.from_person_id] = delegation.from_person.name
    ids = {person.id for person in everyone} | {person for some in given.values() for person in some}
    grants: dict[int, list[Grant]] = defaultdict(list)
    lines: dict[int, str] = {}
    for membership in _valid_memberships(moment).filter(person__in=ids).order_by("id"):
        grants[membership.person_id].append(_grant(membership))
        lines.setdefault(membership.person_id, f"{membership.unit.short_name} · {membership.get_role_display()}")
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
        name = _("%(name)s (for %(others)s)") % {"name": name, "others": _(", ").join(delegated[one] for one in acting)}
    return Actor(
        kind=ActorKind.STAFF,
        id=person.id,
        name=name,
        grants=merged,
        permissions=frozenset(code for grant in merged for code in codes_of(grant.role)),
        delegated_from=tuple(acting),
    )


def _grant(membership: Membership) -> Grant:
    return Grant(
        role=membership.role,
        unit_id=membership.unit_id,
        unit_path=membership.unit.path,
        area_code=membership.area_code,
        handles_secret=membership.handles_secret,
    )


def _valid_memberships(moment: datetime) -> QuerySet[Membership]:
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


# ── units ──


def open_units(day: date | None = None) -> QuerySet[Unit]:
    """Units that are not closed (on `day`, default today)."""
    when = day or now().astimezone(CITY_ZONE).date()
    return Unit.objects.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=when))


def subtree_ids(unit_ids: Iterable[int]) -> list[int]:
    """Ids of these units and of all below them."""
    paths = list(Unit.objects.filter(id__in=list(unit_ids)).values_list("path", flat=True))
    if not paths:
        return []
    condition = Q()
    for path in paths:
        condition |= Q(path__startswith=path)
    return list(Unit.objects.filter(condition).order_by("id").values_list("id", flat=True))


def unit_path_ids(unit: Unit) -> list[int]:
    """Ids from the root down to the unit itself; no statement."""
    return [int(part) for part in unit.path.split("/") if part]


def search_units(text: str, *, limit: int = 20, within: Iterable[int] = ()) -> list[Unit]:
    """Open units by name, short name, code, full pinyin or initials; the nearest first.

    `within`: ids of units; only they and units below them are found.
    """
    wanted = "".join(text.split()).lower()
    if not wanted:
        return []
    found = open_units().filter(
        Q(name__icontains=wanted) | Q(short_name__icontains=wanted) | Q(pinyin__contains=wanted) | Q(code__iexact=wanted)
    )
    roots = list(Unit.objects.filter(id__in=list(within)).values_list("path", flat=True))
    if roots:
        condition = Q()
        for path in roots:
            condition |= Q(path__startswith=path)
        found = found.filter(condition)
    rank = Case(
        When(Q(code__iexact=wanted) | Q(short_name__iexact=wanted) | Q(name__iexact=wanted), then=Value(0)),
        When(Q(short_name__istartswith=wanted) | Q(name__istartswith=wanted), then=Value(1)),
        When(pinyin__startswith=wanted, then=Value(2)),
        When(pinyin__contains=" " + wanted, then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
    return list(found.annotate(rank=rank).order_by("rank", "path")[:limit])


# ── citizens ──


def find_citizen(phone: str) -> Citizen | None:
    """The citizen of a full phone number, by keyed hash; None when unknown or not a number."""
    digits = normalize_phone(phone)
    return Citizen.objects.filter(phone_hash=phone_hash(digits)).first() if digits else None


def phone_hash(digits: str) -> bytes:
    """Keyed hash of normalised digits."""
    return identity_ring().keyed_hash(digits, PHONE_HASH)


def find_citizens(*, id_number: str = "", email: str = "") -> list[Citizen]:
    """Citizens with exactly this document number or address."""
    ring = identity_ring()
    if id_number:
        wanted = Q(id_number_hash=ring.keyed_hash(normalize_id_number(id_number), ID_HASH))
    elif email:
        wanted = Q(email_hash=ring.keyed_hash(normalize_email(email), EMAIL_HASH))
    else:
        return []
    return list(Citizen.objects.filter(wanted).order_by("id")[:20])


def citizen_actor(citizen_id: int, name: str = "") -> Actor:
    """A citizen as an actor; id 0 is an anonymous visitor."""
    from hotline.accounts.rules import CITIZEN_CODES

    return Actor(kind=ActorKind.CITIZEN, id=citizen_id, name=name, permissions=CITIZEN_CODES if citizen_id else frozenset())
