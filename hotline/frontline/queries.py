"""What a phone is told: its tasks, and what it needs to know to act on them without a network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q

from hotline.accounts.models import StaffSession, Unit, UnitLevel
from hotline.accounts.queries import open_units, why_over
from hotline.frontline.actions.devices import token_hash
from hotline.frontline.models import Device
from hotline.kit.actor import Actor
from hotline.kit.clock import today
from hotline.workorders.models import (
    AssignmentRole,
    AssignmentState,
    DemandFinding,
    DemandType,
    FactFinding,
    Outcome,
    ReasonKind,
    ReplyMethod,
    SiteVisit,
)
from hotline.workorders.queries import reasons
from hotline.workorders.queries.inbox import handling_units, owed
from hotline.workorders.queries.tasks import Task, secret_tasks, tasks_of
from hotline.workorders.rules import findings_for

MOST_UNITS = 160


def device_of(token: str) -> Device | None:
    """The device of a token whose session still runs; None otherwise."""
    found = Device.objects.select_related("person", "session__person").filter(token_hash=token_hash(token)).first()
    if found is None or found.session is None or why_over(found.session) is not None:
        return None
    return found


def until(session: StaffSession) -> datetime:
    """When the session ends whatever happens; a phone without a network forgets its tasks then."""
    return session.created_at + timedelta(hours=settings.STAFF_SESSION_HOURS)


def tasks_json(actor: Actor, *, only: int | None = None) -> list[dict[str, Any]]:
    """Every task as the phone keeps it; see docs/frontline-api.md. Times are ISO 8601 with zone, degrees WGS-84."""
    return [_task(actor, task) for task in tasks_of(actor, only=only)]


def secret_count(actor: Actor) -> int:
    """Confidential orders that wait on the computer."""
    return secret_tasks(actor)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _task(actor: Actor, task: Task) -> dict[str, Any]:
    row, order = task.assignment, task.assignment.order
    division = order.actual_division or order.division
    return {
        "id": row.pk,
        "number": order.number,
        "revision": order.revision,
        "title": order.title,
        "content": order.content,
        "expectation": order.expectation,
        "type": order.demand_type,
        "type_name": order.get_demand_type_display(),
        "category": order.category.name if order.category else "",
        "urgency": order.urgency,
        "urgency_name": order.get_urgency_display(),
        "state": row.state,
        "state_name": row.get_state_display(),
        "role": row.role,
        "unit": row.unit.short_name,
        "from": row.parent.unit.short_name if row.parent else "",
        "instructions": row.instructions,
        "mine": row.handler_id == actor.id,
        "handler": row.handler.name if row.handler else "",
        "due": _iso(row.next_due_at or row.due_at),
        "owed": str(owed(row).label),
        "finish_due": _iso(row.due_at),
        "created": _iso(order.created_at),
        "address": order.actual_address or order.address,
        "division": division.name if division else "",
        "division_code": division.pk if division else "",
        "latitude": order.latitude,
        "longitude": order.longitude,
        "citizen": order.citizen_id is not None,
        "steps": [[str(step), done] for step, done in task.steps],
        "next": str(task.next) if task.next else None,
        "visit": task.visit,
        "findings": [[one.value, str(one.label)] for one in findings_for(order.demand_type)],
        "may": _may(row.state, row.role),
        "photos": [
            {"id": one.pk, "kind": one.kind, "at": _iso(one.taken_at or one.created_at), "name": one.name} for one in task.photos
        ],
        "messages": [
            {"id": one.event_id, "at": _iso(one.at), "title": one.title, "by": one.by, "text": one.text, "pressing": one.pressing}
            for one in task.messages
        ],
        "contacts": [{"at": _iso(one.contacted_at), "reached": one.reached, "text": one.text} for one in task.contacts],
        "asked": [
            {"unit": one.unit, "state": str(AssignmentState(one.state).label), "done": one.state == AssignmentState.DONE,
             "at": _iso(one.asked_at), "due": _iso(one.due_at), "question": one.question, "answer": one.answer}
            for one in task.asked
        ],
    }  # fmt: skip


def _may(state: str, role: str) -> list[str]:
    """Acts beside the next step, by the tables' states; the action itself has the last word."""
    if state == AssignmentState.PENDING_SIGN:
        return ["return", "note"]
    if state != AssignmentState.IN_PROGRESS:
        return ["contact", "note"]
    if role == AssignmentRole.ASSISTANT:
        return ["send_down", "return", "note"]
    return ["contact", "ask_assistance", "send_down", "return", "note"]


def basis_json(actor: Actor) -> dict[str, Any]:
    """What acts choose from, and which units may be asked; read once a start."""
    units = list(open_units().filter(pk__in=handling_units(actor)))
    day = today()
    return {
        "person": {"id": actor.id, "name": actor.name},
        "units": [{"id": unit.pk, "name": unit.short_name or unit.name} for unit in units],
        "ask": [{"id": unit.pk, "name": unit.short_name or unit.name} for unit in _neighbours(units)],
        "below": [{"id": unit.pk, "name": unit.short_name or unit.name} for unit in _below(units)],
        "reasons": {
            "no_contact": [[one.code, one.name] for one in reasons(ReasonKind.NO_CONTACT, day)],
            "return": [[one.code, one.name] for one in reasons(ReasonKind.RETURN, day)],
            "unsolved": [],
        },
        "demand_findings": _choices(DemandFinding),
        "plain": ["true", "adopted", "policy_found"],
        "visits": _choices(SiteVisit),
        "methods": _choices(ReplyMethod),
        "outcomes": _choices(Outcome),
        "finding_names": _choices(FactFinding),
        "types": _choices(DemandType),
    }


def _choices(kind: Any) -> list[list[str]]:
    return [[one.value, str(one.label)] for one in kind]


def _neighbours(units: Sequence[Unit]) -> list[Unit]:
    """Units that one whistles for: those under the same roof, those of the district, the bureaus and public firms."""
    own = {unit.pk for unit in units}
    condition = Q(level__in=[UnitLevel.FIRM, UnitLevel.BUREAU])
    for unit in units:
        above = [int(part) for part in unit.path.split("/") if part][:-1]
        condition |= Q(parent_id=unit.parent_id) | Q(pk__in=above[1:]) | Q(parent_id__in=above[1:])
    found = open_units().filter(condition).exclude(pk__in=own).exclude(level=UnitLevel.HUB).distinct()
    return list(found.order_by("-path")[:MOST_UNITS])


def _below(units: Sequence[Unit]) -> list[Unit]:
    condition = Q(pk__in=[])
    for unit in units:
        condition |= Q(path__startswith=unit.path) & ~Q(pk=unit.pk)
    return list(open_units().filter(condition).order_by("path")[:MOST_UNITS])


__all__ = ["basis_json", "device_of", "secret_count", "tasks_json", "until"]
