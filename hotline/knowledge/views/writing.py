"""Writing: new, edit with preview, the verbs of the cycle, files."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid, NotVisible, Stale
from hotline.kit.numbers import whole
from hotline.knowledge import actions, permissions, queries
from hotline.knowledge.files import MOST_BYTES
from hotline.knowledge.forms import EntryForm, FileForm
from hotline.knowledge.models import DutyKind, Entry
from hotline.knowledge.rules import LONGEST_CONTENT, OPEN_DRAFT, VERBS, Document, line_changes
from hotline.knowledge.rules import render as html_of
from hotline.knowledge.views.staff import entry_context, file_addresses


def _editor(request: HttpRequest, form: EntryForm, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, "knowledge/edit.html", {"form": form, "leaves": queries.categories().leaves(), **context}, status=status)


@access(permissions.EDIT)
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """A new entry; `?duty=` fills in what a gap asks for."""
    actor = actor_of(request)
    number = whole(request.GET.get("duty"))
    duty = None if number is None else queries.duty_for(actor, number)
    if duty is not None and duty.kind != DutyKind.GAP:
        raise NotVisible("duty")
    if request.method == "GET":
        first: dict[str, Any] = {"unit_id": next(iter(actor.unit_ids()), None)}
        if duty is not None:
            first = {
                "unit_id": duty.unit_id,
                "title": duty.title[:128],
                "questions": [gap.text[:200] for gap in queries.gaps_of(duty)][:10],
                "category_code": duty.category_code,
                "region": duty.region,
            }
        return _editor(request, EntryForm(initial=first), duty=duty)
    form = EntryForm(request.POST)
    if form.is_valid():
        try:
            entry = actions.create_entry(
                actor=actor, document=form.document(), duty_id=duty.pk if duty else None, note=form.cleaned_data["note"]
            )
        except Invalid as error:
            form.refuse(error.details)
        else:
            return _saved(request, entry)
    return _editor(request, form, 422, duty=duty)


@access(permissions.EDIT)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, knowledge_id: int) -> HttpResponse:
    """The open draft."""
    actor = actor_of(request)
    entry = queries.entry_for(actor, knowledge_id)
    permissions.can_edit(actor, entry).require(permissions.EDIT)
    draft = queries.open_version(entry)
    if draft is None or entry.state not in OPEN_DRAFT:
        return HttpResponseRedirect(reverse("knowledge:entry", args=[entry.pk]))
    shared: dict[str, Any] = {"entry": entry, "files": queries.files_of(entry), "file_form": FileForm(), "draft": draft}
    if request.method == "GET":
        form = EntryForm.filled(Document.from_json(draft.document), entry.revision, draft.note)
        return _editor(request, form, **shared)
    form = EntryForm(request.POST)
    if form.is_valid():
        try:
            entry = actions.save_draft(
                actor=actor,
                entry_id=entry.pk,
                revision=form.cleaned_data["revision"] or 0,
                document=form.document(),
                note=form.cleaned_data["note"],
            )
        except Invalid as error:
            form.refuse(error.details)
        except Stale as error:
            theirs = Document.from_json(error.details["theirs"])
            form.data = {**request.POST.dict(), "revision": error.details["revision"]}
            lines = line_changes(theirs.content, form.cleaned_data["content"])
            return _editor(request, form, 409, **shared, stale=error, lines=lines)
        else:
            return _saved(request, entry)
    return _editor(request, form, 422, **shared)


def _saved(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Saved, and handed in when that button was pressed."""
    if "submit" in request.POST:
        actions.act(actor=actor_of(request), entry_id=entry.pk, verb="submit")
        messages.success(request, _("Handed in for review."))
        return HttpResponseRedirect(reverse("knowledge:entry", args=[entry.pk]))
    messages.success(request, _("The draft is saved."))
    return HttpResponseRedirect(reverse("knowledge:edit", args=[entry.pk]))


@access(permissions.EDIT)
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Markdown as it will look, as a fragment."""
    text = request.POST.get("content", "")[:LONGEST_CONTENT]
    number = whole(request.POST.get("entry"))
    files = {} if number is None else file_addresses(queries.entry_for(actor_of(request), number))
    return render(request, "knowledge/_preview.html", {"html": html_of(text, files)})


@access(permissions.EDIT, permissions.PUBLISH)
@require_POST
def do(request: HttpRequest, knowledge_id: int, verb: str) -> HttpResponse:
    """One verb of the cycle."""
    if verb not in VERBS or not VERBS[verb].button:
        raise NotVisible(verb)
    actor = actor_of(request)
    try:
        entry = actions.act(actor=actor, entry_id=knowledge_id, verb=verb, reason=request.POST.get("reason", ""))
    except Invalid as error:
        shown = queries.entry_for(actor, knowledge_id)
        faults = [str(text) for text in error.details.values()] or [str(error.message)]
        return render(request, "knowledge/entry.html", entry_context(actor, shown) | {"faults": faults}, status=422)
    messages.success(request, str(VERBS[verb].done))
    target = "knowledge:edit" if verb == "revise" else "knowledge:entry"
    return HttpResponseRedirect(reverse(target, args=[entry.pk]))


@access(permissions.EDIT)
@require_POST
def attach(request: HttpRequest, knowledge_id: int) -> HttpResponse:
    """Add a file to the entry."""
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        given = form.cleaned_data["file"]
        try:
            row = actions.attach(
                actor=actor_of(request), entry_id=knowledge_id, name=given.name, data=given.read(MOST_BYTES + 1)
            )
        except Invalid as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("%(name)s is added. In the text: [%(name)s](attachment:%(id)d)") % {"name": row.name, "id": row.pk})
    else:
        messages.error(request, _("Choose a file."))
    return HttpResponseRedirect(reverse("knowledge:edit", args=[knowledge_id]))


@access(permissions.EDIT)
@require_POST
def remove_file(request: HttpRequest, file_id: int) -> HttpResponse:
    """Take a file away."""
    actor = actor_of(request)
    row = queries.file_for(actor, file_id)
    actions.remove_file(actor=actor, file_id=file_id)
    messages.success(request, _("%(name)s is taken away.") % {"name": row.name})
    return HttpResponseRedirect(reverse("knowledge:edit", args=[row.entry_id]))
