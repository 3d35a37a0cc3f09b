"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "demo.load_city": _("Data pack of a city loaded"),
    "demo.generate": _("Demo orders generated"),
}
