"""Words for what this package writes into the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "accounts.sign_in": _("Signed in"),
    "accounts.sign_in_failed": _("Wrong password"),
    "accounts.locked_out": _("Locked out"),
    "accounts.wrong_second_factor": _("Wrong second factor"),
    "accounts.use_recovery_code": _("Recovery code used"),
    "accounts.enrol_second_factor": _("Second factor enrolled"),
    "accounts.make_recovery_codes": _("Recovery codes made"),
    "accounts.reset_second_factor": _("Second factor reset"),
    "accounts.session_over": _("Session over"),
    "accounts.end_session": _("Session ended"),
    "accounts.end_all_sessions": _("All sessions ended"),
    "accounts.change_password": _("Password changed"),
    "accounts.reset_password": _("Password reset"),
    "accounts.create_person": _("Member of staff made"),
    "accounts.change_person": _("Member of staff changed"),
    "accounts.deactivate_person": _("Put out of service"),
    "accounts.activate_person": _("Put into service"),
    "accounts.add_membership": _("Role given"),
    "accounts.end_membership": _("Role taken away"),
    "accounts.delegate": _("Stand-in named"),
    "accounts.revoke_delegation": _("Delegation ended"),
    "accounts.create_unit": _("Unit made"),
    "accounts.change_unit": _("Unit changed"),
    "accounts.move_unit": _("Unit moved"),
    "accounts.close_unit": _("Unit closed"),
    "accounts.reopen_unit": _("Unit opened again"),
    "accounts.create_citizen": _("Citizen recorded"),
    "accounts.change_citizen": _("Citizen's data changed"),
    "accounts.reveal_identity": _("Identity revealed"),
    "accounts.contact_citizen": _("Identity used to reach the citizen"),
    "accounts.rotate_identity": _("Identity encrypted with a new key"),
}
