"""Verbs of follow-up: lock, permit, check, write, record, tell."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from hotline.audit import actions as audit
from hotline.followup import permissions, queries, rules
from hotline.followup.models import Attempt, FollowUpTask, ResultAppeal, TaskState
from hotline.followup.rules import Answer, NextStep
from hotline.intake.models import Appeal
from hotline.kit import clock, live
from hotline.kit.actor import Actor, ActorKind, system_actor
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.workorders import actions as workorders
from hotline.workorders.models import Clock, ClockKind, ClockState, OrderState, WorkOrder

SYSTEM = system_actor(
    "follow-up",
    "followup:plan",
    "workorders:finish_follow_up",
    "followup:redo",
    "followup:call",
    "workorders:view",
    "workorders:supervise",
)
DEFAULT_DUE = timedelta(days=5)
"""When the city's policy names no follow-up clock."""


@transaction.atomic
def plan(*, actor: Actor, order_id: int) -> list[FollowUpTask]:
    """One task for each citizen behind an order that waits for follow-up; idempotent.

    With nobody to ask (anonymous, no phone) the order closes without a rating. Returns the tasks of the round.
    """
    order = _lock_order(order_id)
    permissions.can_plan(actor).require("followup:plan")
    if order.state != OrderState.PENDING_FOLLOW_UP:
        return []
    now = clock.now()
    due = (
        Clock.objects.filter(order=order, kind=ClockKind.FOLLOW_UP, state=ClockState.RUNNING)
        .values_list("due_at", flat=True)
        .first()
        or now + DEFAULT_DUE
    )
    appeals = queries.appeals_behind(order)
    # One call a citizen: somebody who filed twice is not asked twice.
    by_citizen: dict[int | None, Appeal | None] = {}
    for appeal in appeals:
        by_citizen.setdefault(appeal.citizen_id, appeal)
    if not by_citizen and order.citizen_id and not order.anonymous:
        by_citizen[order.citizen_id] = None
    FollowUpTask.objects.bulk_create(
        [
            FollowUpTask(
                order=order, appeal=appeal, round=order.round, due_at=due, not_before=now, created_at=now
            )
            for appeal in by_citizen.values()
        ],
        ignore_conflicts=True,
    )
    tasks = list(
        FollowUpTask.objects.filter(order=order, round=order.round, second_check=False).order_by("id")
    )
    if not tasks:
        _settle(actor, order)
    live.publish(["followup"], "follow_up.planned", order_id=order.pk)
    return tasks


@transaction.atomic
def cancel_round(*, actor: Actor, order_id: int) -> int:
    """Cancel open tasks of an order that left follow-up (reopened, merged, withdrawn). Returns how many."""
    permissions.can_plan(actor).require("followup:plan")
    order = _lock_order(order_id)
    if order.state == OrderState.PENDING_FOLLOW_UP:
        return 0
    count = FollowUpTask.objects.filter(order=order, state__in=queries.OPEN, second_check=False).update(
        state=TaskState.CANCELLED, ended_at=clock.now()
    )
    if count:
        live.publish(["followup"], "follow_up.cancelled", order_id=order.pk)
    return count


@transaction.atomic
def claim(*, actor: Actor, task_id: int) -> FollowUpTask:
    """Take a task to call the citizen; Refused when a colleague is calling."""
    task = _lock(actor, task_id)
    permissions.can_call(actor, task).require("followup:call")
    now = clock.now()
    if task.state not in queries.OPEN:
        raise Refused("ended", _("This follow-up has ended already; take the next one."))
    held = task.state == TaskState.CLAIMED and task.claimed_by_id != actor.id
    if held and task.claimed_at and task.claimed_at > now - rules.CLAIM_LIFE:
        raise Refused(
            "claimed",
            _("%(name)s is calling this citizen now; take the next one.") % {"name": task.claimed_by},
        )
    task.state, task.claimed_by_id, task.claimed_at = TaskState.CLAIMED, actor.id, now
    task.save(update_fields=["state", "claimed_by", "claimed_at"])
    live.publish(["followup"], "follow_up.claimed", task_id=task.pk)
    return task


