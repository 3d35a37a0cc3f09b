"""Words for the verbs of the log. Packages add theirs from `AppConfig.ready`, and `chain.<name>` for a chain of theirs; a verb without words shows itself."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_labels: dict[str, str | Promise] = {"chain.audit": _("Audit log")}


def register(labels: Mapping[str, str | Promise]) -> None:
    """Add words: `{"accounts.reveal_identity": _("Identity revealed")}`."""
    _labels.update(labels)


def label_of(verb: str) -> str:
    """The verb in words."""
    return str(_labels.get(verb, verb))
