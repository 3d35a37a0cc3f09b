"""Sign language by video: check, call, wait, talk; or leave a number. The doors of the call itself are `calls`'."""

from __future__ import annotations

import math
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from hotline.calls import actions, queries
from hotline.calls.models import CallState
from hotline.kit.access import public
from hotline.kit.errors import ActionError, NotVisible
from hotline.portal import visitor
from hotline.portal.forms import VideoForm
from hotline.portal.limits import limited

VISIT = "video"
"""Session key: what opens the doors of this visitor's call by video."""


@public
@require_http_methods(["GET", "POST"])
def video(request: HttpRequest) -> HttpResponse:
    """What it is, whether somebody is there now, camera check; `?i=` a link by SMS. Posted: `do` call, or number."""
    form = VideoForm(request.POST or None)
    given = (request.POST.get("invitation") or request.GET.get("i", "")).replace("\0", "")[:100]
    invitation = given if given and queries.good_invitations(given).exists() else ""
    if request.method == "POST" and form.is_valid():
        limited(request, "video", 10, 600)
        phone = form.cleaned_data["phone"]
        try:
            if request.POST.get("do") == "number":
                actions.ask_for_video(actor=visitor.actor(request), phone=phone)
                messages.success(
                    request, _("Your number is noted. We send you a link by SMS as soon as somebody is free.")
                )
                return HttpResponseRedirect(reverse("portal:video"))
            begun = actions.call_by_video(actor=visitor.actor(request), phone=phone, invitation=invitation)
        except ActionError as error:
            if error.status == 403:
                raise
            form.add_error("phone" if "phone" in error.details else None, str(error.message))
        else:
            request.session[VISIT] = begun.key
            return HttpResponseRedirect(reverse("portal:video_call"))
    opened = queries.video_open()
    context: dict[str, Any] = {
        "form": form,
        "opened": opened,
        "invitation": invitation,
        "stale": bool(given) and not invitation,
        "minutes": math.ceil(opened.wait.total_seconds() / 60) if opened is not None and opened.wait else 0,
        "day_and_night": opened is not None and opened.line.opens == opened.line.closes,
        "under_way": _open_key(request) != "",
    }
    response = render(request, "portal/video.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@public
@require_GET
def video_call(request: HttpRequest) -> HttpResponse:
    """The call of this visitor's session; loaded anew it goes on."""
    key = _open_key(request)
    if not key:
        return HttpResponseRedirect(reverse("portal:video"))
    visit = actions.visit_of(key)
    context = {"key": key, "known": visit.call.citizen_id is not None, "grades": queries.grades_offered()}
    response = render(request, "portal/video_call.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _open_key(request: HttpRequest) -> str:
    """The key of a call that goes on; a call that is over is forgotten."""
    key = str(request.session.get(VISIT, ""))
    if not key:
        return ""
    try:
        if actions.visit_of(key).call.state != CallState.ENDED:
            return key
    except NotVisible:
        pass
    request.session.pop(VISIT, None)
    return ""
