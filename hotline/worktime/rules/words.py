"""Why is it due then? The steps of a deadline in words, for staff and for citizens."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from hotline.kit.clock import CITY_ZONE
from hotline.worktime.rules.calendar import Span, SpanUnit, minute_text
from hotline.worktime.rules.clocks import Deadline, MarkBasis, MarkSpec, Step
from hotline.worktime.rules.policy import CONDITIONS

Label = str | Promise

KIND_LABELS: dict[str, Label] = {
    "dispatch": _("Dispatch"),
    "sign": _("Sign for"),
    "contact": _("First contact"),
    "finish": _("Conclude"),
    "review": _("Review"),
    "follow_up": _("Follow-up"),
}
SIDE_LABELS: dict[str, Label] = {"city": _("Hotline centre"), "unit": _("Handling unit")}
LEVEL_LABELS: dict[str, Label] = {
    "green": _("On time"),
    "warning": _("Warning"),
    "yellow": _("Yellow card"),
    "red": _("Red card"),
    "escalated": _("Escalation"),
}
EVENT_LABELS: dict[str, Label] = {
    "created": _("acceptance"),
    "reviewed": _("review passed"),
    "dispatched": _("dispatch to the unit"),
    "signed": _("signing"),
    "replied": _("the unit's reply"),
    "reply_approved": _("approval of the reply"),
    "redone": _("sending back for redo"),
}
_STARTED: dict[str, Label] = {
    "created": _("Accepted on %(at)s."),
    "reviewed": _("Review passed on %(at)s."),
    "dispatched": _("Dispatched to the unit on %(at)s."),
    "signed": _("Signed for on %(at)s."),
    "replied": _("The unit replied on %(at)s."),
    "reply_approved": _("The reply was approved on %(at)s."),
    "redone": _("Sent back for redo on %(at)s."),
}
CONDITION_LABELS: dict[str, Label] = dict(
    zip(
        CONDITIONS,
        (_("Demand type"), _("Category"), _("Urgency"), _("Channel"), _("Unit level"), _("Flow")),
        strict=True,
    )
)
_WEEKDAYS: tuple[Label, ...] = (
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
)
HOLIDAY_NAMES: dict[str, Label] = {
    "New Year's Day": _("New Year's Day"),
    "Spring Festival": _("Spring Festival"),
    "Tomb-sweeping Day": _("Tomb-sweeping Day"),
    "Labour Day": _("Labour Day"),
    "Dragon Boat Festival": _("Dragon Boat Festival"),
    "National Day": _("National Day"),
    "Mid-autumn Festival": _("Mid-autumn Festival"),
    "Anti-Fascist 70th Day": _("70th Anniversary of Victory"),
}


def holiday_name(name: str) -> str:
    """The holiday in the reader's language; a name entered by hand stays as it is."""
    return str(HOLIDAY_NAMES.get(name, name)) or gettext("holiday")


def is_chinese() -> bool:
    """True when the reader's language is Chinese."""
    return (get_language() or "").startswith("zh")


def day_words(day: date) -> str:
    """`11月20日（周五）` or `20 Nov (Fri)`."""
    weekday = str(_WEEKDAYS[day.weekday()])
    if is_chinese():
        return f"{day.month}月{day.day}日（{weekday}）"
    return f"{day.day} {date_format(day, 'M')} ({weekday})"


def moment_words(at: datetime) -> str:
    """`11月20日（周五）16:40`."""
    local = at.astimezone(CITY_ZONE)
    gap = "" if is_chinese() else " "
    return f"{day_words(local.date())}{gap}{local:%H:%M}"


def span_words(span: Span) -> str:
    """`5 个工作日`."""
    count = {"count": span.amount}
    if span.unit is SpanUnit.WORKDAY:
        return ngettext("%(count)d working day", "%(count)d working days", span.amount) % count
    if span.unit is SpanUnit.DAY:
        return ngettext("%(count)d calendar day", "%(count)d calendar days", span.amount) % count
    if span.unit is SpanUnit.HOUR:
        return ngettext("%(count)d hour", "%(count)d hours", span.amount) % count
    return ngettext("%(count)d minute", "%(count)d minutes", span.amount) % count


