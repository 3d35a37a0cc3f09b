"""Verbs of follow-up and the notices that citizens get on the way."""

from hotline.followup.actions.calls import (
    SYSTEM,
    appeal_result,
    cancel_round,
    claim,
    claim_next,
    decide_appeal,
    plan,
    rate,
    record_attempt,
    release,
)
from hotline.followup.actions.notices import tell_accepted, tell_citizens

__all__ = [
    "SYSTEM",
    "appeal_result",
    "cancel_round",
    "claim",
    "claim_next",
    "decide_appeal",
    "plan",
    "rate",
    "record_attempt",
    "release",
    "tell_accepted",
    "tell_citizens",
]
