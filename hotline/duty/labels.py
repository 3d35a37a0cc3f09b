"""How the audit log names what happens here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

AUDIT_LABELS = {
    "duty.plan_turn": _("Planned a turn of duty"),
    "duty.drop_turn": _("Took a planned turn back"),
    "duty.begin_turn": _("Went on duty"),
    "duty.hand_over": _("Handed over and went off duty"),
    "duty.take_over": _("Took over from the turn before"),
}
