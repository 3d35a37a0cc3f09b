"""Look up, personal centre, one appeal and what its citizen may do with it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from hotline.accounts import actions as accounts
from hotline.followup import actions as followup
from hotline.followup import queries as followup_queries
from hotline.intake import queries as intake
from hotline.intake.models import Appeal, AppealState
from hotline.kit.access import public
from hotline.kit.errors import ActionError, Invalid, NotVisible
from hotline.kit.paging import keyset
from hotline.notifications import actions as notifications
from hotline.notifications.rules import CodeState, CodeVerdict
from hotline.portal import visitor
from hotline.portal.forms import CodeForm, LookUpForm, PhoneForm, RatingForm, TextForm
from hotline.portal.limits import limited
from hotline.workorders import actions as workorders
from hotline.workorders.models import (
    FINAL_STATES,
    Attachment,
    Audience,
    Clock,
    ClockKind,
    ClockSide,
    OrderState,
    WorkOrder,
)
from hotline.workorders.queries import citizen_view
from hotline.workorders.queries.explanations import explain_clock
from hotline.workorders.rules.verbs import STATES

SIGN_IN = "portal_phone"
PURPOSE = "portal"


@public
def home(request: HttpRequest) -> HttpResponse:
    """One box, and the ways in."""
    return render(request, "portal/home.html", {"known": visitor.citizen_id(request)})


@public
@require_http_methods(["GET", "POST"])
def look_up(request: HttpRequest) -> HttpResponse:
    """By number and code, without an account."""
    form = LookUpForm(request.POST or None, initial={"number": request.GET.get("number", "")})
    if request.method == "POST" and form.is_valid():
        limited(request, "look_up", 20, 300)
        try:
            found = intake.look_up(form.cleaned_data["number"], form.cleaned_data["code"])
        except NotVisible:
            form.add_error(
                None, _("Number and code do not belong together. Both are in the message that you received.")
            )
        else:
            visitor.remember_look_up(request, found.appeal_id)
            return HttpResponseRedirect(reverse("portal:appeal", args=[found.number]))
    return render(request, "portal/look_up.html", {"form": form}, status=422 if form.errors else 200)


@public
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """A code by SMS opens the personal centre; the page for the code is the same address."""
    phone = request.session.get(SIGN_IN, "")
    if request.method == "POST" and "code" in request.POST and phone:
        return _check_code(request, phone)
    form = PhoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        limited(request, "sms", 5, 600)
        try:
            sent = notifications.send_code(
                actor=visitor.PORTAL, phone=form.cleaned_data["phone"], purpose=PURPOSE
            )
        except ActionError as error:
            form.add_error("phone", str(error.message))
        else:
            request.session[SIGN_IN] = form.cleaned_data["phone"]
            context = {"form": CodeForm(), "phone": form.cleaned_data["phone"], "shown": sent.shown}
            return render(request, "portal/code.html", context)
    return render(request, "portal/sign_in.html", {"form": form}, status=422 if form.errors else 200)


def _check_code(request: HttpRequest, phone: str) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        limited(request, "code", 30, 600)
        verdict = notifications.check_code(
            actor=visitor.PORTAL, phone=phone, purpose=PURPOSE, code=form.cleaned_data["code"]
        )
        if verdict:
            citizen = accounts.find_or_create_citizen(actor=visitor.PORTAL, phone=phone)
            request.session.cycle_key()
            request.session.pop(SIGN_IN, None)
            request.session["citizen_id"] = citizen.pk
            return HttpResponseRedirect(reverse("portal:mine"))
        form.add_error("code", _wrong(verdict))
    return render(request, "portal/code.html", {"form": form, "phone": phone, "shown": ""}, status=422)


def _wrong(verdict: CodeVerdict) -> str:
    if verdict.state is CodeState.WRONG:
        return ngettext(
            "This is not the code. One try is left.",
            "This is not the code. %(n)d tries are left.",
            verdict.tries_left,
        ) % {"n": verdict.tries_left}
    if verdict.state in (CodeState.TOO_MANY, CodeState.USED):
        return _("This code cannot be used any more. Ask for a new one.")
    return _("The code has expired. Ask for a new one.")


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the citizen's session; a phone shared in a family forgets everything."""
    request.session.flush()
    return HttpResponseRedirect(reverse("portal:home"))


@public
def mine(request: HttpRequest) -> HttpResponse:
    """The personal centre: one's appeals, newest first."""
    citizen = visitor.citizen_id(request)
    if citizen is None:
        return HttpResponseRedirect(reverse("portal:sign_in"))
    rows = (
        Appeal.objects.filter(citizen_id=citizen)
        .exclude(state=AppealState.DRAFT)
        .select_related("order", "order__lead_unit")
    )
    page = keyset(rows, order=("-id",), cursor=request.GET.get("cursor", ""), size=20)
    return render(request, "portal/mine.html", {"list": page})


