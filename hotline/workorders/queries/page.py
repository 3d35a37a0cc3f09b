"""Everything that the order's page shows, in few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from hotline.accounts.models import Membership, Person, Role, Unit
from hotline.accounts.permissions import scope_allows
from hotline.accounts.queries import actors_for
from hotline.accounts.rules import PERMISSIONS, Scope
from hotline.kit.actor import Actor
from hotline.kit.clock import today
from hotline.kit.paging import Page, keyset
from hotline.ui.moments import exact, short
from hotline.workorders import permissions
from hotline.workorders.models import (
    OPEN_ASSIGNMENT_STATES,
    Application,
    Assignment,
    AssignmentRole,
    Attachment,
    Audience,
    Clock,
    ClockKind,
    ClockLevel,
    ClockSide,
    ClockState,
    Contact,
    OrderAccess,
    OrderLink,
    OrderState,
    Reply,
    Supervision,
    WorkOrder,
    WorkOrderEvent,
)
from hotline.workorders.queries.offers import ActionOffer, actions_for
from hotline.workorders.queries.reference import reason_names
from hotline.workorders.queries.signals import Chip, chip
from hotline.workorders.queries.visibility import get_visible, visible_to
from hotline.workorders.rules import VERBS

TIMELINE = 40
_OPEN = frozenset(str(state) for state in OPEN_ASSIGNMENT_STATES)
MAIN_VERBS = (
    "pass_review", "dispatch", "designate", "sign", "contact", "reply", "approve_reply", "approve_return", "approve_extension",
    "approve_hold", "approve_unreasonable", "give_opinion", "send_down", "ask_assistance", "apply_extension", "apply_return",
    "refuse_reply", "refuse_return", "refuse_extension", "refuse_hold", "refuse_unreasonable", "resume", "take", "redo",
    "urge", "unmerge", "reopen", "answer_supervision",
)  # fmt: skip
"""Shown as buttons, in this order of need; the rest stands in the menu."""
NEVER_FIRST = frozenset({"redo", "urge", "unmerge", "reopen", "ask_assistance", "apply_extension", "apply_return"})
"""What one may do but what nobody waits for: such a button does not ask to be pressed."""


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A clock for the page: whose promise, about what."""

    clock: Clock
    chip: Chip


@dataclass(slots=True)
class UnitNode:
    """An assignment in the tree of units."""

    assignment: Assignment
    depth: int
    clocks: list[ClockLine] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)


@dataclass(frozen=True)
class OrderPage:
    """The page of one order for one actor."""

    order: WorkOrder
    steps: list[dict[str, str]]
    holders: list[Assignment]
    city_clocks: list[ClockLine]
    main_clock: ClockLine | None
    tree: list[UnitNode]
    past: list[UnitNode]
    applications: list[Application]
    decided: list[Application]
    replies: list[Reply]
    attachments: list[Attachment]
    supervisions: list[Supervision]
    buttons: list[ActionOffer]
    next: ActionOffer | None
    others: list[ActionOffer]
    several: bool
    """The offers concern more than one unit's part, so each says whose."""
    at_hub: bool


def order_for_page(actor: Actor, number: str) -> WorkOrder:
    """The order with what its page names; raises NotVisible."""
    rows = visible_to(actor).select_related(
        "category", "division", "actual_division", "lead_unit", "citizen", "merged_into", "pool_claimed_by", "standing"
    )
    return get_visible(actor, number, rows.defer("search"))


def order_page(actor: Actor, order: WorkOrder, *, now: datetime) -> OrderPage:
    """Read the rest of the page: about ten statements, whatever the order's age."""
    assignments = list(
        order.assignments.select_related("unit", "handler", "parent__unit")
        .prefetch_related(
            Prefetch("replies", Reply.objects.order_by("-version")),
            Prefetch("contacts", Contact.objects.order_by("-contacted_at")),
        )
        .order_by("id")
    )
    clocks = [
        ClockLine(row, chip(row)) for row in order.clocks.order_by("id") if row.state != ClockState.VOID
    ]
    applications = list(
        order.applications.select_related("assignment__unit", "suggested_unit").order_by("-id")
    )
    supervisions = (
        list(order.supervisions.prefetch_related("meetings").order_by("-id"))
        if order.supervised or order.listed
        else []
    )
    at_hub = sees_hub_words(actor)
    offers = actions_for(
        actor, order, now=now, assignments=assignments, applications=applications, supervisions=supervisions
    )
    own_clocks: dict[int, list[ClockLine]] = defaultdict(list)
    for line in clocks:
        if line.clock.assignment_id:
            own_clocks[line.clock.assignment_id].append(line)
    open_nodes, past_nodes = _tree(assignments, own_clocks, order)
    city = [line for line in clocks if line.clock.side == ClockSide.CITY and line.clock.round == order.round]
    buttons, others = _split(offers)
    attachments = order.attachments.filter(removed_at__isnull=True).order_by("-id")
    return OrderPage(
        order=order,
        steps=_steps(order, assignments),
        holders=_holders(assignments, order),
        city_clocks=city,
        main_clock=_main(city),
        tree=open_nodes,
        past=past_nodes,
        applications=[row for row in applications if row.state == "pending"],
        decided=[row for row in applications if row.state != "pending"],
        replies=[reply for row in assignments for reply in row.replies.all() if row.parent_id is None],
        attachments=list(attachments if at_hub else attachments.exclude(audience=Audience.HUB)),
        supervisions=supervisions,
        buttons=buttons,
        next=next((one for one in buttons[:1] if one.allowed and one.verb not in NEVER_FIRST), None),
        others=others,
        several=len({one.assignment.pk for one in offers if one.relevant and one.assignment}) > 1,
        at_hub=at_hub,
    )


