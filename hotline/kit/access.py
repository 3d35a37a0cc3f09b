"""Locks of doors. Every URL's view carries exactly one of these; `tests/meta` walks the resolver."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.errors import NotPermitted

V = TypeVar("V", bound=Callable[..., HttpResponse])


def actor_of(request: HttpRequest) -> Actor:
    """The actor that `accounts.middleware.ActorMiddleware` put on the request; citizens and anonymous visitors too."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


def public(view: V) -> V:
    """A door for everybody; the view itself decides what a visitor may see."""
    view.door = "public"  # type: ignore[attr-defined]
    return view


def _staff_door(view: Callable[..., HttpResponse], door: str, *codes: str) -> Callable[..., HttpResponse]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        actor = getattr(request, "actor", None)
        if actor is None or not actor.is_staff:
            if getattr(request, "htmx", False):
                # The page stays as typed; a controller offers to sign in beside it.
                return HttpResponse(
                    _("Your session has ended. Sign in again; what you typed is kept."),
                    status=401,
                    headers={"HX-Trigger": "session-expired"},
                )
            return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
        if codes and not any(actor.has(code) for code in codes):
            raise NotPermitted(
                "door",
                _(
                    "Your roles do not include this page. Ask your unit's administrator for the role that does."
                ),
                details={"needs": list(codes)},
            )
        return view(request, *args, **kwargs)

    guarded.door = door  # type: ignore[attr-defined]
    guarded.codes = codes  # type: ignore[attr-defined]
    return guarded


def signed_in(view: V) -> V:
    """A door for any signed-in member of staff."""
    return cast(V, _staff_door(view, "signed_in"))


def access(*codes: str) -> Callable[[V], V]:
    """A door for staff with any of these permission codes, e.g. `@access("workorders:dispatch")`."""

    def decorate(view: V) -> V:
        return cast(V, _staff_door(view, "access", *codes))

    return decorate
