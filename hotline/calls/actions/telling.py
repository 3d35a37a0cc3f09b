"""What a caller who waits is told: their place and the likely wait, in sentences spoken ahead; else the music goes on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Greatest

from hotline.calls.actions.moving import SYSTEM, ask_for, event, locked_call
from hotline.calls.engines import Play
from hotline.calls.models import Call, Lane, Medium, Prompt
from hotline.calls.permissions import can_distribute
from hotline.calls.queries import able_and_ready, handling_of
from hotline.calls.queries.prompting import audible
from hotline.calls.rules import MUSIC, CallState, Waiting, in_turn, likely_wait
from hotline.calls.rules.prompting import NEXT, ahead_sound, wait_sound, waiting_words
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.live import publish

AFTER_OFFER = timedelta(seconds=20)
"""Nobody is spoken to while they think about being called back."""


def entertain(call: Call, at: datetime, *, ahead: int, wait: timedelta | None) -> None:
    """Into the caller's ear while they wait: their place and the likely wait once, then music; the call is locked."""
    if call.medium == Medium.VIDEO:
        return  # their page shows it
    sounds = waiting_words(ahead, wait, audible([ahead_sound(ahead), wait_sound(wait)]))
    if not sounds:
        music(call, at)
        return
    call.told_at = at
    call.save(update_fields=["told_at"])
    seconds = None if wait is None else int(wait.total_seconds())
    event("tell_wait", actor=SYSTEM, at=at, call=call, ahead=ahead, wait=seconds)
    ask_for(call, at, Play(call.leg, sounds))


def music(call: Call, at: datetime) -> None:
    """Until something is to be said."""
    if call.medium != Medium.VIDEO:
        ask_for(call, at, Play(call.leg, (MUSIC,), loop=True))


def tell_those_who_wait(moment: datetime) -> int:
    """Everybody whose lane's seconds have passed since they were last told is told anew; how many were."""
    due = (
        Call.objects.filter(state=CallState.QUEUED, medium=Medium.VOICE, lane__update_seconds__gt=0)
        .annotate(since=Greatest("told_at", "queued_at"))
        .filter(Q(call_back_offered_at=None) | Q(call_back_offered_at__lt=moment - AFTER_OFFER))
        .values_list("pk", "lane_id", "since", "lane__update_seconds")
    )
    late: dict[int, list[int]] = {}
    for pk, lane, since, seconds in due:
        if since is not None and moment - since >= timedelta(seconds=seconds):
            late.setdefault(lane, []).append(pk)
    if not late or NEXT not in audible([NEXT]):
        return 0
    return sum(_tell_lane(lane, calls, moment) for lane, calls in late.items())


def _tell_lane(lane_id: int, calls: list[int], moment: datetime) -> int:
    lane = Lane.objects.get(pk=lane_id)
    places = _places(lane, moment)
    signed_in, _ready = able_and_ready(lane)
    handling = handling_of(lane, moment)
    count = 0
    for pk in calls:
        if pk in places:
            ahead = places[pk]
            count += _tell(pk, ahead, likely_wait(ahead, signed_in, handling), moment)
    return count


def _places(lane: Lane, moment: datetime) -> Mapping[int, int]:
    """Call → how many of its lane are before it."""
    rows = Call.objects.filter(lane=lane, state=CallState.QUEUED)
    waiting = [
        Waiting(pk, queued or arrived, priority, (), at_head)
        for pk, queued, arrived, priority, at_head in rows.values_list(
            "pk", "queued_at", "arrived_at", "priority", "at_head"
        )
    ]
    return {one.call: place for place, one in enumerate(in_turn(waiting, moment))}


@transaction.atomic
def _tell(call_id: int, ahead: int, wait: timedelta | None, moment: datetime) -> int:
    call = locked_call(call_id)
    if call.state != CallState.QUEUED:
        return 0
    entertain(call, moment, ahead=ahead, wait=wait)
    return 1


@transaction.atomic
def note_prompts(*, actor: Actor, says: Mapping[str, str], faults: Mapping[str, tuple[str, str]]) -> None:
    """What the switch's sound files say now: by name the key of the text (see `Prompt`), and which text's speaking failed, why."""
    can_distribute(actor).require("calls:distribute")
    moment = now()
    known = {row.name: row for row in Prompt.objects.filter(name__in=says)}
    fresh = []
    for name, key in says.items():
        fault_key, fault = faults.get(name, ("", ""))
        row = known.get(name)
        if row is None or (row.key, row.fault_key, row.fault) != (key, fault_key, fault):
            fresh.append(Prompt(name=name, key=key, fault_key=fault_key, fault=fault[:200], at=moment))
    if not fresh:
        return
    publish(["prompts"], "prompts.noted")
    Prompt.objects.bulk_create(
        fresh,
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["key", "fault_key", "fault", "at"],
    )
