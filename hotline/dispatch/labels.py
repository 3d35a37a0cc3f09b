"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.auto-dispatch": _("Automatic dispatch"),
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

AUDIT_KINDS: Mapping[str, Kind] = {
    "catalogue_entry": Kind(_("Entry of the catalogue"), "dispatch.CatalogueEntry", "category__path_name"),
    "category_trust": Kind(
        _("Category in automatic dispatch"), "dispatch.CategoryTrust", "category__path_name"
    ),
    "automatic_switch": Kind(_("Switch of automatic dispatch"), single=True),
}
