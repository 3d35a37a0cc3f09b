"""Files of an order: sending, showing, taking away."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.kit.access import access, actor_of, public
from hotline.kit.errors import Invalid, NotVisible
from hotline.workorders.actions import _files
from hotline.workorders.actions.attachments import attach, open_attachment, remove_attachment
from hotline.workorders.models import Attachment, WorkOrder
from hotline.workorders.queries.page import sees_hub_words
from hotline.workorders.queries.photos import photo_proofs
from hotline.workorders.queries.visibility import get_visible
from hotline.workorders.views._upload import ReceivedFile, streamed

_INLINE = ("image/jpeg", "image/png", "image/gif", "image/webp")


def received(request: HttpRequest) -> ReceivedFile:
    """The one file of the request; raises Invalid when it is missing (422) or was too large (413)."""
    files: Any = request.FILES  # reading it is what receives the body
    if request.streamed.exceeded:  # type: ignore[attr-defined]
        raise _files.too_large()
    file = files.get("file")
    if file is None:
        raise Invalid("file", _("Choose a file."), details={"file": _("Choose a file.")})
    return cast(ReceivedFile, file)


@streamed
@access("workorders:note", "workorders:reply", "workorders:contact")
@require_POST
def upload(request: HttpRequest, number: str) -> HttpResponse:
    """Store one file with an order."""
    actor = actor_of(request)
    order = get_visible(actor, number)
    file = received(request)
    row = attach(
        actor=actor,
        order_id=order.pk,
        received=file.received,
        name=file.name or "file",
        kind=request.POST.get("kind", "file"),
        audience=request.POST.get("audience", ""),
    )
    if getattr(request, "htmx", False) or request.headers.get("HX-Request"):
        return render(
            request, "workorders/_file.html", {"file": row, "order": order, "may_attach": True}, status=201
        )
    messages.success(request, _("%(name)s was stored.") % {"name": row.name})
    return redirect("workorders:detail", order.number)


upload.door, upload.codes = "access", ("workorders:note", "workorders:reply", "workorders:contact")  # type: ignore[attr-defined]


def _serve(request: HttpRequest, attachment_id: int, thumbnail: bool) -> HttpResponse:
    row, path = open_attachment(actor=actor_of(request), attachment_id=attachment_id, thumbnail=thumbnail)
    inline = thumbnail or (row.media_type in _INLINE and request.GET.get("show") == "1")
    response = FileResponse(open(path, "rb"), content_type="image/jpeg" if thumbnail else row.media_type)  # noqa: SIM115
    response["Content-Disposition"] = content_disposition_header(not inline, row.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=300" if thumbnail else "private, no-store"
    return cast(HttpResponse, response)


@public
@require_GET
def download(request: HttpRequest, attachment_id: int) -> HttpResponse:
    """A file, for whoever may see its order: staff by reach, the citizen their own order's public files."""
    return _serve(request, attachment_id, thumbnail=False)


@public
@require_GET
def thumbnail(request: HttpRequest, attachment_id: int) -> HttpResponse:
    """The small picture of a photo."""
    return _serve(request, attachment_id, thumbnail=True)


@access("workorders:view")
@require_GET
def photos(request: HttpRequest, order_id: int) -> HttpResponse:
    """The order's photos as proof, for whoever reviews it."""
    actor = actor_of(request)
    proofs = photo_proofs(actor, order_id, hub=sees_hub_words(actor))
    return render(request, "workorders/_photos.html", {"proofs": proofs})


@access("workorders:note", "workorders:reply", "workorders:contact")
@require_POST
def remove(request: HttpRequest, attachment_id: int) -> HttpResponse:
    """Hide a file, with a reason."""
    row = (
        Attachment.objects.filter(pk=attachment_id, order__isnull=False)
        .values_list("order__number", flat=True)
        .first()
    )
    if row is None:
        raise NotVisible("attachment")
    remove_attachment(
        actor=actor_of(request), attachment_id=attachment_id, reason=request.POST.get("reason", "")
    )
    order: WorkOrder = get_visible(actor_of(request), row)
    if getattr(request, "htmx", False):
        return HttpResponse(headers={"HX-Trigger": "act-done"})
    messages.success(request, _("The file was taken away."))
    return redirect("workorders:detail", order.number)
