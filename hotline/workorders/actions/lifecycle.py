"""The hotline centre's verbs: review, pool, dispatch, closing, redo, reopening, correction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Unit
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, Refused
from hotline.workorders.actions._cards import set_card
from hotline.workorders.actions._case import Case, is_top_lead, name_handlers, unit_of, units_of
from hotline.workorders.actions._clocks import known_clocks
from hotline.workorders.city import city
from hotline.workorders.models import (
    Assignment,
    AssignmentRole,
    AssignmentState,
    Audience,
    Category,
    ClockLevel,
    ClosingKind,
    DemandType,
    ListedState,
    Note,
    OrderState,
    Supervision,
    SupervisionKind,
    Urgency,
    WorkOrder,
)
from hotline.workorders.rules import DIRECT_KINDS, VERBS, Moment, closing_kind, search_text
from hotline.workorders.rules.clocks import ClockEffect, effects_of
from hotline.workorders.rules.closing import redo_flow

UNCLAIMED: Mapping[str, Any] = {"pool_claimed_by_id": None, "pool_claimed_at": None}


# ── review ──


@transaction.atomic
def pass_review(*, actor: Actor, order_id: int, text: str = "", revision: int | None = None) -> WorkOrder:
    """预审通过: its elements are complete, it waits for dispatch."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("pass_review")
    case.require("pass_review")
    case.change(state=str(OrderState.PENDING_DISPATCH))
    case.record("pass_review", text=text)
    return case.order


@transaction.atomic
def ask_supplement(*, actor: Actor, order_id: int, text: str, revision: int | None = None) -> WorkOrder:
    """Ask the citizen for what is missing; `text` is read by them. The city's clocks wait."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("ask_supplement")
    case.require("ask_supplement", text=text)
    case.change(state=str(OrderState.PENDING_SUPPLEMENT), **UNCLAIMED)
    case.record("ask_supplement", text=text, audience=Audience.PUBLIC)
    return case.order


@transaction.atomic
def supply(*, actor: Actor, order_id: int, text: str, revision: int | None = None) -> WorkOrder:
    """The citizen (or an agent for them) gives what was missing."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("supply")
    case.require("supply", text=text)
    Note.objects.create(
        order=case.order, audience=Audience.PUBLIC, kind="supplement", text=text, author=actor.key(), author_name=actor.name[:80],
        created_at=case.now,
    )
    case.change(state=str(OrderState.PENDING_REVIEW))
    case.record("supply", text=text, audience=Audience.PUBLIC)
    return case.order


# ── pool ──


@transaction.atomic
def claim(*, actor: Actor, order_id: int, revision: int | None = None) -> WorkOrder:
    """Take an order from the public pool into one's own; claiming one's own again changes nothing."""
    case = Case.of(actor, order_id, revision=revision)
    case.permit("claim")
    case.require("claim")
    if case.order.pool_claimed_by_id != actor.id:
        case.change(pool_claimed_by_id=actor.id, pool_claimed_at=case.now)
        case.record("claim")
    return case.order


@transaction.atomic
def release(*, actor: Actor, order_id: int, revision: int | None = None) -> WorkOrder:
    """Give a claimed order back to the public pool."""
    case = Case.of(actor, order_id, revision=revision)
    case.permit("release")
    case.require("release")
    case.change(**UNCLAIMED)
    case.record("release")
    return case.order


@transaction.atomic
def send_back(*, actor: Actor, order_id: int, text: str, revision: int | None = None) -> WorkOrder:
    """The dispatcher gives the order back to review."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("send_back")
    case.require("send_back", text=text)
    case.change(state=str(OrderState.PENDING_REVIEW), **UNCLAIMED)
    case.record("send_back", text=text)
    return case.order


@transaction.atomic
def dispute(*, actor: Actor, order_id: int, text: str, revision: int | None = None) -> WorkOrder:
    """疑难会商: nobody's duty is clear; it goes to arbitration."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("dispute")
    case.require("dispute", text=text)
    case.change(state=str(OrderState.ARBITRATION), difficult=True, **UNCLAIMED)
    case.record("dispute", text=text)
    return case.order


