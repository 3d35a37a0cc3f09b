"""A15: a citizen calls by video, waits, leaves, says how satisfied they are, leaves a number; and goes when their page has gone.

The call is a call like any: the same rows, states, lane and agents. Whoever holds the key that `call_by_video` gives is its citizen.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from hotline.accounts.actions import find_or_create_citizen
from hotline.accounts.rules import normalize_phone
from hotline.calls.actions.hearing import caller_gone
from hotline.calls.actions.moving import (
    SYSTEM,
    ask,
    end_call,
    event,
    locked_call,
    move_call,
    open_segment,
)
from hotline.calls.actions.owing import OPEN
from hotline.calls.actions.standing import no_leg, stand
from hotline.calls.engines import Hangup
from hotline.calls.models import (
    Call,
    CallBack,
    CallState,
    Lane,
    Line,
    Medium,
    Outcome,
    Rating,
    Segment,
    VideoInvitation,
    VideoVisit,
)
from hotline.calls.permissions import can_call_by_video
from hotline.calls.queries.video import good_invitations, video_open
from hotline.calls.rules import Admission
from hotline.calls.rules.prompting import GRADES
from hotline.calls.rules.video import AWAY, LEAVING, gone, hash_of, is_mobile, is_page
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.live import publish

RATE_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Begun:
    """`key` opens the call's doors and is kept nowhere but with its citizen."""

    call: Call
    key: str


@transaction.atomic
def call_by_video(*, actor: Actor, phone: str = "", invitation: str = "") -> Begun:
    """Into the lane of sign language. `phone` as typed, "" for none; `invitation`: the key of a link by SMS, which goes to the head.

    Raises NotPermitted, Invalid, Refused `no_video`, `closed`, `full`.
    """
    can_call_by_video(actor).require("calls:video")
    invited = _invited(invitation)
    opened = video_open()
    if opened is None:
        raise Refused("no_video", _("Calls by video are not offered here now."))
    if opened.admission == Admission.CLOSED:
        raise Refused(
            "closed", _("The sign language seats are closed now. Leave your number; we send you a link.")
        )
    if opened.admission == Admission.FULL and invited is None:
        raise Refused("full", _("Very many people are waiting now. Leave your number; we send you a link."))
    moment = now()
    citizen_id = invited.call_back.call.citizen_id if invited is not None else _citizen(actor, phone)
    call = _made(opened.line, opened.lane, citizen_id, moment)
    if invited is not None:
        invited.used_at = moment
        invited.save(update_fields=["used_at"])
        call.at_head = True
        call.save(update_fields=["at_head"])
    key = secrets.token_urlsafe(32)
    VideoVisit.objects.create(call=call, key_hash=hash_of(key), seen_at=moment)
    stand(call, moment)
    return Begun(call, key)


@transaction.atomic
def ask_for_video(*, actor: Actor, phone: str) -> CallBack:
    """A number instead of a call, when the lane is closed or full or the citizen would rather not wait; the same again while it is
    owed. Raises NotPermitted, Invalid, Refused `no_video`."""
    can_call_by_video(actor).require("calls:video")
    opened = video_open()
    if opened is None:
        raise Refused("no_video", _("Calls by video are not offered here now."))
    citizen_id = _citizen(actor, phone)
    if citizen_id is None:
        words = _("Give a mobile number that SMS reach.")
        raise Invalid("phone", words, details={"phone": words})
    owed = CallBack.objects.filter(
        call__citizen_id=citizen_id, call__medium=Medium.VIDEO, state__in=OPEN
    ).first()
    if owed is not None:
        return owed
    moment = now()
    call = _made(opened.line, opened.lane, citizen_id, moment)
    outcomes = {Admission.CLOSED: Outcome.CLOSED, Admission.FULL: Outcome.FULL}
    end_call(call, outcomes.get(opened.admission, Outcome.CALL_BACK), actor=SYSTEM, at=moment, reason="asked")
    return CallBack.objects.get(call=call)


def _made(line: Line, lane: Lane, citizen_id: int | None, at: datetime) -> Call:
    call = Call.objects.create(
        medium=Medium.VIDEO,
        line=line,
        lane=lane,
        citizen_id=citizen_id,
        leg=no_leg(),
        state_since=at,
        arrived_at=at,
    )
    event("arrive", actor=SYSTEM, at=at, call=call, line=line.code, medium=Medium.VIDEO)
    return call


def _citizen(actor: Actor, phone: str) -> int | None:
    """Whoever is signed in, else the citizen of the number that was typed."""
    if not phone.strip():
        return actor.id or None
    digits = normalize_phone(phone)
    if not is_mobile(digits):
        words = _("Give a mobile number that SMS reach.")
        raise Invalid("phone", words, details={"phone": words})
    return find_or_create_citizen(actor=SYSTEM, phone=digits).pk


