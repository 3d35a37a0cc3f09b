"""The envelope of a queued act: what it must hold, what makes two the same, which moment it means. Pure."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

MOVED = timedelta(seconds=90)
"""A clock that stands otherwise than it did when the act was done, by more than a slow line explains, was moved."""
LONGEST = timedelta(days=30)
"""No queue is older; a moment further back is a clock without a battery."""
VERBS = ("sign", "take", "contact", "arrive", "send_down", "ask_assistance", "give_opinion", "return", "reply", "note")
"""Acts a phone may queue; `photo` comes with its file."""
PHOTO_KINDS = ("before", "after", "photo")


class BadEnvelope(ValueError):
    """The text names the field that is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One queued act. `revision`: the order's, as the person saw it. `offset`: seconds that the phone was behind us then."""

    client_id: uuid.UUID
    device: uuid.UUID
    verb: str
    assignment: int
    revision: int | None
    at: datetime
    sent_at: datetime
    offset: float | None
    data: Mapping[str, Any]

    def digest(self) -> bytes:
        """Of what the person wanted; a second try after a conflict carries another revision and is the same act."""
        parts = [self.verb, self.assignment, self.at.isoformat(), self.data]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).digest()


def read_envelope(body: object) -> Envelope:
    """The envelope of a parsed JSON body; raises BadEnvelope."""
    if not isinstance(body, dict):
        raise BadEnvelope("body")
    data = body.get("data", {})
    if not isinstance(data, dict):
        raise BadEnvelope("data")
    verb = body.get("verb")
    if verb not in (*VERBS, "photo"):
        raise BadEnvelope("verb")
    revision, offset = body.get("revision"), body.get("offset")
    if not (revision is None or (isinstance(revision, int) and 0 <= revision < 2**31)):
        raise BadEnvelope("revision")
    if not (offset is None or (isinstance(offset, int | float) and abs(offset) < 10**9)):
        raise BadEnvelope("offset")
    assignment = body.get("assignment")
    if not isinstance(assignment, int) or not 0 < assignment < 2**63:
        raise BadEnvelope("assignment")
    return Envelope(
        client_id=_uuid(body, "client_id"),
        device=_uuid(body, "device"),
        verb=verb,
        assignment=assignment,
        revision=revision,
        at=_moment(body, "at"),
        sent_at=_moment(body, "sent_at"),
        offset=offset,
        data=data,
    )


def _uuid(body: Mapping[str, Any], name: str) -> uuid.UUID:
    try:
        return uuid.UUID(str(body.get(name)))
    except ValueError:
        raise BadEnvelope(name) from None


def _moment(body: Mapping[str, Any], name: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(body.get(name)))
        if found.tzinfo is None or not 1990 < found.year < 2200:
            raise ValueError
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadEnvelope(name) from None


@dataclass(frozen=True, slots=True)
class Times:
    """A moment by the phone's clock and by ours; `doubtful`: that clock was moved between the act and its sending."""

    device_at: datetime
    true_at: datetime
    doubtful: bool


def times_of(envelope: Envelope, received_at: datetime) -> Times:
    """When it happened. The phone's error is measured as the envelope arrives, and was measured when the act was done, if a
    network had told it the time before; where the two differ the older one belongs to the moment, and that is said."""
    now_behind = received_at - envelope.sent_at
    then_behind = timedelta(seconds=envelope.offset) if envelope.offset is not None else now_behind
    moved = abs(now_behind - then_behind) > MOVED
    true_at = envelope.at + then_behind
    strange = not received_at - LONGEST <= true_at <= received_at + MOVED
    return Times(envelope.at, max(min(true_at, received_at), received_at - LONGEST), moved or strange)


def place_of(data: Mapping[str, Any]) -> dict[str, float]:
    """`latitude`, `longitude` and `accuracy` of an act's data, those that are numbers on the earth; WGS-84, metres."""
    given = {name: data.get(name) for name in ("latitude", "longitude", "accuracy")}
    found = {name: float(value) for name, value in given.items() if isinstance(value, int | float) and _number(value)}
    ok = -90 <= found.get("latitude", 91) <= 90 and -180 <= found.get("longitude", 181) <= 180
    return {name: value for name, value in found.items() if ok and (name != "accuracy" or 0 <= value < 100_000)}


def _number(value: float) -> bool:
    return not isinstance(value, bool) and value == value
