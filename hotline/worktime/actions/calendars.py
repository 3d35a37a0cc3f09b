"""Versions of the working calendar: drafted, filled, checked, published. A published version never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import chinese_calendar.constants as public
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from hotline.audit import actions as audit
from hotline.kit import events, live
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.tables import read_table
from hotline.worktime import queries
from hotline.worktime.models import Calendar, CalendarDay, DayKind, VersionState
from hotline.worktime.permissions import MANAGE, can_manage
from hotline.worktime.rules.checks import Severity, check_calendar

CALENDAR_PUBLISHED = events.declare(
    "worktime.calendar_published",
    "A version of the working calendar took effect; open orders may be settled anew.",
)
ASSUMED_2027 = Path(__file__).parent.parent / "packs" / "holidays-2027.csv"
"""An assumed, unofficial list, so that a demo city can be shown across the turn of the year. Never for real work."""

Days = dict[date, tuple[str, str]]
"""Day → (kind, name)."""

_SOURCE = "chinesecalendar"


def public_years() -> range:
    """Years that the package of published holidays holds."""
    return range(min(public.holidays).year, max(public.holidays).year + 1)


def draft_calendar(*, actor: Actor) -> Calendar:
    """The draft, made as a copy of the version in effect when there is none."""
    with transaction.atomic():
        _lock()
        can_manage(actor).require(MANAGE)
        return _draft(actor)


def import_public_holidays(
    *, actor: Actor, years: Iterable[int] | None = None, also: Iterable[Path] = (), publish: bool = True
) -> Calendar:
    """Holidays and make-up workdays of the package `chinesecalendar` (State Council notices), all its years by default.

    `also`: files `day,kind,name` taken in with them. The version in effect is returned when nothing would change.
    With `publish` off they stay in the draft. Raises Invalid for a year that the package lacks.
    """
    wanted = list(public_years()) if years is None else sorted(set(years))
    if unknown := [year for year in wanted if year not in public_years()]:
        raise Invalid(
            "year_not_public",
            _(
                "The package of published holidays does not hold %(years)s. Enter these from the State Council's notice."
            )
            % {"years": ", ".join(map(str, unknown))},
        )
    days: Days = {}
    for listed, kind in ((public.holidays, DayKind.HOLIDAY), (public.workdays, DayKind.MAKE_UP_WORKDAY)):
        days |= {day: (str(kind), str(name)) for day, name in listed.items() if day.year in wanted}
    sources = [f"{_SOURCE} {wanted[0]}–{wanted[-1]}"] if wanted else []
    covered = set(wanted)
    for path in also:
        more = _read(path.read_text(encoding="utf-8-sig"))
        days |= more
        covered |= {day.year for day in more}
        sources.append(path.stem)
    with transaction.atomic():
        _lock()
        can_manage(actor).require(MANAGE)
        current = Calendar.objects.filter(state=VersionState.PUBLISHED).first()
        if current is not None and covered <= set(current.years) and _days(current, covered) == days:
            return current
        draft = _draft(actor)
        CalendarDay.objects.filter(calendar=draft, day__year__in=covered).delete()
        _write(draft, days, covered)
        _note_source(draft, "；".join(sources))
        _record(actor, "import_holidays", draft, years=sorted(covered), days=len(days))
        if publish:
            return publish_calendar(actor=actor, calendar_id=draft.pk)
    return draft


def import_days(*, actor: Actor, calendar_id: int, text: str, source: str = "") -> Calendar:
    """Take a list `day,kind,name` (kind `holiday` or `make_up_workday`) into the draft; its years become covered.

    The list replaces what the draft held of those years. Raises Invalid with `details` line → fault.
    """
    days = _read(text)
    years = {day.year for day in days}
    with transaction.atomic():
        draft = _own_draft(actor, calendar_id)
        CalendarDay.objects.filter(calendar=draft, day__year__in=years).delete()
        _write(draft, days, years)
        _note_source(draft, source)
        _record(actor, "import_days", draft, years=sorted(years), days=len(days), source=source)
    return draft


def set_day(*, actor: Actor, calendar_id: int, day: date, kind: str, name: str = "") -> Calendar:
    """Make a day of the draft a holiday or a make-up workday, or ordinary again with an empty kind."""
    if kind and kind not in DayKind.values:
        raise Invalid(
            "day_kind", _("A day is a holiday, a make-up workday or ordinary."), details={"kind": kind}
        )
    with transaction.atomic():
        draft = _own_draft(actor, calendar_id)
        if day.year not in draft.years:
            raise Refused(
                "year_not_covered",
                _("The draft does not cover %(year)d; add the year first.") % {"year": day.year},
            )
        if kind == DayKind.MAKE_UP_WORKDAY and day.weekday() < 5:
            raise Refused("not_weekend", _("Only a Saturday or Sunday can be a make-up workday."))
        old = CalendarDay.objects.filter(calendar=draft, day=day).values_list("kind", flat=True).first() or ""
        if kind:
            CalendarDay.objects.update_or_create(
                calendar=draft, day=day, defaults={"kind": kind, "name": name.strip()[:60]}
            )
        else:
            CalendarDay.objects.filter(calendar=draft, day=day).delete()
        _record(actor, "set_day", draft, day=day, old=old, new=kind, name=name)
    return draft


def add_year(*, actor: Actor, calendar_id: int, year: int) -> Calendar:
    """Let the draft cover one more year, still without holidays: the check stops it until they are entered."""
    with transaction.atomic():
        draft = _own_draft(actor, calendar_id)
        if not 2000 <= year <= 2100:
            raise Invalid("year", _("Choose a year from 2000 to 2100."))
        draft.years = sorted({*draft.years, year})
        draft.save(update_fields=["years"])
        _record(actor, "add_year", draft, year=year)
    return draft


def remove_year(*, actor: Actor, calendar_id: int, year: int) -> Calendar:
    """Take a year with its days out of the draft."""
    with transaction.atomic():
        draft = _own_draft(actor, calendar_id)
        draft.years = [held for held in draft.years if held != year]
        draft.save(update_fields=["years"])
        CalendarDay.objects.filter(calendar=draft, day__year=year).delete()
        _record(actor, "remove_year", draft, year=year)
    return draft


def discard_calendar(*, actor: Actor, calendar_id: int) -> None:
    """Throw a draft away."""
    with transaction.atomic():
        draft = _own_draft(actor, calendar_id)
        _record(actor, "discard_calendar", draft)
        draft.delete()


def publish_calendar(*, actor: Actor, calendar_id: int) -> Calendar:
    """Put a draft into effect; the former version stays for the orders pinned to it. Raises Refused with the findings."""
    with transaction.atomic():
        draft = _own_draft(actor, calendar_id)
        held = queries.load_calendar(draft).calendar
        stops = [finding.text for finding in check_calendar(held) if finding.severity is Severity.STOP]
        former = Calendar.objects.filter(state=VersionState.PUBLISHED).first()
        if former is not None and (lost := sorted(set(former.years) - set(draft.years))):
            stops.append(
                _("Years in effect would be lost: %(years)s.") % {"years": ", ".join(map(str, lost))}
            )
        if stops:
            raise Refused("calendar_check", " ".join(stops), details={"findings": stops})
        Calendar.objects.filter(state=VersionState.PUBLISHED).update(state=VersionState.RETIRED)
        draft.state, draft.published_at, draft.published_by = VersionState.PUBLISHED, now(), actor.key()
        draft.save(update_fields=["state", "published_at", "published_by"])
        _record(actor, "publish_calendar", draft, years=[min(draft.years), max(draft.years)])
        events.emit(CALENDAR_PUBLISHED, calendar_id=draft.pk)
        live.publish(["board"], "calendar_published", calendar=draft.pk)
    return draft


# ---- pieces


def _lock() -> None:
    # Versions are numbered one after the other, and at most one is in effect.
    list(Calendar.objects.select_for_update().order_by("id").values_list("id", flat=True))


def _own_draft(actor: Actor, calendar_id: int) -> Calendar:
    draft = Calendar.objects.select_for_update().filter(pk=calendar_id).first()
    if draft is None:
        raise NotVisible
    can_manage(actor).require(MANAGE)
    if draft.state != VersionState.DRAFT:
        raise Refused("published", _("A published calendar never changes; change a draft and publish it."))
    return draft


def _draft(actor: Actor) -> Calendar:
    found = Calendar.objects.filter(state=VersionState.DRAFT).order_by("-version").first()
    if found is not None:
        return found
    current = Calendar.objects.filter(state=VersionState.PUBLISHED).first()
    latest = Calendar.objects.aggregate(latest=Max("version"))["latest"] or 0
    draft = Calendar.objects.create(
        version=latest + 1, years=current.years if current else [], source=current.source if current else ""
    )
    if current is not None:
        CalendarDay.objects.bulk_create(
            CalendarDay(calendar=draft, day=row.day, kind=row.kind, name=row.name)
            for row in current.days.all()
        )
    _record(actor, "draft_calendar", draft, copied=current.version if current else None)
    return draft


def _days(calendar: Calendar, years: set[int]) -> Days:
    rows = CalendarDay.objects.filter(calendar=calendar, day__year__in=years)
    return {day: (kind, name) for day, kind, name in rows.values_list("day", "kind", "name")}


def _write(draft: Calendar, days: Mapping[date, tuple[str, str]], years: set[int]) -> None:
    CalendarDay.objects.bulk_create(
        CalendarDay(calendar=draft, day=day, kind=kind, name=name)
        for day, (kind, name) in sorted(days.items())
    )
    draft.years = sorted({*draft.years, *years})
    draft.save(update_fields=["years"])


def _note_source(draft: Calendar, source: str) -> None:
    if source and source not in draft.source:
        draft.source = "；".join(part for part in (draft.source, source) if part)[-200:]
        draft.save(update_fields=["source"])


def _read(text: str) -> Days:
    days: Days = {}
    faults: dict[str, str] = {}
    for line, cells in read_table(text.strip(), ("day", "kind")):
        if not cells.get("day") or cells["day"].startswith("#"):
            continue
        try:
            day = date.fromisoformat(cells["day"])
        except ValueError:
            faults[str(line)] = _("%(value)s is not a date such as 2027-02-05") % {"value": cells["day"]}
            continue
        if cells["kind"] not in DayKind.values:
            faults[str(line)] = _("%(value)s is neither holiday nor make_up_workday") % {
                "value": cells["kind"]
            }
        elif day in days:
            faults[str(line)] = _("%(day)s stands there twice") % {"day": day.isoformat()}
        else:
            days[day] = (cells["kind"], cells.get("name", "")[:60])
    if not days and not faults:
        faults["1"] = _("the list is empty")
    if faults:
        raise Invalid(
            "rows",
            _("The list was not taken: %(faults)s.")
            % {
                "faults": "; ".join(
                    _("line %(line)s: %(fault)s") % {"line": line, "fault": fault}
                    for line, fault in faults.items()
                )
            },
            details=faults,
        )
    return days


def _record(actor: Actor, verb: str, calendar: Calendar, **data: object) -> None:
    audit.record(
        actor=actor,
        verb=f"worktime.{verb}",
        object_type="calendar",
        object_id=calendar.pk,
        data={"version": calendar.version, **data},
    )
