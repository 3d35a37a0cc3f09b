"""Raw first: every inbound thing is stored, with its hash and key, before anybody tries to understand it.

The payload is sealed whole with the identity ring: names and numbers stand in fields, but also in what people write.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.intake import permissions
from hotline.intake.models import RawMessage, RawState
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.crypto import identity_ring
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.sealed import Sealed
from hotline.kit.statements import fetch_one

PURPOSE = "raw.payload"
KEY_MOST = 120


@dataclass(frozen=True, slots=True)
class Received:
    """A stored message; `again` when the same key had come before with the same content."""

    raw_id: int
    state: str
    error: str = ""
    again: bool = False


def seal(payload: bytes, bound_to: str) -> bytes:
    """Bytes of any kind under the ring."""
    return identity_ring().encrypt(base64.b64encode(payload).decode(), PURPOSE, bound_to.encode())


def unseal(raw: RawMessage) -> bytes:
    """The bytes as they came; raises `kit.crypto.BadCipher`."""
    return base64.b64decode(
        identity_ring().decrypt(raw.payload, PURPOSE, _bound(raw.source, raw.idempotency_key).encode())
    )


def _bound(source: str, key: str) -> str:
    return f"{source}\0{key}"


SEALED_PAYLOAD = Sealed(
    RawMessage, "payload", PURPOSE, lambda raw: _bound(raw.source, raw.idempotency_key)
)


_COLUMNS = "channel, source, idempotency_key, sha256, payload, media_type, state, error, decided_by"
_STORE = (
    f"INSERT INTO intake_rawmessage ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, 'received', '', '')"
    " ON CONFLICT (source, idempotency_key) DO NOTHING RETURNING id"
)
MESSAGE_PART = (
    f"message AS (INSERT INTO intake_rawmessage ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, 'accepted', '', '')"
    " ON CONFLICT (source, idempotency_key) DO NOTHING RETURNING id)"
)
"""A message that was understood, as part of the statement that files it; no row when it came before.

Parameters: `message_values`.
"""


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody delivered: the bytes as they came, under the sender's own key."""

    channel: str
    source: str
    key: str
    payload: bytes
    media_type: str = "application/json"


def message_values(message: Message) -> list[Any]:
    """Parameters of `MESSAGE_PART`: the payload sealed, its hash. Raises Invalid when the key is too short or long."""
    if not 1 <= len(message.key) <= KEY_MOST:
        fault = _("The idempotency key must have 1 to %(most)d characters.") % {"most": KEY_MOST}
        raise Invalid("idempotency_key", fault, details={"idempotency_key": fault})
    bound = _bound(message.source, message.key)
    return [
        message.channel, message.source, message.key, hashlib.sha256(message.payload).digest(),
        seal(message.payload, bound), message.media_type[:80],
    ]  # fmt: skip


def store(message: Message) -> Received:
    """The row itself, in one statement inside the caller's transaction; for the actions of this package."""
    row = fetch_one(_STORE, message_values(message))
    return Received(int(row[0]), RawState.RECEIVED) if row else before(message)


def before(message: Message) -> Received:
    """The message that came under the same key. Refused `key_reused` when its content was another."""
    found = RawMessage.objects.defer("payload").get(source=message.source, idempotency_key=message.key)
    if bytes(found.sha256) != hashlib.sha256(message.payload).digest():
        raise Refused(
            "key_reused",
            _("This idempotency key was already used for other content. Use a new key for a new appeal."),
        )
    return Received(found.pk, found.state, found.error, again=True)


def quarantine(raw_id: int, error: str) -> None:
    """Set a message aside; the caller raises Invalid after its transaction has ended."""
    # The fault may quote the message, which may hold what no database stores.
    words = error.encode("utf-8", "replace").decode().replace("\0", "")[:4000]
    RawMessage.objects.filter(pk=raw_id).update(state=RawState.QUARANTINED, error=words)


def waiting(raw_id: int) -> RawMessage:
    """The message, locked, if it still waits for a decision; for the actions of this package."""
    raw = RawMessage.objects.select_for_update().filter(pk=raw_id).first()
    if raw is None:
        raise NotVisible(raw_id)
    if raw.state != RawState.QUARANTINED:
        raise Refused("not_in_quarantine", _("A colleague has already decided about this message."))
    return raw


@transaction.atomic
def discard(*, actor: Actor, raw_id: int, reason: str) -> None:
    """Put a quarantined message away for good, with the reason; the bytes stay as evidence."""
    raw = waiting(raw_id)
    permissions.can(actor, "intake:quarantine").require("intake:quarantine")
    if not reason.strip():
        raise Invalid(
            "reason", _("Say why it is discarded."), details={"reason": _("Say why it is discarded.")}
        )
    raw.state, raw.decided_by, raw.decided_at = RawState.DISCARDED, actor.key(), now()
    raw.save(update_fields=["state", "decided_by", "decided_at"])
    record(
        actor=actor,
        verb="intake.discard_raw",
        object_type="raw_message",
        object_id=str(raw.pk),
        reason=reason.strip(),
    )


def read_raw(*, actor: Actor, raw_id: int) -> bytes:
    """The bytes of a message for the quarantine screen; a read of identity, so it leaves an audit row."""
    permissions.can(actor, "intake:quarantine").require("intake:quarantine")
    raw = RawMessage.objects.filter(pk=raw_id).first()
    if raw is None:
        raise NotVisible(raw_id)
    record(actor=actor, verb="intake.read_raw", object_type="raw_message", object_id=str(raw_id))
    return unseal(raw)
