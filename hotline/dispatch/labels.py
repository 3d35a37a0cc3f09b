"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "dispatch.add_entry": _("Entry added to the catalogue"),
    "dispatch.retire_entry": _("Entry of the catalogue ended"),
    "dispatch.import_catalogue": _("Catalogue imported"),
    "dispatch.judge_automatic": _("Automatic dispatch judged"),
    "dispatch.trust_category": _("Category trusted with automatic dispatch"),
    "dispatch.end_trust": _("Trust of a category ended"),
    "dispatch.stop_trust": _("Automatic dispatch of a category stopped"),
    "dispatch.resume_trust": _("Automatic dispatch of a category resumed"),
    "dispatch.switch_automatic": _("Automatic dispatch switched"),
}
