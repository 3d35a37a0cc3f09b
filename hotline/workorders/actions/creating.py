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
from psycopg.types.json import Jsonb

from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotPermitted
from hotline.kit.events import emit
from hotline.kit.statements import fetch_one
from hotline.workorders import permissions
from hotline.workorders.actions._case import name_handlers
from hotline.workorders.actions._log import shared_topics
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


def create_order(*, actor: Actor, demand: NewOrder, reviewed: bool = False) -> WorkOrder:
    """Create the order with its number, first event, clocks and jobs; `reviewed` sends it straight to dispatch.

    Returns the order as written. Raises Invalid (fields) and NotPermitted.
    """
    verdict = permissions.can(actor, "create", None)
    if not verdict:
        raise NotPermitted(VERBS["create"].permission, verdict.reason)
    _check(demand)
    now = clock.now()
    order = _order_of(actor, demand, now, reviewed)
    moments = (Moment.CREATED, Moment.REVIEWED) if reviewed else (Moment.CREATED,)
    select = [order.demand_type, category_code(order.category_id), order.urgency, order.channel, order.flow]
    data: dict[str, Any] = dict(demand.data)
    rows: list[dict[str, Any]] = []
    if order.policy_id and order.calendar_id:
        policy, calendar = worktime.policy(order.policy_id).document, worktime.calendar(order.calendar_id).calendar
        lines = clock_rules.starts(policy, select, moments, round_=1)
        if lines:
            data["clocks"], data["select"] = [line.json() for line in lines], select
            found = clock_rules.rebuild([LogEntry(now, "create", order.state, data)], policy, calendar)
            order.due_at = found.due_at()
            rows = [{"kind": key.kind, "side": key.side, **item.row()} for key, item in found.clocks.items()]
    # Without a savepoint: it stands in every intake's way, and a fault here ends the whole intake anyway.
    with transaction.atomic(savepoint=False):
        event = _insert(order, actor, data, rows)
        if order.secret:
            _name_first_handlers(order, actor)
        emit(VERBS["create"].event, order_id=order.pk, event_id=event)
    return order


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


def _order_of(actor: Actor, demand: NewOrder, now: datetime, reviewed: bool) -> WorkOrder:
    policy, calendar = pinned_to(now)
    return WorkOrder(
        state=str(OrderState.PENDING_DISPATCH if reviewed else OrderState.PENDING_REVIEW),
        created_at=now,
        channel=str(demand.channel),
        demand_type=str(demand.demand_type),
        urgency=str(demand.urgency),
        title=demand.title.strip(),
        content=demand.content.strip(),
        expectation=demand.expectation,
        occurred_at=demand.occurred_at,
        subject_name=demand.subject_name[:120],
        subject_contact=demand.subject_contact[:120],
        category_id=demand.category_id,
        labels=list(demand.labels),
        answers=demand.answers,
        division_id=demand.division_id or None,
        address=demand.address[:300],
        latitude=demand.latitude,
        longitude=demand.longitude,
        citizen_id=demand.citizen_id,
        anonymous=demand.anonymous,
        on_behalf_of=demand.on_behalf_of[:60],
        secret=demand.secret or demand.demand_type in ALWAYS_SECRET,
        created_by=actor.key(),
        flow=str(Flow.FIRST),
        policy_id=policy,
        calendar_id=calendar,
    )


GIVEN = frozenset(
    {
        "state", "created_at", "channel", "demand_type", "urgency", "title", "content", "expectation", "occurred_at",
        "subject_name", "subject_contact", "category_id", "labels", "answers", "division_id", "address", "latitude",
        "longitude", "citizen_id", "anonymous", "on_behalf_of", "secret", "created_by", "due_at", "policy_id",
        "calendar_id",
    }
)
"""Columns that a new order fills; all others begin with their model's default, written into the statement.

Fewer than 50 parameters and 4,096 characters: psycopg then keeps the parsed statement.
"""


