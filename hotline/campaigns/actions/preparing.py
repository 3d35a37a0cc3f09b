"""A campaign is written, given its list, started, paused, ended."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hotline.accounts.actions import find_or_create_citizen
from hotline.accounts.models import Citizen
from hotline.accounts.queries import find_citizens
from hotline.accounts.rules import normalize_phone
from hotline.audit import actions as audit
from hotline.calls.actions import ask_switch, stop_dialling
from hotline.calls.engines import Hangup
from hotline.calls.models import AgentSession, CallState, Lane
from hotline.calls.queries import audible
from hotline.campaigns.models import (
    AtMachine,
    Attempt,
    Campaign,
    Manner,
    OptOut,
    Selection,
    State,
    Target,
    TargetState,
)
from hotline.campaigns.permissions import CALL, can_call, can_note_opt_out, can_run
from hotline.campaigns.queries import MOST_ROWS, preview, source_of, words_of
from hotline.campaigns.rules import MOST_WORDS, Outcome, ScriptFault, parse
from hotline.kit.actor import Actor, system_actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.live import publish
from hotline.kit.tables import decoded

MACHINE = system_actor("campaigns", CALL, "calls:distribute")
LABEL = "campaign:"
"""A label of the switch, and of what is asked in one attempt's chain."""
COLUMNS = ("phone", "电话", "手机", "联系电话")
DIGITS = (7, 12)
"""Of a number that can be called."""
MOST_BYTES = 2 * 2**20
"""Of a file: 20,000 rows of a hundred letters."""
FIELDS = (
    *("name", "manner", "lane", "spare", "script", "speech", "at_machine", "message"),
    *("opens", "closes", "workdays_only", "lines", "tries", "rest_days"),
)
FIXED = ("manner", "script", "at_machine", "message")
"""What is not changed once citizens were called."""


@dataclass(frozen=True, slots=True)
class ListFault:
    """`row` counts as a spreadsheet does. The number itself is not told."""

    row: int
    why: Promise


@dataclass(frozen=True, slots=True)
class Reading:
    """What a list holds: how many can be called, how many stand twice, are there already, want no calls."""

    good: int
    twice: int
    there: int
    opted_out: int
    faults: tuple[ListFault, ...]


def _locked(campaign_id: int) -> Campaign:
    row = Campaign.objects.select_for_update().filter(pk=campaign_id).first()
    if row is None:
        raise NotVisible(campaign_id)
    return row


@transaction.atomic
def save(*, actor: Actor, campaign_id: int | None, given: Mapping[str, Any]) -> Campaign:
    """A new campaign or a changed one; what is said changes before it has called anybody only. Raises Invalid, Refused.

    `given`: FIELDS; what is left out of those that have a default keeps it.
    """
    can_run(actor).require("campaigns:run")
    row = _locked(campaign_id) if campaign_id else Campaign(created_by=actor.key(), created_at=now())
    if row.state == State.ENDED:
        raise Refused("campaign_state", _("This campaign has ended."))
    wanted = {name: given.get(name, getattr(row, name)) for name in FIELDS}
    faults = _faults(wanted)
    if row.started_at is not None:
        heard = _("Citizens have heard it already; end this campaign and begin another.")
        faults |= {
            name: heard for name in FIXED if str(wanted[name]).strip() != str(getattr(row, name)).strip()
        }
    if faults:
        raise Invalid("campaign", _("This cannot be kept so."), details=faults)
    for name, value in wanted.items():
        setattr(row, name, value)
    row.save()
    audit.record(actor=actor, verb="campaigns.save", object_type="campaign", object_id=row.pk)
    return row


