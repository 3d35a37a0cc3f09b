"""Sign-in by the city's identity provider: going there, coming back; and who is linked."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from hotline.accounts import oidc, queries
from hotline.accounts.actions import external
from hotline.accounts.actions.people import CODE
from hotline.accounts.views.sign_in import go_on_with, safe
from hotline.kit.access import access, actor_of, public
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible
from hotline.kit.ratelimit import allow

PENDING = "oidc"
LASTS = timedelta(minutes=10)
DOOR_LIMIT = 60
"""Attempts from one address a minute; a whole office stands behind one."""


@public
@never_cache
@require_GET
def go(request: HttpRequest) -> HttpResponse:
    """To the provider; `?next=` is where it ends."""
    provider = _provider(request)
    attempt = oidc.begin()
    request.session[PENDING] = {
        "state": attempt.state, "nonce": attempt.nonce, "verifier": attempt.verifier, "at": now().isoformat(),
        "to": safe(request, request.GET.get("next", "")),
    }  # fmt: skip
    try:
        return HttpResponseRedirect(oidc.going(provider, attempt, _back(request)))
    except oidc.ProviderFault as fault:
        return _refused(request, _("The identity provider does not answer. Sign in with your password, or try again later."), str(fault), 503)


@public
@never_cache
@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """From the provider, with a code or an error. What the session kept is used once, whatever comes of it."""
    provider = _provider(request)
    kept = request.session.pop(PENDING, None)
    given = request.GET
    again = _("This sign-in was not begun here, or waited too long. Please begin again.")
    if not kept or now() - datetime.fromisoformat(kept["at"]) > LASTS:
        return _refused(request, again, "no attempt", 400)
    if not secrets.compare_digest(given.get("state", "").encode(), kept["state"].encode()):
        return _refused(request, again, "state", 400)
    if given.get("iss", provider.issuer) != provider.issuer:  # RFC 9207
        return _refused(request, again, "issuer of the answer", 400)
    if "error" in given or not given.get("code"):
        return _refused(request, _("The identity provider did not sign you in."), "refused by the provider", 403)
    attempt = oidc.Attempt(kept["state"], kept["nonce"], kept["verifier"])
    try:
        proof = oidc.prove(provider, attempt, given["code"][:2000], _back(request), now())
    except oidc.ProviderFault as fault:
        return _refused(request, _("The identity provider does not answer. Sign in with your password, or try again later."), str(fault), 503)
    except oidc.BadToken as fault:
        return _refused(request, _("The answer of the identity provider could not be trusted. Please begin again."), str(fault), 403)
    person = external.person_of(proof)
    if person is None:
        external.note_refused(None, "not linked")
        context = {"subject": proof.subject, "name": proof.name}
        return render(request, "accounts/not_linked.html", context, status=403)
    external.begin_by_proof(request, person, proof, kept["to"])
    return go_on_with(request, person)


def _provider(request: HttpRequest) -> oidc.Provider:
    provider = external.provider()
    if provider is None:
        raise NotVisible("oidc")
    if not allow(f"oidc:{request.META.get('REMOTE_ADDR', '')}", DOOR_LIMIT, 60):
        raise Invalid("too_many", _("Too many tries from your connection. Please wait a few minutes, or call us."))
    return provider


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("accounts:oidc_back"))


def _refused(request: HttpRequest, words: str, why: str, status: int) -> HttpResponse:
    external.note_refused(None, why)
    return render(request, "accounts/external_refused.html", {"words": words}, status=status)


@access(CODE)
@require_POST
def link(request: HttpRequest, person_id: int) -> HttpResponse:
    """Say who this is at the provider; empty: nobody."""
    shown = queries.get_visible_person(actor_of(request), person_id)
    subject = request.POST.get("subject", "").strip()
    try:
        if subject:
            external.link_account(actor=actor_of(request), person_id=shown.pk, subject=subject)
            messages.success(request, _("%(person)s may sign in by the identity provider now.") % {"person": shown.name})
        else:
            external.unlink_account(actor=actor_of(request), person_id=shown.pk)
            messages.success(request, _("%(person)s signs in by password.") % {"person": shown.name})
    except Invalid as error:
        messages.error(request, str(error.message))
    return redirect("accounts:person", shown.pk)
