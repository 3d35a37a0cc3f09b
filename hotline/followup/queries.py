"""Reads of the follow-up queue, starting from what the actor may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from hotline.followup import rules
from hotline.followup.models import Attempt, FollowUpTask, ResultAppeal, TaskState
from hotline.intake.models import Appeal, AppealState
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import NotVisible
from hotline.kit.paging import Page, keyset
from hotline.workorders.models import CitySettings, OrderAccess, Reply, Script, WorkOrder
from hotline.workorders.queries import visible_to as orders_visible_to

OPEN = (TaskState.WAITING, TaskState.CLAIMED)


@dataclass(frozen=True, slots=True)
class Options:
    """The city's wishes for follow-up (CitySettings.options)."""

    tries: int = rules.DEFAULT_TRIES
    second_check_share: float = 0.0
    periods: tuple[str, ...] = tuple(rules.Period.values)


@dataclass(frozen=True, slots=True)
class Piles:
    """Counts shown above the queue."""

    due_now: int
    later: int
    overdue: int
    second_checks: int
    appeals: int


def options() -> Options:
    """The city's follow-up options; defaults where it set none."""
    found = CitySettings.objects.filter(pk=1).values_list("options", flat=True).first() or {}
    return Options(
        tries=int(found.get("follow_up_tries", rules.DEFAULT_TRIES)),
        second_check_share=float(found.get("second_check_share", 0.0)),
        periods=tuple(found.get("follow_up_periods", rules.Period.values)),
    )


def visible_to(actor: Actor) -> QuerySet[FollowUpTask]:
    """Tasks that the actor may work on; those of secret orders only for named handlers."""
    tasks = FollowUpTask.objects.select_related(
        "order", "appeal", "claimed_by", "order__lead_unit", "order__category"
    )
    if actor.is_system:
        return tasks
    kinds = Q(pk__in=[])
    if actor.has("followup:call"):
        kinds |= Q(second_check=False)
    if actor.has("followup:second_check"):
        kinds |= Q(second_check=True)
    named = OrderAccess.objects.filter(order_id=OuterRef("order_id"), person_id=actor.id)
    return tasks.filter(kinds).filter(Q(order__secret=False) | Exists(named))


def callable_tasks(actor: Actor, now: datetime, *, second_check: bool = False) -> QuerySet[FollowUpTask]:
    """Tasks to call now: waiting, or claimed by nobody who still works on them, or mine; the most urgent first."""
    stale = now - rules.CLAIM_LIFE
    free = (
        Q(state=TaskState.WAITING)
        | Q(state=TaskState.CLAIMED, claimed_at__lt=stale)
        | Q(state=TaskState.CLAIMED, claimed_by_id=actor.id)
    )
    tasks = visible_to(actor).filter(free, state__in=OPEN, second_check=second_check, not_before__lte=now)
    if second_check:
        first = Attempt.objects.filter(task_id=OuterRef("checked_task_id"), created_by=actor.key())
        tasks = tasks.exclude(Exists(first))
    return tasks


def queue(actor: Actor, *, pile: str = "now", cursor: str = "", size: int = 50) -> Page[FollowUpTask]:
    """One page of the queue. `pile`: now, later, second (second checks), done."""
    now = clock.now()
    if pile == "second":
        return keyset(
            callable_tasks(actor, now, second_check=True), order=("due_at", "id"), cursor=cursor, size=size
        )
    if pile == "later":
        rows = visible_to(actor).filter(state__in=OPEN, second_check=False, not_before__gt=now)
        return keyset(rows, order=("not_before", "id"), cursor=cursor, size=size)
    if pile == "done":
        rows = (
            visible_to(actor)
            .filter(second_check=False, ended_at__isnull=False)
            .exclude(state=TaskState.CANCELLED)
        )
        return keyset(rows, order=("-id",), cursor=cursor, size=size)
    return keyset(callable_tasks(actor, now), order=("due_at", "id"), cursor=cursor, size=size)


CAP = 1000


def piles(actor: Actor) -> Piles:
    """Counts for the piles, capped at 1,000: a queue longer than that is "999+"."""
    now = clock.now()

    def capped(rows: QuerySet[FollowUpTask]) -> int:
        return rows.order_by()[:CAP].count()

    mine = callable_tasks(actor, now)
    return Piles(
        due_now=capped(mine),
        later=capped(visible_to(actor).filter(state__in=OPEN, second_check=False, not_before__gt=now)),
        overdue=capped(mine.filter(due_at__lt=now)),
        second_checks=capped(callable_tasks(actor, now, second_check=True))
        if actor.has("followup:second_check")
        else 0,
        appeals=ResultAppeal.objects.filter(state="open")[:CAP].count()
        if actor.has("followup:decide_appeal")
        else 0,
    )


def task_for(actor: Actor, task_id: int) -> FollowUpTask:
    """A task that the actor may see; NotVisible otherwise."""
    task = visible_to(actor).filter(pk=task_id).first()
    if task is None:
        raise NotVisible(_("There is no such follow-up, or it is not yours to see."))
    return task


