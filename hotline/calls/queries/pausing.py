"""Which recordings stand still."""

from __future__ import annotations

from collections.abc import Sequence

from hotline.calls.models import CallEvent


def recordings_paused(call_ids: Sequence[int]) -> set[int]:
    """Those of these open calls whose recording an agent has paused and nobody has let go on."""
    if not call_ids:
        return set()
    rows = CallEvent.objects.filter(call_id__in=call_ids, verb__in=["pause_recording", "resume_recording"])
    last = dict(rows.order_by("id").values_list("call_id", "verb"))
    return {call for call, verb in last.items() if verb == "pause_recording"}
