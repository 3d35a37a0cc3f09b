"""Call figures: a period by half hour, day, agent, lane, line; as a page and as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from hotline.calls.actions import figures as acts
from hotline.calls.models import Lane, Line
from hotline.calls.permissions import WATCH
from hotline.calls.queries import figures as reads
from hotline.calls.rules.figures import (
    DEFINITIONS,
    OCCUPANCY,
    Definition,
    Grain,
    Load,
    Seconds,
    midnight,
)
from hotline.kit.access import access, actor_of
from hotline.kit.clock import CITY_ZONE, now, today
from hotline.kit.numbers import whole

VIEWS: Mapping[str, str | Promise] = {
    "half_hour": gettext_lazy("Half hours"),
    "day": gettext_lazy("Days"),
    "lane": gettext_lazy("Lanes"),
    "line": gettext_lazy("Lines"),
    "agent": gettext_lazy("Agents"),
}
AGENT_COLUMNS: tuple[tuple[str, str | Promise, str | Promise, str], ...] = (
    (
        "signed_in",
        gettext_lazy("Signed in"),
        gettext_lazy("Seconds in any state from sign-in to sign-out, within the period."),
        "length",
    ),
    (
        "occupancy",
        OCCUPANCY.name,
        gettext_lazy("Seconds in conversation, hold and after-call work ÷ seconds signed in."),
        "share",
    ),
    (
        "offered",
        gettext_lazy("Offered"),
        gettext_lazy("Calls that rang at this agent in the period."),
        "count",
    ),
    ("taken", gettext_lazy("Taken"), gettext_lazy("Of them, answered by this agent."), "count"),
    (
        "not_taken",
        gettext_lazy("Not taken"),
        gettext_lazy(
            "Of them, not answered, declined, or lost with the connection. Not: the caller hung up first."
        ),
        "count",
    ),
    (
        "mean_talk",
        gettext_lazy("Mean conversation"),
        gettext_lazy("Seconds in conversation and hold ÷ calls taken, both within the period."),
        "seconds",
    ),
    (
        "mean_wrap",
        gettext_lazy("Mean after-call work"),
        gettext_lazy("Seconds of after-call work ÷ calls taken, both within the period."),
        "seconds",
    ),
    ("ready", gettext_lazy("Ready"), gettext_lazy("Seconds ready for calls."), "length"),
    (
        "paused",
        gettext_lazy("Paused"),
        gettext_lazy("Seconds in a pause, also when set aside by the distributor."),
        "length",
    ),
)
"""An agent's figures: code, name, what it is, how it is written."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The address, cleaned."""

    first: date
    last: date
    by: str
    line: int | None
    lane: int | None
    person: int | None

    @property
    def asked(self) -> reads.Asked:
        grain = Grain.HALF_HOUR if self.by == "half_hour" else Grain.DAY
        return reads.Asked(
            midnight(self.first),
            midnight(self.last + timedelta(days=1)),
            grain,
            self.line,
            self.lane,
            self.person,
        )


def wanted(given: QueryDict) -> Wanted:
    """Today by half hour unless the address says otherwise; too long a period is cut at its beginning."""
    last = _day(given.get("until")) or today()
    first = min(_day(given.get("since")) or last, last)
    by = given.get("by", "")
    by = by if by in VIEWS else "half_hour"
    most = reads.MOST_HALF_HOURS_DAYS if by == "half_hour" else reads.MOST_DAYS
    first = max(first, last - timedelta(days=most - 1))
    return Wanted(
        first,
        last,
        by,
        whole(given.get("line")),
        whole(given.get("lane")),
        whole(given.get("agent")),
    )


def _day(text: str | None) -> date | None:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    # Years in which a day's neighbours exist in every zone.
    return found if 1971 <= found.year <= 9000 else None


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as it is written, and as a number for a file."""

    text: str
    value: float | None


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of the table: what it stands for, its cells."""

    key: str
    name: str
    cells: list[Cell]
    link: str = ""


