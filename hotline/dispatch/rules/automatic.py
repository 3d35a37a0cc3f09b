"""When an order may go out without a dispatcher, and when that stops by itself. Pure tables and functions.

Source: functions.md E5 (threshold per category, sampled check, off-switch); design.md decision 4 (the machine suggests, a
person decides, unless the city set a threshold for that category).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hotline.dispatch.rules.catalogue import category_chain

FEWEST_JUDGED = 20
"""An error rate is read only from so many judged dispatches on; before that one mistake would be 100 %."""


class Hold(StrEnum):
    """Why an order waits for a dispatcher after all."""

    SWITCHED_OFF = "switched_off"
    NO_CATEGORY = "no_category"
    NOT_TRUSTED = "not_trusted"
    STOPPED = "stopped"
    UNSURE = "unsure"
    NO_UNIT = "no_unit"
    SECRET = "secret"  # noqa: S105
    URGENT = "urgent"
    RISK = "risk"
    RETURNED = "returned"
    DUPLICATE = "duplicate"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class Trust:
    """What a city allows for a category and those below it.

    `threshold` 0…1: least confidence; `sample` 0…1: share that a person judges afterwards; `most_errors` 0…1: error rate
    above which it stops; `stopped`: it did.
    """

    category_code: str
    threshold: float
    sample: float
    most_errors: float
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """The facts of one order that automatic dispatch looks at."""

    order_id: int
    category_code: str
    confidence: float
    unit_id: int | None
    secret: bool = False
    urgent: bool = False
    risks: int = 0
    returns: int = 0
    duplicates: int = 0
    claimed: bool = False


def trust_for(category_code: str, trusts: Mapping[str, Trust]) -> Trust | None:
    """The nearest trust at or above a category."""
    return next((trusts[code] for code in category_chain(category_code) if code in trusts), None)


def why_hold(one: Candidate, trusts: Mapping[str, Trust], *, switched_on: bool) -> Hold | None:
    """The first reason to leave the order to a person; None: it may go.

    Secret, urgent, risky, returned and doubled orders always wait, however sure the machine is: there a mistake costs
    a person more than a minute.
    """
    trust = trust_for(one.category_code, trusts)
    checks: tuple[tuple[bool, Hold], ...] = (
        (not switched_on, Hold.SWITCHED_OFF),
        (one.claimed, Hold.CLAIMED),
        (one.secret, Hold.SECRET),
        (one.urgent, Hold.URGENT),
        (one.risks > 0, Hold.RISK),
        (one.returns > 0, Hold.RETURNED),
        (one.duplicates > 0, Hold.DUPLICATE),
        (not one.category_code, Hold.NO_CATEGORY),
        (trust is None, Hold.NOT_TRUSTED),
        (trust is not None and trust.stopped, Hold.STOPPED),
        (trust is not None and one.confidence < trust.threshold, Hold.UNSURE),
        (one.unit_id is None, Hold.NO_UNIT),
    )
    return next((reason for holds, reason in checks if holds), None)


def is_sampled(order_id: int, share: float) -> bool:
    """Whether a person judges this dispatch: the same answer however often it is asked, `share` of all orders."""
    drawn = int.from_bytes(hashlib.sha256(f"auto:{order_id}".encode()).digest()[:4], "big")
    return drawn < share * 2**32


def error_rate(judged: Sequence[bool]) -> float | None:
    """Share of wrong among judged dispatches (`True` was right); None while there are fewer than `FEWEST_JUDGED`."""
    if len(judged) < FEWEST_JUDGED:
        return None
    return judged.count(False) / len(judged)


def must_stop(judged: Sequence[bool], trust: Trust) -> bool:
    """True when the last judged dispatches went wrong more often than the city allows."""
    rate = error_rate(judged)
    return rate is not None and rate > trust.most_errors


def check_trust(*, threshold: float, sample: float, most_errors: float) -> list[str]:
    """Names of the fields that make no sense."""
    wrong = []
    if not 0.5 <= threshold <= 1:
        wrong.append("threshold")
    if not 0.01 <= sample <= 1:
        wrong.append("sample")
    if not 0 < most_errors <= 0.5:
        wrong.append("most_errors")
    return wrong
