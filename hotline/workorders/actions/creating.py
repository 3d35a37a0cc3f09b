"""create_order: the way of every accepted appeal into handling. Few statements, because it is the busiest door."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotPermitted
from hotline.kit.events import emit, subscribers
from hotline.kit.statements import fetch_one
from hotline.workorders import permissions
from hotline.workorders.actions._case import name_handlers
from hotline.workorders.city import category_code, city, pinned_to
from hotline.workorders.models import Channel, DemandType, Flow, OrderAccess, OrderState, Urgency, WorkOrder
from hotline.workorders.rules import VERBS, Moment, search_text
from hotline.workorders.rules import clocks as clock_rules
from hotline.workorders.rules.clocks import LogEntry
from hotline.worktime import queries as worktime

ALWAYS_SECRET = frozenset({DemandType.REPORT})
"""举报: the caller is visible only to named handlers (rules.md section 9)."""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What an accepted appeal says. `secret` is implied by a report of wrongdoing. `received_at`: None means now."""

    channel: str
    demand_type: str
    title: str
    content: str
    urgency: str = Urgency.ROUTINE
    category_id: int | None = None
    citizen_id: int | None = None
    expectation: str = ""
    occurred_at: datetime | None = None
    subject_name: str = ""
    subject_contact: str = ""
    division_id: str | None = None
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    labels: Sequence[str] = ()
    answers: dict[str, Any] = field(default_factory=dict)
    anonymous: bool = False
    on_behalf_of: str = ""
    secret: bool = False
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order that may be written: its columns without number and search, and the parameters of `order_part`."""

    columns: dict[str, Any]
    values: list[Any]


def create_order(*, actor: Actor, demand: NewOrder, reviewed: bool = False) -> WorkOrder:
    """Create the order with its number, first event, clocks and jobs; `reviewed` sends it straight to dispatch.

    Returns the order as written. Raises Invalid (fields) and NotPermitted.
    """
    prepared = prepare_order(actor=actor, demand=demand, reviewed=reviewed)
    order = WorkOrder(**prepared.columns)
    # Without a savepoint: a fault here ends the whole intake anyway.
    with transaction.atomic(savepoint=False):
        row = fetch_one(_statement(), prepared.values)
        assert row is not None
        order.pk, order.number, event = row[:3]
        order._state.adding = False
        order._state.db = "default"
        finish_order(actor=actor, order_id=order.pk, event_id=event, secret=order.secret)
    return order


def prepare_order(*, actor: Actor, demand: NewOrder, reviewed: bool = False, citizen_known: bool = True) -> Prepared:
    """Permit, check, compute the clocks: all of `create_order` that needs no statement of its own.

    Write it by `order_part` (with `citizen` when not `citizen_known`), then call `finish_order` if it is `unfinished`.
    Raises as `create_order`.
    """
    verdict = permissions.can(actor, "create", None)
    if not verdict:
        raise NotPermitted(VERBS["create"].permission, verdict.reason)
    _check(demand)
    now = clock.now()
    columns = _columns_of(actor, demand, now, reviewed)
    moments = (Moment.CREATED, Moment.REVIEWED) if reviewed else (Moment.CREATED,)
    select = [columns["demand_type"], category_code(demand.category_id), columns["urgency"], columns["channel"], columns["flow"]]
    data: dict[str, Any] = dict(demand.data)
    rows: list[dict[str, Any]] = []
    if columns["policy_id"] and columns["calendar_id"]:
        policy = worktime.policy(columns["policy_id"]).document
        calendar = worktime.calendar(columns["calendar_id"]).calendar
        lines = clock_rules.starts(policy, select, moments, round_=1)
        if lines:
            data["clocks"], data["select"] = [line.json() for line in lines], select
            found = clock_rules.rebuild([LogEntry(now, "create", columns["state"], data)], policy, calendar)
            columns["due_at"] = found.due_at()
            rows = [{"kind": key.kind, "side": key.side, **item.row()} for key, item in found.clocks.items()]
    return Prepared(columns, _values_of(columns, actor, data, rows, citizen_known))


def unfinished(prepared: Prepared) -> bool:
    """Whether `finish_order` has more to write, so that both must stand in one transaction."""
    return bool(prepared.columns["secret"]) or bool(subscribers().get(VERBS["create"].event))


def finish_order(*, actor: Actor, order_id: int, event_id: int, secret: bool) -> None:
    """What follows from a new order's rows, in their transaction: named handlers of a secret one, jobs."""
    if secret:
        _name_first_handlers(order_id, actor)
    emit(VERBS["create"].event, order_id=order_id, event_id=event_id)


