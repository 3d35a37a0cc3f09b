"""What automatic dispatch may do, did, and how often it was right."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from hotline.dispatch.models import AutomaticDispatch, AutomaticSwitch, CategoryTrust
from hotline.dispatch.rules import Candidate, Trust
from hotline.kit.actor import Actor
from hotline.kit.paging import Page, keyset
from hotline.workorders.models import Urgency, WorkOrder
from hotline.workorders.queries import visible_to


@dataclass(frozen=True, slots=True)
class TrustRow:
    """A trust as the rules read it, with its row's id."""

    id: int
    trust: Trust


def trust_rows() -> dict[str, TrustRow]:
    """Category code → its trust. One query over a small table."""
    rows = CategoryTrust.objects.values_list(
        "id", "category__code", "threshold", "sample", "most_errors", "stopped_at"
    )
    return {
        code: TrustRow(pk, Trust(code, threshold, sample, most_errors, stopped is not None))
        for pk, code, threshold, sample, most_errors, stopped in rows
    }


def facts_of(
    order: WorkOrder, code: str, confidence: float, unit_id: int | None, *, risks: int, duplicates: int
) -> Candidate:
    """An order as the rules of automatic dispatch read it."""
    return Candidate(
        order_id=order.pk,
        category_code=code,
        confidence=confidence,
        unit_id=unit_id,
        secret=order.secret,
        urgent=order.urgency == Urgency.URGENT,
        risks=risks,
        returns=order.return_count,
        duplicates=duplicates,
        claimed=order.pool_claimed_by_id is not None,
    )


def judged_of(trust: CategoryTrust, most: int) -> list[bool]:
    """The last judgements of a category since it was (re)started, newest first."""
    rows = AutomaticDispatch.objects.filter(trust=trust, right__isnull=False, at__gte=trust.judged_from)
    return [bool(right) for right in rows.order_by("-id").values_list("right", flat=True)[:most]]


@dataclass(frozen=True, slots=True)
class Standing:
    """A trusted category with what came of it since it was (re)started."""

    trust: CategoryTrust
    sent: int
    judged: int
    wrong: int

    @property
    def error_rate(self) -> float | None:
        """Share of wrong among judged; None before anything was judged."""
        return self.wrong / self.judged if self.judged else None


def standings() -> list[Standing]:
    """Every trusted category, by code. Two queries."""
    trusts = list(CategoryTrust.objects.select_related("category").order_by("category__code"))
    since = Q()
    for trust in trusts:
        since |= Q(trust=trust, at__gte=trust.judged_from)
    counted = (
        {
            row["trust"]: row
            for row in AutomaticDispatch.objects.filter(since)
            .values("trust")
            .annotate(
                sent=Count("id"),
                judged=Count("id", filter=Q(right__isnull=False)),
                wrong=Count("id", filter=Q(right=False)),
            )
        }
        if trusts
        else {}
    )
    nothing = {"sent": 0, "judged": 0, "wrong": 0}
    return [
        Standing(trust, **{name: counted.get(trust.pk, nothing)[name] for name in nothing})
        for trust in trusts
    ]


def the_switch() -> AutomaticSwitch | None:
    """The one switch; None while nobody has touched it (then nothing goes out by itself)."""
    return AutomaticSwitch.objects.filter(pk=1).first()


def sent_rows(actor: Actor, *, waiting: bool, cursor: str = "") -> Page[AutomaticDispatch]:
    """Automatic dispatches that the actor may see, newest first; `waiting`: samples nobody has judged, oldest first."""
    rows: QuerySet[AutomaticDispatch] = AutomaticDispatch.objects.select_related(
        "order__category", "order__division", "unit"
    ).filter(order__in=visible_to(actor))
    if waiting:
        rows = rows.filter(sampled=True, right__isnull=True)
    return keyset(rows, order=["id" if waiting else "-id"], cursor=cursor, size=50)
