"""CSV imports: open a file, say which column means what, check, run, stop, resume."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.intake import actions
from hotline.intake.actions.importing import stored_header
from hotline.intake.forms import ImportForm, MappingForm
from hotline.intake.queries.quarantine import batch as find_batch
from hotline.intake.queries.quarantine import batches
from hotline.intake.rules.columns import FIELDS
from hotline.intake.tasks import import_batch
from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid
from hotline.kit.events import defer

DOOR = "intake:import"


@access(DOOR)
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Imports so far, and a new file."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            opened = actions.open_import(actor=actor_of(request), file_name=given.name, data=given.read())
        except Invalid as error:
            form.add_error("file", str(error.message))
        else:
            return redirect("intake:import", batch_id=opened.pk)
    return render(
        request,
        "intake/imports.html",
        {"form": form, "batches": batches()},
        status=422 if form.errors else 200,
    )


@access(DOOR)
@require_GET
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """One import; the progress part asks for itself while it runs."""
    return _show(request, batch_id, None)


def _show(request: HttpRequest, batch_id: int, form: MappingForm | None) -> HttpResponse:
    found = find_batch(batch_id)
    context = {
        "batch": found,
        "form": form or MappingForm(stored_header(found), initial=found.mapping),
        "field_words": {name: label for name, (label, _names) in FIELDS.items()},
        "started": bool(found.next_row) or found.state == "running",
    }
    if getattr(request, "htmx", False) and request.method == "GET":
        return render(request, "intake/_import_progress.html", context)
    return render(request, "intake/import.html", context, status=422 if form and form.errors else 200)


@access(DOOR)
@require_POST
def check(request: HttpRequest, batch_id: int) -> HttpResponse:
    """The dry run with this mapping."""
    form = MappingForm(stored_header(find_batch(batch_id)), request.POST)
    if not form.is_valid():
        return _show(request, batch_id, form)
    try:
        found = actions.check_import(actor=actor_of(request), batch_id=batch_id, mapping=form.cleaned_data)
    except Invalid as error:
        form.add_error(None, str(error.message))
        return _show(request, batch_id, form)
    messages.info(
        request,
        _("Checked %(total)d rows: %(wrong)d have faults. Nothing was filed.")
        % {"total": found.total, "wrong": found.failed},
    )
    return redirect("intake:import", batch_id=batch_id)


@access(DOOR)
@require_POST
def run(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Start or resume; the work is a job."""
    found = find_batch(batch_id)
    if found.state != "finished":
        defer(import_batch, batch_id=batch_id, person_id=actor_of(request).id)
        messages.info(request, _("The import has begun. You may leave this page."))
    return redirect("intake:import", batch_id=batch_id)


@access(DOOR)
@require_POST
def stop(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Stop; it can be resumed."""
    actions.stop_import(actor=actor_of(request), batch_id=batch_id)
    return redirect("intake:import", batch_id=batch_id)
