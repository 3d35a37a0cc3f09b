"""Alerts about agents' voices for shift leaders; an agent's own trace."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.views.decorators.http import require_GET, require_POST

from hotline.emotion import actions, queries
from hotline.emotion.labels import MEASURES
from hotline.emotion.models import Alert, Trace, Verdict
from hotline.emotion.permissions import TAKE, WATCH
from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid
from hotline.speech.baseline import ALARM
from hotline.speech.voices import WINDOW

RATE = 8000
"""Samples a second of a telephone."""
WIDTH, HEIGHT = 600, 60
"""Of a trace's picture, in its own units."""
TOP, BOTTOM = 4.0, -2.0
"""Deviations that the picture's edges stand for."""
LEAST_SPAN = 30
"""Windows that fill the width: five minutes. A longer conversation is drawn narrower."""
STRONG = 1.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A window in the picture."""

    x: float
    y: float
    high: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A trace as its page shows it; `lines`: polylines between silences."""

    trace: Trace
    lines: list[str]
    dots: list[Dot]
    alarm_y: float
    usual_y: float
    measured: bool
    peak: float | None
    heard: timedelta


@access(WATCH)
@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """What nobody has answered, what was, and what the alerts are worth."""
    return _shown(request)


@access(WATCH)
@require_GET
def alerted(request: HttpRequest) -> HttpResponse:
    """The line on a shift leader's every page while an alert waits."""
    return render(request, "emotion/_alerted.html", {"alerts": queries.open_alerts(actor_of(request))})


@access(TAKE)
@require_GET
def hint(request: HttpRequest) -> HttpResponse:
    """The line on an agent's every page while their caller has grown upset."""
    return render(request, "emotion/_hint.html", {"upset": queries.caller_upset(actor_of(request).id)})


@access(WATCH)
@require_POST
def answer(request: HttpRequest, alert_id: int) -> HttpResponse:
    """What it was; 422 without an answer."""
    try:
        actions.answer_alert(
            actor=actor_of(request), alert_id=alert_id, verdict=request.POST.get("verdict", "")
        )
    except Invalid as error:
        return _shown(request, error=str(error.message), status=422)
    return redirect("emotion:alerts")


@access(WATCH)
@require_GET
def sound(request: HttpRequest, alert_id: int) -> HttpResponse:
    """The moment, to be heard once more by nobody's cache."""
    pcm = actions.hear(actor=actor_of(request), alert_id=alert_id)
    told = io.BytesIO()
    with wave.open(told, "wb") as sheet:
        sheet.setparams((1, 2, RATE, 0, "NONE", ""))
        sheet.writeframes(pcm)
    response = HttpResponse(told.getvalue(), content_type="audio/wav")
    response["Cache-Control"] = "no-store"
    return response


@access(TAKE)
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """My own conversations of late as my voice went through them; the present one grows while I speak."""
    actor = actor_of(request)
    traces = [drawn(trace) for trace in queries.traces_of(actor.id)]
    context = {"traces": traces, "person": actor.id, "width": WIDTH, "height": HEIGHT}
    whole = not request.headers.get("HX-Request")
    return render(request, "emotion/mine.html" if whole else "emotion/_mine.html", context)


def drawn(trace: Trace) -> Drawn:
    """The picture of a trace."""
    points = queries.points_of(trace)
    step = WIDTH / max(LEAST_SPAN, points[-1].second / WINDOW + 1 if points else 0)
    lines: list[str] = []
    run: list[str] = []
    dots = []
    before = 0.0
    for point in points:
        hole, before = point.second - before > 1.5 * WINDOW, point.second
        if point.deviation is None or hole:
            if len(run) > 1:
                lines.append(" ".join(run))
            run = []
        if point.deviation is None:
            continue
        x, y = round((point.second / WINDOW + 0.5) * step, 1), _height(point.deviation)
        run.append(f"{x},{y}")
        dots.append(Dot(x, y, point.deviation >= ALARM))
    if len(run) > 1:
        lines.append(" ".join(run))
    values = [point.deviation for point in points if point.deviation is not None]
    return Drawn(trace, lines, dots, _height(ALARM), _height(0), bool(values), max(values, default=None), timedelta(seconds=trace.seconds))


def _height(deviation: float) -> float:
    return round((TOP - max(BOTTOM, min(TOP, deviation))) / (TOP - BOTTOM) * HEIGHT, 1)


def _words(alert: Alert) -> list[str | Promise]:
    """In what the voice went away, the furthest first."""
    strong = [(spreads, name) for name, spreads in alert.parts.items() if spreads >= STRONG and name in MEASURES]
    return [MEASURES[name] for _spreads, name in sorted(strong, reverse=True)]


def _shown(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "alerts": [(one, _words(one)) for one in queries.open_alerts(actor)],
        "answered": [(one, _words(one)) for one in queries.answered_lately(actor)],
        "worth": queries.reliability(actor),
        "verdicts": Verdict.choices,
        "error": error,
        "person": actor.id,
    }
    return render(request, "emotion/alerts.html", context, status=status)
