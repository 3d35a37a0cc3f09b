"""Who may change divisions and points. Reading them is free to everybody: they are public facts."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.errors import NotPermitted

MANAGE = "places:manage"


def require_manage(actor: Actor) -> None:
    """Raises NotPermitted unless the actor keeps the city's places."""
    if not actor.has(MANAGE):
        raise NotPermitted("places_manage", _("Only an administrator may change divisions and points."))
