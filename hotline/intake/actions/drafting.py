"""Drafts as typed: sealed, because a name and a number stand in them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from hotline.intake import permissions
from hotline.intake.models import Appeal, AppealState
from hotline.intake.rules import DESK_CHANNELS
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.crypto import identity_ring
from hotline.kit.errors import Invalid, NotVisible
from hotline.kit.sealed import Sealed
from hotline.workorders.models import Channel

PURPOSE = "appeal.draft"
MOST = 60_000  # characters of one draft
SEALED_DRAFT = Sealed(
    Appeal, "form", PURPOSE, lambda _draft: "", key="sealed", among=Q(state=AppealState.DRAFT)
)


@transaction.atomic
def save_draft(
    *, actor: Actor, draft_id: int | None, fields: Mapping[str, Sequence[str]], call_id: str = ""
) -> int:
    """Keep a form as typed, whatever it says; returns the draft's id. NotVisible when it was filed meanwhile."""
    permissions.can_use_draft(actor, actor.id).require("intake:take_call")
    text = json.dumps({name: list(values) for name, values in fields.items()}, ensure_ascii=False)
    if len(text) > MOST:
        raise Invalid(
            "form", _("The draft is too long to keep; %(most)d characters are the most.") % {"most": MOST}
        )
    sealed = {"sealed": base64.b64encode(identity_ring().encrypt(text, PURPOSE)).decode()}
    moment = now()
    channel = next(iter(fields.get("channel", ())), "")
    channel = channel if channel in DESK_CHANNELS else Channel.PHONE
    if draft_id is not None:
        mine = Appeal.objects.filter(pk=draft_id, state=AppealState.DRAFT, agent_id=actor.id)
        if not mine.update(form=sealed, channel=channel, updated_at=moment):
            raise NotVisible(draft_id)
        return draft_id
    draft = Appeal.objects.create(
        state=AppealState.DRAFT,
        channel=channel,
        agent_id=actor.id,
        form=sealed,
        call_id=call_id[:60],
        created_at=moment,
        updated_at=moment,
    )
    return draft.pk


@transaction.atomic
def drop_draft(*, actor: Actor, draft_id: int) -> None:
    """Throw a draft away; only its agent can."""
    draft = Appeal.objects.filter(pk=draft_id, state=AppealState.DRAFT).first()
    if draft is None:
        raise NotVisible(draft_id)
    permissions.can_use_draft(actor, draft.agent_id).require("intake:take_call")
    draft.delete()


def unsealed(form: Mapping[str, str]) -> dict[str, list[str]]:
    """A kept form back as it was typed; empty when its key is gone from the ring or it is damaged."""
    try:
        text = identity_ring().decrypt(base64.b64decode(form["sealed"]), PURPOSE)
        return {str(name): [str(value) for value in values] for name, values in json.loads(text).items()}
    except (KeyError, ValueError):
        return {}