@transaction.atomic
def dispatch_order(
    *,
    actor: Actor,
    order_id: int,
    lead_unit_id: int,
    assistant_unit_ids: Iterable[int] = (),
    instructions: str = "",
    urgency: str | None = None,
    revision: int | None = None,
) -> WorkOrder:
    """派单: lead (主办) and assistants (协办) get the order with clocks of their own."""
    case = Case.of(actor, order_id, revision=revision, text=instructions)
    case.permit("dispatch")
    case.require("dispatch")
    if urgency is not None:
        case.change(urgency=_choice(Urgency, "urgency", urgency))
    _send(case, "dispatch", unit_of(lead_unit_id), units_of(assistant_unit_ids), instructions)
    return case.order


@transaction.atomic
def designate(
    *,
    actor: Actor,
    order_id: int,
    lead_unit_id: int,
    text: str,
    assistant_unit_ids: Iterable[int] = (),
    revision: int | None = None,
) -> WorkOrder:
    """Arbitration names the lead and, if needed, assistants; returns are locked (禁止退回)."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("designate")
    case.require("designate", text=text)
    case.change(return_locked=True, difficult=True)
    _send(case, "designate", unit_of(lead_unit_id), units_of(assistant_unit_ids), text)
    return case.order


def _send(case: Case, verb: str, lead: Unit, assistants: list[Unit], instructions: str) -> Assignment:
    assignment = case.add(lead, instructions=instructions)
    for unit in assistants:
        case.add(unit, role=AssignmentRole.ASSISTANT, instructions=instructions)
    order = case.order
    case.change(
        state=str(OrderState.PENDING_SIGN), lead_unit_id=lead.pk, dispatched_at=order.dispatched_at or case.now, **UNCLAIMED
    )
    case.record(verb, assignment=assignment, text=instructions, data={"lead": lead.pk, "assistants": [unit.pk for unit in assistants]})
    return assignment


@transaction.atomic
def add_assistants(
    *, actor: Actor, order_id: int, unit_ids: Iterable[int], text: str = "", revision: int | None = None
) -> WorkOrder:
    """加派: the centre asks more units to assist."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("add_assistants")
    case.require("add_assistants")
    units = _some_units(unit_ids)
    for unit in units:
        case.add(unit, role=AssignmentRole.ASSISTANT, instructions=text)
    case.record("add_assistants", text=text, data={"assistants": [unit.pk for unit in units]})
    return case.order


def _some_units(unit_ids: Iterable[int]) -> list[Unit]:
    units = units_of(unit_ids)
    if not units:
        raise Invalid("units", _("Choose at least one unit."), details={"units": _("Choose at least one unit.")})
    return units


# ── ends ──


@transaction.atomic
def close_directly(*, actor: Actor, order_id: int, kind: str, text: str, reason_code: str = "", revision: int | None = None) -> WorkOrder:
    """Close without a unit: answered on the line, not accepted, referred, or automatic. `text` is read by the citizen."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("close_directly")
    case.require("close_directly", text=text)
    if kind not in DIRECT_KINDS:
        raise Invalid("closing_kind", _("This closing kind needs a unit's reply."), details={"kind": _("Choose one of the list.")})
    case.change(**UNCLAIMED)
    _close(case, "close_directly", ClosingKind(kind), text=text, reason_code=reason_code, audience=Audience.PUBLIC)
    return case.order


@transaction.atomic
def withdraw(*, actor: Actor, order_id: int, text: str, revision: int | None = None) -> WorkOrder:
    """撤回: the citizen takes the appeal back; every clock ends without a verdict."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("withdraw")
    case.require("withdraw", text=text)
    case.change(**UNCLAIMED)
    end_applications(case)
    _close(case, "withdraw", ClosingKind.WITHDRAWN, text=text, audience=Audience.PUBLIC)
    return case.order


def _close(
    case: Case, verb: str, kind: ClosingKind, *, text: str = "", reason_code: str = "", audience: str = "",
    assignment: Assignment | None = None, data: Mapping[str, Any] | None = None,
) -> None:
    case.end(case.open())
    case.change(state=str(OrderState.CLOSED), closed_at=case.now, closing_kind=str(kind))
    case.record(
        verb, text=text, reason_code=reason_code, audience=audience, assignment=assignment, data={"closing_kind": str(kind), **(data or {})}
    )


