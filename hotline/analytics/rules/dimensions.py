"""By what figures can be cut: each dimension as an Ibis expression over a fact's columns. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy as _p

if TYPE_CHECKING:
    from ibis.expr.types import StringValue, Table, TimestampValue, Value


@dataclass(frozen=True, slots=True)
class Dimension:
    """`of` gives the value from a fact and the time by which the metric counts; `needs` are columns that the fact must have.
    `words` names the dictionary that turns codes into names, or "" when the code is the word or an enumeration's."""

    code: str
    name: str | Promise
    of: Callable[[Table, TimestampValue], Value]
    needs: frozenset[str] = frozenset()
    words: str = ""
    time: bool = False


def _prefix(digits: int) -> Callable[[Table, TimestampValue], Value]:
    """The division's code up to a level; a place that is known less closely counts as not known, never as its parent."""

    def cut(t: Table, _at: TimestampValue) -> Value:
        code: StringValue = t["division"]
        here = code.substr(0, digits)
        above = 0 if digits == 6 else digits - 3
        return (code.substr(above, digits - above) == "0" * (digits - above)).ifelse("", here) if above else here

    return cut


def _up_to(level: int) -> Callable[[Table, TimestampValue], Value]:
    """The category's code up to a level: `03.02`."""

    def cut(t: Table, _at: TimestampValue) -> Value:
        code: StringValue = t["category"]
        return code.re_extract(r"^([^.]+(\.[^.]+){0," + str(level - 1) + r"})", 1)

    return cut


def _unit(level: int) -> Callable[[Table, TimestampValue], Value]:
    """The path of the unit's ancestor so many levels below the root: `/1/5/`; of a unit above it, its own."""

    def cut(t: Table, _at: TimestampValue) -> Value:
        path: StringValue = t["unit_path"]
        return path.re_extract(r"^((/[^/]+){1," + str(level + 1) + r"}/?)", 1)

    return cut


def _column(name: str) -> Callable[[Table, TimestampValue], Value]:
    return lambda t, _at: t[name]


def _plain(code: str, name: str | Promise, column: str = "", words: str = "") -> Dimension:
    return Dimension(code, name, _column(column or code), frozenset({column or code}), words)


_ALL = (
    Dimension("hour", _p("dimension", "Hour"), lambda _t, at: at.truncate("h"), time=True),
    Dimension("day", _p("dimension", "Day"), lambda _t, at: at.date(), time=True),
    Dimension("week", _p("dimension", "Week"), lambda _t, at: at.truncate("W").date(), time=True),
    Dimension("month", _p("dimension", "Month"), lambda _t, at: at.truncate("M").date(), time=True),
    Dimension("hour_of_day", _p("dimension", "Hour of the day"), lambda _t, at: at.hour()),
    Dimension("district", _p("dimension", "District"), _prefix(6), frozenset({"division"}), "division"),
    Dimension("street", _p("dimension", "Street"), _prefix(9), frozenset({"division"}), "division"),
    Dimension("community", _p("dimension", "Community"), _prefix(12), frozenset({"division"}), "division"),
    Dimension("category1", _p("dimension", "Category, first level"), _up_to(1), frozenset({"category"}), "category"),
    Dimension("category2", _p("dimension", "Category, second level"), _up_to(2), frozenset({"category"}), "category"),
    _plain("category", _p("dimension", "Category"), words="category"),
    Dimension("unit1", _p("dimension", "Unit, first level"), _unit(1), frozenset({"unit_path"}), "unit"),
    Dimension("unit2", _p("dimension", "Unit, second level"), _unit(2), frozenset({"unit_path"}), "unit"),
    _plain("unit", _p("dimension", "Unit"), "unit_path", "unit"),
    _plain("channel", _p("dimension", "Channel")),
    _plain("demand_type", _p("dimension", "Demand type")),
    _plain("urgency", _p("dimension", "Urgency")),
    _plain("flow", _p("dimension", "Flow")),
    _plain("state", _p("dimension", "State")),
    _plain("outcome", _p("dimension", "Result")),
    _plain("line", _p("dimension", "Line"), words="line"),
    _plain("lane", _p("dimension", "Lane"), words="lane"),
)
DIMENSIONS: Mapping[str, Dimension] = {one.code: one for one in _ALL}
