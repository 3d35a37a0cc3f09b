"""Staff: made, changed, given roles, put out of service; acting for one another while away."""

from __future__ import annotations

import secrets
import string
from datetime import date, datetime
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from hotline.accounts.actions.sessions import end_all_sessions
from hotline.accounts.models import Delegation, Membership, Person, Role, Unit
from hotline.accounts.permissions import reaches, scope_allows
from hotline.accounts.rules import SINGLE_UNIT_ROLES, Scope, SessionEnd, area_missing, incompatible
from hotline.audit import actions as audit
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused

CODE = "accounts:manage_people"
FIELDS = ("name", "title", "phone", "email", "language")
FORMER = 5
"""A new password differs from that many former ones (等保 level 3)."""


@transaction.atomic
def create_person(
    *,
    actor: Actor,
    username: str,
    name: str,
    unit_id: int,
    role: str,
    area_code: str = "",
    password: str = "",
    **more: Any,
) -> tuple[Person, str]:
    """Make a member of staff with a first role; returns them and the first password, which they change on signing in.

    Raises Invalid when the user name is taken, and whatever `add_membership` raises.
    """
    username = username.strip().lower()
    first = password or temporary_password()
    person = Person(
        username=username,
        name=name.strip(),
        must_change_password=not password,
        password=make_password(first),
        **_known(more),
    )
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError:
        words = _("The user name %(name)s is taken.") % {"name": username}
        raise Invalid("username_taken", words, details={"username": words}) from None
    audit.record(
        actor=actor,
        verb="accounts.create_person",
        object_type="person",
        object_id=person.pk,
        data={"username": username},
    )
    add_membership(actor=actor, person_id=person.pk, unit_id=unit_id, role=role, area_code=area_code)
    return person, first


@transaction.atomic
def change_person(*, actor: Actor, person_id: int, **values: Any) -> Person:
    """Change FIELDS of oneself (phone, e-mail, language) or, by an administrator, of others."""
    person = _locked(person_id)
    if _is_self(actor, person):
        if not set(values) <= {"phone", "email", "language"}:
            raise NotPermitted(CODE, _("Your administrator changes name and title."))
    else:
        permit(actor, person)
    before = {name: getattr(person, name) for name in values}
    for name, value in _known(values).items():
        setattr(person, name, value)
    person.save(update_fields=list(values))
    audit.record(
        actor=actor,
        verb="accounts.change_person",
        object_type="person",
        object_id=person.pk,
        data={"fields": [name for name in values if before[name] != values[name]]},
    )
    return person


