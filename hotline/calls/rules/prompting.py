"""What is said to callers beside greetings: their place, the likely wait, the question how satisfied they are; and whether it is audible.

Numbers are said by whole sentences that are spoken ahead, one a file, so that nothing is synthesised while somebody waits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from math import ceil

from django.db.models.enums import TextChoices
from django.utils.translation import gettext_lazy as _

OWN_KEY = "own"
"""Instead of a text's key: a city's own recording."""
NO_VOICE = "no_voice"
"""Instead of a fault's words: nobody can speak here."""

RATE = "rate.wav"
RATED = "rated.wav"

MINUTES = (*range(1, 16), 20, 30)
"""Likely waits that there is a sentence for."""
PLACES = tuple(range(1, 10))
"""People ahead that there is a sentence for."""
NEXT = "wait/next.wav"
MANY_AHEAD = "wait/ahead-many.wav"
SOON = "wait/soon.wav"
LONG = "wait/long.wav"
SATISFIED = (1, 2, 3)
"""Keys that count as satisfied: of the five levels of 好差评 the last two are bad (rules.md section 1)."""
GRADES = (1, 2, 3, 4, 5)


class Grade(TextChoices):
    """The five levels of 政务服务“好差评”, by the key that is pressed."""

    VERY_SATISFIED = "1", _("Very satisfied")
    SATISFIED = "2", _("Satisfied")
    BASICALLY = "3", _("Basically satisfied")
    DISSATISFIED = "4", _("Dissatisfied")
    VERY_DISSATISFIED = "5", _("Very dissatisfied")


class Said(TextChoices):
    """How far a text is from being heard."""

    SPOKEN = "spoken", _("Spoken")
    OWN = "own", _("Own recording")
    BEING_SPOKEN = "being_spoken", _("Being spoken")
    FAILED = "failed", _("Could not be spoken")
    NO_VOICE = "no_voice", _("No voice is installed")


def key_of(text: str) -> str:
    """Stands for a text in the notes of what a file says."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def said(text: str, key: str, fault_key: str, fault: str) -> Said:
    """How far `text` is, by what its file says now (`key`) and what became of the last attempt."""
    wanted = key_of(text)
    if key == OWN_KEY:
        return Said.OWN
    if key == wanted:
        return Said.SPOKEN
    if fault_key == wanted and fault:
        return Said.NO_VOICE if fault == NO_VOICE else Said.FAILED
    return Said.BEING_SPOKEN


AUDIBLE = frozenset({Said.SPOKEN, Said.OWN})


def ahead_sound(ahead: int) -> str:
    """The sentence for so many callers ahead."""
    if ahead <= 0:
        return NEXT
    return f"wait/ahead-{ahead}.wav" if ahead in PLACES else MANY_AHEAD


def wait_sound(wait: timedelta | None) -> str:
    """The sentence for a likely wait, rounded up to one that there is; "" when none is foreseen: then no time is promised."""
    if wait is None:
        return ""
    if wait < timedelta(minutes=1):
        return SOON
    minutes = ceil(wait.total_seconds() / 60)
    return next((f"wait/minutes-{one}.wav" for one in MINUTES if one >= minutes), LONG)


def waiting_words(ahead: int, wait: timedelta | None, audible: Iterable[str]) -> tuple[str, ...]:
    """Sounds that tell a caller their place and likely wait, of those that can be heard; nothing when the place cannot be told."""
    there = set(audible)
    place, time = ahead_sound(ahead), wait_sound(wait)
    if place not in there:
        return ()
    return (place, time) if time in there else (place,)


def grade_of(digits: str) -> int | None:
    """The grade that was pressed; None for any other key and for none."""
    return int(digits) if digits in Grade.values else None
