"""Figures of a period by one dimension, and the orders behind each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from hotline.analytics import queries
from hotline.analytics.permissions import READ
from hotline.analytics.queries import Figure, Figures, LakeBroken, LakeEmpty
from hotline.analytics.rules.cuts import Cut
from hotline.analytics.rules.dimensions import DIMENSIONS
from hotline.analytics.rules.metrics import METRICS, Metric, Unit
from hotline.kit.access import access, actor_of
from hotline.kit.clock import today
from hotline.kit.numbers import whole
from hotline.workorders.models import Channel, DemandType, Flow, OrderState, Outcome, Urgency
from hotline.workorders.queries import visible_to

GROUPS: Mapping[str, tuple[str | Promise, tuple[str, ...], tuple[str, ...]]] = {
    "orders": (
        gettext_lazy("Orders"),
        ("orders", "closed_orders", "open_orders", "finished_in_time", "handling_hours", "solved_rate", "satisfied"),
        ("day", "month", "district", "street", "category1", "category2", "unit1", "unit2", "channel", "demand_type", "urgency"),
    ),
    "promises": (
        gettext_lazy("Promises and faults"),
        ("signed_in_time", "contacted", "contacted_in_time", "finished_in_time", "return_rate", "redo_rate", "repeat_rate", "extension_rate"),
        ("unit1", "unit2", "unit", "district", "street", "category1", "category2", "month", "day", "demand_type", "urgency"),
    ),
    "follow_up": (
        gettext_lazy("Follow-up"),
        ("reached", "said_solved", "satisfied", "solved_rate", "explained_rate"),
        ("unit1", "unit2", "unit", "district", "street", "category1", "category2", "month", "day", "channel"),
    ),
    "calls": (
        gettext_lazy("Calls and appeals"),
        ("appeals", "direct_rate", "calls", "connection_rate", "in_time_rate", "abandonment_rate", "mean_wait", "mean_talk", "occupancy"),
        ("day", "month", "hour_of_day"),
    ),
}
"""What is shown together: name, metrics, the dimensions that all of them, or most, can be cut by."""
MOST_DAYS = 3_660
PAGE = 50
_ENUMS: Mapping[str, Mapping[str, str | Promise]] = {
    code: dict(choices.choices)
    for code, choices in (
        ("channel", Channel), ("demand_type", DemandType), ("urgency", Urgency), ("flow", Flow), ("state", OrderState), ("outcome", Outcome),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """The address, cleaned: both days included."""

    group: str
    first: date
    last: date
    by: str

    def cut(self, codes: Sequence[str], only: str | None = None) -> Cut:
        """`only`: the one row of the dimension."""
        midnight = time()
        return Cut(
            tuple(codes), datetime.combine(self.first, midnight), datetime.combine(self.last + timedelta(days=1), midnight),
            by=() if only is not None else (self.by,), filters={self.by: (only,)} if only is not None else {},
        )  # fmt: skip

    def query(self, **more: str) -> str:
        given = {"group": self.group, "since": self.first.isoformat(), "until": self.last.isoformat(), "by": self.by}
        return urlencode(given | more)


def wanted(given: QueryDict) -> Wanted:
    """The month so far unless the address says otherwise."""
    group = given.get("group", "")
    group = group if group in GROUPS else "orders"
    last = _day(given.get("until")) or today()
    first = min(_day(given.get("since")) or last.replace(day=1), last)
    by = given.get("by", "")
    return Wanted(group, max(first, last - timedelta(days=MOST_DAYS)), last, by if by in GROUPS[group][2] else GROUPS[group][2][0])


def _day(text: str | None) -> date | None:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if 1971 <= found.year <= 9000 else None


@dataclass(frozen=True, slots=True)
class Cell:
    """`link` opens the orders behind it; `tone`: target missed or met, where there is one. `detail`: part and whole."""

    text: str
    detail: str = ""
    link: str = ""
    tone: str = ""


@access(READ)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """One group of figures by one dimension, with the whole below."""
    it = wanted(request.GET)
    name, codes, dimensions = GROUPS[it.group]
    context: dict[str, Any] = {
        "it": it, "group_name": name, "groups": [(code, group[0]) for code, group in GROUPS.items()],
        "dimensions": [(code, DIMENSIONS[code].name) for code in dimensions], "head": DIMENSIONS[it.by].name,
        "metrics": [METRICS[code] for code in codes],
    }  # fmt: skip
    try:
        actor = actor_of(request)
        rows = queries.figures(actor, it.cut(codes))
        total = queries.figures(actor, Cut(codes, it.cut(codes).begins, it.cut(codes).ends))
    except (LakeEmpty, LakeBroken) as fault:
        return render(request, "analytics/index.html", context | {"fault": str(fault.message), "broken": isinstance(fault, LakeBroken)})
    shown = [code for code in codes if code not in total.left_out]
    words = _words(it.by, [row.codes[0] for row in rows.rows])
    context |= {
        "metrics": [METRICS[code] for code in shown],
        "rows": [
            (words(row.codes[0]), [_cell(it, METRICS[code], row.figures.get(code), _text(row.codes[0])) for code in shown])
            for row in rows.rows
        ],
        "whole": [_cell(it, METRICS[code], total.one(code), None) for code in shown],
        "left_out": [METRICS[code].name for code in total.left_out],
        "data_at": total.data_at,
        "snapshot": total.snapshot,
    }
    return render(request, "analytics/index.html", context)


def _text(code: object) -> str:
    return "" if code is None else str(code)


def _words(by: str, codes: Sequence[object]) -> Callable[[object], str]:
    """How a row's code is called."""
    dimension = DIMENSIONS[by]
    texts = [_text(code) for code in codes]
    names: Mapping[str, str | Promise] = _ENUMS.get(by, {})
    if dimension.words:
        names = queries.names(dimension.words, texts)
    unknown = _("not known")

    def told(code: object) -> str:
        text = _text(code)
        if by == "month" and isinstance(code, date):
            return f"{code:%Y-%m}"
        if by == "hour_of_day":
            return f"{text.rjust(2, '0')}:00"
        return str(names.get(text, text)) if text else unknown

    return told