def sees_hub_words(actor: Actor) -> bool:
    """True for those who read what is marked "hotline centre only"."""
    reach = PERMISSIONS["workorders:view"][1]

    return actor.is_system or any(reach.get(Role(grant.role)) == Scope.CITY for grant in actor.grants)


def _main(city: Sequence[ClockLine]) -> ClockLine | None:
    """What the eye must find: the running clock that ends first, else the finish clock."""
    running = [line for line in city if line.clock.state == ClockState.RUNNING]
    finish = [line for line in city if line.clock.kind == "finish"]
    if running:
        return min(running, key=lambda line: (line.clock.kind != "finish", line.clock.due_at))
    return finish[-1] if finish else None


def _split(offers: Sequence[ActionOffer]) -> tuple[list[ActionOffer], list[ActionOffer]]:
    shown = [offer for offer in offers if offer.relevant]
    order = {verb: place for place, verb in enumerate(MAIN_VERBS)}

    def need(offer: ActionOffer) -> tuple[bool, int]:
        # Once the citizen was contacted, another call is no longer the next thing to do.
        done = (
            offer.verb == "contact"
            and offer.assignment is not None
            and offer.assignment.contacted_at is not None
        )
        return not offer.allowed, order["apply_extension"] if done else order[offer.verb]

    buttons = sorted((offer for offer in shown if offer.verb in order), key=need)
    return buttons, [offer for offer in shown if offer.verb not in order]


def _holders(assignments: Sequence[Assignment], order: WorkOrder) -> list[Assignment]:
    """The open leads that nobody below has: who has to act now."""
    open_rows = [row for row in assignments if row.state in _OPEN and row.round == order.round]
    parents = {row.parent_id for row in open_rows if row.role == AssignmentRole.LEAD}
    return [row for row in open_rows if row.role == AssignmentRole.LEAD and row.pk not in parents]


def _tree(
    assignments: Sequence[Assignment], clocks: Mapping[int, list[ClockLine]], order: WorkOrder
) -> tuple[list[UnitNode], list[UnitNode]]:
    children: dict[int | None, list[Assignment]] = defaultdict(list)
    for row in assignments:
        children[row.parent_id].append(row)
    found: list[UnitNode] = []

    def walk(parent: int | None, depth: int) -> None:
        for row in sorted(children[parent], key=lambda one: (one.role != AssignmentRole.LEAD, one.pk)):
            found.append(
                UnitNode(
                    row, depth, clocks.get(row.pk, []), list(row.replies.all()), list(row.contacts.all())
                )
            )
            walk(row.pk, depth + 1)

    walk(None, 0)
    ended = {"returned", "recalled"}
    now_rows = [
        node for node in found if node.assignment.round == order.round and node.assignment.state not in ended
    ]
    return now_rows, [node for node in found if node not in now_rows]


_STEP_OF = {
    OrderState.PENDING_REVIEW: 0, OrderState.PENDING_SUPPLEMENT: 0, OrderState.PENDING_DISPATCH: 0, OrderState.ARBITRATION: 0,
    OrderState.PENDING_SIGN: 1, OrderState.IN_PROGRESS: 2, OrderState.RETURN_REVIEW: 2, OrderState.EXTENSION_REVIEW: 2,
    OrderState.HOLD_REVIEW: 2, OrderState.ON_HOLD: 2, OrderState.CLOSE_REVIEW: 3, OrderState.PENDING_FOLLOW_UP: 4,
    OrderState.CLOSED: 5, OrderState.ARCHIVED: 5, OrderState.MERGED: 5,
}  # fmt: skip