def end_applications(case: Case) -> None:
    """An order that ends takes its pending applications with it."""
    case.order.applications.filter(state="pending").update(state="cancelled", decided_at=case.now, decided_by=case.actor.key())


@transaction.atomic
def finish_follow_up(
    *,
    actor: Actor,
    order_id: int,
    solved: bool | None,
    satisfaction: int | None,
    opinion: str = "",
    round: int | None = None,
    revision: int | None = None,
) -> WorkOrder:
    """回访办结: the citizen's word closes the order; both None: nobody could be reached (未评价, automatic).

    `round` guards against an answer about an earlier handling (Refused `other_round`). `satisfaction` 1…5.
    """
    case = Case.of(actor, order_id, revision=revision, text=opinion)
    case.permit("finish_follow_up")
    case.require("finish_follow_up")
    if round is not None and round != case.order.round:
        raise Refused("other_round", _("The order has been handled again since; ask about the new result."))
    if satisfaction is not None and not 1 <= satisfaction <= 5:
        raise Invalid("satisfaction", _("Satisfaction is a number from 1 to 5."), details={"satisfaction": _("1 to 5.")})
    case.change(solved=solved, satisfaction=satisfaction)
    _close(
        case, "finish_follow_up", closing_kind(solved, satisfaction), text=opinion,
        data={"solved": solved, "satisfaction": satisfaction, "round": case.order.round},
    )
    return case.order


@transaction.atomic
def redo(
    *, actor: Actor, order_id: int, reason_code: str, text: str, supervised: bool = False, revision: int | None = None
) -> WorkOrder:
    """重办: the same unit handles it again, with the policy's clocks of that flow; the second time under supervision."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("redo")
    case.require("redo", text=text)
    case.reason("redo", reason_code)
    order = case.order
    last = _last_lead(case)
    flow = redo_flow(order.redo_count, supervised=supervised, options=city().options)
    _begin_round(case, flow=str(flow), redo_count=order.redo_count + 1)
    if flow == "supervised":
        case.change(supervised=True)
        Supervision.objects.create(
            order=order, kind=SupervisionKind.SUPERVISED, state=ListedState.ISSUED, reason_code=reason_code or "redo", text=text,
            created_by=actor.key(), created_at=case.now,
        )
    assignment = None
    if last is not None and last.unit.closed_on is None:
        assignment = case.add(last.unit, instructions=text)
        case.change(state=str(OrderState.PENDING_SIGN), lead_unit_id=last.unit_id)
    else:
        case.change(state=str(OrderState.PENDING_DISPATCH), lead_unit_id=None)
    case.record(
        "redo", assignment=assignment, reason_code=reason_code, text=text,
        moments=None if assignment else (Moment.REDONE, Moment.REVIEWED), data={"round": order.round, "flow": str(flow)},
    )
    return order


def _last_lead(case: Case) -> Assignment | None:
    done = [row for row in case.assignments.values() if is_top_lead(row) and row.state == AssignmentState.DONE]
    return done[-1] if done else None


def _begin_round(case: Case, **more: Any) -> None:
    case.change(
        round=case.order.round + 1, replied_at=None, closed_at=None, closing_kind="", solved=None, satisfaction=None, outcome="",
        return_locked=False, **more,
    )
    set_card(case.order, ClockLevel.GREEN)


@transaction.atomic
def reopen(*, actor: Actor, order_id: int, text: str, revision: int | None = None) -> WorkOrder:
    """Reopen a closed order by permission; it waits for dispatch in a new round."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("reopen")
    case.require("reopen", text=text)
    _begin_round(case)
    case.change(state=str(OrderState.PENDING_DISPATCH), lead_unit_id=None)
    case.record("reopen", text=text, data={"round": case.order.round})
    return case.order


@transaction.atomic
def archive(*, actor: Actor, order_id: int, revision: int | None = None) -> WorkOrder:
    """归档: final; only reopening by permission leads out."""
    case = Case.of(actor, order_id, revision=revision)
    case.permit("archive")
    case.require("archive")
    case.change(state=str(OrderState.ARCHIVED))
    case.record("archive")
    return case.order


