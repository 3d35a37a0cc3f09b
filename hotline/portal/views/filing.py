"""Filing: words → place → about → contact → check → done. One thing at a time, kept as it is entered."""

from __future__ import annotations

from dataclasses import dataclass
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
from hotline.intake.rules import check_answers, shown_answers
from hotline.kit import clock
from hotline.kit.access import public
from hotline.kit.bodies import takes_files
from hotline.kit.errors import Invalid
from hotline.places import queries as places
from hotline.places.models import DivisionLevel
from hotline.portal import filing as drafts
from hotline.portal import promise, visitor
from hotline.portal.filing import STEPS, Filing
from hotline.portal.forms import TYPES, AboutForm, ContactForm, PlaceForm, WordsForm
from hotline.portal.limits import limited
from hotline.workorders.actions import attachments
from hotline.workorders.models import Attachment, Channel, CitySettings, DemandType

PRESETS = {"idea": DemandType.SUGGESTION, "fault": DemandType.COMPLAINT}
"""Ways into filing on the home page that say already what it is (金点子, 找茬吐槽)."""


def _step_url(step: str) -> str:
    return reverse("portal:file_step", args=[step])


@public
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """The box on the home page posts here; GET continues where the visitor was."""
    if request.method == "POST":
        draft = drafts.load(request)
        draft.content = request.POST.get("content", "").replace("\0", "").strip()[:20_000] or draft.content
        drafts.save(request, draft)
        return HttpResponseRedirect(_step_url("words" if not draft.content else "place"))
    if (kind := request.GET.get("kind", "")) in PRESETS:
        draft = drafts.load(request)
        draft.preset, draft.demand_type = kind, str(PRESETS[kind])
        drafts.save(request, draft)
    return HttpResponseRedirect(_step_url("words"))


@public
@require_POST
def restart(request: HttpRequest) -> HttpResponse:
    """Give the draft up and begin anew."""
    drafts.drop(request)
    return HttpResponseRedirect(_step_url("words") + "?new=1")


@public
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, step: str) -> HttpResponse:
    """One page of filing."""
    if request.method == "POST" and _filed_already(request):
        return HttpResponseRedirect(reverse("portal:filed"))
    draft = drafts.load(request)
    handler = {"words": _words, "place": _place, "about": _about, "contact": _contact, "check": _check}[step]
    part = request.method == "GET" and bool(request.headers.get("HX-Request"))
    if step != "words" and not draft.content and not part:
        return HttpResponseRedirect(_step_url("words"))
    return handler(request, draft)


def _filed_already(request: HttpRequest) -> bool:
    """A page of a filing that was sent meanwhile: double click, back button, second tab."""
    key = request.POST.get("key", "")
    return bool(key) and key == request.session.get("filed", {}).get("key")


def _page(
    request: HttpRequest, draft: Filing, step: str, context: dict[str, Any], *, wrong: bool = False
) -> HttpResponse:
    number = STEPS.index(step)
    context |= {
        "draft": draft,
        "kept": drafts.sealed(draft),
        "step": step,
        "number": number + 1,
        "total": len(STEPS),
        "back": _step_url(STEPS[number - 1]) if number else reverse("portal:home"),
    }
    response = render(request, f"portal/file_{step}.html", context, status=422 if wrong else 200)
    response["Cache-Control"] = "no-store"
    return response


def _next(request: HttpRequest, draft: Filing, step: str) -> HttpResponse:
    drafts.save(request, draft)
    return HttpResponseRedirect(_step_url(STEPS[STEPS.index(step) + 1]))


