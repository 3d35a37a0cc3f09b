"""Event → job, in one list. Read at start by Procrastinate's on-ready hook."""

from __future__ import annotations

from importlib import import_module

from procrastinate import App

from hotline.kit.events import subscribe

# (event, module of the task, task)
SUBSCRIPTIONS: tuple[tuple[str, str, str], ...] = (
    ("appeal.filed", "hotline.followup.tasks", "tell_accepted"),
    ("work_order.reply_approved", "hotline.followup.tasks", "plan"),
    ("unit.moved", "hotline.workorders.tasks", "involve_after_move"),
    ("worktime.calendar_published", "hotline.workorders.tasks", "settle_calendar"),
    ("work_order.closed", "hotline.followup.tasks", "cancel"),
    ("work_order.reopened", "hotline.followup.tasks", "cancel"),
    ("work_order.merged", "hotline.followup.tasks", "cancel"),
    ("work_order.redone", "hotline.followup.tasks", "cancel"),
    ("work_order.dispatched", "hotline.followup.tasks", "tell"),
    ("work_order.designated", "hotline.followup.tasks", "tell"),
    ("work_order.extended", "hotline.followup.tasks", "tell"),
    ("work_order.held", "hotline.followup.tasks", "tell"),
    ("work_order.supplement_asked", "hotline.followup.tasks", "tell"),
    ("work_order.reply_approved", "hotline.followup.tasks", "tell"),
    ("work_order.merged", "hotline.followup.tasks", "tell"),
    ("work_order.redone", "hotline.followup.tasks", "tell"),
    ("work_order.withdrawn", "hotline.followup.tasks", "tell"),
    ("knowledge.published", "hotline.knowledge.tasks", "embed"),
    ("work_order.dispatched", "hotline.config.tasks", "note_consultation"),
    ("call.recording_closed", "hotline.transcripts.tasks", "keep"),
    ("appeal.filed", "hotline.dispatch.tasks", "propose"),
    ("work_order.reviewed", "hotline.dispatch.tasks", "send_by_itself"),
    ("work_order.dispatched", "hotline.dispatch.tasks", "settle"),
    ("work_order.designated", "hotline.dispatch.tasks", "settle"),
    ("work_order.reply_approved", "hotline.dispatch.tasks", "settle_replies"),
    ("work_order.returned", "hotline.dispatch.tasks", "note_returned"),
    ("appeal.filed", "hotline.chat.tasks", "note_filed"),
    ("appeal.answered", "hotline.chat.tasks", "note_filed"),
    ("appeal.not_accepted", "hotline.chat.tasks", "note_filed"),
    ("appeal.referred", "hotline.chat.tasks", "note_filed"),
    ("appeal.appended", "hotline.chat.tasks", "note_filed"),
)


def ready(app: App) -> None:
    """Bind every subscription; a name that does not exist stops the start."""
    for event, module, task in SUBSCRIPTIONS:
        subscribe(event, getattr(import_module(module), task))
