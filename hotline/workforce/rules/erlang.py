"""Seats needed for a load, by the formulas of Erlang and of Palm (calls that give up).

`load` is offered traffic in erlangs: calls an hour × handling time in hours. Times in seconds. Tested against published values:
Erlang B tables (A.K. Erlang 1917, as in ITU-T E.501's tables), the worked example of callcentrehelper.com "Erlang C Formula – Made
Simple" and the table of Garnett, Mandelbaum and Reiman, "Designing a Call Center with Impatient Customers" (MSOM 4/3, 2002).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp

MOST_SEATS = 5000


def erlang_b(seats: int, load: float) -> float:
    """Share of calls lost when nobody may wait."""
    lost = 1.0
    for n in range(1, seats + 1):
        lost = load * lost / (n + load * lost)
    return lost if load else (0.0 if seats else 1.0)


def erlang_c(seats: int, load: float) -> float:
    """Share of calls that wait when nobody gives up; 1 when the seats cannot carry the load."""
    if load <= 0:
        return 0.0 if seats else 1.0
    if seats <= load:
        return 1.0
    blocked = erlang_b(seats, load)
    return blocked / (1 - load / seats * (1 - blocked))


@dataclass(frozen=True, slots=True)
class Service:
    """What callers meet and agents do. `in_time`: answered within the target; `wait`: mean seconds, None without bound."""

    in_time: float
    wait: float | None
    abandoned: float
    occupancy: float


def service_c(seats: int, calls: float, handling: float, target: float) -> Service:
    """Erlang C (M/M/n): `calls` an hour, nobody gives up."""
    load = calls * handling / 3600
    if load <= 0:
        return Service(1.0 if seats else 0.0, 0.0 if seats else None, 0.0, 0.0)
    if seats <= load:
        return Service(0.0, None, 0.0, 1.0)
    waits = erlang_c(seats, load)
    in_time = 1 - waits * exp(-(seats - load) * target / handling)
    return Service(in_time, waits * handling / (seats - load), 0.0, load / seats)


def service_a(seats: int, calls: float, handling: float, patience: float) -> Service:
    """Erlang A (M/M/n+M): callers give up after exponential patience of this mean. `in_time` is the share not waiting at all."""
    load = calls * handling / 3600
    if load <= 0 or not seats:
        return Service(1.0 if seats else 0.0, 0.0 if seats else patience, 0.0 if load <= 0 else 1.0, 0.0)
    serve, leave, arrive = 1 / handling, 1 / patience, calls / 3600
    # Weights of states relative to that of all seats busy and nobody waiting, so that nothing overflows.
    below, weight = 0.0, 1.0
    for busy in range(seats, 0, -1):
        weight *= busy * serve / arrive
        below += weight
        if weight < 1e-16 * below:
            break
    above, queue, weight, waiting = 1.0, 0.0, 1.0, 0
    while weight > 1e-14 * above:
        waiting += 1
        weight *= arrive / (seats * serve + waiting * leave)
        above += weight
        queue += waiting * weight
    queue /= below + above
    abandoned = min(1.0, leave * queue / arrive)
    return Service(
        below / (below + above), queue / arrive, abandoned, min(1.0, (1 - abandoned) * load / seats)
    )


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised: `share` of calls answered within `seconds`, agents busy at most `occupancy`; `shrinkage` of the planned are
    not at the telephone (breaks, training, illness). GB/T 33358 asks for 15 s and names no share; the others are design defaults."""

    share: float = 0.90
    seconds: float = 15.0
    occupancy: float = 0.85
    shrinkage: float = 0.20


def seats_needed(calls: float, handling: float, target: Target) -> int:
    """The fewest at the telephone who keep the target; `calls` an hour. By Erlang C, which lets nobody give up: on the safe side."""
    if calls <= 0 or handling <= 0:
        return 0
    seats = max(1, ceil(calls * handling / 3600 / target.occupancy - 1e-9))
    while seats < MOST_SEATS and service_c(seats, calls, handling, target.seconds).in_time < target.share:
        seats += 1
    return seats


def planned_for(seats: int, shrinkage: float) -> int:
    """How many must be planned so that so many sit at the telephone."""
    return ceil(seats / (1 - shrinkage) - 1e-9)
