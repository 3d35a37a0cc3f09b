"""The sub-flow of supervision (督办, 立项督办, 批示; rules.md section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping

from hotline.workorders.models.states import ListedState

STEPS: Mapping[ListedState, tuple[ListedState, ...]] = {
    ListedState.PROPOSED: (ListedState.ISSUED, ListedState.CLOSED),
    ListedState.ISSUED: (ListedState.RETURN_REQUESTED, ListedState.UNDER_REVIEW),
    ListedState.RETURN_REQUESTED: (ListedState.ISSUED, ListedState.CLOSED),
    ListedState.UNDER_REVIEW: (ListedState.COMPLETED, ListedState.ISSUED),
    ListedState.COMPLETED: (ListedState.CLOSED, ListedState.ISSUED),
    ListedState.CLOSED: (),
}
"""提交 → 下发 → (申请退回 | 待审核) → 完成 → 办结; every step but the last can go back to the unit."""

BY_UNIT = frozenset({ListedState.RETURN_REQUESTED, ListedState.UNDER_REVIEW})
"""Steps that the unit makes; all others are the supervisor's."""


def may_advance(state: str, to: str) -> bool:
    """True when the sub-flow has this step."""
    return ListedState(to) in STEPS[ListedState(state)]
