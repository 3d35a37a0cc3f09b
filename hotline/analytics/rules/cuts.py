"""What is asked: metrics by dimensions within a period and filters; and the expressions that answer it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

from hotline.analytics.rules.dimensions import DIMENSIONS
from hotline.analytics.rules.metrics import METRICS, Metric, table_of

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

MOST_DIMENSIONS = 3
MOST_VALUES = 200


class BadCut(ValueError):
    """`field` and the words say what cannot be asked."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"{field}: {value}")
        self.field, self.value = field, value


@dataclass(frozen=True, slots=True)
class Reach:
    """Rows that somebody may see. `ways`: (path of a unit or "", division without end zeros or ""); a row lies in a way when it
    lies in both; any way will do. `everything`: all rows, those that belong to no order too."""

    everything: bool = False
    ways: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """`begins` ≤ moment < `ends`, city's wall clock. `filters`: dimension → values, any of which; all dimensions must hold."""

    metrics: tuple[str, ...]
    begins: datetime
    ends: datetime
    by: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    with_excluded: bool = False

    def checked(self) -> Cut:
        """Itself. BadCut for what is unknown, too much, or upside down."""
        for code in self.metrics:
            if code not in METRICS:
                raise BadCut("metrics", code)
        if not self.metrics:
            raise BadCut("metrics", "")
        for code in (*self.by, *self.filters):
            if code not in DIMENSIONS:
                raise BadCut("by", code)
        if len(self.by) > MOST_DIMENSIONS or len(set(self.by)) != len(self.by):
            raise BadCut("by", ", ".join(self.by))
        if any(len(values) > MOST_VALUES for values in self.filters.values()):
            raise BadCut("filters", str(MOST_VALUES))
        if not self.begins < self.ends:
            raise BadCut("period", f"{self.begins} – {self.ends}")
        return self


def fits(metric: Metric, codes: Sequence[str]) -> bool:
    """Can the metric be cut and filtered by these dimensions?"""
    return all(DIMENSIONS[code].needs <= metric.columns for code in codes)


def rows_of(metric: Metric, cut: Cut, reach: Reach) -> Table | None:
    """The fact's rows that count in the metric's whole; None when a dimension does not fit or nothing may be seen."""
    if not fits(metric, (*cut.by, *cut.filters)):
        return None
    import ibis

    t = table_of(metric.fact)
    at = t[metric.by]
    wanted: list[BooleanValue] = [at >= ibis.literal(cut.begins), at < ibis.literal(cut.ends)]
    if metric.among is not None:
        wanted.append(metric.among(t))
    if metric.exclusion and not cut.with_excluded:
        wanted.append(~t["excluded"])
    for code, values in cut.filters.items():
        wanted.append(DIMENSIONS[code].of(t, at).cast("string").isin(values))
    if not reach.everything:
        seen = _seen(t, reach)
        if seen is None:
            return None
        wanted.append(seen)
    return t.filter(reduce(and_, wanted))


def _seen(t: Table, reach: Reach) -> BooleanValue | None:
    if not reach.ways or not {"unit_path", "division"} <= set(t.columns):
        return None
    return reduce(or_, (t["unit_path"].startswith(path) & t["division"].startswith(area) for path, area in reach.ways))


def answer(metrics: Sequence[Metric], cut: Cut, reach: Reach) -> Table | None:
    """One row a combination of dimensions: their codes, then part, whole and count of rows of each metric.

    Metrics must share fact, date, rows and exclusion (see `together`).
    """
    first = metrics[0]
    rows = rows_of(first, cut, reach)
    if rows is None:
        return None
    at = rows[first.by]
    sums = {}
    for metric in metrics:
        sums[f"{metric.code}__part"] = metric.part(rows).sum()
        sums[f"{metric.code}__whole"] = (metric.whole or metric.part)(rows).sum()
        sums[f"{metric.code}__rows"] = rows.count()
    groups = {code: DIMENSIONS[code].of(rows, at) for code in cut.by}
    found = rows.group_by(**groups).aggregate(**sums) if groups else rows.aggregate(**sums)
    return found.order_by(list(cut.by)) if groups else found


def together(codes: Sequence[str]) -> list[list[Metric]]:
    """Metrics that one pass over the rows can answer."""
    groups: dict[tuple[str, str, object, bool], list[Metric]] = {}
    for code in codes:
        metric = METRICS[code]
        groups.setdefault((metric.fact.name, metric.by, metric.among, metric.exclusion), []).append(metric)
    return list(groups.values())
