"""How good the machine is: acceptance by kind, category and unit, by week; examples to learn from, without identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Q
from django.db.models.functions import Left, TruncWeek

from hotline.kit.clock import CITY_ZONE
from hotline.language.privacy import mask_all
from hotline.suggestions.models import Kind, Outcome, Suggestion
from hotline.suggestions.rules import Week
from hotline.workorders.models import FINAL_STATES, WorkOrder


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One line of the page: how many were decided, kept, changed, and how sure the machine was on average."""

    key: str
    label: str
    decided: int
    accepted: int
    changed: int
    missed: int
    confidence: float

    @property
    def share(self) -> float | None:
        """Kept of what was proposed; None when nothing was proposed."""
        proposed = self.accepted + self.changed
        return self.accepted / proposed if proposed else None


def acceptance(kind: str, since: datetime, *, by: str = "") -> list[Acceptance]:
    """Acceptance since a moment: all in one line, or `by` = "category" (first level) or "unit". One query."""
    rows = Suggestion.objects.filter(kind=kind, decided_at__gte=since)
    figures = {
        "decided": Count("id"),
        "accepted": Count("id", filter=Q(outcome=Outcome.ACCEPTED)),
        "changed": Count("id", filter=Q(outcome=Outcome.CHANGED)),
        "missed": Count("id", filter=Q(outcome=Outcome.MISSED)),
        "confidence": Avg("confidence"),
    }
    if by == "category":
        grouped = rows.annotate(
            key=Left("order__category__path_name", 40), code=Left("order__category__code", 2)
        ).values("code")
        found = [
            Acceptance(row["code"] or "", "", *_figures(row))
            for row in grouped.annotate(**figures).order_by("-decided")
        ]
    elif by == "unit":
        units = rows.filter(unit__isnull=False).values("unit_id", "unit__name").annotate(**figures)
        found = [
            Acceptance(str(row["unit_id"]), row["unit__name"], *_figures(row))
            for row in units.order_by("-decided")[:100]
        ]
    else:
        row = rows.aggregate(**figures)
        found = [Acceptance(kind, "", *_figures(row))]
    return found


def _figures(row: dict[str, float | None]) -> tuple[int, int, int, int, float]:
    return (
        int(row["decided"] or 0),
        int(row["accepted"] or 0),
        int(row["changed"] or 0),
        int(row["missed"] or 0),
        round(float(row["confidence"] or 0), 3),
    )


def weeks_of(kind: str, now: datetime, *, most: int = 8) -> list[Week]:
    """The last weeks, oldest first, for the curve of drift."""
    rows = (
        Suggestion.objects.filter(kind=kind, decided_at__gte=now - timedelta(weeks=most))
        .exclude(outcome=Outcome.MISSED)
        .annotate(week=TruncWeek("decided_at", tzinfo=CITY_ZONE))
        .values("week")
        .annotate(decided=Count("id"), accepted=Count("id", filter=Q(outcome=Outcome.ACCEPTED)))
        .order_by("week")
    )
    return [Week(row["week"], row["decided"], row["accepted"]) for row in rows]


def training_rows(
    *, since: datetime | None = None, most: int = 1_000_000
) -> Iterator[tuple[str, str, str, str]]:
    """(id, label, title, text) of closed orders, personal data masked, confidential ones left out.

    `label` is the category's path with `/`; read in chunks, newest first.
    """
    rows = WorkOrder.objects.filter(
        state__in=[str(state) for state in FINAL_STATES], secret=False, category__isnull=False
    )
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    listed = rows.order_by("-id").values_list("id", "category__path_name", "title", "content")[:most]
    for pk, path, title, content in listed.iterator(chunk_size=2000):
        yield str(pk), "/".join(part.strip() for part in path.split("›")), mask_all(title), mask_all(content)


KINDS = tuple(Kind)
