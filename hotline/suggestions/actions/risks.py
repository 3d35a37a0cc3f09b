"""Risks: raised once an order, answered by a person, climbing while nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Person, Role
from hotline.accounts.queries import actors_for
from hotline.accounts.queries.actors import valid_memberships
from hotline.audit.actions import record
from hotline.kit import events
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.live import publish
from hotline.suggestions import permissions
from hotline.suggestions.models import RiskAlert, RiskNotice
from hotline.suggestions.rules import CLIMB_AFTER, Span
from hotline.workorders.models import FINAL_STATES
from hotline.workorders.queries import get_visible, visible_to
from hotline.workorders.queries.reference import city

RISK_RAISED = events.declare(
    "risk.raised", "A risk was found in the words of an order; a person has to answer."
)
RISK_CLIMBED = events.declare("risk.climbed", "Nobody answered a risk in time; it went to the shift leader.")
RISK_ANSWERED = events.declare("risk.answered", "A person confirmed or dismissed a risk.")


@transaction.atomic
def raise_risk(
    *, actor: Actor, order_id: int, kinds: Sequence[str], level: str, evidence: Sequence[Span], model: str
) -> RiskAlert | None:
    """Raise the risk of an order; None when it was raised before (an order has one, whatever runs twice)."""
    permissions.can(actor, "suggestions:make").require("suggestions:make")
    alert, made = RiskAlert.objects.get_or_create(
        order_id=order_id,
        defaults={
            "kinds": list(kinds),
            "level": level,
            "evidence": [list(span) for span in evidence],
            "model": model,
            "raised_at": now(),
        },
    )
    if not made:
        return None
    publish(["pool", "board", "risks", f"order:{order_id}"], "risk.raised", order=order_id)
    events.emit(RISK_RAISED, order_id=order_id)
    return alert


@transaction.atomic
def answer_risk(*, actor: Actor, order_id: int, confirmed: bool, text: str = "") -> RiskAlert:
    """Confirm (somebody acts) or dismiss (needs words) a risk; the first answer counts."""
    permissions.can(actor, "suggestions:answer_risk").require("suggestions:answer_risk")
    get_visible(actor, order_id)
    alert = RiskAlert.objects.select_for_update().filter(order_id=order_id).first()
    if alert is None:
        raise NotVisible(order_id)
    if alert.answered_at is not None:
        raise Refused("answered", _("A colleague has answered this risk."))
    if not confirmed and not text.strip():
        words = _("Say why it is none.")
        raise Invalid("text", words, details={"text": words})
    alert.confirmed, alert.text = confirmed, text.strip()[:300]
    alert.answered_by, alert.answered_at = actor.key(), now()
    alert.save(update_fields=["confirmed", "text", "answered_by", "answered_at"])
    record(
        actor=actor,
        verb="suggestions.answer_risk",
        object_type="work_order",
        object_id=str(order_id),
        reason=alert.text,
        data={"confirmed": confirmed, "kinds": alert.kinds},
    )
    told = RiskNotice.objects.filter(alert=alert, seen_at=None).values_list("person_id", flat=True)
    publish(
        ["pool", "board", "risks", f"order:{order_id}", *(f"person:{person}" for person in told)],
        "risk.answered",
        order=order_id,
    )
    events.emit(RISK_ANSWERED, order_id=order_id, confirmed=confirmed)
    return alert


@transaction.atomic
def climb_risks(*, actor: Actor) -> int:
    """Tell every shift leader of each risk that nobody answered in time, once; returns how many climbed.

    Of a confidential order only those are told who may see it. With its order a risk ends to be urgent.
    """
    permissions.can(actor, "suggestions:make").require("suggestions:make")
    home = city()
    minutes = home.options.get("risk_minutes") if home else None
    allowed = CLIMB_AFTER if minutes is None else timedelta(minutes=float(minutes))
    late = list(
        RiskAlert.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(answered_at__isnull=True, climbed_at__isnull=True, raised_at__lte=now() - allowed)
        .exclude(order__state__in=FINAL_STATES)
        .order_by("raised_at")[:500]
    )
    RiskAlert.objects.filter(pk__in=[alert.pk for alert in late]).update(climbed_at=now())
    told = _tell_leaders(late)
    for alert in late:
        publish(
            [
                *("board", "desk", "risks", f"order:{alert.order_id}"),
                *(f"person:{person}" for person in told.get(alert.pk, ())),
            ],
            "risk.climbed",
            order=alert.order_id,
        )
        events.emit(RISK_CLIMBED, order_id=alert.order_id)
    return len(late)


def _tell_leaders(late: Sequence[RiskAlert]) -> dict[int, list[int]]:
    """A notice for each shift leader in office who may see the order; alert id → ids of the persons told."""
    if not late:
        return {}
    leaders = Person.objects.filter(
        pk__in=valid_memberships(now()).filter(role=Role.SHIFT_LEADER).values("person_id"), is_active=True
    )
    told: dict[int, list[int]] = {}
    for actor in actors_for(leaders):
        seen = set(
            visible_to(actor).filter(pk__in=[one.order_id for one in late]).values_list("pk", flat=True)
        )
        for alert in late:
            if alert.order_id in seen and actor.id:
                told.setdefault(alert.pk, []).append(actor.id)
    RiskNotice.objects.bulk_create(
        [
            RiskNotice(alert_id=alert_id, person_id=person, told_at=now())
            for alert_id, people in told.items()
            for person in people
        ],
        ignore_conflicts=True,
    )
    return told


@transaction.atomic
def note_seen(*, actor: Actor) -> int:
    """The actor looks at the risks: what they were told is seen. Returns how many notices."""
    if not actor.is_staff or not actor.id:
        return 0
    return RiskNotice.objects.filter(person_id=actor.id, seen_at__isnull=True).update(seen_at=now())
