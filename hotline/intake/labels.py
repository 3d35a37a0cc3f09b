"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Field, Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.intake": _("Intake machine"),
    "system.import": _("Import from the command line"),
    "intake.propose_restriction": _("Restriction proposed"),
    "intake.approve_restriction": _("Restriction approved"),
    "intake.refuse_restriction": _("Restriction refused"),
    "intake.lift_restriction": _("Restriction lifted"),
    "intake.appeal_restriction": _("Objection to a restriction"),
    "intake.answer_restriction_appeal": _("Objection to a restriction answered"),
    "intake.read_raw": _("Unread message looked at"),
    "intake.release_raw": _("Unread message released"),
    "intake.correct_raw": _("Unread message corrected"),
    "intake.discard_raw": _("Unread message discarded"),
    "intake.open_import": _("Import file opened"),
    "intake.run_import": _("Import started"),
    "intake.stop_import": _("Import stopped"),
    "intake.publish_questions": _("Questions of a category published"),
}

AUDIT_KINDS: Mapping[str, Kind] = {
    "raw_message": Kind(_("Unread message")),
    "import_batch": Kind(_("Import file"), "intake.ImportBatch", "file_name"),
    "appeal_draft": Kind(_("Draft of an appeal")),
}
AUDIT_FIELDS: Mapping[str, Mapping[str, str | Promise | Field]] = {"intake": {"id": _("Restriction no.")}}
