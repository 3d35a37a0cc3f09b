"""What is said in a call of the machine's own, pressed and spoken; and what each call came to."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from hotline.calls.actions import ask_switch, hand_to_person
from hotline.calls.engines import Collect, Command, Hangup, Play, StopPlaying
from hotline.campaigns.actions.preparing import LABEL, MACHINE, opt_out
from hotline.campaigns.models import Answer, AtMachine, Attempt, Target, TargetState
from hotline.campaigns.permissions import can_call
from hotline.campaigns.rules import (
    END,
    PERSON,
    SPOKEN_TO,
    STOP,
    Hours,
    Key,
    Outcome,
    Script,
    Step,
    bounded,
    next_try,
    outcome_of,
    parse,
    sound_of,
    understood,
)
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.live import publish

KEY_SECONDS = 6.0
WORDS_SECONDS = 10.0
"""Until a key, where answers may be spoken: what was said takes a while to be understood."""
AT_ONCE = 0.1
"""A collection as short as this ends the one before it."""
MOST_REPEATS = 1
"""A question is said twice; who presses nothing then is silent."""
MOST_SPOKEN = 80


def ask_for(name: object, *commands: Command[object]) -> None:
    """In the chain of one attempt."""
    for command in commands:
        ask_switch(command, f"{LABEL}{name}", now())


def open_attempt(**terms: object) -> Attempt | None:
    """One that is not over, locked, with its target and campaign."""
    rows = Attempt.objects.select_for_update(of=("self",)).select_related("target__campaign")
    return rows.filter(ended_at=None, **terms).first()


def script_of(attempt: Attempt) -> Script:
    return parse(attempt.target.campaign.script)


def hours_of(target: Target) -> Hours:
    return bounded(target.campaign.opens, target.campaign.closes, settings.MACHINE_HOURS)


def say(attempt: Attempt, step: Step) -> None:
    """From the beginning of a step; who waited for an answer waits no more."""
    if attempt.asked_at is not None and attempt.target.campaign.speech:
        _stop_collecting(attempt)
    if attempt.step != step.code:
        attempt.step, attempt.repeats = step.code, 0
    attempt.said_at, attempt.asked_at = now(), None
    attempt.save()
    ask_for(attempt.pk, Play(attempt.leg, (step.sound,), until_digit=bool(step.keys)))


def _stop_collecting(attempt: Attempt) -> None:
    """Keys pressed late belong to the question before."""
    ask_for(attempt.pk, Collect(attempt.leg, most=1, end="", first_seconds=AT_ONCE, fresh=False))


def said(attempt: Attempt, at: datetime) -> None:
    """All of it has been said: on, or wait for the answer; at a machine that is the end."""
    step = script_of(attempt).step(attempt.step)
    if attempt.machine:
        if attempt.left:
            finish(attempt, Outcome.MACHINE)
    elif step is None:
        finish(attempt, Outcome.FAILED)
    elif step.keys:
        seconds = WORDS_SECONDS if attempt.target.campaign.speech else KEY_SECONDS
        attempt.asked_at = at
        attempt.save(update_fields=["asked_at"])
        ask_for(attempt.pk, Collect(attempt.leg, most=1, end="", first_seconds=seconds, fresh=False))
    else:
        _go(attempt, step.to)


def pressed(attempt: Attempt, digits: str, at: datetime) -> None:
    """A key, or none in time."""
    if attempt.machine or (not digits and attempt.asked_at is None):
        return  # of a question that was answered by voice
    if attempt.said_at is not None and at < attempt.said_at:
        return
    step = script_of(attempt).step(attempt.step)
    key = step.leads(digits) if step is not None else None
    attempt.asked_at = None
    if step is None:
        finish(attempt, Outcome.FAILED)
    elif key is not None:
        _answer(attempt, step, key, "")
    else:
        _once_more(attempt, step)


def _once_more(attempt: Attempt, step: Step) -> None:
    if attempt.repeats < MOST_REPEATS:
        attempt.repeats += 1
        say(attempt, step)
    else:
        finish(attempt, Outcome.PARTIAL if attempt.answers.exists() else Outcome.SILENT)


@transaction.atomic
def hear_words(*, actor: Actor, attempt_id: int, step: str, text: str) -> bool:
    """What a citizen said to a question: its choice, or the question once more. False: it waits for no answer to this."""
    attempt = open_attempt(pk=attempt_id, step=step, outcome="", machine=False)
    can_call(actor).require("campaigns:call")
    if attempt is None or attempt.asked_at is None or not attempt.target.campaign.speech:
        return False
    asked = script_of(attempt).step(step)
    if asked is None or not asked.keys:
        return False
    key = understood(text, asked.keys)
    if key is not None:
        _answer(attempt, asked, key, text)
    elif attempt.repeats < MOST_REPEATS:
        attempt.repeats += 1
        say(attempt, asked)
    # Else the keys are waited for; nobody is told a third time.
    return True


def _answer(attempt: Attempt, step: Step, key: Key, spoken: str) -> None:
    Answer.objects.get_or_create(
        attempt=attempt,
        step=step.code,
        defaults={"key": key.key, "meaning": key.meaning, "spoken": spoken[:MOST_SPOKEN], "at": now()},
    )
    _go(attempt, key.to)


@transaction.atomic
def note_machine(*, actor: Actor, attempt_id: int) -> bool:
    """A machine has picked up: it is told nothing more. Whoever has answered is a person, whatever was heard."""
    attempt = open_attempt(pk=attempt_id, outcome="", machine=False)
    can_call(actor).require("campaigns:call")
    if attempt is None or attempt.answers.exists():
        return False
    attempt.machine, attempt.asked_at = True, None
    if _leaves(attempt):
        attempt.save()
        ask_for(attempt.pk, StopPlaying(attempt.leg))
    else:
        finish(attempt, Outcome.MACHINE)
    return True


def _leaves(attempt: Attempt) -> bool:
    """A message is left once, not at each try."""
    return (
        attempt.target.campaign.at_machine == AtMachine.LEAVE
        and not attempt.target.attempts.filter(left=True).exists()
    )


@transaction.atomic
def leave_message(*, actor: Actor, attempt_id: int) -> bool:
    """The machine listens now: its message is spoken, then hung up."""
    attempt = open_attempt(pk=attempt_id, outcome="", machine=True, left=False)
    can_call(actor).require("campaigns:call")
    if attempt is None:
        return False
    attempt.left = True
    attempt.save(update_fields=["left"])
    ask_for(attempt.pk, Play(attempt.leg, (sound_of(attempt.target.campaign.message),)))
    return True


def _go(attempt: Attempt, to: str) -> None:
    step = script_of(attempt).step(to)
    if step is not None:
        say(attempt, step)
    elif to == PERSON:
        call = hand_to_person(leg=attempt.leg, citizen_id=attempt.target.citizen_id, at=now())
        if call is None:
            finish(attempt, Outcome.COMPLETE)
        else:
            close(attempt, Outcome.HANDED)
    elif to == STOP:
        opt_out(actor=MACHINE, citizen_id=attempt.target.citizen_id, attempt_id=attempt.pk)
        finish(attempt, Outcome.OPTED_OUT)
    else:
        assert to == END
        finish(attempt, Outcome.COMPLETE)


def finish(attempt: Attempt, outcome: Outcome) -> None:
    """It is hung up; its leg's end closes it."""
    attempt.outcome = outcome
    attempt.save()
    ask_for(attempt.pk, Hangup(attempt.leg))


def over(attempt: Attempt, reason: str) -> None:
    """Its leg has ended, for the engine's reason."""
    answered = attempt.answered_at is not None
    outcome = attempt.outcome or outcome_of(reason, answered=answered, answers=attempt.answers.count())
    if not attempt.outcome and attempt.machine:
        outcome = Outcome.MACHINE
    close(attempt, Outcome(outcome))


def close(attempt: Attempt, outcome: Outcome) -> None:
    """The attempt is closed; the citizen is done with, tried again in another part of a day, or given up."""
    moment = now()
    attempt.outcome, attempt.ended_at = outcome, moment
    attempt.save()
    target = (
        Target.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=attempt.target_id)
    )
    target.outcome = outcome
    if outcome in SPOKEN_TO:
        target.state = TargetState.DONE
    elif target.tried >= target.campaign.tries:
        target.state = TargetState.UNREACHED
    else:
        target.state = TargetState.WAITING
        target.not_before = next_try(moment, hours_of(target))
    target.save()
    publish(["campaigns"], "campaign.moved", campaign=target.campaign_id)