def order_of_task(actor: Actor, task_id: int) -> int:
    """The order's id of a task that the actor may see; NotVisible otherwise."""
    found = visible_to(actor).filter(pk=task_id).values_list("order_id", flat=True).first()
    if found is None:
        raise NotVisible(_("There is no such follow-up, or it is not yours to see."))
    return found


def reply_of(task: FollowUpTask) -> Reply | None:
    """The approved reply of the round that the citizen is asked about."""
    return (
        Reply.objects.filter(order_id=task.order_id, state="approved")
        .select_related("assignment__unit")
        .order_by("-id")
        .first()
    )


QUESTIONS = (
    ("opening", "follow_up_opening"),
    ("unit_contacted", "follow_up_connected"),
    ("reply_true", "follow_up_true"),
    ("solved", "follow_up_solved"),
    ("satisfaction", "follow_up_satisfied"),
    ("opinion", "follow_up_opinion"),
    ("redo", "follow_up_redo"),
    ("closing", "follow_up_closing"),
)


def script(task: FollowUpTask) -> dict[str, str]:
    """What the clerk says, by question; the words in effect today, with the order's own facts put in."""
    today = clock.today()
    codes = {code: name for name, code in QUESTIONS}
    rows = Script.objects.filter(code__in=codes, effective_from__lte=today).filter(
        Q(effective_to__isnull=True) | Q(effective_to__gte=today)
    )
    facts = {
        "日期": task.order.created_at.astimezone(clock.CITY_ZONE).strftime("%m月%d日"),
        "标题": task.order.title,
    }
    words: dict[str, str] = {}
    for row in rows.order_by("effective_from"):
        words[codes[row.code]] = re.sub(r"\[(\w+)\]", lambda m: facts.get(m[1], m[0]), row.text)
    return words


def appeals_open(actor: Actor, cursor: str = "", size: int = 50) -> Page[ResultAppeal]:
    """Citizens' appeals against a result that wait for a decision and that the actor decides, oldest first."""
    mine = orders_visible_to(actor, "followup:decide_appeal").values("pk")
    rows = ResultAppeal.objects.filter(state="open", order__in=mine).select_related(
        "order", "appeal", "order__lead_unit"
    )
    return keyset(rows, order=("id",), cursor=cursor, size=size)


def disagreements(actor: Actor, limit: int = 200) -> list[tuple[FollowUpTask, list[str]]]:
    """Second checks whose answers differ from the first, newest first, with the names of the answers that differ."""
    rows = (
        FollowUpTask.objects.filter(order__in=orders_visible_to(actor).values("pk"))
        .filter(
            second_check=True, state=TaskState.DONE, result__isnull=False, checked_task__result__isnull=False
        )
        .select_related("result", "checked_task__result", "order")
        .order_by("-id")[:limit]
    )
    found = []
    for row in rows:
        fields = rules.disagree(answer_of(row.checked_task.result), answer_of(row.result))  # type: ignore[union-attr]
        if fields:
            found.append((row, fields))
    return found


def answer_of(attempt: Attempt | None) -> rules.Answer:
    """An attempt's answers as a rule's value."""
    if attempt is None:
        return rules.Answer()
    return rules.Answer(
        unit_contacted=attempt.unit_contacted,
        reply_true=attempt.reply_true,
        solved=attempt.solved,
        satisfaction=attempt.satisfaction,
        opinion=attempt.opinion,
    )


def results_of_round(order_id: int, round: int) -> tuple[list[rules.Answer], bool]:
    """Answers given in a round, and whether all its tasks have ended."""
    tasks = list(
        FollowUpTask.objects.filter(order_id=order_id, round=round, second_check=False).select_related(
            "result"
        )
    )
    answers = [answer_of(task.result) for task in tasks if task.state == TaskState.DONE and task.result]
    return answers, all(task.state not in OPEN for task in tasks)


def of_order(order_id: int) -> QuerySet[FollowUpTask]:
    """All follow-ups of an order with their attempts, for its page; the caller has checked that the order is visible."""
    return (
        FollowUpTask.objects.filter(order_id=order_id, second_check=False)
        .annotate(asked=Count("attempts"))
        .select_related("result", "appeal")
        .order_by("id")
    )


def appeals_behind(order: WorkOrder) -> QuerySet[Appeal]:
    """Every appeal that this order answers, merged ones too, whose citizen can be reached; by age."""
    # The orders first, by their two indexes: asked of both tables at once, PostgreSQL reads both from end to end.
    orders = WorkOrder.objects.filter(Q(pk=order.pk) | Q(merged_into=order))
    return Appeal.objects.filter(
        order__in=orders.values("pk"),
        state__in=[AppealState.ORDERED, AppealState.APPENDED],
        citizen__phone_hash__isnull=False,
    ).order_by("id")


def contests_of(appeal_id: int) -> QuerySet[ResultAppeal]:
    """A citizen's appeals against the result of one appeal, the newest first; the caller has checked who asks."""
    return ResultAppeal.objects.filter(appeal_id=appeal_id).order_by("-id")
