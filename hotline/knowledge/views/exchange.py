"""Import with a dry run, export."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid
from hotline.knowledge import actions, permissions
from hotline.knowledge.actions.exporting import export as export_entries
from hotline.knowledge.actions.importing import MOST_BYTES, batch_for
from hotline.knowledge.files import DOCX
from hotline.knowledge.forms import FileForm
from hotline.knowledge.models import Batch
from hotline.knowledge.rules.tables import COLUMNS, NEEDED


@access(permissions.IMPORT)
@require_http_methods(["GET", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """Open a file; one's latest imports."""
    actor = actor_of(request)
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            opened = actions.open_import(actor=actor, file_name=given.name, data=given.read(MOST_BYTES + 1))
        except Invalid as error:
            form.add_error("file", str(error.details.get("file", error.message)))
        else:
            return HttpResponseRedirect(reverse("knowledge:batch", args=[opened.pk]))
    rows = Batch.objects.filter(created_by=actor.key()).order_by("-id").defer("rows", "faults")[:20]
    context = {"form": form, "batches": rows, "columns": [(label, name in NEEDED) for name, label in COLUMNS.items()]}
    return render(request, "knowledge/imports.html", context, status=422 if form.errors else 200)


@access(permissions.IMPORT)
@require_http_methods(["GET", "POST"])
def batch(request: HttpRequest, knowledge_batch: int) -> HttpResponse:
    """The dry run: rows and faults; POST writes."""
    actor = actor_of(request)
    if request.method == "POST":
        done = actions.run_import(actor=actor, batch_id=knowledge_batch)
        messages.success(request, _("%(n)d entries are handed in for review.") % {"n": done.written})
        return HttpResponseRedirect(reverse("knowledge:batch", args=[done.pk]))
    shown = batch_for(actor, knowledge_batch)
    wrong = {fault["row"] for fault in shown.faults}
    good = [row for row in shown.rows if int(row["row"]) not in wrong]
    return render(request, "knowledge/batch.html", {"batch": shown, "good": len(good), "sample": good[:10]})


@access(permissions.IMPORT)
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """`?kind=csv|word`."""
    kind = "word" if request.GET.get("kind") == "word" else "csv"
    data = export_entries(actor=actor_of(request), kind=kind)
    answer = HttpResponse(data, content_type=DOCX if kind == "word" else "text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="knowledge.{"docx" if kind == "word" else "csv"}"'
    return answer