def _faults(draft: Filing, known: int | None, names: tuple[str, ...]) -> dict[str, str]:
    """What intake says against the fields of one page, so that it is heard there and not at the end."""
    _checked, errors = intake_queries.check_appeal(draft.demand(), draft.citizen(known), clock.today())
    return {name: text for name, text in errors.items() if name.startswith(names)}


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
        {
            "form": form,
            "files": files,
            "most": settings.MAX_UPLOAD_BYTES,
            "most_mb": settings.MAX_UPLOAD_BYTES // 2**20,
        },
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
    if request.method == "POST" and "skip" in request.POST:
        draft.division = draft.address = ""
        return _next(request, draft, "place")
    district = given.get("district", places.ancestor_at(draft.division, DivisionLevel.DISTRICT))
    street = given.get("street", places.ancestor_at(draft.division, DivisionLevel.STREET))
    community = given.get("community", places.ancestor_at(draft.division, DivisionLevel.COMMUNITY))
    # What lies below another district or street than the one now chosen is dropped.
    street = street if district and street.startswith(district[:6]) else ""
    community = community if street and community.startswith(street[:9]) else ""
    choices = _choices(city, district, street)
    values = {
        "district": district,
        "street": street,
        "community": community,
        "address": given.get("address", draft.address),
    }
    # Without scripts the streets of a district come by a button of their own.
    narrowing = "narrow" in request.POST
    data = values if request.method == "POST" and not narrowing else None
    form = PlaceForm(data, choices=choices, initial=values)
    if request.method == "GET" and request.headers.get("HX-Request"):
        return render(request, "portal/_divisions.html", {"form": form})
    if request.method == "POST" and not narrowing and form.is_valid():
        draft.division, draft.address = form.cleaned_data["division"], form.cleaned_data["address"].strip()
        return _next(request, draft, "place")
    return _page(request, draft, "place", {"form": form}, wrong=bool(form.errors))


def _about(request: HttpRequest, draft: Filing) -> HttpResponse:
    form = AboutForm(
        request.POST or None,
        initial={"demand_type": draft.demand_type or "help", "expectation": draft.expectation},
    )
    subject = _subject(request, draft)
    questions = intake_queries.questions_of(subject.code, clock.today()).questions if subject.code else ()
    answers = {**draft.answers, **_typed(request, questions)}
    if request.method == "GET" and request.headers.get("HX-Request"):
        context = {"subject": subject, "questions": _asked(questions, answers, {})}
        return render(request, "portal/_questions.html", context)
    errors: dict[str, str] = {}
    narrowing = "narrow" in request.POST
    if request.method == "POST" and form.is_valid() and not narrowing:
        draft.demand_type, draft.expectation = (
            form.cleaned_data["demand_type"],
            form.cleaned_data["expectation"],
        )
        draft.category = subject.code
        draft.answers = answers = _typed(request, questions)
        drafts.save(request, draft)
        errors = _faults(draft, visitor.citizen_id(request), ("answers.", "category", "expectation"))
        if not errors:
            return _next(request, draft, "about")
    context = {
        "form": form,
        "categories": promise.top_categories(),
        "subject": subject,
        "questions": _asked(questions, answers, errors),
        "errors": {name: text for name, text in errors.items() if not name.startswith("answers.")},
    }
    return _page(request, draft, "about", context, wrong=bool(form.errors or errors))


@dataclass(frozen=True, slots=True)
class _Subject:
    """The subject chosen from the list, what lies below it, and which of that; `code` is what is filed under."""

    chosen: str
    exact: str
    below: list[intake_queries.CategoryFacts]

    @property
    def code(self) -> str:
        return self.exact or self.chosen


def _subject(request: HttpRequest, draft: Filing) -> _Subject:
    """From what was just chosen, else from the draft. Unknown codes count as not chosen."""
    given = request.POST if request.method == "POST" else request.GET
    listed = {one.code for _top, below in promise.top_categories() for one in below}
    chosen, exact = given.get("category", draft.category), given.get("detail", "")
    if "category" not in given and chosen not in listed:
        chosen, exact = chosen.rpartition(".")[0], chosen
    if not chosen or intake_queries.category_facts(chosen, clock.today()) is None:
        return _Subject("", "", [])
    below = intake_queries.categories_below(chosen, clock.today()) if chosen in listed else []
    return _Subject(chosen, exact if exact in {one.code for one in below} else "", below)


def _typed(request: HttpRequest, questions: Any) -> dict[str, Any]:
    """Answers that came with this request; a question that the form did not hold is left out, but for a sent form."""
    given = request.POST if request.method == "POST" else request.GET
    return {
        q.code: given.getlist(f"q-{q.code}") if q.kind == "choices" else given.get(f"q-{q.code}", "")
        for q in questions
        if request.method == "POST" or f"q-{q.code}" in given
    }