def _faults(wanted: Mapping[str, Any]) -> dict[str, str]:
    faults = {}
    try:
        parse(wanted["script"])
    except ScriptFault as fault:
        faults["script"] = _("Line %(line)s: %(why)s") % {"line": fault.line, "why": fault.why}
    earliest, latest = settings.MACHINE_HOURS
    if not earliest <= wanted["opens"] < wanted["closes"] <= latest:
        faults["closes"] = _(
            "Citizens may be called from %(earliest)s to %(latest)s only, and the end must come after the beginning."
        ) % {"earliest": f"{earliest:%H:%M}", "latest": f"{latest:%H:%M}"}
    if wanted["manner"] == Manner.PROGRESSIVE and not isinstance(wanted["lane"], Lane):
        faults["lane"] = _("Choose whose agents speak.")
    if wanted["manner"] == Manner.AUTOMATIC and wanted["at_machine"] == AtMachine.LEAVE:
        if not wanted["message"].strip():
            faults["message"] = _("Write what is left at the machine.")
        elif len(wanted["message"]) > MOST_WORDS:
            faults["message"] = _("This says too much; up to 300 characters.")
    return faults


@transaction.atomic
def add_query(*, actor: Actor, campaign_id: int, source: str, data: Mapping[str, Any]) -> Selection:
    """A query for the list of a campaign that has not begun; it is asked when that starts. Raises NotVisible, Invalid, Refused."""
    can_run(actor).require("campaigns:run")
    row = _locked(campaign_id)
    _still_open(row)
    asked = source_of(actor, source)
    form = asked.form(data)
    if not form.is_valid():
        raise Invalid("query", _("This cannot be asked so."))
    selection = Selection.objects.create(
        campaign=row,
        source=asked.code,
        given=asked.kept(form),
        words=asked.words(form)[:300],
        by=actor.key(),
        at=now(),
    )
    audit.record(
        actor=actor,
        verb="campaigns.add_query",
        object_type="campaign",
        object_id=row.pk,
        data={"source": asked.code, "given": selection.given},
    )
    return selection


@transaction.atomic
def drop_query(*, actor: Actor, campaign_id: int, selection_id: int) -> None:
    """A query is taken from a list that is not frozen. Raises NotVisible, Refused."""
    can_run(actor).require("campaigns:run")
    row = _locked(campaign_id)
    _still_open(row)
    if not row.selections.filter(pk=selection_id, frozen_at=None).delete()[0]:
        raise NotVisible(selection_id)
    audit.record(actor=actor, verb="campaigns.drop_query", object_type="campaign", object_id=row.pk)


def _still_open(row: Campaign) -> None:
    if row.started_at is not None:
        raise Refused(
            "list_frozen", _("This campaign has begun; its list is what it was then. Begin another campaign.")
        )


def _freeze(actor: Actor, row: Campaign) -> None:
    """The list's queries are asked once, as the actor may see; from now on it is the list."""
    for selection in row.selections.filter(frozen_at=None).order_by("pk"):
        source = source_of(actor, selection.source)
        form = source.form(selection.given)
        if not form.is_valid():
            raise Refused(
                "query", _("“%(words)s” cannot be asked any more; remove it.") % {"words": selection.words}
            )
        found = preview(actor, row.pk, source, form).people
        Target.objects.bulk_create(
            [
                Target(campaign=row, citizen_id=one.citizen_id, source=source.code, about=one.about)
                for one in found
            ],
            ignore_conflicts=True,
        )
        selection.frozen_at, selection.found = now(), len(found)
        selection.save(update_fields=["frozen_at", "found"])
        audit.record(
            actor=actor,
            verb="campaigns.add_list",
            object_type="campaign",
            object_id=row.pk,
            data={"count": len(found), "source": source.code},
        )