def written(value: float | None, kind: str) -> Cell:
    """`count`, `share`, `seconds` (m:ss) and `length` (h:mm)."""
    if value is None:
        return Cell("—", None)
    if kind == "count":
        return Cell(f"{int(value):,}", int(value))
    if kind == "share":
        return Cell(f"{100 * value:.1f} %", round(value, 4))
    if kind == "length":
        minutes = round(value / 60)
        return Cell(f"{minutes // 60}:{minutes % 60:02d}", round(value))
    return Cell(f"{round(value) // 60}:{round(value) % 60:02d}", round(value, 1))


def _cells(load: Load, seconds: Seconds | None) -> list[Cell]:
    cells = [written(one.read(load), one.kind) for one in DEFINITIONS]
    return [*cells, written(seconds.occupancy if seconds is not None else None, "share")]


Columns = list[tuple[str | Promise, str | Promise]]


def _table(request: HttpRequest, it: Wanted) -> dict[str, Any]:
    """Columns, rows, whole and chart of what was asked."""
    actor = actor_of(request)
    if it.by == "agent" and it.person is None:
        people = reads.agents(actor, it.first, it.last)
        columns: Columns = [(name, what) for _code, name, what, _kind in AGENT_COLUMNS]
        kinds = [(code, kind) for code, _name, _what, kind in AGENT_COLUMNS]
        rows = [
            TableRow(
                str(one.person),
                one.name,
                [written(_of_work(one, code), kind) for code, kind in kinds],
                f"agent={one.person}",
            )
            for one in people
        ]
        return {"columns": columns, "rows": rows, "head": _("Agent"), "any": bool(rows)}
    if it.person is not None:
        name, found = reads.agent_rows(actor, it.asked)
        states: Columns = [(name_, _("Time in this state.")) for name_ in _state_names()]
        rows = [
            TableRow(at.isoformat(), _moment(at, it.asked.grain), _spent(seconds)) for at, seconds in found
        ]
        whole_ = sum((seconds for _at, seconds in found), Seconds())
        return {
            "columns": [
                (_("Signed in"), AGENT_COLUMNS[0][2]),
                *states,
                (OCCUPANCY.name, AGENT_COLUMNS[1][2]),
            ],
            "rows": rows,
            "head": name or _("Agent"),
            "whole": TableRow("whole", _("Whole period"), _spent(whole_)),
            "any": bool(rows),
        }
    found_ = reads.figures(actor, it.asked)
    if it.by in ("lane", "line"):
        named = found_.lanes if it.by == "lane" else found_.lines
        rows = [TableRow(one.name, one.name, _cells(one.load, None)) for one in named]
    else:
        rows = [
            TableRow(row.at.isoformat(), _moment(row.at, it.asked.grain), _cells(row.load, row.seconds))
            for row in found_.rows
        ]
    shown: list[Definition] = [*DEFINITIONS, OCCUPANCY]
    return {
        "columns": [(one.name, one.formula) for one in shown],
        "rows": rows,
        "head": VIEWS[it.by],
        "whole": TableRow("whole", _("Whole period"), _cells(found_.whole, found_.seconds)),
        "chart": chart(found_.rows, it.asked.grain) if it.by in ("half_hour", "day") else None,
        "any": found_.whole.arrived > 0 or bool(found_.seconds and found_.seconds.signed_in),
    }


def _of_work(one: reads.AgentRow, code: str) -> float | None:
    where = one.work if hasattr(one.work, code) else one.work.seconds
    value: float | None = getattr(where, code)
    return value


def _state_names() -> list[str]:
    return [_("Ready"), _("Ringing"), _("Talking"), _("Holding a call"), _("After-call work"), _("Paused")]


