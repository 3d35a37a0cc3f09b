"""Planners say what a day will bring; days are played again."""

from __future__ import annotations

import logging
import math
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.calls.rules.figures import DEFINITIONS, Load, Seconds, midnight
from hotline.kit.actor import Actor
from hotline.kit.clock import now, today
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.events import defer
from hotline.kit.live import publish
from hotline.workforce.models import RunState, SimulationRun, SpecialDay, StrategyChoice
from hotline.workforce.permissions import can_plan, can_play
from hotline.workforce.queries import Stream, stream
from hotline.workforce.rules.simulation import (
    Caller,
    Strategy,
    drawn_seats,
    lanes_under,
    play,
    seats_under,
)

log = logging.getLogger("hotline.workforce")

LEAST_FACTOR, MOST_FACTOR = 0.01, 20.0
MOST_SEATS = 5000


@transaction.atomic
def set_special_day(*, actor: Actor, day: date, factor: float, name: str) -> SpecialDay:
    """Say what a day will bring; the second time it is said anew. Raises NotPermitted, Invalid."""
    can_plan(actor).require("calls:plan")
    name = name.strip()
    if not (math.isfinite(factor) and LEAST_FACTOR <= factor <= MOST_FACTOR):
        words = _("Give how many times the usual calls: between 0.01 and 20.")
        raise Invalid("factor", words, details={"factor": words})
    if not name or len(name) > 60:
        words = _("Say why, in at most 60 characters.")
        raise Invalid("name", words, details={"name": words})
    found, _made = SpecialDay.objects.update_or_create(
        day=day, defaults={"factor": factor, "name": name, "created_by": actor.key(), "created_at": now()}
    )
    record(
        actor=actor,
        verb="workforce.set_special_day",
        object_type="special_day",
        object_id=found.pk,
        data={"day": day.isoformat(), "factor": factor},
    )
    return found


@transaction.atomic
def remove_special_day(*, actor: Actor, special_id: int) -> None:
    """The day is like any other again. Raises NotPermitted, NotVisible."""
    can_plan(actor).require("calls:plan")
    found = SpecialDay.objects.select_for_update().filter(pk=special_id).first()
    if found is None:
        raise NotVisible(special_id)
    record(
        actor=actor,
        verb="workforce.remove_special_day",
        object_type="special_day",
        object_id=found.pk,
        data={"day": found.day.isoformat(), "factor": found.factor},
    )
    found.delete()


@transaction.atomic
def ask_simulation(
    *,
    actor: Actor,
    day: date,
    seats: int | None,
    strategy: str,
    overflow_seconds: int | None = None,
    seed: int = 1,
) -> SimulationRun:
    """Have a past day played again by a job. Raises NotPermitted, Invalid."""
    can_plan(actor).require("calls:plan")
    faults = {}
    if day >= today():
        faults["day"] = _("Only a day that is over can be played again.")
    if seats is not None and not 1 <= seats <= MOST_SEATS:
        faults["seats"] = _("Between 1 and 5,000 seats.")
    if strategy not in StrategyChoice.values:
        faults["strategy"] = _("There is no such strategy.")
    if overflow_seconds is not None and not 0 <= overflow_seconds <= 3600:
        faults["overflow_seconds"] = _("At most an hour.")
    if faults:
        raise Invalid("simulation", next(iter(faults.values())), details=faults)
    run = SimulationRun.objects.create(
        day=day,
        seats=seats,
        strategy=strategy,
        overflow_seconds=overflow_seconds,
        seed=seed,
        asked_by_id=actor.id,
        asked_at=now(),
    )
    from hotline.workforce.tasks import play_day

    defer(play_day, run_id=run.pk)
    return run


def play_run(*, actor: Actor, run_id: int) -> str:
    """Play what was asked; its state afterwards. A second time it is played no more."""
    can_play(actor).require("workforce:play")
    run = SimulationRun.objects.filter(pk=run_id, state=RunState.WAITING).first()
    if run is None:
        return ""
    try:
        run.result = compare(
            day=run.day,
            seats=run.seats,
            strategy=Strategy(run.strategy),
            overflow_seconds=run.overflow_seconds,
            seed=run.seed,
        )
        run.state = RunState.DONE
    except Refused as refusal:
        run.result, run.state = {"code": refusal.code}, RunState.FAILED
    except Exception:  # else its page would say for ever that it is being played
        log.exception("day %s could not be played (run %s)", run.day, run.pk)
        run.result, run.state = {"code": "fault"}, RunState.FAILED
    run.ended_at = now()
    with transaction.atomic():
        run.save()
        publish(["seats"], "simulation.played", run=run.pk)
    return str(run.state)


def compare(
    *,
    day: date,
    seats: int | None,
    strategy: Strategy,
    overflow_seconds: int | None,
    seed: int,
    callers: list[Caller] | None = None,
) -> dict[str, Any]:
    """Figures of the day as it was, played as it was, and played otherwise. Reads only. Raises Refused `no_calls`, `no_lane`.

    `callers`: others than the day's own. "As it was" and "played as it was" differ by what the play leaves out.
    """
    was = stream(day, seed)
    given = callers if callers is not None else was.callers
    if unknown := {one.lane for one in given} - was.lanes.keys():
        raise Refused("no_lane", ", ".join(sorted(unknown)))
    same = play(given, was.seats, was.lanes)
    begins, ends = midnight(day), midnight(day + timedelta(days=1))
    staff = was.seats if seats is None else drawn_seats(was.seats, seats, begins, ends, seed)
    lanes = lanes_under(strategy, was.lanes, overflow_seconds)
    other = play(given, seats_under(strategy, staff, lanes), lanes)
    return {
        "day": day.isoformat(),
        "seats": seats,
        "strategy": str(strategy),
        "overflow_seconds": overflow_seconds,
        "seed": seed,
        "calls": len(given),
        "was": _shown(was.load, was.seconds) if callers is None else None,
        "same": _shown(same.load, same.seconds),
        "other": _shown(other.load, other.seconds),
    }


def _shown(load: Load, seconds: Seconds) -> dict[str, Any]:
    return {
        **{one.code: one.read(load) for one in DEFINITIONS},
        "occupancy": seconds.occupancy,
        "seats": round(seconds.signed_in / 86400, 1),
        "seconds": {name: round(value) for name, value in asdict(seconds).items()},
    }


__all__ = ["Stream", "ask_simulation", "compare", "play_run", "remove_special_day", "set_special_day"]
