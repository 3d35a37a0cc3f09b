"""An order's state in a citizen's words: what it means to them, never the step of the office."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.workorders.models import OrderState

_BEING_HANDLED = _("Being handled")
STATE_WORDS: Mapping[str, str | Promise] = {
    OrderState.PENDING_REVIEW: _("Received, being read"),
    OrderState.PENDING_SUPPLEMENT: _("Waiting for your answer"),
    OrderState.PENDING_DISPATCH: _("Accepted, the unit in charge is being found"),
    OrderState.ARBITRATION: _("Accepted, the unit in charge is being found"),
    OrderState.PENDING_SIGN: _("Sent to the unit in charge"),
    OrderState.IN_PROGRESS: _BEING_HANDLED,
    OrderState.RETURN_REVIEW: _BEING_HANDLED,
    OrderState.EXTENSION_REVIEW: _BEING_HANDLED,
    OrderState.HOLD_REVIEW: _BEING_HANDLED,
    OrderState.ON_HOLD: _("On hold for a while"),
    OrderState.CLOSE_REVIEW: _("Being handled, the answer is being checked"),
    OrderState.PENDING_FOLLOW_UP: _("Answered, waiting for your rating"),
    OrderState.CLOSED: _("Settled"),
    OrderState.ARCHIVED: _("Settled"),
    OrderState.MERGED: _("Handled together with the same matter"),
}


def state_words(state: str) -> str:
    """What a citizen reads for a state of an order."""
    return str(STATE_WORDS[state])
