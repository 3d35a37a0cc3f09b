"""Sessions of staff: opened at sign-in, seen, ended."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Person, StaffSession
from hotline.accounts.rules import TOUCH_EVERY, SessionEnd
from hotline.audit import actions as audit
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.clock import now
from hotline.kit.errors import NotPermitted, NotVisible


def session_hash(session_key: str) -> str:
    """What is stored of a session's key."""
    return hashlib.sha256(session_key.encode()).hexdigest()


@transaction.atomic
def open_session(
    *, actor: Actor, person: Person, session_key: str, ip: str | None, user_agent: str
) -> StaffSession:
    """Record a session that has just been signed in."""
    moment = now()
    opened = StaffSession.objects.create(
        session_key=session_hash(session_key),
        person=person,
        ip=ip,
        user_agent=user_agent[:300],
        created_at=moment,
        seen_at=moment,
    )
    audit.record(
        actor=actor,
        verb="accounts.sign_in",
        object_type="person",
        object_id=person.pk,
        data={"session": opened.pk},
        ip=ip,
    )
    return opened


def touch_session(session: StaffSession, moment: datetime) -> None:
    """Note its use, at most once a minute; no action, no audit."""
    if moment - session.seen_at >= TOUCH_EVERY:
        StaffSession.objects.filter(pk=session.pk, seen_at__lt=moment, ended_at__isnull=True).update(
            seen_at=moment
        )
        session.seen_at = moment


def rekey_session(session: StaffSession, session_key: str) -> None:
    """The same session under a new key, after its own password changed."""
    StaffSession.objects.filter(pk=session.pk).update(session_key=session_hash(session_key))


@transaction.atomic
def close_session(session: StaffSession, why: SessionEnd) -> None:
    """The platform itself ends a session whose limit is reached, or its owner signs out."""
    if StaffSession.objects.filter(pk=session.pk, ended_at__isnull=True).update(
        ended_at=now(), end_reason=str(why)
    ):
        owner = Actor(kind=ActorKind.STAFF, id=session.person_id, name=session.person.name)
        audit.record(
            actor=owner,
            verb="accounts.session_over",
            object_type="person",
            object_id=session.person_id,
            data={"session": session.pk, "why": str(why)},
        )


@transaction.atomic
def end_session(*, actor: Actor, session_id: int) -> StaffSession:
    """End one session at once: one's own, or anybody's with `accounts:manage_sessions`."""
    session = StaffSession.objects.select_for_update().filter(pk=session_id).first()
    if session is None or not (_own(actor, session.person_id) or actor.has("accounts:manage_sessions")):
        raise NotVisible
    if session.ended_at is None:
        session.ended_at, session.end_reason = now(), SessionEnd.ENDED
        session.save(update_fields=["ended_at", "end_reason"])
        audit.record(
            actor=actor,
            verb="accounts.end_session",
            object_type="person",
            object_id=session.person_id,
            data={"session": session.pk},
        )
    return session


@transaction.atomic
def end_all_sessions(
    *, actor: Actor, person_id: int, why: SessionEnd = SessionEnd.ENDED, keep: int | None = None
) -> int:
    """End every session of a person but `keep` (a session's id); returns how many."""
    if not (
        _own(actor, person_id)
        or actor.is_system
        or actor.has("accounts:manage_sessions")
        or actor.has("accounts:manage_people")
    ):
        raise NotPermitted(
            "accounts:manage_sessions", _("Only an administrator may end the sessions of others.")
        )
    open_ones = StaffSession.objects.filter(person_id=person_id, ended_at__isnull=True)
    if keep is not None:
        open_ones = open_ones.exclude(pk=keep)
    count = open_ones.update(ended_at=now(), end_reason=str(why))
    if count:
        audit.record(
            actor=actor,
            verb="accounts.end_all_sessions",
            object_type="person",
            object_id=person_id,
            data={"count": count, "why": str(why)},
        )
    return count


def _own(actor: Actor, person_id: int) -> bool:
    return actor.kind == ActorKind.STAFF and actor.id == person_id