def _spent(seconds: Seconds) -> list[Cell]:
    values = (
        seconds.signed_in,
        seconds.ready,
        seconds.ringing,
        seconds.talking,
        seconds.hold,
        seconds.wrap_up,
        seconds.paused,
    )
    return [*(written(one, "length") for one in values), written(seconds.occupancy, "share")]


def _moment(at: datetime, grain: Grain) -> str:
    local = at.astimezone(CITY_ZONE)
    return local.strftime("%m-%d %H:%M" if grain is Grain.HALF_HOUR else "%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of the chart, in its own units: 100 high."""

    x: float
    width: float
    asked: float
    answered: float
    title: str

    @property
    def asked_y(self) -> float:
        return round(100 - self.asked, 2)

    @property
    def answered_y(self) -> float:
        return round(100 - self.answered, 2)


@dataclass(frozen=True, slots=True)
class Chart:
    top: int
    bars: list[Bar]
    marks: list[str]


def chart(rows: list[reads.Row], grain: Grain) -> Chart | None:
    """Asked as a frame, answered filled within it; at most a dozen marks below. None of nothing."""
    top = max((row.load.asked for row in rows), default=0)
    if not top:
        return None
    step = 1000 / len(rows)
    bars = [
        Bar(
            round(place * step, 2),
            round(max(1.0, step * 0.8), 2),
            round(100 * row.load.asked / top, 2),
            round(100 * row.load.answered / top, 2),
            f"{_moment(row.at, grain)} · {row.load.answered:,} / {row.load.asked:,}",
        )
        for place, row in enumerate(rows)
    ]
    every = max(1, -(-len(rows) // 12))
    marks = [_moment(row.at, grain)[-5:] for place, row in enumerate(rows) if place % every == 0]
    return Chart(top, bars, marks)


@access(WATCH)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Figures of a period, definitions beside them."""
    it = wanted(request.GET)
    days = (it.last - it.first).days
    context = {
        "it": it,
        "views": VIEWS.items(),
        "lanes": Lane.objects.values_list("pk", "name"),
        "lines": Line.objects.order_by("pk").values_list("pk", "name"),
        "people": reads.people_at_work(midnight(it.first) - timedelta(days=1)),
        "query": request.GET.urlencode(),
        "yesterday": today() - timedelta(days=1),
        "week": today() - timedelta(days=6),
        "today": today(),
        "days": days + 1,
        "at": now(),
        **_table(request, it),
    }
    return render(request, "calls/figures.html", context)


@access(WATCH)
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """The same table as CSV."""
    query = QueryDict(request.POST.get("query", ""))
    it = wanted(query)
    table = _table(request, it)
    rows = [[row.name, *(cell.value for cell in row.cells)] for row in table["rows"]]
    if "whole" in table:
        rows.append([table["whole"].name, *(cell.value for cell in table["whole"].cells)])
    data = acts.export_figures(
        actor=actor_of(request),
        title=f"{_('Call figures')} {it.first:%Y-%m-%d} – {it.last:%Y-%m-%d}",
        header=[str(table["head"]), *(str(name) for name, _what in table["columns"])],
        rows=rows,
        asked={"since": it.first.isoformat(), "until": it.last.isoformat(), "by": it.by},
    )
    response = HttpResponse(data, content_type="text/csv; charset=utf-8")
    name = f"{_('call-figures')}-{it.first:%Y%m%d}-{it.last:%Y%m%d}.csv"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@access(WATCH)
@require_GET
def breaches(request: HttpRequest) -> HttpResponse:
    """The line on a shift leader's every page: a target missed, or met again."""
    return render(request, "calls/_breaches.html", {"told": reads.unseen_breaches(actor_of(request))})


@access(WATCH)
@require_POST
def note(request: HttpRequest) -> HttpResponse:
    """They have seen it."""
    acts.note_breaches(actor=actor_of(request))
    if request.headers.get("HX-Request"):
        return HttpResponse("")
    return redirect("calls:seats")
