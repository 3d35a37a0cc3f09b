"""What a citizen may read with a number and a look-up code."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from hotline.intake.models import Appeal
from hotline.intake.rules.lookup import normal_code
from hotline.kit.crypto import identity_ring
from hotline.kit.errors import NotVisible

PURPOSE = "appeal.lookup"


@dataclass(frozen=True, slots=True)
class Looked:
    """One appeal as its citizen sees it; `order_id` for the timeline, None when it made no order."""

    appeal_id: int
    number: str
    state: str
    title: str
    content: str
    order_id: int | None
    citizen_id: int | None
    created_at: datetime
    answer: str


def lookup_hash(number: str, code: str) -> str:
    """What is stored of a code: SHA-256 of its number and its keyed hash, so that it means nothing beside another number."""
    return hashlib.sha256(number.encode() + code_hash(code)).hexdigest()


def code_hash(code: str) -> bytes:
    """The code's part of `lookup_hash`, for the database to finish when it has given the number."""
    return identity_ring().keyed_hash(normal_code(code), PURPOSE)


def look_up(number: str, code: str) -> Looked:
    """The appeal with this number whose code is right; NotVisible else, and nobody learns which of the two was wrong.

    The door that calls it limits how often one may try.
    """
    given = normal_code(number)
    found = Appeal.objects.filter(number=number.strip().upper()).exclude(lookup_hash="").first()
    stored = found.lookup_hash if found else "-"
    right = hmac.compare_digest(stored, lookup_hash(found.number or "" if found else given, code))
    if found is None or not right:
        raise NotVisible(number)
    return looked(found)


def looked(appeal: Appeal) -> Looked:
    """The citizen's view of an appeal."""
    return Looked(
        appeal_id=appeal.pk,
        number=appeal.number or "",
        state=appeal.state,
        title=appeal.title,
        content=appeal.content,
        order_id=appeal.order_id,
        citizen_id=appeal.citizen_id,
        created_at=appeal.created_at,
        answer=appeal.answer,
    )
