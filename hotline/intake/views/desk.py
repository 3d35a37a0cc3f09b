"""The agent's desk: one screen, no mouse, nothing that jumps, nothing that is lost."""

from __future__ import annotations

import contextlib
import json
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.accounts.actions import change_citizen
from hotline.accounts.rules import read_tags
from hotline.calls import actions as calls
from hotline.calls.queries import by_video
from hotline.dispatch.queries import catalogue_unit, likely_duplicates
from hotline.dispatch.queries.cases import answered_like
from hotline.intake import actions, queries
from hotline.intake.actions.drafting import unsealed
from hotline.intake.forms import RestrictionForm, channel_of, citizen_of, demand_of
from hotline.intake.models import Appeal
from hotline.intake.queries.desk import scripts
from hotline.intake.rules import AT_DESK, DESK_CHANNELS, Filed
from hotline.kit.access import access, actor_of
from hotline.kit.clock import CITY_ZONE, now, today
from hotline.kit.errors import Invalid, NotVisible
from hotline.kit.numbers import whole
from hotline.suggestions.queries import warm_places
from hotline.workorders.actions.attachments import attach_loose
from hotline.workorders.models import Channel, DemandType, ReasonKind, Urgency
from hotline.workorders.queries import get_visible

DESK = "intake:take_call"
ELEMENTS = {
    "name": gettext_lazy("name"),
    "time": gettext_lazy("time"),
    "address": gettext_lazy("address"),
    "cause": gettext_lazy("cause"),
    "course": gettext_lazy("course of events"),
}
SHORTEST_CASE = 8
"""Characters from which on similar cases are looked for."""


@access(DESK)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The desk. `?call_id=&phone=` come from telephony; `?draft=` continues one; `?new=1` starts afresh."""
    actor, day = actor_of(request), today()
    warm_places()
    phone, call_id = request.GET.get("phone", "").strip()[:30], request.GET.get("call_id", "").strip()[:60]
    if not phone and (call := whole(call_id)) is not None:
        # The telephone's own call: its number never stands in an address.
        with contextlib.suppress(NotVisible):
            phone = calls.caller_number(actor=actor, call_id=call)
    draft = _draft_for(request, fresh=bool(phone or call_id or request.GET.get("new")))
    typed = QueryDict(mutable=True)
    if draft is not None:
        for name, values in unsealed(draft.form).items():
            typed.setlist(name, values)
    if phone:
        typed["phone"] = phone
    if draft is None and (call := whole(call_id)) is not None and by_video(call):
        typed["channel"] = Channel.VIDEO
    typed.setdefault("key", uuid.uuid4().hex)
    demand = demand_of(typed)
    return render(
        request,
        "intake/desk.html",
        {
            "typed": typed,
            "draft": draft,
            "drafts": [one for one in queries.drafts_of(actor) if draft is None or one.pk != draft.pk],
            "call_id": call_id or typed.get("call_id", ""),
            "demand_types": DemandType.choices,
            "urgencies": Urgency.choices,
            "channels": [(one.value, one.label) for one in DESK_CHANNELS],
            "refusals": queries.reason_branches(ReasonKind.NOT_ACCEPTED, day),
            "referrals": queries.reason_branches(ReasonKind.REFERRAL, day),
            "scripts": [one for one in scripts(day) if not one.code.startswith(("follow_up", "sms_"))],
            "upload_url": reverse("intake:upload", args=[typed["key"]]),
            "card": queries.caller_card(typed.get("phone", ""), actor=actor) if typed.get("phone") else None,
            "form": queries.questions_of(demand.category, day) if demand.category else None,
            "answers": demand.answers,
            "secret_forced": demand.demand_type == DemandType.REPORT,
        },
    )


def _draft_for(request: HttpRequest, *, fresh: bool) -> Appeal | None:
    actor = actor_of(request)
    wanted = whole(request.GET.get("draft"))
    if wanted is not None:
        try:
            return queries.open_draft(actor, wanted)
        except NotVisible:
            return None
    # After a crash or a new sign-in the page comes back as it was.
    return None if fresh else queries.newest_draft(actor, now())


@access(DESK)
@require_POST
def upload(request: HttpRequest, key: str) -> HttpResponse:
    """A file of the appeal being typed; it goes to the order when there is one."""
    given = request.FILES.get("file")
    if given is None:
        raise Invalid("file", _("Choose a file."), details={"file": _("Choose a file.")})
    row = attach_loose(
        actor=actor_of(request), appeal_key=key, chunks=given.chunks(), name=given.name or "file"
    )
    return render(request, "intake/_file.html", {"file": row}, status=201)


@access(DESK)
@require_POST
def draft(request: HttpRequest, draft_id: int | None = None) -> HttpResponse:
    """Keep the form as typed; the answer names the address to go on with."""
    fields = {name: values for name, values in request.POST.lists() if name != "csrfmiddlewaretoken"}
    if draft_id is None and not any(
        "".join(fields.get(name, [])).strip() for name in ("phone", "name", "title", "content", "address")
    ):
        return HttpResponse(status=204)
    try:
        saved = actions.save_draft(
            actor=actor_of(request), draft_id=draft_id, fields=fields, call_id=request.POST.get("call_id", "")
        )
    except NotVisible:
        # Filed or dropped meanwhile, perhaps in another window: nothing to keep any more.
        return HttpResponse(status=204)
    return JsonResponse({"url": reverse("intake:draft", args=[saved]), "draft": saved})


@access(DESK)
@require_POST
def drop(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Throw a draft away."""
    actions.drop_draft(actor=actor_of(request), draft_id=draft_id)
    return redirect(reverse("intake:desk") + "?new=1")


