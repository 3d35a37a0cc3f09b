"""The only writers of calls, sessions and what stands around them."""

from hotline.calls.actions.agents import (
    answer,
    caller_number,
    finish_wrap_up,
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

__all__ = [
    "Fault",
    "TelephonyFaults",
    "announce",
    "answer",
    "caller_number",
    "distribute",
    "done",
    "finish_wrap_up",
    "hang_up",
    "hear",
    "hold",
    "load_telephony",
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
