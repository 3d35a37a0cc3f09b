"""Checks of a calendar and of a policy before they take effect. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import product

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from hotline.worktime.rules.calendar import SpanUnit, WorkCalendar, YearUnknown
from hotline.worktime.rules.clocks import ClockSpec
from hotline.worktime.rules.policy import Case, PolicyDocument, Rule
from hotline.worktime.rules.words import KIND_LABELS, SIDE_LABELS, day_words, is_chinese, span_words

STATUTORY = ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))
"""Holidays of a fixed date in every year (全国年节及纪念日放假办法): New Year, Labour Day, three of National Day."""
FEWEST_HOLIDAYS = 15
"""A year has 11 statutory days (13 from 2025) and more by swaps; fewer than 15 listed is an unfinished list."""
MOST_MAKE_UPS = 12
"""2013 had that many."""

Choices = Sequence[tuple[str, str | Promise]]


class Severity(StrEnum):
    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check. A `stop` forbids publishing."""

    severity: Severity
    text: str
    path: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """Values that a policy may name, with labels; `urgencies` from the most urgent down."""

    demand_types: Choices = ()
    urgencies: Choices = ()
    channels: Choices = ()
    unit_levels: Choices = ()
    flows: Choices = ()
    not_handled: frozenset[str] = field(default_factory=frozenset)
    """Demand types that never reach a unit and so need no clocks."""

    def label(self, dimension: str, value: str) -> str:
        """The word for a value; the value itself when it is not known (categories are free)."""
        return next((str(label) for code, label in getattr(self, dimension, ()) if code == value), value)


def check_calendar(calendar: WorkCalendar) -> list[Finding]:
    """What is wrong with a list of holidays and make-up workdays."""
    found: list[Finding] = []
    if not calendar.years:
        return [Finding(Severity.STOP, _("The calendar covers no year."))]
    for year in range(min(calendar.years), max(calendar.years) + 1):
        if year not in calendar.years:
            found.append(
                Finding(
                    Severity.STOP, _("%(year)d is missing between years that are covered.") % {"year": year}
                )
            )
    for day in sorted(calendar.make_ups):
        if day.weekday() < 5:
            found.append(
                Finding(
                    Severity.STOP,
                    _("%(day)s is no weekend and cannot be a make-up workday.") % {"day": _full(day)},
                )
            )
    for day in sorted(calendar.holidays.keys() | calendar.make_ups.keys()):
        if day.year not in calendar.years:
            found.append(
                Finding(
                    Severity.STOP,
                    _("%(day)s lies in a year that the calendar does not cover.") % {"day": _full(day)},
                )
            )
    for year in sorted(calendar.years):
        found.extend(_check_year(calendar, year))
    return found


def _check_year(calendar: WorkCalendar, year: int) -> Iterable[Finding]:
    holidays = [day for day in calendar.holidays if day.year == year]
    make_ups = [day for day in calendar.make_ups if day.year == year]
    for month, day in STATUTORY:
        if date(year, month, day) not in calendar.holidays:
            yield Finding(
                Severity.STOP,
                _("%(day)s is a statutory holiday and is not listed.")
                % {"day": _full(date(year, month, day))},
            )
    if len(holidays) < FEWEST_HOLIDAYS:
        yield Finding(
            Severity.WARN,
            _("%(year)d lists only %(count)d holidays; the State Council's notice usually gives more.")
            % {"year": year, "count": len(holidays)},
        )
    if len(make_ups) > MOST_MAKE_UPS:
        yield Finding(
            Severity.WARN,
            _("%(year)d lists %(count)d make-up workdays; that is more than any year so far.")
            % {"year": year, "count": len(make_ups)},
        )


def check_policy(
    document: PolicyDocument, vocabulary: Vocabulary, calendar: WorkCalendar | None, from_day: date
) -> list[Finding]:
    """Whether every case has its clocks, no two rules contradict each other and the calendar reaches far enough."""
    found = [*_unknown_words(document, vocabulary), *_equal_rules(document)]
    found.extend(_gaps(document, vocabulary))
    found.extend(_reach(document, calendar, from_day))
    return found


def _unknown_words(document: PolicyDocument, vocabulary: Vocabulary) -> Iterable[Finding]:
    for at, rule in enumerate(document.rules):
        for dimension in ("demand_types", "urgencies", "channels", "unit_levels", "flows"):
            known = {code for code, _label in getattr(vocabulary, dimension)}
            for value in getattr(rule.when, dimension):
                if known and value not in known:
                    yield Finding(
                        Severity.STOP,
                        _("Rule “%(rule)s” names %(value)s, which does not exist; known are %(known)s.")
                        % {"rule": rule.name, "value": value, "known": ", ".join(sorted(known))},
                        f"rules[{at}].when.{dimension}",
                    )


def _equal_rules(document: PolicyDocument) -> Iterable[Finding]:
    """Two rules of one specificity that can both hold and give different things: the order in the file would decide."""
    for at, first in enumerate(document.rules):
        for second in document.rules[at + 1 :]:
            shared = {
                key
                for key in first.clocks.keys() & second.clocks.keys()
                if first.clocks[key] != second.clocks[key]
            }
            limits = (first.extension is not None and second.extension is not None) or (
                first.returns is not None and second.returns is not None
            )
            if (shared or limits) and _tie(first, second):
                yield Finding(
                    Severity.STOP,
                    _(
                        "Rules “%(first)s” and “%(second)s” hold for the same orders with the same precision; make one of them narrower."
                    )
                    % {"first": first.name, "second": second.name},
                    f"rules[{at}]",
                )


