"""Lengths of time and moments in words, the same in the browser (`frontend/src/ui/moments.ts`)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from hotline.kit.clock import CITY_ZONE


def duration_words(length: timedelta) -> str:
    """A length of time in at most two units, cut downwards, sign ignored: "3 小时 20 分", "2 天 4 小时"."""
    minutes = int(abs(length.total_seconds()) // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        if hours:
            return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
        return _("%(days)d d") % {"days": days}
    if hours:
        if rest:
            return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
        return _("%(hours)d h") % {"hours": hours}
    if minutes:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("under a minute")


def remaining_words(due: datetime, now: datetime) -> str:
    """What a running clock says: "还剩 3 小时 20 分" or "已超 2 天"."""
    if due > now:
        return _("%(time)s left") % {"time": duration_words(due - now)}
    return _("%(time)s overdue") % {"time": duration_words(now - due)}


def exact(moment: datetime) -> str:
    """The whole moment in the city's time: "2026-11-27 17:30"."""
    return moment.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M")


def short(moment: datetime, today: date) -> str:
    """As short as is still plain: "17:30" today, "11-27 17:30" this year, with the year otherwise."""
    local = moment.astimezone(CITY_ZONE)
    if local.date() == today:
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d %H:%M")
