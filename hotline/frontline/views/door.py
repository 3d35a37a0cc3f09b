"""The lock of the phone's API: a device's token, and nothing of a page's session or forms."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from hotline.accounts.actions.sessions import touch_session
from hotline.accounts.queries import actor_for
from hotline.frontline.models import Device
from hotline.frontline.queries import device_of
from hotline.kit.bodies import takes_files
from hotline.kit.clock import now
from hotline.kit.errors import ActionError, Refused, problem


def said(status: int, code: str, words: str) -> HttpResponse:
    """A refusal as a problem document."""
    body = {"type": f"about:blank#{code}", "title": words, "status": status, "code": code}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def device_of_request(request: HttpRequest) -> Device:
    """The device whose token opened the door."""
    device: Device = request.device  # type: ignore[attr-defined]
    return device


def by_device(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A door for `Authorization: Bearer xsd_…`. The cookie counts for nothing here, so no other site's form gets in."""

    @takes_files
    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kind, _space, token = request.headers.get("Authorization", "").partition(" ")
        device = device_of(token.strip()) if kind.lower() == "bearer" and len(token) < 100 else None
        if device is None or device.session is None:
            return said(401, "no_session", _("Sign in again. What you did is kept on this phone."))
        touch_session(device.session, now())
        request.device = device  # type: ignore[attr-defined]
        request.actor = actor_for(device.person)  # type: ignore[attr-defined]
        try:
            answer = view(request, *args, **kwargs)
        except ActionError as error:
            answer = problem(error)
        except Http404:
            answer = said(404, "not_visible", _("This task is not there any more, or is not yours."))
        except IntegrityError:
            answer = problem(Refused("came_second", _("The same was saved at this very moment. Send it again.")))
        answer["Cache-Control"] = "no-store"
        return answer

    guarded.door = "device"  # type: ignore[attr-defined]
    return guarded
