"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Field, Kind
from hotline.calls.models import CallBackResult, LaneKind, MergeForm

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.telephone": _("Telephone machine"),
    "calls.load_telephony": _("Lines and lanes loaded"),
    "calls.export_figures": _("Call figures exported"),
    "calls.call_citizen": _("Citizen called by telephone"),
    "calls.invite_by_video": _("Link for a video call sent"),
    "calls.listen": _("Listened in to a conversation"),
    "calls.whisper": _("Whispered to an agent"),
    "calls.barge": _("Spoke into a conversation"),
    "calls.announce": _("Announcement put on the line"),
    "calls.withdraw_announcement": _("Announcement taken off the line"),
    "calls.prepare_announcement": _("Announcement prepared"),
    "calls.record_prompt": _("Own recording put on the line"),
    "calls.drop_recording": _("Own recording taken off the line"),
    "calls.save_line": _("Line of the telephone changed"),
    "calls.switch_line": _("Line switched on or off"),
    "calls.save_lane": _("Lane of the telephone changed"),
    "calls.switch_lane": _("Lane switched on or off"),
    "calls.save_skill": _("Skill of the telephone changed"),
    "calls.remove_skill": _("Skill of the telephone removed"),
    "calls.set_levels": _("Skill levels of agents changed"),
    "calls.save_pause": _("Reason for a pause changed"),
    "calls.switch_pause": _("Reason for a pause switched on or off"),
    "calls.settle_call_back": _("Missed caller called back"),
    "calls.plan_shift": _("Shift planned"),
    "calls.remove_shift": _("Shift taken out of the plan"),
    "calls.import_shifts": _("Shifts imported"),
}

AUDIT_KINDS: Mapping[str, Kind] = {
    "call": Kind(_("Call")),
    "call_figures": Kind(_("Call figures")),
    "announcement": Kind(_("Announcement"), "calls.Announcement", "text"),
    "prompt": Kind(_("Sound file of the telephone")),
    "line": Kind(_("Line of the telephone"), "calls.Line"),
    "lane": Kind(_("Lane of the telephone"), "calls.Lane"),
    "skill": Kind(_("Skill of agents"), "calls.Skill"),
    "skills": Kind(_("Skill levels of agents"), single=True),
    "pause_code": Kind(_("Reason for a pause"), "calls.PauseCode"),
    "shifts": Kind(_("Plan of shifts"), single=True),
    "call_back": Kind(_("Missed caller's call-back")),
}

AUDIT_CHANGES = (
    "calls.save_line",
    "calls.switch_line",
    "calls.save_lane",
    "calls.switch_lane",
    "calls.save_skill",
    "calls.remove_skill",
    "calls.save_pause",
    "calls.switch_pause",
)

AUDIT_FIELDS: Mapping[str, Mapping[str, str | Promise | Field]] = {
    "calls": {
        "number": _("Number"),
        "merge_form": Field(_("How it belongs to 12345"), choices=dict(MergeForm.choices)),
        "lane": _("Lane"),
        "line": _("Telephone line"),
        "text": _("What callers hear before the greeting"),
        "greeting_text": _("Greeting text"),
        "choice_key": _("Key of the one choice"),
        "choice_lane": _("Lane of the choice"),
        "opens": _("Opens"),
        "closes": _("Closes"),
        "call_back_minutes": _("Missed callers are called back within (minutes)"),
        "asks_satisfaction": _("After each conversation the caller is asked how satisfied they are"),
        "fallback": _("Takes calls to numbers that no line has"),
        "active": _("In use"),
        "kind": Field(_("Kind of lane"), choices=dict(LaneKind.choices)),
        "skill": _("Skill it asks for"),
        "least_level": _("From this level on (1 to 5)"),
        "priority": _("Priority"),
        "most_waiting": _("Most callers who wait"),
        "overflow_to": _("Whose agents help"),
        "overflow_seconds": _("They help after (seconds)"),
        "call_back_seconds": _("A call-back is offered after (seconds)"),
        "update_seconds": _("Place and likely wait are told again after (seconds)"),
        "ring_seconds": _("Rings at an agent (seconds)"),
        "wrap_seconds": _("After-call work (seconds)"),
        "most_minutes": _("Longest (minutes)"),
        "levels": _("Levels of people by their number"),
        "seconds": _("Seconds of sound"),
        "skills": _("Skills"),
        "lanes": _("Lanes"),
        "lines": _("Lines"),
        "pauses": _("Reasons for a pause"),
        "staff": _("Levels given"),
        "outcome": Field(_("What came of it"), choices=dict(CallBackResult.choices)),
    }
}
