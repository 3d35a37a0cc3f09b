"""Words of the package's acts in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.workforce": _("Planning machine"),
    "workforce.set_special_day": _("Special day of calls set"),
    "workforce.remove_special_day": _("Special day of calls removed"),
}
AUDIT_KINDS: Mapping[str, Kind] = {"special_day": Kind(_("Special day of calls"), "workforce.SpecialDay")}
