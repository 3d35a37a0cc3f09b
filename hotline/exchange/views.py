"""The administrators' page of tokens."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hotline.exchange import actions, queries
from hotline.exchange.forms import TokenForm
from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid


@access("exchange:tokens")
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List and make tokens; a new one is shown on this answer and never again."""
    form = TokenForm(request.POST or None)
    made = ""
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            _row, made = actions.make_token(
                actor=actor_of(request),
                name=data["name"],
                unit_id=data["unit"].pk,
                scopes=data["scopes"],
                expires_at=data["expires_at"],
                per_minute=data["per_minute"],
            )
            form = TokenForm()
        except Invalid as error:
            for field, text in error.details.items():
                form.add_error(field if field in form.fields else None, str(text))
    status = 422 if form.errors else 200
    response = render(
        request,
        "exchange/tokens.html",
        {"rows": queries.tokens()[:500], "form": form, "made": made},
        status=status,
    )
    response["Cache-Control"] = "no-store"
    return response


@access("exchange:tokens")
@require_POST
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """Revoke a token at once."""
    token = actions.revoke_token(actor=actor_of(request), token_id=token_id)
    messages.success(request, _("The token of %(name)s is revoked.") % {"name": token.name})
    return HttpResponseRedirect(reverse("exchange:tokens"))
