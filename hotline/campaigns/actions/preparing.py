"""A campaign is written, given its list, started, paused, ended."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hotline.accounts.actions import find_or_create_citizen
from hotline.accounts.models import Citizen
from hotline.accounts.queries import find_citizen
from hotline.accounts.rules import normalize_phone
from hotline.audit import actions as audit
from hotline.calls.actions import ask_switch
from hotline.calls.engines import Hangup
from hotline.calls.queries import audible
from hotline.campaigns.models import Attempt, Campaign, OptOut, State, Target
from hotline.campaigns.permissions import can_run
from hotline.campaigns.rules import EARLIEST, LATEST, ScriptFault, parse
from hotline.kit.actor import Actor, system_actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.live import publish

MACHINE = system_actor("campaigns")
LABEL = "campaign:"
"""A label of the switch, and of what is asked in one attempt's chain."""
MOST_ROWS = 20_000
COLUMNS = ("phone", "电话", "手机", "联系电话")
DIGITS = (7, 12)
"""Of a number that can be called."""


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
    """A new campaign or a changed one; what is said changes before it has called anybody only. Raises Invalid, Refused."""
    can_run(actor).require("campaigns:run")
    row = _locked(campaign_id) if campaign_id else Campaign(created_by=actor.key(), created_at=now())
    if row.state == State.ENDED:
        raise Refused("campaign_state", _("This campaign has ended."))
    faults = {}
    if row.started_at is not None and given["script"].strip() != row.script.strip():
        faults["script"] = _("Citizens have heard it already; end this campaign and begin another.")
    try:
        parse(given["script"])
    except ScriptFault as fault:
        faults["script"] = _("Line %(line)s: %(why)s") % {"line": fault.line, "why": fault.why}
    opens, closes = given["opens"], given["closes"]
    if not _legal(opens, closes):
        faults["closes"] = _(
            "Machines may call from 8:00 to 21:00 only, and the end must come after the beginning."
        )
    if faults:
        raise Invalid("campaign", _("This cannot be kept so."), details=faults)
    for name in ("name", "script", "opens", "closes", "workdays_only", "lines", "tries", "rest_days"):
        setattr(row, name, given[name])
    row.save()
    audit.record(actor=actor, verb="campaigns.save", object_type="campaign", object_id=row.pk)
    return row


def _legal(opens: time, closes: time) -> bool:
    return EARLIEST <= opens < closes <= LATEST


@transaction.atomic
def add_list(*, actor: Actor, campaign_id: int, data: bytes, dry: bool) -> Reading:
    """A CSV file with a column `phone` (or 电话); `dry`: only say what it holds. Raises Invalid when it cannot be read at all."""
    row = _locked(campaign_id)
    can_run(actor).require("campaigns:run")
    if row.state == State.ENDED:
        raise Refused("campaign_state", _("This campaign has ended."))
    numbers, twice, faults = _numbers(data)
    known = {digits: find_citizen(digits) for digits in numbers}
    ids = {one.pk for one in known.values() if one is not None}
    there = set(row.targets.filter(citizen_id__in=ids).values_list("citizen_id", flat=True))
    out = set(OptOut.objects.filter(citizen_id__in=ids).values_list("citizen_id", flat=True))
    wanted = [
        digits
        for digits, citizen in known.items()
        if citizen is None or (citizen.pk not in there and citizen.pk not in out)
    ]
    if not dry:
        citizens = [known[digits] or find_or_create_citizen(actor=MACHINE, phone=digits) for digits in wanted]
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
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Invalid("list", _("The file is no CSV text."))
    rows = list(csv.reader(io.StringIO(text)))
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
    """From now on citizens are called, within its hours. Raises Refused `campaign_state`, `no_targets`, `not_spoken`."""
    can_run(actor).require("campaigns:run")
    row = _locked(campaign_id)
    if row.state not in (State.DRAFT, State.PAUSED):
        raise Refused("campaign_state", _("It is calling already, or has ended."))
    if not row.targets.exists():
        raise Refused("no_targets", _("Its list is empty; add citizens first."))
    sounds = parse(row.script).sounds()
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
    """At once: calls in progress are hung up, nobody is called any more."""
    can_run(actor).require("campaigns:run")
    row = _locked(campaign_id)
    if row.state == State.ENDED:
        raise Refused("campaign_state", _("This campaign has ended."))
    row.state, row.ended_at = State.ENDED, now()
    row.save(update_fields=["state", "ended_at"])
    for attempt in Attempt.objects.filter(target__campaign=row, ended_at=None).exclude(leg=""):
        ask_switch(Hangup(attempt.leg), f"{LABEL}{attempt.pk}", now())
    audit.record(actor=actor, verb="campaigns.end", object_type="campaign", object_id=row.pk)
    publish(["campaigns"], "campaign.ended", campaign=row.pk)


@transaction.atomic
def opt_out(*, actor: Actor, citizen_id: int, attempt_id: int | None = None) -> None:
    """No machine calls this citizen again. By the citizen's own key, or by staff who were told so."""
    if not actor.is_system:
        can_run(actor).require("campaigns:run")
    if not Citizen.objects.filter(pk=citizen_id).exists():
        raise NotVisible(citizen_id)
    OptOut.objects.get_or_create(
        citizen_id=citizen_id, defaults={"by": actor.key(), "at": now(), "attempt_id": attempt_id}
    )
    audit.record(actor=actor, verb="campaigns.opt_out", object_type="citizen", object_id=citizen_id)


@transaction.atomic
def take_opt_out_back(*, actor: Actor, citizen_id: int) -> None:
    """The citizen has asked to be called again."""
    can_run(actor).require("campaigns:run")
    if not OptOut.objects.filter(citizen_id=citizen_id).delete()[0]:
        raise NotVisible(citizen_id)
    audit.record(actor=actor, verb="campaigns.opt_in", object_type="citizen", object_id=citizen_id)