@transaction.atomic
def add_list(*, actor: Actor, campaign_id: int, data: bytes, dry: bool) -> Reading:
    """A CSV file with a column `phone` (or 电话); `dry`: only say what it holds. Raises Invalid when it cannot be read at all."""
    can_run(actor).require("campaigns:run")
    row = Campaign.objects.filter(pk=campaign_id).first()
    if row is None:
        raise NotVisible(campaign_id)
    numbers, twice, faults = _numbers(data)
    known = find_citizens(numbers)
    if not dry:
        # Twenty thousand new citizens take a while; the row is locked after them, for the list alone.
        made = {
            digits: find_or_create_citizen(actor=MACHINE, phone=digits)
            for digits in numbers
            if known[digits] is None
        }
        row = _locked(campaign_id)
    else:
        made = {}
    if row.state == State.ENDED:
        raise Refused("campaign_state", _("This campaign has ended."))
    ids = {one.pk for one in known.values() if one is not None}
    there = set(row.targets.filter(citizen_id__in=ids).values_list("citizen_id", flat=True))
    out = set(OptOut.objects.filter(citizen_id__in=ids).values_list("citizen_id", flat=True))
    wanted = [
        digits
        for digits, citizen in known.items()
        if citizen is None or (citizen.pk not in there and citizen.pk not in out)
    ]
    if not dry:
        citizens = [known[digits] or made[digits] for digits in wanted]
        Target.objects.bulk_create(
            [Target(campaign=row, citizen=one) for one in citizens], ignore_conflicts=True
        )
        audit.record(
            actor=actor,
            verb="campaigns.add_list",
            object_type="campaign",
            object_id=row.pk,
            data={"count": len(wanted)},
        )
    return Reading(len(wanted), twice, len(there), len(out - there), tuple(faults))


def _numbers(data: bytes) -> tuple[list[str], int, list[ListFault]]:
    if len(data) > MOST_BYTES:
        raise Invalid("list", _("The file is too large; a list of 20,000 numbers has less than 2 MB."))
    text = decoded(data)
    if "\x00" in text:
        raise Invalid("list", _("The file is no CSV text."))
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error:
        raise Invalid("list", _("The file is no CSV text.")) from None
    head = [one.strip().lower() for one in rows[0]] if rows else []
    column = next((head.index(name) for name in COLUMNS if name in head), None)
    if column is None:
        why = _("The first row must name the columns; one of them is “phone” or “电话”.")
        raise Invalid("list", why)
    if len(rows) > MOST_ROWS + 1:
        why = _("A list has at most %(count)s rows.") % {"count": MOST_ROWS}
        raise Invalid("list", why)
    numbers: dict[str, None] = {}
    twice, faults = 0, []
    for number, cells in enumerate(rows[1:], 2):
        digits = normalize_phone(cells[column]) if len(cells) > column else ""
        if not any(cell.strip() for cell in cells):
            continue
        if not digits:
            faults.append(ListFault(number, gettext_lazy("There is no number in this row.")))
        elif not DIGITS[0] <= len(digits) <= DIGITS[1]:
            faults.append(ListFault(number, gettext_lazy("This is no telephone number.")))
        elif digits in numbers:
            twice += 1
        else:
            numbers[digits] = None
    return list(numbers), twice, faults


@transaction.atomic
def start(*, actor: Actor, campaign_id: int) -> None:
    """From now on citizens are called, within its hours; its queries are asked now, once.

    Raises Refused `campaign_state`, `no_targets`, `not_spoken`, `query`; NotVisible for a query that the actor may not ask.
    """
    can_run(actor).require("campaigns:run")
    row = _locked(campaign_id)
    if row.state not in (State.DRAFT, State.PAUSED):
        raise Refused("campaign_state", _("It is calling already, or has ended."))
    if row.started_at is None:
        _freeze(actor, row)
    if not row.targets.exists():
        raise Refused("no_targets", _("Its list is empty; add citizens first."))
    sounds = words_of(row)
    if audible(sounds) != set(sounds):
        raise Refused(
            "not_spoken",
            _(
                "Not everything that it says can be heard yet; citizens would hear a tone. Wait until the voice has spoken it."
            ),
        )
    row.state = State.RUNNING
    row.started_at = row.started_at or now()
    row.save(update_fields=["state", "started_at"])
    audit.record(actor=actor, verb="campaigns.start", object_type="campaign", object_id=row.pk)
    publish(["campaigns"], "campaign.started", campaign=row.pk)


