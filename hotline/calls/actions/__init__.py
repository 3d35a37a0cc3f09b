"""The only writers of calls, sessions and what stands around them."""

from hotline.calls.actions.agents import (
    answer,
    caller_number,
    finish_wrap_up,
    hand_to_satisfaction,
    hang_up,
    hold,
    pause,
    ready,
    resume,
    sign_in,
    sign_out,
)
from hotline.calls.actions.configuring import (
    Fault,
    TelephonyFaults,
    announce,
    load_telephony,
    withdraw_announcement,
)
from hotline.calls.actions.distributing import distribute, sign, watch
from hotline.calls.actions.hearing import done, hear, refused
from hotline.calls.actions.reconciling import reconcile
from hotline.calls.actions.telling import note_prompts

__all__ = [
    "Fault",
    "TelephonyFaults",
    "announce",
    "answer",
    "caller_number",
    "distribute",
    "done",
    "finish_wrap_up",
    "hand_to_satisfaction",
    "hang_up",
    "hear",
    "hold",
    "load_telephony",
    "note_prompts",
    "pause",
    "ready",
    "reconcile",
    "refused",
    "resume",
    "sign",
    "sign_in",
    "sign_out",
    "watch",
    "withdraw_announcement",
]
