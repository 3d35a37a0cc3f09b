"""The phone's API, version 1. Shapes and examples: docs/frontline-api.md."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.accounts.actions import reveal_identity
from hotline.calls import actions as calls
from hotline.frontline import actions, queries
from hotline.frontline.permissions import WORK
from hotline.frontline.rules import BadEnvelope, Envelope, read_envelope
from hotline.frontline.views.door import by_device, device_of_request
from hotline.kit import livetoken, livetopics
from hotline.kit.access import access, actor_of, public
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused, Stale, problem
from hotline.workorders import permissions
from hotline.workorders.actions.attachments import open_attachment
from hotline.workorders.models import Assignment, WorkOrder
from hotline.workorders.queries import get_visible
from hotline.workorders.queries.inbox import handling_units

LIVE_FOR = timedelta(minutes=10)


@public
@require_GET
def root(request: HttpRequest) -> HttpResponse:
    """The version and the time, for a phone that asks how wrong its clock is."""
    response = JsonResponse({"version": 1, "server_time": now().isoformat()})
    response["Cache-Control"] = "no-store"
    return response


@access(*WORK)
@require_POST
def devices(request: HttpRequest) -> HttpResponse:
    """A token for this phone, by the session's cookie and form token: `{uid, label}` → token and the store's keys."""
    body = _body(request)
    try:
        uid = uuid.UUID(str(body.get("uid")))
    except ValueError:
        return problem(Invalid("uid", _("The device did not say which one it is.")))
    session = request.staff_session  # type: ignore[attr-defined]
    made = actions.make_device(actor=actor_of(request), session=session, uid=uid, label=str(body.get("label", "")))
    response = JsonResponse(
        {
            "token": made.token, "uid": str(uid), "cache_key": made.cache_key, "queue_key": made.queue_key,
            "until": queries.until(session).isoformat(), "server_time": now().isoformat(),
        },
        status=201,
    )  # fmt: skip
    response["Cache-Control"] = "no-store"
    return response


@by_device
@require_http_methods(["DELETE"])
def device(request: HttpRequest) -> HttpResponse:
    """The token ends; the session goes on until it is signed out."""
    actions.forget_device(actor=actor_of(request), device=device_of_request(request))
    return HttpResponse(status=204)


@by_device
@require_GET
def basis(request: HttpRequest) -> HttpResponse:
    """Who I am, and what acts choose from."""
    return _json(request, queries.basis_json(actor_of(request)))


@by_device
@require_GET
def tasks(request: HttpRequest) -> HttpResponse:
    """Today's tasks, what is due first on top."""
    actor = actor_of(request)
    return _json(request, {"tasks": queries.tasks_json(actor), "secret": queries.secret_count(actor)})


@by_device
@require_GET
def task(request: HttpRequest, assignment_id: int) -> HttpResponse:
    """One task, whatever its state."""
    found = queries.tasks_json(actor_of(request), only=assignment_id)
    if not found:
        raise NotVisible("assignment")
    return _json(request, {"task": found[0]})


@by_device
@require_POST
def acts(request: HttpRequest) -> HttpResponse:
    """One envelope. 200 with its receipt, `again` when it was known; 409 `stale` with both sides and the task as it is now."""
    envelope = _envelope(_body(request))
    actor = actor_of(request)
    try:
        return _json(request, actions.perform(actor=actor, device=device_of_request(request), envelope=envelope))
    except Stale as error:
        now_there = queries.tasks_json(actor, only=envelope.assignment)
        answer = {"code": "stale", "status": 409, "title": str(error.message), "theirs": _theirs(error), "task": now_there[0] if now_there else None}
        return JsonResponse(answer, status=409, json_dumps_params={"default": str})


def _theirs(error: Stale) -> dict[str, Any]:
    from hotline.workorders.rules import VERBS

    theirs = dict(error.details.get("theirs") or {})
    verb = VERBS.get(str(theirs.get("verb", "")))
    return {**theirs, "title": str(verb.told) if verb else "", "revision": error.details.get("revision")}


