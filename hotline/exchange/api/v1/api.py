"""The public API, version 1: `/api/v1/`."""

from __future__ import annotations

import json
import logging
from typing import Annotated, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Status
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.params.functions import Path, Query

from hotline.accounts.models import Unit
from hotline.accounts.queries import open_units
from hotline.exchange import rules
from hotline.exchange.api.v1 import schemas
from hotline.exchange.api.v1.access import Token, caller_with
from hotline.intake.actions import file_payload
from hotline.intake.queries import category_facts, questions_of
from hotline.kit import clock
from hotline.kit.access import actor_of
from hotline.kit.errors import ActionError, Invalid, NotVisible, problem
from hotline.kit.paging import keyset
from hotline.places.models import Division
from hotline.workorders import actions as workorders
from hotline.workorders import queries as orders
from hotline.workorders.models import Category, Channel, WorkOrder
from hotline.workorders.queries.citizen import citizen_view

log = logging.getLogger("hotline.exchange")

api = NinjaAPI(
    title="12345 hotline",
    version="1",
    description="File appeals and follow them. Every refusal is an RFC 9457 problem document; every write takes an Idempotency-Key.",
    auth=Token(),
    urls_namespace="exchange:api-v1",
    docs_url=None,
)

PROBLEMS = dict.fromkeys((400, 401, 403, 404, 409, 413, 422, 429), schemas.Problem)
PAGE = 100


@api.exception_handler(ActionError)
def refused(request: HttpRequest, error: ActionError) -> HttpResponse:
    return problem(error)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    details = {".".join(str(part) for part in item["loc"]): item["msg"] for item in error.errors}
    return problem(Invalid("invalid", _("The request does not fit the description."), details=details))


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return _plain("not_found", 404, _("There is nothing here, or not for this token."))


