"""Reads of voices."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from hotline.calls.models import Segment
from hotline.calls.queries import session_of
from hotline.calls.rules import SPEAKING
from hotline.emotion.models import Alert, Side, Trace, Verdict
from hotline.emotion.permissions import can_answer
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.health import Level, Result
from hotline.kit.models import Heartbeat
from hotline.speech.baseline import ALARM, MOST_CALLS, WINDOWS, Trait, baseline
from hotline.speech.voices import MEASURES, Voice

SILENT = timedelta(seconds=45)
"""The process signs every 10 s."""
PERIOD = timedelta(days=7)
"""Over which false alarms are counted."""
LATELY = 20
"""Conversations that an agent sees of themselves."""


@dataclass(frozen=True, slots=True)
class Point:
    """One window on a trace; `deviation` None: silence, or no baseline yet."""

    second: int
    deviation: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of the last seven days: hours of conversation listened to, alerts, how many were answered, and how many of those were false."""

    hours: float
    alerts: int
    answered: int
    false: int

    @property
    def false_an_hour(self) -> float | None:
        """False alarms an hour of conversation; None before the first hour."""
        return self.false / self.hours if self.hours >= 1 else None


def voices_of(windows: Iterable[Sequence[Any]]) -> list[Voice]:
    """The measured windows of a trace, silence left out. A measure that a later version knows no more is dropped."""
    return [
        Voice(**{name: value for name, value in row[1].items() if name in MEASURES})
        for row in windows
        if row[1]
    ]


def usual_of(person_id: int, before: datetime) -> dict[str, Trait]:
    """The agent's baseline of their conversations before a moment; {} while there is too little. One query."""
    rows = (
        Trace.objects.filter(person_id=person_id, side=Side.AGENT, began_at__lt=before)
        .order_by("-began_at")
        .values_list("windows", flat=True)[:MOST_CALLS]
    )
    return baseline([voices_of(windows) for windows in reversed(rows)])


def person_of(segment_id: int) -> int | None:
    """Whose conversation it is."""
    return Segment.objects.filter(pk=segment_id).values_list("session__person_id", flat=True).first()


def points_of(trace: Trace) -> list[Point]:
    """The trace as it is drawn."""
    return [Point(row[0], row[2]) for row in trace.windows]


def open_alerts(actor: Actor) -> list[Alert]:
    """Nobody has answered these, newest first. NotPermitted unless a watcher."""
    can_answer(actor).require("calls:watch")
    rows = Alert.objects.filter(answered_at=None).select_related("trace__person", "trace__call__lane")
    return list(rows.order_by("-raised_at").defer("sound")[:200])


def marks(sessions: Collection[int]) -> dict[int, str]:
    """At which of these seats an alert of the agent's own voice stands unanswered, in words for the wall."""
    rows = Alert.objects.filter(answered_at=None, trace__segment__session__in=sessions, trace__segment__ended_at=None)
    return dict.fromkeys(rows.values_list("trace__segment__session", flat=True), _("Voice unlike theirs"))


def answered_lately(actor: Actor) -> list[Alert]:
    """The last ones answered, newest first. NotPermitted unless a watcher."""
    can_answer(actor).require("calls:watch")
    rows = Alert.objects.exclude(answered_at=None).select_related(
        "trace__person", "trace__call__lane", "answered_by"
    )
    return list(rows.order_by("-answered_at").defer("sound")[:30])


def traces_of(person_id: int) -> list[Trace]:
    """A person's own conversations of late, newest first; the present one among them."""
    rows = Trace.objects.filter(person_id=person_id, side=Side.AGENT).select_related("call__lane")
    return list(rows.order_by("-began_at")[:LATELY])


def caller_upset(person_id: int) -> bool:
    """Whether whom this agent speaks with now has for two windows running sounded otherwise than when the call began."""
    session = session_of(person_id)
    if session is None or session.call is None or session.call.state not in SPEAKING:
        return False
    rows = Trace.objects.filter(call_id=session.call.pk, side=Side.CITIZEN).order_by("-began_at")
    last = [window[2] for window in (rows.values_list("windows", flat=True).first() or [])[-WINDOWS:]]
    return len(last) == WINDOWS and all(value is not None and value >= ALARM for value in last)


def reliability(actor: Actor) -> Reliability:
    """What the alerts of the last seven days were worth. NotPermitted unless a watcher."""
    can_answer(actor).require("calls:watch")
    since = now() - PERIOD
    heard = Trace.objects.filter(side=Side.AGENT, began_at__gte=since).aggregate(seconds=Sum("seconds"))[
        "seconds"
    ]
    found = Alert.objects.filter(raised_at__gte=since).aggregate(
        alerts=Count("pk"),
        answered=Count("pk", filter=Q(answered_at__isnull=False)),
        false=Count("pk", filter=Q(verdict=Verdict.FALSE)),
    )
    return Reliability((heard or 0) / 3600, found["alerts"], found["answered"], found["false"])


def emotion_health() -> Result:
    """One line of the health page: are voices measured?"""
    if not settings.TELEPHONE_ON or not settings.EMOTION_ON:
        return Result(Level.OK, _("The measuring of voices is switched off (HOTLINE_EMOTION)."))
    beat = Heartbeat.objects.filter(kind="emotion").order_by("-seen_at").first()
    if beat is None or now() - beat.seen_at > SILENT:
        return Result(
            Level.WARN,
            _("Voices are not measured."),
            _(
                "Start it: `hotline run`, or `hotline emotion run`. Calls go on; nobody is told of an upset voice."
            ),
        )
    if fault := beat.details.get("fault"):
        return Result(
            Level.WARN,
            _("Voices are not measured: %(fault)s") % {"fault": fault},
            _("Install the part `speech`: make install."),
        )
    if left := beat.details.get("left_out"):
        return Result(
            Level.WARN,
            _("%(count)d voices are not measured: the machine is busy with others.") % {"count": left},
            _("Run `hotline emotion run` on a machine with more processors."),
        )
    return Result(
        Level.OK, _("%(count)d voices are being measured.") % {"count": beat.details.get("voices", 0)}
    )
