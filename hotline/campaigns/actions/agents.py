"""Progressive campaigns: the machine dials for an agent who is ready, the agent writes down what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.calls.actions import dial_for
from hotline.calls.models import AgentSession, AgentState, CallState
from hotline.calls.queries import free_to_call_out
from hotline.campaigns.actions.preparing import MACHINE, never_again
from hotline.campaigns.actions.speaking import close, open_attempt, script_of
from hotline.campaigns.models import Answer, Attempt, Campaign, Target
from hotline.campaigns.rules import BY_AGENT, Outcome, outcome_of
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.live import publish

PATIENCE = timedelta(minutes=10)
"""After the end of a conversation, in which the agent writes down what came of it."""


def free_agents(campaign: Campaign) -> list[AgentSession]:
    """Whom citizens may be called for now: of the lane, ready, nothing left to write down; the campaign's spare ones left out."""
    if campaign.lane is None:
        return []
    owing = set(Attempt.objects.filter(ended_at=None, agent__isnull=False).values_list("agent_id", flat=True))
    ready = free_to_call_out(campaign.lane)
    free = [one for one in ready if one.person_id not in owing]
    return free[: max(0, len(ready) - campaign.spare)]


def dial(campaign: Campaign, target: Target, session: AgentSession, at: datetime) -> Attempt | None:
    """One citizen for one agent. None: the agent is ready no more. Raises Refused when this citizen cannot be dialled."""
    assert campaign.lane is not None
    call = dial_for(
        actor=MACHINE,
        session_id=session.pk,
        lane=campaign.lane,
        citizen_id=target.citizen_id,
        order_number=target.about,
    )
    if call is None:
        return None
    attempt = Attempt.objects.create(target=target, call=call, agent_id=session.person_id, placed_at=at)
    _told(attempt)
    return attempt


def follow(at: datetime) -> int:
    """What has become of calls dialled for agents; how many moved."""
    moved = 0
    rows = Attempt.objects.filter(ended_at=None, call__isnull=False).exclude(
        answered_at=None, call__connected_at=None, call__ended_at=None
    )
    for attempt_id in rows.exclude(answered_at__isnull=False, call__ended_at=None).values_list(
        "pk", flat=True
    ):
        with transaction.atomic():
            attempt = open_attempt(pk=attempt_id)
            moved += attempt is not None and _follow(attempt, at)
    return moved


def _follow(attempt: Attempt, at: datetime) -> bool:
    call = attempt.call
    assert call is not None
    if call.connected_at is None:
        if call.ended_at is None:
            return False
        reason = "stopped" if call.end_reason in ("near", "alone") else call.end_reason
        close(attempt, outcome_of(reason, answered=False, answers=0))
        _told(attempt)
        return True
    moved = attempt.answered_at is None
    if moved:
        attempt.answered_at = call.connected_at
        attempt.save(update_fields=["answered_at"])
    if call.ended_at is None:
        return moved
    if attempt.noted_at is not None:
        close(attempt, Outcome(attempt.outcome))
    elif at - call.ended_at > PATIENCE or not _there(attempt):
        close(attempt, Outcome.UNNOTED)
    else:
        return moved
    _told(attempt)
    return True


def _there(attempt: Attempt) -> bool:
    return AgentSession.objects.filter(person=attempt.agent).exclude(state=AgentState.SIGNED_OUT).exists()


@transaction.atomic
def note(*, actor: Actor, attempt_id: int, outcome: str, answers: Mapping[str, str], text: str = "") -> None:
    """What came of a conversation, by the agent who had it; again until the call is over. `answers`: step → key.

    Raises NotVisible, Invalid, Refused `not_spoken_to`.
    """
    attempt = open_attempt(pk=attempt_id, agent_id=actor.id)
    if attempt is None or attempt.call is None or not actor.is_staff:
        raise NotVisible(attempt_id)
    if attempt.call.connected_at is None:
        raise Refused("not_spoken_to", _("Nobody has picked up yet."))
    if outcome not in BY_AGENT:
        raise Invalid("outcome", _("Choose what came of the call."), details={"outcome": _("Choose one.")})
    steps = {step.code: step for step in script_of(attempt).steps}
    chosen = {
        code: key
        for code, pressed in answers.items()
        if (step := steps.get(code)) is not None and (key := step.leads(pressed)) is not None
    }
    attempt.answers.exclude(step__in=chosen).delete()
    for code, key in chosen.items():
        Answer.objects.update_or_create(
            attempt=attempt, step=code, defaults={"key": key.key, "meaning": key.meaning, "at": now()}
        )
    attempt.outcome, attempt.note, attempt.noted_at = outcome, text.strip()[:500], now()
    attempt.answered_at = attempt.answered_at or attempt.call.connected_at
    attempt.save()
    if outcome == Outcome.OPTED_OUT:
        never_again(actor, attempt.target.citizen_id, attempt.pk)
    if attempt.call.state == CallState.ENDED:
        close(attempt, Outcome(outcome))
    _told(attempt)


def _told(attempt: Attempt) -> None:
    """To the agent's page."""
    publish([f"person:{attempt.agent_id}"], "campaign.call", attempt=attempt.pk)
