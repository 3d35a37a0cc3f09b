"""The writer's wording of what an agent typed: offered beside the form, taken only by the agent."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from hotline.kit.access import access, actor_of
from hotline.kit.errors import Refused
from hotline.suggestions import actions


@access("intake:take_call")
@require_POST
def improve(request: HttpRequest) -> HttpResponse:
    """A better draft for `title` and `content`, or why there is none. POST: words stand in no address."""
    post = request.POST
    try:
        draft = actions.improve_draft(
            actor=actor_of(request),
            title=post.get("title", "")[:200],
            content=post.get("content", "")[:20_000],
        )
    except Refused as error:
        return render(request, "suggestions/_improved.html", {"why": error.message})
    return render(request, "suggestions/_improved.html", {"draft": draft})
