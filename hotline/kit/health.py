"""Checks that packages register and the health page shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Result:
    """One line of the health page: `text` says what is, `advice` what to do."""

    level: Level
    text: str
    advice: str = ""


_checks: dict[str, Callable[[], Result]] = {}


def register(name: str, check: Callable[[], Result]) -> None:
    """Add a check; called from `AppConfig.ready`. A check that raises counts as failed."""
    _checks[name] = check


def run_all() -> dict[str, Result]:
    """Every check's result by name."""
    results = {}
    for name, check in _checks.items():
        try:
            results[name] = check()
        except Exception as error:  # a broken check is itself a finding
            results[name] = Result(Level.FAIL, f"{type(error).__name__}: {error}")
    return results
