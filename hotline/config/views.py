"""Two doors that belong to no package: where a person lands after sign-in, and the key of the live stream."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET

from hotline.kit import clock, livetoken, livetopics
from hotline.kit.access import actor_of, signed_in

TOKEN_LIFE = timedelta(minutes=10)

# The first of these that a person may do is what they come to do.
LANDINGS: tuple[tuple[str, str], ...] = (
    ("intake:take_call", "intake:desk"),
    ("dispatch:pool", "dispatch:pool"),
    ("workorders:sign", "workorders:inbox"),
    ("workorders:reply", "workorders:inbox"),
    ("workorders:supervise", "workorders:supervision"),
    ("followup:call", "followup:queue"),
    ("workorders:view", "workorders:list"),
    ("knowledge:edit", "knowledge:duties"),
    ("accounts:manage_units", "accounts:units"),
    ("audit:read", "audit:log"),
)


@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Redirect to the screen of the person's first duty."""
    actor = actor_of(request)
    for code, name in LANDINGS:
        if actor.has(code):
            try:
                return HttpResponseRedirect(reverse(name))
            except NoReverseMatch:
                continue
    return HttpResponseRedirect(reverse("accounts:profile"))


@signed_in
@require_GET
def live_token(request: HttpRequest) -> HttpResponse:
    """JSON {url, token, expires, topics}: a key to the topics asked for (`?topics=a,b`) that this person may hear."""
    actor = actor_of(request)
    asked = [topic for topic in request.GET.get("topics", "").split(",") if topic]
    topics = livetopics.allowed(actor, asked)
    expires = clock.now() + TOKEN_LIFE
    session = hashlib.sha256((request.session.session_key or "").encode()).hexdigest()[:16]
    token = livetoken.sign(topics, actor.key(), expires, settings.SECRET_KEY, session)
    answer = {
        "url": f"{settings.LIVE_URL}/live/stream",
        "token": token,
        "expires": expires.isoformat(),
        "topics": topics,
    }
    response = JsonResponse(answer)
    response["Cache-Control"] = "no-store"
    return response
