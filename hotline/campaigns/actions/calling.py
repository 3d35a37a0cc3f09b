"""The calls themselves, driven in the distributor: who is due is dialled, asked step by step, written down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from hotline.calls.actions import ask_switch, hand_to_person
from hotline.calls.engines import (
    Collect,
    Command,
    DigitsCollected,
    EngineEvent,
    Hangup,
    Leg,
    LegAnswered,
    LegEnded,
    Originate,
    Play,
    PlayEnded,
)
from hotline.calls.models import Ask
from hotline.campaigns.actions.preparing import LABEL, MACHINE, opt_out
from hotline.campaigns.models import Answer, Attempt, Campaign, OptOut, State, Target, TargetState
from hotline.campaigns.rules import (
    END,
    PERSON,
    SPOKEN_TO,
    STOP,
    Outcome,
    Step,
    city_day,
    next_try,
    outcome_of,
    parse,
    within,
)
from hotline.kit.clock import now
from hotline.kit.errors import Refused
from hotline.kit.live import publish
from hotline.worktime.queries import calendar_in_effect
from hotline.worktime.rules import YearUnknown

CITIZEN = "citizen:"
"""In what is asked of the switch a citizen stands by their id; calls puts the number in when it is asked."""
RING_SECONDS = 30.0
KEY_SECONDS = 6.0
MOST_REPEATS = 1
"""A question is said twice; who presses nothing then is silent."""
PLACING_SECONDS = timedelta(seconds=120)
"""A call of which the switch has said nothing for so long is given up."""


class Caller:
    """See calls.actions.Driver."""

    def started(self, name: str, leg: str) -> None:
        """The leg begins. The attempt was given up meanwhile: it is let go."""
        if not Attempt.objects.filter(pk=name, ended_at=None).update(leg=leg):
            _ask(name, Hangup(leg))

    def heard(self, told: EngineEvent) -> None:
        attempt = (
            Attempt.objects.select_for_update(of=("self",))
            .select_related("target__campaign", "target__citizen")
            .filter(leg=told.leg, ended_at=None)
            .first()
        )
        if attempt is None or not told.leg:
            return
        if isinstance(told, LegEnded):
            _over(attempt, told.reason)
        elif attempt.outcome:
            return  # it is being hung up
        elif isinstance(told, LegAnswered):
            attempt.answered_at = told.at
            _say(attempt, parse(attempt.target.campaign.script).steps[0])
        elif isinstance(told, PlayEnded) and told.reason in ("finished", "digit"):
            _said(attempt)
        elif isinstance(told, DigitsCollected) and told.reason not in ("hangup", "replaced"):
            _pressed(attempt, told.digits)

    def refused(self, name: str, verb: str, code: str) -> None:
        attempt = Attempt.objects.select_for_update().filter(pk=name, ended_at=None).first()
        if attempt is None or verb == "hangup":
            return
        if verb == "originate":
            _over(attempt, "failed")
        elif code not in ("no_leg", "leg_gone"):
            _finish(attempt, Outcome.FAILED)

    def settle(self, legs: Mapping[str, Leg]) -> None:
        """What the switch has no longer has ended; what it has in the middle of something is said anew."""
        asked = set(Ask.objects.filter(chain__startswith=LABEL).values_list("chain", flat=True))
        for attempt in Attempt.objects.select_for_update().filter(ended_at=None).order_by("pk"):
            leg = legs.get(attempt.leg)
            if leg is None:
                if attempt.leg or f"{LABEL}{attempt.pk}" not in asked:
                    _over(attempt, "lost")
            elif attempt.outcome:
                _ask(attempt.pk, Hangup(attempt.leg))
            elif leg.state == "up":
                attempt.answered_at = attempt.answered_at or now()
                script = parse(attempt.target.campaign.script)
                _say(attempt, script.step(attempt.step) or script.steps[0])

    def due(self, at: datetime) -> int:
        count = 0
        for campaign_id in Campaign.objects.filter(state=State.RUNNING).values_list("pk", flat=True):
            count += _place(campaign_id, at)
        for attempt_id in Attempt.objects.filter(
            ended_at=None, leg="", placed_at__lt=at - PLACING_SECONDS
        ).values_list("pk", flat=True):
            with transaction.atomic():
                attempt = Attempt.objects.select_for_update().filter(pk=attempt_id, ended_at=None).first()
                if attempt is not None:
                    _over(attempt, "lost")
                    count += 1
        return count


# -- who is called -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def _place(campaign_id: int, at: datetime) -> int:
    campaign = Campaign.objects.select_for_update().filter(pk=campaign_id, state=State.RUNNING).first()
    if campaign is None:
        return 0
    if not campaign.targets.filter(state__in=[TargetState.WAITING, TargetState.CALLING]).exists():
        campaign.state, campaign.ended_at = State.ENDED, at
        campaign.save(update_fields=["state", "ended_at"])
        publish(["campaigns"], "campaign.ended", campaign=campaign.pk)
        return 1
    if not within(at, campaign.opens, campaign.closes) or not _may_today(campaign, city_day(at)):
        return 0
    busy = Attempt.objects.filter(target__campaign=campaign, ended_at=None).count()
    count = 0
    spoken = Attempt.objects.filter(
        target__citizen=OuterRef("citizen"), answered_at__gt=at - timedelta(days=campaign.rest_days)
    ).exclude(target__campaign=campaign)
    rows = (
        campaign.targets.select_for_update(of=("self",))
        .filter(state=TargetState.WAITING)
        .exclude(not_before__gt=at)
        .annotate(
            out=Exists(OptOut.objects.filter(citizen=OuterRef("citizen"))),
            rests=Exists(spoken),
            elsewhere=Exists(Attempt.objects.filter(target__citizen=OuterRef("citizen"), ended_at=None)),
        )
        .order_by("tried", "pk")[: 10 * campaign.lines]
    )
    for target in rows:
        if target.out or target.rests:
            target.state, target.why = TargetState.SKIPPED, "opted_out" if target.out else "rests"
            target.save(update_fields=["state", "why"])
            count += 1
        elif busy < campaign.lines and not target.elsewhere:
            target.state = TargetState.CALLING
            target.tried += 1
            target.save(update_fields=["state", "tried"])
            attempt = Attempt.objects.create(target=target, placed_at=at)
            _ask(
                attempt.pk,
                Originate(
                    settings.OUT_TRUNK,
                    f"{CITIZEN}{target.citizen_id}",
                    ring_seconds=RING_SECONDS,
                    label=f"{LABEL}{attempt.pk}",
                ),
            )
            busy += 1
            count += 1
    if count:
        publish(["campaigns"], "campaign.moved", campaign=campaign.pk)
    return count


def _may_today(campaign: Campaign, day: date) -> bool:
    """On a calendar that does not know the day nobody is called: better late than on a holiday."""
    if not campaign.workdays_only:
        return True
    try:
        return calendar_in_effect().calendar.is_workday(day)
    except (Refused, YearUnknown):
        return False


# -- what is said and pressed --------------------------------------------------------------------------------------------------


def _ask(name: object, *commands: Command[object]) -> None:
    for command in commands:
        ask_switch(command, f"{LABEL}{name}", now())


def _say(attempt: Attempt, step: Step) -> None:
    if attempt.step != step.code:
        attempt.step, attempt.repeats = step.code, 0
    attempt.save()
    _ask(attempt.pk, Play(attempt.leg, (step.sound,), until_digit=bool(step.keys)))


def _said(attempt: Attempt) -> None:
    step = parse(attempt.target.campaign.script).step(attempt.step)
    if step is None:
        _finish(attempt, Outcome.FAILED)
    elif step.keys:
        _ask(attempt.pk, Collect(attempt.leg, most=1, end="", first_seconds=KEY_SECONDS, fresh=False))
    else:
        _go(attempt, step.to)


def _pressed(attempt: Attempt, digits: str) -> None:
    step = parse(attempt.target.campaign.script).step(attempt.step)
    key = step.leads(digits) if step is not None else None
    if step is None:
        _finish(attempt, Outcome.FAILED)
    elif key is not None:
        Answer.objects.get_or_create(
            attempt=attempt, step=step.code, defaults={"key": key.key, "meaning": key.meaning, "at": now()}
        )
        _go(attempt, key.to)
    elif attempt.repeats < MOST_REPEATS:
        attempt.repeats += 1
        _say(attempt, step)
    else:
        _finish(attempt, Outcome.PARTIAL if attempt.answers.exists() else Outcome.SILENT)


def _go(attempt: Attempt, to: str) -> None:
    step = parse(attempt.target.campaign.script).step(to)
    if step is not None:
        _say(attempt, step)
    elif to == PERSON:
        call = hand_to_person(leg=attempt.leg, citizen_id=attempt.target.citizen_id, at=now())
        if call is None:
            _finish(attempt, Outcome.COMPLETE)
        else:
            attempt.outcome = Outcome.HANDED
            _close(attempt, Outcome.HANDED)
    elif to == STOP:
        opt_out(actor=MACHINE, citizen_id=attempt.target.citizen_id, attempt_id=attempt.pk)
        _finish(attempt, Outcome.OPTED_OUT)
    else:
        assert to == END
        _finish(attempt, Outcome.COMPLETE)


def _finish(attempt: Attempt, outcome: Outcome) -> None:
    """It is hung up; its leg's end closes it."""
    attempt.outcome = outcome
    attempt.save()
    _ask(attempt.pk, Hangup(attempt.leg))


def _over(attempt: Attempt, reason: str) -> None:
    answered = attempt.answered_at is not None
    outcome = attempt.outcome or outcome_of(reason, answered=answered, answers=attempt.answers.count())
    _close(attempt, Outcome(outcome))


def _close(attempt: Attempt, outcome: Outcome) -> None:
    """The attempt is closed; the citizen is done with, tried again in another part of a day, or given up."""
    moment = now()
    attempt.outcome, attempt.ended_at = outcome, moment
    attempt.save()
    target = Target.objects.select_for_update().select_related("campaign").get(pk=attempt.target_id)
    target.outcome = outcome
    if outcome in SPOKEN_TO:
        target.state = TargetState.DONE
    elif target.tried >= target.campaign.tries:
        target.state = TargetState.UNREACHED
    else:
        target.state = TargetState.WAITING
        target.not_before = next_try(moment, target.campaign.opens, target.campaign.closes)
    target.save()
    publish(["campaigns"], "campaign.moved", campaign=target.campaign_id)
