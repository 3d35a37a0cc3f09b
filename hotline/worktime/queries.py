"""Calendars and policies as loaded rules; kept in the process by id, because a published version never changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.db import connection
from django.utils.translation import gettext as _

from hotline.accounts.models import UnitLevel
from hotline.kit.clock import CITY_ZONE, now, today
from hotline.kit.errors import Refused
from hotline.kit.health import Level, Result
from hotline.worktime.models import Calendar, CalendarDay, DayKind, Policy, VersionState
from hotline.worktime.rules import PolicyDocument, WorkCalendar
from hotline.worktime.rules.checks import Vocabulary, horizon, missing_years

WARN_DAYS = 56
"""How long before a deadline could need it a missing year is shown: the notice comes out in November."""


@dataclass(frozen=True, slots=True)
class LoadedCalendar:
    id: int
    version: int
    calendar: WorkCalendar


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    id: int
    name: str
    version: int
    document: PolicyDocument


@dataclass(frozen=True, slots=True)
class InEffect:
    """What a new order is pinned to."""

    policy: LoadedPolicy
    calendar: LoadedCalendar


@dataclass(frozen=True, slots=True)
class Preview:
    """What a calendar's draft would change among open promises; `examples` are order numbers with old and new moments.

    `more`: there are others, due sooner, that were not looked at.
    """

    open: int
    moved: int
    examples: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    more: bool = False


# ---- told by packages above, at start

PreviewHook = Callable[[WorkCalendar], Preview]
_preview: PreviewHook | None = None
_vocabulary = Vocabulary(unit_levels=tuple((str(code), label) for code, label in UnitLevel.choices))


def use_preview(hook: PreviewHook) -> None:
    """Set who counts the open deadlines that a calendar's draft would move."""
    global _preview
    _preview = hook


def preview(calendar: WorkCalendar) -> Preview | None:
    """None when nobody keeps deadlines."""
    return _preview(calendar) if _preview is not None else None


def use_vocabulary(vocabulary: Vocabulary) -> None:
    """Set the values that a policy may name; called by the package that owns them from `AppConfig.ready`."""
    global _vocabulary
    _vocabulary = vocabulary


def vocabulary() -> Vocabulary:
    """Values that a policy may name, with labels."""
    return _vocabulary


# ---- loading


@lru_cache(maxsize=16)
def _published_calendar(calendar_id: int) -> LoadedCalendar:
    return load_calendar(Calendar.objects.get(pk=calendar_id))


def load_calendar(row: Calendar) -> LoadedCalendar:
    """Read one version from the database, drafts too."""
    holidays: dict[date, str] = {}
    make_ups: dict[date, str] = {}
    for day, kind, name in CalendarDay.objects.filter(calendar=row).values_list("day", "kind", "name"):
        (holidays if kind == DayKind.HOLIDAY else make_ups)[day] = name
    return LoadedCalendar(row.pk, row.version, WorkCalendar(row.years, holidays, make_ups))


@lru_cache(maxsize=64)
def _published_policy(policy_id: int) -> LoadedPolicy:
    row = Policy.objects.get(pk=policy_id)
    return LoadedPolicy(row.pk, row.name, row.version, PolicyDocument.parse(row.document))


def calendar(calendar_id: int) -> LoadedCalendar:
    """A published version; kept. Raises Calendar.DoesNotExist."""
    return _published_calendar(calendar_id)


def policy(policy_id: int) -> LoadedPolicy:
    """A published version; kept. Raises Policy.DoesNotExist."""
    return _published_policy(policy_id)


_IDS = (
    "SELECT (SELECT id FROM worktime_policy WHERE state <> 'draft' AND effective_from <= %s"
    " AND (effective_to IS NULL OR effective_to > %s)),"
    " (SELECT id FROM worktime_calendar WHERE state = 'published')"
)


def _ids(at: datetime) -> tuple[int | None, int | None]:
    with connection.cursor() as cursor:
        cursor.execute(_IDS, [at, at])
        policy_id, calendar_id = cursor.fetchone()
    return policy_id, calendar_id