@access(DESK)
@require_POST
def caller(request: HttpRequest) -> HttpResponse:
    """History of the number typed. POST, so that no number stands in a log of addresses."""
    phone = request.POST.get("phone", "")
    card = queries.caller_card(phone, actor=actor_of(request)) if len(phone.strip()) >= 5 else None
    return render(request, "intake/_caller.html", {"card": card, "restriction_form": RestrictionForm()})


@access(DESK)
@require_POST
def caller_notes(request: HttpRequest) -> HttpResponse:
    """Labels and remark of who calls, for the next who takes a call. By the number, so that nobody walks through ids."""
    actor, phone = actor_of(request), request.POST.get("phone", "")
    tags, remark = (request.POST.get(name, "").replace("\0", "") for name in ("citizen_tags", "citizen_remark"))
    card = queries.caller_card(phone, actor=actor)
    if card.citizen is None:
        raise NotVisible
    change_citizen(
        actor=actor,
        citizen_id=card.citizen.pk,
        tags=read_tags(tags),
        remark=remark.strip(),
    )
    card = queries.caller_card(phone, actor=actor)
    return render(request, "intake/_caller.html", {"card": card, "restriction_form": RestrictionForm()})


@access(DESK)
@require_POST
def questions(request: HttpRequest) -> HttpResponse:
    """What the category asks, and who would get it."""
    demand = demand_of(request.POST)
    form = queries.questions_of(demand.category, today()) if demand.category else None
    facts = queries.category_facts(demand.category, today()) if demand.category else None
    unit = catalogue_unit(demand.category, demand.division, today()) if facts else None
    return render(
        request,
        "intake/_questions.html",
        {
            "form": form,
            "answers": demand.answers,
            "facts": facts,
            "unit": unit,
            "place": demand.division,
        },
    )


@access(DESK)
@require_POST
def alike(request: HttpRequest) -> HttpResponse:
    """Likely duplicates of what is being typed, and what is still missing."""
    demand, citizen = demand_of(request.POST), citizen_of(request.POST)
    found = likely_duplicates(
        actor=actor_of(request),
        citizen_id=whole(request.POST.get("citizen_id")),
        category=demand.category,
        division=demand.division,
        text=f"{demand.title}{demand.content}",
        moment=now(),
    )
    checked, _errors = queries.check_appeal(demand, citizen, today())
    cases = (
        answered_like(actor_of(request), title=demand.title, content=demand.content, category=demand.category)
        if len(demand.content) >= SHORTEST_CASE
        else []
    )
    return render(
        request,
        "intake/_alike.html",
        {
            "found": found,
            "cases": cases,
            "missing": [ELEMENTS[one] for one in checked.missing],
            "typed": bool(demand.content),
        },
    )


