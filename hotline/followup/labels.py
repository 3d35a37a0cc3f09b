"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.follow-up": _("Follow-up machine"),
    "followup.appeal_result": _("Result appealed against"),
    "followup.decide_appeal": _("Appeal against a result decided"),
}

AUDIT_KINDS: Mapping[str, Kind] = {
    "result_appeal": Kind(_("Objection to a result"), "followup.ResultAppeal", "order__number")
}
