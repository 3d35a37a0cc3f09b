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
from hotline.calls.actions.browsers import Place, leg_comes, place_of
from hotline.calls.actions.calling_out import call_citizen, call_number, stop_dialling
from hotline.calls.actions.configuring import (
    Fault,
    TelephonyFaults,
    announce,
    load_telephony,
    withdraw_announcement,
)
from hotline.calls.actions.consulting import (
    consult,
    hand_over,
    help_colleague,
    leave_colleague,
    make_conference,
    pass_on,
    take_back,
)
from hotline.calls.actions.distributing import distribute, sign, watch
from hotline.calls.actions.hearing import done, hear, refused
from hotline.calls.actions.monitoring import stop_watching, watch_as, watch_call, watcher_comes
from hotline.calls.actions.reconciling import reconcile
from hotline.calls.actions.telling import note_prompts

__all__ = [
    "Fault",
    "Place",
    "TelephonyFaults",
    "announce",
    "answer",
    "call_citizen",
    "call_number",
    "caller_number",
    "consult",
    "distribute",
    "done",
    "finish_wrap_up",
    "hand_over",
    "hand_to_satisfaction",
    "hang_up",
    "hear",
    "help_colleague",
    "hold",
    "leave_colleague",
    "leg_comes",
    "load_telephony",
    "make_conference",
    "note_prompts",
    "pass_on",
    "pause",
    "place_of",
    "ready",
    "reconcile",
    "refused",
    "resume",
    "sign",
    "sign_in",
    "sign_out",
    "stop_dialling",
    "stop_watching",
    "take_back",
    "watch",
    "watch_as",
    "watch_call",
    "watcher_comes",
    "withdraw_announcement",
]
