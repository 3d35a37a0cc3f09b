"""Limits of one-time codes and of delivery. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CODE_DIGITS = 6
CODE_MINUTES = 10
CODE_TRIES = 5
CODE_WAIT = timedelta(seconds=60)
CODES_AN_HOUR = 5
SEND_TRIES = 6
SEND_SECONDS = 8.0
"""Longest that a send may take; a provider that works answers within one."""
WAIT_FOR_SEND_SECONDS = 2.0
SENDS_AT_ONCE = 2
"""A process, for messages, and as many for codes: half of a worker's threads."""
GATEWAY_REST = timedelta(seconds=30)
"""How long a gateway that hung is left alone."""


class CodeState(StrEnum):
    """What came of a code that somebody entered."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    USED = "used"
    TOO_MANY = "too_many"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CodeVerdict:
    """`tries_left` matters for a wrong one."""

    state: CodeState
    tries_left: int = 0

    def __bool__(self) -> bool:
        return self.state is CodeState.RIGHT


def judge_code(*, matches: bool, tries: int, used: bool, expires_at: datetime, now: datetime) -> CodeVerdict:
    """`tries` were made before this one. A code that may not be tried any more is not compared at all."""
    if used:
        return CodeVerdict(CodeState.USED)
    if now >= expires_at:
        return CodeVerdict(CodeState.EXPIRED)
    if tries >= CODE_TRIES:
        return CodeVerdict(CodeState.TOO_MANY)
    if matches:
        return CodeVerdict(CodeState.RIGHT)
    left = CODE_TRIES - tries - 1
    return CodeVerdict(CodeState.WRONG if left else CodeState.TOO_MANY, left)


def wait_before_code(sent: Sequence[datetime], now: datetime) -> timedelta:
    """How long a phone has to wait for its next code; nothing when it need not. `sent`: moments of the last hour."""
    recent = sorted(at for at in sent if now - at < timedelta(hours=1))
    wait = timedelta(0)
    if recent:
        wait = max(wait, recent[-1] + CODE_WAIT - now)
    if len(recent) >= CODES_AN_HOUR:
        wait = max(wait, recent[-CODES_AN_HOUR] + timedelta(hours=1) - now)
    return wait


def is_mobile(digits: str) -> bool:
    """A mobile number of mainland China: 11 digits, 13… to 19…."""
    return (
        len(digits) == 11
        and digits.isascii()
        and digits.isdigit()
        and digits[0] == "1"
        and digits[1] in "3456789"
    )