_CHANNELS, _DEMAND_TYPES, _URGENCIES = (frozenset(one.values) for one in (Channel, DemandType, Urgency))


def _check(demand: NewOrder) -> None:
    faults: dict[str, str] = {}
    if demand.channel not in _CHANNELS:
        faults["channel"] = _("Unknown channel.")
    if demand.demand_type not in _DEMAND_TYPES:
        faults["demand_type"] = _("Choose what kind of demand it is.")
    if demand.urgency not in _URGENCIES:
        faults["urgency"] = _("Choose the urgency.")
    if not demand.title.strip():
        faults["title"] = _("A title is needed.")
    elif len(demand.title) > 200:
        faults["title"] = _("The title may have 200 characters at most.")
    if not demand.content.strip():
        faults["content"] = _("Say what it is about.")
    if faults:
        raise Invalid("order", _("The order cannot be created like this."), details=faults)


def _columns_of(actor: Actor, demand: NewOrder, now: datetime, reviewed: bool) -> dict[str, Any]:
    policy, calendar = pinned_to(now)
    return {
        "state": str(OrderState.PENDING_DISPATCH if reviewed else OrderState.PENDING_REVIEW),
        "created_at": now,
        "channel": str(demand.channel),
        "demand_type": str(demand.demand_type),
        "urgency": str(demand.urgency),
        "title": demand.title.strip(),
        "content": demand.content.strip(),
        "expectation": demand.expectation,
        "occurred_at": demand.occurred_at,
        "subject_name": demand.subject_name[:120],
        "subject_contact": demand.subject_contact[:120],
        "category_id": demand.category_id,
        "labels": list(demand.labels),
        "answers": demand.answers,
        "division_id": demand.division_id or None,
        "address": demand.address[:300],
        "latitude": demand.latitude,
        "longitude": demand.longitude,
        "citizen_id": demand.citizen_id,
        "anonymous": demand.anonymous,
        "on_behalf_of": demand.on_behalf_of[:60],
        "secret": demand.secret or demand.demand_type in ALWAYS_SECRET,
        "created_by": actor.key(),
        "flow": str(Flow.FIRST),
        "policy_id": policy,
        "calendar_id": calendar,
        "due_at": None,
    }


GIVEN = frozenset(
    {
        "state", "created_at", "channel", "demand_type", "urgency", "title", "content", "expectation", "occurred_at",
        "subject_name", "subject_contact", "category_id", "labels", "answers", "division_id", "address", "latitude",
        "longitude", "citizen_id", "anonymous", "on_behalf_of", "secret", "created_by", "due_at", "policy_id",
        "calendar_id",
    }
)
"""Columns that a new order fills; all others begin with their model's default, written into the statement."""


def _fields() -> tuple[list[models.Field[Any, Any]], list[models.Field[Any, Any]]]:
    """The model's columns: given, fixed. From the model, so that a new column is never forgotten."""
    fields = [one for one in WorkOrder._meta.concrete_fields if one.name not in ("id", "number", "search")]
    return [one for one in fields if one.attname in GIVEN], [one for one in fields if one.attname not in GIVEN]