def _invited(key: str) -> VideoInvitation | None:
    if not key:
        return None
    return good_invitations(key).select_for_update(of=("self",)).select_related("call_back__call").first()


# -- during the call -----------------------------------------------------------------------------------------------------------


def visit_of(key: str) -> VideoVisit:
    """The visit that a key opens. NotVisible."""
    row = VideoVisit.objects.select_related("call").filter(key_hash=hash_of(key)).first() if key else None
    if row is None:
        raise NotVisible("video")
    return row


@transaction.atomic
def page_comes(*, key: str, page: str) -> None:
    """The citizen's page was loaded, under a new name. The older one is not connected with any more."""
    if not is_page(page):
        raise Invalid("page", _("Reload the page."))
    visit = _locked_visit(key)
    visit.page, visit.seen_at, visit.leaving_at = page, now(), None
    visit.save(update_fields=["page", "seen_at", "leaving_at"])
    publish([f"video:{visit.call_id}"], "video.changed", call=visit.call_id)


def page_lives(*, key: str) -> None:
    """The citizen's page was heard of."""
    VideoVisit.objects.filter(key_hash=hash_of(key)).update(seen_at=now(), leaving_at=None)


def page_leaves(*, key: str) -> None:
    """The citizen's page is being closed, or loaded anew."""
    VideoVisit.objects.filter(key_hash=hash_of(key), leaving_at=None).update(leaving_at=now())


@transaction.atomic
def leave_video(*, key: str) -> None:
    """The citizen hangs up, in any state; nothing when the call is over."""
    visit = visit_of(key)
    call = locked_call(visit.call_id)
    if call.state != CallState.ENDED:
        _over(call, "far", now())


@transaction.atomic
def leave_number(*, actor: Actor, key: str, phone: str) -> None:
    """Instead of waiting on: called back by a link by SMS. Refused `call_state` once an agent is there, or rings."""
    visit = visit_of(key)
    can_call_by_video(actor).require("calls:video")
    call = locked_call(visit.call_id)
    citizen_id = call.citizen_id or _citizen(actor, phone)
    if citizen_id is None:
        words = _("Give a mobile number that SMS reach.")
        raise Invalid("phone", words, details={"phone": words})
    call.citizen_id, call.outcome = citizen_id, Outcome.CALL_BACK
    if call.state not in (CallState.ARRIVED, CallState.QUEUED):
        raise Refused("call_state", _("Somebody is being connected to you at this moment."))
    moment = now()
    move_call(call, "send_off", actor=SYSTEM, at=moment, outcome=Outcome.CALL_BACK)
    _over(call, "far", moment)


@transaction.atomic
def rate_video(*, key: str, grade: int) -> None:
    """Once a call (一次一评), after a conversation, within half an hour. Raises Invalid, Refused `rated`, `not_asked`."""
    visit = visit_of(key)
    call = locked_call(visit.call_id)
    if grade not in GRADES:
        raise Invalid("grade", _("Choose one of the five."))
    moment = now()
    spoke = Segment.objects.filter(call=call, answered_at__isnull=False).order_by("-pk").first()
    if spoke is None or call.ended_at is None or moment - call.ended_at > RATE_WITHIN:
        raise Refused("not_asked", _("This call cannot be rated any more."))
    _row, made = Rating.objects.get_or_create(
        call=call, defaults={"session_id": spoke.session_id, "grade": grade, "at": moment}
    )
    if not made:
        raise Refused("rated", _("You have rated this call already. Thank you."))


def _locked_visit(key: str) -> VideoVisit:
    """Locked; calls are locked before visits, and none needs both."""
    row = VideoVisit.objects.select_for_update().filter(key_hash=hash_of(key)).first() if key else None
    if row is None:
        raise NotVisible("video")
    return row


def _over(call: Call, reason: str, at: datetime) -> None:
    leg = call.leg
    caller_gone(call, reason, at, None)
    ask(Hangup(leg), f"leg:{leg[-30:]}", at)


# -- what time brings ------------------------------------------------------------------------------------------------------------


def visits_due(at: datetime) -> int:
    """Calls whose citizen's page has gone end, as when a telephone is put down or lost; how many."""
    late = Q(visit__seen_at__lte=at - AWAY) | Q(visit__leaving_at__lte=at - LEAVING)
    rows = Call.objects.filter(late, medium=Medium.VIDEO).exclude(state=CallState.ENDED)
    return sum(_page_gone(pk, at) for pk in rows.values_list("pk", flat=True))


@transaction.atomic
def _page_gone(call_id: int, at: datetime) -> int:
    call = locked_call(call_id)
    visit = VideoVisit.objects.get(call=call)
    why = gone(visit.seen_at, visit.leaving_at, at)
    if not why or call.state == CallState.ENDED:
        return 0
    if why == "silent" and open_segment(call) is None:
        why = "far"  # nobody had come yet; a page that is not there does not wait
    _over(call, why, at)
    return 1
