"""What stands on everything that leaves the house as a file."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE


def watermark(actor: Actor, at: datetime) -> str:
    """Who took a file out and when: its first and last line, and the header of each printed page."""
    return _("Exported by %(name)s (%(key)s) at %(at)s. Internal; do not pass on.") % {
        "name": actor.name,
        "key": actor.key(),
        "at": at.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
    }