def _asked(questions: Any, answers: dict[str, Any], errors: dict[str, str]) -> list[dict[str, Any]]:
    """Questions with what was answered before and what is wrong with it."""
    return [
        {"q": q, "value": answers.get(q.code, ""), "error": errors.get(f"answers.{q.code}", "")}
        for q in questions
    ]


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
        draft.signed_in = bool(known)
        draft.anonymous = not known and not draft.phone.strip()
        drafts.save(request, draft)
        errors = _faults(draft, known, ("phone", "name", "on_behalf_of"))
        if not errors:
            return _next(request, draft, "contact")
        for name, text in errors.items():
            form.add_error(name if name in form.fields and not known else None, text)
    ended = draft.signed_in and not known
    return _page(request, draft, "contact", {"form": form, "known": known, "ended": ended}, wrong=bool(form.errors))


def _check(request: HttpRequest, draft: Filing) -> HttpResponse:
    known = visitor.citizen_id(request)
    _checked, errors = intake_queries.check_appeal(draft.demand(), draft.citizen(known), clock.today())
    if request.method == "POST" and request.POST.get("key") != draft.key:
        # Another tab began anew: what would be sent is not what this page showed.
        errors = {"key": _("What you entered was changed in another window. Please read it again, then send.")}
    elif draft.signed_in and not known:
        errors = {"phone": _("Your session has ended; what you entered is here. Please tell us again how we reach you.")}
    elif request.method == "POST" and not errors:
        try:
            return _send(request, draft, known)
        except Invalid as error:
            if not error.details:
                raise
            errors = {name: str(text) for name, text in error.details.items()}
    context = {
        "errors": [(text, _page_of(name)) for name, text in errors.items()],
        "place": places.path_text(draft.division),
        "answers": _answered(draft),
        "promise": promise.preview(draft.demand()),
        "files": Attachment.objects.filter(appeal_key=draft.key, removed_at__isnull=True).count(),
        "kind": dict(TYPES).get(DemandType(draft.demand_type)) if draft.demand_type in DemandType.values else "",
        "category": intake_queries.category_facts(draft.category, clock.today()) if draft.category else None,
        "known": known,
    }
    return _page(request, draft, "check", context, wrong=request.method == "POST")


_PAGE_OF = {"content": "words", "title": "words", "division": "place", "address": "place", "category": "about"}
_PAGE_OF |= {"phone": "contact", "name": "contact", "on_behalf_of": "contact", "expectation": "about", "demand_type": "about"}


def _page_of(name: str) -> str:
    """Address of the page on which a field is mended; empty when there is none."""
    step = "about" if name.startswith("answers.") else _PAGE_OF.get(name, "")
    return _step_url(step) if step else ""


def _answered(draft: Filing) -> list[tuple[str, str]]:
    if not draft.category:
        return []
    questions = intake_queries.questions_of(draft.category, clock.today()).questions
    return shown_answers(questions, check_answers(questions, draft.answers)[0])


def _send(request: HttpRequest, draft: Filing, known: int | None) -> HttpResponse:
    limited(request, "file", 30, 3600)
    filed = intake.file_appeal(
        actor=visitor.actor(request),
        channel=Channel.WEB,
        source="portal",
        idempotency_key=draft.key,
        demand=draft.demand(),
        citizen=draft.citizen(known),
    )
    visitor.remember_look_up(request, filed.appeal_id)
    drafts.drop(request)
    request.session["filed"] = {
        "key": draft.key,
        "reachable": bool(known or draft.phone.strip()),
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
@takes_files
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """One photo or file of the draft; answers a line for the page's list."""
    limited(request, "upload", 60, 600)
    draft = drafts.load(request)  # of an ended session from the page, so that the file joins its words
    given = request.FILES.get("file")
    if given is None:
        raise Invalid("file", _("Choose a file first."))
    row = attachments.attach_loose(
        actor=visitor.actor(request), appeal_key=draft.key, chunks=given.chunks(), name=given.name or "file"
    )
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(_step_url("words"))
    return render(request, "portal/_file.html", {"file": row})


@public
@require_POST
def take_back(request: HttpRequest, attachment_id: int) -> HttpResponse:
    """Remove a file of the draft again."""
    draft = drafts.load(request)
    attachments.remove_loose(actor=visitor.actor(request), appeal_key=draft.key, attachment_id=attachment_id)
    return HttpResponseRedirect(_step_url("words"))
