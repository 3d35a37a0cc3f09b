"""One locked order in the hands of one action: lock, permit, check rule, write, record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from hotline.accounts.models import Membership, Unit, UnitLevel
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused, Stale
from hotline.kit.statements import columns, fetch_models, fetch_one
from hotline.workorders import permissions
from hotline.workorders.actions import _clocks
from hotline.workorders.actions._log import announce, write_event
from hotline.workorders.city import category_code, city
from hotline.workorders.models import (
    OPEN_ASSIGNMENT_STATES,
    ApplicationKind,
    Assignment,
    AssignmentRole,
    AssignmentState,
    Clock,
    Involvement,
    OrderAccess,
    OrderState,
    ReasonCode,
    WorkOrder,
    WorkOrderEvent,
)
from hotline.workorders.rules import VERBS, WHY_NOT, Facts, Moment, Place, order_state_of, why_not
from hotline.workorders.rules.clocks import ClockEffect, effects_of, selection_of, starts
from hotline.worktime import queries as worktime
from hotline.worktime.rules import Selection

OPEN = frozenset(str(state) for state in OPEN_ASSIGNMENT_STATES)
_ORDER = f"SELECT {columns(WorkOrder, 'o')} FROM workorders_workorder o WHERE o.id = %s FOR UPDATE"
_ASSIGNMENTS = (
    f"SELECT {columns(Assignment, 'a')}, {columns(Unit, 'u')} FROM workorders_assignment a"
    " JOIN accounts_unit u ON u.id = a.unit_id WHERE a.order_id = %s ORDER BY a.id"
)
_CLOCKS = f"SELECT {columns(Clock, 'c')} FROM workorders_clock c WHERE c.order_id = %s ORDER BY c.id"
_PENDING = "SELECT kind FROM workorders_application WHERE assignment_id = %s AND state = 'pending' ORDER BY id LIMIT 1"


class Case:
    """Order, its assignments and the moment. Made by `Case.of` (by order) or `Case.at` (by assignment)."""

    def __init__(self, actor: Actor, order: WorkOrder) -> None:
        self.actor = actor
        self.order = order
        self.now = clock.now()
        self.old_state = str(order.state)
        self._changed: set[str] = set()
        self._moved: dict[int, str] = {}
        self._new: list[Assignment] = []

    # ── lock ──

    @classmethod
    def of(cls, actor: Actor, order_id: int, *, revision: int | None = None, text: str = "") -> Case:
        """Lock an order. Raises NotVisible when it does not exist, Stale when `revision` is not its own any more."""
        found = fetch_models(_ORDER, [order_id], WorkOrder)
        if not found:
            raise NotVisible
        (order,) = found[0]
        case = cls(actor, order)
        if revision is not None and revision != order.revision:
            case.refuse_unseen()
            raise stale(order, revision, text)
        return case

    @classmethod
    def at(cls, actor: Actor, assignment_id: int, *, revision: int | None = None, text: str = "") -> tuple[Case, Assignment]:
        """Lock the order of an assignment; raises as `of`."""
        found = fetch_one("SELECT order_id FROM workorders_assignment WHERE id = %s", [assignment_id])
        if found is None:
            raise NotVisible
        case = cls.of(actor, found[0], revision=revision, text=text)
        return case, case.assignments[assignment_id]

    @classmethod
    def many(cls, actor: Actor, order_ids: Iterable[int]) -> dict[int, Case]:
        """Lock several orders in the order of their ids, so that two such locks never wait for each other."""
        wanted = sorted(set(order_ids))
        found = {order.pk: cls(actor, order) for order in WorkOrder.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
        if len(found) != len(wanted):
            raise NotVisible
        return found

    @cached_property
    def assignments(self) -> dict[int, Assignment]:
        rows: dict[int, Assignment] = {}
        for row, unit in fetch_models(_ASSIGNMENTS, [self.order.pk], Assignment, Unit):
            rows[row.pk] = row
            row.order, row.unit = self.order, unit
        for row in rows.values():
            if row.parent_id is not None:
                row.parent = rows[row.parent_id]
        return rows

    @cached_property
    def clocks(self) -> list[Clock]:
        return [row for (row,) in fetch_models(_CLOCKS, [self.order.pk], Clock)]

    def open(self) -> list[Assignment]:
        return [row for row in self.assignments.values() if row.state in OPEN]

    @property
    def lead(self) -> Assignment | None:
        """The open top lead."""
        return next((row for row in self.open() if is_top_lead(row)), None)

    def children(self, assignment: Assignment, role: AssignmentRole | None = AssignmentRole.LEAD) -> list[Assignment]:
        return [row for row in self.open() if row.parent_id == assignment.pk and (role is None or row.role == role)]

    # ── permit, check rule ──

    def permit(self, verb: str, assignment: Assignment | None = None) -> None:
        """Raises NotPermitted with the reason, or NotVisible when the actor may not even see the order."""
        verdict = permissions.can(self.actor, verb, self.order, assignment, unit_paths=self._known_paths)
        if not verdict:
            self.refuse_unseen()
            raise NotPermitted(VERBS[verb].permission, verdict.reason)

    @property
    def _known_paths(self) -> tuple[str, ...] | None:
        if "assignments" not in self.__dict__:
            return None
        return tuple(dict.fromkeys(row.unit.path for row in self.assignments.values())) or (city().hub_path,)

    def refuse_unseen(self) -> None:
        """Raises NotVisible unless the actor sees the order."""
        if not permissions.sees(self.actor, self.order):
            raise NotVisible

    def require(self, verb: str, assignment: Assignment | None = None, *, text: str | None = None) -> None:
        """Check the tables; raises Refused with the reason, Invalid when words are missing."""
        row = VERBS[verb]
        code = why_not(row, self.order.state, assignment.state if assignment else None, self.facts(assignment))
        if code:
            raise Refused(code, WHY_NOT[code])
        if text is not None and row.text and not text.strip():
            raise Invalid("text_required", _("Words are needed here."), details={"text": _("Words are needed here.")})

    def facts(self, assignment: Assignment | None = None) -> Facts:
        order = self.order
        claimed = order.pool_claimed_by_id
        if assignment is None:
            return Facts(
                return_locked=order.return_locked,
                claimed=claimed is not None,
                claimed_by_other=claimed is not None and self.actor.is_staff and claimed != self.actor.id,
            )
        return Facts(
            role=AssignmentRole(assignment.role),
            top=assignment.parent_id is None,
            open_children=len(self.children(assignment)),
            due_assistants=sum(
                row.role == AssignmentRole.ASSISTANT and (row.due_at is None or row.due_at > self.now)
                for row in self.open()
                if row.pk != assignment.pk
            ),
            pending=self.pending_kind(assignment),
            parent_state=AssignmentState(assignment.parent.state) if assignment.parent is not None else None,
            return_locked=order.return_locked,
        )

    def pending_kind(self, assignment: Assignment) -> ApplicationKind | None:
        found = fetch_one(_PENDING, [assignment.pk])
        return ApplicationKind(found[0]) if found else None

    def reason(self, verb: str, code: str) -> None:
        """A reason code must be one in effect, once the city keeps codes of that kind. Raises Invalid."""
        kind = VERBS[verb].reason
        today = clock.today()
        codes = ReasonCode.objects.filter(Q(effective_to__isnull=True) | Q(effective_to__gte=today), kind=kind, effective_from__lte=today)
        known = set(codes.values_list("code", flat=True))
        if known and code not in known:
            raise Invalid("reason_code", _("Choose a reason from the list."), details={"reason_code": _("Choose a reason from the list.")})

    # ── write ──

    def change(self, **fields: Any) -> None:
        """Set fields of the order; written by `record`."""
        for name, value in fields.items():
            setattr(self.order, name, value)
            self._changed.add(name.removesuffix("_id") if name in _FOREIGN else name)

    def move(self, assignment: Assignment, state: AssignmentState, **fields: Any) -> None:
        """Change an assignment's state (and fields), now."""
        if state not in OPEN_ASSIGNMENT_STATES:
            fields.setdefault("ended_at", self.now)
        self.touch(assignment, state=str(state), **fields)
        self._moved[assignment.pk] = str(state)

    def touch(self, assignment: Assignment, **fields: Any) -> None:
        """Change fields of an assignment, now."""
        for name, value in fields.items():
            setattr(assignment, name, value)
        Assignment.objects.filter(pk=assignment.pk).update(**fields)

    def add(
        self, unit: Unit, *, role: AssignmentRole = AssignmentRole.LEAD, parent: Assignment | None = None, instructions: str = ""
    ) -> Assignment:
        """A new assignment; raises Refused when the unit is closed, the hotline centre itself, or has the order already."""
        check_unit(unit)
        if any(row.unit_id == unit.pk and row.round == self.order.round for row in self.open()):
            raise Refused("unit_has_it", _("%(unit)s has this order already.") % {"unit": unit.name})
        row = Assignment.objects.create(
            order=self.order, unit=unit, parent=parent, role=role, round=self.order.round, instructions=instructions, created_at=self.now
        )
        self.assignments[row.pk] = row
        self._new.append(row)
        self._involve(unit)
        return row

    def _involve(self, unit: Unit) -> None:
        ids = [int(part) for part in unit.path.split("/") if part]
        hub = city().hub_id
        Involvement.objects.bulk_create(
            [Involvement(unit_id=number, order=self.order) for number in ids if number != hub or number == unit.pk], ignore_conflicts=True
        )
        if self.order.secret:
            name_handlers(self.order, unit.pk, self.actor, _("the unit was given this order"))

    def end(self, rows: Iterable[Assignment], state: AssignmentState = AssignmentState.RECALLED) -> list[int]:
        """End assignments; returns their ids."""
        ended = []
        for row in rows:
            self.move(row, state)
            ended.append(row.pk)
        return ended

    def select(self) -> list[str]:
        """What the policy is asked with."""
        order = self.order
        return [order.demand_type, category_code(order.category_id), order.urgency, order.channel, order.flow]

    def selection(self, unit_level: str = "") -> Selection | None:
        """The policy's clocks and limits for this order at a unit of that level; None without a policy."""
        if not self.order.policy_id:
            return None
        return selection_of(worktime.policy(self.order.policy_id).document, self.select(), unit_level)

    # ── record ──

    def record(
        self,
        verb: str,
        *,
        assignment: Assignment | None = None,
        branch: Iterable[int] = (),
        concerns: Iterable[Assignment] | None = None,
        moments: Iterable[Moment] | None = None,
        effects: Iterable[ClockEffect] | None = None,
        extra: str = "",
        audience: str = "",
        reason_code: str = "",
        text: str = "",
        data: Mapping[str, Any] | None = None,
        event: str = "",
    ) -> int:
        """Write the event, bring clocks and order up to date, tell the world; returns the event's id.

        `branch`: assignments ended with this one. `concerns`: assignments whose clocks the verb's moments start
        (default: the new ones). `effects` replaces the verb's own clock column, `event` the event emitted.
        """
        order, row = self.order, VERBS[verb]
        body: dict[str, Any] = dict(data or {})
        lines = self._clock_lines(verb, assignment, branch, concerns, moments, effects, extra)
        if lines:
            body["clocks"] = [line.json() for line in lines]
            if any(line.do in ("start", "respec") for line in lines):
                body["select"] = self.select()
        if self._new:
            body["new"] = [[new.pk, new.unit_id, new.parent_id, str(new.role), new.round] for new in self._new]
        if self._moved:
            body["to"] = {str(number): state for number, state in self._moved.items()}
        new_state = str(order.state)
        number = write_event(
            order, verb, self.actor, at=self.now, old_state=self.old_state,
            new_state=new_state if new_state != self.old_state else "", unit_id=self._unit(row.place, assignment),
            assignment_id=assignment.pk if assignment else None, audience=audience, reason_code=reason_code, text=text, data=body,
        )
        if lines:
            self._changed |= _clocks.refresh(order, self.clocks, self.assignments.values())
        order.revision += 1
        order.save(update_fields=[*sorted(self._changed), "revision"])
        announce(order, verb, number, old_state=self.old_state, units=self._hearing(), event=event)
        self._changed, self._moved, self._new, self.old_state = set(), {}, [], new_state
        self.__dict__.pop("clocks", None)
        return number

    def _hearing(self) -> set[int]:
        """Units whose screens hear of it: they have the order, or have just lost it."""
        if "assignments" not in self.__dict__:
            return set()
        return {row.unit_id for row in self.assignments.values() if row.state in OPEN or row.pk in self._moved}

    def _clock_lines(
        self, verb: str, assignment: Assignment | None, branch: Iterable[int], concerns: Iterable[Assignment] | None,
        moments: Iterable[Moment] | None, effects: Iterable[ClockEffect] | None, extra: str,
    ) -> list[ClockEffect]:
        row, order = VERBS[verb], self.order
        starting = tuple(row.moments if moments is None else moments)
        if not order.policy_id or not order.calendar_id or not (row.effects or starting or effects or branch):
            return []
        known = _clocks.known_clocks(self.clocks)
        lines: list[ClockEffect] = []
        if effects is not None:
            lines += effects
        elif row.effects:
            lines += effects_of(
                row, known, round_=order.round, assignment=assignment.pk if assignment else None,
                chain=[one.pk for one in self.above(assignment)], branch=branch,
                top_lead=assignment is not None and is_top_lead(assignment), extra=extra,
            )
        ended = set(branch)
        lines += [
            line
            for clock_ in known
            if clock_.key.assignment in ended and clock_.state in ("running", "paused")
            and (line := ClockEffect("void", clock_.key)) not in lines
        ]
        if starting:
            units = list(self._new if concerns is None else concerns)
            lines += starts(
                worktime.policy(order.policy_id).document, self.select(), starting, round_=order.round, known=known,
                assignments=[(one.pk, one.unit.level, one.role, is_top_lead(one)) for one in units],
            )
        return lines

    def above(self, assignment: Assignment | None) -> list[Assignment]:
        """The assignments through which it came, the nearest first."""
        found = []
        while assignment is not None and assignment.parent is not None:
            assignment = assignment.parent
            found.append(assignment)
        return found

    def _unit(self, place: Place, assignment: Assignment | None) -> int | None:
        """The unit that acted."""
        if place is Place.UNIT and assignment is not None:
            return assignment.unit_id
        if place is Place.ABOVE and assignment is not None and assignment.parent is not None:
            return assignment.parent.unit_id
        if self.actor.grants:
            return self.actor.grants[0].unit_id
        return None

    def follow_lead(self, lead: Assignment) -> None:
        """Set the order's state from its top lead, when `lead` is that."""
        if is_top_lead(lead):
            self.change(state=str(order_state_of(lead.state)))


