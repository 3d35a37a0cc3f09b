"""The one place that computes figures: a cut is asked of the newest snapshot, within what its reader may see."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from hotline.accounts.permissions import reaches
from hotline.accounts.rules import Scope
from hotline.analytics import folder, permissions
from hotline.analytics.rules.cuts import BadCut, Cut, Reach, answer, rows_of, together
from hotline.analytics.rules.metrics import METRICS, Metric
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid

if TYPE_CHECKING:
    from ibis.expr.types import Table

MOST_ROWS = 5_000
"""Rows of an answer; a cut that gives more is refused with advice, never cut off silently."""
Code = str | date | datetime | int | None
_compiling = threading.Lock()


@dataclass(frozen=True, slots=True)
class Figure:
    """`part` and `whole` as counted, `rows` behind the whole. `value`: part ÷ whole, or the part alone; None is no value."""

    metric: Metric
    part: float
    whole: float
    rows: int

    @property
    def value(self) -> float | None:
        if self.metric.whole is None:
            return self.part
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Row:
    codes: tuple[Code, ...]
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Figures:
    """`rows` in the order of their codes. `left_out`: metrics that these dimensions do not fit, or whose rows the reader may not see.
    `data_at`: up to when the log was read."""

    cut: Cut
    rows: tuple[Row, ...]
    left_out: tuple[str, ...]
    data_at: datetime | None
    snapshot: int

    def one(self, code: str) -> Figure | None:
        """Of a cut without dimensions: the figure."""
        return self.rows[0].figures.get(code) if self.rows else None


def reach_of(actor: Actor) -> Reach:
    """The rows whose figures the actor may see. NotPermitted when none at all."""
    permissions.can_read(actor).require(permissions.READ)
    if actor.is_system:
        return Reach(everything=True)
    ways: list[tuple[str, str]] = []
    for reach in reaches(actor, permissions.READ):
        area = reach.grant.area_code.rstrip("0") if reach.scope in (Scope.AREA, Scope.CITY) else ""
        if reach.scope in (Scope.CITY, Scope.AREA):
            if not area:
                return Reach(everything=True)
            ways.append(("", area))
        else:
            ways.append((reach.grant.unit_path, reach.grant.area_code.rstrip("0")))
    return Reach(ways=tuple(dict.fromkeys(ways)))


def figures(actor: Actor, cut: Cut) -> Figures:
    """Compute a cut. NotPermitted, Invalid for what cannot be asked, LakeEmpty, LakeBroken."""
    reach = reach_of(actor)
    try:
        cut.checked()
    except BadCut as fault:
        raise Invalid("cut", _("This cannot be asked: %(fault)s.") % {"fault": fault}, details={fault.field: str(fault)}) from None
    found: dict[tuple[Code, ...], dict[str, Figure]] = {}
    left_out: list[str] = []
    manifest = folder.read_manifest()
    for group in together(cut.metrics):
        sql = _sql(tuple(metric.code for metric in group), _Key(cut), reach)
        if sql is None:
            left_out += [metric.code for metric in group]
            continue
        rows, manifest = folder.reader.ask(f"{sql} LIMIT {MOST_ROWS + 1}")
        if len(rows) > MOST_ROWS:
            raise Invalid(
                "too_many", _("More than %(most)s rows. Choose a shorter period, fewer dimensions or a filter.") % {"most": MOST_ROWS}
            )
        width = len(cut.by)
        for row in rows:
            sums = row[width:]
            for at, metric in enumerate(group):
                part, whole, count = sums[3 * at : 3 * at + 3]
                found.setdefault(tuple(row[:width]), {})[metric.code] = Figure(metric, part or 0, whole or 0, count)
    ordered = sorted(found, key=lambda codes: tuple((code is None, str(code)) for code in codes))
    return Figures(
        cut, tuple(Row(codes, found[codes]) for codes in ordered), tuple(left_out), manifest.data_at, manifest.number
    )


def behind(actor: Actor, cut: Cut, code: str, *, part_only: bool = False, after: int = 0, most: int = 50) -> tuple[list[int], int]:
    """Ids of orders behind a figure, ascending beyond `after`, and how many there are in all. Invalid for a figure without orders.

    Ids are not a permission: who shows orders asks `workorders` whether the reader may see them.
    """
    reach = reach_of(actor)
    metric = METRICS.get(code)
    if metric is None or "order_id" not in metric.fact.columns:
        raise Invalid("metric", _("No orders stand behind this figure."))
    try:
        rows = rows_of(metric, cut.checked(), reach)
    except BadCut as fault:
        raise Invalid("cut", _("This cannot be asked: %(fault)s.") % {"fault": fault}) from None
    if rows is None:
        return [], 0
    if part_only:
        rows = rows.filter(metric.part(rows) > 0)
    ids = rows.filter(rows["order_id"].notnull()).select("order_id").distinct()
    (total,), = folder.reader.ask(_compiled(ids.aggregate(n=ids.count())))[0]
    page = ids.filter(ids["order_id"] > after).order_by("order_id").limit(most)
    return [row[0] for row in folder.reader.ask(_compiled(page))[0]], total


def names(kind: str, codes: Sequence[str], at: datetime | None = None) -> dict[str, str]:
    """What codes of a dictionary were called at a moment (city's wall clock; None: now). A code that nobody knows is missing.

    Divisions are asked by any length of prefix: `310115` is the twelve-digit code with zeros.
    """
    asked = {code.ljust(12, "0") if kind == "division" else code: code for code in codes if code}
    if not asked:
        return {}
    wanted = ", ".join("'" + code.replace("'", "''") + "'" for code in sorted(asked))
    when = "until IS NULL"
    if at is not None:
        moment = f"TIMESTAMP '{at.isoformat(sep=' ')}'"
        when = f"since <= {moment} AND (until IS NULL OR until > {moment})"
    rows, _manifest = folder.reader.ask(
        f"SELECT code, arg_max(name, since) FROM dictionary WHERE kind = '{kind}' AND {when} AND code IN ({wanted}) GROUP BY code"
    )
    return {asked[code]: name for code, name in rows}


class _Key:
    """A cut as a key of the cache: filters are a mapping."""

    __slots__ = ("cut", "key")

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        filters = tuple(sorted((code, tuple(values)) for code, values in cut.filters.items()))
        self.key = (cut.begins, cut.ends, cut.by, filters, cut.with_excluded)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.key == other.key


@lru_cache(maxsize=2_000)
def _sql(codes: tuple[str, ...], key: _Key, reach: Reach) -> str | None:
    table = answer([METRICS[code] for code in codes], key.cut, reach)
    return None if table is None else _compiled(table)


def _compiled(table: Table) -> str:
    import ibis

    with _compiling:
        return str(ibis.to_sql(table, dialect="duckdb"))