def _tie(first: Rule, second: Rule) -> bool:
    one, other = first.when, second.when
    for dimension in ("demand_types", "urgencies", "channels", "unit_levels", "flows"):
        mine, theirs = getattr(one, dimension), getattr(other, dimension)
        if bool(mine) != bool(theirs) or (mine and not set(mine) & set(theirs)):
            return False
    if not one.categories and not other.categories:
        return True
    return bool(set(one.categories) & set(other.categories))


def _gaps(document: PolicyDocument, vocabulary: Vocabulary) -> Iterable[Finding]:
    """Cases without a finish clock, cases where more urgent is slower, and clocks of a redo that begin in the past."""
    missing: dict[str, list[str]] = {}
    slower: set[tuple[str, str, str]] = set()
    backdated: set[str] = set()
    types = [code for code, _label in vocabulary.demand_types if code not in vocabulary.not_handled] or [""]
    categories = ["", *sorted({code for rule in document.rules for code in rule.when.categories})]
    channels = ["", *sorted({code for rule in document.rules for code in rule.when.channels})]
    levels = ["", *sorted({code for rule in document.rules for code in rule.when.unit_levels})]
    flows = [code for code, _label in vocabulary.flows] or ["first"]
    urgencies = [code for code, _label in vocabulary.urgencies] or [""]
    for kind, category, channel, level, flow in product(types, categories, channels, levels, flows):
        faster: dict[tuple[str, str], tuple[str, ClockSpec]] = {}
        for urgency in urgencies:
            selection = document.select(
                demand_type=kind,
                category_code=category,
                channel=channel,
                unit_level=level,
                flow=flow,
                urgency=urgency,
            )
            for side in ("city", "unit"):
                spec = selection.clock("finish", side)
                if spec is None:
                    case = Case(demand_type=kind, urgency=urgency, flow=flow)
                    missing.setdefault(side, []).append(_case_words(case, vocabulary))
                elif flow != "first" and spec.start_event in ("created", "reviewed"):
                    backdated.add(spec.rule)
            for spec in selection.clocks:
                key = (spec.kind, spec.side)
                if key in faster and _surely_longer(faster[key][1], spec):
                    slower.add(
                        (
                            faster[key][1].rule,
                            spec.rule,
                            f"{KIND_LABELS[spec.kind]} ({SIDE_LABELS[spec.side]})",
                        )
                    )
                faster[key] = (urgency, spec)
    for side, cases in missing.items():
        words = list(dict.fromkeys(cases))
        yield Finding(
            Severity.STOP,
            _("No conclude clock (%(side)s) for: %(cases)s.")
            % {"side": SIDE_LABELS[side], "cases": "; ".join(words[:5]) + (" …" if len(words) > 5 else "")},
        )
    for rule in sorted(backdated):
        yield Finding(
            Severity.STOP,
            _(
                "Rule “%(rule)s” also holds for redo, but its conclude clock would begin at the first acceptance."
            )
            % {"rule": rule},
        )
    for urgent, ordinary, clock in sorted(slower):
        yield Finding(
            Severity.WARN,
            _(
                "%(clock)s: more urgent orders get more time (“%(urgent)s”) than less urgent ones (“%(ordinary)s”)."
            )
            % {"clock": clock, "urgent": urgent, "ordinary": ordinary},
        )


_LEAST_HOURS = {SpanUnit.MINUTE: 1 / 60, SpanUnit.HOUR: 1.0, SpanUnit.DAY: 24.0, SpanUnit.WORKDAY: 24.0}


def _surely_longer(urgent: ClockSpec, ordinary: ClockSpec) -> bool:
    """True when both lengths can be compared and the urgent one is the longer."""
    one, other = urgent.span, ordinary.span
    return one.amount * _LEAST_HOURS[one.unit] > other.amount * _LEAST_HOURS[other.unit]


def _case_words(case: Case, vocabulary: Vocabulary) -> str:
    parts = (
        vocabulary.label("demand_types", case.demand_type),
        vocabulary.label("urgencies", case.urgency),
        vocabulary.label("flows", case.flow),
    )
    return " · ".join(part for part in parts if part)


def _reach(document: PolicyDocument, calendar: WorkCalendar | None, from_day: date) -> Iterable[Finding]:
    longest = document.longest_workdays()
    for rule in document.rules:
        limits = rule.extension
        finish = rule.clocks.get(("finish", "unit"))
        if (
            limits
            and limits.times
            and finish
            and any(span.in_workdays != finish.span.in_workdays for span in limits.amounts)
        ):
            yield Finding(
                Severity.WARN,
                _("Rule “%(rule)s” promises %(span)s but extends in another unit of time.")
                % {"rule": rule.name, "span": span_words(finish.span)},
            )
    if longest:
        until = horizon(calendar, from_day, longest)
        for year in missing_years(calendar, until, from_day):
            yield Finding(
                Severity.STOP,
                _(
                    "Deadlines reach %(day)s, but the working calendar does not hold %(year)d. Enter its holidays first."
                )
                % {"day": _full(until), "year": year},
            )


def horizon(calendar: WorkCalendar | None, day: date, workdays: int) -> date:
    """The day that so many working days from `day` reach: exact where the calendar knows it, else a generous guess that
    lies in the year that is missing.
    """
    guess = day + timedelta(days=-(-workdays * 7 // 5) + 16)
    if calendar is None:
        return guess
    try:
        return calendar.shift_workdays(day, workdays)
    except YearUnknown as unknown:
        return max(guess, date(unknown.year, 1, 1))


def missing_years(calendar: WorkCalendar | None, until: date, from_day: date) -> list[int]:
    """Years from `from_day` to `until` that the calendar does not hold."""
    return [
        year
        for year in range(from_day.year, until.year + 1)
        if calendar is None or year not in calendar.years
    ]


def _full(day: date) -> str:
    return f"{day.year}年{day_words(day)}" if is_chinese() else f"{day_words(day)} {day.year}"
