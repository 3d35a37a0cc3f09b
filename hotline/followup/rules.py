"""Periods, tries, what follows from an answer. Pure; time is an argument."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from django.db.models.enums import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.kit.clock import CITY_ZONE


class Period(TextChoices):
    MORNING = "morning", _("Morning")
    AFTERNOON = "afternoon", _("Afternoon")
    EVENING = "evening", _("Evening")


HOURS: Mapping[str, tuple[time, time]] = {
    Period.MORNING: (time(9, 0), time(11, 30)),
    Period.AFTERNOON: (time(13, 30), time(17, 30)),
    Period.EVENING: (time(18, 30), time(20, 0)),
}
"""Hours in which citizens are called, city time. Design default (rules.md 4.2, X)."""

DEFAULT_TRIES = 3
"""Tries in different periods before 未评价 (rules.md 4.2, X)."""

DISSATISFIED = 2
"""Satisfaction of 1 or 2 out of 5 is a bad rating (rules.md section 1, 好差评: the last two)."""

CLAIM_LIFE = timedelta(minutes=20)
"""A claim without a result falls back to the queue after this time."""


class NextStep(StrEnum):
    CLOSE = "close"
    REDO = "redo"
    REDO_SUPERVISED = "redo_supervised"


SATISFACTION: Mapping[int, str | Promise] = {
    5: _("Very satisfied"),
    4: _("Satisfied"),
    3: _("Neutral"),
    2: _("Dissatisfied"),
    1: _("Very dissatisfied"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a citizen said; None where not asked or not known."""

    unit_contacted: bool | None = None
    reply_true: bool | None = None
    solved: bool | None = None
    satisfaction: int | None = None
    opinion: str = ""


def period_of(at: datetime) -> Period:
    """The period that a moment falls into, by the city's clock; before noon is morning, from 18:00 evening."""
    local = at.astimezone(CITY_ZONE).time()
    if local < time(12, 0):
        return Period.MORNING
    return Period.AFTERNOON if local < time(18, 0) else Period.EVENING


def next_try(at: datetime, tried: Iterable[str], periods: Sequence[str] = tuple(Period)) -> datetime:
    """The start of the next period not tried yet (any later one when all were), strictly after `at`.

    Unknown names in `periods` are ignored; an empty list means all periods.
    """
    wanted = [p for p in periods if p in HOURS] or [str(p) for p in Period]
    fresh = [p for p in wanted if p not in set(tried)] or wanted
    local = at.astimezone(CITY_ZONE)
    starts = (
        datetime.combine(local.date() + timedelta(days=day), HOURS[period][0], CITY_ZONE)
        for day in range(3)
        for period in sorted(fresh, key=lambda p: HOURS[p][0])
    )
    return next(start for start in starts if start > local)


def exhausted(tries: int, limit: int) -> bool:
    """True when another try is no longer owed."""
    return tries >= max(1, limit)


def unhappy(answer: Answer) -> bool:
    """True when the answer calls for more: not solved, dissatisfied, or the reply was not true."""
    bad_rating = answer.satisfaction is not None and answer.satisfaction <= DISSATISFIED
    return answer.solved is False or bad_rating or answer.reply_true is False


def redo_reason(answer: Answer) -> str:
    """The reason code of the redo that an unhappy answer starts; the gravest first."""
    if answer.reply_true is False:
        return "false_reply"
    if answer.solved is False:
        return "unsolved"
    return "dissatisfied"


def next_step(answers: Sequence[Answer], redo_count: int, *, close_anyway: bool = False) -> NextStep:
    """What follows when every citizen of the round was asked; nobody reached means close without a rating."""
    if close_anyway or not any(unhappy(answer) for answer in answers):
        return NextStep.CLOSE
    return NextStep.REDO if redo_count == 0 else NextStep.REDO_SUPERVISED


def worst(answers: Sequence[Answer]) -> Answer | None:
    """The answer that speaks for the order: the unhappiest; None when nobody was reached."""
    if not answers:
        return None
    return min(
        answers, key=lambda a: (a.solved is not False, a.satisfaction if a.satisfaction is not None else 6)
    )


def problems(answer: Answer) -> dict[str, str]:
    """Field → what is missing or impossible in an answer of a citizen who was reached; empty when it is whole."""
    found: dict[str, str] = {}
    if answer.solved is None:
        found["solved"] = str(_("Ask whether it was solved."))
    if answer.satisfaction is None:
        found["satisfaction"] = str(_("Ask how satisfied the citizen is."))
    elif answer.satisfaction not in SATISFACTION:
        found["satisfaction"] = str(_("Choose one of the five levels."))
    if unhappy(answer) and not answer.opinion.strip():
        found["opinion"] = str(_("Write down the cause: a redo needs it."))
    return found


def drawn(task_id: int, share: float, seed: str) -> bool:
    """Whether a task falls into the second check's sample: even, and not to be foreseen without the seed."""
    digest = hashlib.sha256(f"{seed}:{task_id}".encode()).digest()
    return int.from_bytes(digest[:6], "big") < share * 2**48


def disagree(first: Answer, second: Answer) -> list[str]:
    """Names of the answers in which two calls differ; satisfaction differs when one is a bad rating and the other is not."""
    fields = [
        name
        for name in ("unit_contacted", "reply_true", "solved")
        if None not in (getattr(first, name), getattr(second, name))
        and getattr(first, name) != getattr(second, name)
    ]
    if (
        first.satisfaction
        and second.satisfaction
        and (first.satisfaction <= DISSATISFIED) != (second.satisfaction <= DISSATISFIED)
    ):
        fields.append("satisfaction")
    return fields
