"""What campaigns come to. Everything here is behind `campaigns:run`; a citizen is shown by the masked number alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from hotline.accounts.queries import find_citizen
from hotline.calls.queries import free_to_call_out, said_states
from hotline.calls.rules.prompting import AUDIBLE
from hotline.campaigns.models import (
    Answer,
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
from hotline.campaigns.permissions import can_note_opt_out, can_run
from hotline.campaigns.rules import Script, ScriptFault, Step, parse, sound_of
from hotline.kit import paging
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import NotVisible
from hotline.transcripts.queries import scribe_now

MOST_SHOWN = 100
MOST_CAMPAIGNS = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One campaign of the list."""

    campaign: Campaign
    listed: int
    done: int
    answered: int


@dataclass(frozen=True, slots=True)
class Meaning:
    """How often a key was pressed at a step, and of all who answered there."""

    meaning: str
    count: int
    percent: int


@dataclass(frozen=True, slots=True)
class Asked:
    step: Step
    answers: int
    meanings: tuple[Meaning, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One campaign: where its list stands, how calls ended, what was answered, whom it reached last."""

    campaign: Campaign
    script: Script | None
    fault: str
    silent_sounds: int
    states: tuple[tuple[str, int], ...]
    outcomes: tuple[tuple[str, int], ...]
    listed: int
    settled: int
    on_line: int
    asked: tuple[Asked, ...]
    latest: tuple[Attempt, ...]
    queries: tuple[Selection, ...]
    at_work: int
    """Agents who are free to be called for, of a progressive one."""
    deaf: str
    """Why spoken answers are not understood now, where they should be."""

    @property
    def percent(self) -> int:
        return round(100 * self.settled / self.listed) if self.listed else 0


def campaigns(actor: Actor, *, cursor: str = "") -> tuple[list[Row], paging.Page[Campaign]]:
    """The newest first, a page and its place; counted for those on the page alone."""
    can_run(actor).require("campaigns:run")
    found = paging.keyset(Campaign.objects.all(), order=("-id",), cursor=cursor, size=MOST_CAMPAIGNS)
    over = [TargetState.DONE, TargetState.UNREACHED, TargetState.SKIPPED]
    counts = {
        row["campaign"]: row
        for row in Target.objects.filter(campaign__in=[one.pk for one in found.rows])
        .values("campaign")
        .annotate(
            listed=Count("pk"),
            settled=Count("pk", filter=Q(state__in=over)),
            spoken=Count("pk", filter=Q(state=TargetState.DONE)),
        )
    }
    none = {"listed": 0, "settled": 0, "spoken": 0}
    rows = [(one, counts.get(one.pk, none)) for one in found.rows]
    return [Row(one, count["listed"], count["settled"], count["spoken"]) for one, count in rows], found


def campaign(actor: Actor, campaign_id: int) -> Campaign:
    can_run(actor).require("campaigns:run")
    row = Campaign.objects.filter(pk=campaign_id).first()
    if row is None:
        raise NotVisible(campaign_id)
    return row


def page(actor: Actor, campaign_id: int) -> Page:
    row = campaign(actor, campaign_id)
    script, fault = read(row.script)
    states = dict(row.targets.values_list("state").annotate(n=Count("pk")))
    outcomes = dict(
        row.targets.exclude(outcome="").values_list("outcome").annotate(n=Count("pk")).order_by("-n")
    )
    names = dict(Target._meta.get_field("outcome").choices or ())
    latest = Attempt.objects.filter(target__campaign=row).select_related("target__citizen")
    waiting = states.get(TargetState.WAITING, 0) + states.get(TargetState.CALLING, 0)
    return Page(
        row,
        script,
        fault,
        _silent(row),
        tuple((str(TargetState(state).label), states[state]) for state in TargetState if state in states),
        tuple((str(names[outcome]), count) for outcome, count in outcomes.items()),
        sum(states.values()),
        sum(states.values()) - waiting,
        states.get(TargetState.CALLING, 0),
        _asked(row, script),
        tuple(latest.prefetch_related("answers").order_by("-pk")[:20]),
        tuple(row.selections.order_by("pk")),
        len(free_to_call_out(row.lane)) if row.lane is not None and row.state == State.RUNNING else 0,
        scribe_now() if row.speech and row.state != State.ENDED else "",
    )


def read(script: str) -> tuple[Script | None, str]:
    """What a script says, or what is wrong with it."""
    try:
        return parse(script), ""
    except ScriptFault as fault:
        return None, _("Line %(line)s: %(why)s") % {"line": fault.line, "why": fault.why}


def _silent(row: Campaign) -> int:
    """Steps that the voice has still to speak."""
    return sum(one not in AUDIBLE for one in said_states(words_of(row)).values())


def _asked(row: Campaign, script: Script | None) -> tuple[Asked, ...]:
    counts = {
        (step, key): count
        for step, key, count in Answer.objects.filter(attempt__target__campaign=row)
        .values_list("step", "key")
        .annotate(n=Count("pk"))
    }
    asked = []
    for step in script.steps if script else ():
        if step.keys:
            whole = sum(counts.get((step.code, key.key), 0) for key in step.keys)
            meanings = [
                Meaning(key.meaning, count, round(100 * count / whole) if whole else 0)
                for key in step.keys
                for count in [counts.get((step.code, key.key), 0)]
            ]
            asked.append(Asked(step, whole, tuple(meanings)))
    return tuple(asked)


def export(actor: Actor, campaign_id: int) -> Iterator[list[Any]]:
    """The heading, then one row a citizen: masked number, state, outcome, tries, and what was answered at each step."""
    row = campaign(actor, campaign_id)
    script, _fault = read(row.script)
    codes = [one.code for one in script.steps if one.keys] if script else []
    answers: dict[int, dict[str, str]] = {}
    for of, step, meaning in Answer.objects.filter(attempt__target__campaign=row).values_list(
        "attempt__target_id", "step", "meaning"
    ):
        answers.setdefault(of, {})[step] = meaning
    last = dict(
        Attempt.objects.filter(target__campaign=row).order_by("pk").values_list("target_id", "placed_at")
    )
    yield [_("Number"), _("State"), _("Result of the call"), _("Tries"), _("Last call"), *codes]
    for target in row.targets.select_related("citizen").order_by("pk").iterator():
        given = answers.get(target.pk, {})
        yield [
            target.citizen.phone_mask,
            target.get_state_display(),
            target.get_outcome_display(),
            target.tried,
            _moment(last.get(target.pk)),
            *(given.get(code, "") for code in codes),
        ]


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}" if at else ""


def opt_outs(actor: Actor, *, phone: str = "", cursor: str = "") -> paging.Page[OptOut]:
    """The newest first; with a whole number, the one citizen's. Without `campaigns:run` only by a number."""
    can_note_opt_out(actor).require("campaigns:run")
    rows = OptOut.objects.select_related("citizen")
    if phone.strip():
        citizen = find_citizen(phone)
        rows = rows.filter(citizen=citizen) if citizen is not None else rows.none()
    elif not can_run(actor):
        rows = rows.none()
    return paging.keyset(rows, order=("-at", "-id"), cursor=cursor, size=MOST_SHOWN)


def words_of(row: Campaign) -> dict[str, str]:
    """What the voice is to speak for one campaign, by file; nothing where agents speak."""
    if row.manner == Manner.PROGRESSIVE:
        return {}
    found, _fault = read(row.script)
    texts = found.sounds() if found is not None else {}
    return texts | ({sound_of(row.message): row.message} if row.at_machine == AtMachine.LEAVE else {})


def words() -> Mapping[str, str]:
    """The same for all campaigns that may still call."""
    texts: dict[str, str] = {}
    for row in Campaign.objects.exclude(state=State.ENDED).order_by("-pk"):
        texts |= words_of(row)
    return texts
