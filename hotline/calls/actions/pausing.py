"""The recording stands still while a citizen tells a card's number, and goes on by itself when nobody remembers."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.calls.actions.agents import locked_pair
from hotline.calls.actions.moving import SYSTEM, ask_for, event, locked_call
from hotline.calls.engines import PauseRecording, ResumeRecording
from hotline.calls.models import Call, CallEvent
from hotline.calls.permissions import can_act, can_distribute
from hotline.calls.queries.pausing import recordings_paused
from hotline.calls.rules import SPEAKING
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Refused
from hotline.kit.live import publish

LONGEST = timedelta(minutes=3)
"""A pause that nobody ended ends by itself: what was said must be provable."""


@transaction.atomic
def pause_recording(*, actor: Actor, session_id: int) -> None:
    """Nothing is recorded or written down until it goes on. Refused outside a conversation; harmless when repeated."""
    call = _speaking(actor, session_id)
    if not recordings_paused([call.pk]):
        event("pause_recording", actor=actor, at=now(), call=call)
        ask_for(call, now(), PauseRecording(call.leg))
        publish([f"transcript:{call.pk}"], "recording.paused", call=call.pk)


@transaction.atomic
def resume_recording(*, actor: Actor, session_id: int) -> None:
    """The recording goes on. Harmless when it does."""
    _resume(_speaking(actor, session_id), actor)


@transaction.atomic
def resume_forgotten(*, actor: Actor) -> int:
    """End pauses that have lasted longer than anybody takes to tell a number; how many."""
    can_distribute(actor).require("calls:distribute")
    count = 0
    paused = recordings_paused(list(Call.objects.filter(state__in=SPEAKING).values_list("pk", flat=True)))
    for pk in paused:
        call = locked_call(pk)
        last = CallEvent.objects.filter(call=call, verb="pause_recording").order_by("-id").first()
        if call.state in SPEAKING and last is not None and last.at < now() - LONGEST:
            _resume(call, SYSTEM)
            count += 1
    return count


def _resume(call: Call, actor: Actor) -> None:
    if recordings_paused([call.pk]):
        event("resume_recording", actor=actor, at=now(), call=call)
        ask_for(call, now(), ResumeRecording(call.leg))
        publish([f"transcript:{call.pk}"], "recording.resumed", call=call.pk)


def _speaking(actor: Actor, session_id: int) -> Call:
    call, session = locked_pair(session_id)
    can_act(actor, session).require("calls:take")
    if call is None or call.state not in SPEAKING:
        raise Refused("agent_state", _("You are in no conversation now."))
    return call
