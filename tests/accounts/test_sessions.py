"""Sessions are ended by their owner and by who looks after sign-ins, by nobody else, and each once."""

from __future__ import annotations

import pytest

from hotline.accounts.actions import end_all_sessions, end_session
from hotline.accounts.actions.sessions import close_session, open_session
from hotline.accounts.models import StaffSession
from hotline.accounts.rules import SessionEnd
from hotline.audit.models import AuditEntry
from hotline.kit.errors import NotPermitted, NotVisible
from tests.accounts.cast import Cast

pytestmark = pytest.mark.django_db


def opened(cast: Cast, key: str) -> StaffSession:
    return open_session(
        actor=cast.actor("handler"), person=cast.person("handler"), session_key=key, ip="10.0.0.7", user_agent="x" * 900
    )


def told(verb: str) -> int:
    return AuditEntry.objects.filter(verb=f"accounts.{verb}").count()


def test_one_session_is_ended_once_by_its_owner_or_an_administrator(cast: Cast) -> None:
    first, second = opened(cast, "one"), opened(cast, "two")
    with pytest.raises(NotVisible):
        end_session(actor=cast.actor("dispatcher"), session_id=first.pk)
    for _twice in range(2):
        assert end_session(actor=cast.actor("handler"), session_id=first.pk).end_reason == SessionEnd.ENDED
    end_session(actor=cast.actor("admin"), session_id=second.pk)
    with pytest.raises(NotVisible):
        end_session(actor=cast.actor("admin"), session_id=0)
    assert told("end_session") == 2


def test_all_sessions_but_the_one_in_hand_are_ended(cast: Cast) -> None:
    mine, others = opened(cast, "one"), [opened(cast, "two"), opened(cast, "three")]
    with pytest.raises(NotPermitted):
        end_all_sessions(actor=cast.actor("dispatcher"), person_id=mine.person_id)
    handler = cast.actor("handler")
    assert end_all_sessions(actor=handler, person_id=mine.person_id, keep=mine.pk) == len(others)
    assert end_all_sessions(actor=handler, person_id=mine.person_id, keep=mine.pk) == 0
    assert list(StaffSession.objects.filter(person_id=mine.person_id, ended_at=None)) == [mine]
    assert told("end_all_sessions") == 1


def test_a_session_that_is_over_is_not_closed_again(cast: Cast) -> None:
    session = opened(cast, "one")
    for _twice in range(2):
        close_session(session, SessionEnd.ENDED)
    assert told("session_over") == 1
