"""How good the machine is: acceptance by kind, category and unit, by week; examples to learn from, without identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Case, CharField, Count, FloatField, Func, Q, QuerySet, Value, When
from django.db.models.functions import TruncWeek

from hotline.kit.clock import CITY_ZONE
from hotline.language.privacy import mask_all
from hotline.suggestions.models import Outcome, Suggestion
from hotline.suggestions.rules import BANDS, Week
from hotline.workorders.models import FINAL_STATES, Category, WorkOrder


class SplitPart(Func):
    """The first level of a dotted code."""

    function = "split_part"
    template = "%(function)s(%(expressions)s, '.', 1)"
    output_field = CharField()


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


def _by_people(kind: str) -> QuerySet[Suggestion]:
    """What people decided. The machine agreeing with itself (automatic dispatch) measures nothing."""
    return Suggestion.objects.filter(kind=kind).exclude(decided_by__startswith="system:")


def acceptance(kind: str, since: datetime, *, by: str = "") -> list[Acceptance]:
    """Acceptance by people since a moment: all in one line, or `by` = "category" (first level), "unit", "model" or "confidence".

    By confidence: bands of `BANDS`, the surest first, `key` its lower end; what was not proposed at all is left out.

    One query along the index of what was decided.
    """
    rows = _by_people(kind).filter(decided_at__gte=since)
    figures = {
        "decided": Count("id"),
        "accepted": Count("id", filter=Q(outcome=Outcome.ACCEPTED)),
        "changed": Count("id", filter=Q(outcome=Outcome.CHANGED)),
        "missed": Count("id", filter=Q(outcome=Outcome.MISSED)),
        "confidence": Avg("confidence"),
    }
    if by == "category":
        grouped = rows.annotate(code=SplitPart("order__category__code")).values("code")
        listed = list(grouped.annotate(**figures).order_by("-decided"))
        names = dict(
            Category.objects.filter(code__in=[row["code"] for row in listed]).values_list("code", "name")
        )
        found = [Acceptance(row["code"] or "", names.get(row["code"], ""), *_figures(row)) for row in listed]
    elif by == "model":
        models = rows.values("model").annotate(**figures).order_by("-decided")
        found = [Acceptance(row["model"], row["model"], *_figures(row)) for row in models[:50]]
    elif by == "confidence":
        band = Case(
            *[When(confidence__gte=low, then=Value(low)) for low in BANDS],
            default=Value(0.0),
            output_field=FloatField(),
        )
        banded = rows.exclude(outcome=Outcome.MISSED).annotate(low=band).values("low").annotate(**figures)
        highs = dict(zip(BANDS, (1.0, *BANDS), strict=False))
        found = [
            Acceptance(str(row["low"]), f"{row['low']:.2f} – {highs[row['low']]:.2f}", *_figures(row))
            for row in banded.order_by("-low")
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
        _by_people(kind)
        .filter(decided_at__gte=now - timedelta(weeks=most))
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