@lru_cache(maxsize=1)
def _statement() -> tuple[str, tuple[models.Field[Any, Any], ...]]:
    """Order, event, clocks and the news of them in one statement. Columns come from the model, so that a new one is never forgotten."""
    fields = [one for one in WorkOrder._meta.concrete_fields if one.name not in ("id", "number", "search")]
    given = tuple(one for one in fields if one.attname in GIVEN)
    fixed = [one for one in fields if one.attname not in GIVEN]
    columns = ",".join(one.column for one in (*given, *fixed))
    values = ",".join(["%s"] * len(given) + [_literal(one.get_default()) for one in fixed])
    # Only names of columns and the model's own defaults are put into the text; every value is a parameter.
    return (
        "WITH n AS (SELECT nextval('workorders_number')::text AS v),"
        f" o AS (INSERT INTO workorders_workorder (number,search,{columns})"
        f" SELECT %s || lpad(v, greatest(6, length(v)), '0'),to_tsvector('simple', %s),{values} FROM n RETURNING id, number),"
        " e AS (INSERT INTO workorders_workorderevent (order_id, at, verb, actor, actor_name, unit_id, assignment_id, old_state,"
        " new_state, audience, reason_code, text, data)"
        " SELECT id, %s, 'create', %s, %s, %s::bigint, NULL, '', %s, '', '', '', %s FROM o RETURNING id),"
        " c AS (INSERT INTO workorders_clock (order_id, side, kind, round, state, level, started_at, original_due_at, due_at,"
        " next_at, marks)"
        " SELECT o.id, x.side, x.kind, 1, x.state, x.level, x.started_at, x.original_due_at, x.due_at, x.next_at, x.marks"
        " FROM o, jsonb_to_recordset(%s) AS x(side text, kind text, state text, level text, started_at timestamptz,"
        " original_due_at timestamptz, due_at timestamptz, next_at timestamptz, marks jsonb)),"
        " l AS (INSERT INTO kit_live_event (topic, kind, payload) SELECT topic, %s, jsonb_build_object('order', o.id) || %s"
        " FROM o, unnest(array_prepend('order:' || o.id, %s::text[])) AS topic)"
        " SELECT o.id, o.number, e.id, pg_notify('live', '') FROM o, e",
        given,
    )


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).upper()
    return "'" + str(value).replace("'", "''").replace("%", "%%") + "'"


def _insert(order: WorkOrder, actor: Actor, data: dict[str, Any], clocks: list[dict[str, Any]]) -> int:
    """Write the rows, set id and number on the order, return the event's id."""
    statement, fields = _statement()
    prefix = f"{city().prefix}{order.created_at.astimezone(clock.CITY_ZONE):%Y%m%d}-"
    words = search_text(order.title, order.content, order.address, order.subject_name)
    values: list[Any] = [
        prefix, words, *(_plain(one, getattr(order, one.attname)) for one in fields),
        order.created_at, actor.key(), actor.name[:80], actor.grants[0].unit_id if actor.grants else None,
        order.state, Jsonb(data), Jsonb(clocks, dumps=_dumps),
        VERBS["create"].event, Jsonb({"verb": "create", "state": order.state, "revision": order.revision}),
        shared_topics(order, "create", ""),
    ]
    row = fetch_one(statement, values)
    assert row is not None
    order.pk, order.number, event = row[:3]
    order._state.adding = False
    order._state.db = "default"
    number: int = event
    return number


def _plain(column: models.Field[Any, Any], value: Any) -> Any:
    return Jsonb(value) if isinstance(column, models.JSONField) else value


def _dumps(value: Any) -> str:
    return json.dumps(value, default=lambda moment: moment.isoformat())


def _name_first_handlers(order: WorkOrder, actor: Actor) -> None:
    """A secret order is open to its creator and to the centre's people who handle secrets."""
    if actor.is_staff:
        OrderAccess.objects.create(order=order, person_id=actor.id, granted_by=actor.key(), reason=_("created the order"))
    if city().hub_id:
        name_handlers(order, city().hub_id, actor, _("handles confidential orders at the hotline centre"))
