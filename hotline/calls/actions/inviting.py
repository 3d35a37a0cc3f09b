"""A citizen who signs and is owed a call gets a link by SMS in its place: opened, it begins a call by video at the head of the lane."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from hotline.audit import actions as audit
from hotline.calls.actions.call_backs import claim_call_back
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.actions.owing import told
from hotline.calls.models import CallBack, CallBackTry, Medium, VideoInvitation
from hotline.calls.rules.video import INVITED, hash_of
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Refused
from hotline.kit.events import defer
from hotline.notifications.actions import queue_message


@transaction.atomic
def invite_by_video(*, actor: Actor, call_back_id: int) -> CallBack:
    """Send the link; an attempt begins, which the citizen's own call settles, or the agent. Claims it where nobody has.

    Raises what `claim_call_back` raises, and Refused `not_by_video`, `under_way`.
    """
    from hotline.calls import tasks  # it imports the actions

    row = claim_call_back(actor=actor, call_back_id=call_back_id)
    if row.call.medium != Medium.VIDEO:
        raise Refused("not_by_video", _("This citizen called by voice. Call them back."))
    if row.attempts.filter(ended_at=None).exists():
        raise Refused("under_way", _("Say first what came of the last attempt."))
    moment = now()
    attempt = CallBackTry.objects.create(call_back=row, person_id=actor.id, at=moment)
    row.tries += 1
    row.save(update_fields=["tries"])
    key = secrets.token_urlsafe(24)
    VideoInvitation.objects.create(call_back=row, key_hash=hash_of(key), until=moment + INVITED)
    assert row.call.citizen_id is not None  # nobody else is owed a call
    message = queue_message(
        actor=SYSTEM,
        key=f"video:{attempt.pk}",
        citizen_id=row.call.citizen_id,
        template="video_invitation",
        context={"url": f"{settings.PUBLIC_URL}{reverse('portal:video')}?i={key}"},
    )
    if message is not None:
        defer(tasks.send_invitation, message_id=message)
    audit.record(
        actor=actor, verb="calls.invite_by_video", object_type="call_back", object_id=row.pk, data={}
    )
    told(row)
    return row