@by_device
@require_POST
def photos(request: HttpRequest) -> HttpResponse:
    """One photo: form fields `envelope` (JSON, verb `photo`) and `file`."""
    envelope = _envelope(_parsed(request.POST.get("envelope", "")))
    file = request.FILES.get("file")
    if file is None:
        raise Invalid("file", _("Choose a file."))
    answer = actions.perform_photo(
        actor=actor_of(request), device=device_of_request(request), envelope=envelope, chunks=file.chunks(), name=file.name or "photo.jpg"
    )
    return _json(request, answer)


@by_device
@require_GET
def picture(request: HttpRequest, attachment_id: int) -> HttpResponse:
    """The small picture of a photo, to be kept on the phone."""
    _row, path = open_attachment(actor=actor_of(request), attachment_id=attachment_id, thumbnail=True)
    return cast(HttpResponse, FileResponse(open(path, "rb"), content_type="image/jpeg"))


@by_device
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """The key of the live stream for my units; what it says is only that something moved."""
    actor = actor_of(request)
    wanted = [f"unit:{number}" for number in handling_units(actor)] + [f"person:{actor.id}"]
    topics = livetopics.allowed(actor, wanted)
    expires = now() + LIVE_FOR
    token = livetoken.sign(topics, actor.key(), expires, settings.SECRET_KEY)
    return _json(request, {"url": f"{settings.LIVE_URL}/live/stream", "token": token, "expires": expires.isoformat()})


@by_device
@require_POST
def call(request: HttpRequest, assignment_id: int) -> HttpResponse:
    """Call the citizen through the platform: both telephones ring and neither sees a number. 409 `no_telephone` without one."""
    actor, order = actor_of(request), _order(request, assignment_id)
    if not settings.TELEPHONE_ON or not actor.has("calls:take"):
        raise Refused("no_telephone", _("The platform has no telephone for you. Give a reason to see the number."))
    assert order.citizen_id is not None
    calls.call_citizen(actor=actor, citizen_id=order.citizen_id, order_number=order.number)
    return JsonResponse({"calling": True})


@by_device
@require_POST
def reveal(request: HttpRequest, assignment_id: int) -> HttpResponse:
    """Name and number for a reason `{reason}`, audited before they are sent; the phone shows them for a minute and keeps nothing."""
    actor, order = actor_of(request), _order(request, assignment_id)
    assert order.citizen_id is not None
    identity = reveal_identity(
        actor=actor, citizen_id=order.citizen_id, order_id=order.pk, reason=str(_body(request).get("reason", ""))[:200],
        unit_paths=permissions.unit_paths_of(order), area_code=order.actual_division_id or order.division_id or "", secret=order.secret,
        named=permissions.is_named(actor, order),
    )  # fmt: skip
    return JsonResponse({"name": identity.name, "phone": identity.phone})


def _order(request: HttpRequest, assignment_id: int) -> WorkOrder:
    row = Assignment.objects.filter(pk=assignment_id).values_list("order_id", flat=True).first()
    if row is None:
        raise NotVisible("assignment")
    order = get_visible(actor_of(request), row)
    if order.citizen_id is None or order.secret:
        raise Refused("no_citizen", _("Nobody can be called about this order from the phone."))
    return order


def _json(request: HttpRequest, body: dict[str, Any]) -> HttpResponse:
    session = device_of_request(request).session
    more = {"server_time": now().isoformat(), "until": queries.until(session).isoformat() if session else None}
    return JsonResponse({**body, **more}, json_dumps_params={"ensure_ascii": False})


def _parsed(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise Invalid("body", _("The request could not be read.")) from None
    if not isinstance(found, dict):
        raise Invalid("body", _("The request could not be read."))
    return found


def _body(request: HttpRequest) -> dict[str, Any]:
    return _parsed(request.body)


def _envelope(body: dict[str, Any]) -> Envelope:
    try:
        return read_envelope(body)
    except BadEnvelope as error:
        raise Invalid("envelope", _("The phone sent something that cannot be read."), details={str(error): "?"}) from None
