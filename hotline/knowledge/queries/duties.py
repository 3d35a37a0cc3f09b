"""What units owe, and how the base stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q, QuerySet, Sum

from hotline.accounts.permissions import reaches
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import NotVisible
from hotline.kit.paging import Page, keyset
from hotline.knowledge import permissions
from hotline.knowledge.models import Duty, DutyKind, DutyState, Entry, EntryState, Gap, Use
from hotline.knowledge.rules import SERVED


def visible_to(actor: Actor) -> QuerySet[Duty]:
    """Duties of the units that the actor edits for, and below."""
    rows = Duty.objects.select_related("unit", "entry")
    if actor.is_system:
        return rows
    reach = Q(pk__in=[])
    for way in reaches(actor, permissions.EDIT):
        reach |= Q(unit__path__startswith=way.grant.unit_path)
    return rows.filter(reach)


def duty_for(actor: Actor, duty_id: int) -> Duty:
    """One duty. Raises NotVisible."""
    duty = visible_to(actor).filter(pk=duty_id).first()
    if duty is None:
        raise NotVisible("duty")
    return duty


def duties(actor: Actor, *, kind: str = "", cursor: str = "", size: int = 50) -> Page[Duty]:
    """Open duties, the most urgent first; `kind` limits."""
    rows = visible_to(actor).filter(state=DutyState.OPEN)
    if kind in DutyKind.values:
        rows = rows.filter(kind=kind)
    return keyset(rows, order=("due_at", "id"), cursor=cursor, size=size)


@dataclass(frozen=True, slots=True)
class Piles:
    """Open duties by kind, how many are overdue, and entries that wait for review."""

    by_kind: dict[str, int]
    overdue: int
    to_review: int


def piles(actor: Actor) -> Piles:
    """Counts above the queue; of the actor's units only."""
    rows = visible_to(actor).filter(state=DutyState.OPEN)
    counts = dict(rows.order_by().values_list("kind").annotate(n=Count("id")))
    reach = Q(pk__in=[])
    for way in reaches(actor, permissions.PUBLISH):
        reach |= Q(unit__path__startswith=way.grant.unit_path)
    waiting = Entry.objects.filter(reach, state__in=[EntryState.IN_REVIEW, EntryState.REVISION_REVIEW])
    return Piles(
        {kind: counts.get(kind, 0) for kind in DutyKind.values},
        rows.filter(due_at__lt=clock.now()).count(),
        waiting.count(),
    )


def gaps_of(duty: Duty) -> list[Gap]:
    """The questions behind a duty, most asked first."""
    return list(duty.gaps.select_related("nearest").order_by("-times", "id")[:50])


def loose_gaps() -> int:
    """Questions that were not yet asked often enough to be anybody's duty."""
    return Gap.objects.filter(duty__isnull=True).count()


@dataclass(frozen=True, slots=True)
class Figures:
    """How the base does: entries in force, shares 0…1 (None: nothing to divide by), over the last `days`."""

    served: int
    expired: int
    searches: int
    hit_rate: float | None
    inserted: int
    corrections_in_time: float | None
    days: int = 30

    @property
    def hit_percent(self) -> int | None:
        """The hit rate as people read it."""
        return None if self.hit_rate is None else round(100 * self.hit_rate)

    @property
    def corrections_percent(self) -> int | None:
        """The share of corrections that were made in time, as people read it."""
        return None if self.corrections_in_time is None else round(100 * self.corrections_in_time)


def figures(days: int = 30) -> Figures:
    """Metrics of rules.md section 8 (X): hit rate, expired share, turnaround of corrections."""
    since = clock.today() - timedelta(days=days)
    used = dict(Use.objects.filter(day__gte=since).values_list("kind").annotate(n=Sum("count")))
    states = dict(Entry.objects.order_by().values_list("state").annotate(n=Count("id")))
    ended = Duty.objects.filter(kind=DutyKind.CORRECTION, ended_at__date__gte=since)
    counts = ended.aggregate(all=Count("id"), on_time=Count("id", filter=Q(ended_at__lte=F("due_at"))))
    searches, missed = used.get("search", 0), used.get("miss", 0)
    return Figures(
        served=sum(states.get(state, 0) for state in SERVED),
        expired=states.get(EntryState.EXPIRED, 0),
        searches=searches,
        hit_rate=1 - missed / searches if searches else None,
        inserted=used.get("inserted", 0),
        corrections_in_time=counts["on_time"] / counts["all"] if counts["all"] else None,
        days=days,
    )