def in_effect(at: datetime) -> InEffect:
    """Policy in effect at `at` and the calendar in effect now, by one statement. Raises Refused when either is missing."""
    policy_id, calendar_id = _ids(at)
    return InEffect(_some_policy(policy_id), _some_calendar(calendar_id))


def policy_in_effect(at: datetime) -> LoadedPolicy:
    """Raises Refused `no_policy`."""
    return _some_policy(_ids(at)[0])


def calendar_in_effect() -> LoadedCalendar:
    """Raises Refused `no_calendar`."""
    return _some_calendar(_ids(now())[1])


def _some_policy(policy_id: int | None) -> LoadedPolicy:
    if policy_id is None:
        raise Refused(
            "no_policy",
            _("No deadline policy is in effect. An administrator must publish one under “Deadline rules”."),
        )
    return _published_policy(policy_id)


def _some_calendar(calendar_id: int | None) -> LoadedCalendar:
    if calendar_id is None:
        raise Refused(
            "no_calendar",
            _("No working calendar is in effect. An administrator must publish one under “Calendar”."),
        )
    return _published_calendar(calendar_id)


def forget() -> None:
    """Drop what is kept; for tests that roll versions back."""
    _published_calendar.cache_clear()
    _published_policy.cache_clear()


# ---- health


def calendar_health() -> Result:
    """Fails when a deadline set today needs a year that the calendar lacks, warns eight weeks before."""
    policy_id, calendar_id = _ids(now())
    if calendar_id is None:
        return Result(Level.FAIL, _("No working calendar is in effect."), _("Publish one under “Calendar”."))
    held = _published_calendar(calendar_id).calendar
    day = today()
    longest = _published_policy(policy_id).document.longest_workdays() if policy_id is not None else 0
    until = horizon(held, day, longest)
    advice = _("Enter the State Council's holiday notice in a draft under “Calendar” and publish it.")
    if years := missing_years(held, until, day):
        text = _(
            "Deadlines set today reach %(year)d, and its holidays are not entered; they are counted provisionally."
        )
        return Result(Level.FAIL, text % {"year": years[0]}, advice)
    if years := missing_years(held, until + timedelta(days=WARN_DAYS), day):
        text = _("The holidays of %(year)d are not entered; deadlines will need them from %(day)s.")
        needed = date(years[0], 1, 1) - (until - day)
        return Result(Level.WARN, text % {"year": years[0], "day": needed.isoformat()}, advice)
    return Result(
        Level.OK, _("The calendar covers every deadline until %(year)d.") % {"year": max(held.years)}
    )


def policy_health() -> Result:
    """Fails when no policy is in effect, warns when it ends soon without a successor."""
    moment = now()
    policy_id, _calendar_id = _ids(moment)
    if policy_id is None:
        return Result(
            Level.FAIL,
            _("No deadline policy is in effect; new orders have no deadlines."),
            _("Publish one under “Deadline rules”."),
        )
    row = Policy.objects.get(pk=policy_id)
    if row.effective_to is not None and _ids(row.effective_to)[0] is None:
        text = _("The deadline policy ends on %(day)s and no other follows.") % {
            "day": row.effective_to.astimezone(CITY_ZONE).date().isoformat()
        }
        return Result(Level.WARN, text, _("Publish its successor under “Deadline rules”."))
    return Result(
        Level.OK,
        _("%(name)s, version %(version)d, is in effect.") % {"name": row.name, "version": row.version},
    )


# ---- pages


def calendar_versions() -> list[Calendar]:
    """All versions, newest first."""
    return list(Calendar.objects.order_by("-version"))


def calendar_draft() -> Calendar | None:
    return Calendar.objects.filter(state=VersionState.DRAFT).order_by("-version").first()


def removable_years(draft: Calendar) -> set[int]:
    """Years that may leave the draft: publishing would lose no year in effect."""
    held = Calendar.objects.filter(state=VersionState.PUBLISHED).values_list("years", flat=True).first() or []
    return set(draft.years) - set(held)


def policy_versions() -> list[Policy]:
    """All policies, drafts first, then by the date they take effect, latest first."""
    rows = Policy.objects.order_by("-effective_from", "-version").defer("document")
    return sorted(rows, key=lambda row: row.state != VersionState.DRAFT)
