"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "suggestions.add_label": _("Label added"),
    "suggestions.change_label": _("Label changed"),
    "suggestions.merge_label": _("Label merged"),
    "suggestions.split_label": _("Merge of a label undone"),
    "suggestions.retire_label": _("Label retired or taken back"),
    "suggestions.answer_risk": _("Risk answered"),
}
