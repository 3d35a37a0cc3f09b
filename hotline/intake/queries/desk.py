"""What stands beside the agent's form: drafts, likely duplicates, the tree of reasons, scripts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hotline.intake.models import Appeal, AppealState
from hotline.kit.actor import Actor
from hotline.kit.errors import NotVisible
from hotline.workorders.models import ReasonCode, Script

RESTORE_WITHIN = timedelta(hours=12)


def drafts_of(actor: Actor, limit: int = 10) -> list[Appeal]:
    """The agent's unfinished appeals, newest first."""
    return list(Appeal.objects.filter(agent_id=actor.id, state=AppealState.DRAFT).order_by("-id")[:limit])


def newest_draft(actor: Actor, moment: datetime) -> Appeal | None:
    """What the agent was typing when the page went away, if that was not long ago."""
    rows = Appeal.objects.filter(
        agent_id=actor.id, state=AppealState.DRAFT, updated_at__gte=moment - RESTORE_WITHIN
    )
    return rows.order_by("-updated_at").first()


def open_draft(actor: Actor, draft_id: int) -> Appeal:
    """One draft of this agent; NotVisible when filed, dropped or a colleague's."""
    found = Appeal.objects.filter(pk=draft_id, agent_id=actor.id, state=AppealState.DRAFT).first()
    if found is None:
        raise NotVisible(draft_id)
    return found


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of the decision tree: the question's answer and the reasons below it; a leaf has none."""

    reason: ReasonCode
    leaves: list[ReasonCode]


def reason_branches(kind: str, day: date) -> list[Branch]:
    """Reasons of a kind as a tree of two levels, in the pack's order."""
    rows = [
        row
        for row in ReasonCode.objects.filter(kind=kind, effective_from__lte=day).order_by("id")
        if row.effective_to is None or day <= row.effective_to
    ]
    below: dict[str, list[ReasonCode]] = {}
    for row in rows:
        below.setdefault(row.parent_code, []).append(row)
    return [Branch(top, below.get(top.code, [])) for top in below.get("", [])]


def scripts(day: date) -> list[Script]:
    """Scripts in effect, in the pack's order."""
    rows = Script.objects.filter(effective_from__lte=day).order_by("id")
    return [row for row in rows if row.effective_to is None or day <= row.effective_to]
