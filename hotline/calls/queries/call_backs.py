"""Call-backs by deadline, and how many succeed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hotline.calls.models import CallBack, CallBackResult, CallBackState, CallBackTry
from hotline.kit.clock import now
from hotline.kit.health import Level, Result

OPEN = (CallBackState.WAITING, CallBackState.CLAIMED)
MOST = 200


@dataclass(frozen=True, slots=True)
class ShownCallBack:
    """`attempt`: the one that is open, `ended` whether its call is over; `tried`: those that were made, newest first."""

    row: CallBack
    attempt: CallBackTry | None
    ended: bool
    tried: list[CallBackTry]
    mine: bool


def _rows() -> QuerySet[CallBack]:
    tries = CallBackTry.objects.select_related("call", "person").order_by("-pk")
    return CallBack.objects.select_related(
        "call__citizen", "call__line", "call__lane", "claimed_by"
    ).prefetch_related(Prefetch("attempts", tries))


def call_backs_shown(person_id: int, *, over: bool = False) -> list[ShownCallBack]:
    """What is owed, by deadline; or the last that are over."""
    rows = _rows()
    rows = (
        rows.exclude(state__in=OPEN).order_by("-ended_at", "-pk")
        if over
        else rows.filter(state__in=OPEN).order_by("due_at", "pk")
    )
    shown = []
    for row in rows[: MOST if not over else 50]:
        attempts = list(row.attempts.all())
        attempt = next((one for one in attempts if one.ended_at is None), None)
        ended = attempt is not None and (attempt.call is None or attempt.call.ended_at is not None)
        tried = [one for one in attempts if one.ended_at is not None]
        shown.append(ShownCallBack(row, attempt, ended, tried, row.claimed_by_id == person_id))
    return shown


def call_backs_overdue(at: datetime) -> int:
    """How many are owed whose deadline has passed."""
    return CallBack.objects.filter(state__in=OPEN, due_at__lte=at).count()


@dataclass(frozen=True, slots=True)
class CallBackReport:
    """Of those that came to be owed in a period: `in_time` and `late` called back (or called again themselves: `again`)."""

    owed: int
    in_time: int
    late: int
    again: int
    unreached: int
    open: int

    @property
    def success(self) -> float | None:
        """Spoken to ÷ owed and over; None while none is over."""
        over = self.in_time + self.late + self.again + self.unreached
        return (self.in_time + self.late + self.again) / over if over else None


def call_back_report(since: datetime, until: datetime) -> CallBackReport:
    """Of missed calls in [since, until)."""
    done = Q(state=CallBackState.DONE)
    spoke = Q(pk__in=CallBackTry.objects.filter(result=CallBackResult.SPOKE).values("call_back_id"))
    counts = CallBack.objects.filter(created_at__gte=since, created_at__lt=until).aggregate(
        owed=Count("pk"),
        in_time=Count("pk", filter=done & spoke & Q(ended_at__lte=F("due_at"))),
        late=Count("pk", filter=done & spoke & Q(ended_at__gt=F("due_at"))),
        again=Count("pk", filter=done & ~spoke),
        unreached=Count("pk", filter=Q(state=CallBackState.UNREACHED)),
        open=Count("pk", filter=Q(state__in=OPEN)),
    )
    return CallBackReport(**counts)


def call_backs_health() -> Result:
    """One line of the health page: nobody waits for a call that is overdue."""
    count = call_backs_overdue(now())
    if count:
        words = ngettext("%(count)d call-back is overdue.", "%(count)d call-backs are overdue.", count)
        return Result(Level.WARN, words % {"count": count}, _("Shift leaders see them under “Call-backs”."))
    return Result(Level.OK, _("No call-back is overdue."))
