"""What a visitor has entered so far, one question a page, in their session.

Each page of the way carries it too, signed: a session that ends while somebody types takes nothing with it.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.core import signing
from django.http import HttpRequest

from hotline.intake.rules import AppealForm, CitizenInput
from hotline.kit import clock

KEY = "filing"
SEAL = "portal.filing"
KEPT_DAYS = 7
"""A page left open longer than this begins anew."""
STEPS = ("words", "place", "about", "contact", "check")
"""Pages in their order; the last one sends."""


@dataclass(slots=True)
class Filing:
    """The draft. `key` is its idempotency key and the key of its uploads (`workorders.attach_loose`)."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    content: str = ""
    title: str = ""
    demand_type: str = ""
    preset: str = ""
    category: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    division: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    occurred_at: str = ""
    expectation: str = ""
    name: str = ""
    phone: str = ""
    secret: bool = False
    anonymous: bool = False
    on_behalf_of: str = ""
    signed_in: bool = False
    saved_at: str = ""

    def demand(self) -> AppealForm:
        """The demand as intake wants it."""
        return AppealForm(
            title=self.title,
            content=self.content,
            demand_type=self.demand_type,
            category=self.category,
            division=self.division,
            address=self.address,
            latitude=self.latitude,
            longitude=self.longitude,
            occurred_at=self.occurred_at,
            expectation=self.expectation,
            answers=self.answers,
            secret=self.secret,
            anonymous=self.anonymous,
            on_behalf_of=self.on_behalf_of,
            attachment_key=self.key,
        )

    def citizen(self, citizen_id: int | None) -> CitizenInput:
        """Who speaks: the signed-in citizen, else what was typed."""
        return (
            CitizenInput(citizen_id=citizen_id)
            if citizen_id
            else CitizenInput(phone=self.phone, name=self.name)
        )


_NAMES = frozenset(one.name for one in fields(Filing))


def load(request: HttpRequest) -> Filing:
    """The session's filing; while that is blank, what the sent page carried, else a new one. Kept from now on."""
    kept = request.session.get(KEY)
    held = _read(kept) if isinstance(kept, dict) else None
    if held and held.content:
        return held
    # A session that began after the page was opened has a blank one at most.
    carried = _unsealed(request.POST.get("kept", ""))
    if held and not (carried and carried.content):
        return held
    filing = carried or Filing()
    save(request, filing)
    return filing


def sealed(filing: Filing) -> str:
    """For a hidden field of the page."""
    return signing.dumps(asdict(filing), salt=SEAL, compress=True)


def _unsealed(text: str) -> Filing | None:
    try:
        return _read(signing.loads(text, salt=SEAL, max_age=KEPT_DAYS * 24 * 3600)) if text else None
    except signing.BadSignature:
        return None


def _read(kept: dict[str, Any]) -> Filing:
    return Filing(**{name: value for name, value in kept.items() if name in _NAMES})


def save(request: HttpRequest, filing: Filing) -> None:
    """Keep it in the session."""
    filing.saved_at = clock.now().isoformat()
    request.session[KEY] = asdict(filing)


def drop(request: HttpRequest) -> None:
    """Forget it, once it was filed or given up."""
    request.session.pop(KEY, None)
