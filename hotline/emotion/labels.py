"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Field
from hotline.emotion.models import Verdict

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.emotion": _("Measuring voices"),
    "emotion.raise_alert": _("A shift leader was told of an agent's voice"),
    "emotion.answer_alert": _("An alert about a voice was answered"),
    "emotion.hear": _("The moment of an alert was heard"),
}

AUDIT_FIELDS: Mapping[str, Mapping[str, Field]] = {
    "emotion": {"verdict": Field(_("answer"), choices=dict(Verdict.choices))}
}

MEASURES: Mapping[str, str | Promise] = {
    "loudness": _("louder"),
    "sharpness": _("sharper"),
    "pitch": _("higher"),
    "melody": _("livelier"),
    "rate": _("faster"),
    "pauses": _("fewer pauses"),
    "roughness": _("rougher"),
}
"""What a measure far from its usual means, in a word."""
