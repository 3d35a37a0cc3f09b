"""As whom a visitor may see and act on an appeal."""

from __future__ import annotations

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.utils.translation import gettext as _

from hotline.accounts.queries import citizen_actor
from hotline.intake.models import Appeal
from hotline.kit.actor import Actor, system_actor
from hotline.kit.errors import NotVisible

PORTAL = system_actor("portal", "workorders:create", "workorders:view")
"""Finds the citizen of a proved phone, hands a draft's files to its order."""
CITIZEN = "citizen_id"
LOOKED_UP = "looked_up"
MOST_LOOKED_UP = 20


def citizen_id(request: HttpRequest) -> int | None:
    """The signed-in citizen's id; None for a visitor. Staff who try the portal are whoever they signed in as here."""
    known = request.session.get(CITIZEN)
    return int(known) if known else None


def actor(request: HttpRequest) -> Actor:
    """The visitor as a citizen, also in a browser in which a member of staff is signed in."""
    return citizen_actor(citizen_id(request) or 0)


def sign_in(request: HttpRequest, citizen: int) -> None:
    """Open the personal centre. A session of staff keeps its key: it was changed when they signed in."""
    if SESSION_KEY not in request.session:
        request.session.cycle_key()
    request.session[CITIZEN] = citizen


def sign_out(request: HttpRequest) -> None:
    """Forget the citizen and all that this browser knew of appeals; staff stay signed in as staff."""
    if SESSION_KEY not in request.session:
        request.session.flush()
        return
    for name in (CITIZEN, LOOKED_UP, "filing", "filed", "help"):
        request.session.pop(name, None)


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


def own_keys(appeal: Appeal) -> frozenset[str]:
    """Who may have uploaded what counts as the citizen's own files: the citizen, or the visitor who filed."""
    return frozenset({citizen_actor(appeal.citizen_id or 0).key(), citizen_actor(0).key()})
