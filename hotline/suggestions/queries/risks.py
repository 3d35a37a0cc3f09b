"""Risks that wait for an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from hotline.kit.actor import Actor
from hotline.language.urgency import standard
from hotline.suggestions.models import RiskAlert, RiskNotice
from hotline.workorders.models import FINAL_STATES, WorkOrder
from hotline.workorders.queries import visible_to

MOST = 200


def open_risks(actor: Actor, *, climbed: bool = False) -> list[RiskAlert]:
    """Unanswered risks of open orders that the actor may see, oldest first."""
    rows = _unanswered(actor).exclude(order__state__in=FINAL_STATES)
    if climbed:
        rows = rows.filter(climbed_at__isnull=False)
    return list(rows.order_by("raised_at")[:MOST])


def missed_risks(actor: Actor) -> list[RiskAlert]:
    """Risks that nobody answered until their order had ended, newest first: nobody need hurry, but somebody should ask why."""
    return list(_unanswered(actor).filter(order__state__in=FINAL_STATES).order_by("-raised_at")[:MOST])


def _unanswered(actor: Actor) -> QuerySet[RiskAlert]:
    rows = RiskAlert.objects.filter(answered_at=None, order__in=visible_to(actor))
    return rows.select_related("order__category", "order__division")


def unseen_notices(actor: Actor) -> list[RiskNotice]:
    """Climbed risks that the actor was told of and has not looked at, oldest first; what was answered meanwhile, or whose
    order has ended, is no news."""
    if not actor.is_staff or not actor.id:
        return []
    rows = RiskNotice.objects.filter(person_id=actor.id, seen_at=None, alert__answered_at=None).exclude(
        alert__order__state__in=FINAL_STATES
    )
    return list(rows.select_related("alert").order_by("id")[:MOST])


def risk_of(order_id: int) -> RiskAlert | None:
    """The risk of one order."""
    return RiskAlert.objects.filter(order_id=order_id).first()


def risk_kinds(kinds: Iterable[str]) -> list[tuple[str, str]]:
    """(label, what to do) of each kind, in Chinese as the table of rules has them."""
    table = standard().kinds
    return [(table[kind].label, table[kind].advice) if kind in table else (kind, "") for kind in kinds]


def risk_words(order: WorkOrder, evidence: Sequence[Sequence[object]]) -> tuple[str, ...]:
    """The words that evidence points to, each once. After a correction of the text an offset may show other words or none."""
    texts = {"title": order.title, "content": order.content}
    found = dict.fromkeys(
        texts[str(field)][int(str(start)) : int(str(end))] for field, start, end in evidence if field in texts
    )
    return tuple(word for word in found if word.strip())[:6]
