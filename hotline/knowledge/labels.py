"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Kind
from hotline.knowledge.rules import VERBS

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.knowledge": _("Knowledge machine"),
    "system.knowledge-source": _("Linked sources"),
    "knowledge.create_entry": _("Knowledge entry begun"),
    "knowledge.save_draft": _("Knowledge draft saved"),
    **{f"knowledge.{name}": verb.done for name, verb in VERBS.items()},
    "knowledge.attach": _("File added to an entry"),
    "knowledge.remove_file": _("File taken from an entry"),
    "knowledge.make_duty": _("Knowledge duty made"),
    "knowledge.end_duty": _("Knowledge duty ended"),
    "knowledge.pass_duty": _("Knowledge duty passed on"),
    "knowledge.alarm": _("Knowledge duty overdue"),
    "knowledge.open_import": _("Knowledge import opened"),
    "knowledge.run_import": _("Knowledge imported"),
    "knowledge.export": _("Knowledge exported"),
    "knowledge.save_source": _("Linked source saved"),
    "knowledge.remove_source": _("Linked source removed"),
    "knowledge.pull_source": _("Linked source pulled"),
    "knowledge.save_term": _("Synonyms saved"),
    "knowledge.remove_term": _("Synonyms removed"),
    "knowledge.change_settings": _("Settings of the knowledge base changed"),
}

AUDIT_KINDS: Mapping[str, Kind] = {
    "knowledge_entry": Kind(_("Knowledge entry"), "knowledge.Entry", "title"),
    "knowledge_duty": Kind(_("Knowledge duty"), "knowledge.Duty", "title"),
    "knowledge_batch": Kind(_("Knowledge import"), "knowledge.Batch", "file_name"),
    "knowledge_source": Kind(_("Linked source"), "knowledge.Source"),
    "knowledge_term": Kind(_("Synonyms")),
    "knowledge_settings": Kind(_("Settings of the knowledge base"), single=True),
}
