"""What concerns oneself: profile, password, second factor, stand-in, sessions."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.accounts import queries
from hotline.accounts.actions import (
    change_password,
    change_person,
    delegate,
    end_all_sessions,
    end_session,
    revoke_delegation,
)
from hotline.accounts.actions.second_factor import check_second_factor, confirm_enrolment, make_recovery_codes
from hotline.accounts.actions.sessions import rekey_session
from hotline.accounts.forms import CodeForm, ContactForm, DelegationForm, NewPasswordForm
from hotline.accounts.models import Person, StaffSession
from hotline.accounts.rules import SESSION_END_LABELS, device_of
from hotline.accounts.views.sign_in import enrolment
from hotline.kit.access import access, actor_of, signed_in
from hotline.kit.errors import Invalid
from hotline.kit.paging import keyset

GET_POST = ["GET", "HEAD", "POST"]


def _me(request: HttpRequest) -> Person:
    person = request.user
    assert isinstance(person, Person)
    return person


def _session(request: HttpRequest) -> StaffSession:
    return cast(StaffSession, request.staff_session)  # type: ignore[attr-defined]


def _profile(request: HttpRequest, status: int = 200, **forms: object) -> HttpResponse:
    me = _me(request)
    context = {
        "me": me,
        "memberships": queries.memberships_of(me.pk),
        "given": queries.delegations_of(me.pk),
        "received": queries.delegations_to(me.pk),
        "factor": queries.second_factor_of(me.pk),
        "contact_form": ContactForm(initial={"phone": me.phone, "email": me.email, "language": me.language}),
        "password_form": NewPasswordForm(prefix="password"),
        "delegation_form": DelegationForm(prefix="delegation"),
        "code_form": CodeForm(prefix="code"),
        **forms,
    }
    return render(request, "accounts/profile.html", context, status=status)


@signed_in
@require_http_methods(GET_POST)
def profile(request: HttpRequest) -> HttpResponse:
    """One's own data; POST changes telephone, e-mail and language."""
    if request.method != "POST":
        return _profile(request)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _profile(request, 422, contact_form=form)
    change_person(actor=actor_of(request), person_id=_me(request).pk, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("accounts:profile")


@signed_in
@sensitive_post_parameters()
@require_POST
def own_password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; other sessions end, this one goes on."""
    form = NewPasswordForm(request.POST, prefix="password")
    if form.is_valid():
        try:
            person = change_password(
                actor=actor_of(request),
                person_id=_me(request).pk,
                old=form.cleaned_data["old"],
                new=form.cleaned_data["new"],
                keep_session=_session(request).pk,
            )
        except Invalid as error:
            for field, words in error.details.items():
                form.add_error(field, words)
        else:
            _keep_session(request, person)
            messages.success(request, _("Your password is changed. Your other sessions have ended."))
            return redirect("accounts:profile")
    return _profile(request, 422, password_form=form)


def _keep_session(request: HttpRequest, person: Person) -> None:
    update_session_auth_hash(request, person)
    if not request.session.session_key:
        request.session.save()
    rekey_session(_session(request), request.session.session_key or "")


@signed_in
@sensitive_post_parameters()
@require_http_methods(GET_POST)
def own_second_factor(request: HttpRequest) -> HttpResponse:
    """A new phone: the present code (where there is a device) was asked before; scan and confirm the new one."""
    me = _me(request)
    form = CodeForm(request.POST or None)
    if queries.second_factor_of(me.pk) and not request.session.get("factor_renewal"):
        if request.method == "POST" and form.is_valid():
            if check_second_factor(actor=actor_of(request), person=me, code=form.cleaned_data["code"]):
                request.session["factor_renewal"] = True
                return redirect("accounts:own_second_factor")
            form.add_error(
                "code", _("This code is wrong or was used. Give the code that the phone shows now.")
            )
        return render(
            request, "accounts/own_second_factor.html", {"form": form}, status=422 if form.errors else 200
        )
    if request.method == "POST" and form.is_valid():
        codes = confirm_enrolment(actor=actor_of(request), person=me, code=form.cleaned_data["code"])
        if codes is not None:
            request.session.pop("factor_renewal", None)
            return render(request, "accounts/own_recovery_codes.html", {"codes": codes})
        form.add_error(
            "code",
            _(
                "This code does not fit. Look whether the phone's clock is right, and give the code that it shows now."
            ),
        )
    return render(
        request,
        "accounts/own_second_factor.html",
        {"form": form, **enrolment(me)},
        status=422 if form.errors else 200,
    )


@signed_in
@sensitive_post_parameters()
@require_POST
def own_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Ten new recovery codes against the present code of the phone."""
    me = _me(request)
    form = CodeForm(request.POST, prefix="code")
    if form.is_valid():
        if check_second_factor(actor=actor_of(request), person=me, code=form.cleaned_data["code"]):
            codes = make_recovery_codes(actor=actor_of(request), person=me)
            return render(request, "accounts/own_recovery_codes.html", {"codes": codes})
        form.add_error("code", _("This code is wrong or was used. Give the code that the phone shows now."))
    return _profile(request, 422, code_form=form)


@signed_in
@require_POST
def own_delegation(request: HttpRequest) -> HttpResponse:
    """Name a stand-in for a time away."""
    form = DelegationForm(request.POST, prefix="delegation")
    if form.is_valid():
        try:
            delegate(
                actor=actor_of(request),
                from_person_id=_me(request).pk,
                to_person_id=form.cleaned_data["to_person"].pk,
                starts_at=form.cleaned_data["starts_at"],
                ends_at=form.cleaned_data["ends_at"],
                reason=form.cleaned_data["reason"],
            )
        except Invalid as error:
            for field, words in error.details.items():
                form.add_error(field, words)
        else:
            messages.success(
                request,
                _("%(person)s will act for you in that time.")
                % {"person": form.cleaned_data["to_person"].name},
            )
            return redirect("accounts:profile")
    return _profile(request, 422, delegation_form=form)


@signed_in
@require_POST
def end_delegation(request: HttpRequest, delegation_id: int) -> HttpResponse:
    """End a delegation now."""
    delegation = revoke_delegation(actor=actor_of(request), delegation_id=delegation_id)
    messages.success(request, _("The delegation has ended."))
    me = _me(request).pk
    if me in (delegation.from_person_id, delegation.to_person_id):
        return redirect("accounts:profile")
    return redirect("accounts:person", delegation.from_person_id)


@signed_in
@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    """One's own sessions."""
    rows = queries.sessions_of(actor_of(request), _me(request).pk)
    for row in rows:
        row.end_label = str(SESSION_END_LABELS.get(row.end_reason, ""))  # type: ignore[attr-defined]
        row.device = device_of(row.user_agent)  # type: ignore[attr-defined]
    return render(request, "accounts/sessions.html", {"rows": rows, "mine": _session(request).pk})


@access("accounts:manage_sessions")
@require_GET
def all_sessions(request: HttpRequest) -> HttpResponse:
    """Everybody's open sessions, the latest used first."""
    text = request.GET.get("q", "").strip()
    page = keyset(
        queries.open_sessions(actor_of(request), text),
        order=["-seen_at", "-id"],
        cursor=request.GET.get("cursor", ""),
    )
    for row in page.rows:
        row.device = device_of(row.user_agent)  # type: ignore[attr-defined]
    return render(
        request, "accounts/all_sessions.html", {"page_of": page, "q": text, "mine": _session(request).pk}
    )


@signed_in
@require_POST
def end_one_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """End a session at once."""
    session = end_session(actor=actor_of(request), session_id=session_id)
    messages.success(request, _("The session has ended."))
    return redirect("accounts:sessions" if session.person_id == _me(request).pk else "accounts:all_sessions")


@signed_in
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere else."""
    count = end_all_sessions(actor=actor_of(request), person_id=_me(request).pk, keep=_session(request).pk)
    messages.success(request, _("%(count)d other sessions have ended.") % {"count": count})
    return redirect("accounts:sessions")
