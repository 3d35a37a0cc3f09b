"""The panel beside the desk's form: what the machine reads from the text. It proposes; the agent takes, changes or ignores."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from hotline.intake.queries.conversation import DEMANDS
from hotline.intake.queries.proposals import desk_proposals
from hotline.intake.views.desk import DESK
from hotline.kit.access import access
from hotline.kit.clock import today


@access(DESK)
@require_POST
def panel(request: HttpRequest) -> HttpResponse:
    """Proposals for `title` and `content`, with `category` and `division` as chosen so far. POST: words stand in no address."""
    post = request.POST
    found = desk_proposals(
        title=post.get("title", ""),
        content=post.get("content", ""),
        category=post.get("category", "")[:40],
        division=post.get("division", "")[:12],
        day=today(),
    )
    demand = DEMANDS.get(found.reading.demand)
    return render(
        request,
        "intake/_proposals.html",
        {
            "found": found,
            "reading": found.reading,
            "demand": demand,
            "writer_on": bool(settings.WRITER_URL),
            "typed": bool(post.get("content", "").strip()),
        },
    )
