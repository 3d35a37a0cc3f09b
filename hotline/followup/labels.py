"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "followup.appeal_result": _("Result appealed against"),
    "followup.decide_appeal": _("Appeal against a result decided"),
}
