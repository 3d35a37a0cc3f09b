"""Signing in, step by step: password, second factor, new password if due, session. Nothing is open before the last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate, login
from django.http import HttpRequest

from hotline.accounts.actions.second_factor import has_second_factor
from hotline.accounts.actions.sessions import open_session
from hotline.accounts.models import Person, StaffSession
from hotline.accounts.queries import actor_for, person_named
from hotline.audit import actions as audit
from hotline.kit.actor import system_actor
from hotline.kit.clock import now
from hotline.kit.ratelimit import allow

PENDING = "sign_in_pending"
STEP_LASTS = timedelta(minutes=10)
WRONG_CODES = 5
DOOR_LIMIT, DOOR_SECONDS = 60, 60
"""Passwords tried from one address a minute, whoever they are for."""
DOOR = system_actor("sign-in")


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a password: `person` when right; else `locked_for` while no further try is looked at, and how many are left."""

    person: Person | None = None
    locked_for: timedelta | None = None
    left: int | None = None


def try_password(request: HttpRequest, username: str, password: str) -> Tried:
    """Check a password; five wrong ones of one user from one address lock both out for AXES_COOLOFF_TIME."""
    username = username.strip().lower()
    ip = request.META.get("REMOTE_ADDR") or ""
    if not allow(f"sign-in:{ip}", DOOR_LIMIT, DOOR_SECONDS):
        return Tried(locked_for=timedelta(seconds=DOOR_SECONDS))
    credentials = {"username": username}
    if not AxesProxyHandler.is_allowed(request, credentials):
        return Tried(locked_for=_locked_for(username, ip))
    user = authenticate(request, username=username, password=password)
    # Our page says it in place; the package's own answer is not wanted.
    request.axes_locked_out = False  # type: ignore[attr-defined]
    if isinstance(user, Person):
        return Tried(person=user)
    known = person_named(username)
    if known is not None:
        audit.record(
            actor=DOOR,
            verb="accounts.sign_in_failed",
            object_type="person",
            object_id=known.pk,
            ip=ip or None,
        )
    if not AxesProxyHandler.is_allowed(request, credentials):
        if known is not None:
            audit.record(
                actor=DOOR,
                verb="accounts.locked_out",
                object_type="person",
                object_id=known.pk,
                ip=ip or None,
            )
        return Tried(locked_for=_locked_for(username, ip))
    tries = (
        AccessAttempt.objects.filter(username=username, ip_address=ip or None)
        .order_by("-failures_since_start")
        .first()
    )
    left = settings.AXES_FAILURE_LIMIT - (tries.failures_since_start if tries else 0)
    return Tried(left=max(left, 0))


def _locked_for(username: str, ip: str) -> timedelta:
    cooloff = timedelta(hours=settings.AXES_COOLOFF_TIME)
    last = (
        AccessAttempt.objects.filter(username=username, ip_address=ip or None)
        .order_by("-attempt_time")
        .first()
    )
    remaining = last.attempt_time + cooloff - now() if last else cooloff
    return max(remaining, timedelta(seconds=1))


def begin(request: HttpRequest, person: Person, going_to: str, *, by_password: bool = True) -> None:
    """Remember that the password, or the identity provider's word, was right, under a new session key."""
    request.session.cycle_key()
    request.session[PENDING] = {
        "person": person.pk,
        "at": now().isoformat(),
        "to": going_to,
        "factor": False,
        "wrong": 0,
        "by_password": by_password,
    }


def pending_person(request: HttpRequest) -> Person | None:
    """Whose sign-in waits for its next step; None when there is none or it waited too long."""
    pending = request.session.get(PENDING)
    if not pending or now() - datetime.fromisoformat(pending["at"]) > STEP_LASTS:
        return None
    return Person.objects.filter(pk=pending["person"], is_active=True).first()


def going_to(request: HttpRequest) -> str:
    """Where the sign-in ends."""
    return str(request.session.get(PENDING, {}).get("to", ""))


def factor_given(request: HttpRequest) -> None:
    """The second factor was right."""
    request.session[PENDING] = {**request.session[PENDING], "factor": True}


def wrong_code(request: HttpRequest, person: Person) -> bool:
    """Note a wrong code; True when the sign-in has to begin anew."""
    wrong = request.session[PENDING]["wrong"] + 1
    audit.record(actor=DOOR, verb="accounts.wrong_second_factor", object_type="person", object_id=person.pk)
    if wrong >= WRONG_CODES:
        del request.session[PENDING]
        return True
    request.session[PENDING] = {**request.session[PENDING], "wrong": wrong}
    return False


def next_step(request: HttpRequest, person: Person) -> str:
    """`second_factor`, `enrol`, `new_password` or `session`: what is still owed."""
    if not request.session[PENDING]["factor"]:
        if has_second_factor(person):
            return "second_factor"
        if settings.REQUIRE_SECOND_FACTOR:
            return "enrol"
    # Who comes by the identity provider gave no password of ours, and needs none.
    owes = person.must_change_password and request.session[PENDING].get("by_password", True)
    return "new_password" if owes else "session"


def finish(request: HttpRequest, person: Person) -> StaffSession:
    """Open the session under a new key. Only after `next_step` said `session`."""
    # A citizen's portal session of the same browser ends here: the two are never one.
    request.session.flush()
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    if not request.session.session_key:
        request.session.save()
    return open_session(
        actor=actor_for(person),
        person=person,
        session_key=request.session.session_key or "",
        ip=request.META.get("REMOTE_ADDR") or None,
        user_agent=request.headers.get("User-Agent", ""),
    )
