"""The place at the switch of a citizen who calls by video: a leg without a line. Told by the switch, and held again after its restart."""

from __future__ import annotations

import uuid
from datetime import datetime

from hotline.calls.actions.moving import ask, ask_for
from hotline.calls.engines import Hangup, Join, StandIn
from hotline.calls.models import Ask, Call, CallState, Medium
from hotline.kit.clock import now

VIDEO = "video:"
"""A label of the switch: the place of the call by video that follows."""
WAITING = frozenset({CallState.ARRIVED, CallState.QUEUED})


def no_leg() -> str:
    """In a call's row until the switch has given its leg."""
    return f"video-{uuid.uuid4().hex}"


def stand(call: Call, at: datetime) -> None:
    """Have the switch hold a place for this call."""
    ask_for(call, at, StandIn(f"{VIDEO}{call.pk}"))


def video_leg(number: str, leg: str) -> None:
    """The place is there; nobody waits for it any more: it is let go."""
    if not Call.objects.filter(pk=number, medium=Medium.VIDEO).exclude(state=CallState.ENDED).update(leg=leg):
        ask(Hangup(leg), f"leg:{leg[-30:]}", now())


def stood_again(call: Call, at: datetime) -> bool:
    """The switch has no leg of this call. Whether that ends nothing: the place is still to be asked for, or is asked for anew,
    since who only waits has lost nothing by a restart of the switch. The call is locked."""
    if call.medium != Medium.VIDEO or call.state not in WAITING:
        return False
    if not Ask.objects.filter(verb=StandIn.verb, arguments__label=f"{VIDEO}{call.pk}").exists():
        call.leg = no_leg()
        call.save(update_fields=["leg"])
        stand(call, at)
    return True


def joins(call: Call) -> None:
    """A place that was held anew is up while they talk already: into the room."""
    if call.medium == Medium.VIDEO and call.state == CallState.TALKING:
        ask_for(call, now(), Join(call.leg, f"call-{call.pk}"))
