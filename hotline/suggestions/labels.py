"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Field, Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.suggestions": _("Suggestion machine"),
    "suggestions.add_label": _("Label added"),
    "suggestions.change_label": _("Label changed"),
    "suggestions.merge_label": _("Label merged"),
    "suggestions.split_label": _("Merge of a label undone"),
    "suggestions.retire_label": _("Label retired or taken back"),
    "suggestions.answer_risk": _("Risk answered"),
    "suggestions.ask_writer": _("Language model asked"),
}

AUDIT_KINDS: Mapping[str, Kind] = {
    "label": Kind(_("Label"), "suggestions.Label"),
    "writer_call": Kind(_("Question to the language model")),
}
AUDIT_FIELDS: Mapping[str, Mapping[str, str | Promise | Field]] = {
    "suggestions": {
        "into": _("Merged into"),
        "retired": _("Retired"),
        "confirmed": _("Risk confirmed"),
        "kinds": _("Kinds of risk"),
        "tokens": _("Tokens used"),
        "failure": _("Why no answer came"),
        "offered": _("Offered to the agent"),
        "model": _("Model"),
    }
}
