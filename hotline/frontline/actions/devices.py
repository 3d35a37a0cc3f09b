"""A phone gets its token and the keys of its store."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from hotline.accounts.models import StaffSession
from hotline.audit.actions import record
from hotline.frontline.models import Device
from hotline.frontline.permissions import can_work
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import NotPermitted

PREFIX = "xsd_"


@dataclass(frozen=True, slots=True)
class Registered:
    """`token` is shown once. The keys are base64 of 32 bytes: of the session, and of person and device."""

    device: Device
    token: str
    cache_key: str
    queue_key: str


def token_hash(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


@transaction.atomic
def make_device(*, actor: Actor, session: StaffSession, uid: uuid.UUID, label: str = "") -> Registered:
    """A new token for a phone, for as long as this session runs; an older one of the same phone ends. Raises NotPermitted."""
    can_work(actor).require("workorders:sign")
    if session.person_id != actor.id:
        raise NotPermitted("workorders:sign", "")
    token = PREFIX + secrets.token_urlsafe(32)
    moment = now()
    fields = {"session": session, "token_hash": token_hash(token), "label": label[:80], "renewed_at": moment}
    device, _made = Device.objects.update_or_create(
        person_id=actor.id, uid=uid, defaults=fields, create_defaults={**fields, "created_at": moment}
    )
    record(
        actor=actor, verb="frontline.make_device", object_type="person", object_id=actor.id,
        data={"device": str(uid), "session": session.pk},
    )  # fmt: skip
    return Registered(device, token, _key("cache", actor.id, uid, session.pk), _key("queue", actor.id, uid, 0))


@transaction.atomic
def forget_device(*, actor: Actor, device: Device) -> None:
    """Its token opens nothing any more; receipts stay."""
    can_work(actor).require("workorders:sign")
    Device.objects.filter(pk=device.pk).update(session=None)
    record(actor=actor, verb="frontline.forget_device", object_type="person", object_id=actor.id, data={"device": str(device.uid)})


def _key(purpose: str, person: int, uid: uuid.UUID, session: int) -> str:
    own = hashlib.sha256(b"hotline.frontline\0" + settings.SECRET_KEY.encode()).digest()
    return base64.b64encode(hmac.digest(own, f"{purpose}:{person}:{uid}:{session}".encode(), "sha256")).decode()