UNIT_LABELS: dict[str, Label] = {
    "workday": _("working days"),
    "day": _("calendar days"),
    "hour": _("hours"),
    "minute": _("minutes"),
}


def length_words(length: timedelta, day: timedelta | None = None) -> str:
    """A length of time; with `day`, the length of a working day, in working days, hours and minutes."""
    minutes = round(length.total_seconds() / 60)
    in_day = round(day.total_seconds() / 60) if day is not None else 1440
    days, rest = divmod(minutes, in_day)
    parts = [span_words(Span(days, SpanUnit.WORKDAY if day is not None else SpanUnit.DAY))] if days else []
    if rest // 60:
        parts.append(span_words(Span(rest // 60, SpanUnit.HOUR)))
    if rest % 60 or not parts:
        parts.append(span_words(Span(rest % 60, SpanUnit.MINUTE)))
    return ("" if is_chinese() else " ").join(parts)


def mark_words(mark: MarkSpec) -> str:
    """`最后 1 个工作日`, `剩余时间不足 25%`."""
    if mark.basis is MarkBasis.LEFT:
        return gettext("%(percent)d%% of the time left") % {"percent": mark.percent}
    if mark.basis is MarkBasis.FIRST_OVERDUE_WORKDAY:
        return gettext("on the first overdue working day")
    if mark.span is None or not mark.span.amount:
        return gettext("when overdue")
    words = {"span": span_words(mark.span)}
    if mark.basis is MarkBasis.BEFORE:
        return gettext("%(span)s left") % words
    return gettext("overdue by %(span)s") % words


def explain(deadline: Deadline, audience: str = "staff") -> list[str]:
    """Sentences that lead from the start to the due moment. `audience`: `staff` or `citizen`; the citizen reads no
    procedure beyond what moved the promise.
    """
    citizen = audience == "citizen"
    return [sentence for step in deadline.steps if (sentence := _sentence(step, deadline, citizen))]


def _sentence(step: Step, deadline: Deadline, citizen: bool) -> str:
    write = _SENTENCES[step.kind]
    return write(step, deadline, citizen)


def _started(step: Step, _deadline: Deadline, _citizen: bool) -> str:
    return str(_STARTED[step.data["event"]]) % {"at": moment_words(step.data["at"])}


def _first_day(step: Step, deadline: Deadline, _citizen: bool) -> str:
    words = {"day": day_words(step.data["day"]), "cutoff": ""}
    if step.data["why"] == "cutoff":
        words["cutoff"] = minute_text(step.data["cutoff"])
        return (
            gettext("From %(cutoff)s on it counts from the next working day: %(day)s is working day 1.")
            % words
        )
    if step.data["why"] == "not_worked":
        return gettext("It was not a working day: %(day)s is working day 1.") % words
    if step.data["why"] == "same_day":
        return gettext("The day itself counts: %(day)s is working day 1.") % words
    return gettext("The day itself does not count: %(day)s is working day 1.") % words


def _holiday(step: Step, _deadline: Deadline, _citizen: bool) -> str:
    words = {
        "name": holiday_name(step.data["name"]),
        "day": day_words(step.data["first"]),
        "last": day_words(step.data["last"]),
    }
    if step.data["first"] == step.data["last"]:
        return gettext("%(day)s is a holiday (%(name)s) and does not count.") % words
    return gettext("%(day)s to %(last)s are holidays (%(name)s) and do not count.") % words


def _make_up(step: Step, _deadline: Deadline, _citizen: bool) -> str:
    return gettext("%(day)s is a make-up working day (%(name)s) and counts.") % {
        "day": day_words(step.data["first"]),
        "name": holiday_name(step.data["name"]),
    }


def _last_day(step: Step, _deadline: Deadline, _citizen: bool) -> str:
    return gettext("Working day %(number)d is %(day)s; it is due at %(time)s.") % {
        "number": step.data["number"],
        "day": day_words(step.data["day"]),
        "time": f"{step.data['due'].astimezone(CITY_ZONE):%H:%M}",
    }


def _calendar_days(step: Step, _deadline: Deadline, _citizen: bool) -> str:
    return gettext("%(span)s, weekends and holidays included: due on %(due)s.") % {
        "span": span_words(Span(step.data["amount"], SpanUnit.DAY)),
        "due": moment_words(step.data["due"]),
    }


def _elapsed(step: Step, _deadline: Deadline, _citizen: bool) -> str:
    return gettext("%(span)s, day and night: due on %(due)s.") % {
        "span": span_words(step.data["span"]),
        "due": moment_words(step.data["due"]),
    }


def _paused(step: Step, deadline: Deadline, citizen: bool) -> str:
    spec = deadline.spec
    day = timedelta(microseconds=spec.hours.length_us) if spec is not None and spec.span.in_workdays else None
    words = {
        "begin": moment_words(step.data["from"]),
        "end": moment_words(step.data["to"]),
        "time": length_words(step.data["added"], day),
        "old": moment_words(step.data["old"]),
        "new": moment_words(step.data["new"]),
    }
    if not step.data["added"]:
        return gettext("On hold from %(begin)s to %(end)s, outside working time: the date stays.") % words
    if citizen:
        return gettext("Handling was on hold for %(time)s; the date moved to %(new)s.") % words
    return gettext("On hold from %(begin)s to %(end)s for %(time)s: moved from %(old)s to %(new)s.") % words


def _extended(step: Step, _deadline: Deadline, citizen: bool) -> str:
    words = {
        "at": moment_words(step.data["at"]),
        "span": span_words(step.data["span"]),
        "old": moment_words(step.data["old"]),
        "new": moment_words(step.data["new"]),
    }
    if citizen:
        return gettext("The unit was granted %(span)s more; the date moved from %(old)s to %(new)s.") % words
    return gettext("Extension of %(span)s granted on %(at)s: moved from %(old)s to %(new)s.") % words


def _reopened(step: Step, _deadline: Deadline, citizen: bool) -> str:
    words = {"stopped": moment_words(step.data["stopped"]), "at": moment_words(step.data["at"])}
    return (
        ""
        if citizen
        else gettext("Ended on %(stopped)s and taken up again on %(at)s; the time between counts.") % words
    )


def _waiting(step: Step, _deadline: Deadline, _citizen: bool) -> str:
    return gettext("On hold since %(at)s: the clock stands still, and the time that it waits is added.") % {
        "at": moment_words(step.data["at"])
    }


def _stopped(step: Step, _deadline: Deadline, citizen: bool) -> str:
    words = {"at": moment_words(step.data["at"])}
    if citizen:
        return gettext("Done on %(at)s.") % words
    if step.data["met"]:
        return gettext("Done on %(at)s, on time.") % words
    return gettext("Done on %(at)s, late.") % words


def _void(step: Step, _deadline: Deadline, citizen: bool) -> str:
    return (
        ""
        if citizen
        else gettext("Ended on %(at)s without a verdict.") % {"at": moment_words(step.data["at"])}
    )


def _assumed(step: Step, _deadline: Deadline, _citizen: bool) -> str:
    return gettext(
        "Provisional: the holidays of %(years)s are not entered yet, so Monday to Friday was counted; it is settled when they are."
    ) % {"years": ", ".join(map(str, step.data["years"]))}


_SENTENCES = {
    "started": _started,
    "first_day": _first_day,
    "holiday": _holiday,
    "make_up": _make_up,
    "last_day": _last_day,
    "calendar_days": _calendar_days,
    "elapsed": _elapsed,
    "paused": _paused,
    "extended": _extended,
    "reopened": _reopened,
    "waiting": _waiting,
    "stopped": _stopped,
    "void": _void,
    "assumed": _assumed,
}
