"""A photo report (随申拍) as the form carries it: nothing of it is in the session until it was sent."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext as _

from hotline.dispatch.queries import Nearby, open_nearby
from hotline.intake import queries as intake
from hotline.intake.rules import AppealForm, CitizenInput
from hotline.kit import clock
from hotline.places import queries as places
from hotline.places.models import DivisionLevel
from hotline.places.rules.finding import Located
from hotline.portal.words import state_words
from hotline.suggestions import queries as suggestions
from hotline.workorders.models import Attachment, DemandType

FOLLOW = "portal.follow"
FOLLOW_SECONDS = 24 * 3600
DISTRICT = "district"
"""Session key: the district of the visitor's last report or place, whose places are offered first."""
_KEY = re.compile(r"[A-Za-z0-9_-]{22,64}")
CLOCK_OFF = timedelta(minutes=10)
OLD = timedelta(hours=24)


def new_key() -> str:
    """A key that nobody guesses: of the idempotency, and of the photos."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Snap:
    """What was entered. Degrees WGS-84; `division` and `category` are codes or empty."""

    key: str
    content: str = ""
    address: str = ""
    division: str = ""
    latitude: float | None = None
    longitude: float | None = None
    category: str = ""
    phone: str = ""
    name: str = ""

    @property
    def located(self) -> Located | None:
        """What is known of the point; None without one."""
        return places.reverse(self.latitude, self.longitude) if self.latitude is not None and self.longitude is not None else None

    def demand(self) -> AppealForm:
        """As intake wants it. A point outside the city is left out: it is not where the matter is."""
        found = self.located
        inside = found is not None and not found.fault
        return AppealForm(
            content=self.content,
            demand_type=DemandType.HELP,
            category=self.category,
            division=(found.division if found and inside else "") or self.division,
            address=self.address or (found.point if found and inside else "") or "",
            latitude=self.latitude if inside else None,
            longitude=self.longitude if inside else None,
            anonymous=False,
            attachment_key=self.key,
        )

    def citizen(self, known: int | None) -> CitizenInput:
        """Who reports: the signed-in citizen, else what was typed."""
        return CitizenInput(citizen_id=known) if known else CitizenInput(phone=self.phone, name=self.name)


def read(request: HttpRequest) -> Snap:
    """From the form; every value may still be wrong, a key that is none becomes a new one."""
    given = request.POST

    def text(name: str, most: int) -> str:
        return given.get(name, "").replace("\0", "").strip()[:most]

    def degrees(name: str, most: float) -> float | None:
        try:
            value = float(given.get(name, ""))
        except ValueError:
            return None
        return value if abs(value) <= most else None

    latitude, longitude = degrees("latitude", 90), degrees("longitude", 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    elif (found := places.reverse(latitude, longitude)).swapped and not found.fault:
        latitude, longitude = longitude, latitude
    code = text("category", 40)
    key = text("key", 64)
    return Snap(
        key=key if _KEY.fullmatch(key) else new_key(),
        content=text("content", 5000),
        address=text("address", 300),
        division=code_or_none(text("division", 12)),
        latitude=latitude,
        longitude=longitude,
        category=code if code and intake.category_facts(code, clock.today()) else "",
        phone=text("phone", 30),
        name=text("name", 60),
    )


def code_or_none(code: str) -> str:
    """A division's code that exists, or nothing."""
    return code if code and places.division(code) else ""


def photos(key: str) -> list[Attachment]:
    """The photos that arrived under a report's key."""
    return list(Attachment.objects.filter(appeal_key=key, order__isnull=True, removed_at__isnull=True).order_by("id"))


@dataclass(frozen=True, slots=True)
class Offer:
    """Where a photo says it was taken: `words` for people; `usable` when it lies in the city. `doubt` is about its clock."""

    name: str
    words: str
    latitude: float
    longitude: float
    usable: bool
    taken_at: datetime | None
    doubt: str


def offers(rows: list[Attachment]) -> list[Offer]:
    """Places that the photos carry, one a place; offered, never taken by themselves."""
    found: dict[str, Offer] = {}
    for row in rows:
        if row.latitude is None or row.longitude is None:
            continue
        where = places.reverse(row.latitude, row.longitude)
        usable = not where.fault
        words = _("outside the city") if where.fault == "outside" else where.path
        if usable and where.point:
            words = f"{words} · {where.point}" if words else where.point
        words = words or f"{row.latitude:.5f}, {row.longitude:.5f}"
        found.setdefault(words, Offer(row.name, words, row.latitude, row.longitude, usable, row.taken_at, _doubt(row)))
    return list(found.values())[:4]


def _doubt(row: Attachment) -> str:
    if row.taken_at is None:
        return ""
    if row.taken_at > row.created_at + CLOCK_OFF:
        return _("The camera's clock is ahead of ours. We go by the time at which the picture reaches us.")
    if row.taken_at < row.created_at - OLD:
        return _("By the camera's clock it was taken more than a day ago. If that is wrong, it does no harm: we go by the time at which it reaches us.")
    return ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A category that is proposed for the report."""

    code: str
    name: str


def kinds(snap: Snap) -> list[Kind]:
    """What the words seem to be about, likeliest first, at most three; empty when nothing is sure enough to be shown."""
    area = snap.demand().division
    reading = suggestions.read_text("", snap.content, area=area)
    found = []
    for one in reading.categories[:3]:
        facts = intake.category_facts(one.value, clock.today())
        if facts is not None:
            found.append(Kind(facts.code, facts.name))
    return found


@dataclass(frozen=True, slots=True)
class Known:
    """An open order near by as a stranger may see it: no number, no words, no picture of another citizen."""

    metres: int
    category: str
    state: str
    since: datetime
    token: str


def known_nearby(snap: Snap, category: str) -> list[Known]:
    """What is reported already within a hundred metres and may be the same."""
    demand = snap.demand()
    if demand.latitude is None or demand.longitude is None:
        return []
    rows: list[Nearby] = open_nearby(
        latitude=demand.latitude, longitude=demand.longitude, category=category, text=snap.content, moment=clock.now()
    )
    return [
        Known(one.metres, one.category, state_words(one.state), one.created_at, signing.dumps([one.order_id, snap.key], salt=FOLLOW))
        for one in rows
    ]


def followed(token: str, key: str) -> int | None:
    """The order that a visitor chose to follow; None for a token that is old, made up, or of another report."""
    try:
        order_id, of = signing.loads(token, salt=FOLLOW, max_age=FOLLOW_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return int(order_id) if of == key else None


def remember_district(request: HttpRequest, snap: Snap) -> None:
    """So that the next search begins there."""
    code = places.ancestor_at(snap.demand().division, DivisionLevel.DISTRICT)
    if code:
        request.session[DISTRICT] = code


def found_by_words(request: HttpRequest, text: str) -> list[places.PlaceHit]:
    """Places by name, those of the visitor's own district first."""
    own = str(request.session.get(DISTRICT, ""))
    hits = places.search(text, within=own, limit=5) if own else []
    seen = {(one.label, one.code) for one in hits}
    return [*hits, *(one for one in places.search(text, limit=8) if (one.label, one.code) not in seen)][:8]
