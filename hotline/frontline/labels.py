"""How the audit log names what happens here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

AUDIT_LABELS = {
    "frontline.make_device": _("Gave a phone its token"),
    "frontline.forget_device": _("Ended a phone's token"),
}