@transaction.atomic
def exclude(*, actor: Actor, order_id: int, text: str, excluded: bool = True, revision: int | None = None) -> WorkOrder:
    """不计考核, or take that back."""
    verb = "exclude" if excluded else "include"
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit(verb)
    case.require(verb, text=text)
    if case.order.excluded != excluded:
        case.change(excluded=excluded)
        case.record(verb, text=text)
    return case.order


# ── correction ──

EDITABLE = (
    "demand_type", "category_id", "urgency", "title", "content", "expectation", "occurred_at", "subject_name", "subject_contact",
    "labels", "division_id", "address", "latitude", "longitude", "actual_division_id", "actual_address", "secret", "difficult",
)
SEARCHED = frozenset({"title", "content", "address", "subject_name"})
TIMED = frozenset({"demand_type", "category_id", "urgency"})


@transaction.atomic
def reclassify(*, actor: Actor, order_id: int, text: str = "", revision: int | None = None, **fields: Any) -> WorkOrder:
    """Correct the order (`EDITABLE`). Old and new values stay in the event; running clocks follow type, category, urgency.

    A report of wrongdoing stays confidential. Raises Invalid for an unknown field or value.
    """
    case = Case.of(actor, order_id, revision=revision, text=text or str(fields.get("content", "")))
    case.permit("reclassify")
    case.require("reclassify")
    changes = _changes(case.order, fields)
    if not changes:
        return case.order
    case.change(**{name: new for name, (_old, new) in changes.items()})
    if case.order.secret and "secret" in changes:
        for assignment in case.open():
            name_handlers(case.order, assignment.unit_id, actor, _("the unit was given this order"))
        name_handlers(case.order, city().hub_id, actor, _("handles confidential orders at the hotline centre"))
    timed = bool(TIMED & changes.keys())
    _index(case.order, changes)
    old_and_new = {name: list(pair) for name, pair in changes.items()}
    case.record("reclassify", text=text, effects=_respecs(case) if timed else (), data={"changes": old_and_new})
    return case.order


def _changes(order: WorkOrder, fields: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise Invalid("fields", _("These fields cannot be corrected."), details=dict.fromkeys(unknown, _("unknown")))
    wanted = dict(fields)
    for name, choices in (("demand_type", DemandType), ("urgency", Urgency)):
        if name in wanted:
            wanted[name] = _choice(choices, name, wanted[name])
    if wanted.get("category_id") and not Category.objects.filter(pk=wanted["category_id"]).exists():
        raise Invalid("category", _("This category does not exist."), details={"category": _("This category does not exist.")})
    for name in ("title", "content"):
        if name in wanted and not str(wanted[name]).strip():
            raise Invalid(name, _("This must not be empty."), details={name: _("This must not be empty.")})
    if wanted.get("demand_type", order.demand_type) == DemandType.REPORT:
        wanted["secret"] = True
    return {name: (getattr(order, name), new) for name, new in wanted.items() if getattr(order, name) != new}


def _choice(choices: Any, name: str, value: str) -> str:
    if value not in choices.values:
        raise Invalid(name, _("Choose one of the list."), details={name: _("Choose one of the list.")})
    return str(value)


def _index(order: WorkOrder, changes: Mapping[str, tuple[Any, Any]]) -> None:
    if SEARCHED & changes.keys():
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE workorders_workorder SET search = to_tsvector('simple', %s) WHERE id = %s",
                [search_text(order.title, order.content, order.address, order.subject_name), order.pk],
            )


def _respecs(case: Case) -> list[ClockEffect]:
    """Every clock still open asks the policy again, for the level that it was started for."""
    levels = {row.pk: row.unit.level for row in case.assignments.values()}
    lead = case.lead
    city_level = lead.unit.level if lead is not None else ""
    found = effects_of(VERBS["reclassify"], known_clocks(case.clocks), round_=case.order.round)
    return [ClockEffect(one.do, one.key, levels.get(one.key.assignment or 0, city_level)) for one in found]

