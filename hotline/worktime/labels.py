"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Field, Kind
from hotline.worktime.models import DayKind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "worktime.import_holidays": _("Published holidays taken in"),
    "worktime.import_days": _("Days of the calendar imported"),
    "worktime.set_day": _("Day of the calendar changed"),
    "worktime.add_year": _("Year added to the calendar"),
    "worktime.remove_year": _("Year removed from the calendar"),
    "worktime.discard_calendar": _("Draft of the calendar discarded"),
    "worktime.publish_calendar": _("Calendar published"),
    "worktime.draft_calendar": _("Calendar drafted"),
    "worktime.save_policy": _("Draft of a deadline policy saved"),
    "worktime.discard_policy": _("Draft of a deadline policy discarded"),
    "worktime.publish_policy": _("Deadline policy published"),
    "worktime.load_policy": _("Deadline policy loaded from a pack"),
    "worktime.draft_policy": _("Deadline policy drafted"),
}

AUDIT_KINDS: Mapping[str, Kind] = {
    "calendar": Kind(_("Working calendar"), "worktime.Calendar", "version"),
    "policy": Kind(_("Deadline policy"), "worktime.Policy"),
}
AUDIT_FIELDS: Mapping[str, Mapping[str, str | Promise | Field]] = {
    "worktime": {
        "copied": _("Copied from version"),
        "old": Field(_("Before"), choices=dict(DayKind.choices)),
        "new": Field(_("After"), choices=dict(DayKind.choices)),
    }
}