def _offers(appeal: Appeal, rated: bool) -> dict[str, bool]:
    """What the page shows a button for; the actions decide again."""
    order = appeal.order
    if order is None or appeal.citizen_id is None:
        return {}
    main = order.merged_into or order
    allows = STATES[OrderState(main.state)]
    return {
        "supplement": allows.append,
        "urge": allows.append and main.state != OrderState.PENDING_FOLLOW_UP,
        "withdraw": STATES[OrderState(order.state)].withdraw,
        "rate": main.state == OrderState.PENDING_FOLLOW_UP and not rated,
        "contest": main.state in (OrderState.CLOSED, OrderState.PENDING_FOLLOW_UP),
    }


def _context(appeal: Appeal) -> dict[str, Any]:
    order = appeal.order
    if order is None:
        return {"appeal": appeal, "offers": {}, "view": None}
    main = order.merged_into or order
    tasks = (
        list(followup_queries.of_order(main.pk).filter(round=main.round))
        if main.state == OrderState.PENDING_FOLLOW_UP
        else []
    )
    mine = [t for t in tasks if (t.appeal.citizen_id if t.appeal else main.citizen_id) == appeal.citizen_id]
    rated = bool(mine) and all(task.state == "done" for task in mine)
    finished = main.state in FINAL_STATES
    return {
        "appeal": appeal,
        "order": order,
        "main": main,
        "view": citizen_view(order),
        "finished": finished,
        "rated": rated,
        "offers": _offers(appeal, rated),
        "why": [] if finished else _why(main),
        "files": Attachment.objects.filter(
            order=order, audience=Audience.PUBLIC, removed_at__isnull=True
        ).order_by("id"),
    }


def _why(order: WorkOrder) -> list[str]:
    """Why the promised date is what it is, in a citizen's words."""
    clock = (
        Clock.objects.filter(order=order, kind=ClockKind.FINISH, side=ClockSide.CITY)
        .order_by("-round")
        .first()
    )
    return explain_clock(order, clock, "citizen") if clock else []


@public
def appeal(request: HttpRequest, number: str) -> HttpResponse:
    """One appeal: where it is, by when, what happened, and what its citizen can do."""
    found = visitor.appeal_for(request, number)
    context = _context(found) | {"text_form": TextForm(), "rating_form": RatingForm()}
    response = render(request, "portal/appeal.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _again(request: HttpRequest, found: Appeal, **forms: Any) -> HttpResponse:
    context = _context(found) | {"text_form": TextForm(), "rating_form": RatingForm()} | forms
    return render(request, "portal/appeal.html", context, status=422)


@public
@require_POST
def act(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """Supplement, urge, withdraw, contest: one text each."""
    found = visitor.appeal_for(request, number)
    limited(request, "act", 30, 600)
    actor = visitor.actor_for_appeal(request, found)
    form = TextForm(request.POST)
    if verb == "urge" and not request.POST.get("text", "").strip():
        form = TextForm({"text": _("Please hurry.")})
    if not form.is_valid() or found.order is None:
        return _again(request, found, text_form=form, opened=verb)
    text = form.cleaned_data["text"]
    if verb == "supplement":
        workorders.supplement(actor=actor, order_id=found.order.pk, text=text)
        messages.success(request, _("Thank you. The unit sees what you added."))
    elif verb == "urge":
        workorders.urge(actor=actor, order_id=found.order.pk, text=text)
        messages.success(request, _("The unit was urged."))
    elif verb == "withdraw":
        workorders.withdraw(actor=actor, order_id=found.order.pk, text=text)
        messages.success(request, _("Your appeal is withdrawn."))
    else:
        followup.appeal_result(actor=actor, appeal_id=found.pk, text=text)
        messages.success(request, _("Your appeal against the result is with a supervisor now."))
    return HttpResponseRedirect(reverse("portal:appeal", args=[number]))


@public
@require_POST
def rate(request: HttpRequest, number: str) -> HttpResponse:
    """Solved and satisfied, asked apart."""
    found = visitor.appeal_for(request, number)
    limited(request, "act", 30, 600)
    form = RatingForm(request.POST)
    if not form.is_valid():
        return _again(request, found, rating_form=form)
    data = form.cleaned_data
    try:
        followup.rate(
            actor=visitor.actor_for_appeal(request, found),
            appeal_id=found.pk,
            solved=data["solved"] == "yes",
            satisfaction=data["satisfaction"],
            opinion=data["opinion"],
        )
    except Invalid as error:
        for field, text in error.details.items():
            form.add_error(field if field in form.fields else None, str(text))
        return _again(request, found, rating_form=form)
    messages.success(request, _("Thank you for your rating."))
    return HttpResponseRedirect(reverse("portal:appeal", args=[number]))
