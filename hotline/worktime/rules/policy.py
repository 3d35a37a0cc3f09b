"""A city's deadline rules as one document: parsed with faults that name the path, matched by specificity.

A document is a list of rules. Each rule has conditions and gives clocks, extension or return limits. For one order,
each clock (kind and side) comes from the most specific rule that matches and defines it; so a rule of one line can
change one clock and leave the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from hotline.kit.numbers import whole
from hotline.worktime.rules.calendar import (
    Span,
    WorkCalendar,
    WorkHours,
    parse_minute,
)
from hotline.worktime.rules.clocks import (
    LEVELS,
    NOW,
    ClockSpec,
    MarkBasis,
    MarkSpec,
    default_marks,
    first_due,
)

FORMAT = 1
KINDS = ("dispatch", "sign", "contact", "finish", "review", "follow_up")
SIDES = ("city", "unit")
START_EVENTS = ("created", "reviewed", "dispatched", "signed", "replied", "reply_approved", "redone")
"""created 受理, reviewed 审核通过, dispatched 派到本单位 (also sent down), signed 签收, replied 提交办结,
reply_approved 办结审核通过, redone 发回重办."""

CONDITIONS = ("demand_types", "categories", "urgencies", "channels", "unit_levels", "flows")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PolicyFault:
    """What is wrong and where, e.g. `rules[2].clocks[0].span`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class PolicyInvalid(ValueError):
    """A document that cannot be read; `faults` names every place."""

    def __init__(self, faults: Sequence[PolicyFault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class When:
    """Conditions of a rule; an empty tuple holds for all. Categories match by prefix of the dotted code."""

    demand_types: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    unit_levels: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()

    def specificity(self, case: Case) -> tuple[int, ...] | None:
        """None when it does not hold; else what it names, safety first: urgency, flow, depth of category, type,
        channel, unit level. A larger tuple wins.
        """
        if (
            (self.urgencies and case.urgency not in self.urgencies)
            or (self.flows and case.flow not in self.flows)
            or (self.demand_types and case.demand_type not in self.demand_types)
            or (self.channels and case.channel not in self.channels)
            or (self.unit_levels and case.unit_level not in self.unit_levels)
        ):
            return None
        depth = 0
        if self.categories:
            depths = [
                code.count(".") + 1
                for code in self.categories
                if (case.category_code + ".").startswith(code + ".")
            ]
            if not depths:
                return None
            depth = max(depths)
        return (
            int(bool(self.urgencies)),
            int(bool(self.flows)),
            depth,
            int(bool(self.demand_types)),
            int(bool(self.channels)),
            int(bool(self.unit_levels)),
        )


@dataclass(frozen=True, slots=True)
class Case:
    """What a policy decides by."""

    demand_type: str = ""
    category_code: str = ""
    urgency: str = ""
    channel: str = ""
    unit_level: str = ""
    flow: str = "first"


@dataclass(frozen=True, slots=True)
class ExtensionLimits:
    """`amounts` may be asked for; more than `city_above` is decided by the hotline centre. `times` 0: none allowed."""

    times: int = 0
    amounts: tuple[Span, ...] = ()
    city_above: Span | None = None
    before_expiry: bool = True
    rule: str = ""

    def needs_city(self, amount: Span) -> bool:
        """True when the unit above may not decide alone."""
        return self.city_above is not None and amount.amount > self.city_above.amount


@dataclass(frozen=True, slots=True)
class ReturnLimits:
    """A return must be asked for within `window` of `start_event`; the `arbitration_after`-th return goes to
    arbitration, which designates a unit and locks. `window` None: any time before the reply.
    """

    window: Span | None = None
    start_event: str = "dispatched"
    arbitration_after: int = 3
    hours: WorkHours = WorkHours()  # noqa: RUF009 (frozen, a value)
    cutoff: int | None = None
    rule: str = ""

    def window_ends(self, start: datetime, calendar: WorkCalendar) -> datetime | None:
        """The last moment for a return. Raises YearUnknown."""
        if self.window is None:
            return None
        return first_due(
            start,
            ClockSpec("return", "unit", self.window, self.start_event, self.hours, self.cutoff),
            calendar,
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """What holds for one case."""

    clocks: tuple[ClockSpec, ...]
    extension: ExtensionLimits
    returns: ReturnLimits

    def clock(self, kind: str, side: str) -> ClockSpec | None:
        """The clock of that kind and side, if the policy has one."""
        return next((spec for spec in self.clocks if spec.kind == kind and spec.side == side), None)


@dataclass(frozen=True, slots=True)
class Rule:
    """`clocks` maps (kind, side) to the clock, or to None when this rule takes it away."""

    name: str
    when: When
    clocks: Mapping[tuple[str, str], ClockSpec | None]
    extension: ExtensionLimits | None = None
    returns: ReturnLimits | None = None


@dataclass(frozen=True)
class PolicyDocument:
    """A parsed document. `raw` is what was parsed, for storage and editing."""

    name: str
    hours: WorkHours
    rules: tuple[Rule, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)
    note: str = ""

    @classmethod
    def parse(cls, data: object) -> PolicyDocument:
        """From the JSON or YAML form. Raises PolicyInvalid with every fault found."""
        return _Reader().document(data)

    def select(
        self,
        *,
        kind: str | None = None,
        demand_type: str = "",
        category_code: str = "",
        urgency: str = "",
        channel: str = "",
        unit_level: str = "",
        flow: str = "first",
    ) -> Selection:
        """Clocks (of one `kind` or all) and limits for one case; computed once a case and kept."""
        found = self._select(Case(demand_type, category_code, urgency, channel, unit_level, flow))
        if kind is None:
            return found
        return Selection(
            tuple(spec for spec in found.clocks if spec.kind == kind), found.extension, found.returns
        )

    @cached_property
    def _select(self) -> Callable[[Case], Selection]:
        return lru_cache(maxsize=50_000)(self._decide)

    def _decide(self, case: Case) -> Selection:
        matching = self.matching(case)
        clocks: dict[tuple[str, str], ClockSpec | None] = {}
        for _rank, rule in matching:
            clocks.update(rule.clocks)
        return Selection(
            clocks=tuple(spec for spec in clocks.values() if spec is not None),
            extension=_last((rule.extension for _rank, rule in matching), ExtensionLimits()),
            returns=_last((rule.returns for _rank, rule in matching), ReturnLimits(hours=self.hours)),
        )

    def matching(self, case: Case) -> list[tuple[tuple[int, ...], Rule]]:
        """Rules that hold for the case with their specificity, the least specific first."""
        ranked = [(rank, rule) for rule in self.rules if (rank := rule.when.specificity(case)) is not None]
        return sorted(ranked, key=lambda pair: pair[0])

    def clocks(self) -> Iterable[ClockSpec]:
        """Every clock of every rule."""
        for rule in self.rules:
            yield from (spec for spec in rule.clocks.values() if spec is not None)

    def longest_workdays(self) -> int:
        """Working days that one order can need at most, extensions and late marks included: the calendar's horizon."""
        reach = max((_workdays(spec.span) + _late(spec) for spec in self.clocks()), default=0)
        extensions = [rule.extension for rule in self.rules if rule.extension is not None]
        more = [limits.times * max(map(_workdays, limits.amounts), default=0) for limits in extensions]
        return reach + max(more, default=0)


def _late(spec: ClockSpec) -> int:
    """Working days after the due moment that the marks need."""
    least = int(any(mark.basis is MarkBasis.FIRST_OVERDUE_WORKDAY for mark in spec.marks))
    return max(
        [least, *(_workdays(mark.span) for mark in spec.marks if mark.basis is MarkBasis.AFTER and mark.span)]
    )


def _workdays(span: Span) -> int:
    return span.amount if span.in_workdays else 0


def _last(items: Iterable[T | None], default: T) -> T:
    found = default
    for item in items:
        if item is not None:
            found = item
    return found


# ---- faults of an application


def extension_fault(
    limits: ExtensionLimits, *, used: int, amount: Span, now: datetime, due_at: datetime
) -> str:
    """Why an extension may not be asked for: `none_allowed`, `too_many`, `expired`, `amount`; empty when it may."""
    if not limits.times:
        return "none_allowed"
    if used >= limits.times:
        return "too_many"
    if limits.before_expiry and now > due_at:
        return "expired"
    if amount not in limits.amounts:
        return "amount"
    return ""


def return_fault(limits: ReturnLimits, *, started_at: datetime, now: datetime, calendar: WorkCalendar) -> str:
    """Why a return may not be asked for: `window`; empty when it may. Raises YearUnknown."""
    ends = limits.window_ends(started_at, calendar)
    return "window" if ends is not None and now > ends else ""


# ---- reading


class _Reader:
    """Reads a document, collecting faults instead of stopping at the first."""

    def __init__(self) -> None:
        self.faults: list[PolicyFault] = []
        self.hours = WorkHours()
        self.cutoff: int | None = None
        self.day_end = 1439
        self.marks: dict[str, tuple[MarkSpec, ...]] = {}

    def fault(self, path: str, message: str) -> None:
        self.faults.append(PolicyFault(path, message))

    def document(self, data: object) -> PolicyDocument:
        top = self.mapping(
            data,
            "document",
            {"format", "name", "note", "hours", "cutoff", "day_end", "marks", "rules", "sources"},
        )
        if top.get("format") != FORMAT:
            self.fault("format", f"must be {FORMAT}")
        name = self.text(top.get("name"), "name")
        self.hours = self.value(WorkHours.parse, top.get("hours", "09:00-17:30"), "hours", self.hours)
        self.cutoff = self.moment(top, "cutoff", "", None)
        self.day_end = self.moment(top, "day_end", "", 1439) or 1439
        for key, marks in self.mapping(
            top.get("marks") or {}, "marks", {"workday", "day", "hour", "minute"}
        ).items():
            self.marks[key] = self.read_marks(marks, f"marks.{key}")
        rules = tuple(
            self.rule(rule, f"rules[{at}]") for at, rule in enumerate(self.items(top.get("rules"), "rules"))
        )
        if not rules and not self.faults:
            self.fault("rules", "a policy needs at least one rule")
        names = [rule.name for rule in rules]
        for at, own in enumerate(names):
            if own and own in names[:at]:
                self.fault(f"rules[{at}].name", f"{own!r} is used twice")
        if self.faults:
            raise PolicyInvalid(self.faults)
        assert isinstance(data, Mapping)
        return PolicyDocument(name, self.hours, rules, raw=data, note=str(top.get("note") or ""))

    def rule(self, data: object, path: str) -> Rule:
        own = self.mapping(data, path, {"name", "when", "clocks", "extension", "returns", "source"})
        name = self.text(own.get("name"), f"{path}.name")
        conditions = self.mapping(own.get("when") or {}, f"{path}.when", set(CONDITIONS))
        when = When(**{key: self.words(conditions.get(key), f"{path}.when.{key}") for key in CONDITIONS})
        clocks: dict[tuple[str, str], ClockSpec | None] = {}
        for at, item in enumerate(self.items(own.get("clocks") or [], f"{path}.clocks")):
            here = f"{path}.clocks[{at}]"
            for key, spec in self.clock(item, here, name).items():
                if key in clocks:
                    self.fault(here, f"the {key[1]}'s {key[0]} clock is given twice in this rule")
                clocks[key] = spec
        extension = (
            self.extension(own["extension"], f"{path}.extension", name)
            if own.get("extension") is not None
            else None
        )
        returns = (
            self.returns(own["returns"], f"{path}.returns", name) if own.get("returns") is not None else None
        )
        if not clocks and extension is None and returns is None:
            self.fault(path, "gives neither clocks nor limits")
        return Rule(name, when, clocks, extension, returns)

    def clock(self, data: object, path: str, rule: str) -> dict[tuple[str, str], ClockSpec | None]:
        own = self.mapping(
            data, path, {"kind", "side", "span", "start", "cutoff", "day_end", "hours", "marks"}
        )
        kind = self.one_of(own.get("kind"), f"{path}.kind", KINDS)
        sides = self.words(own.get("side"), f"{path}.side", SIDES) or ("unit",)
        if own.get("span") == "none":
            return {(kind, side): None for side in sides}
        span = self.value(Span.parse, own.get("span"), f"{path}.span", NOW)
        if not span.amount and not self.faults:
            self.fault(f"{path}.span", "must be longer than nothing")
        start = self.one_of(own.get("start"), f"{path}.start", START_EVENTS)
        hours = (
            self.value(WorkHours.parse, own["hours"], f"{path}.hours", self.hours)
            if "hours" in own
            else self.hours
        )
        cutoff = self.moment(own, "cutoff", path, self.cutoff)
        day_end = self.moment(own, "day_end", path, self.day_end) or 1439
        marks = (
            self.read_marks(own["marks"], f"{path}.marks")
            if "marks" in own
            else self.marks.get(str(span.unit), ())
        )
        marks = marks or default_marks(span)
        return {
            (kind, side): ClockSpec(kind, side, span, start, hours, cutoff, day_end, marks, rule)
            for side in sides
        }

    def extension(self, data: object, path: str, rule: str) -> ExtensionLimits:
        own = self.mapping(data, path, {"times", "amounts", "city_above", "before_expiry"})
        times = self.number(own.get("times", 1), f"{path}.times")
        amounts = tuple(
            self.value(Span.parse, item, f"{path}.amounts[{at}]", NOW)
            for at, item in enumerate(self.items(own.get("amounts") or [], f"{path}.amounts"))
        )
        if times and not amounts:
            self.fault(f"{path}.amounts", "an extension needs the lengths that may be asked for")
        above = (
            self.value(Span.parse, own["city_above"], f"{path}.city_above", NOW)
            if own.get("city_above")
            else None
        )
        if len({span.unit for span in (*amounts, *((above,) if above else ()))}) > 1:
            self.fault(f"{path}.amounts", "all lengths must have the same unit")
        return ExtensionLimits(times, amounts, above, bool(own.get("before_expiry", True)), rule)

    def returns(self, data: object, path: str, rule: str) -> ReturnLimits:
        own = self.mapping(data, path, {"window", "start", "arbitration_after", "cutoff"})
        window = self.value(Span.parse, own["window"], f"{path}.window", NOW) if own.get("window") else None
        start = self.one_of(own.get("start", "dispatched"), f"{path}.start", ("dispatched", "signed"))
        after = self.number(own.get("arbitration_after", 3), f"{path}.arbitration_after")
        return ReturnLimits(
            window, start, after, self.hours, self.moment(own, "cutoff", path, self.cutoff), rule
        )

    def read_marks(self, data: object, path: str) -> tuple[MarkSpec, ...]:
        marks = [
            self.mark(level, item, f"{path}.{level}")
            for level, item in self.mapping(data, path, set(LEVELS[1:])).items()
        ]
        return tuple(sorted(marks, key=lambda mark: LEVELS.index(mark.level)))

    def mark(self, level: str, data: object, path: str) -> MarkSpec:
        own = self.mapping(data, path, {"before", "after", "left", "first_overdue_workday"})
        if len(own) != 1:
            self.fault(path, "needs exactly one of before, after, left, first_overdue_workday")
            return MarkSpec(level, MarkBasis.AFTER, NOW)
        ((basis, given),) = own.items()
        if basis == "first_overdue_workday":
            return MarkSpec(level, MarkBasis.FIRST_OVERDUE_WORKDAY)
        if basis == "left":
            percent = whole(str(given).removesuffix("%"))
            if percent is None or not 0 < percent < 100:
                self.fault(path, f"{given!r} is not a share such as '25%'")
                return MarkSpec(level, MarkBasis.AFTER, NOW)
            return MarkSpec(level, MarkBasis.LEFT, percent=percent)
        return MarkSpec(level, MarkBasis(basis), self.value(Span.parse, given, path, NOW))

    # ---- pieces

    def mapping(self, data: object, path: str, known: set[str]) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            self.fault(path, "must be a mapping")
            return {}
        for key in sorted(set(map(str, data)) - known):
            self.fault(f"{path}.{key}", f"is not known here; known are {', '.join(sorted(known))}")
        return {str(key): value for key, value in data.items() if str(key) in known}

    def items(self, data: object, path: str) -> Sequence[object]:
        if isinstance(data, list | tuple):
            return data
        self.fault(path, "must be a list")
        return ()

    def words(self, data: object, path: str, known: Sequence[str] = ()) -> tuple[str, ...]:
        """A word or a list of words; nothing for nothing."""
        if data is None:
            return ()
        found = [data] if isinstance(data, str) else self.items(data, path)
        words = tuple(str(word) for word in found)
        for word in words:
            if known and word not in known:
                self.fault(path, f"{word!r} is not one of {', '.join(known)}")
        return words

    def text(self, data: object, path: str) -> str:
        if isinstance(data, str) and data.strip():
            return data.strip()
        self.fault(path, "must not be empty")
        return ""

    def number(self, data: object, path: str) -> int:
        if isinstance(data, int) and not isinstance(data, bool) and data >= 0:
            return data
        self.fault(path, f"{data!r} is not a count")
        return 0

    def one_of(self, data: object, path: str, known: Sequence[str]) -> str:
        if data in known:
            return str(data)
        self.fault(path, f"{data!r} is not one of {', '.join(known)}")
        return known[0]

    def value(self, parse: Any, data: object, path: str, default: T) -> T:
        try:
            found: T = parse(data)
        except (ValueError, TypeError) as error:
            self.fault(path, str(error))
            return default
        return found

    def moment(self, own: Mapping[str, Any], key: str, path: str, default: int | None) -> int | None:
        """A time of day; `none` or null means there is none."""
        if key not in own:
            return default
        if own[key] is None or own[key] == "none":
            return None
        return self.value(parse_minute, own[key], f"{path}.{key}".lstrip("."), default)
