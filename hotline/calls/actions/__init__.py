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
from hotline.calls.actions.announcing import (
    announce,
    drop_recording,
    put_on_line,
    record_prompt,
    withdraw_announcement,
)
from hotline.calls.actions.browsers import Place, leg_comes, place_of
from hotline.calls.actions.call_backs import (
    call_back,
    claim_call_back,
    give_back_call_back,
    settle_call_back,
)
from hotline.calls.actions.calling_out import call_citizen, call_number, stop_dialling
from hotline.calls.actions.configuring import (
    Fault,
    TelephonyFaults,
    load_telephony,
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
from hotline.calls.actions.driving import Driver, drive
from hotline.calls.actions.hearing import done, hand_to_person, hear, refused
from hotline.calls.actions.lines import (
    save_lane,
    save_line,
    save_pause,
    switch_lane,
    switch_line,
    switch_pause,
)
from hotline.calls.actions.monitoring import stop_watching, watch_as, watch_call, watcher_comes
from hotline.calls.actions.moving import ask as ask_switch
from hotline.calls.actions.reconciling import reconcile
from hotline.calls.actions.staffing import (
    COLUMNS,
    ShiftFault,
    ShiftPlan,
    import_shifts,
    plan_shift,
    remove_shift,
    remove_skill,
    save_skill,
    set_levels,
    span,
)
from hotline.calls.actions.telling import note_prompts

__all__ = [
    "COLUMNS",
    "Driver",
    "Fault",
    "Place",
    "ShiftFault",
    "ShiftPlan",
    "TelephonyFaults",
    "announce",
    "answer",
    "ask_switch",
    "call_back",
    "call_citizen",
    "call_number",
    "caller_number",
    "claim_call_back",
    "consult",
    "distribute",
    "done",
    "drive",
    "drop_recording",
    "finish_wrap_up",
    "give_back_call_back",
    "hand_over",
    "hand_to_person",
    "hand_to_satisfaction",
    "hang_up",
    "hear",
    "help_colleague",
    "hold",
    "import_shifts",
    "leave_colleague",
    "leg_comes",
    "load_telephony",
    "make_conference",
    "note_prompts",
    "pass_on",
    "pause",
    "place_of",
    "plan_shift",
    "put_on_line",
    "ready",
    "reconcile",
    "record_prompt",
    "refused",
    "remove_shift",
    "remove_skill",
    "resume",
    "save_lane",
    "save_line",
    "save_pause",
    "save_skill",
    "set_levels",
    "settle_call_back",
    "sign",
    "sign_in",
    "sign_out",
    "span",
    "stop_dialling",
    "stop_watching",
    "switch_lane",
    "switch_line",
    "switch_pause",
    "take_back",
    "watch",
    "watch_as",
    "watch_call",
    "watcher_comes",
    "withdraw_announcement",
]
