"""Whether a session of staff still runs, for doors that are opened by something else than its cookie."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from hotline.accounts.models import StaffSession
from hotline.accounts.rules import SessionEnd, session_over
from hotline.kit.clock import now


def why_over(session: StaffSession) -> SessionEnd | None:
    """Why a session is over, None while it runs. `session.person` is read; the cookie's own checks are the middleware's."""
    if session.ended_at is not None:
        return SessionEnd(session.end_reason) if session.end_reason in list(SessionEnd) else SessionEnd.ENDED
    if not session.person.is_active:
        return SessionEnd.DEACTIVATED
    return session_over(
        session.created_at,
        session.seen_at,
        now(),
        idle=timedelta(minutes=settings.STAFF_SESSION_IDLE_MINUTES),
        absolute=timedelta(hours=settings.STAFF_SESSION_HOURS),
    )
