"""Calls as shift leaders look for them, and one call from its first ring to what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.accounts.models import Person
from hotline.calls.models import Call, CallBackResult, CallEvent, CallState, Segment
from hotline.calls.permissions import can_watch
from hotline.calls.rules import AGENT_MOVES, CALL_MOVES
from hotline.kit.actor import Actor
from hotline.kit.paging import Page, keyset


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What is looked for; None and "" mean any. The period is always bounded by the caller."""

    since: datetime
    until: datetime
    line: str = ""
    lane: str = ""
    outcome: str = ""
    agent: int | None = None
    direction: str = ""


def calls_found(actor: Actor, wanted: CallFilter, cursor: str = "") -> Page[Call]:
    """Newest first. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    rows: QuerySet[Call] = Call.objects.filter(
        arrived_at__gte=wanted.since, arrived_at__lt=wanted.until
    ).select_related("line", "lane", "citizen", "rating")
    for name, value in (
        ("line__code", wanted.line),
        ("lane__code", wanted.lane),
        ("direction", wanted.direction),
        ("outcome", wanted.outcome),
    ):
        if value:
            rows = rows.filter(**{name: value})
    if wanted.agent is not None:
        segments = Segment.objects.filter(call=OuterRef("pk"), session__person_id=wanted.agent)
        rows = rows.filter(Exists(segments))
    return keyset(rows, order=["-arrived_at", "-id"], cursor=cursor)


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a call's timeline: in words, by whom, with what is worth saying of it."""

    at: datetime
    label: str | Promise
    by: str
    more: str
    verb: str


LABELS: dict[str, str | Promise] = {
    "arrive": _("The call came in"),
    "dial": _("Called out"),
    "tell_wait": _("Told place and likely wait"),
    "offer_call_back": _("Asked whether to be called back"),
    "refused": _("The exchange did not do it"),
    "call_back_tried": _("Tried to call back"),
    "call_back_done": _("Call-back done"),
    "call_back_overdue": _("Call-back overdue"),
    "fault": _("A fault"),
    **{verb: move.label for verb, move in AGENT_MOVES.items()},
    **{verb: move.label for verb, move in CALL_MOVES.items()},
}
SAID: dict[str, str | Promise] = {
    "ahead": _("%(value)s callers before them"),
    "wait": _("likely wait %(value)s s"),
    "digits": _("pressed %(value)s"),
    "to": _("to %(value)s"),
    "result": "%(value)s",
    "what": "%(value)s",
    "code": "%(value)s",
}
"""Of an event's data what people can read; ids, files and the switch's codes of an end are left out."""


def happenings(actor: Actor, call: Call) -> list[Happening]:
    """The call's own events and its agents' meanwhile, oldest first. NotPermitted unless a watcher."""
    can_watch(actor).require("calls:watch")
    rows = list(CallEvent.objects.filter(call=call).select_related("session__person").order_by("at", "pk"))
    keys = {row.actor for row in rows if row.actor.startswith("staff:")}
    staff = Person.objects.filter(pk__in=[key.partition(":")[2] for key in keys])
    names = {f"staff:{pk}": name for pk, name in staff.values_list("pk", "name")}
    return [
        Happening(
            row.at,
            LABELS.get(row.verb, row.verb),
            row.session.person.name if row.session is not None else names.get(row.actor, ""),
            " · ".join(_said(key, row.data[key]) for key in SAID if row.data.get(key) not in (None, "")),
            row.verb,
        )
        for row in rows
    ]


def _said(key: str, value: object) -> str:
    shown = dict(CallBackResult.choices).get(str(value), value) if key == "result" else value
    return str(SAID[key]) % {"value": shown}


# -- where packages above go on -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lead:
    """A page of a package above about the same call (its recording, its words). `url_name` takes the call's id as `call_id`."""

    name: str
    url_name: str
    label: str | Promise
    permission: str = ""


_known: dict[str, Lead] = {}


def register_lead(one: Lead) -> None:
    """Offer a page beside a call that is over; the same name again replaces the former. From `AppConfig.ready`."""
    _known[one.name] = one


def leads_on(actor: Actor, call: Call) -> Sequence[Lead]:
    """What this actor is offered there, in the order of registering; nothing while the call goes on."""
    if call.state != CallState.ENDED:
        return []
    return [one for one in _known.values() if not one.permission or actor.has(one.permission)]
