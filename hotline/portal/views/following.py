"""Look up, personal centre, one appeal and what its citizen may do with it."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.accounts import actions as accounts
from hotline.accounts.rules import mask_phone
from hotline.followup import actions as followup
from hotline.followup import queries as followup_queries
from hotline.intake import queries as intake
from hotline.intake.models import Appeal, AppealState
from hotline.kit.access import public
from hotline.kit.errors import ActionError, Invalid, NotVisible, Refused
from hotline.kit.paging import keyset
from hotline.notifications import actions as notifications
from hotline.notifications.rules import CodeState, CodeVerdict
from hotline.portal import visitor
from hotline.portal.forms import TEXTS, CodeForm, LookUpForm, PhoneForm, RatingForm, TextForm, text_form
from hotline.portal.limits import limited
from hotline.portal.words import state_words
from hotline.workorders import actions as workorders
from hotline.workorders.actions import attachments
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
UNSENT = "unsent"
"""Session key: what a visitor wrote on an appeal's page after the session that opened it had ended."""


@public
def home(request: HttpRequest) -> HttpResponse:
    """One box, and the ways in."""
    return render(request, "portal/home.html", {"known": visitor.citizen_id(request), "forget": "forget" in request.GET})


@public
@require_http_methods(["GET", "POST"])
def look_up(request: HttpRequest) -> HttpResponse:
    """By number and code, without an account."""
    number = request.GET.get("number", "")[:30]
    form = LookUpForm(request.POST or None, initial={"number": number})
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
    return _look_up_page(request, form, 422 if form.errors else 200)


def _look_up_page(request: HttpRequest, form: LookUpForm, status: int, *, asked: bool = False) -> HttpResponse:
    number = str(form["number"].value() or "")
    unsent = request.session.get(UNSENT, {})
    context = {"form": form, "asked": asked, "number": number, "kept": bool(number) and unsent.get("number") == number}
    response = render(request, "portal/look_up.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _ask_who(request: HttpRequest, number: str) -> HttpResponse:
    """Instead of an appeal that this visitor may not see: the session ended, the link came by message, or the number is
    somebody else's or nobody's. All four look alike; what was written is kept until the right code or phone opens it.
    """
    number = number[:30]
    if request.method == "POST":
        written = {name: request.POST.get(name, "").replace("\0", "")[:5000] for name in _WRITTEN if name in request.POST}
        verb = request.resolver_match.kwargs.get("verb", "rate") if request.resolver_match else ""
        request.session[UNSENT] = {"number": number, "verb": verb, **written}
    return _look_up_page(request, LookUpForm(initial={"number": number}), 404, asked=True)


_WRITTEN = ("text", "solved", "satisfaction", "opinion")


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
        except Refused as error:
            # One is on its way to this phone already: whoever holds it can enter that one.
            request.session[SIGN_IN] = form.cleaned_data["phone"]
            return _code_page(request, form.cleaned_data["phone"], CodeForm(), wait=str(error.message))
        except ActionError as error:
            form.add_error("phone", str(error.message))
        else:
            request.session[SIGN_IN] = form.cleaned_data["phone"]
            return _code_page(request, form.cleaned_data["phone"], CodeForm(), shown=sent.shown)
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
            request.session.pop(SIGN_IN, None)
            visitor.sign_in(request, citizen.pk)
            return HttpResponseRedirect(_after_sign_in(request))
        form.add_error("code", _wrong(verdict))
    return _code_page(request, phone, form)


def _after_sign_in(request: HttpRequest) -> str:
    """Back to the page of ours that asked for it, else the personal centre."""
    wanted = request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, None) and wanted.startswith("/")
    return wanted if ours else reverse("portal:mine")


def _code_page(request: HttpRequest, phone: str, form: CodeForm, *, shown: str = "", wait: str = "") -> HttpResponse:
    context = {"form": form, "phone": phone, "masked": mask_phone(phone), "shown": shown, "wait": wait}
    response = render(request, "portal/code.html", context, status=422 if form.errors or wait else 200)
    response["Cache-Control"] = "no-store"
    return response


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
    visitor.sign_out(request)
    return HttpResponseRedirect(reverse("portal:home") + "?forget=1")


@public
def mine(request: HttpRequest) -> HttpResponse:
    """The personal centre: one's appeals, newest first."""
    citizen = visitor.citizen_id(request)
    if citizen is None:
        return HttpResponseRedirect(reverse("portal:sign_in"))
    rows = (
        Appeal.objects.filter(citizen_id=citizen)
        .exclude(state=AppealState.DRAFT)
        .select_related("order__lead_unit", "order__merged_into__lead_unit")
    )
    page = keyset(rows, order=("-id",), cursor=request.GET.get("cursor", ""), size=20)
    lines = [(row, _main(row)) for row in page.rows]
    context = {
        "list": page,
        "lines": [
            (row, main, state_words(main.state) if main else row.get_state_display(), main and main.state in FINAL_STATES)
            for row, main in lines
        ],
    }
    response = render(request, "portal/mine.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _main(appeal: Appeal) -> WorkOrder | None:
    """The order that carries the appeal now; of a merged one the one that it was merged into."""
    order = appeal.order
    return (order.merged_into or order) if order else None


def _offers(appeal: Appeal, rated: bool, contested: bool) -> dict[str, bool]:
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
        "contest": main.state in (OrderState.CLOSED, OrderState.PENDING_FOLLOW_UP) and not contested,
    }


