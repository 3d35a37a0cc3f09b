"""As whom a visitor may see and act on an appeal."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from hotline.accounts.queries import citizen_actor
from hotline.intake.models import Appeal
from hotline.kit.access import actor_of
from hotline.kit.actor import Actor, ActorKind, system_actor
from hotline.kit.errors import NotVisible

PORTAL = system_actor("portal", "workorders:create", "workorders:view")
"""Finds the citizen of a proved phone, hands a draft's files to its order."""
LOOKED_UP = "looked_up"
MOST_LOOKED_UP = 20


def citizen_id(request: HttpRequest) -> int | None:
    """The signed-in citizen's id; None for a visitor (and for staff, who are no citizens here)."""
    actor = actor_of(request)
    return actor.id if actor.kind == ActorKind.CITIZEN and actor.id else None


def remember_look_up(request: HttpRequest, appeal_id: int) -> None:
    """This session knew number and code of the appeal; the latest twenty are kept."""
    known = [one for one in request.session.get(LOOKED_UP, []) if one != appeal_id]
    request.session[LOOKED_UP] = [*known, appeal_id][-MOST_LOOKED_UP:]


def appeal_for(request: HttpRequest, number: str) -> Appeal:
    """The appeal if this visitor may see it; NotVisible otherwise."""
    appeal = (
        Appeal.objects.select_related(
            "order",
            "order__lead_unit",
            "order__merged_into",
            "order__merged_into__lead_unit",
            "order__category",
        )
        .filter(number=number)
        .first()
    )
    mine = citizen_id(request)
    if appeal is not None and (
        appeal.pk in request.session.get(LOOKED_UP, []) or (mine and appeal.citizen_id == mine)
    ):
        return appeal
    raise NotVisible(_("There is no such appeal."))


def actor_for_appeal(request: HttpRequest, appeal: Appeal) -> Actor:
    """The citizen of the appeal: signed in, or proved by number and code (rules of G1). Appeals without identity have none."""
    return citizen_actor(appeal.citizen_id or 0)
