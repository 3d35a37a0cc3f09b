"""Staff and their roles; the permission table."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.accounts import queries
from hotline.accounts.actions import (
    activate_person,
    add_membership,
    change_person,
    create_person,
    deactivate_person,
    delegate,
    end_all_sessions,
    end_membership,
    reset_password,
    reset_second_factor,
)
from hotline.accounts.actions.people import CODE
from hotline.accounts.forms import DelegationForm, MembershipForm, NewPersonForm, PersonForm, ReasonForm
from hotline.accounts.models import Person, Role
from hotline.accounts.rules import PERMISSIONS, SCOPE_LABELS
from hotline.kit.access import access, actor_of, signed_in
from hotline.kit.errors import Invalid
from hotline.kit.paging import keyset

GET_POST = ["GET", "HEAD", "POST"]


@access(CODE)
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Staff whom the actor keeps, by name; filters: text, role, unit, also those out of service."""
    filters = {name: request.GET.get(name, "").strip() for name in ("q", "role", "unit")}
    inactive = request.GET.get("inactive") == "1"
    rows = queries.people_visible_to(
        actor_of(request), text=filters["q"], role=filters["role"], unit_id=filters["unit"], inactive=inactive
    )
    page = keyset(rows, order=["name", "id"], cursor=request.GET.get("cursor", ""))
    queries.fill_roles(page.rows)
    context = {
        "page_of": page,
        "filters": filters,
        "inactive": inactive,
        "roles": Role.choices,
        "filtered": any(filters.values()),
    }
    return render(request, "accounts/people.html", context)


def _person(request: HttpRequest, person_id: int) -> Person:
    return queries.get_visible_person(actor_of(request), person_id)


def _detail(request: HttpRequest, person: Person, status: int = 200, **more: object) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "person": person,
        "memberships": queries.memberships_of(person.pk),
        "given": queries.delegations_of(person.pk),
        "received": queries.delegations_to(person.pk),
        "factor": queries.second_factor_of(person.pk),
        "open_sessions": len([row for row in queries.sessions_of(actor, person.pk) if row.ended_at is None]),
        "himself": actor.id == person.pk,
        "oidc": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "external": queries.external_account_of(person.pk) if settings.OIDC_ISSUER else None,
        "edit_form": PersonForm(
            initial={"name": person.name, "title": person.title, "phone": person.phone, "email": person.email}
        ),
        "membership_form": MembershipForm(prefix="membership"),
        "delegation_form": DelegationForm(prefix="delegation"),
        "reason_form": ReasonForm(prefix="reason"),
        **more,
    }
    return render(request, "accounts/person.html", context, status=status)


