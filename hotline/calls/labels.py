"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.telephone": _("Telephone machine"),
    "calls.load_telephony": _("Lines and lanes loaded"),
    "calls.announce": _("Announcement put on the line"),
    "calls.withdraw_announcement": _("Announcement taken off the line"),
}

AUDIT_KINDS: Mapping[str, Kind] = {
    "announcement": Kind(_("Announcement"), "calls.Announcement"),
}
