"""What every page needs: menu, identity, city, type size."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from hotline.kit.clock import now
from hotline.ui import city
from hotline.ui.navigation import bar_of, menu_for, menu_for_citizens, own_of, without_own
from hotline.ui.watches import watches_for

SIZES = ("normal", "large")


def _address(name: str, otherwise: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return otherwise


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor: one name, `page`, so that nothing of a view's own context is shadowed."""
    actor = getattr(request, "actor", None)
    size = request.COOKIES.get("size", "")
    menu: Any = SimpleLazyObject(lambda: menu_for(request, actor) if actor and actor.is_staff else [])
    return {
        "page": {
            "actor": actor,
            "staff": bool(actor and actor.is_staff),
            "menu": SimpleLazyObject(lambda: without_own(menu)),
            "own": SimpleLazyObject(lambda: own_of(menu)),
            "bar": SimpleLazyObject(lambda: bar_of(menu)),
            "ways": SimpleLazyObject(lambda: menu_for_citizens(request)),
            "watches": SimpleLazyObject(lambda: watches_for(actor)),
            "duty_line": SimpleLazyObject(
                lambda: str(getattr(getattr(request, "user", None), "duty_line", "") or "")
            ),
            # What an error page or a refusal extends: the surface that the visitor is in.
            "shell": "ui/base_staff.html" if actor and actor.is_staff else "ui/base_portal.html",
            "city": city.current(),
            "size": size if size in SIZES else "normal",
            "language": get_language() or settings.LANGUAGE_CODE,
            "now": now(),
            "palette_url": _address("search:palette", "/search/palette"),
            "token_url": _address("live:token", "/live/token"),
            "sign_in_url": _address(settings.LOGIN_URL, "/sign-in/"),
            "sign_out_url": _address("accounts:sign_out", "/sign-out/"),
        }
    }