def order_part(source: str = "", citizen: str = "") -> str:
    """Order, event, clocks and the news of them as parts of a larger statement. Parameters: `Prepared.values`.

    The part `new_order` has `id` and `number`, `new_event` has `id`. Nothing is written unless every part named in
    `source` has a row; `citizen` is SQL of the citizen's id there, else the id is a parameter.
    """
    given, fixed = _fields()
    columns = ",".join(one.column for one in (*given, *fixed))
    values = ",".join(
        [citizen if citizen and one.attname == "citizen_id" else "%s" for one in given]
        + [_literal(one.get_default()) for one in fixed]
    )
    # Only names of columns and the model's own defaults are put into the text; every value is a parameter.
    return (
        "running AS (SELECT nextval('workorders_number')::text AS v),"
        f" new_order AS (INSERT INTO workorders_workorder (number,search,{columns})"
        f" SELECT %s || lpad(v, greatest(6, length(v)), '0'),to_tsvector('simple', %s),{values}"
        f" FROM running{source and ', ' + source} RETURNING id, number),"
        " new_event AS (INSERT INTO workorders_workorderevent (order_id, at, verb, actor, actor_name, unit_id, assignment_id,"
        " old_state, new_state, audience, reason_code, text, data)"
        " SELECT id, %s, 'create', %s, %s, %s::bigint, NULL, '', %s, '', '', '', %s::jsonb FROM new_order RETURNING id),"
        " new_clocks AS (INSERT INTO workorders_clock (order_id, side, kind, round, state, level, started_at, original_due_at,"
        " due_at, next_at, marks)"
        " SELECT o.id, x.side, x.kind, 1, x.state, x.level, x.started_at, x.original_due_at, x.due_at, x.next_at, x.marks"
        " FROM new_order AS o, jsonb_to_recordset(%s::jsonb) AS x(side text, kind text, state text, level text, started_at timestamptz,"
        " original_due_at timestamptz, due_at timestamptz, next_at timestamptz, marks jsonb)),"
        " news AS (INSERT INTO kit_live_event (topic, kind, payload) SELECT topic, %s, jsonb_build_object('order', o.id) || %s::jsonb"
        " FROM new_order AS o, unnest(array_prepend('order:' || o.id, %s::text[])) AS topic)"
    )


@lru_cache(maxsize=1)
def _statement() -> str:
    return f"WITH {order_part()} SELECT o.id, o.number, e.id, pg_notify('live', '') FROM new_order AS o, new_event AS e"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).upper()
    return "'" + str(value).replace("'", "''").replace("%", "%%") + "'"


def _values_of(
    columns: dict[str, Any], actor: Actor, data: dict[str, Any], clocks: list[dict[str, Any]], citizen_known: bool
) -> list[Any]:
    """Parameters in the order of `order_part`."""
    names = _names()
    news = {"verb": "create", "state": columns["state"], "revision": 1}
    return [
        f"{city().prefix}{columns['created_at'].astimezone(clock.CITY_ZONE):%Y%m%d}-",
        search_text(columns["title"], columns["content"], columns["address"], columns["subject_name"]),
        *(_plain(name, columns[name]) for name in names if citizen_known or name != "citizen_id"),
        columns["created_at"], actor.key(), actor.name[:80], actor.grants[0].unit_id if actor.grants else None,
        columns["state"], _dumps(data), _dumps(clocks), VERBS["create"].event, _dumps(news),
        "{}" if columns["secret"] else "{pool}",
    ]  # fmt: skip


@lru_cache(maxsize=1)
def _names() -> tuple[str, ...]:
    return tuple(one.attname for one in _fields()[0])


def _plain(name: str, value: Any) -> Any:
    if name == "answers":
        return _dumps(value)
    return "{}" if name == "labels" and not value else value


def _dumps(value: Any) -> str:
    return json.dumps(value, default=lambda moment: moment.isoformat(), ensure_ascii=False)


def _name_first_handlers(order_id: int, actor: Actor) -> None:
    """A secret order is open to its creator and to the centre's people who handle secrets."""
    if actor.is_staff:
        OrderAccess.objects.create(order_id=order_id, person_id=actor.id, granted_by=actor.key(), reason=_("created the order"))
    if city().hub_id:
        name_handlers(WorkOrder(pk=order_id), city().hub_id, actor, _("handles confidential orders at the hotline centre"))
