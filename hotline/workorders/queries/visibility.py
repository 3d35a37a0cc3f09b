"""Which orders an actor may see. Every read of orders starts here; what is not visible does not exist (404)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from hotline.accounts.permissions import reaches
from hotline.accounts.rules import NEVER_SECRET, Scope
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.errors import NotVisible
from hotline.workorders.models import Involvement, OrderAccess, WorkOrder

VIEW = "workorders:view"


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which an actor sees orders, from one grant.

    `unit_id`: what concerns that unit (an order involves every unit above the one that has it, so the top of a subtree
    is enough); `area`: a division's code, limits the rest; `own`: what the actor created; none of them: the whole city.
    `secret`: the grant makes its holder a named handler of confidential orders within its reach.
    """

    unit_id: int | None = None
    area: str = ""
    own: bool = False
    secret: bool = False

    @property
    def everything(self) -> bool:
        return self.unit_id is None and not self.area and not self.own


def ways_of(actor: Actor, code: str = VIEW) -> tuple[Way, ...]:
    """How far a permission of a member of staff carries; ways that another one contains are left out."""
    units: dict[tuple[int, str], tuple[Way, str]] = {}
    others: dict[Way, None] = {}
    for reach in reaches(actor, code):
        grant = reach.grant
        secret = grant.handles_secret and grant.role not in NEVER_SECRET
        if reach.scope == Scope.OWN:
            others[Way(own=True, area=grant.area_code, secret=secret)] = None
        elif reach.scope == Scope.CITY or (reach.scope == Scope.AREA and grant.area_code):
            others[Way(area=grant.area_code, secret=secret)] = None
        else:
            key = (grant.unit_id, grant.area_code)
            had = units[key][0].secret if key in units else False
            units[key] = (
                Way(unit_id=grant.unit_id, area=grant.area_code, secret=secret or had),
                grant.unit_path,
            )
    found = list(others)
    for way, path in units.values():
        inside = any(
            other is not way
            and path != above
            and path.startswith(above)
            and other.area in ("", way.area)
            and (other.secret or not way.secret)
            for other, above in units.values()
        )
        if not inside:
            found.append(way)
    whole = [way for way in found if way.everything]
    if whole:
        best = Way(secret=any(way.secret for way in whole))
        return (best, *(way for way in found if way.secret and not best.secret and not way.everything))
    return tuple(found)


def paging_unit(actor: Actor, code: str = VIEW) -> Way | None:
    """The one unit that decides everything, when there is just one: such lists page by Involvement."""
    ways = ways_of(actor, code)
    return ways[0] if len(ways) == 1 and ways[0].unit_id is not None else None


def visible_to(actor: Actor, code: str = VIEW) -> QuerySet[WorkOrder]:
    """Orders that `actor` may see; with another `code`, those that permission reaches.

    A confidential order (rules.md section 9) is seen by named handlers alone: those named in OrderAccess, wherever
    they are, and grants marked as such within their reach; by the citizen who filed it; and by the system.
    """
    rows = WorkOrder.objects.all()
    if actor.is_system:
        return rows
    if actor.kind == ActorKind.CITIZEN:
        return rows.filter(citizen_id=actor.id) if actor.id else rows.none()
    if actor.kind == ActorKind.API:
        return rows.filter(created_by=actor.key())
    if not actor.has(code):
        return rows.none()
    ways = ways_of(actor, code)
    if any(way.everything and way.secret for way in ways):
        return rows
    condition = Q()
    for way in ways:
        condition |= _within(way, actor) if way.secret else _within(way, actor) & Q(secret=False)
    return rows.filter(condition | (Q(secret=True) & _named(actor, "pk")))


def _within(way: Way, actor: Actor) -> Q:
    condition = Q()
    if way.unit_id is not None:
        condition &= Q(Exists(Involvement.objects.filter(order=OuterRef("pk"), unit_id=way.unit_id)))
    if way.area:
        condition &= in_division(way.area)
    if way.own:
        condition &= Q(created_by__in=[actor.key(), *(f"staff:{person}" for person in actor.delegated_from)])
    return condition


def _named(actor: Actor, outer: str) -> Q:
    return Q(Exists(OrderAccess.objects.filter(order_id=OuterRef(outer), person_id=actor.id)))


def secrets_named(actor: Actor, way: Way, prefix: str = "") -> Q:
    """The condition on secrecy alone, for rows that reach an order through `prefix` (`order__`)."""
    if way.secret:
        return Q()
    outer = prefix.removesuffix("__") + "_id" if prefix else "pk"
    return Q(**{f"{prefix}secret": False}) | _named(actor, outer)


def area_prefix(code: str) -> str:
    """The digits of a division's code that its descendants share: `310106000000` → `310106`."""
    for length in (2, 4, 6, 9):
        if not code[length:].strip("0"):
            return code[:length]
    return code


def in_division(code: str, prefix: str = "") -> Q:
    """Orders in a division or below it, as a range of codes so that the index on the division serves."""
    head = area_prefix(code)
    return Q(
        **{f"{prefix}division_id__gte": head.ljust(12, "0"), f"{prefix}division_id__lte": head.ljust(12, "9")}
    )


def get_visible(actor: Actor, number_or_id: str | int, rows: QuerySet[WorkOrder] | None = None) -> WorkOrder:
    """One order by number or id; raises NotVisible when it does not exist or is not for this actor.

    `rows` may carry `select_related`; it must come from `visible_to`.
    """
    found = (visible_to(actor) if rows is None else rows).filter(
        Q(pk=number_or_id) if isinstance(number_or_id, int) else Q(number=number_or_id)
    )
    order = found.first()
    if order is None:
        raise NotVisible("work order")
    return order
