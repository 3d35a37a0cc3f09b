"""Files of a draft by the tus protocol 1.0.0 (core, creation, termination, expiration): a cut line begins nothing anew.

Who sends names the draft by its key (`Draft-Key`), which nobody can guess; the answer to the last piece tells the file.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.http import require_GET, require_http_methods

from hotline.kit import clock
from hotline.kit.access import public
from hotline.kit.bodies import takes_files
from hotline.kit.errors import ActionError, NotVisible
from hotline.kit.numbers import whole
from hotline.portal import visitor
from hotline.portal.limits import limited
from hotline.workorders.actions import uploading
from hotline.workorders.models import PartialUpload

VERSION = "1.0.0"
PIECE = 64 * 1024


def _answer(status: int, row: PartialUpload | None = None) -> HttpResponse:
    response = HttpResponse(status=status)
    response["Tus-Resumable"] = VERSION
    response["Cache-Control"] = "no-store"
    if row is not None:
        response["Upload-Offset"] = str(row.received)
        response["Upload-Length"] = str(row.length)
        response["Upload-Expires"] = http_date(row.expires_at.timestamp())
        if row.attachment_id:
            response["Upload-Attachment"] = str(row.attachment_id)
    return response


def _said_no(error: ActionError) -> HttpResponse:
    response = _answer(error.status)
    response.content = str(error.message).encode()
    response["Content-Type"] = "text/plain; charset=utf-8"
    return response


def _other_version(request: HttpRequest) -> HttpResponse | None:
    if request.headers.get("Tus-Resumable") == VERSION:
        return None
    response = _answer(412)
    response["Tus-Version"] = VERSION
    return response


def _name(header: str) -> str:
    """`filename` of Upload-Metadata: pairs divided by commas, values in base64."""
    for pair in header.split(","):
        key, _space, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return "file"
    return "file"


@public
@require_http_methods(["OPTIONS", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """What the server can, and the announcement of a file."""
    if request.method == "OPTIONS":
        response = _answer(204)
        response["Tus-Version"] = VERSION
        response["Tus-Extension"] = "creation,termination,expiration"
        response["Tus-Max-Size"] = str(settings.MAX_UPLOAD_BYTES)
        return response
    if (other := _other_version(request)) is not None:
        return other
    limited(request, "upload", 60, 600)
    try:
        row = uploading.open_upload(
            actor=visitor.actor(request),
            appeal_key=request.headers.get("Draft-Key", ""),
            length=whole(request.headers.get("Upload-Length", "")) or 0,
            name=_name(request.headers.get("Upload-Metadata", "")),
        )
    except ActionError as error:
        return _said_no(error)
    response = _answer(201, row)
    response["Location"] = reverse("portal:resumable", args=[row.pk])
    return response


@public
@takes_files
@require_http_methods(["HEAD", "PATCH", "DELETE"])
def one(request: HttpRequest, key: str) -> HttpResponse:
    """How far a file is, its next bytes, or its end."""
    if (other := _other_version(request)) is not None:
        return other
    actor, draft = visitor.actor(request), request.headers.get("Draft-Key", "")
    try:
        if request.method == "HEAD":
            return _answer(200, uploading.upload_of(actor=actor, appeal_key=draft, token=key))
        if request.method == "DELETE":
            uploading.end_upload(actor=actor, appeal_key=draft, token=key)
            return _answer(204)
        if request.content_type != "application/offset+octet-stream":
            return _answer(415)
        offset = whole(request.headers.get("Upload-Offset", ""))
        if offset is None:
            return _answer(400)
        return _answer(
            204, uploading.add_to_upload(actor=actor, appeal_key=draft, token=key, offset=offset, chunks=_chunks(request))
        )
    except NotVisible:
        return _answer(404)
    except ActionError as error:
        return _said_no(error)


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    while piece := request.read(PIECE):
        yield piece


@public
@require_GET
def door(request: HttpRequest) -> HttpResponse:
    """A fresh token for a page that a phone kept longer than its session, and whether somebody is signed in, and our clock."""
    answer = {"token": get_token(request), "known": visitor.citizen_id(request) is not None, "now": clock.now().isoformat()}
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})
