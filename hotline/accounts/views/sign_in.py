"""The way in: each step a page of its own, nothing open before the last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from hotline.accounts.actions import sign_in as steps
from hotline.accounts.actions.people import change_password_at_sign_in
from hotline.accounts.actions.second_factor import (
    begin_enrolment,
    check_second_factor,
    confirm_enrolment,
    demo_code,
    wait_before_next_code,
)
from hotline.accounts.actions.sessions import close_session
from hotline.accounts.forms import CodeForm, NewPasswordForm, SignInForm
from hotline.accounts.middleware import ENDED_KEY
from hotline.accounts.models import Person
from hotline.accounts.queries import actor_for, demo_staff
from hotline.accounts.rules import SESSION_END_LABELS, SessionEnd
from hotline.kit.access import public
from hotline.kit.errors import Invalid

GET_POST = ["GET", "HEAD", "POST"]


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(GET_POST)
def sign_in(request: HttpRequest) -> HttpResponse:
    """User name and password."""
    target = safe(request, request.POST.get("next") or request.GET.get("next", ""))
    actor = request.actor  # type: ignore[attr-defined]
    if request.method != "POST":
        if actor.is_staff:
            return HttpResponseRedirect(target or _home())
        ended = request.session.pop(ENDED_KEY, "")
        context = {"form": SignInForm(), "next": target, "ended": SESSION_END_LABELS.get(ended, "")}
        return render(request, "accounts/sign_in.html", {**context, **_beside()})
    form = SignInForm(request.POST)
    status = 422
    if form.is_valid():
        tried = steps.try_password(request, form.cleaned_data["username"], form.cleaned_data["password"])
        if tried.person is not None:
            steps.begin(request, tried.person, target)
            return go_on_with(request, tried.person)
        if tried.locked_for is not None:
            form.add_error(
                None,
                _(
                    "Too many wrong tries. Try again in %(time)s, or ask your administrator for a new password."
                )
                % {"time": _wait(tried.locked_for)},
            )
            status = 429
        else:
            left = tried.left or 0
            form.add_error(
                None,
                ngettext(
                    "User name or password is wrong. %(left)d try is left.",
                    "User name or password is wrong. %(left)d tries are left.",
                    left,
                )
                % {"left": left},
            )
    return render(request, "accounts/sign_in.html", {"form": form, "next": target, **_beside()}, status=status)


@public
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(GET_POST)
def second_factor(request: HttpRequest) -> HttpResponse:
    """The code from the phone, or a recovery code."""
    person = steps.pending_person(request)
    if person is None:
        return redirect("accounts:sign_in")
    step = steps.next_step(request, person)
    if step != "second_factor":
        return go_on_with(request, person)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if check_second_factor(actor=actor_for(person), person=person, code=form.cleaned_data["code"]):
            steps.factor_given(request)
            return go_on_with(request, person)
        if steps.wrong_code(request, person):
            return redirect("accounts:sign_in")
        wait = wait_before_next_code(person)
        form.add_error(
            "code",
            _("This code is wrong or was used. Wait %(time)s, then give the code that the phone shows.")
            % {"time": _wait(timedelta(seconds=wait))}
            if wait
            else _("This code is wrong or was used. Give the code that the phone shows now."),
        )
    return render(
        request,
        "accounts/second_factor.html",
        {"form": form, "demo_code": demo_code(person)},
        status=422 if form.errors else 200,
    )


@public
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(GET_POST)
def enrol(request: HttpRequest) -> HttpResponse:
    """The first second factor: scan, confirm, note the recovery codes."""
    person = steps.pending_person(request)
    if person is None:
        return redirect("accounts:sign_in")
    if steps.next_step(request, person) != "enrol":
        return go_on_with(request, person)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = confirm_enrolment(actor=actor_for(person), person=person, code=form.cleaned_data["code"])
        if codes is not None:
            steps.factor_given(request)
            return render(
                request, "accounts/recovery_codes.html", {"codes": codes, "go_on": reverse("accounts:go_on")}
            )
        form.add_error(
            "code",
            _(
                "This code does not fit. Look whether the phone's clock is right, and give the code that it shows now."
            ),
        )
    return render(
        request,
        "accounts/enrol.html",
        {"form": form, **enrolment(person)},
        status=422 if form.errors else 200,
    )


@public
@never_cache
@require_POST
def go_on(request: HttpRequest) -> HttpResponse:
    """After the recovery codes were noted."""
    person = steps.pending_person(request)
    return redirect("accounts:sign_in") if person is None else go_on_with(request, person)


@public
@never_cache
@sensitive_post_parameters("new", "again")
@require_http_methods(GET_POST)
def new_password(request: HttpRequest) -> HttpResponse:
    """A first or reset password is replaced before anything opens."""
    person = steps.pending_person(request)
    if person is None:
        return redirect("accounts:sign_in")
    if steps.next_step(request, person) != "new_password":
        return go_on_with(request, person)
    form = NewPasswordForm(request.POST or None)
    del form.fields["old"]
    if request.method == "POST" and form.is_valid():
        try:
            person = change_password_at_sign_in(
                actor=actor_for(person), person_id=person.pk, new=form.cleaned_data["new"]
            )
            return go_on_with(request, person)
        except Invalid as error:
            form.add_error("new", str(error.message))
    return render(request, "accounts/new_password.html", {"form": form}, status=422 if form.errors else 200)


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    session = getattr(request, "staff_session", None)
    if session is not None:
        close_session(session, SessionEnd.SIGNED_OUT)
    logout(request)
    return redirect("accounts:sign_in")


def enrolment(person: Person) -> dict[str, Any]:
    """QR code (a data URI) and the secret to type for a device not yet confirmed."""
    device = begin_enrolment(person=person)
    uri = device.config_url
    secret = uri.split("secret=", 1)[1].split("&", 1)[0]
    return {
        "qr": segno.make(uri, error="m").svg_data_uri(scale=5, border=2),
        "secret": " ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
    }


def go_on_with(request: HttpRequest, person: Person) -> HttpResponse:
    """To the step that is still owed, or in."""
    step = steps.next_step(request, person)
    if step != "session":
        return redirect(f"accounts:{step}")
    target = safe(request, steps.going_to(request))
    steps.finish(request, person)
    response = HttpResponseRedirect(target or _home())
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and person.language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            person.language,
            max_age=365 * 24 * 3600,
            samesite="Lax",
            secure=request.is_secure(),
        )
    return response


def safe(request: HttpRequest, address: str) -> str:
    """The address if it is one of ours, else empty."""
    good = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if good and address.startswith("/") else ""


def _home() -> str:
    try:
        return reverse(settings.LOGIN_REDIRECT_URL)
    except NoReverseMatch:
        return "/"


def _beside() -> dict[str, Any]:
    shown: dict[str, Any] = {"oidc": settings.OIDC_NAME if settings.OIDC_ISSUER else ""}
    return shown | {"demo_password": settings.DEMO_PASSWORD, "demo_staff": demo_staff()} if settings.DEMO else shown


def _wait(length: timedelta) -> str:
    seconds = max(1, round(length.total_seconds()))
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
