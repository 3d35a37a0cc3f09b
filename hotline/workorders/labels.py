"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

AUDIT_LABELS: Mapping[str, str | Promise] = {
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
