"""One table of the order's verbs and one of what each state allows (rules.md sections 4.1 and 4.2).

Buttons, permissions, timeline, clocks and docs derive from here; `check_table` proves that it hangs together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from hotline.workorders.models.states import (
    FINAL_STATES,
    OPEN_STATES,
    ApplicationKind,
    AssignmentRole,
    AssignmentState,
    ClockKind,
    OrderState,
)
from hotline.workorders.rules.rows import Do, Effect, Moment, Place, Verb, Whose

O, A = OrderState, AssignmentState  # noqa: E741


# ── what each state allows ──


@dataclass(frozen=True, slots=True)
class Allows:
    """`handle`: units act · `edit`: reclassify · `append`: citizen supplements, urges · `wait`: whom it waits for."""

    handle: bool = False
    edit: bool = False
    append: bool = False
    merge: bool = False
    supervise: bool = False
    withdraw: bool = False
    note: bool = True
    final: bool = False


_before = Allows(edit=True, append=True, merge=True, supervise=True, withdraw=True)
_handled = Allows(handle=True, edit=True, append=True, merge=True, supervise=True, withdraw=True)
_waits = Allows(append=True, merge=True, supervise=True, withdraw=True)

STATES: Mapping[OrderState, Allows] = {
    O.PENDING_REVIEW: _before,
    O.PENDING_SUPPLEMENT: _before,
    O.PENDING_DISPATCH: _before,
    O.ARBITRATION: _before,
    O.PENDING_SIGN: _handled,
    O.IN_PROGRESS: _handled,
    O.RETURN_REVIEW: _handled,
    O.EXTENSION_REVIEW: _handled,
    O.HOLD_REVIEW: _handled,
    O.ON_HOLD: _waits,
    O.CLOSE_REVIEW: _waits,
    O.PENDING_FOLLOW_UP: Allows(append=True, merge=True, supervise=True),
    O.CLOSED: Allows(final=True),
    O.ARCHIVED: Allows(final=True),
    O.MERGED: Allows(append=True, final=True),
}


def states_that(capability: str) -> frozenset[OrderState]:
    """The states whose row has the capability."""
    return frozenset(state for state, allows in STATES.items() if getattr(allows, capability))


_OPEN = frozenset(OPEN_STATES)
_HANDLE = states_that("handle")
_UNDISPATCHED = frozenset({O.PENDING_REVIEW, O.PENDING_SUPPLEMENT, O.PENDING_DISPATCH, O.ARBITRATION})
_POOL = frozenset({O.PENDING_DISPATCH, O.ARBITRATION})
_AT_WORK = frozenset({A.IN_PROGRESS, A.SENT_DOWN})
_UNIT_HAS = frozenset(
    {A.PENDING_SIGN, A.IN_PROGRESS, A.SENT_DOWN, A.RETURN_REVIEW, A.EXTENSION_REVIEW, A.HOLD_REVIEW, A.ON_HOLD, A.REPLIED}
)
_EVERY = frozenset(OrderState)

_STOP_OWN = Effect(Do.STOP, Whose.OWN)
_VOID_BRANCH = Effect(Do.VOID, Whose.BRANCH)
_PAUSE = (Effect(Do.PAUSE, Whose.ALL, ClockKind.FINISH), Effect(Do.PAUSE, Whose.ALL, ClockKind.CONTACT))
_RESUME = (Effect(Do.RESUME, Whose.ALL, ClockKind.FINISH), Effect(Do.RESUME, Whose.ALL, ClockKind.CONTACT))
_STOP_ALL = (Effect(Do.STOP, Whose.ALL),)
_VOID_ALL = (Effect(Do.VOID, Whose.ALL),)
_PAST_DISPATCH = (Effect(Do.STOP, Whose.CITY, ClockKind.DISPATCH),)
_REPLIED = (
    Effect(Do.STOP, Whose.OWN),
    Effect(Do.STOP, Whose.CITY, ClockKind.FINISH, top_only=True),
    Effect(Do.STOP, Whose.CITY, ClockKind.CONTACT, top_only=True),
)
_REPLY_REFUSED = (
    Effect(Do.UNSTOP, Whose.OWN, ClockKind.FINISH),
    Effect(Do.UNSTOP, Whose.CITY, ClockKind.FINISH, top_only=True),
    Effect(Do.STOP, Whose.CITY, ClockKind.REVIEW, top_only=True),
)

_ROWS: tuple[Verb, ...] = (
    # ── before dispatch ──
    Verb(
        "create", "work_order.created", _("Create order"), _("Order created"), "workorders:create", Place.HUB,
        frozenset(), (O.PENDING_REVIEW, O.PENDING_DISPATCH), moments=(Moment.CREATED,),
        public=_("Your appeal was accepted."), citizen=True,
    ),
    Verb(
        "pass_review", "work_order.reviewed", _("Pass review"), _("Passed review"), "workorders:review", Place.HUB,
        frozenset({O.PENDING_REVIEW}), (O.PENDING_DISPATCH,), moments=(Moment.REVIEWED,),
    ),
    Verb(
        "ask_supplement", "work_order.supplement_asked", _("Ask for a supplement"), _("Supplement asked for"),
        "workorders:review", Place.HUB, frozenset({O.PENDING_REVIEW, O.PENDING_DISPATCH}), (O.PENDING_SUPPLEMENT,),
        effects=(Effect(Do.PAUSE, Whose.CITY),), public=_("Please tell us more."), text=True,
    ),
    Verb(
        "supply", "work_order.supplied", _("Supply what was missing"), _("Supplement received"), "workorders:review",
        Place.HUB, frozenset({O.PENDING_SUPPLEMENT}), (O.PENDING_REVIEW,), effects=(Effect(Do.RESUME, Whose.CITY),),
        public=_("You told us more."), citizen=True, text=True,
    ),
    Verb(
        "claim", "work_order.claimed", _("Claim"), _("Claimed"), "dispatch:pool", Place.HUB, _POOL,
    ),
    Verb(
        "release", "work_order.released", _("Release"), _("Released to the pool"), "dispatch:pool", Place.HUB, _POOL,
    ),
    Verb(
        "send_back", "work_order.sent_back", _("Send back to review"), _("Sent back to review"), "workorders:dispatch",
        Place.HUB, frozenset({O.PENDING_DISPATCH}), (O.PENDING_REVIEW,), effects=_PAST_DISPATCH, text=True,
    ),
    Verb(
        "dispute", "work_order.disputed", _("Send to arbitration"), _("Sent to arbitration"), "workorders:dispatch",
        Place.HUB, frozenset({O.PENDING_DISPATCH}), (O.ARBITRATION,), text=True,
    ),
    Verb(
        "dispatch", "work_order.dispatched", _("Dispatch"), _("Dispatched"), "workorders:dispatch", Place.HUB,
        frozenset({O.PENDING_DISPATCH}), (O.PENDING_SIGN,), moments=(Moment.DISPATCHED,), effects=_PAST_DISPATCH,
        public=_("Sent to the unit that will handle it."),
    ),
    Verb(
        "designate", "work_order.designated", _("Designate the unit"), _("Designated; it may not be returned"),
        "workorders:arbitrate", Place.HUB, frozenset({O.ARBITRATION}), (O.PENDING_SIGN,), moments=(Moment.DISPATCHED,),
        effects=_PAST_DISPATCH, public=_("Sent to the unit that will handle it."), text=True,
    ),
    Verb(
        "close_directly", "work_order.closed", _("Close without dispatch"), _("Closed without dispatch"),
        "workorders:review", Place.HUB, _UNDISPATCHED, (O.CLOSED,), effects=_STOP_ALL,
        public=_("Your appeal was closed."), text=True,
    ),
    # ── at a unit ──
    Verb(
        "sign", "work_order.signed", _("Sign for it"), _("Signed for"), "workorders:sign", Place.UNIT, _HANDLE,
        (O.IN_PROGRESS, O.PENDING_SIGN), frozenset({A.PENDING_SIGN}), A.IN_PROGRESS, moments=(Moment.SIGNED,),
        effects=(
            Effect(Do.STOP, Whose.OWN, ClockKind.SIGN),
            Effect(Do.STOP, Whose.CITY, ClockKind.SIGN, top_only=True),
        ),
        public=_("The unit has taken it on."),
    ),
    Verb(
        "take", "work_order.taken", _("Take it on"), _("Taken on"), "workorders:sign", Place.UNIT, _HANDLE,
        (), _AT_WORK,
    ),
    Verb(
        "contact", "work_order.contacted", _("Record contact"), _("Contact with the citizen recorded"),
        "workorders:contact", Place.UNIT, _HANDLE, (), _AT_WORK | {A.EXTENSION_REVIEW, A.HOLD_REVIEW},
        effects=(Effect(Do.STOP, Whose.CHAIN, ClockKind.CONTACT), Effect(Do.STOP, Whose.CITY, ClockKind.CONTACT)),
        public=_("The unit contacted you."),
    ),
    Verb(
        "arrive", "work_order.arrived", _("Record arrival"), _("On the spot"), "workorders:contact", Place.UNIT, _HANDLE, (),
        _AT_WORK | {A.EXTENSION_REVIEW, A.HOLD_REVIEW}, public=_("The unit is on the spot."),
    ),
    Verb(
        "send_down", "work_order.sent_down", _("Send down"), _("Sent down"), "workorders:send_down", Place.UNIT,
        _HANDLE, (), _AT_WORK, A.SENT_DOWN, moments=(Moment.DISPATCHED,),
    ),
    Verb(
        "recall_down", "work_order.recalled", _("Recall"), _("Recalled from the unit below"), "workorders:send_down",
        Place.ABOVE, _HANDLE, (), _UNIT_HAS, A.RECALLED, effects=(_VOID_BRANCH,), text=True,
    ),
    Verb(
        "recall_assistant", "work_order.recalled", _("Take the request for assistance back"),
        _("Request for assistance taken back"), "workorders:dispatch", Place.HUB, _HANDLE, (), _UNIT_HAS, A.RECALLED,
        role=AssignmentRole.ASSISTANT, top_only=True, effects=(_VOID_BRANCH,), text=True,
    ),
    Verb(
        "recall", "work_order.recalled", _("Recall and dispatch anew"), _("Recalled by the hotline centre"),
        "workorders:dispatch", Place.HUB, _HANDLE | {O.ON_HOLD}, (O.PENDING_DISPATCH,), _UNIT_HAS, A.RECALLED,
        role=AssignmentRole.LEAD, top_only=True, moments=(Moment.REVIEWED,),
        effects=(_VOID_BRANCH, Effect(Do.RESUME, Whose.CITY)), text=True,
    ),
    Verb(
        "add_assistants", "work_order.assistance_asked", _("Add assisting units"), _("Assisting units added"),
        "workorders:dispatch", Place.HUB, _HANDLE, (), moments=(Moment.DISPATCHED,),
    ),
    Verb(
        "ask_assistance", "work_order.assistance_asked", _("Ask for assistance"), _("Assistance asked for"),
        "workorders:assist", Place.UNIT, _HANDLE, (), _AT_WORK, role=AssignmentRole.LEAD, moments=(Moment.DISPATCHED,),
    ),
    Verb(
        "give_opinion", "work_order.opinion_given", _("Give opinion"), _("Opinion given"), "workorders:assist",
        Place.UNIT, _HANDLE, (), frozenset({A.IN_PROGRESS}), A.DONE, role=AssignmentRole.ASSISTANT,
        effects=(_STOP_OWN,), text=True,
    ),
    # ── applications ──
    Verb(
        "apply_return", "work_order.return_asked", _("Apply for return"), _("Return applied for"), "workorders:apply",
        Place.UNIT, _HANDLE, (O.RETURN_REVIEW,), frozenset({A.PENDING_SIGN, A.IN_PROGRESS}), A.RETURN_REVIEW,
        application=ApplicationKind.RETURN, reason="return", text=True,
    ),
    Verb(
        "apply_extension", "work_order.extension_asked", _("Apply for extension"), _("Extension applied for"),
        "workorders:apply", Place.UNIT, _HANDLE, (O.EXTENSION_REVIEW,), _AT_WORK, A.EXTENSION_REVIEW,
        application=ApplicationKind.EXTENSION, reason="extension", text=True,
    ),
    Verb(
        "apply_hold", "work_order.hold_asked", _("Apply for hold"), _("Hold applied for"), "workorders:apply",
        Place.UNIT, _HANDLE, (O.HOLD_REVIEW,), _AT_WORK, A.HOLD_REVIEW, role=AssignmentRole.LEAD, top_only=True,
        application=ApplicationKind.HOLD, reason="hold", text=True,
    ),
    Verb(
        "apply_unreasonable", "work_order.unreasonable_asked", _("Apply to close as unreasonable"),
        _("Closing as unreasonable applied for"), "workorders:apply", Place.UNIT, _HANDLE, (O.CLOSE_REVIEW,),
        frozenset({A.IN_PROGRESS}), A.REPLIED, role=AssignmentRole.LEAD, top_only=True,
        application=ApplicationKind.UNREASONABLE, reason="unreasonable", text=True,
    ),
    Verb(
        "cancel_application", "work_order.application_cancelled", _("Take the application back"),
        _("Application taken back"), "workorders:apply", Place.UNIT, _HANDLE | {O.CLOSE_REVIEW}, (),
        frozenset({A.RETURN_REVIEW, A.EXTENSION_REVIEW, A.HOLD_REVIEW, A.REPLIED}),
    ),
    Verb(
        "approve_return", "work_order.returned", _("Approve return"), _("Return approved"),
        "workorders:decide_application", Place.ABOVE, _HANDLE, (O.PENDING_DISPATCH, O.ARBITRATION),
        frozenset({A.RETURN_REVIEW}), A.RETURNED, moments=(Moment.REVIEWED,), effects=(_VOID_BRANCH,),
        application=ApplicationKind.RETURN, public=_("It goes to another unit."),
    ),
    Verb(
        "refuse_return", "work_order.application_decided", _("Refuse return"), _("Return refused"),
        "workorders:decide_application", Place.ABOVE, _HANDLE, (), frozenset({A.RETURN_REVIEW}),
        application=ApplicationKind.RETURN, text=True,
    ),
    Verb(
        "approve_extension", "work_order.extended", _("Approve extension"), _("Extension approved"),
        "workorders:decide_application", Place.ABOVE, _HANDLE, (), frozenset({A.EXTENSION_REVIEW}),
        effects=(
            Effect(Do.EXTEND, Whose.OWN, ClockKind.FINISH),
            Effect(Do.EXTEND, Whose.CITY, ClockKind.FINISH, top_only=True),
        ),
        application=ApplicationKind.EXTENSION, public=_("More time was granted."),
    ),
    Verb(
        "refuse_extension", "work_order.application_decided", _("Refuse extension"), _("Extension refused"),
        "workorders:decide_application", Place.ABOVE, _HANDLE, (), frozenset({A.EXTENSION_REVIEW}),
        application=ApplicationKind.EXTENSION, text=True,
    ),
    Verb(
        "approve_hold", "work_order.held", _("Approve hold"), _("Put on hold"), "workorders:decide_application",
        Place.HUB, _HANDLE, (O.ON_HOLD,), frozenset({A.HOLD_REVIEW}), A.ON_HOLD, role=AssignmentRole.LEAD,
        top_only=True, effects=_PAUSE, application=ApplicationKind.HOLD, public=_("Handling pauses for a while."),
    ),
    Verb(
        "refuse_hold", "work_order.application_decided", _("Refuse hold"), _("Hold refused"),
        "workorders:decide_application", Place.HUB, _HANDLE, (), frozenset({A.HOLD_REVIEW}), role=AssignmentRole.LEAD,
        top_only=True, application=ApplicationKind.HOLD, text=True,
    ),
    Verb(
        "resume", "work_order.resumed", _("Resume handling"), _("Resumed"), "workorders:apply", Place.UNIT,
        frozenset({O.ON_HOLD}), (O.IN_PROGRESS,), frozenset({A.ON_HOLD}), A.IN_PROGRESS, role=AssignmentRole.LEAD,
        top_only=True, effects=_RESUME, public=_("Handling goes on."), machine=True,
    ),
    Verb(
        "expire_hold", "work_order.closed", _("Close at the end of the hold"), _("Closed at the end of the hold"),
        "workorders:decide_application", Place.HUB, frozenset({O.ON_HOLD}), (O.CLOSED,), frozenset({A.ON_HOLD}), A.DONE,
        role=AssignmentRole.LEAD, top_only=True, effects=_STOP_ALL, public=_("Your appeal was closed."), text=True,
    ),
    Verb(
        "approve_unreasonable", "work_order.closed", _("Close as unreasonable"), _("Closed as unreasonable"),
        "workorders:decide_application", Place.HUB, frozenset({O.CLOSE_REVIEW}), (O.CLOSED,), frozenset({A.REPLIED}),
        A.DONE, role=AssignmentRole.LEAD, top_only=True, effects=_STOP_ALL, application=ApplicationKind.UNREASONABLE,
        public=_("Your appeal was closed."), text=True,
    ),
    Verb(
        "refuse_unreasonable", "work_order.application_decided", _("Refuse closing as unreasonable"),
        _("Closing as unreasonable refused"), "workorders:decide_application", Place.HUB, frozenset({O.CLOSE_REVIEW}),
        (O.IN_PROGRESS,), frozenset({A.REPLIED}), A.IN_PROGRESS, role=AssignmentRole.LEAD, top_only=True,
        application=ApplicationKind.UNREASONABLE, text=True,
    ),
    # ── reply and after ──
    Verb(
        "reply", "work_order.replied", _("Reply"), _("Replied"), "workorders:reply", Place.UNIT, _HANDLE,
        (O.CLOSE_REVIEW,), frozenset({A.IN_PROGRESS}), A.REPLIED, role=AssignmentRole.LEAD, moments=(Moment.REPLIED,),
        effects=_REPLIED,
    ),
    Verb(
        "approve_reply", "work_order.reply_approved", _("Approve reply"), _("Reply approved"),
        "workorders:approve_reply", Place.ABOVE, _HANDLE | {O.CLOSE_REVIEW}, (O.PENDING_FOLLOW_UP,),
        frozenset({A.REPLIED}), A.DONE, role=AssignmentRole.LEAD, moments=(Moment.REPLY_APPROVED,),
        effects=(Effect(Do.STOP, Whose.CITY, ClockKind.REVIEW, top_only=True),), public=_("The unit answered."),
    ),
    Verb(
        "refuse_reply", "work_order.reply_refused", _("Refuse reply"), _("Reply refused"), "workorders:approve_reply",
        Place.ABOVE, _HANDLE | {O.CLOSE_REVIEW}, (O.IN_PROGRESS,), frozenset({A.REPLIED}), A.IN_PROGRESS,
        role=AssignmentRole.LEAD, effects=_REPLY_REFUSED, text=True,
    ),
    Verb(
        "finish_follow_up", "work_order.closed", _("Close after follow-up"), _("Closed after follow-up"),
        "followup:call", Place.HUB, frozenset({O.PENDING_FOLLOW_UP}), (O.CLOSED,),
        effects=(Effect(Do.STOP, Whose.CITY, ClockKind.FOLLOW_UP),), public=_("Your appeal was closed."),
        citizen=True, machine=True,
    ),
    Verb(
        "redo", "work_order.redone", _("Order a redo"), _("Redo ordered"), "followup:redo", Place.HUB,
        frozenset({O.PENDING_FOLLOW_UP, O.CLOSED}), (O.PENDING_SIGN, O.PENDING_DISPATCH), moments=(Moment.REDONE, Moment.DISPATCHED),
        effects=(Effect(Do.STOP, Whose.CITY, ClockKind.FOLLOW_UP),),
        public=_("It will be handled again."), reason="redo", text=True,
    ),
    Verb(
        "reopen", "work_order.reopened", _("Reopen"), _("Reopened"), "workorders:reopen", Place.HUB,
        frozenset({O.CLOSED, O.ARCHIVED}), (O.PENDING_DISPATCH,), moments=(Moment.CREATED, Moment.REVIEWED),
        public=_("It will be handled again."), text=True,
    ),
    Verb(
        "archive", "work_order.archived", _("Archive"), _("Archived"), "workorders:archive", Place.HUB,
        frozenset({O.CLOSED}), (O.ARCHIVED,), machine=True,
    ),
    Verb(
        "withdraw", "work_order.withdrawn", _("Withdraw"), _("Withdrawn"), "workorders:withdraw", Place.HUB,
        states_that("withdraw"), (O.CLOSED,), effects=_VOID_ALL, public=_("You withdrew your appeal."), citizen=True,
        text=True,
    ),
    # ── duplicates ──
    Verb(
        "merge", "work_order.merged", _("Merge"), _("Merged into another order"), "workorders:merge", Place.HUB,
        states_that("merge"), (O.MERGED,), effects=_VOID_ALL, public=_("It is handled together with the same matter."),
    ),
    Verb(
        "unmerge", "work_order.unmerged", _("Undo merge"), _("Merge undone"), "workorders:merge", Place.HUB,
        frozenset({O.MERGED}), tuple(sorted(states_that("merge"))), effects=(Effect(Do.RESTORE, Whose.ALL),),
        public=_("It is handled on its own again."),
    ),
    Verb(
        "absorb", "work_order.absorbed", _("Take in a duplicate"), _("Took in a duplicate"), "workorders:merge", Place.HUB,
        states_that("merge"),
    ),
    Verb(
        "part", "work_order.absorbed", _("Give a duplicate back"), _("Gave a duplicate back"), "workorders:merge", Place.HUB,
        _EVERY,
    ),
    Verb("link", "work_order.linked", _("Link"), _("Linked"), "workorders:link", Place.ANY, _EVERY),
    Verb("unlink", "work_order.linked", _("Unlink"), _("Unlinked"), "workorders:link", Place.ANY, _EVERY),
    # ── words ──
    Verb("note", "work_order.noted", _("Add note"), _("Note"), "workorders:note", Place.ANY, _EVERY, text=True),
    Verb(
        "supplement", "work_order.supplemented", _("Add a supplement"), _("Supplement"), "workorders:note", Place.ANY,
        states_that("append"), public=_("You told us more."), citizen=True, text=True,
    ),
    Verb(
        "urge", "work_order.urged", _("Urge"), _("Urged"), "workorders:urge", Place.ANY, states_that("append"),
        public=_("You urged the unit."), citizen=True,
    ),
    # ── supervision ──
    Verb(
        "issue_card", "work_order.card_raised", _("Issue card"), _("Card issued"), "workorders:supervise", Place.HUB,
        states_that("supervise"), text=True,
    ),
    Verb(
        "supervise", "work_order.supervised", _("Supervise"), _("Under supervision"), "workorders:supervise", Place.HUB,
        states_that("supervise"), reason="supervise", text=True,
    ),
    Verb(
        "list_case", "work_order.listed", _("List as difficult case"), _("Listed as difficult case"),
        "workorders:list_case", Place.HUB, states_that("supervise"), reason="supervise", text=True,
    ),
    Verb(
        "instruct", "work_order.instructed", _("Give instruction"), _("Leader's instruction"), "workorders:instruct",
        Place.HUB, states_that("supervise"), text=True,
    ),
    Verb(
        "advance_supervision", "work_order.supervision_advanced", _("Advance supervision"), _("Supervision advanced"),
        "workorders:supervise", Place.HUB, _EVERY,
    ),
    Verb(
        "answer_supervision", "work_order.supervision_advanced", _("Answer the supervision"),
        _("Answer to the supervision"), "workorders:reply", Place.ANY, _EVERY, text=True,
    ),
    Verb(
        "add_meeting", "work_order.met", _("Add meeting"), _("Joint meeting"), "workorders:supervise", Place.HUB,
        _EVERY, text=True,
    ),
    Verb(
        "attach", "work_order.attached", _("Add a file"), _("File added"), "workorders:note", Place.ANY,
        frozenset(set(_EVERY) - {O.ARCHIVED, O.MERGED}), public=_("A file was added."), by_audience=True, citizen=True,
    ),
    Verb(
        "remove_attachment", "work_order.attachment_removed", _("Remove a file"), _("File removed"), "workorders:note",
        Place.ANY, frozenset(set(_EVERY) - {O.ARCHIVED, O.MERGED}), public=_("A file was removed."), by_audience=True,
        citizen=True, text=True,
    ),
    # ── data ──
    Verb(
        "reclassify", "work_order.reclassified", _("Correct the order"), _("Corrected"), "workorders:review", Place.HUB,
        states_that("edit"), effects=(Effect(Do.RESPEC, Whose.ALL),),
    ),
    Verb(
        "locate", "work_order.located", _("Record the actual place"), _("Actual place recorded"), "workorders:contact",
        Place.ANY, _HANDLE,
    ),
    Verb(
        "exclude", "work_order.excluded", _("Exclude from appraisal"), _("Excluded from appraisal"),
        "workorders:exclude", Place.HUB, _EVERY, text=True,
    ),
    Verb(
        "include", "work_order.excluded", _("Include in appraisal again"), _("Included in appraisal again"),
        "workorders:exclude", Place.HUB, _EVERY, text=True,
    ),
    Verb(
        "grant_access", "work_order.access_granted", _("Name a handler"), _("Handler named"), "workorders:grant_access",
        Place.ANY, _EVERY, text=True,
    ),
    # ── machine only ──
    Verb(
        "raise_card", "work_order.card_raised", _("Raise a warning or card"), _("Deadline warning"), "system:scan",
        Place.HUB, _OPEN, machine=True,
    ),
    Verb(
        "settle_calendar", "work_order.deadline_settled", _("Count anew with the published holidays"),
        _("Deadline settled by the published holidays"), "system:settle", Place.HUB, _OPEN,
        public=_("The promised date was settled: the holidays that it depends on are published."), machine=True,
    ),
)

VERBS: Mapping[str, Verb] = {verb.name: verb for verb in _ROWS}
"""Every verb by its name."""

EVENTS: Mapping[str, str] = {
    "work_order.created": "an order exists",
    "work_order.reviewed": "its elements were checked",
    "work_order.supplement_asked": "the citizen is asked for more",
    "work_order.supplied": "the citizen supplied what was missing",
    "work_order.claimed": "a dispatcher claimed it from the pool",
    "work_order.released": "a dispatcher released it",
    "work_order.sent_back": "a dispatcher sent it back to review",
    "work_order.disputed": "it went to arbitration",
    "work_order.dispatched": "it was sent to a unit",
    "work_order.designated": "arbitration named the unit; returns are locked",
    "work_order.signed": "a unit signed for it",
    "work_order.taken": "a handler took it on",
    "work_order.contacted": "a unit recorded a contact with the citizen",
    "work_order.arrived": "a unit's people are at the place",
    "work_order.sent_down": "a unit sent it to a unit below",
    "work_order.recalled": "it was recalled from a unit",
    "work_order.assistance_asked": "units were asked to assist",
    "work_order.opinion_given": "an assisting unit gave its opinion",
    "work_order.return_asked": "a unit applied to return it",
    "work_order.returned": "a return was approved",
    "work_order.extension_asked": "a unit applied for more time",
    "work_order.extended": "more time was granted; old and new deadline are in the event",
    "work_order.hold_asked": "a unit applied to put it on hold",
    "work_order.held": "it is on hold, clocks pause",
    "work_order.resumed": "a hold ended, clocks run",
    "work_order.unreasonable_asked": "a unit applied to close it as unreasonable",
    "work_order.application_decided": "an application was refused",
    "work_order.application_cancelled": "a unit took its application back",
    "work_order.replied": "a unit submitted its reply",
    "work_order.reply_refused": "a reply was refused",
    "work_order.reply_approved": "the hotline centre approved the lead's reply; the order waits for follow-up",
    "work_order.reply_passed_up": "a unit approved the reply of a unit below it",
    "work_order.closed": "it reached its end; the event's data name the closing kind",
    "work_order.redone": "it is handled again",
    "work_order.reopened": "a closed order was reopened",
    "work_order.archived": "it was archived",
    "work_order.withdrawn": "the citizen withdrew it",
    "work_order.merged": "it was merged into another order",
    "work_order.unmerged": "a merge was undone",
    "work_order.absorbed": "a duplicate was merged into it, or parted from it again",
    "work_order.linked": "links between orders changed",
    "work_order.noted": "a note was added",
    "work_order.supplemented": "the citizen added something",
    "work_order.urged": "an urging was recorded",
    "work_order.attached": "a file was added",
    "work_order.attachment_removed": "a file was removed; its content stays for the audit",
    "work_order.card_raised": "a warning or card was raised",
    "work_order.deadline_settled": "holidays that its deadlines depend on were published; they are counted anew, data name the old one",
    "work_order.supervised": "it came under supervision",
    "work_order.listed": "it was listed as a difficult case",
    "work_order.instructed": "a leader gave an instruction",
    "work_order.supervision_advanced": "a supervision moved on",
    "work_order.met": "a joint meeting was recorded",
    "work_order.reclassified": "category, type, urgency, secrecy or place was corrected",
    "work_order.located": "a unit recorded the actual place",
    "work_order.excluded": "it was excluded from appraisal, or included again",
    "work_order.access_granted": "a person was named for a confidential order",
}
"""Event → meaning, for subscriptions and docs."""

SECOND_EVENTS = frozenset({"work_order.reply_passed_up"})
"""Events that a verb emits instead of its own below the top of the tree."""


def names(verbs: Iterable[Verb]) -> list[str]:
    """Names of verbs, in the table's order."""
    return [verb.name for verb in verbs]


__all__ = ["EVENTS", "FINAL_STATES", "SECOND_EVENTS", "STATES", "VERBS", "Allows", "names", "states_that"]