def _cell(it: Wanted, metric: Metric, figure: Figure | None, only: str | None) -> Cell:
    value = figure.value if figure is not None else None
    if figure is None or value is None:
        return Cell("—")
    text = {
        Unit.COUNT: lambda: f"{value:,.0f}",
        Unit.SHARE: lambda: f"{100 * value:.1f}%",
        Unit.SECONDS: lambda: f"{value:,.0f}",
        Unit.HOURS: lambda: f"{value:,.1f}",
    }[metric.unit]()
    detail = f"{figure.part:,.0f} ÷ {figure.whole:,.0f}" if metric.whole is not None else ""
    link = ""
    if "order_id" in metric.columns and figure.rows:
        more = {"metric": metric.code} | ({"only": only} if only is not None else {})
        link = f"{reverse('analytics:behind')}?{it.query(**more)}"
    tone = ""
    if metric.target is not None:
        tone = "done" if (value >= metric.target) == bool(metric.higher) else "late"
    return Cell(text, detail, link, tone)


@access(READ)
@require_GET
def behind(request: HttpRequest) -> HttpResponse:
    """The orders behind one figure; those that the reader may not open are counted, not shown."""
    it, actor = wanted(request.GET), actor_of(request)
    code = request.GET.get("metric", "")
    only = request.GET.get("only")
    part = request.GET.get("part") == "1"
    after = whole(request.GET.get("after")) or 0
    cut = it.cut((code,), "" if only is None else only) if only is not None else Cut((code,), it.cut((code,)).begins, it.cut((code,)).ends)
    ids, total = queries.behind(actor, cut, code, part_only=part, after=max(0, after), most=PAGE)
    seen = {row.pk: row for row in visible_to(actor).filter(pk__in=ids).select_related("category", "lead_unit")}
    metric = METRICS[code]
    figure = _only_figure(queries.figures(actor, cut), code)
    context = {
        "it": it, "metric": metric, "only": _words(it.by, [only])(only) if only is not None else "",
        "rows": [seen[one] for one in ids if one in seen], "hidden": len([one for one in ids if one not in seen]), "total": total,
        "cell": _cell(it, metric, figure, only), "part": part,
        "back": f"{reverse('analytics:index')}?{it.query()}",
        "next": f"?{it.query(metric=code, after=str(ids[-1]), **({'only': only} if only is not None else {}), **({'part': '1'} if part else {}))}"
        if len(ids) == PAGE else "",
        "other": f"?{it.query(metric=code, **({'only': only} if only is not None else {}), **({} if part else {'part': '1'}))}",
    }  # fmt: skip
    return render(request, "analytics/behind.html", context)


def _only_figure(found: Figures, code: str) -> Figure | None:
    return found.one(code)
