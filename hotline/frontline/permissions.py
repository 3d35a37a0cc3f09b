"""Who works with the phone, and who looks at stations."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict, allow, deny

WORK = ("workorders:sign", "workorders:reply")


def can_work(actor: Actor) -> Verdict:
    """Keep a phone of their own: who signs for orders or replies."""
    if actor.is_staff and any(actor.has(code) for code in WORK):
        return allow()
    return deny(_("Your roles do not include the work of a station."))
