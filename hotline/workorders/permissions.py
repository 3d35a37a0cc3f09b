"""Who may do which verb to which order; the reason in words. Rules of place come from `rules.VERBS`."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from hotline.accounts.models import Unit
from hotline.accounts.permissions import scope_allows
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.numbers import whole
from hotline.kit.verdict import Verdict, allow, deny
from hotline.workorders.city import city
from hotline.workorders.models import Application, Assignment, OrderAccess, Reply, WorkOrder
from hotline.workorders.rules import VERBS, Place, Verb


def can(
    actor: Actor,
    verb: str | Verb,
    order: WorkOrder | None,
    assignment: Assignment | None = None,
    *,
    unit_paths: Iterable[str] | None = None,
    named: bool | None = None,
) -> Verdict:
    """May `actor` do `verb` to `order` (at `assignment`)? Only who and where; whether the state allows it is `rules.why_not`.

    `order` None: to create one. `unit_paths` of all units that have the order, when the caller has read them already.
    """
    row = VERBS[verb] if isinstance(verb, str) else verb
    if actor.is_system or row.permission.startswith("system:"):
        if actor.is_system and actor.has(row.permission):
            return allow(_("given to this system"))
        return deny(_("“%(name)s” may not “%(what)s”.") % {"name": actor.name, "what": row.label})
    if actor.kind == ActorKind.CITIZEN:
        return _citizen(actor, row, order)
    if order is None:
        return scope_allows(actor, row.permission, unit_paths=(city().hub_path,), owner=actor.key())
    verdict = scope_allows(
        actor,
        row.permission,
        unit_paths=_paths(row, order, assignment) if unit_paths is None or row.place is not Place.ANY else unit_paths,
        area_code=order.actual_division_id or order.division_id or "",
        secret=order.secret,
        named=is_named(actor, order) if named is None else named,
        owner=order.created_by,
    )
    return _not_own_work(actor, row, assignment) if verdict else verdict


def _citizen(actor: Actor, row: Verb, order: WorkOrder | None) -> Verdict:
    if row.citizen and (order is None or (actor.id and order.citizen_id == actor.id)):
        return allow(_("one's own order"))
    return deny(_("Citizens may only act on their own appeals."))


def _paths(row: Verb, order: WorkOrder, assignment: Assignment | None) -> tuple[str, ...]:
    hub = (city().hub_path,)
    if row.place is Place.HUB:
        return hub
    if row.place is Place.ANY or assignment is None:
        return unit_paths_of(order) or hub
    if row.place is Place.UNIT:
        return (assignment.unit.path,)
    return (assignment.parent.unit.path,) if assignment.parent is not None else hub


def unit_paths_of(order: WorkOrder) -> tuple[str, ...]:
    """Paths of all units that have or had the order."""
    return tuple(order.assignments.order_by("id").values_list("unit__path", flat=True).distinct())


def is_named(actor: Actor, order: WorkOrder) -> bool:
    """True when the actor is a named handler of this secret order; no statement for an open one."""
    return order.secret and actor.is_staff and OrderAccess.objects.filter(order=order, person_id=actor.id).exists()


def _not_own_work(actor: Actor, row: Verb, assignment: Assignment | None) -> Verdict:
    """Nobody reviews their own reply or decides their own application (rules.md section 3)."""
    if assignment is None or not actor.is_staff:
        return allow()
    if row.name in ("approve_reply", "refuse_reply"):
        author = Reply.objects.filter(assignment=assignment).order_by("-version").values_list("created_by", flat=True).first()
        if author == actor.key():
            return deny(_("You wrote this reply; somebody else has to review it."))
    elif row.application is not None and not row.name.startswith("apply_"):
        author = Application.objects.filter(assignment=assignment, state="pending").values_list("created_by", flat=True).first()
        if author == actor.key():
            return deny(_("You made this application; somebody else has to decide it."))
    return allow()


def sees(actor: Actor, order: WorkOrder, *, unit_paths: Iterable[str] | None = None) -> Verdict:
    """May `actor` see the order at all? Who may not gets `NotVisible`, never a reason."""
    if actor.is_system:
        return allow()
    if actor.kind == ActorKind.CITIZEN:
        own = bool(actor.id) and order.citizen_id == actor.id
        return allow() if own else deny(_("Citizens may only act on their own appeals."))
    paths = unit_paths_of(order) if unit_paths is None else tuple(unit_paths)
    return scope_allows(
        actor,
        "workorders:view",
        unit_paths=paths or (city().hub_path,),
        area_code=order.actual_division_id or order.division_id or "",
        secret=order.secret,
        named=is_named(actor, order),
        owner=order.created_by,
    )


# ── live topics (`kit.livetopics`) ──


def may_hear_order(actor: Actor, rest: str) -> bool:
    """`order:<id>`: who sees the order."""
    order = WorkOrder.objects.filter(pk=whole(rest) or 0).first()
    return order is not None and bool(sees(actor, order))


def may_hear_unit(actor: Actor, rest: str) -> bool:
    """`unit:<id>`: who sees orders of that unit."""
    path = Unit.objects.filter(pk=whole(rest) or 0).values_list("path", flat=True).first()
    return path is not None and bool(scope_allows(actor, "workorders:view", unit_paths=(path,)))


def may_hear_board(actor: Actor, rest: str) -> bool:
    """`board`: staff who see orders; the messages hold nothing but that something moved."""
    return not rest and actor.is_staff and actor.has("workorders:view")


def may_hear_person(actor: Actor, rest: str) -> bool:
    """`person:<id>`: oneself."""
    return actor.is_staff and rest == str(actor.id)


__all__ = ["can", "is_named", "may_hear_board", "may_hear_order", "may_hear_person", "may_hear_unit", "sees", "unit_paths_of"]
