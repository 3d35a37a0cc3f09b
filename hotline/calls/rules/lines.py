"""Lines: when they are open, what their one key does, what is announced, when a caller is turned away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from hotline.kit.clock import CITY_ZONE

PERSON = "0"
"""The key that always reaches a person (GB/T 33358: menus are not advised, a person is always to be reached)."""

DISTRICT_HEADER = "X-District"
"""SIP header in which a carrier may tell the district that a call comes from, a division code."""

SOUND = re.compile(r"[a-z0-9][a-z0-9_/-]{0,80}\.wav")
"""A prompt's name below the switch's folder of prompts."""
MUSIC = "music.wav"
CLOSED = "closed.wav"
FULL = "full.wav"
CALL_BACK_ASKED = "call-back.wav"
CALL_BACK_NOTED = "call-back-noted.wav"


class Admission(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Notice:
    """An announcement: for one line or all, one district (and what lies below) or the whole city."""

    sound: str
    line: str
    district: str
    begins_at: datetime
    ends_at: datetime | None


def is_open(opens: time, closes: time, at: datetime) -> bool:
    """By the city's clock; the same time twice means day and night, an end before the start means over midnight."""
    moment = at.astimezone(CITY_ZONE).time()
    if opens == closes:
        return True
    if opens < closes:
        return opens <= moment < closes
    return moment >= opens or moment < closes


def admission(*, opens: time, closes: time, at: datetime, waiting: int, most: int) -> Admission:
    """What a call to a line meets. `waiting` in its lane now; `most` 0 means without limit."""
    if not is_open(opens, closes, at):
        return Admission.CLOSED
    return Admission.FULL if most and waiting >= most else Admission.OPEN


def chose(digits: str, key: str) -> bool:
    """True for the line's one key; 0, silence and any other key mean a person of the line's own lane."""
    return bool(key) and key != PERSON and digits == key


def announced(notices: Iterable[Notice], *, line: str, district: str, at: datetime) -> list[str]:
    """Sounds to be played before the greeting, oldest first: in force now, for this line, for where the caller is.

    A notice for a district is not played to a caller whose district is unknown.
    """
    due = [
        one
        for one in notices
        if one.begins_at <= at
        and (one.ends_at is None or at < one.ends_at)
        and one.line in ("", line)
        and (not one.district or _within(district, one.district))
    ]
    return [one.sound for one in sorted(due, key=lambda one: one.begins_at)]


def _within(district: str, wanted: str) -> bool:
    return bool(district) and district.startswith(wanted.rstrip("0") or wanted)


def line_of(called: str, numbers: Mapping[str, str], fallback: str) -> str:
    """The line that was called: the number itself, or the one that it ends with (carriers put area codes before it)."""
    digits = re.sub(r"\D", "", called)
    if digits in numbers:
        return numbers[digits]
    ending = [number for number in numbers if number and digits.endswith(number)]
    return numbers[max(ending, key=len)] if ending else fallback


def call_back_due(ended: datetime, within: timedelta) -> datetime:
    """When a caller whom nobody spoke to must have been called back."""
    return ended + within