def _steps(order: WorkOrder, assignments: Sequence[Assignment]) -> list[dict[str, str]]:
    """派单 → 签收 → 办理 → 审核 → 回访, with what stands under each."""

    lead = next(
        (row for row in reversed(assignments) if row.parent_id is None and row.role == AssignmentRole.LEAD),
        None,
    )
    here = _STEP_OF[OrderState(order.state)]
    day = today()

    def when(value: datetime | None) -> str:
        return short(value, day) if value else ""

    labels: list[tuple[str, str]] = [
        (_("Dispatch"), when(order.dispatched_at)),
        (_("Sign"), when(lead.signed_at) if lead else ""),
        (
            _("Handle"),
            when(order.replied_at) if here > 2 else (lead.unit.short_name if lead and here in (1, 2) else ""),
        ),
        (_("Review"), ""),
        (_("Follow-up"), when(order.closed_at)),
    ]
    steps = []
    for place, (label, note) in enumerate(labels):
        state = "done" if place < here else "current" if place == here else "todo"
        if (
            order.state in (OrderState.CLOSED, OrderState.ARCHIVED, OrderState.MERGED)
            and order.dispatched_at is None
        ):
            state = "skipped"
        steps.append({"label": label, "state": state, "note": note})
    return steps


# ── timeline ──


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry: what happened, who did it, its words as far as this actor may read them."""

    event: WorkOrderEvent
    title: str | Promise
    by: str
    audience: str
    symbol: str
    reason: str
    text: str
    hidden: bool
    facts: tuple[str, ...] = ()


_SYMBOLS = {
    "create": "file-plus", "dispatch": "send", "designate": "gavel", "sign": "writing-sign", "contact": "phone", "arrive": "map-pin",
    "send_down": "arrow-down", "ask_assistance": "users", "reply": "message-2", "approve_reply": "circle-check",
    "refuse_reply": "circle-x", "urge": "bell-ringing", "raise_card": "cards", "issue_card": "cards", "supervise": "eye",
    "list_case": "flag", "instruct": "flag", "merge": "git-merge", "unmerge": "git-branch", "note": "note",
    "supplement": "plus", "redo": "rotate", "reopen": "rotate", "finish_follow_up": "circle-check", "withdraw": "x",
    "approve_extension": "clock-plus", "approve_hold": "player-pause", "resume": "player-play", "reclassify": "pencil",
    "attach": "paperclip", "remove_attachment": "trash", "settle_calendar": "calendar",
}  # fmt: skip


def timeline(
    actor: Actor, order: WorkOrder, *, show: str = "all", cursor: str = "", size: int = TIMELINE
) -> tuple[list[Happening], Page[WorkOrderEvent]]:
    """A page of the timeline, newest first. `show`: all, mine (me and my units), public (what the citizen sees)."""
    rows = order.events.select_related("unit")
    if show == "mine":
        rows = rows.filter(Q(actor=actor.key()) | Q(unit_id__in=actor.unit_ids()))
    elif show == "public":
        public = [verb.name for verb in VERBS.values() if verb.public is not None and not verb.by_audience]
        rows = rows.filter(Q(verb__in=public) | Q(audience=Audience.PUBLIC))
    page = keyset(rows, order=("-id",), cursor=cursor, size=size)
    names = reason_names({row.reason_code for row in page.rows if row.reason_code})
    hub = sees_hub_words(actor)
    sent_to = {new[1] for row in page.rows for new in row.data.get("new", ())}
    units = dict(Unit.objects.filter(pk__in=sent_to).values_list("pk", "short_name")) if sent_to else {}
    return [_happening(row, names, units, hub) for row in page.rows], page


def _facts(event: WorkOrderEvent, units: Mapping[int, str]) -> tuple[str, ...]:
    """What the event's data add to its title: to whom, which clock, which card, the deadline before."""
    found: list[str] = []
    for _pk, unit, _parent, role, _round in event.data.get("new", ()):
        found.append(
            f"→ {units.get(unit, unit)}" + (f" ({_('Assists')})" if role == AssignmentRole.ASSISTANT else "")
        )
    for do, kind, side, _assignment, _round, level in event.data.get("clocks", ()):
        if do == "level" and level in ClockLevel.values:
            found.append(f"{ClockKind(kind).label} · {ClockSide(side).label} · {ClockLevel(level).label}")
    if event.data.get("card") in ClockLevel.values:
        found.append(str(ClockLevel(event.data["card"]).label))
    if event.data.get("old_due"):
        old = exact(datetime.fromisoformat(event.data["old_due"]))
        found.append(_("deadline before: %(at)s") % {"at": old})
    return tuple(found)


