"""Words of this package's verbs in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.audit.actions import Kind

AUDIT_LABELS: Mapping[str, str | Promise] = {
    "system.campaigns": _("Calling by machine"),
    "campaigns.save": _("A campaign of calls was written"),
    "campaigns.add_list": _("Citizens were added to a campaign"),
    "campaigns.add_query": _("A query was added to a campaign's list"),
    "campaigns.drop_query": _("A query was taken from a campaign's list"),
    "campaigns.start": _("A campaign of calls was started"),
    "campaigns.pause": _("A campaign of calls was paused"),
    "campaigns.export": _("What came of a campaign was taken out as a file"),
    "campaigns.end": _("A campaign of calls was ended"),
    "campaigns.opt_out": _("A citizen wants no more calls by machine"),
    "campaigns.opt_in": _("A citizen may be called by machine again"),
}

AUDIT_KINDS: Mapping[str, Kind] = {"campaign": Kind(_("Campaign of calls"), "campaigns.Campaign")}
