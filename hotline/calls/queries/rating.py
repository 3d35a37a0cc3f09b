"""What citizens pressed after their calls; 话务满意率 is satisfied ÷ rated (rules.md section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from hotline.calls.models import Rating
from hotline.calls.rules.prompting import GRADES, SATISFIED


@dataclass(frozen=True, slots=True)
class RatingFigures:
    """`asked` callers heard the question, `by_grade` of them pressed a key; `rate` satisfied ÷ rated, None when nobody rated."""

    asked: int
    by_grade: dict[int, int]

    @property
    def rated(self) -> int:
        return sum(self.by_grade.values())

    @property
    def satisfied(self) -> int:
        return sum(self.by_grade[grade] for grade in SATISFIED)

    @property
    def rate(self) -> float | None:
        return self.satisfied / self.rated if self.rated else None


def ratings(
    since: datetime, until: datetime, *, lane_id: int | None = None, person_id: int | None = None
) -> RatingFigures:
    """Ratings given in [since, until); of one lane, of one agent."""
    rows = Rating.objects.filter(at__gte=since, at__lt=until)
    if lane_id is not None:
        rows = rows.filter(call__lane_id=lane_id)
    if person_id is not None:
        rows = rows.filter(session__person_id=person_id)
    counts = dict(rows.order_by().values_list("grade").annotate(count=Count("pk")))
    return RatingFigures(sum(counts.values()), {grade: counts.get(grade, 0) for grade in GRADES})