@api.exception_handler(AuthenticationError)
def unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = _plain("token", 401, _("The token is missing, unknown, revoked or past its end."))
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(RequestDataTooBig)
def too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    text = _("The body is larger than %(most)d KB.") % {"most": (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) // 1024}
    return _plain("too_large", 413, text)


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _plain("http", error.status_code, error.message)


def _plain(code: str, status: int, title: str) -> HttpResponse:
    fault = ActionError(code, title)
    fault.status = status
    return problem(fault)


def _inline(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema with its own definitions written in place, as an OpenAPI body needs it."""
    definitions = schema.pop("$defs", {})

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                merged = {
                    **definitions[node["$ref"].rsplit("/", 1)[1]],
                    **{k: v for k, v in node.items() if k != "$ref"},
                }
                return walk(merged)
            return {key: walk(value) for key, value in node.items()}
        return [walk(item) for item in node] if isinstance(node, list) else node

    return walk(schema)  # type: ignore[no-any-return]


BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _inline(schemas.AppealIn.model_json_schema())}},
    },
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[\\x21-\\x7e]+$"},
            "description": "Yours, new for each appeal; the same key with the same body gives the first result again.",
        }
    ],
}


@api.post(
    "/appeals",
    response={201: schemas.AppealFiled, **PROBLEMS},
    openapi_extra=BODY,
    tags=["appeals"],
    summary="File an appeal",
)
def file_appeal(request: HttpRequest) -> HttpResponse:
    """The body is stored before it is read; 201 means that nothing of it can be lost any more."""
    caller = caller_with(request, "appeals:write")
    key = request.headers.get("Idempotency-Key", "")
    if not rules.KEY.match(key):
        text = _("Send a header Idempotency-Key of 1 to 100 visible characters, new for each appeal.")
        raise Invalid("idempotency_key", text, details={"Idempotency-Key": text})
    _refuse_inner_fields(request.body)
    filed = file_payload(
        actor=caller.actor,
        channel=Channel.API,
        source=f"api:{caller.token_id}",
        idempotency_key=key,
        payload=request.body,
        media_type=request.content_type or "application/json",
    )
    made = schemas.AppealFiled(
        number=filed.number, lookup_code=filed.lookup_code, promised=filed.promised, repeated=filed.again
    )
    # Written by the schema itself: through the framework the answer costs a tenth of the filing.
    return HttpResponse(made.model_dump_json(), content_type=JSON, status=201)


JSON = "application/json; charset=utf-8"
_INNER = (("citizen", "citizen_id"), ("demand", "attachment_key"), ("demand", "call_id"))
_SIGNS = (b"\\", *(name.encode() for _part, name in _INNER))
"""Without one of these in its bytes a document has none of the names; an escape may spell any of them."""


def _refuse_inner_fields(body: bytes) -> None:
    """Names that only the platform's own doors may use: an outside system must not pick a citizen's row or a draft's files."""
    if not any(sign in body for sign in _SIGNS):
        return
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return  # stored and quarantined like everything that cannot be read
    for part, name in _INNER:
        inner = document.get(part) if isinstance(document, dict) else None
        if isinstance(inner, dict) and name in inner:
            text = _("The field %(name)s is not part of the interface.") % {"name": f"{part}.{name}"}
            raise Invalid("invalid", _("The request does not fit the description."), details={f"{part}.{name}": text})


def _shape(order: WorkOrder, *, timeline: bool) -> dict[str, Any]:
    view = citizen_view(order)
    return {
        "number": order.number,
        "state": order.state,
        "state_text": view.state_text,
        "title": order.title,
        "created_at": order.created_at,
        "promised": order.due_at,
        "unit": view.unit,
        "closed_at": order.closed_at,
        "reply": view.reply,
        "timeline": [{"at": step.at, "text": step.text, "unit": step.unit} for step in view.steps]
        if timeline
        else [],
    }


def _own(request: HttpRequest, number: str, scope: str) -> WorkOrder:
    caller_with(request, scope)
    if not rules.NUMBER.match(number):
        raise NotVisible(number)
    return orders.get_visible(caller_with(request, scope).actor, number)


@api.get(
    "/appeals",
    response={200: schemas.AppealList, **PROBLEMS},
    tags=["appeals"],
    summary="Your appeals, newest first",
)
def list_appeals(request: HttpRequest, cursor: Annotated[str, Query(max_length=400)] = "") -> dict[str, Any]:
    caller = caller_with(request, "appeals:read")
    rows = orders.visible_to(caller.actor).select_related("lead_unit")
    page = keyset(rows, order=("-id",), cursor=cursor, size=PAGE)
    return {"items": [_shape(order, timeline=False) for order in page.rows], "next": page.next}


@api.get(
    "/appeals/{number}",
    response={200: schemas.AppealOut, **PROBLEMS},
    tags=["appeals"],
    summary="One appeal with its timeline",
)
def get_appeal(request: HttpRequest, number: str) -> dict[str, Any]:
    return _shape(_own(request, number, "appeals:read"), timeline=True)


@api.post(
    "/appeals/{number}/supplements",
    response={201: schemas.Done, **PROBLEMS},
    tags=["appeals"],
    summary="Add what was missing",
)
def supplement(request: HttpRequest, number: str, body: schemas.TextIn) -> Status[dict[str, Any]]:
    order = _own(request, number, "appeals:write")
    workorders.supplement(actor=actor_of(request), order_id=order.pk, text=body.text)
    order.refresh_from_db(fields=["state"])
    return Status(201, {"number": order.number, "state": order.state})


@api.post(
    "/appeals/{number}/urges", response={201: schemas.Done, **PROBLEMS}, tags=["appeals"], summary="Urge"
)
def urge(request: HttpRequest, number: str, body: schemas.TextIn) -> Status[dict[str, Any]]:
    order = _own(request, number, "appeals:write")
    changed = workorders.urge(actor=actor_of(request), order_id=order.pk, text=body.text)
    return Status(201, {"number": changed.number, "state": changed.state})


@api.post(
    "/appeals/{number}/withdrawal",
    response={200: schemas.Done, **PROBLEMS},
    tags=["appeals"],
    summary="Withdraw",
)
def withdraw(request: HttpRequest, number: str, body: schemas.TextIn) -> dict[str, Any]:
    order = _own(request, number, "appeals:write")
    changed = workorders.withdraw(actor=actor_of(request), order_id=order.pk, text=body.text)
    return {"number": changed.number, "state": changed.state}


@api.get(
    "/categories",
    response={200: list[schemas.CategoryOut], **PROBLEMS},
    tags=["reference"],
    summary="The taxonomy in use today",
)
def categories(request: HttpRequest) -> list[dict[str, Any]]:
    caller_with(request, "reference:read")
    today = clock.today()
    rows: QuerySet[Category] = (
        Category.objects.select_related("parent").exclude(effective_to__lt=today).order_by("code")
    )
    return [
        {
            "code": c.code,
            "name": c.name,
            "path_name": c.path_name,
            "level": c.level,
            "parent": c.parent.code if c.parent else "",
        }
        for c in rows
    ]


@api.get(
    "/categories/{code}/questions",
    response={200: list[schemas.QuestionOut], **PROBLEMS},
    tags=["reference"],
    summary="What a category asks; its own questions, else those of the nearest category above",
)
def questions(
    request: HttpRequest, code: Annotated[str, Path(pattern=r"^[0-9A-Za-z._-]{1,40}$")]
) -> list[dict[str, Any]]:
    caller_with(request, "reference:read")
    today = clock.today()
    if category_facts(code, today) is None:
        raise NotVisible(code)
    return [
        {
            "code": one.code,
            "label": one.label,
            "kind": one.kind,
            "required": one.required,
            "choices": list(one.choices),
            "help": one.help,
        }
        for one in questions_of(code, today).questions
    ]


@api.get(
    "/divisions",
    response={200: list[schemas.DivisionOut], **PROBLEMS},
    tags=["reference"],
    summary="Divisions below one; without `parent` the top",
)
def divisions(
    request: HttpRequest, parent: Annotated[str, Query(pattern=r"^(\d{12})?$")] = ""
) -> list[dict[str, Any]]:
    caller_with(request, "reference:read")
    rows = (
        Division.objects.filter(parent_id=parent) if parent else Division.objects.filter(parent__isnull=True)
    )
    return [
        {"code": d.code, "name": d.name, "level": d.level, "parent": d.parent_id or ""}
        for d in rows.order_by("code")[:2000]
    ]


@api.get(
    "/units",
    response={200: list[schemas.UnitOut], **PROBLEMS},
    tags=["reference"],
    summary="Units open today",
)
def units(request: HttpRequest) -> list[dict[str, Any]]:
    caller_with(request, "reference:read")
    rows: QuerySet[Unit] = open_units().select_related("parent").order_by("code")
    return [
        {"code": u.code, "name": u.name, "level": u.level, "parent": u.parent.code if u.parent else ""}
        for u in rows[:5000]
    ]
