"""What the pages of one call by video tell one another, and what is typed beside it. Only parties of the call, only while it is theirs."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.calls.models import AgentSession, Call, CallState, TypedLine, VideoSeat, VideoSignal
from hotline.calls.queries.video import Party, parties
from hotline.calls.rules.video import LONGEST_LINE, MOST_LINES, is_page, signal_fault
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, Refused
from hotline.kit.live import publish

MOST_SIGNALS = 400
"""Of one call that are kept at once; older ones have been read or never will be."""


@transaction.atomic
def seat_comes(*, call: Call, session: AgentSession, page: str) -> None:
    """An agent's page is in this call now, under this name."""
    if not is_page(page):
        raise Invalid("page", _("Reload the page."))
    VideoSeat.objects.update_or_create(call=call, session=session, defaults={"page": page})
    _changed(call)


@transaction.atomic
def signal(*, sender: Party, to: str, kind: str, body: str) -> None:
    """One page to another that it sees now. Raises Invalid, Refused `not_in_view`."""
    if (fault := signal_fault(kind, body)) != "":
        raise Invalid(
            "signal", _("The browser sent something that is no connection."), details={"signal": fault}
        )
    call = sender.call
    seen = parties(call)
    if not sender.among(seen) or to not in {one.page for one in seen} - {sender.page}:
        raise Refused("not_in_view", _("They are not in the conversation with you now."))
    VideoSignal.objects.create(call=call, sender=sender.page, to=to, kind=kind, body=body, at=now())
    kept = VideoSignal.objects.filter(call=call).order_by("-pk").values_list("pk", flat=True)
    VideoSignal.objects.filter(
        call=call, pk__lte=next(iter(kept[MOST_SIGNALS : MOST_SIGNALS + 1]), 0)
    ).delete()
    _changed(call)


@transaction.atomic
def type_line(*, sender: Party, text: str) -> TypedLine:
    """Beside the call, also while the citizen waits. Raises Invalid, Refused `call_state`, `too_many`."""
    words = text.strip()
    if not words or len(words) > LONGEST_LINE:
        told = _("Up to %(most)d characters.") % {"most": LONGEST_LINE}
        raise Invalid("text", told, details={"text": told})
    call = sender.call
    if call.state == CallState.ENDED:
        raise Refused("call_state", _("The call is over."))
    if TypedLine.objects.filter(call=call).count() >= MOST_LINES:
        raise Refused("too_many", _("No more can be typed in this call."))
    row = TypedLine.objects.create(call=call, session=sender.session, text=words, at=now())
    _changed(call)
    return row


def _changed(call: Call) -> None:
    publish([f"video:{call.pk}"], "video.changed", call=call.pk)
