"""What the agent sees beside a call that the machine dialled for them."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.calls.models import CallState
from hotline.campaigns.models import Attempt
from hotline.campaigns.queries.sources import SOURCES, About
from hotline.campaigns.rules import Script, parse
from hotline.kit.actor import Actor
from hotline.kit.errors import NotVisible


@dataclass(frozen=True, slots=True)
class AtAgent:
    """The attempt with its citizen and campaign, what is to be asked, what it is about; `over`: the citizen has gone."""

    attempt: Attempt
    script: Script
    about: About | None
    over: bool
    given: dict[str, str]


def attempt_of(actor: Actor, attempt_id: int) -> Attempt:
    """The agent's own, not closed yet. Raises NotVisible."""
    row = Attempt.objects.filter(pk=attempt_id, agent_id=actor.id, ended_at=None).first()
    if row is None or not actor.is_staff:
        raise NotVisible(attempt_id)
    return row


def at_agent(actor: Actor) -> AtAgent | None:
    """The call that the machine dialled for this agent, until what came of it is written down."""
    rows = Attempt.objects.select_related("target__campaign", "target__citizen", "call")
    row = rows.filter(agent_id=actor.id, ended_at=None).order_by("pk").first() if actor.is_staff else None
    if row is None or row.call is None:
        return None
    target = row.target
    source = SOURCES.get(target.source)
    about = source.about(actor, target.about) if source is not None and target.about else None
    given = dict(row.answers.values_list("step", "key"))
    return AtAgent(row, parse(target.campaign.script), about, row.call.state == CallState.ENDED, given)
