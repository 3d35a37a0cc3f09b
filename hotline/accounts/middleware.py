"""Puts the actor on the request, and ends sessions that are over. Two statements for a signed-in page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from hotline.accounts.actions.sessions import close_session, session_hash, touch_session
from hotline.accounts.models import StaffSession
from hotline.accounts.queries import actor_for, citizen_actor
from hotline.accounts.rules import SessionEnd, session_over
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.origin import acting_from

CITIZEN_KEY = "citizen_id"
ENDED_KEY = "session_ended"
BACKGROUND = "X-Background"
"""Header of requests that a page makes by itself; they do not keep an idle session alive."""


class ActorMiddleware:
    """`request.actor` is staff (signed in, second factor given), a citizen of a portal session, or an anonymous citizen."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = acting_from.set(request.META.get("REMOTE_ADDR") or None)
        try:
            request.actor = self._actor(request)  # type: ignore[attr-defined]
            return self.get_response(request)
        finally:
            acting_from.reset(token)

    def _actor(self, request: HttpRequest) -> Actor:
        session = request.session
        if SESSION_KEY in session:
            actor = self._staff(request)
            if actor is not None:
                return actor
        citizen = session.get(CITIZEN_KEY)
        return citizen_actor(int(citizen)) if citizen else citizen_actor(0)

    def _staff(self, request: HttpRequest) -> Actor | None:
        key = request.session.session_key
        known = (
            StaffSession.objects.select_related("person").filter(session_key=session_hash(key)).first()
            if key
            else None
        )
        over = self._over(request, known)
        if over is not None:
            if known is not None and known.ended_at is None:
                close_session(known, over)
            request.session.flush()
            # Said once, on the sign-in page.
            request.session[ENDED_KEY] = over
            return None
        assert known is not None
        person = known.person
        # `request.user` is this very row; nothing asks for it again.
        request._cached_user = person  # type: ignore[attr-defined]
        request.staff_session = known  # type: ignore[attr-defined]
        if not request.headers.get(BACKGROUND):
            touch_session(known, now())
        return actor_for(person)

    def _over(self, request: HttpRequest, known: StaffSession | None) -> SessionEnd | None:
        if known is None:
            return SessionEnd.ENDED
        if known.ended_at is not None:
            return SessionEnd(known.end_reason) if known.end_reason in list(SessionEnd) else SessionEnd.ENDED
        person = known.person
        if str(person.pk) != str(request.session[SESSION_KEY]):
            return SessionEnd.ENDED
        if not person.is_active:
            return SessionEnd.DEACTIVATED
        if not constant_time_compare(
            request.session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash()
        ):
            return SessionEnd.PASSWORD
        return session_over(
            known.created_at,
            known.seen_at,
            now(),
            idle=timedelta(minutes=settings.STAFF_SESSION_IDLE_MINUTES),
            absolute=timedelta(hours=settings.STAFF_SESSION_HOURS),
        )
