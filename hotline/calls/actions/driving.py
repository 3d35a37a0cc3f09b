"""Calls that a package above drives: it asks the switch, and is told of what becomes of the legs whose label is its own.

It says so once, at the start (`drive`). All of it happens in the distributor, in the transaction of the event.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Protocol

from hotline.calls.engines import DigitsCollected, Engine, EngineEvent, Leg, LegAnswered, LegEnded, PlayEnded
from hotline.calls.models import Ask
from hotline.kit.processes import DatabaseThread

HEARD = (LegAnswered, LegEnded, PlayEnded, DigitsCollected)
"""What a driver is told of; whose leg it is, it knows itself."""


class Driver(Protocol):
    """`name` is what follows the driver's label in a leg's."""

    def started(self, name: str, leg: str) -> None:
        """The leg that was asked for begins."""

    def heard(self, told: EngineEvent) -> None:
        """One of HEARD, of any leg that is no call's."""

    def refused(self, name: str, verb: str, code: str) -> None:
        """The switch did not do what was asked in the chain `label + name`."""

    def settle(self, legs: Mapping[str, Leg]) -> None:
        """Events were missed: what the switch has now, by leg."""

    def due(self, at: datetime) -> int:
        """Once a second: what is to be done by now; how many things were."""


DRIVERS: dict[str, Driver] = {}


def drive(label: str, driver: Driver) -> None:
    """Legs whose label begins so, and asks in chains that begin so, are this driver's."""
    DRIVERS[label] = driver


Listening = Callable[[Engine, DatabaseThread], Coroutine[Any, Any, None]]
LISTENING: list[Listening] = []


def listen_beside(work: Listening) -> None:
    """A package above listens to its own legs in the distributor's process, as long as each life of it; it never returns."""
    LISTENING.append(work)


def driven_leg(label: str, leg: str) -> bool:
    """Whether a leg with this label is a driver's; it is told."""
    for own, driver in DRIVERS.items():
        if label.startswith(own):
            driver.started(label.removeprefix(own), leg)
            return True
    return False


def tell_drivers(heard: EngineEvent) -> None:
    if isinstance(heard, HEARD):
        for driver in DRIVERS.values():
            driver.heard(heard)


def driven_refused(row: Ask, code: str) -> bool:
    """Whether what was refused was a driver's."""
    for own, driver in DRIVERS.items():
        if row.chain.startswith(own):
            driver.refused(row.chain.removeprefix(own), row.verb, code)
            return True
    return False


def drivers_settle(legs: Mapping[str, Leg]) -> None:
    for label, driver in DRIVERS.items():
        for leg in legs.values():
            if leg.label.startswith(label):
                driver.started(leg.label.removeprefix(label), leg.leg)
        driver.settle(legs)


def drivers_due(at: datetime) -> int:
    return sum(driver.due(at) for driver in DRIVERS.values())
