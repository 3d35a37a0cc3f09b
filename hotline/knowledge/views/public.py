"""Citizens read: list, search, entry, files; they say whether it helped and what is wrong."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.kit.access import actor_of, public
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible
from hotline.kit.origin import acting_from
from hotline.kit.ratelimit import allow
from hotline.knowledge import actions, files, queries
from hotline.knowledge.forms import CorrectionForm
from hotline.knowledge.models import Entry, GapSource, Readers
from hotline.knowledge.rules import SERVED
from hotline.knowledge.rules import render as html_of
from hotline.knowledge.views.staff import file_addresses
from hotline.places import queries as places

SEARCHES, REPORTS = 30, 5
"""A visitor's searches a minute, and reports an hour."""
MOST_SHOWN = 5
"""Paragraphs on a phone; who finds nothing in five asks differently or calls."""


@public
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """`/knowledge/?q=…`: what everybody may know; search, or browse the newest."""
    question = request.GET.get("q", "").strip()[:200]
    context: dict[str, Any] = {"question": question}
    if not question:
        context["list"] = queries.public_entries(cursor=request.GET.get("cursor", ""))
    elif not allow(f"knowledge:{_who(request)}", SEARCHES, 60):
        context["too_many"] = True
    else:
        found = queries.search(_visitor(request), question, size=MOST_SHOWN)
        context["found"] = found
        actions.count_use(actor=actor_of(request), kind="search")
        if not found.good:
            actions.count_use(actor=actor_of(request), kind="miss")
            actions.note_search(
                actor=actor_of(request), asker=_who(request), source=GapSource.PUBLIC, text=question, nearest_id=found.nearest
            )
    return render(request, "knowledge/public_index.html", context)


def _visitor(request: HttpRequest) -> Actor:
    """The portal shows staff what citizens see."""
    actor = actor_of(request)
    if not actor.is_staff:
        return actor
    from hotline.kit.actor import ActorKind

    return Actor(kind=ActorKind.CITIZEN, id=0, name="")


def _who(request: HttpRequest) -> str:
    return str(acting_from.get() or request.META.get("REMOTE_ADDR", ""))


def _public_entry(request: HttpRequest, knowledge_id: int) -> Entry:
    entry = queries.entry_for(_visitor(request), knowledge_id)
    if entry.readers != Readers.PUBLIC or entry.state not in SERVED:
        raise NotVisible("entry")
    return entry


def _page(request: HttpRequest, shown: Entry, form: CorrectionForm, status: int = 200) -> HttpResponse:
    context = {
        "entry": shown,
        "html": html_of(shown.content, file_addresses(shown)),
        "region": places.path_text(shown.region) if shown.region else "",
        "files": queries.files_of(shown),
        "form": form,
    }
    return render(request, "knowledge/public_entry.html", context, status=status)


@public
@require_GET
def entry(request: HttpRequest, knowledge_id: int) -> HttpResponse:
    """One public entry."""
    shown = _public_entry(request, knowledge_id)
    actions.count_use(actor=actor_of(request), kind="opened", entry_id=shown.pk)
    return _page(request, shown, CorrectionForm())


@public
@require_POST
def helpful(request: HttpRequest, knowledge_id: int) -> HttpResponse:
    """Did it help? `answer=yes|no`."""
    shown = _public_entry(request, knowledge_id)
    if allow(f"knowledge-helpful:{_who(request)}:{shown.pk}", 1, 24 * 3600):
        kind = "helpful" if request.POST.get("answer") == "yes" else "unhelpful"
        actions.count_use(actor=actor_of(request), kind=kind, entry_id=shown.pk)
    messages.success(request, _("Thank you."))
    return HttpResponseRedirect(reverse("knowledge:public", args=[shown.pk]))


@public
@require_POST
def report(request: HttpRequest, knowledge_id: int) -> HttpResponse:
    """A citizen says what is wrong; the unit answers."""
    shown = _public_entry(request, knowledge_id)
    form = CorrectionForm(request.POST)
    if not allow(f"knowledge-report:{_who(request)}", REPORTS, 3600):
        form.add_error(None, _("You have reported several things; please try again in an hour, or call 12345."))
    elif form.is_valid():
        try:
            actions.report_correction(actor=actor_of(request), entry_id=shown.pk, text=form.cleaned_data["text"])
        except Invalid as error:
            form.add_error("text", str(error.message))
        else:
            messages.success(request, _("Thank you. The unit looks at it within a few working days."))
            return HttpResponseRedirect(reverse("knowledge:public", args=[shown.pk]))
    return _page(request, shown, form, 422)


@public
@require_GET
def download(request: HttpRequest, file_id: int) -> HttpResponse:
    """A file of an entry that the visitor may read; pictures open, everything else is saved."""
    row = queries.file_for(actor_of(request), file_id)
    path = files.path_of(row.sha256)
    if not path.exists():
        raise NotVisible("file")
    picture = row.media_type.startswith("image/")
    answer = FileResponse(path.open("rb"), as_attachment=not picture, filename=row.name, content_type=row.media_type)
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    return cast(HttpResponse, answer)  # a stream is as good an answer
