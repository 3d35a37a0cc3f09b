"""Reads of the outbox."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from hotline.kit.health import Level, Result
from hotline.kit.paging import Page, keyset
from hotline.notifications.models import Message, MessageState

QUEUED_IS_STUCK = 500


def messages(state: str = "", cursor: str = "") -> Page[Message]:
    """The outbox, newest first, with the citizen's masked phone; texts hold no identity."""
    rows: QuerySet[Message] = Message.objects.select_related("citizen")
    if state in MessageState.values:
        rows = rows.filter(state=state)
    return keyset(rows, order=["-id"], cursor=cursor, size=50)


def outbox_health() -> Result:
    """Warns when messages wait in numbers."""
    waiting = len(
        Message.objects.filter(state=MessageState.QUEUED)
        .order_by("id")
        .values_list("id")[: QUEUED_IS_STUCK + 1]
    )
    if waiting > QUEUED_IS_STUCK:
        return Result(
            Level.WARN,
            _("More than %(count)d messages wait to be sent.") % {"count": QUEUED_IS_STUCK},
            _("Look whether the workers run and the SMS gateway answers."),
        )
    return Result(Level.OK, _("%(count)d messages wait to be sent.") % {"count": waiting})
