"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Field, Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.online-help": _("Online help"),
    "chat.open_seat": _("Chat seat opened"),
    "chat.rest": _("Chat seat takes no new chat"),
    "chat.close_seat": _("Chat seat closed"),
    "chat.lose_seat": _("Chat seat vanished"),
    "chat.take": _("Chat taken"),
    "chat.transfer": _("Chat passed on"),
    "chat.end": _("Chat ended by the agent"),
    "chat.begin_appeal": _("Appeal begun from a chat"),
    "chat.file": _("Chat became an appeal"),
    "chat.look_in": _("A chat was read by who leads"),
    "chat.delete_words": _("Words of a chat deleted after their time"),
    "chat.save_canned": _("Prepared answer saved"),
    "chat.retire_canned": _("Prepared answer taken out of use"),
    "chat.save_rules": _("Rules of the online help changed"),
}

AUDIT_KINDS: Mapping[str, Kind] = {
    "chat": Kind(_("Chat")),
    "chat_seat": Kind(_("Chat seat"), "accounts.Person", "name"),
    "canned_answer": Kind(_("Prepared answer"), "chat.CannedAnswer", "title"),
    "chat_rules": Kind(_("Rules of the online help")),
}

AUDIT_FIELDS: Mapping[str, Mapping[str, str | Promise | Field]] = {
    "chat": {"lane": _("Lane no."), "person": Field(_("Person"), kind="person"), "appeal": Field(_("Appeal"), kind="appeal")}
}
