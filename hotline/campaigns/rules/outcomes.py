"""How one call ended, and what that means for the next. Pure."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one call ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    HANDED = "handed"
    OPTED_OUT = "opted_out"
    REFUSED = "refused"
    WRONG = "wrong"
    UNNOTED = "unnoted"
    LATER = "later"
    MACHINE = "machine"
    SILENT = "silent"
    HUNG_UP = "hung_up"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CUT = "cut"


SPOKEN_TO = frozenset(
    {
        Outcome.COMPLETE,
        Outcome.PARTIAL,
        Outcome.HANDED,
        Outcome.OPTED_OUT,
        Outcome.REFUSED,
        Outcome.WRONG,
        Outcome.UNNOTED,
        Outcome.HUNG_UP,
    }
)
"""Nobody is called again after these. Who was silent may be a machine, and is; who asked for another time is, too."""
BY_AGENT = (
    Outcome.COMPLETE,
    Outcome.PARTIAL,
    Outcome.LATER,
    Outcome.REFUSED,
    Outcome.WRONG,
    Outcome.OPTED_OUT,
    Outcome.MACHINE,
)
"""What an agent who spoke may say came of it, in the order of the form."""


def outcome_of(reason: str, *, answered: bool, answers: int) -> Outcome:
    """Of a leg that ended before the script did: `reason` is the engine's."""
    if answered:
        if reason in ("far", "near"):
            return Outcome.PARTIAL if answers else Outcome.HUNG_UP
        return Outcome.CUT
    return {"busy": Outcome.BUSY, "declined": Outcome.BUSY, "no_answer": Outcome.NO_ANSWER}.get(
        reason, Outcome.CUT if reason in ("lost", "stopped") else Outcome.FAILED
    )
