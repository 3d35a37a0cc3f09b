"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {"places.import_outlines": _("Outlines were imported")}
AUDIT_KINDS: Mapping[str, Kind] = {"outlines": Kind(_("Outlines"), "places.OutlineSet", shows="source")}
