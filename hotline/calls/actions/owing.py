"""What is owed to callers whom nobody spoke to, and what settles it: an attempt, or their own next call."""

from __future__ import annotations

from datetime import datetime

from hotline.calls.actions.moving import SYSTEM, event
from hotline.calls.models import Call, CallBack, CallBackResult, CallBackState, CallBackTry
from hotline.kit.clock import now
from hotline.kit.live import publish
from hotline.kit.statements import columns, fetch_models

MOST_TRIES = 3
"""Attempts after which a caller counts as not to be reached. Design default."""
OPEN = (CallBackState.WAITING, CallBackState.CLAIMED)
TOPIC = "call-backs"
_OWED = (
    f"SELECT {columns(CallBack, 'b')}, {columns(Call, 'c')} FROM calls_callback b JOIN calls_call c ON c.id = b.call_id"
    " WHERE c.citizen_id = %s AND b.state = ANY(%s::text[]) ORDER BY b.id FOR UPDATE OF b"
)
"""With every conversation that ends it is asked; hardly ever is anything owed."""


def call_out_over(call: Call) -> None:
    """A call out has ended: an attempt that nobody answered is settled by that; of the others the agent says what came of it."""
    attempt = CallBackTry.objects.filter(call=call, ended_at=None).first()
    if attempt is None or call.connected_at is not None:
        return
    row = CallBack.objects.select_for_update().get(pk=attempt.call_back_id)
    result = CallBackResult.BUSY if call.end_reason == "busy" else CallBackResult.NO_ANSWER
    settle(row, attempt, result, "", now())


def called_again(call: Call, at: datetime) -> None:
    """Somebody who was owed a call has called again and spoken to an agent: nothing is owed any more."""
    if call.citizen_id is not None:
        _done_with(call.citizen_id, at, "called_again")


def settle(row: CallBack, attempt: CallBackTry, result: str, note: str, at: datetime) -> None:
    """An attempt is over: done, to be tried again by anybody, or given up. The row is locked."""
    attempt.result, attempt.note, attempt.ended_at = result, note, at
    attempt.save(update_fields=["result", "note", "ended_at"])
    event("call_back_tried", actor=SYSTEM, at=at, call=row.call, result=result, tries=row.tries)
    if result == CallBackResult.SPOKE:
        assert row.call.citizen_id is not None
        _done_with(row.call.citizen_id, at, "spoke")
        row.refresh_from_db()
        return
    if result == CallBackResult.WRONG or row.tries >= MOST_TRIES:
        row.state, row.ended_at = CallBackState.UNREACHED, at
    else:
        row.state, row.claimed_by, row.claimed_at = CallBackState.WAITING, None, None
    row.save(update_fields=["state", "ended_at", "claimed_by", "claimed_at"])
    told(row)


def _done_with(citizen_id: int, at: datetime, why: str) -> None:
    """All that is owed to one citizen is done by one conversation."""
    for row, call in fetch_models(_OWED, [citizen_id, list(OPEN)], CallBack, Call):
        row.call = call
        row.state, row.ended_at = CallBackState.DONE, at
        row.save(update_fields=["state", "ended_at"])
        event("call_back_done", actor=SYSTEM, at=at, call=row.call, why=why)
        told(row)


def told(row: CallBack) -> None:
    """To the pages that list them."""
    publish([TOPIC], "call_back.changed", id=row.pk)