@transaction.atomic
def claim_next(*, actor: Actor, second_check: bool = False) -> FollowUpTask | None:
    """Take the most urgent task that nobody holds; None when the queue is empty."""
    rows = queries.callable_tasks(actor, clock.now(), second_check=second_check).order_by("due_at", "id")
    chosen = rows.select_for_update(skip_locked=True, of=("self",)).first()
    return claim(actor=actor, task_id=chosen.pk) if chosen else None


@transaction.atomic
def release(*, actor: Actor, task_id: int) -> FollowUpTask:
    """Put a claimed task back without a try."""
    task = _lock(actor, task_id)
    permissions.can_call(actor, task).require("followup:call")
    if task.state == TaskState.CLAIMED and task.claimed_by_id == actor.id:
        task.state, task.claimed_by, task.claimed_at = TaskState.WAITING, None, None
        task.save(update_fields=["state", "claimed_by", "claimed_at"])
        live.publish(["followup"], "follow_up.released", task_id=task.pk)
    return task


@transaction.atomic
def record_attempt(
    *,
    actor: Actor,
    task_id: int,
    connected: bool,
    answer: Answer | None = None,
    no_answer_reason: str = "",
    channel: str = "person",
    recording: str = "",
    close_anyway_reason: str = "",
) -> FollowUpTask:
    """Write down one try. Reached: the answers end the task; not reached: another period, or 未评价 after the last try.

    `close_anyway_reason`: close in spite of an unhappy answer, with the written reason. Raises Invalid with a message a
    field, Refused when the task has ended or a colleague holds it.
    """
    task = _lock(actor, task_id)
    permissions.can_call(actor, task).require("followup:call")
    _held(actor, task)
    now = clock.now()
    heard = answer or Answer()
    if connected and (missing := rules.problems(heard)):
        raise Invalid("answers", _("Some answers are missing."), details=missing)
    if not connected and not no_answer_reason:
        raise Invalid(
            "no_answer_reason",
            _("Say why the citizen was not reached."),
            details={"no_answer_reason": str(_("Choose a reason."))},
        )
    attempt = _attempt(actor, task, now, connected, heard, no_answer_reason, channel, recording)
    task.tries = F("tries") + 1
    task.claimed_by, task.claimed_at = None, None
    if connected:
        _end(task, TaskState.DONE, now, attempt)
        _draw_second_check(task, now)
    else:
        wishes = queries.options()
        tried = list(task.attempts.filter(connected=False).values_list("period", flat=True))
        if rules.exhausted(len(tried), wishes.tries):
            _end(task, TaskState.UNREACHED, now, None)
        else:
            task.state, task.not_before = TaskState.WAITING, rules.next_try(now, tried, wishes.periods)
            task.save(update_fields=["state", "tries", "not_before", "claimed_by", "claimed_at"])
    task.refresh_from_db()
    if not task.second_check:
        _settle(actor, task.order, close_anyway_reason=close_anyway_reason)
    live.publish(["followup", f"order:{task.order_id}"], "follow_up.recorded", task_id=task.pk)
    return task