@access(DESK)
@require_POST
def file(request: HttpRequest) -> HttpResponse:
    """What the agent decided: an order, an answer, a refusal, a referral. 422 with what is wrong, the form stays."""
    actor, post = actor_of(request), request.POST
    demand, citizen, decision = demand_of(post), citizen_of(post), post.get("as", "order")
    common: dict[str, Any] = {
        "actor": actor,
        "channel": channel_of(post),
        "source": f"{AT_DESK}{actor.id}",
        "idempotency_key": post.get("key", ""),
        "demand": demand,
        "citizen": citizen,
        "draft_id": whole(post.get("draft_id")),
    }
    try:
        if decision == "answer":
            return _said(
                request,
                actions.answer_directly(
                    answer=post.get("answer", ""), knowledge=post.get("knowledge", ""), **common
                ),
                "answer",
            )
        if decision == "refuse":
            decided = actions.not_accept(reason_code=post.get("reason_code", ""), **common)
            return _said(request, decided.filed, "refuse", script=decided.script, basis=decided.legal_basis)
        if decision == "refer":
            decided = actions.refer(reason_code=post.get("referral_code", ""), **common)
            return _said(request, decided.filed, "refer", script=decided.script, basis=decided.legal_basis)
        _checked, errors = queries.check_appeal(demand, citizen, today())
        if not demand.demand_type:
            errors["demand_type"] = _("Choose what kind of demand it is.")
        if post.get("category_text", "").strip() and not demand.category:
            errors["category"] = _("Choose the category from the list, or empty the field.")
        if errors:
            raise Invalid("invalid", _("Something is still missing or wrong."), details=errors)
        return _said(request, actions.file_appeal(**common), "order")
    except Invalid as error:
        return render(request, "intake/_problems.html", {"error": error}, status=422)


def _said(
    request: HttpRequest, filed: Filed, decision: str, *, script: str = "", basis: str = ""
) -> HttpResponse:
    """The number, large, with the words to read out; then the next call."""
    promised = filed.promised.astimezone(CITY_ZONE) if filed.promised else None
    if decision == "order":
        words = next((one.text for one in scripts(today()) if one.code == "order_made"), "")
        script = words.replace("[编号]", filed.number).replace(
            "[时间]", f"{promised:%m-%d %H:%M}" if promised else _("the promised time")
        )
    elif decision == "answer":
        script = next((one.text for one in scripts(today()) if one.code == "direct_answer"), "")
    response = render(
        request,
        "intake/_filed.html",
        {"filed": filed, "decision": decision, "script": script, "basis": basis},
    )
    response["HX-Trigger"] = json.dumps({"desk:filed": {"number": filed.number}})
    return response


@access(DESK)
@require_http_methods(["GET", "POST"])
def append_form(request: HttpRequest, order_id: int) -> HttpResponse:
    """补充 or 催办 of an open order, instead of a second one."""
    actor = actor_of(request)
    order = get_visible(actor, order_id)
    urging = (request.POST or request.GET).get("urging") == "1"
    if request.method == "GET":
        return render(
            request, "intake/_append.html", {"order": order, "urging": urging, "key": uuid.uuid4().hex}
        )
    try:
        filed = actions.append(
            actor=actor,
            channel=channel_of(request.POST),
            source=f"{AT_DESK}{actor.id}",
            idempotency_key=request.POST.get("append_key", ""),
            order_id=order_id,
            text=request.POST.get("append_text", ""),
            citizen=citizen_of(request.POST),
            urging=urging,
            call_id=request.POST.get("call_id", ""),
            draft_id=whole(request.POST.get("draft_id")),
        )
    except Invalid as error:
        return render(request, "intake/_problems.html", {"error": error}, status=422)
    return _said(request, filed, "urge" if urging else "supplement")
