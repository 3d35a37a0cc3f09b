"""The only writers of orders: one function a verb, keyword-only, `actor` always, atomic.

All raise `kit.errors`: NotVisible (404), NotPermitted (403 with the reason), Refused (409, a code of `rules.WHY_NOT` or
`rules.FAULTS`), Invalid (422, messages by field), and Stale (409, both texts) when `revision` is given and not current.
"""

from hotline.workorders.actions.applications import (
    apply,
    cancel_application,
    decide_application,
    expire_hold,
    resume,
)
from hotline.workorders.actions.creating import NewOrder, create_order
from hotline.workorders.actions.handling import (
    arrive,
    ask_assistance,
    give_opinion,
    recall,
    record_contact,
    send_down,
    sign,
    sign_many,
    take,
)
from hotline.workorders.actions.lifecycle import (
    add_assistants,
    archive,
    ask_supplement,
    claim,
    close_directly,
    designate,
    dispatch_order,
    dispute,
    exclude,
    finish_follow_up,
    pass_review,
    reclassify,
    redo,
    release,
    reopen,
    send_back,
    supply,
    withdraw,
)
from hotline.workorders.actions.merging import link, merge, unlink, unmerge
from hotline.workorders.actions.notes import add_note, grant_access, locate, supplement
from hotline.workorders.actions.replies import decide_reply, submit_reply
from hotline.workorders.actions.scanning import archive_closed, close_by_time, end_holds, scan_clocks
from hotline.workorders.actions.settling import settle_calendar, settle_order
from hotline.workorders.actions.supervision import (
    add_meeting,
    advance_supervision,
    instruct,
    issue_card,
    list_case,
    supervise,
    urge,
)
from hotline.workorders.rules import ReplyForm

__all__ = [
    "NewOrder", "ReplyForm", "add_assistants", "add_meeting", "add_note", "advance_supervision", "apply", "archive",
    "archive_closed", "arrive", "ask_assistance", "ask_supplement", "cancel_application", "claim", "close_by_time",
    "close_directly", "create_order", "decide_application", "decide_reply", "designate", "dispatch_order", "dispute",
    "end_holds", "exclude", "expire_hold", "finish_follow_up", "give_opinion", "grant_access", "instruct",
    "issue_card", "link", "list_case", "locate", "merge", "pass_review", "recall", "reclassify", "record_contact",
    "redo", "release", "reopen", "resume", "scan_clocks", "send_back", "send_down", "settle_calendar", "settle_order",
    "sign", "sign_many",
    "submit_reply", "supervise", "supplement", "supply", "take", "unlink", "unmerge", "urge", "withdraw",
]