@transaction.atomic
def pause(*, actor: Actor, campaign_id: int) -> None:
    """Nobody new is called; who is spoken with is heard to the end."""
    can_run(actor).require("campaigns:run")
    row = _locked(campaign_id)
    if row.state != State.RUNNING:
        raise Refused("campaign_state", _("It is not calling now."))
    row.state = State.PAUSED
    row.save(update_fields=["state"])
    audit.record(actor=actor, verb="campaigns.pause", object_type="campaign", object_id=row.pk)
    publish(["campaigns"], "campaign.paused", campaign=row.pk)


@transaction.atomic
def end(*, actor: Actor, campaign_id: int) -> None:
    """At once: calls of the machine are hung up, nobody is called any more; who speaks with an agent is left to them."""
    can_run(actor).require("campaigns:run")
    row = _locked(campaign_id)
    if row.state == State.ENDED:
        raise Refused("campaign_state", _("This campaign has ended."))
    row.state, row.ended_at = State.ENDED, now()
    row.save(update_fields=["state", "ended_at"])
    under_way = Attempt.objects.filter(target__campaign=row, ended_at=None)
    for attempt in under_way.exclude(leg=""):
        ask_switch(Hangup(attempt.leg), f"{LABEL}{attempt.pk}", now())
    # Asked for, and not a leg yet: it is let go as soon as it is one (`Caller.started`).
    for attempt in under_way.filter(leg="", call=None).select_for_update(of=("self",)):
        attempt.outcome, attempt.ended_at = Outcome.FAILED, now()
        attempt.save(update_fields=["outcome", "ended_at"])
        row.targets.filter(pk=attempt.target_id).update(state=TargetState.WAITING, outcome=Outcome.FAILED)
    for session in AgentSession.objects.filter(
        call__in=under_way.filter(call__state=CallState.DIALLING).values("call_id")
    ):
        with contextlib.suppress(Refused):  # answered, or over, just now
            stop_dialling(actor=MACHINE, session_id=session.pk)
    audit.record(actor=actor, verb="campaigns.end", object_type="campaign", object_id=row.pk)
    publish(["campaigns"], "campaign.ended", campaign=row.pk)


@transaction.atomic
def opt_out(*, actor: Actor, citizen_id: int, attempt_id: int | None = None) -> None:
    """No machine calls this citizen again: by the citizen's own key."""
    can_call(actor).require("campaigns:run")
    if not Citizen.objects.filter(pk=citizen_id).exists():
        raise NotVisible(citizen_id)
    never_again(actor, citizen_id, attempt_id)


@transaction.atomic
def note_opt_out(*, actor: Actor, phone: str, reason: str) -> OptOut:
    """The same by staff whom the citizen told so. Raises Invalid for what is no number, or without a reason. The first note stays."""
    can_note_opt_out(actor).require("campaigns:run")
    digits, faults = normalize_phone(phone), {}
    if not DIGITS[0] <= len(digits) <= DIGITS[1]:
        faults["phone"] = _("Give a whole telephone number.")
    if not reason.strip():
        faults["reason"] = _("Say how the citizen told you.")
    if faults:
        raise Invalid("opt_out", _("This cannot be noted so."), details=faults)
    citizen = find_or_create_citizen(actor=actor, phone=digits)
    return never_again(actor, citizen.pk, None, reason.strip()[:200])


def never_again(actor: Actor, citizen_id: int, attempt_id: int | None, reason: str = "") -> OptOut:
    """Noted once; the actor may."""
    row, _made = OptOut.objects.get_or_create(
        citizen_id=citizen_id,
        defaults={"by": actor.key(), "at": now(), "attempt_id": attempt_id, "reason": reason},
    )
    audit.record(actor=actor, verb="campaigns.opt_out", object_type="citizen", object_id=citizen_id)
    return row


@transaction.atomic
def take_opt_out_back(*, actor: Actor, citizen_id: int) -> None:
    """The citizen has asked to be called again."""
    can_run(actor).require("campaigns:run")
    if not OptOut.objects.filter(citizen_id=citizen_id).delete()[0]:
        raise NotVisible(citizen_id)
    audit.record(actor=actor, verb="campaigns.opt_in", object_type="citizen", object_id=citizen_id)