@transaction.atomic
def rate(*, actor: Actor, appeal_id: int, solved: bool, satisfaction: int, opinion: str = "") -> FollowUpTask:
    """The citizen's own word on the portal: solved and satisfied apart; ends their task of the present round."""
    appeal = Appeal.objects.select_related("order").filter(pk=appeal_id).first()
    if appeal is None or appeal.order is None:
        raise NotVisible(_("There is no such appeal."))
    permissions.can_rate(actor, appeal.citizen_id).require("followup:rate")
    main_id = appeal.order.merged_into_id or appeal.order_id
    assert main_id is not None
    order = _lock_order(main_id)
    answer = Answer(solved=solved, satisfaction=satisfaction, opinion=opinion)
    if missing := rules.problems(answer):
        raise Invalid("answers", _("Please complete your rating."), details=missing)
    if order.state != OrderState.PENDING_FOLLOW_UP:
        raise Refused("not_now", _("It can be rated once there is a reply, and until the follow-up is over."))
    mine = Q(appeal__citizen_id=appeal.citizen_id) | Q(
        appeal__isnull=True, order__citizen_id=appeal.citizen_id
    )
    task = (
        FollowUpTask.objects.select_for_update(of=("self",))
        .filter(mine, order=order, round=order.round, second_check=False)
        .order_by("id")
        .first()
    )
    now = clock.now()
    if task is None:
        task = FollowUpTask.objects.create(
            order=order, appeal=appeal, round=order.round, due_at=now, not_before=now, created_at=now
        )
    if task.state == TaskState.DONE:
        raise Refused("rated", _("You have rated this result already. Thank you."))
    attempt = _attempt(actor, task, now, True, answer, "", "portal", "")
    _end(task, TaskState.DONE, now, attempt)
    _settle(SYSTEM, order)
    live.publish(["followup", f"order:{order.pk}"], "follow_up.recorded", task_id=task.pk)
    return task


@transaction.atomic
def appeal_result(*, actor: Actor, appeal_id: int, text: str) -> ResultAppeal:
    """The citizen contests the result; it goes above the handler. One open appeal at a time."""
    appeal = Appeal.objects.select_related("order").filter(pk=appeal_id).first()
    if appeal is None or appeal.order is None:
        raise NotVisible(_("There is no such appeal."))
    permissions.can_rate(actor, appeal.citizen_id).require("followup:appeal")
    if not text.strip():
        raise Invalid(
            "text", _("Say what you do not accept."), details={"text": str(_("Say what you do not accept."))}
        )
    order = _lock_order(appeal.order.merged_into_id or appeal.order.pk)
    if order.state not in (OrderState.CLOSED, OrderState.PENDING_FOLLOW_UP):
        raise Refused("not_now", _("You can appeal once there is a result."))
    if ResultAppeal.objects.filter(order=order, appeal=appeal, state="open").exists():
        raise Refused("open", _("Your earlier appeal is being looked at; you will hear from us."))
    made = ResultAppeal.objects.create(order=order, appeal=appeal, text=text.strip(), created_at=clock.now())
    audit.record(
        actor=actor,
        verb="followup.appeal_result",
        object_type="result_appeal",
        object_id=str(made.pk),
        data={"order": order.number},
    )
    live.publish(["followup", f"order:{order.pk}"], "follow_up.appealed", order_id=order.pk)
    return made


@transaction.atomic
def decide_appeal(*, actor: Actor, appeal_id: int, decision: str, text: str) -> ResultAppeal:
    """Decide a citizen's appeal: `redo`, `supervised` (a supervised redo) or `upheld` (the result stands)."""
    made = (
        ResultAppeal.objects.select_for_update(of=("self",))
        .select_related("order__lead_unit")
        .filter(pk=appeal_id)
        .first()
    )
    if made is None:
        raise NotVisible(_("There is no such appeal."))
    permissions.can_decide_appeal(actor, made.order).require("followup:decide_appeal")
    if made.state != "open":
        raise Refused("decided", _("A colleague has decided this appeal already."))
    if decision not in ("redo", "supervised", "upheld"):
        raise Invalid("decision", _("Choose a decision."), details={"decision": str(_("Choose a decision."))})
    if not text.strip():
        raise Invalid(
            "text",
            _("Give the reason; the citizen reads it."),
            details={"text": str(_("Give the reason; the citizen reads it."))},
        )
    made.state, made.decision_text = decision, text.strip()
    made.decided_by, made.decided_at = actor.key(), clock.now()
    made.save(update_fields=["state", "decision_text", "decided_by", "decided_at"])
    if decision != "upheld":
        # An appraiser decides appeals but orders no redo on their own: the system does it, the audit row names them.
        acting = actor if actor.has("followup:redo") else SYSTEM
        workorders.redo(
            actor=acting,
            order_id=made.order_id,
            reason_code="unsolved",
            text=text.strip(),
            supervised=decision == "supervised",
        )
        cancel_round(actor=SYSTEM, order_id=made.order_id)
    audit.record(
        actor=actor,
        verb="followup.decide_appeal",
        object_type="result_appeal",
        object_id=str(made.pk),
        reason=text.strip(),
        data={"decision": decision},
    )
    live.publish(["followup", f"order:{made.order_id}"], "follow_up.appeal_decided", order_id=made.order_id)
    return made


