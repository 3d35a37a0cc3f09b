"""For who leads: all seats, one chat read and written down, prepared answers, rules; and the chat behind an order."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.chat import actions, queries
from hotline.chat.forms import CannedForm, LookForm, RulesForm
from hotline.chat.models import CannedAnswer, ChatState
from hotline.chat.permissions import CONFIGURE, WATCH
from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid, NotVisible, Stale
from hotline.workorders.queries import get_visible

SHOWN = 100


@access(WATCH)
@require_GET
def seats(request: HttpRequest) -> HttpResponse:
    """Seats and what they have, what waits, what is with the machine."""
    actor = actor_of(request)
    rows = queries.visible_to(actor).filter(state__in=[ChatState.TALKING, ChatState.WAITING])
    chats = list(rows.order_by("state", "-at_head", "queued_at", "id")[:SHOWN])
    seated = queries.seats_now()
    there = {one.seat.person_id for one in seated}
    context = {
        "opened": queries.opened(),
        "seats": [
            {"seat": one, "chats": [c for c in chats if c.state == ChatState.TALKING and c.agent_id == one.seat.person_id]}
            for one in seated
        ],
        "orphans": [c for c in chats if c.state == ChatState.TALKING and c.agent_id not in there],
        "waiting": [c for c in chats if c.state == ChatState.WAITING],
        "machine": queries.visible_to(actor).filter(state=ChatState.MACHINE).count(),
    }
    return render(request, "chat/_seats.html" if request.headers.get("HX-Request") else "chat/seats.html", context)


@access(WATCH)
@require_http_methods(["GET", "POST"])
def look_in(request: HttpRequest, chat_id: int) -> HttpResponse:
    """GET asks for the reason; POST shows what was said and writes down that it was read."""
    actor = actor_of(request)
    conversation = queries.conversation_for(actor, chat_id)
    form = LookForm(request.POST or None)
    context: dict[str, Any] = {"chat": conversation, "form": form, "said": None}
    if request.method == "POST" and form.is_valid():
        actions.look_in(actor=actor, conversation_id=chat_id, reason=form.cleaned_data["reason"])
        context["said"] = queries.messages_of(conversation, masked=True)
    response = render(request, "chat/look_in.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@access("workorders:view")
@require_GET
def of_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """Chats that the order came from; personal data masked. 404 like the order."""
    order = get_visible(actor_of(request), order_id)
    found = [{"chat": one, "said": queries.messages_of(one, masked=True)} for one in queries.of_order(order.pk)]
    return render(request, "chat/_of_order.html", {"found": found})


@access(CONFIGURE)
@require_http_methods(["GET", "POST"])
def canned(request: HttpRequest) -> HttpResponse:
    """Prepared answers, and a new one."""
    form = CannedForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _save(request, form):
        return HttpResponseRedirect(reverse("chat:canned"))
    return _canned(request, form, status=422 if form.errors else 200)


@access(CONFIGURE)
@require_POST
def rules(request: HttpRequest) -> HttpResponse:
    """Hours and limits."""
    form = RulesForm(request.POST)
    if form.is_valid():
        try:
            actions.save_rules(actor=actor_of(request), given=form.cleaned_data)
        except Invalid as error:
            for name, text in error.details.items():
                form.add_error(name, str(text))
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("chat:canned"))
    return _canned(request, CannedForm(), rules_form=form, status=422)


def _canned(
    request: HttpRequest, form: CannedForm, *, rules_form: RulesForm | None = None, status: int = 200
) -> HttpResponse:
    context = {"rows": queries.canned(), "form": form, "rules_form": rules_form or RulesForm(instance=queries.city_rules())}
    return render(request, "chat/canned.html", context, status=status)


@access(CONFIGURE)
@require_http_methods(["GET", "POST"])
def edit_canned(request: HttpRequest, canned_id: int) -> HttpResponse:
    """One prepared answer with its former versions."""
    row = CannedAnswer.objects.filter(pk=canned_id).first()
    if row is None:
        raise NotVisible("canned")
    form = CannedForm(request.POST) if request.method == "POST" else CannedForm.of(row)
    if request.method == "POST" and form.is_valid() and form.cleaned_data["key"] == row.key and _save(request, form):
        return HttpResponseRedirect(reverse("chat:canned"))
    context = {"row": row, "form": form, "versions": queries.canned_versions(row.key)}
    return render(request, "chat/canned_one.html", context, status=422 if form.errors else 200)


def _save(request: HttpRequest, form: CannedForm) -> bool:
    data = form.cleaned_data
    try:
        actions.save_canned(
            actor=actor_of(request), key=data["key"], title=data["title"], text=data["text"],
            category_code=data["category_code"], version=data["version"] or 0,
        )  # fmt: skip
    except Stale as error:
        form.add_error("text", _("A colleague changed it meanwhile. It reads now: %(now)s") % error.details)
        return False
    messages.success(request, _("Saved."))
    return True


@access(CONFIGURE)
@require_POST
def retire_canned(request: HttpRequest, canned_id: int) -> HttpResponse:
    """Out of use."""
    actions.retire_canned(actor=actor_of(request), canned_id=canned_id)
    messages.success(request, _("Taken out of use."))
    return HttpResponseRedirect(reverse("chat:canned"))