@access(CODE)
@require_http_methods(GET_POST)
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    """One member of staff; POST changes name, position, telephone, e-mail."""
    shown = _person(request, person_id)
    if request.method != "POST":
        return _detail(request, shown)
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _detail(request, shown, 422, edit_form=form)
    change_person(actor=actor_of(request), person_id=shown.pk, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("accounts:person", shown.pk)


@access(CODE)
@never_cache
@require_http_methods(GET_POST)
def new_person(request: HttpRequest) -> HttpResponse:
    """Make a member of staff; the first password is shown once."""
    form = NewPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            made, first = create_person(actor=actor_of(request), unit_id=values.pop("unit").pk, **values)
        except Invalid as error:
            for field, words in error.details.items():
                form.add_error(field if field in form.fields else None, words)
        else:
            return render(request, "accounts/first_password.html", {"person": made, "password": first})
    return render(request, "accounts/person_form.html", {"form": form}, status=422 if form.errors else 200)


@access(CODE)
@require_POST
def add_role(request: HttpRequest, person_id: int) -> HttpResponse:
    """Give a role at a unit."""
    shown = _person(request, person_id)
    form = MembershipForm(request.POST, prefix="membership")
    if form.is_valid():
        values = dict(form.cleaned_data)
        try:
            add_membership(
                actor=actor_of(request), person_id=shown.pk, unit_id=values.pop("unit").pk, **values
            )
        except Invalid as error:
            for field, words in error.details.items():
                form.add_error(field, words)
        else:
            messages.success(request, _("%(person)s has the role now.") % {"person": shown.name})
            return redirect("accounts:person", shown.pk)
    return _detail(request, shown, 422, membership_form=form)


@access(CODE)
@require_POST
def end_role(request: HttpRequest, person_id: int, membership_id: int) -> HttpResponse:
    """Take a role away."""
    _person(request, person_id)
    end_membership(actor=actor_of(request), membership_id=membership_id)
    messages.success(request, _("The role is taken away."))
    return redirect("accounts:person", person_id)


@access(CODE)
@never_cache
@require_POST
def new_first_password(request: HttpRequest, person_id: int) -> HttpResponse:
    """Reset the password; shown once."""
    shown = _person(request, person_id)
    fresh = reset_password(actor=actor_of(request), person_id=shown.pk)
    return render(request, "accounts/first_password.html", {"person": shown, "password": fresh})


@access(CODE)
@require_POST
def drop_second_factor(request: HttpRequest, person_id: int) -> HttpResponse:
    """A lost phone."""
    shown = _person(request, person_id)
    reset_second_factor(actor=actor_of(request), person_id=shown.pk)
    messages.success(
        request,
        _("The second factor of %(person)s is reset; they enrol a new one at the next sign-in.")
        % {"person": shown.name},
    )
    return redirect("accounts:person", shown.pk)


@access(CODE)
@require_POST
def out_of_service(request: HttpRequest, person_id: int) -> HttpResponse:
    """Deactivate, or activate again."""
    shown = _person(request, person_id)
    if not shown.is_active:
        activate_person(actor=actor_of(request), person_id=shown.pk)
        messages.success(request, _("%(person)s is in service again.") % {"person": shown.name})
    else:
        form = ReasonForm(request.POST, prefix="reason")
        if not form.is_valid():
            return _detail(request, shown, 422, reason_form=form)
        deactivate_person(actor=actor_of(request), person_id=shown.pk, reason=form.cleaned_data["reason"])
        messages.success(
            request, _("%(person)s is out of service; open sessions have ended.") % {"person": shown.name}
        )
    return redirect("accounts:person", shown.pk)


@access(CODE)
@require_POST
def add_delegation(request: HttpRequest, person_id: int) -> HttpResponse:
    """Name a stand-in for somebody away."""
    shown = _person(request, person_id)
    form = DelegationForm(request.POST, prefix="delegation")
    if form.is_valid():
        values = form.cleaned_data
        try:
            delegate(
                actor=actor_of(request),
                from_person_id=shown.pk,
                to_person_id=values["to_person"].pk,
                starts_at=values["starts_at"],
                ends_at=values["ends_at"],
                reason=values["reason"],
            )
        except Invalid as error:
            for field, words in error.details.items():
                form.add_error(field, words)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:person", shown.pk)
    return _detail(request, shown, 422, delegation_form=form)


@access(CODE)
@require_POST
def end_sessions(request: HttpRequest, person_id: int) -> HttpResponse:
    """End all sessions of a person at once."""
    shown = _person(request, person_id)
    count = end_all_sessions(actor=actor_of(request), person_id=shown.pk)
    messages.success(request, _("%(count)d sessions have ended.") % {"count": count})
    return redirect("accounts:person", shown.pk)


@signed_in
@require_GET
def permissions(request: HttpRequest) -> HttpResponse:
    """The one permission table: who may do what, how far."""
    roles = [role for role in Role if any(role in reach for _label, reach in PERMISSIONS.values())]
    groups: dict[str, list[tuple[str, object, list[object]]]] = {}
    for code, (label, reach) in PERMISSIONS.items():
        cells: list[object] = [
            (reach[role], SCOPE_LABELS[reach[role]]) if role in reach else None for role in roles
        ]
        groups.setdefault(code.split(":")[0], []).append((code, label, cells))
    held = {grant.role for grant in actor_of(request).grants}
    context = {
        "roles": [(role, role.label, role.value in held) for role in roles],
        "groups": [(queries.PACKAGES.get(name, name), rows) for name, rows in groups.items()],
        "scopes": list(SCOPE_LABELS.items()),
    }
    return render(request, "accounts/permissions.html", context)
