"""Words for what this package writes into the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.accounts.models import Role, UnitLevel
from hotline.accounts.rules import SESSION_END_LABELS
from hotline.audit.actions import Field, Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.sign-in": _("Sign-in"),
    "system.console": _("Command line"),
    "system.rotate": _("Change of the identity key"),
    "accounts.sign_in": _("Signed in"),
    "accounts.sign_in_failed": _("Wrong password"),
    "accounts.locked_out": _("Locked out"),
    "accounts.wrong_second_factor": _("Wrong second factor"),
    "accounts.use_recovery_code": _("Recovery code used"),
    "accounts.enrol_second_factor": _("Second factor enrolled"),
    "accounts.make_recovery_codes": _("Recovery codes made"),
    "accounts.reset_second_factor": _("Second factor reset"),
    "accounts.link_account": _("Account at the identity provider linked"),
    "accounts.unlink_account": _("Account at the identity provider unlinked"),
    "accounts.external_refused": _("Sign-in by the identity provider refused"),
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

AUDIT_KINDS: Mapping[str, Kind] = {
    "person": Kind(_("Member of staff"), "accounts.Person"),
    "unit": Kind(_("Unit"), "accounts.Unit"),
    # Its number only: the log never says who a citizen is.
    "citizen": Kind(_("Citizen")),
}
AUDIT_FIELDS: Mapping[str, Mapping[str, str | Promise | Field]] = {
    "accounts": {
        "role": Field(_("Role"), choices=dict(Role.choices)),
        "to": Field(_("Stand-in"), "person"),
        "secret": _("Opens confidential orders"),
        "username": _("User name"),
        "why": Field(_("Why"), choices=SESSION_END_LABELS),
        "level": Field(_("Level"), choices=dict(UnitLevel.choices)),
        "short_name": _("Short name"),
        "duties": _("Duties"),
        "working_hours": _("Working hours"),
        "phone": _("Unit's phone"),
        "path": _("Path in the tree"),
    }
}
AUDIT_CHANGES = ("accounts.change_unit", "accounts.move_unit")
