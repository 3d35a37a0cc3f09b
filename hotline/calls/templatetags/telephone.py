"""The agent's telephone on other packages' pages: `{% load telephone %}{% telephone_bar %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.template.context import RequestContext

from hotline.calls import queries
from hotline.calls.permissions import TAKE
from hotline.kit.access import actor_of

register = template.Library()


@register.inclusion_tag("calls/_bar.html", takes_context=True)
def telephone_bar(context: RequestContext) -> dict[str, Any]:
    """The bar of the actor's telephone; nothing where the telephone is off or not theirs to take."""
    actor = actor_of(context["request"])
    if not settings.TELEPHONE_ON or not actor.has(TAKE):
        return {"phone": None}
    return {"phone": queries.telephone_of(actor), "on": True, "csrf_token": context.get("csrf_token")}