def _happening(
    event: WorkOrderEvent, names: Mapping[str, str], units: Mapping[int, str], hub: bool
) -> Happening:
    verb = VERBS.get(event.verb)
    public = event.audience == Audience.PUBLIC or (
        verb is not None and verb.public is not None and not verb.by_audience
    )
    hidden = event.audience == Audience.HUB and not hub
    who = event.actor_name or (_("The system") if event.actor.startswith("system:") else event.actor)
    if event.actor.startswith("citizen:"):
        who = _("Citizen")
    elif event.actor.startswith("system:"):
        who = _("The system")
    unit = (
        f"{event.unit.short_name} · "
        if event.unit is not None and not event.actor.startswith(("system:", "citizen:"))
        else ""
    )
    return Happening(
        event=event,
        title=verb.told if verb else event.verb,
        by=f"{unit}{who}",
        audience="public" if public else "internal",
        symbol=_SYMBOLS.get(event.verb, "point"),
        reason=names.get(event.reason_code, event.reason_code),
        text="" if hidden else event.text,
        hidden=hidden and bool(event.text),
        facts=_facts(event, units),
    )


# ── related ──


@dataclass(frozen=True)
class Related:
    """Orders around this one that the actor may see; `others` counts those that they may not."""

    linked: list[tuple[OrderLink, WorkOrder]]
    merged: list[WorkOrder]
    earlier: list[WorkOrder]
    hidden: int


def related(actor: Actor, order: WorkOrder) -> Related:
    """Links, orders merged into this one, and the same citizen's other orders."""
    links = list(OrderLink.objects.filter(Q(first=order) | Q(second=order)).order_by("-id")[:50])
    other_of = {link.pk: link.second_id if link.first_id == order.pk else link.first_id for link in links}
    visible: QuerySet[WorkOrder] = (
        visible_to(actor).select_related("lead_unit", "category").defer("content", "search")
    )
    linked = {row.pk: row for row in visible.filter(pk__in=other_of.values())}
    earlier: list[WorkOrder] = []
    if order.citizen_id and not order.anonymous:
        earlier = list(visible.filter(citizen_id=order.citizen_id).exclude(pk=order.pk).order_by("-id")[:8])
    return Related(
        linked=[(link, linked[other_of[link.pk]]) for link in links if other_of[link.pk] in linked],
        merged=list(visible.filter(merged_into=order).order_by("-id")[:50]),
        earlier=earlier,
        hidden=sum(other not in linked for other in other_of.values()),
    )


# ── who can see and do what, and why ──


@dataclass(frozen=True, slots=True)
class Reader:
    """A colleague with what they may do on this order."""

    person: Person
    posts: str
    why: str
    verbs: list[str | Promise]
    named: bool


def who_can(order: WorkOrder, *, most: int = 120) -> tuple[list[Reader], bool]:
    """(colleagues who may see the order with reasons and verbs, whether there are more than were looked at)."""
    paths = permissions.unit_paths_of(order)
    unit_ids = {int(part) for path in paths for part in path.split("/") if part}
    reach = PERMISSIONS["workorders:view"][1]

    city_roles = [role for role, scope in reach.items() if scope != Scope.SUBTREE and scope != Scope.UNIT]
    posts = (
        Membership.objects.filter(person__is_active=True)
        .filter(
            Q(unit_id__in=unit_ids)
            | Q(role__in=city_roles)
            | Q(person__in=OrderAccess.objects.filter(order=order).values("person"))
        )
        .select_related("person", "unit")
        .order_by("-unit__path", "role", "person_id")
    )
    people: dict[int, Person] = {}
    titles: dict[int, list[str]] = defaultdict(list)
    for post in posts[: most * 2]:
        people.setdefault(post.person_id, post.person)
        titles[post.person_id].append(f"{post.unit.short_name} {Role(post.role).label}")
    more = len(people) > most
    chosen = list(people.values())[:most]
    named = set(OrderAccess.objects.filter(order=order).values_list("person_id", flat=True))
    readers = []
    for person, actor in zip(chosen, actors_for(chosen), strict=True):
        facts: dict[str, Any] = {
            "unit_paths": paths or ("/",),
            "area_code": order.actual_division_id or order.division_id or "",
            "secret": order.secret,
            "named": person.pk in named,
            "owner": order.created_by,
        }
        seen = scope_allows(actor, "workorders:view", **facts)
        if not seen:
            continue
        codes = {
            verb.permission
            for verb in VERBS.values()
            if order.state in verb.from_ and verb.permission in PERMISSIONS
        }
        allowed = [
            PERMISSIONS[code][0]
            for code in PERMISSIONS
            if code in codes and scope_allows(actor, code, **facts)
        ]
        readers.append(Reader(person, "、".join(titles[person.pk]), seen.reason, allowed, person.pk in named))
    return readers, more