@transaction.atomic
def add_membership(
    *,
    actor: Actor,
    person_id: int,
    unit_id: int,
    role: str,
    area_code: str = "",
    handles_secret: bool = False,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Membership:
    """Give a role at a unit. Nobody gives a role to themselves; administrator and auditor never meet in one person."""
    person = _locked(person_id)
    unit = Unit.objects.filter(pk=unit_id).first()
    if unit is None:
        raise NotVisible
    _permit_role(actor, person, role, unit)
    if area_missing(role, unit.level, area_code):
        area_code = unit.area_code
        if not area_code:
            words = _(
                "%(role)s reaches the whole city. Outside the hotline centre, name the area that it is limited to."
            ) % {"role": Role(role).label}
            raise Invalid("area_missing", words, details={"area_code": words})
    held = set(Membership.objects.filter(person=person).values_list("role", flat=True))
    if incompatible(held | {str(role)}):
        raise Refused("incompatible_roles", _("Administrator and security auditor must be different people."))
    try:
        with transaction.atomic():
            membership = Membership.objects.create(
                person=person,
                unit=unit,
                role=Role(role),
                area_code=area_code,
                handles_secret=handles_secret,
                valid_from=valid_from,
                valid_until=valid_until,
            )
    except IntegrityError:
        raise Refused(
            "membership_exists", _("%(person)s has this role at this unit already.") % {"person": person.name}
        ) from None
    audit.record(
        actor=actor,
        verb="accounts.add_membership",
        object_type="person",
        object_id=person.pk,
        data={"unit": unit.pk, "role": str(role), "area": area_code, "secret": handles_secret},
    )
    return membership


@transaction.atomic
def end_membership(*, actor: Actor, membership_id: int) -> None:
    """Take a role away, at once."""
    membership = Membership.objects.select_related("person", "unit").filter(pk=membership_id).first()
    if membership is None:
        raise NotVisible
    person = _locked(membership.person_id)
    _permit_role(actor, person, membership.role, membership.unit)
    membership.delete()
    audit.record(
        actor=actor,
        verb="accounts.end_membership",
        object_type="person",
        object_id=person.pk,
        data={"unit": membership.unit_id, "role": membership.role, "area": membership.area_code},
    )


@transaction.atomic
def deactivate_person(*, actor: Actor, person_id: int, reason: str) -> Person:
    """No more sign-in; open sessions end at once. What the person did stays theirs."""
    person = _locked(person_id)
    if _is_self(actor, person):
        raise Refused("self", _("Nobody can put themselves out of service; ask another administrator."))
    permit(actor, person)
    person.is_active = False
    person.save(update_fields=["is_active"])
    end_all_sessions(actor=actor, person_id=person.pk, why=SessionEnd.DEACTIVATED)
    audit.record(
        actor=actor,
        verb="accounts.deactivate_person",
        object_type="person",
        object_id=person.pk,
        reason=reason,
    )
    return person


@transaction.atomic
def activate_person(*, actor: Actor, person_id: int) -> Person:
    """Into service again."""
    person = _locked(person_id)
    permit(actor, person)
    person.is_active = True
    person.save(update_fields=["is_active"])
    audit.record(actor=actor, verb="accounts.activate_person", object_type="person", object_id=person.pk)
    return person


@transaction.atomic
def reset_password(*, actor: Actor, person_id: int) -> str:
    """A new first password, shown once; open sessions end."""
    person = _locked(person_id)
    if _is_self(actor, person):
        raise Refused("self", _("Change your own password on your profile."))
    permit(actor, person)
    fresh = temporary_password()
    _set_password(person, fresh, must_change=True)
    end_all_sessions(actor=actor, person_id=person.pk, why=SessionEnd.PASSWORD)
    audit.record(actor=actor, verb="accounts.reset_password", object_type="person", object_id=person.pk)
    return fresh


@transaction.atomic
def change_password(
    *, actor: Actor, person_id: int, old: str, new: str, keep_session: int | None = None
) -> Person:
    """One's own password; other sessions end. Raises Invalid with the fields' messages."""
    person = _locked(person_id)
    if not _is_self(actor, person):
        raise NotVisible
    if not check_password(old, person.password):
        raise Invalid(
            "wrong_password",
            _("The present password is wrong."),
            details={"old": _("The present password is wrong.")},
        )
    return _change_own(actor, person, new, keep_session)


@transaction.atomic
def change_password_at_sign_in(*, actor: Actor, person_id: int, new: str) -> Person:
    """A first or reset password is replaced; the old one was given a moment ago. Refused when none is due."""
    person = _locked(person_id)
    if not _is_self(actor, person):
        raise NotVisible
    if not person.must_change_password:
        raise Refused("not_due", _("Change your own password on your profile."))
    return _change_own(actor, person, new, None)


def _change_own(actor: Actor, person: Person, new: str, keep_session: int | None) -> Person:
    try:
        validate_password(new, person)
    except ValidationError as error:
        raise Invalid("weak_password", error.messages[0], details={"new": error.messages[0]}) from None
    if any(check_password(new, former) for former in [person.password, *person.password_history]):
        words = _("Choose a password that you have not used lately.")
        raise Invalid("used_password", words, details={"new": words})
    _set_password(person, new, must_change=False)
    end_all_sessions(actor=actor, person_id=person.pk, why=SessionEnd.PASSWORD, keep=keep_session)
    audit.record(actor=actor, verb="accounts.change_password", object_type="person", object_id=person.pk)
    return person


@transaction.atomic
def delegate(
    *,
    actor: Actor,
    from_person_id: int,
    to_person_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
) -> Delegation:
    """While `from_person` is away, `to_person` also acts with their roles. Given by oneself or by an administrator.

    Administrator's and auditor's roles are not lent: a stand-in gets them in their own name.
    """
    giver, taker = _locked(from_person_id), _locked(to_person_id)
    if not _is_self(actor, giver):
        permit(actor, giver)
    if giver.pk == taker.pk:
        raise Invalid(
            "same_person", _("Choose somebody else."), details={"to_person": _("Choose somebody else.")}
        )
    if not taker.is_active:
        raise Refused("inactive", _("%(person)s is out of service.") % {"person": taker.name})
    if ends_at <= starts_at or ends_at <= now():
        raise Invalid(
            "period",
            _("The end must lie after the beginning and in the future."),
            details={"ends_at": _("The end must lie after the beginning and in the future.")},
        )
    roles = set(Membership.objects.filter(person=giver).values_list("role", flat=True))
    if roles & {Role.ADMIN, Role.AUDITOR}:
        raise Refused("not_lent", _("The roles of administrator and auditor cannot be delegated."))
    delegation = Delegation.objects.create(
        from_person=giver, to_person=taker, starts_at=starts_at, ends_at=ends_at, reason=reason.strip()
    )
    audit.record(
        actor=actor,
        verb="accounts.delegate",
        object_type="person",
        object_id=giver.pk,
        reason=reason.strip(),
        data={"to": taker.pk, "from": starts_at, "until": ends_at},
    )
    return delegation


@transaction.atomic
def revoke_delegation(*, actor: Actor, delegation_id: int) -> Delegation:
    """End a delegation now; by the giver, the taker or an administrator."""
    delegation = (
        Delegation.objects.select_for_update(of=("self",))
        .select_related("from_person")
        .filter(pk=delegation_id)
        .first()
    )
    if delegation is None:
        raise NotVisible
    if actor.kind != ActorKind.STAFF or actor.id not in (delegation.from_person_id, delegation.to_person_id):
        permit(actor, delegation.from_person)
    if delegation.revoked_at is None:
        delegation.revoked_at = now()
        delegation.save(update_fields=["revoked_at"])
        audit.record(
            actor=actor,
            verb="accounts.revoke_delegation",
            object_type="person",
            object_id=delegation.from_person_id,
            data={"to": delegation.to_person_id},
        )
    return delegation


def permit(actor: Actor, person: Person) -> None:
    """Raises NotPermitted unless `actor` keeps this person: a unit manager keeps those whose every role is theirs to give."""
    if actor.is_system:
        return
    ways = reaches(actor, CODE)
    if any(way.scope == Scope.CITY for way in ways):
        return
    held = list(Membership.objects.filter(person=person).select_related("unit"))
    verdicts = [scope_allows(actor, CODE, unit_paths=[one.unit.path]) for one in held] or [
        scope_allows(actor, CODE)
    ]
    for verdict in verdicts:
        verdict.require(CODE)
    if any(one.role not in SINGLE_UNIT_ROLES for one in held):
        raise NotPermitted(
            CODE,
            _("%(person)s has a role of the hotline centre; its administrator keeps them.")
            % {"person": person.name},
        )


def _permit_role(actor: Actor, person: Person, role: str, unit: Unit) -> None:
    if actor.is_system:
        return
    if _is_self(actor, person):
        raise Refused("self", _("Nobody changes their own roles; ask another administrator."))
    scope_allows(actor, CODE, unit_paths=[unit.path]).require(CODE)
    if role not in SINGLE_UNIT_ROLES and not any(way.scope == Scope.CITY for way in reaches(actor, CODE)):
        raise NotPermitted(
            CODE,
            _("Only the hotline centre's administrator gives the role %(role)s.")
            % {"role": Role(role).label},
        )


def _is_self(actor: Actor, person: Person) -> bool:
    return actor.kind == ActorKind.STAFF and actor.id == person.pk


def _locked(person_id: int) -> Person:
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise NotVisible
    return person


def _known(values: dict[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise TypeError(f"a person has no field {', '.join(sorted(unknown))} to change here")
    return values


def _set_password(person: Person, fresh: str, *, must_change: bool) -> None:
    person.password_history = [person.password, *person.password_history][: FORMER - 1]
    person.password = make_password(fresh)
    person.must_change_password = must_change
    person.password_changed_at = now()
    person.save(update_fields=["password", "password_history", "must_change_password", "password_changed_at"])


def temporary_password() -> str:
    """Twelve characters that are easily read out: no 0/O, 1/l."""
    alphabet = "".join(sorted(set(string.ascii_letters + string.digits) - set("0O1lI")))
    while True:
        made = "".join(secrets.choice(alphabet) for _number in range(12))
        if (
            any(c.isdigit() for c in made)
            and any(c.islower() for c in made)
            and any(c.isupper() for c in made)
        ):
            return made
