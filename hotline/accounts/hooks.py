"""What packages above may add: reasons why a unit cannot be closed now."""

from __future__ import annotations

from collections.abc import Callable

ClosingGuard = Callable[[int], str]
"""Takes a unit's id; returns why it cannot be closed now, in words, or ""."""

_closing: list[ClosingGuard] = []


def register_closing_guard(guard: ClosingGuard) -> None:
    """Have `guard(unit_id)` asked before a unit is closed; called from `AppConfig.ready`."""
    if guard not in _closing:
        _closing.append(guard)


def reasons_against_closing(unit_id: int) -> list[str]:
    """All reasons that the guards give."""
    return [reason for guard in _closing if (reason := guard(unit_id))]