def _context(appeal: Appeal) -> dict[str, Any]:
    order = appeal.order
    if order is None:
        return {"appeal": appeal, "offers": {}, "view": None, "state_text": appeal.get_state_display()}
    main = order.merged_into or order
    tasks = (
        list(followup_queries.of_order(main.pk).filter(round=main.round))
        if main.state == OrderState.PENDING_FOLLOW_UP
        else []
    )
    mine = [t for t in tasks if (t.appeal.citizen_id if t.appeal else main.citizen_id) == appeal.citizen_id]
    rated = bool(mine) and all(task.state == "done" for task in mine)
    finished = main.state in FINAL_STATES
    contests = list(followup_queries.contests_of(appeal.pk))
    files = list(
        Attachment.objects.filter(order=order, audience=Audience.PUBLIC, removed_at__isnull=True).order_by("id")
    )
    own = visitor.own_keys(appeal)
    return {
        "appeal": appeal,
        "order": order,
        "main": main,
        "view": citizen_view(order),
        "finished": finished,
        "rated": rated,
        "contests": contests,
        "offers": _offers(appeal, rated, any(one.state == "open" for one in contests)),
        "state_text": state_words(main.state),
        "why": [] if finished else _why(main),
        "files": [file for file in files if file.created_by in own],
        "unit_files": [file for file in files if file.created_by not in own] if finished or rated or mine else [],
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
    try:
        found = visitor.appeal_for(request, number)
    except NotVisible:
        return _ask_who(request, number)
    context = _context(found) | _forms() | _brought_back(request, number)
    response = render(request, "portal/appeal.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _forms() -> dict[str, Any]:
    """Empty forms of the page; each text form has ids of its own."""
    return {"rating_form": RatingForm()} | {f"{verb}_form": text_form(verb) for verb in TEXTS}


def _brought_back(request: HttpRequest, number: str) -> dict[str, Any]:
    """The form that could not be sent when the session had ended, filled in as it was."""
    unsent = request.session.get(UNSENT, {})
    if unsent.get("number") != number:
        return {}
    if unsent["verb"] == "rate":
        return {"rating_form": RatingForm(initial=unsent), "brought_back": True}
    if not unsent.get("text"):
        return {}
    form = text_form(unsent["verb"], initial=unsent) if unsent["verb"] in TEXTS else TextForm(initial=unsent)
    return {"opened": unsent["verb"], "text_form": form, "brought_back": True}


def _again(request: HttpRequest, found: Appeal, **forms: Any) -> HttpResponse:
    context = _context(found) | _forms() | forms
    return render(request, "portal/appeal.html", context, status=422)


@public
@require_POST
def act(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """Supplement, urge, withdraw, contest: one text each."""
    limited(request, "act", 30, 600)
    try:
        found = visitor.appeal_for(request, number)
    except NotVisible:
        return _ask_who(request, number)
    actor = visitor.actor_for_appeal(request, found)
    form = text_form(verb, request.POST) if verb in TEXTS else TextForm(request.POST)
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
    request.session.pop(UNSENT, None)
    return HttpResponseRedirect(reverse("portal:appeal", args=[number]))


@public
@require_GET
def download(request: HttpRequest, number: str, attachment_id: int) -> HttpResponse:
    """A file of the appeal, for whoever may see the appeal and is its citizen."""
    found = visitor.appeal_for(request, number)
    actor = visitor.actor_for_appeal(request, found)
    row, path = attachments.open_attachment(
        actor=actor, attachment_id=attachment_id, thumbnail="small" in request.GET
    )
    if row.order_id != found.order_id:
        raise NotVisible(attachment_id)
    small = "small" in request.GET
    response = FileResponse(open(path, "rb"), content_type="image/jpeg" if small else row.media_type)  # noqa: SIM115
    inline = small or row.media_type in ("image/jpeg", "image/png", "image/gif", "image/webp")
    response["Content-Disposition"] = content_disposition_header(not inline, row.name) or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return cast(HttpResponse, response)


@public
@require_POST
def rate(request: HttpRequest, number: str) -> HttpResponse:
    """Solved and satisfied, asked apart."""
    limited(request, "act", 30, 600)
    try:
        found = visitor.appeal_for(request, number)
    except NotVisible:
        return _ask_who(request, number)
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
    request.session.pop(UNSENT, None)
    messages.success(request, _("Thank you for your rating."))
    return HttpResponseRedirect(reverse("portal:appeal", args=[number]))
