"""Filing: words → place → about → contact → check → done. One thing at a time, kept as it is entered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.intake import actions as intake
from hotline.intake import queries as intake_queries
from hotline.kit import clock
from hotline.kit.access import actor_of, public
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.errors import Invalid
from hotline.places import queries as places
from hotline.places.models import DivisionLevel
from hotline.portal import filing as drafts
from hotline.portal import promise, visitor
from hotline.portal.filing import STEPS, Filing
from hotline.portal.forms import AboutForm, ContactForm, PlaceForm, WordsForm
from hotline.portal.limits import limited
from hotline.workorders.actions import attachments
from hotline.workorders.models import Attachment, Channel, CitySettings


def _step_url(step: str) -> str:
    return reverse("portal:file_step", args=[step])


@public
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """The box on the home page posts here; GET continues where the visitor was."""
    if request.method == "POST":
        draft = drafts.load(request)
        draft.content = request.POST.get("content", "").strip()[:20_000] or draft.content
        drafts.save(request, draft)
        return HttpResponseRedirect(_step_url("words" if not draft.content else "place"))
    return HttpResponseRedirect(_step_url("words"))


@public
@require_POST
def restart(request: HttpRequest) -> HttpResponse:
    """Give the draft up and begin anew."""
    drafts.drop(request)
    return HttpResponseRedirect(_step_url("words"))


def _as_visitor(request: HttpRequest) -> Actor:
    """Staff who try the portal file as visitors: what they see here is what citizens see."""
    actor = actor_of(request)
    return actor if actor.kind == ActorKind.CITIZEN else Actor(ActorKind.CITIZEN, 0, "")


@public
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, step: str) -> HttpResponse:
    """One page of filing."""
    draft = drafts.load(request)
    handler = {"words": _words, "place": _place, "about": _about, "contact": _contact, "check": _check}[step]
    if step != "words" and not draft.content:
        return HttpResponseRedirect(_step_url("words"))
    return handler(request, draft)


def _page(
    request: HttpRequest, draft: Filing, step: str, context: dict[str, Any], *, wrong: bool = False
) -> HttpResponse:
    number = STEPS.index(step)
    context |= {
        "draft": draft,
        "step": step,
        "number": number + 1,
        "total": len(STEPS),
        "back": _step_url(STEPS[number - 1]) if number else reverse("portal:home"),
    }
    return render(request, f"portal/file_{step}.html", context, status=422 if wrong else 200)


def _next(request: HttpRequest, draft: Filing, step: str) -> HttpResponse:
    draft.reached = max(draft.reached, STEPS.index(step) + 1)
    drafts.save(request, draft)
    return HttpResponseRedirect(_step_url(STEPS[STEPS.index(step) + 1]))


def _words(request: HttpRequest, draft: Filing) -> HttpResponse:
    form = WordsForm(request.POST or None, initial={"content": draft.content})
    if request.method == "POST" and form.is_valid():
        draft.content = form.cleaned_data["content"].strip()
        return _next(request, draft, "words")
    files = Attachment.objects.filter(appeal_key=draft.key, removed_at__isnull=True).order_by("id")
    return _page(
        request,
        draft,
        "words",
        {"form": form, "files": files, "most_mb": settings.MAX_UPLOAD_BYTES // 2**20},
        wrong=bool(form.errors),
    )


def _choices(city: str, district: str, street: str) -> dict[str, list[tuple[str, str]]]:
    districts = [(d.code, d.name) for d in places.at_level(DivisionLevel.DISTRICT, within=city)]
    return {
        "district": districts,
        "street": [(d.code, d.name) for d in places.children(district)] if district else [],
        "community": [(d.code, d.name) for d in places.children(street)] if street else [],
    }


def _place(request: HttpRequest, draft: Filing) -> HttpResponse:
    city = CitySettings.objects.values_list("division_code", flat=True).first() or ""
    given = request.POST if request.method == "POST" else request.GET
    district = given.get("district", places.ancestor_at(draft.division, DivisionLevel.DISTRICT))
    street = given.get("street", places.ancestor_at(draft.division, DivisionLevel.STREET))
    if street and not street.startswith(district[:6]):
        street = ""
    choices = _choices(city, district, street)
    data = request.POST if request.method == "POST" else None
    initial = {
        "district": district,
        "street": street,
        "community": places.ancestor_at(draft.division, DivisionLevel.COMMUNITY),
        "address": given.get("address", draft.address),
    }
    form = PlaceForm(data, choices=choices, initial=initial)
    if request.method == "GET" and request.headers.get("HX-Request"):
        return render(request, "portal/_divisions.html", {"form": form})
    if request.method == "POST" and form.is_valid():
        draft.division, draft.address = form.cleaned_data["division"], form.cleaned_data["address"].strip()
        return _next(request, draft, "place")
    return _page(request, draft, "place", {"form": form}, wrong=bool(form.errors))


def _about(request: HttpRequest, draft: Filing) -> HttpResponse:
    form = AboutForm(
        request.POST or None,
        initial={"demand_type": draft.demand_type or "help", "expectation": draft.expectation},
    )
    category = request.POST.get("category", request.GET.get("category", draft.category))
    facts = intake_queries.category_facts(category, clock.today()) if category else None
    questions = intake_queries.questions_of(category, clock.today()).questions if facts else ()
    if request.method == "GET" and request.headers.get("HX-Request"):
        return render(request, "portal/_questions.html", {"questions": questions, "answers": draft.answers})
    if request.method == "POST" and form.is_valid():
        draft.demand_type, draft.expectation = (
            form.cleaned_data["demand_type"],
            form.cleaned_data["expectation"],
        )
        draft.category = category if facts else ""
        draft.answers = {
            q.code: request.POST.getlist(f"q-{q.code}")
            if q.kind == "choices"
            else request.POST.get(f"q-{q.code}", "")
            for q in questions
        }
        return _next(request, draft, "about")
    context = {
        "form": form,
        "categories": promise.top_categories(),
        "category": category,
        "questions": questions,
        "answers": draft.answers,
    }
    return _page(request, draft, "about", context, wrong=bool(form.errors))


def _contact(request: HttpRequest, draft: Filing) -> HttpResponse:
    known = visitor.citizen_id(request)
    initial = {
        "phone": draft.phone,
        "name": draft.name,
        "secret": draft.secret,
        "on_behalf_of": draft.on_behalf_of,
    }
    form = ContactForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        draft.phone, draft.name, draft.secret, draft.on_behalf_of = (
            data["phone"],
            data["name"],
            data["secret"],
            data["on_behalf_of"],
        )
        draft.anonymous = not known and not draft.phone.strip()
        return _next(request, draft, "contact")
    return _page(request, draft, "contact", {"form": form, "known": known}, wrong=bool(form.errors))


def _check(request: HttpRequest, draft: Filing) -> HttpResponse:
    known = visitor.citizen_id(request)
    _checked, errors = intake_queries.check_appeal(draft.demand(), draft.citizen(known), clock.today())
    if request.method == "POST" and not errors:
        return _send(request, draft, known)
    context = {
        "errors": errors,
        "place": places.path_text(draft.division),
        "promise": promise.preview(draft.demand()),
        "files": Attachment.objects.filter(appeal_key=draft.key, removed_at__isnull=True).count(),
        "category": intake_queries.category_facts(draft.category, clock.today()) if draft.category else None,
        "known": known,
    }
    return _page(request, draft, "check", context, wrong=request.method == "POST")


def _send(request: HttpRequest, draft: Filing, known: int | None) -> HttpResponse:
    limited(request, "file", 30, 3600)
    actor = _as_visitor(request)
    try:
        filed = intake.file_appeal(
            actor=actor,
            channel=Channel.WEB,
            source="portal",
            idempotency_key=draft.key,
            demand=draft.demand(),
            citizen=draft.citizen(known),
        )
    except Invalid as error:
        if not error.details:
            raise
        return _page(
            request,
            draft,
            "check",
            {"errors": error.details, "place": places.path_text(draft.division)},
            wrong=True,
        )
    if filed.order_id:
        attachments.adopt(actor=visitor.PORTAL, appeal_key=draft.key, order_id=filed.order_id)
    visitor.remember_look_up(request, filed.appeal_id)
    drafts.drop(request)
    request.session["filed"] = {
        "number": filed.number,
        "code": filed.lookup_code,
        "promised": filed.promised.isoformat() if filed.promised else "",
    }
    return HttpResponseRedirect(reverse("portal:filed"))


@public
@require_GET
def filed(request: HttpRequest) -> HttpResponse:
    """Number, code, promise; stays until the next filing."""
    shown = request.session.get("filed")
    if not shown:
        return HttpResponseRedirect(reverse("portal:home"))
    promised = datetime.fromisoformat(shown["promised"]) if shown["promised"] else None
    response = render(request, "portal/filed.html", {**shown, "promised": promised})
    response["Cache-Control"] = "no-store"
    return response


@public
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """One photo or file of the draft; answers a line for the page's list."""
    limited(request, "upload", 60, 600)
    draft = drafts.load(request)
    given = request.FILES.get("file")
    if given is None:
        raise Invalid("file", _("Choose a file first."))
    row = attachments.attach_loose(
        actor=_as_visitor(request), appeal_key=draft.key, chunks=given.chunks(), name=given.name or "file"
    )
    if request.headers.get("Sec-Fetch-Mode") == "navigate":
        return HttpResponseRedirect(_step_url("words"))
    return render(request, "portal/_file.html", {"file": row})
