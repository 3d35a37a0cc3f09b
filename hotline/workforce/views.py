"""Forecast with its error, seats against the plan, days played again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.calls.rules.figures import DEFINITIONS, IN_TIME, OCCUPANCY
from hotline.kit.access import access, actor_of
from hotline.kit.clock import today
from hotline.kit.errors import Invalid
from hotline.kit.numbers import whole
from hotline.workforce import actions, queries
from hotline.workforce.models import RunState, StrategyChoice
from hotline.workforce.permissions import PLAN, WATCH
from hotline.workforce.rules.erlang import Target

FARTHEST = timedelta(days=366)


def _day(text: str | None, default: date) -> date:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return default
    return found if abs(found - today()) <= 5 * FARTHEST else default


def _asked(given: QueryDict, name: str) -> int | None:
    """None: left empty; what is no number is refused by the action like any other that cannot be."""
    text = given.get(name, "").strip()
    value = whole(text)
    return None if not text else -1 if value is None else value


def _percent(given: QueryDict, name: str, default: float, low: int, high: int) -> float:
    value = whole(given.get(name))
    return default if value is None else min(high, max(low, value)) / 100


def _target(given: QueryDict) -> Target:
    usual = Target()
    seconds = whole(given.get("seconds"))
    return Target(
        _percent(given, "share", usual.share, 50, 99),
        IN_TIME.total_seconds() if seconds is None else float(min(600, max(0, seconds))),
        _percent(given, "occupancy", usual.occupancy, 30, 100),
        _percent(given, "shrinkage", usual.shrinkage, 0, 60),
    )


@dataclass(frozen=True, slots=True)
class Point:
    """One quarter of the chart: 100 high."""

    x: float
    height: float
    y: float
    actual_y: float | None
    title: str


def _chart(it: queries.Outlook) -> dict[str, Any] | None:
    if it.expected is None:
        return None
    top = max([*it.expected, *(it.actual or [])]) or 1.0
    step = 1000 / len(it.expected)
    points = []
    for n, calls in enumerate(it.expected):
        actual = it.actual[n] if it.actual is not None else None
        clock = f"{n // 4:02d}:{15 * (n % 4):02d}"
        points.append(
            Point(
                round(n * step, 2),
                round(100 * calls / top, 2),
                round(100 - 100 * calls / top, 2),
                None if actual is None else round(100 - 100 * actual / top, 2),
                f"{clock} · {calls:.1f}" + (f" / {actual:.0f}" if actual is not None else ""),
            )
        )
    line = " ".join(f"{one.x + step / 2:.1f},{one.actual_y}" for one in points if one.actual_y is not None)
    return {"points": points, "width": round(step * 0.85, 2), "line": line, "top": f"{top:.0f}"}


@access(WATCH)
@require_GET
def outlook(request: HttpRequest) -> HttpResponse:
    """A day (tomorrow unless asked): calls by quarter, seats needed against shifts, and the error of the last two weeks."""
    actor = actor_of(request)
    day = _day(request.GET.get("day"), today() + timedelta(days=1))
    target = _target(request.GET)
    it = queries.outlook(actor, day)
    advice = queries.staffing(day, it.expected, target) if it.expected is not None else []
    context = {
        "it": it,
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "expected": round(sum(it.expected)) if it.expected is not None else None,
        "actual": round(sum(it.actual)) if it.actual is not None else None,
        "chart": _chart(it),
        "advice": [one for one in advice if one.calls >= 0.05 or one.planned],
        "peak": max(advice, key=lambda one: one.needed, default=None),
        "short": sum(-one.over for one in advice if one.over < 0) / 4,
        "spare": sum(one.over for one in advice if one.over > 0) / 4,
        "handling": round(queries.handling_and_patience(day)[0]),
        "target": target,
        "may_plan": actor.has(PLAN),
    }
    return render(request, "workforce/outlook.html", context)


@access(PLAN)
@require_POST
def set_special(request: HttpRequest) -> HttpResponse:
    """What a day will bring."""
    day = _day(request.POST.get("day"), today())
    try:
        factor = float(request.POST.get("factor", ""))
    except ValueError:
        factor = 0.0
    try:
        actions.set_special_day(
            actor=actor_of(request), day=day, factor=factor, name=request.POST.get("name", "")
        )
    except Invalid as error:
        messages.error(request, str(error.message))
    return redirect(f"{reverse('workforce:outlook')}?day={day:%Y-%m-%d}")


@access(PLAN)
@require_POST
def remove_special(request: HttpRequest) -> HttpResponse:
    """The day is like any other again."""
    actions.remove_special_day(actor=actor_of(request), special_id=whole(request.POST.get("special")) or 0)
    return redirect("workforce:outlook")


@access(WATCH)
@require_GET
def simulations(request: HttpRequest) -> HttpResponse:
    """Days played again, their figures side by side; redraws itself when one is done."""
    actor = actor_of(request)
    runs = []
    for run in queries.runs(actor):
        sides = [
            (name, [_cell(run.result[side].get(one.code), one.kind) for one in (*DEFINITIONS, OCCUPANCY)])
            for side, name in (
                ("was", _("As it was")),
                ("same", _("Played as it was")),
                ("other", _("Played otherwise")),
            )
            if run.state == RunState.DONE and run.result.get(side)
        ]
        runs.append((run, sides))
    context = {
        "runs": runs,
        "columns": [(one.name, one.formula) for one in (*DEFINITIONS, OCCUPANCY)],
        "strategies": StrategyChoice.choices,
        "yesterday": today() - timedelta(days=1),
        "may_plan": actor.has(PLAN),
        "waiting": any(run.state == RunState.WAITING for run, _sides in runs),
    }
    part = bool(request.headers.get("HX-Request"))
    return render(request, "workforce/_runs.html" if part else "workforce/simulations.html", context)


def _cell(value: float | None, kind: str) -> str:
    if value is None:
        return "—"
    if kind == "count":
        return f"{value:,.0f}"
    if kind == "share":
        return f"{100 * value:.1f} %"
    return f"{round(value) // 60}:{round(value) % 60:02d}"


@access(PLAN)
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Have a day played again."""
    given = request.POST
    try:
        actions.ask_simulation(
            actor=actor_of(request),
            day=_day(given.get("day"), today()),
            seats=_asked(given, "seats"),
            strategy=given.get("strategy", StrategyChoice.AS_SET),
            overflow_seconds=_asked(given, "overflow"),
            seed=whole(given.get("seed")) or 1,
        )
    except Invalid as error:
        messages.error(request, str(error.message))
    return redirect("workforce:simulations")
