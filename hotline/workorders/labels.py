"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Field, Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.settler": _("Deadline machine"),
    "system.scanner": _("Deadline machine"),
    "system.holds": _("Deadline machine"),
    "system.closer": _("Closing machine"),
    "system.deadlines": _("Recomputation of deadlines"),
    "system.keeper": _("Housekeeping"),
    "system.archiver": _("Archiving machine"),
    "chain.orders": _("Orders' events"),
    "workorders.add_category": _("Category added"),
    "workorders.edit_category": _("Category changed"),
    "workorders.move_category": _("Category moved"),
    "workorders.retire_category": _("Category retired"),
    "workorders.save_reason": _("Reason saved"),
    "workorders.save_script": _("Script saved"),
    "workorders.save_city": _("Settings of the city saved"),
    "workorders.save_view": _("View of the list saved"),
    "workorders.delete_view": _("View of the list removed"),
    "workorders.attach": _("File added to an order"),
    "workorders.download_attachment": _("File of an order opened"),
    "workorders.remove_attachment": _("File of an order removed"),
    "workorders.bulk": _("Many orders acted on at once"),
    "workorders.export": _("Orders exported"),
    "workorders.exported": _("Export of orders finished"),
    "workorders.find_by_phone": _("Orders found by phone number"),
}

AUDIT_KINDS: Mapping[str, Kind] = {
    "work_order": Kind(_("Work order"), "workorders.WorkOrder", "number"),
    "work_orders": Kind(_("Work orders")),
    "category": Kind(_("Category"), "workorders.Category", "path_name", by="code"),
    "reason": Kind(_("Reason code")),
    "script": Kind(_("Script"), "workorders.Script", "title", by="code"),
    "city": Kind(_("City settings"), single=True),
    "saved_view": Kind(_("Saved view"), "workorders.SavedView"),
}
AUDIT_FIELDS: Mapping[str, Mapping[str, str | Promise | Field]] = {
    "workorders": {
        "options": _("Options"),
        "replaced_by": Field(_("Replaced by"), "category"),
        "number_prefix": _("Prefix of numbers"),
        "accent": _("Accent colour"),
        "path_name": _("Full name"),
        "demand_types": _("Kinds of appeal"),
        "hint": _("Hint"),
    }
}
AUDIT_CHANGES = ("workorders.edit_category",)
