"""Every figure of the platform, once: formula over one fact, the time it counts by, unit, target, source (rules.md section 6).

A figure is `part / whole`, or `part` alone; both are sums over rows, so that they add up over any cut and are divided last. `among` says
which rows the whole is made of; a drill-down shows those rows, and those of the part. Pure: Ibis expressions, no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _p

from hotline.analytics.rules.facts import (
    APPEALS,
    ASSIGNMENTS,
    CALL_SLOTS,
    FACTS,
    FOLLOW_UPS,
    HALL_SLOTS,
    ORDERS,
    Fact,
)

if TYPE_CHECKING:  # Ibis takes a second to import: only who asks for a figure does
    from ibis.expr.types import BooleanValue, NumericValue, Table

Rows = Callable[["Table"], "BooleanValue"]
Amount = Callable[["Table"], "NumericValue"]


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"
    SECONDS = "seconds"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Metric:
    """`part` and `whole` give one number a row; a row outside `among` counts in neither. `whole` None: the part is the figure.

    `by`: the column of the fact whose moment puts a row into a period. `higher`: is more better? None: neither.
    `exclusion`: orders taken out of appraisal (剔除) do not count unless asked for. `source`: the rule's place.
    """

    code: str
    name: str | Promise
    formula: str | Promise
    fact: Fact
    by: str
    part: Amount
    whole: Amount | None = None
    among: Rows | None = None
    unit: Unit = Unit.SHARE
    higher: bool | None = True
    target: float | None = None
    exclusion: bool = False
    source: str = "rules.md 6"
    owner: str = "hotline centre"
    since: date = date(2000, 1, 1)
    until: date | None = None

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self.fact.columns)


def table_of(fact: Fact) -> Table:
    """The fact as an unbound table of Ibis."""
    import ibis

    kinds = {"VARCHAR": "string", "BIGINT": "int64", "INTEGER": "int32", "SMALLINT": "int16", "DOUBLE": "float64"}
    kinds |= {"BOOLEAN": "boolean", "TIMESTAMP": "timestamp(6)"}
    return ibis.table({name: kinds[kind] for name, kind in fact.columns.items()}, name=fact.name)


def _one(t: Table) -> NumericValue:
    return t[t.columns[0]].notnull().ifelse(1, 0).cast("int64")


def _if(rows: Rows) -> Amount:
    """1 for the rows, 0 for all others: null is no."""
    return lambda t: rows(t).fill_null(False).ifelse(1, 0).cast("int64")


def _column(name: str) -> Amount:
    return lambda t: t[name]


def _in_time(done: str, due: str) -> Rows:
    return lambda t: t[done].notnull() & (t[done] <= t[due])


def _hours(first: str, last: str) -> Amount:
    return lambda t: t[last].delta(t[first], unit="second").cast("float64") / 3600.0


def _lead(t: Table) -> BooleanValue:
    return t["top"] & (t["role"] == "lead")


def _answered(column: str) -> Rows:
    """Follow-ups that are done and in which this was answered; the blind second check asks the same citizen again."""
    return lambda t: (t["state"] == "done") & t[column].notnull() & ~t["second_check"]


_VALID, _ASKED = _answered("satisfaction"), _answered("solved")
_FOUND = ("solved", "explained")
_CLOSED_BY = ("handled", "automatic", "unreasonable", "hold_expired")

_ALL = (
    # ── what came ──
    Metric(
        "appeals", _p("figure", "Appeals"), _("all appeals accepted, answered, referred or not accepted"), APPEALS, "created_at",
        _one, unit=Unit.COUNT, higher=None,
    ),
    Metric(
        "direct_rate", _p("figure", "Answered directly"), _("appeals answered at once ÷ valid appeals"), APPEALS, "created_at",
        _if(lambda t: t["state"] == "answered"), _one, lambda t: t["state"].isin(("answered", "ordered", "appended", "referred")),
    ),
    Metric(
        "orders", _p("figure", "Work orders"), _("orders made"), ORDERS, "created_at", _one, unit=Unit.COUNT, higher=None,
    ),
    Metric(
        "open_orders", _p("figure", "Open orders"), _("orders made in the period that are not closed"), ORDERS, "created_at",
        _if(lambda t: t["closed_at"].isnull() & ~t["merged"]), unit=Unit.COUNT, higher=False,
    ),
    Metric(
        "closed_orders", _p("figure", "Closed orders"), _("orders closed in the period"), ORDERS, "closed_at", _one, unit=Unit.COUNT, higher=None,
    ),
    # ── on time ──
    Metric(
        "signed_in_time", _p("figure", "Signed in time"), _("signed by their time ÷ to be signed in the period"), ASSIGNMENTS, "sign_due_at",
        _if(_in_time("signed_at", "sign_due_at")), _one, target=1.0, exclusion=True,
    ),
    Metric(
        "contacted", _p("figure", "First contact made"), _("contacted ÷ (contacted + not contacted), of lead units"), ASSIGNMENTS, "contact_due_at",
        _if(lambda t: t["contacted_at"].notnull()), _one, _lead, exclusion=True,
    ),
    Metric(
        "contacted_in_time", _p("figure", "Responded in time"), _("contacted by their time ÷ to be contacted in the period"), ASSIGNMENTS,
        "contact_due_at", _if(_in_time("contacted_at", "contact_due_at")), _one, _lead, exclusion=True,
    ),
    Metric(
        "finished_in_time", _p("figure", "Finished in time"), _("finished by the current deadline ÷ due in the period"), ORDERS, "finish_due_at",
        _if(_in_time("finish_done_at", "finish_due_at")), _one, lambda t: ~t["merged"], target=0.995, exclusion=True,
    ),
    Metric(
        "handling_hours", _p("figure", "Mean time to close"), _("hours from accepting to closing ÷ orders closed"), ORDERS, "closed_at",
        _hours("created_at", "closed_at"), _one, lambda t: t["closing_kind"].isin(_CLOSED_BY), unit=Unit.HOURS, higher=False,
    ),
    # ── what came of it ──
    Metric(
        "solved_rate", _p("figure", "Actually solved"), _("actually solved ÷ (actually solved + explained)"), ORDERS, "closed_at",
        _if(lambda t: t["outcome"] == "solved"), _one, lambda t: t["outcome"].isin(_FOUND), exclusion=True,
    ),
    Metric(
        "explained_rate", _p("figure", "Explained"), _("explained ÷ (actually solved + explained)"), ORDERS, "closed_at",
        _if(lambda t: t["outcome"] == "explained"), _one, lambda t: t["outcome"].isin(_FOUND), higher=None, exclusion=True,
    ),
    Metric(
        "satisfied", _p("figure", "Satisfied"), _("satisfied (4 and 5 of 5) ÷ valid follow-ups"), FOLLOW_UPS, "ended_at",
        _if(lambda t: t["satisfaction"] >= 4), _one, _VALID, target=0.8, exclusion=True,
    ),
    Metric(
        "said_solved", _p("figure", "Solved, in the citizen's word"), _("said to be solved ÷ asked and answered"), FOLLOW_UPS, "ended_at",
        _if(lambda t: t["solved"]), _one, _ASKED, exclusion=True,
    ),
    Metric(
        "reached", _p("figure", "Reached at follow-up"), _("follow-ups done ÷ done and not reached"), FOLLOW_UPS, "ended_at",
        _if(lambda t: t["state"] == "done"), _one, lambda t: t["state"].isin(("done", "unreached")) & ~t["second_check"],
    ),
    # ── what went wrong ──
    Metric(
        "redo_rate", _p("figure", "Redone"), _("redone ÷ dispatched"), ORDERS, "dispatched_at", _if(lambda t: t["redos"] > 0), _one,
        higher=False, exclusion=True,
    ),
    Metric(
        "return_rate", _p("figure", "Returned"), _("returned ÷ dispatched"), ORDERS, "dispatched_at", _if(lambda t: t["returns"] > 0), _one,
        higher=False, exclusion=True,
    ),
    Metric(
        "repeat_rate", _p("figure", "Repeated"), _("a like order of the same citizen within 30 days before ÷ dispatched"), ORDERS, "dispatched_at",
        _if(lambda t: t["repeated"]), _one, higher=False, exclusion=True,
    ),
    Metric(
        "extension_rate", _p("figure", "Extended"), _("extended ÷ dispatched"), ORDERS, "dispatched_at", _if(lambda t: t["extensions"] > 0), _one,
        higher=False, exclusion=True,
    ),
    # ── calls: the settled quarters of the telephone, whose meaning is calls/rules/figures.py ──
    Metric(
        "calls", _p("figure", "Calls"), _("calls that arrived"), CALL_SLOTS, "begins_at", _column("arrived"), unit=Unit.COUNT, higher=None,
    ),
    Metric(
        "connection_rate", _p("figure", "Connection"), _("answered ÷ calls asking for an agent"), CALL_SLOTS, "begins_at", _column("answered"),
        lambda t: t["queued"] + t["turned_away"], target=0.95,
    ),
    Metric(
        "in_time_rate", _p("figure", "Answered in 15 s"), _("answered within 15 s ÷ calls asking for an agent"), CALL_SLOTS, "begins_at",
        _column("in_time"), lambda t: t["queued"] + t["turned_away"], target=0.9,
    ),
    Metric(
        "abandonment_rate", _p("figure", "Abandoned"), _("hung up in the queue ÷ queued"), CALL_SLOTS, "begins_at", _column("abandoned"),
        _column("queued"), higher=False,
    ),
    Metric(
        "mean_wait", _p("figure", "Mean wait"), _("seconds from queue to agent ÷ answered"), CALL_SLOTS, "begins_at", _column("wait_seconds"),
        _column("answered"), unit=Unit.SECONDS, higher=False,
    ),
    Metric(
        "mean_talk", _p("figure", "Mean talk"), _("seconds of talk and hold ÷ calls talked"), CALL_SLOTS, "begins_at",
        lambda t: t["talk_seconds"] + t["hold_seconds"], _column("talked"), unit=Unit.SECONDS, higher=None,
    ),
    Metric(
        "mean_wrap", _p("figure", "Mean after-call work"), _("seconds of after-call work ÷ calls talked"), CALL_SLOTS, "begins_at",
        _column("wrap_seconds"), _column("talked"), unit=Unit.SECONDS, higher=False,
    ),
    Metric(
        "occupancy", _p("figure", "Occupancy"), _("(talk + hold + after-call work) ÷ signed in"), HALL_SLOTS, "begins_at",
        lambda t: t["talking"] + t["hold"] + t["wrap_up"],
        lambda t: t["ready"] + t["ringing"] + t["talking"] + t["hold"] + t["wrap_up"] + t["paused"], higher=None,
    ),
)  # fmt: skip
METRICS: Mapping[str, Metric] = {one.code: one for one in _ALL}
"""By code, in the order in which they are shown."""

OF_CALLS = frozenset({CALL_SLOTS.name, HALL_SLOTS.name})
"""Facts that belong to no unit and no order: whoever sees figures sees them only with the whole city's reach."""


def facts_of(codes: frozenset[str]) -> tuple[Fact, ...]:
    """The facts that these metrics count, each once, in a fixed order."""
    names = {METRICS[code].fact.name for code in codes}
    return tuple(fact for name, fact in FACTS.items() if name in names)
