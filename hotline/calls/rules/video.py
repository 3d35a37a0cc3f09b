"""A15: calls by video. Who sees whom, what pages may tell one another, when a page that fell silent has gone. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from hotline.calls.rules.states import CallState, ConsultState

AWAY = timedelta(seconds=30)
"""A citizen's page that was not heard of for so long has gone: longer than a break of the network that is mended by itself (10 s)."""
LEAVING = timedelta(seconds=10)
"""A page that said it is being closed may be a reload, and be back within this."""
INVITED = timedelta(days=2)
"""How long a link by SMS is good for. Design default."""
LONGEST_SIGNAL = 16_000
"""Characters; an offer with its candidates has some thousands."""
LONGEST_LINE = 500
MOST_LINES = 1_000
"""Typed lines of one call."""
MOST_OPEN = 40
"""Calls by video under way at once in the whole city, waiting ones counted; a crowd of machines takes no more places than these."""
_PAGE = re.compile(r"[0-9a-f]{16,32}")
_PHONE = re.compile(r"1[3-9]\d{9}")


class Part(StrEnum):
    """Whose page it is: the caller's, the agent's, the colleague's who was brought in."""

    CITIZEN = "citizen"
    AGENT = "agent"
    HELPER = "helper"


class Signal(StrEnum):
    """An offer of a connection, its answer, and the wish for another offer."""

    OFFER = "offer"
    ANSWER = "answer"
    AGAIN = "again"


def in_view(state: str, consulted: str) -> frozenset[Part]:
    """Who see one another now, by the call's state and the open consultation's ("" for none). Whoever is not among them waits,
    as they would in silence on the telephone."""
    if consulted == ConsultState.TALKING:
        return frozenset({Part.AGENT, Part.HELPER})
    if state != CallState.TALKING:
        return frozenset()
    return frozenset(Part) if consulted == ConsultState.CONFERENCE else frozenset({Part.CITIZEN, Part.AGENT})


def is_page(name: str) -> bool:
    """A name that a page gives itself when it is loaded."""
    return bool(_PAGE.fullmatch(name))


def is_mobile(number: str) -> bool:
    """Digits of a mobile telephone of this country, which SMS reach."""
    return bool(_PHONE.fullmatch(number))


def signal_fault(kind: str, body: str) -> str:
    """Why a page may not tell another this; "" when it may."""
    if kind not in set(Signal):
        return "kind"
    if len(body) > LONGEST_SIGNAL:
        return "too_long"
    if kind == Signal.AGAIN:
        return "body" if body else ""
    return "" if body.startswith("v=0") and body.isascii() else "body"


def gone(seen_at: datetime, leaving_at: datetime | None, at: datetime) -> str:
    """Why a citizen's page counts as gone: `far`, it was closed; `silent`, it was lost; "" while it is there."""
    if leaving_at is not None and at - leaving_at >= LEAVING:
        return "far"
    return "silent" if at - seen_at >= AWAY else ""


def ice_servers(addresses: str, secret: str, who: str, until: datetime) -> list[dict[str, str]]:
    """What browsers find one another by: `addresses` separated by commas, stun:… and turn:…; a turn server is given a name and a
    password of its own for so long (coturn's `use-auth-secret`, draft-uberti-behave-turn-rest)."""
    found = []
    for address in (one.strip() for one in addresses.split(",") if one.strip()):
        entry = {"urls": address}
        if address.startswith("turn") and secret:
            entry["username"] = f"{int(until.timestamp())}:{who}"
            mac = hmac.new(secret.encode(), entry["username"].encode(), "sha1").digest()
            entry["credential"] = base64.b64encode(mac).decode()
        found.append(entry)
    return found


OFFERS: Mapping[Part, int] = {Part.CITIZEN: 0, Part.AGENT: 1, Part.HELPER: 2}
"""Of two pages the one with the smaller number makes the offer, so that two never make one at once."""


def hash_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()