_FOREIGN = {field.attname for field in WorkOrder._meta.concrete_fields if field.attname != field.name}


def is_top_lead(row: Assignment) -> bool:
    """Sent by the hotline centre, as lead."""
    return row.parent_id is None and row.role == AssignmentRole.LEAD


def main_of(order_id: int) -> int | None:
    """The order in which a merged one is handled, through all merges; None when it is not merged."""
    main: int | None = None
    step: int | None = order_id
    while step is not None:
        step = WorkOrder.objects.filter(pk=step, state=OrderState.MERGED).values_list("merged_into_id", flat=True).first()
        main = step if step is not None else main
    return main


def check_unit(unit: Unit, today: date | None = None) -> None:
    """Raises Refused for a unit that cannot handle orders."""
    if unit.closed_on is not None and unit.closed_on <= (today or clock.today()):
        raise Refused("unit_closed", _("%(unit)s is closed. Choose its successor.") % {"unit": unit.name})
    if unit.level == UnitLevel.HUB:
        raise Refused("unit_hub", _("The hotline centre handles no orders itself. Choose a unit."))


def unit_of(unit_id: int) -> Unit:
    """A unit by id; raises Invalid when it does not exist."""
    unit = Unit.objects.filter(pk=unit_id).first()
    if unit is None:
        raise Invalid("unit", _("This unit does not exist."), details={"unit": _("This unit does not exist.")})
    return unit


def units_of(unit_ids: Iterable[int]) -> list[Unit]:
    """Units by id, each once, in the order given; raises as `unit_of`."""
    return [unit_of(number) for number in dict.fromkeys(unit_ids)]


def name_handlers(order: WorkOrder, unit_id: int, actor: Actor, reason: str) -> None:
    """Name the people of a unit who handle its confidential orders."""
    people = Membership.objects.filter(unit_id=unit_id, handles_secret=True, person__is_active=True).values_list("person_id", flat=True)
    OrderAccess.objects.bulk_create(
        [OrderAccess(order=order, person_id=person, granted_by=actor.key(), reason=reason) for person in dict.fromkeys(people)],
        ignore_conflicts=True,
    )


def stale(order: WorkOrder, revision: int, text: str) -> Stale:
    """The version conflict: what was typed, and what happened meanwhile."""
    last = WorkOrderEvent.objects.filter(order=order).order_by("-id").first()
    theirs = {"by": last.actor_name, "at": last.at, "verb": last.verb, "text": last.text} if last else {}
    return Stale(
        "stale",
        _("Somebody changed this order while you were writing. What you typed is kept; look at the change and send again."),
        details={"yours": text, "theirs": theirs, "your_revision": revision, "revision": order.revision},
    )
