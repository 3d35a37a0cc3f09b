"""Who is due is dialled; what becomes of the legs is told to the conversation. Driven in the distributor, each in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from hotline.calls.engines import (
    DigitsCollected,
    EngineEvent,
    Hangup,
    Leg,
    LegAnswered,
    LegEnded,
    Originate,
    PlayEnded,
)
from hotline.calls.models import AgentSession, Ask, Call, CallState
from hotline.campaigns.actions import agents
from hotline.campaigns.actions.preparing import LABEL
from hotline.campaigns.actions.speaking import (
    ask_for,
    finish,
    open_attempt,
    over,
    pressed,
    said,
    say,
    script_of,
)
from hotline.campaigns.models import Attempt, Campaign, Manner, OptOut, State, Target, TargetState
from hotline.campaigns.queries import silenced
from hotline.campaigns.rules import SPOKEN_TO, Outcome, bounded, city_day, within
from hotline.kit.clock import now
from hotline.kit.errors import Refused
from hotline.kit.live import publish
from hotline.worktime.queries import calendar_in_effect
from hotline.worktime.rules import YearUnknown

CITIZEN = "citizen:"
"""In what is asked of the switch a citizen stands by their id; calls puts the number in when it is asked."""
RING_SECONDS = 30.0
PLACING_SECONDS = timedelta(seconds=120)
"""A call of which the switch has said nothing for so long is given up."""


class Caller:
    """See calls.actions.Driver."""

    def started(self, name: str, leg: str) -> None:
        """The leg begins. The attempt was given up meanwhile: it is let go."""
        if not Attempt.objects.filter(pk=name, ended_at=None).update(leg=leg):
            ask_for(name, Hangup(leg))

    def heard(self, told: EngineEvent) -> None:
        attempt = open_attempt(leg=told.leg) if told.leg else None
        if attempt is None:
            return
        if isinstance(told, LegEnded):
            over(attempt, told.reason)
        elif attempt.outcome:
            return  # it is being hung up
        elif isinstance(told, LegAnswered):
            attempt.answered_at = told.at
            say(attempt, script_of(attempt).steps[0])
        elif isinstance(told, PlayEnded) and told.reason in ("finished", "digit"):
            said(attempt, told.at)
        elif isinstance(told, DigitsCollected) and told.reason not in ("hangup", "replaced"):
            pressed(attempt, told.digits, told.at)

    def refused(self, name: str, verb: str, code: str) -> None:
        attempt = open_attempt(pk=name)
        if attempt is None or verb in ("hangup", "stop"):
            return
        if verb == "originate":
            over(attempt, "failed")
        elif code not in ("no_leg", "leg_gone") and not attempt.outcome:
            finish(attempt, Outcome.FAILED)

    def settle(self, legs: Mapping[str, Leg]) -> None:
        """What the switch has no longer has ended; what it has in the middle of something is said anew."""
        asked = set(Ask.objects.filter(chain__startswith=LABEL).values_list("chain", flat=True))
        for attempt_id in (
            Attempt.objects.filter(ended_at=None, call=None).order_by("pk").values_list("pk", flat=True)
        ):
            attempt = open_attempt(pk=attempt_id)
            if attempt is not None:
                self._settle(attempt, legs.get(attempt.leg), still=f"{LABEL}{attempt_id}" in asked)

    def _settle(self, attempt: Attempt, leg: Leg | None, *, still: bool) -> None:
        if leg is None:
            if attempt.leg or not still:
                over(attempt, "lost")
        elif attempt.outcome or attempt.machine:
            finish(attempt, Outcome(attempt.outcome or Outcome.MACHINE))
        elif leg.state == "up":
            attempt.answered_at = attempt.answered_at or now()
            script = script_of(attempt)
            say(attempt, script.step(attempt.step) or script.steps[0])

    def due(self, at: datetime) -> int:
        count = agents.follow(at)
        for campaign_id in Campaign.objects.filter(state=State.RUNNING).values_list("pk", flat=True):
            count += _place(campaign_id, at)
        silent = Attempt.objects.filter(ended_at=None, call=None, leg="", placed_at__lt=at - PLACING_SECONDS)
        for attempt_id in silent.values_list("pk", flat=True):
            with transaction.atomic():
                attempt = open_attempt(pk=attempt_id)
                if attempt is not None:
                    over(attempt, "lost")
                    count += 1
        return count


# -- who is called -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def _place(campaign_id: int, at: datetime) -> int:
    # Somebody who changes it holds its row for seconds; every call of the city waits for whoever waits here.
    campaign = Campaign.objects.select_for_update(skip_locked=True).filter(pk=campaign_id, state=State.RUNNING).first()
    if campaign is None:
        return 0
    if not campaign.targets.filter(state__in=[TargetState.WAITING, TargetState.CALLING]).exists():
        campaign.state, campaign.ended_at = State.ENDED, at
        campaign.save(update_fields=["state", "ended_at"])
        publish(["campaigns"], "campaign.ended", campaign=campaign.pk)
        return 1
    hours = bounded(campaign.opens, campaign.closes, settings.MACHINE_HOURS)
    if not within(at, hours) or not _may_today(campaign, city_day(at)):
        return 0
    free = agents.free_agents(campaign) if campaign.manner == Manner.PROGRESSIVE else []
    busy = Attempt.objects.filter(target__campaign=campaign, ended_at=None).count()
    room = campaign.lines - busy
    if campaign.manner == Manner.PROGRESSIVE:
        room = min(room, len(free))
    if room <= 0:
        return 0
    count = 0
    rows = _due(campaign, at)
    gone = silenced((one.source, one.about) for one in rows)
    for target in rows:
        if why := _why_not(target, gone):
            target.state, target.why = TargetState.SKIPPED, why
            target.save(update_fields=["state", "why"])
            count += 1
        elif room > 0 and not target.busy:
            placed = _dial_for(campaign, target, free.pop(0), at) if free else _dial(campaign, target, at)
            room -= placed
            count += placed
    if count:
        publish(["campaigns"], "campaign.moved", campaign=campaign.pk)
    return count


def _due(campaign: Campaign, at: datetime) -> list[Any]:
    """The next citizens of the list, locked; each with `out`, `rests`, `busy`: what keeps them from being called."""
    spoken = Attempt.objects.filter(
        target__citizen=OuterRef("citizen"),
        answered_at__gt=at - timedelta(days=campaign.rest_days),
        outcome__in=SPOKEN_TO,  # a machine that picked up has told nobody anything
    ).exclude(target__campaign=campaign)
    elsewhere = Attempt.objects.filter(target__citizen=OuterRef("citizen"), ended_at=None)
    on_the_line = Call.objects.filter(citizen=OuterRef("citizen")).exclude(state=CallState.ENDED)
    rows = (
        campaign.targets.select_for_update(of=("self",))
        .filter(state=TargetState.WAITING)
        .exclude(not_before__gt=at)
        .annotate(
            out=Exists(OptOut.objects.filter(citizen=OuterRef("citizen"))),
            rests=Exists(spoken),
            busy=Exists(elsewhere) | Exists(on_the_line),
        )
    )
    return list(rows.order_by("tried", "pk")[: 10 * campaign.lines])


def _why_not(target: Any, gone: set[tuple[str, str]]) -> str:
    if target.out:
        return "opted_out"
    if (target.source, target.about) in gone:
        return "confidential"
    return "rests" if target.rests else ""


def _tried(target: Target) -> None:
    target.state = TargetState.CALLING
    target.tried += 1
    target.save(update_fields=["state", "tried"])


def _dial(campaign: Campaign, target: Target, at: datetime) -> bool:
    if campaign.manner == Manner.PROGRESSIVE:
        return False  # no agent is left
    _tried(target)
    attempt = Attempt.objects.create(target_id=target.pk, placed_at=at)
    ask_for(
        attempt.pk,
        Originate(
            settings.OUT_TRUNK,
            f"{CITIZEN}{target.citizen_id}",
            ring_seconds=RING_SECONDS,
            label=f"{LABEL}{attempt.pk}",
        ),
    )
    return True


def _dial_for(campaign: Campaign, target: Target, session: AgentSession, at: datetime) -> bool:
    try:
        with transaction.atomic():
            attempt = agents.dial(campaign, target, session, at)
    except Refused as refusal:
        target.state, target.why = TargetState.SKIPPED, refusal.code[:20]
        target.save(update_fields=["state", "why"])
        return False
    if attempt is not None:
        _tried(target)
    return attempt is not None


def _may_today(campaign: Campaign, day: date) -> bool:
    """On a calendar that does not know the day nobody is called: better late than on a holiday."""
    if not campaign.workdays_only:
        return True
    try:
        return calendar_in_effect().calendar.is_workday(day)
    except (Refused, YearUnknown):
        return False
