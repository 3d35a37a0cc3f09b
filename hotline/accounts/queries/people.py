"""Staff, their roles, sessions and stand-ins."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from hotline.accounts.models import Delegation, ExternalAccount, Membership, Person, Role, StaffSession, Unit
from hotline.accounts.permissions import reaches
from hotline.accounts.rules import Scope, codes_of
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import NotVisible
from hotline.kit.numbers import whole

PACKAGES: Mapping[str, str | Promise] = {
    "accounts": _("Staff and units"),
    "audit": _("Audit"),
    "workorders": _("Work orders"),
    "intake": _("Intake"),
    "dispatch": _("Dispatch"),
    "followup": _("Follow-up"),
    "worktime": _("Deadlines"),
    "places": _("Places"),
    "knowledge": _("Knowledge base"),
    "suggestions": _("Suggestions"),
    "exchange": _("Exchange"),
    "ops": _("Operation"),
}
"""Names of the packages that permission codes begin with."""


def people_visible_to(
    actor: Actor, *, text: str = "", role: str = "", unit_id: str = "", inactive: bool = False
) -> QuerySet[Person]:
    """Staff whom the actor keeps: all, or those with a role in their subtree."""
    ways = reaches(actor, "accounts:manage_people")
    rows = Person.objects.filter(is_active=not inactive)
    if not any(way.scope == Scope.CITY for way in ways):
        reach = Q(pk__in=[])
        for way in ways:
            reach |= Q(unit__path__startswith=way.grant.unit_path)
        rows = rows.filter(Exists(Membership.objects.filter(reach, person=OuterRef("pk"))))
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(username__icontains=text.lower()))
    held = Membership.objects.filter(person=OuterRef("pk"))
    if role in Role.values:
        rows = rows.filter(Exists(held.filter(role=role)))
    if whole(unit_id) is not None:
        rows = rows.filter(Exists(held.filter(unit__path__contains=f"/{unit_id}/")))
    return rows


def get_visible_person(actor: Actor, person_id: int) -> Person:
    """One of `people_visible_to`, in service or not. Raises NotVisible."""
    for inactive in (False, True):
        person = people_visible_to(actor, inactive=inactive).filter(pk=person_id).first()
        if person is not None:
            return person
    raise NotVisible


def fill_roles(people: Iterable[Person]) -> None:
    """Give each person `roles`: their memberships; one statement."""
    rows = list(people)
    held: dict[int, list[Membership]] = defaultdict(list)
    for membership in Membership.objects.filter(person__in=rows).select_related("unit").order_by("id"):
        held[membership.person_id].append(membership)
    for person in rows:
        person.roles = held[person.pk]  # type: ignore[attr-defined]


def memberships_of(person_id: int) -> list[Membership]:
    """All roles of a person."""
    return list(Membership.objects.filter(person_id=person_id).select_related("unit").order_by("id"))


def delegations_of(person_id: int) -> list[Delegation]:
    """Who acts for this person, now or later."""
    return list(_coming().filter(from_person_id=person_id).select_related("to_person"))


def delegations_to(person_id: int) -> list[Delegation]:
    """For whom this person acts, now or later."""
    return list(_coming().filter(to_person_id=person_id).select_related("from_person"))


def _coming() -> QuerySet[Delegation]:
    return Delegation.objects.filter(revoked_at__isnull=True, ends_at__gt=now()).order_by("starts_at", "id")


def second_factor_of(person_id: int) -> dict[str, object] | None:
    """`{"since", "codes_left"}` of an enrolled device, None without one."""
    device = TOTPDevice.objects.filter(user_id=person_id, confirmed=True).first()
    if device is None:
        return None
    return {
        "since": device.created_at,
        "codes_left": StaticToken.objects.filter(device__user_id=person_id).count(),
    }


def external_account_of(person_id: int) -> ExternalAccount | None:
    """Who the person is at the identity provider."""
    return ExternalAccount.objects.filter(person_id=person_id).first()


def sessions_of(actor: Actor, person_id: int) -> list[StaffSession]:
    """The latest sessions of oneself, or of anybody for those who keep staff or sessions."""
    if actor.id != person_id and not (
        actor.has("accounts:manage_sessions") or actor.has("accounts:manage_people")
    ):
        raise NotVisible
    return list(StaffSession.objects.filter(person_id=person_id).order_by("-seen_at", "-id")[:30])


def open_sessions(actor: Actor, text: str = "") -> QuerySet[StaffSession]:
    """Everybody's open sessions; by name, user name or address."""
    if not actor.has("accounts:manage_sessions"):
        raise NotVisible
    rows = StaffSession.objects.filter(ended_at__isnull=True).select_related("person")
    if text:
        wanted = Q(person__name__icontains=text) | Q(person__username__icontains=text.lower())
        rows = rows.filter(wanted | Q(ip=text) if _is_address(text) else wanted)
    return rows


def _is_address(text: str) -> bool:
    from ipaddress import ip_address

    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def demo_staff() -> list[tuple[str, str]]:
    """One demo member of staff of each role: user name and role; for the sign-in page of demo mode.

    Of several the one whose unit has the most units below it, because most arrives there.
    """
    held = Membership.objects.filter(person__totpdevice__name="demo", person__is_active=True)
    below = Counter(above for path in Unit.objects.values_list("path", flat=True) for above in path.strip("/").split("/"))
    names: dict[str, str] = {}
    rows = held.order_by("person_id").values_list("role", "person__username", "unit_id")
    for role, username, _unit in sorted(rows, key=lambda row: -below[str(row[2])]):
        names.setdefault(role, username)
    working = [role for role in Role if len(codes_of(role)) > 3 or role == Role.AUDITOR]
    return [(names[role], str(role.label)) for role in working if role in names]
