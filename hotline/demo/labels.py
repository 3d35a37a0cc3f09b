"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Field

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.demo": _("Demo city"),
    "system.generate": _("Demo orders"),
    "system.load-city": _("Loading of the city"),
    "demo.load_city": _("Data pack of a city loaded"),
    "demo.generate": _("Demo orders generated"),
}

AUDIT_FIELDS: Mapping[str, Mapping[str, str | Promise | Field]] = {
    "demo": {
        "pack": _("Data pack"),
        "divisions": _("Divisions"),
        "units": _("Units"),
        "staff": _("Staff"),
        "categories": _("Categories"),
        "catalogue": _("Entries of the catalogue"),
        "reasons": _("Reasons"),
        "scripts": _("Scripts"),
        "forms": _("Sets of questions"),
        "calendar_years": _("Years of the calendar"),
        "knowledge": _("Knowledge entries"),
        "orders": _("Work orders"),
        "open": _("Of them open"),
        "seed": _("Seed of chance"),
    }
}
