"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Field, Kind
from hotline.transcripts.models import Fault

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.scribe": _("Writing calls down"),
    "system.recordings": _("Keeping of recordings"),
    "transcripts.open_call": _("What was said in a call was read"),
    "transcripts.listen": _("A recording was heard"),
    "transcripts.raise_alarm": _("Alarm about a recording"),
    "transcripts.answer_alarm": _("Alarm about a recording answered"),
    "transcripts.delete_recording": _("A recording deleted after its time"),
}

AUDIT_KINDS: Mapping[str, Kind] = {"call": Kind(_("Call"))}

AUDIT_FIELDS: Mapping[str, Mapping[str, str | Promise | Field]] = {
    "transcripts": {
        "second": _("From second"),
        "recording": _("Recording no."),
        "kind": Field(_("Fault"), choices=dict(Fault.choices)),
    }
}
