"""Accounts at the city's identity provider: which of them is which member of staff, and signing in by one."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from hotline.accounts import oidc
from hotline.accounts.actions.people import permit
from hotline.accounts.actions.sessions import end_all_sessions
from hotline.accounts.actions.sign_in import DOOR, begin, factor_given
from hotline.accounts.models import ExternalAccount, Person
from hotline.audit import actions as audit
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused

log = logging.getLogger("hotline.accounts")


def provider() -> oidc.Provider | None:
    """The settings' provider; None: sign-in by it is off."""
    if not settings.OIDC_ISSUER:
        return None
    return oidc.Provider(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)


@transaction.atomic
def link_account(*, actor: Actor, person_id: int, subject: str) -> ExternalAccount:
    """Say that `subject` at the provider is this person; a former one of the person ends. Raises Invalid, Refused, NotPermitted."""
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise NotVisible
    if actor.is_staff and actor.id == person.pk:
        raise Refused("self", _("Nobody links their own account; ask another administrator."))
    permit(actor, person)
    subject = subject.strip()
    if not 1 <= len(subject) <= 255 or "\0" in subject:
        words = _("Give the identifier that the sign-in page shows to the person.")
        raise Invalid("subject", words, details={"subject": words})
    ExternalAccount.objects.filter(person=person).exclude(issuer=settings.OIDC_ISSUER, subject=subject).delete()
    try:
        with transaction.atomic():
            row, fresh = ExternalAccount.objects.get_or_create(
                person=person, issuer=settings.OIDC_ISSUER, subject=subject,
                defaults={"linked_by": actor.key(), "linked_at": now()},
            )  # fmt: skip
    except IntegrityError:
        words = _("This account belongs to another member of staff already.")
        raise Invalid("subject", words, details={"subject": words}) from None
    if fresh:
        audit.record(actor=actor, verb="accounts.link_account", object_type="person", object_id=person.pk)
    return row


@transaction.atomic
def unlink_account(*, actor: Actor, person_id: int) -> None:
    """The person signs in by password again; open sessions end. Again is harmless."""
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise NotVisible
    if actor.is_staff and actor.id == person.pk:
        raise Refused("self", _("Nobody links their own account; ask another administrator."))
    permit(actor, person)
    if ExternalAccount.objects.filter(person=person).delete()[0]:
        end_all_sessions(actor=actor, person_id=person.pk)
        audit.record(actor=actor, verb="accounts.unlink_account", object_type="person", object_id=person.pk)


def person_of(proof: oidc.Proof) -> Person | None:
    """The member of staff in service whose account it is."""
    row = ExternalAccount.objects.select_related("person").filter(issuer=proof.issuer, subject=proof.subject).first()
    return row.person if row is not None and row.person.is_active else None


def begin_by_proof(request: HttpRequest, person: Person, proof: oidc.Proof, to: str) -> None:
    """As after a right password. A second factor that the provider vouches for (`amr`) counts; else ours is asked."""
    begin(request, person, to, by_password=False)
    if proof.means & settings.OIDC_SECOND_FACTORS:
        factor_given(request)


def note_refused(person_id: int | None, why: str) -> None:
    """An attempt that did not lead in, for the log of who watches over sign-ins."""
    log.warning("sign-in by the identity provider refused: %s", why)
    audit.record(
        actor=DOOR, verb="accounts.external_refused", object_type="person", object_id=person_id or 0, data={"why": why[:80]}
    )


