"""Staff read: search, entry, versions, the desk's panel."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.kit.access import actor_of, signed_in
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid
from hotline.kit.numbers import whole
from hotline.knowledge import actions, permissions, queries
from hotline.knowledge.forms import CorrectionForm, ReasonForm, SearchForm
from hotline.knowledge.models import Entry, GapSource
from hotline.knowledge.queries import Limits
from hotline.knowledge.rules import SERVED, VERBS, Document, changed_fields, line_changes
from hotline.knowledge.rules import render as html_of
from hotline.knowledge.rules.documents import FIELDS
from hotline.places import queries as places


@signed_in
@require_GET
def find(request: HttpRequest) -> HttpResponse:
    """`/knowledge/base/?q=…`: the search; without a question the entries of one's units."""
    actor = actor_of(request)
    form = SearchForm(request.GET or None)
    context: dict[str, Any] = {"form": form, "piles": queries.piles(actor), "may_write": actor.has(permissions.EDIT)}
    if form.is_valid() and form.cleaned_data["q"].strip():
        given = form.cleaned_data
        limits = Limits(region=given["region"], unit_id=given["unit"], material=given["material"])
        found = queries.search(actor, given["q"], limits=limits)
        actions.count_use(actor=actor, kind="search")
        if not found.good:
            actions.count_use(actor=actor, kind="miss")
            actions.note_search(
                actor=actor,
                asker=actor.key(),
                source=GapSource.SEARCH,
                text=given["q"],
                region=given["region"],
                unit_id=given["unit"],
                nearest_id=found.nearest,
            )
        context["found"] = found
    template = "knowledge/_found.html" if request.headers.get("HX-Target") == "knowledge-found" else "knowledge/search.html"
    return render(request, template, context)


def entry_context(actor: Actor, shown: Entry) -> dict[str, Any]:
    """What the page of an entry shows."""
    draft = queries.open_version(shown)
    return {
        "entry": shown,
        "served": shown.state in SERVED,
        "html": html_of(shown.content, file_addresses(shown)),
        "category": queries.categories().name(shown.category_code),
        "region": places.path_text(shown.region) if shown.region else "",
        "versions": queries.versions(shown),
        "draft": draft,
        "files": queries.files_of(shown),
        "acts": [(verb, VERBS[verb], may) for verb, may in queries.actions_for(actor, shown)],
        "may_edit": permissions.can_edit(actor, shown),
        "correction": CorrectionForm(),
        "reason": ReasonForm(auto_id=False),
        "duties": list(shown.duties.filter(state="open").order_by("due_at")),
    }


def file_addresses(shown: Entry) -> dict[int, str]:
    """Number of a file → its address, for the text."""
    return {row.pk: reverse("knowledge:file", args=[row.pk]) for row in queries.files_of(shown)}


@signed_in
@require_GET
def entry(request: HttpRequest, knowledge_id: int) -> HttpResponse:
    """One entry with everything that staff may know and do."""
    actor = actor_of(request)
    shown = queries.entry_for(actor, knowledge_id)
    actions.count_use(actor=actor, kind="opened", entry_id=shown.pk)
    return render(request, "knowledge/entry.html", entry_context(actor, shown))


@signed_in
@require_GET
def version(request: HttpRequest, knowledge_id: int, version: int) -> HttpResponse:
    """One version and what it changed against the one before, or against `?with=`."""
    shown = queries.entry_for(actor_of(request), knowledge_id)
    row = queries.version_of(shown, version)
    other = whole(request.GET.get("with"))
    numbers = [one.number for one in queries.versions(shown) if one.number != version]
    before = other if other in numbers else max((n for n in numbers if n < version), default=0)
    new = Document.from_json(row.document)
    context: dict[str, Any] = {"entry": shown, "version": row, "before": before, "numbers": numbers, "html": html_of(new.content, file_addresses(shown))}
    if before:
        old = Document.from_json(queries.version_of(shown, before).document)
        changed = changed_fields(old, new)
        context["lines"] = line_changes(old.content, new.content)
        context["fields"] = [(FIELDS[name], shown_value(old, name), shown_value(new, name)) for name in changed if name != "content"]
    return render(request, "knowledge/version.html", context)


def shown_value(document: Document, name: str) -> str:
    """A field as people read it."""
    from hotline.accounts.models import Person, Unit

    value = getattr(document, name)
    if name == "unit_id":
        return str(Unit.objects.filter(pk=value).first() or "")
    if name == "responsible_id":
        return str(Person.objects.filter(pk=value).first() or "") if value else ""
    if name == "category_code":
        return queries.categories().name(value)
    if name == "region":
        return places.path_text(value) if value else _("Whole city")
    return "；".join(value) if isinstance(value, tuple) else str(value or "")


@signed_in
@require_POST
def correct(request: HttpRequest, knowledge_id: int) -> HttpResponse:
    """A colleague says what is wrong; the unit answers."""
    actor = actor_of(request)
    form = CorrectionForm(request.POST)
    if form.is_valid():
        try:
            actions.report_correction(actor=actor, entry_id=knowledge_id, text=form.cleaned_data["text"])
        except Invalid as error:
            form.add_error("text", str(error.message))
        else:
            messages.success(request, _("Thank you. The unit answers within the deadline."))
            return HttpResponseRedirect(reverse("knowledge:entry", args=[knowledge_id]))
    shown = queries.entry_for(actor, knowledge_id)
    return render(request, "knowledge/entry.html", entry_context(actor, shown) | {"correction": form}, status=422)


@signed_in
@require_POST
def panel(request: HttpRequest) -> HttpResponse:
    """The desk's fragment: at most five paragraphs that answer `q`, each with what goes into an answer by one key.

    Asked by POST: the words are a caller's, and addresses stand in access logs. Typing is no search: it neither counts
    nor leaves a gap; `asked` (the agent pressed Enter) does both.
    """
    actor = actor_of(request)
    question = request.POST.get("q", "")[-200:]
    region = request.POST.get("region", "")
    limits = Limits(region=region[:12].ljust(12, "0") if region.isdigit() else "")
    found = queries.search(actor, question, limits=limits, size=5)
    if "asked" in request.POST and question.strip():
        actions.count_use(actor=actor, kind="search")
        if not found.good:
            actions.count_use(actor=actor, kind="miss")
            actions.note_search(
                actor=actor,
                asker=actor.key(),
                source=GapSource.SEARCH,
                text=question,
                region=limits.region,
                nearest_id=found.nearest,
            )
    return render(request, "knowledge/_panel.html", {"found": found, "question": question})


@signed_in
@require_POST
def used(request: HttpRequest, knowledge_id: int) -> HttpResponse:
    """The desk inserted a paragraph of this entry."""
    actions.count_use(actor=actor_of(request), kind="inserted", entry_id=knowledge_id)
    return HttpResponse(status=204)