def _lock_order(order_id: int) -> WorkOrder:
    order = WorkOrder.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotVisible(_("There is no such order."))
    return order


def _lock(actor: Actor, task_id: int) -> FollowUpTask:
    # The order first, always: closing and redoing lock it too, and one order of locking cannot deadlock.
    order = _lock_order(queries.order_of_task(actor, task_id))
    task = FollowUpTask.objects.select_for_update(of=("self",)).get(pk=task_id)
    task.order = order
    return task


def _held(actor: Actor, task: FollowUpTask) -> None:
    if task.state not in queries.OPEN:
        raise Refused("ended", _("This follow-up has ended already; take the next one."))
    if task.state == TaskState.CLAIMED and task.claimed_by_id != actor.id and actor.kind == ActorKind.STAFF:
        raise Refused(
            "claimed",
            _("%(name)s is calling this citizen now; take the next one.") % {"name": task.claimed_by},
        )


def _attempt(
    actor: Actor,
    task: FollowUpTask,
    now: datetime,
    connected: bool,
    answer: Answer,
    why_not: str,
    channel: str,
    recording: str,
) -> Attempt:
    return Attempt.objects.create(
        task=task,
        channel=channel,
        at=now,
        period=rules.period_of(now),
        connected=connected,
        no_answer_reason=why_not,
        unit_contacted=answer.unit_contacted if connected else None,
        reply_true=answer.reply_true if connected else None,
        solved=answer.solved if connected else None,
        satisfaction=answer.satisfaction if connected else None,
        opinion=answer.opinion.strip(),
        recording=recording,
        created_by=actor.key(),
    )


def _end(task: FollowUpTask, state: TaskState, now: datetime, result: Attempt | None) -> None:
    task.state, task.ended_at, task.result = state, now, result
    task.save(update_fields=["state", "ended_at", "result", "tries", "claimed_by", "claimed_at"])


def _draw_second_check(task: FollowUpTask, now: datetime) -> None:
    """A share of first calls is repeated by somebody else who sees none of the answers."""
    if task.second_check or not rules.drawn(
        task.pk, queries.options().second_check_share, settings.SECRET_KEY
    ):
        return
    FollowUpTask.objects.get_or_create(
        order_id=task.order_id,
        appeal_id=task.appeal_id,
        round=task.round,
        second_check=True,
        defaults={
            "checked_task_id": task.pk,
            "due_at": now + timedelta(days=7),
            "not_before": rules.next_try(now, [rules.period_of(now)]),
            "created_at": now,
        },
    )


def _settle(actor: Actor, order: WorkOrder, *, close_anyway_reason: str = "") -> None:
    """Close or redo the order when all of the round's citizens were asked."""
    answers, complete = queries.results_of_round(order.pk, order.round)
    if not complete:
        return
    order.refresh_from_db()
    if order.state != OrderState.PENDING_FOLLOW_UP:
        return
    worst = rules.worst(answers)
    step = rules.next_step(answers, order.redo_count, close_anyway=bool(close_anyway_reason.strip()))
    acting = actor if actor.is_staff else SYSTEM
    if step == NextStep.CLOSE:
        opinion = " ".join(
            part for part in ((worst.opinion if worst else ""), close_anyway_reason.strip()) if part
        )
        workorders.finish_follow_up(
            actor=acting,
            order_id=order.pk,
            solved=worst.solved if worst else None,
            satisfaction=worst.satisfaction if worst else None,
            opinion=opinion,
            round=order.round,
        )
        return
    assert worst is not None
    workorders.redo(
        actor=acting,
        order_id=order.pk,
        reason_code=rules.redo_reason(worst),
        text=worst.opinion,
        supervised=step == NextStep.REDO_SUPERVISED,
    )
