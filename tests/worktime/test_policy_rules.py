"""Policy documents: reading, matching, limits, the packs' own examples, checks."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from django.utils.translation import override

from hotline.workorders.models import Channel, ClockKind, ClockLevel, ClockSide, DemandType, Flow, Urgency
from hotline.worktime import rules
from hotline.worktime.actions import PACKS
from hotline.worktime.rules import (
    KINDS,
    LEVELS,
    ClockEvent,
    ExtensionLimits,
    PolicyDocument,
    PolicyInvalid,
    ReturnLimits,
    Severity,
    Span,
    Vocabulary,
    WorkCalendar,
    check_calendar,
    check_policy,
    derive,
    extension_fault,
    return_fault,
)
from hotline.worktime.rules.outline import outline, with_spans
from tests.worktime.factories import PUBLIC, at, document, local

WORDS = Vocabulary(
    demand_types=tuple(DemandType.choices),
    urgencies=tuple(Urgency.choices),
    channels=tuple(Channel.choices),
    flows=tuple(Flow.choices),
    not_handled=frozenset({DemandType.INVALID}),
)
FINISH = [
    {"kind": "finish", "side": "unit", "span": "5 workday", "start": "dispatched"},
    {"kind": "finish", "side": "city", "span": "5 workday", "start": "created"},
]
REDO = {
    "name": "redo",
    "when": {"flows": ["redo", "supervised"]},
    "clocks": [{"kind": "finish", "side": ["city", "unit"], "span": "3 workday", "start": "redone"}],
}


def pack(name: str) -> PolicyDocument:
    return PolicyDocument.parse(yaml.safe_load((PACKS / f"{name}.yaml").read_text(encoding="utf-8")))


def due(found: PolicyDocument, kind: str, side: str, start: str, **case: str) -> str:
    spec = found.select(**case).clock(kind, side)
    assert spec is not None
    return local(derive([ClockEvent("start", at(start))], spec, PUBLIC).due_at)


def test_words_are_the_same_as_those_of_orders():
    assert set(KINDS) == set(ClockKind.values)
    assert list(LEVELS) == ClockLevel.values
    assert set(rules.SIDES) == set(ClockSide.values)


# ---- packs


@pytest.mark.parametrize("name", ["shanghai", "beijing", "shandong"])
def test_packs_pass_their_own_check(name):
    assert check_policy(pack(name), WORDS, PUBLIC, date(2026, 3, 2)) == []


def test_shanghai_1_5_15():
    found = pack("shanghai")
    case = {"demand_type": "complaint", "urgency": "routine", "flow": "first"}
    friday = "2026-11-20 16:40"
    assert due(found, "contact", "unit", friday, **case) == "2026-11-23 17:30"
    assert due(found, "finish", "unit", friday, **case) == "2026-11-27 17:30"
    assert (
        due(found, "finish", "unit", friday, **case | {"demand_type": "consultation"}) == "2026-11-23 17:30"
    )
    assert due(found, "finish", "unit", friday, **case | {"flow": "supervised"}) == "2026-11-25 17:30"
    assert due(found, "finish", "city", friday, **case | {"urgency": "urgent"}) == "2026-11-21 16:40"
    assert due(found, "sign", "unit", friday, **case | {"urgency": "elevated"}) == "2026-11-20 18:40"
    limits = found.select(**case).extension
    difficult = Span.parse("10 workday")
    assert difficult in limits.amounts
    assert limits.needs_city(difficult)
    assert not limits.needs_city(Span.parse("3 workday"))
    spec = found.select(**case).clock("finish", "unit")
    extended = derive(
        [
            ClockEvent("start", at("2026-11-02 10:00")),
            ClockEvent("extend", at("2026-11-03 10:00"), difficult),
        ],
        spec,
        PUBLIC,
    )
    assert local(extended.due_at) == "2026-11-23 17:30"  # the 15th working day
    assert found.select(demand_type="praise", urgency="routine").clock("contact", "unit") is None
    assert found.select(**case | {"flow": "redo"}).extension.times == 0


def test_beijing_2_24_7_15():
    found = pack("beijing")
    assert due(found, "finish", "city", "2026-11-20 16:40", urgency="urgent") == "2026-11-20 18:40"
    assert due(found, "finish", "city", "2026-11-20 16:40", urgency="elevated") == "2026-11-21 16:40"
    assert due(found, "finish", "city", "2026-11-20 16:40", urgency="routine") == "2026-11-27 23:59"
    assert (
        due(found, "dispatch", "city", "2026-11-20 16:40", urgency="routine", channel="web")
        == "2026-11-20 18:40"
    )
    spec = found.select(urgency="routine").clock("finish", "unit")
    complex_case = derive(
        [
            ClockEvent("start", at("2026-11-20 16:40")),
            ClockEvent("extend", at("2026-11-21 10:00"), Span.parse("8 day")),
        ],
        spec,
        PUBLIC,
    )
    assert local(complex_case.due_at) == "2026-12-05 23:59"


def test_shandong_cards_and_return():
    found = pack("shandong").select(demand_type="complaint", urgency="routine")
    spec = found.clock("finish", "unit")
    deadline = derive([ClockEvent("start", at("2026-11-13 10:00"))], spec, PUBLIC)
    assert local(deadline.due_at) == "2026-11-20 17:30"
    assert [(mark.level, local(mark.at)) for mark in deadline.marks][1:] == [
        ("yellow", "2026-11-19 17:30"),
        ("red", "2026-11-23 08:30"),
        ("escalated", "2026-11-27 17:30"),
    ]
    start = at("2026-11-13 10:00")
    assert return_fault(found.returns, started_at=start, now=at("2026-11-17 17:30"), calendar=PUBLIC) == ""
    assert (
        return_fault(found.returns, started_at=start, now=at("2026-11-17 17:31"), calendar=PUBLIC) == "window"
    )
    assert [str(amount) for amount in found.extension.amounts][-1] == "10 workday"


# ---- matching


def test_the_most_specific_rule_decides_each_clock_by_itself():
    found = document(
        [
            {
                "name": "noise",
                "when": {"categories": ["03.01"]},
                "clocks": [{"kind": "finish", "side": "unit", "span": "4 workday", "start": "signed"}],
            },
            {
                "name": "all",
                "clocks": [
                    *FINISH,
                    {"kind": "sign", "side": "unit", "span": "1 workday", "start": "dispatched"},
                ],
            },
            {
                "name": "site",
                "when": {"categories": ["03.01.07", "09"]},
                "clocks": [{"kind": "finish", "side": "unit", "span": "3 workday", "start": "signed"}],
            },
            {
                "name": "street",
                "when": {"unit_levels": "street"},
                "clocks": [{"kind": "finish", "side": "unit", "span": "2 workday", "start": "signed"}],
            },
            {"name": "web", "when": {"channels": ["web"]}, "returns": {"window": "2 hour"}},
        ]
    )

    def rule_of(**case: str) -> str:
        spec = found.select(**case).clock("finish", "unit")
        assert spec is not None
        return spec.rule

    assert rule_of() == "all"
    assert rule_of(category_code="03.01") == "noise"
    assert rule_of(category_code="03.01.02") == "noise"
    assert rule_of(category_code="03.01.07.1") == "site"
    assert rule_of(category_code="03.010") == "all"
    assert rule_of(unit_level="street") == "street"
    assert rule_of(unit_level="street", category_code="03.01.07") == "site"
    assert found.select(category_code="03.01.07").clock("sign", "unit").rule == "all"
    assert [spec.kind for spec in found.select(kind="sign").clocks] == ["sign"]
    assert str(found.select(channel="web").returns.window) == "2 hour"
    assert found.select(channel="app").returns == ReturnLimits()
    assert found.select().extension == ExtensionLimits()
    assert found.longest_workdays() == 5


# ---- limits


def test_extension_limits():
    limits = ExtensionLimits(1, (Span.parse("5 workday"),))
    late = at("2026-11-27 18:00")
    arguments = {
        "used": 0,
        "amount": Span.parse("5 workday"),
        "now": at("2026-11-27 17:30"),
        "due_at": at("2026-11-27 17:30"),
    }
    assert extension_fault(limits, **arguments) == ""
    assert extension_fault(ExtensionLimits(), **arguments) == "none_allowed"
    assert extension_fault(limits, **arguments | {"used": 1}) == "too_many"
    assert extension_fault(limits, **arguments | {"now": late}) == "expired"
    assert (
        extension_fault(ExtensionLimits(1, limits.amounts, before_expiry=False), **arguments | {"now": late})
        == ""
    )
    assert extension_fault(limits, **arguments | {"amount": Span.parse("6 workday")}) == "amount"
    assert not limits.needs_city(Span.parse("99 workday"))
    assert return_fault(ReturnLimits(), started_at=late, now=at("2026-12-30 10:00"), calendar=PUBLIC) == ""


# ---- reading


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"format": 2}, "format"),
        ({"name": " "}, "name"),
        ({"hours": "all day"}, "hours"),
        ({"cutoff": "25:00"}, "cutoff"),
        ({"colour": "red"}, "document.colour"),
        ({"marks": {"week": {}}}, "marks.week"),
        ({"marks": {"hour": {"yellow": {"left": "120%"}}}}, "marks.hour.yellow"),
        ({"marks": {"hour": {"yellow": {"left": "²5%"}}}}, "marks.hour.yellow"),
        ({"marks": {"hour": {"yellow": {"left": "5%", "after": "1 hour"}}}}, "marks.hour.yellow"),
        ({"marks": {"hour": {"yellow": {"after": "soon"}}}}, "marks.hour.yellow"),
        ({"rules": []}, "rules"),
        ({"rules": "none"}, "rules"),
        ({"rules": ["x"]}, "rules[0]"),
        ({"rules": [{"name": "a"}]}, "rules[0]"),
        ({"rules": [{"name": "a", "clocks": FINISH}, {"name": "a", "clocks": FINISH}]}, "rules[1].name"),
        ({"rules": [{"name": "a", "clocks": [FINISH[0], FINISH[0]]}]}, "rules[0].clocks[1]"),
        ({"rules": [{"name": "a", "clocks": [{**FINISH[0], "kind": "sleep"}]}]}, "rules[0].clocks[0].kind"),
        ({"rules": [{"name": "a", "clocks": [{**FINISH[0], "side": "moon"}]}]}, "rules[0].clocks[0].side"),
        ({"rules": [{"name": "a", "clocks": [{**FINISH[0], "span": "soon"}]}]}, "rules[0].clocks[0].span"),
        ({"rules": [{"name": "a", "clocks": [{**FINISH[0], "span": "0 day"}]}]}, "rules[0].clocks[0].span"),
        ({"rules": [{"name": "a", "clocks": [{**FINISH[0], "start": "birth"}]}]}, "rules[0].clocks[0].start"),
        ({"rules": [{"name": "a", "extension": {"times": 1}}]}, "rules[0].extension.amounts"),
        ({"rules": [{"name": "a", "extension": {"times": -1}}]}, "rules[0].extension.times"),
        ({"rules": [{"name": "a", "extension": {"times": True, "amounts": []}}]}, "rules[0].extension.times"),
        (
            {"rules": [{"name": "a", "extension": {"amounts": ["1 day", "1 workday"]}}]},
            "rules[0].extension.amounts",
        ),
        ({"rules": [{"name": "a", "returns": {"start": "born"}}]}, "rules[0].returns.start"),
    ],
)
def test_faults_name_their_path(change, path):
    with pytest.raises(PolicyInvalid) as invalid:
        PolicyDocument.parse(
            {"format": 1, "name": "x", "rules": [{"name": "all", "clocks": FINISH}], **change}
        )
    assert path in [fault.path for fault in invalid.value.faults]


def test_a_document_that_is_none():
    with pytest.raises(PolicyInvalid):
        PolicyDocument.parse(["x"])


def test_every_option_is_read():
    found = document(
        [
            {
                "name": "all",
                "clocks": [
                    {
                        **FINISH[0],
                        "cutoff": "none",
                        "hours": "00:00-24:00",
                        "marks": {"red": {"first_overdue_workday": True}, "yellow": {"before": "1 day"}},
                    },
                    {**FINISH[1], "day_end": "20:00"},
                ],
            }
        ],
        cutoff="15:00",
        day_end="18:00",
        note="a note",
    )
    unit, city = found.select().clock("finish", "unit"), found.select().clock("finish", "city")
    assert unit.cutoff is None
    assert (city.cutoff, city.day_end) == (900, 1200)
    assert [mark.level for mark in unit.marks] == ["yellow", "red"]
    assert found.note == "a note"


# ---- checks


def texts(found, vocabulary=WORDS, calendar=PUBLIC, day=date(2026, 3, 2), severity=Severity.STOP):
    with override("en"):
        return [
            finding.text
            for finding in check_policy(found, vocabulary, calendar, day)
            if finding.severity is severity
        ]


def test_a_case_without_a_clock_is_found():
    only = document([{"name": "some", "when": {"demand_types": ["complaint"]}, "clocks": FINISH}, REDO])
    assert any("No conclude clock (Handling unit)" in text for text in texts(only))


def test_a_redo_that_would_begin_in_the_past_is_found():
    assert any(
        "would begin at the first acceptance" in text
        for text in texts(document([{"name": "all", "clocks": FINISH}]))
    )


def test_rules_of_the_same_precision_are_found():
    twice = document(
        [
            {"name": "all", "clocks": FINISH},
            REDO,
            {"name": "also", "clocks": [{**FINISH[0], "span": "6 workday"}]},
        ]
    )
    assert any("“all” and “also”" in text for text in texts(twice))
    limits = document(
        [
            {"name": "all", "clocks": FINISH, "returns": {}},
            REDO,
            {"name": "also", "returns": {"window": "1 day"}},
        ]
    )
    assert any("“all” and “also”" in text for text in texts(limits))
    categories = {"name": "a", "when": {"categories": ["01"]}, "clocks": [{**FINISH[0], "span": "6 workday"}]}
    apart = document(
        [
            {"name": "all", "clocks": FINISH},
            REDO,
            categories,
            {**categories, "name": "b", "when": {"categories": ["02"]}},
        ]
    )
    assert texts(apart) == []
    types = {"name": "a", "when": {"demand_types": ["help"]}, "clocks": [{**FINISH[0], "span": "6 workday"}]}
    disjoint = document(
        [
            {"name": "all", "clocks": FINISH},
            REDO,
            types,
            {**types, "name": "b", "when": {"demand_types": ["complaint"]}},
        ]
    )
    assert texts(disjoint) == []


def test_words_that_do_not_exist_are_found():
    odd = document(
        [
            {"name": "all", "clocks": FINISH},
            REDO,
            {"name": "x", "when": {"urgencies": ["asap"]}, "clocks": FINISH},
        ]
    )
    assert any("names asap" in text for text in texts(odd))


def test_slower_when_more_urgent_and_mixed_units_warn():
    odd = document(
        [
            {"name": "all", "clocks": FINISH, "extension": {"times": 1, "amounts": ["24 hour"]}},
            REDO,
            {
                "name": "quick",
                "when": {"urgencies": ["urgent"], "flows": ["first"]},
                "clocks": [{**FINISH[0], "span": "9 workday"}],
            },
        ]
    )
    warnings = texts(odd, severity=Severity.WARN)
    assert any("get more time" in text for text in warnings)
    assert any("extends in another unit" in text for text in warnings)


def test_a_calendar_that_does_not_reach_stops_a_policy():
    found = pack("shanghai")
    assert any("2027" in text for text in texts(found, day=date(2026, 12, 20)))
    assert any("2026" in text for text in texts(found, calendar=None))
    assert texts(pack("beijing"), day=date(2026, 12, 20)) == []


def test_check_of_a_calendar():
    with override("en"):
        good = check_calendar(PUBLIC)
        assert [finding for finding in good if finding.severity is Severity.STOP] == []
        assert "no year" in check_calendar(WorkCalendar([]))[0].text
        bad = WorkCalendar(
            [2026, 2028], {date(2026, 1, 1): "", date(2027, 5, 1): ""}, {date(2026, 11, 25): ""}
        )
        found = " ".join(finding.text for finding in check_calendar(bad))
    for words in ("2027 is missing", "no weekend", "does not cover", "statutory holiday", "lists only"):
        assert words in found
    many = WorkCalendar(
        [2026],
        PUBLIC.holidays,
        [date(2026, 3, day) for day in (1, 7, 8, 14, 15, 21, 22, 28, 29)]
        + [date(2026, 4, 11), date(2026, 4, 12), date(2026, 4, 18), date(2026, 4, 19)],
    )
    with override("en"):
        assert any("more than any year" in finding.text for finding in check_calendar(many))


# ---- as people read it


def test_outline_and_editing():
    found = pack("shanghai")
    with override("en"):
        rules_ = outline(found, WORDS)
    assert rules_[0].lines[0].span == "4 hours"
    assert rules_[0].amounts.startswith("3 working days")
    assert rules_[0].above == "5 working days"
    assert rules_[2].lines[0].spec is None
    assert rules_[1].conditions[0][1]
    changed = PolicyDocument.parse(
        with_spans(found.raw, {"0-0": "2 hour", "9-9": "1 day"}, "08:00-16:00", "15:00")
    )
    assert str(changed.select().clock("dispatch", "city").span) == "2 hour"
    assert changed.select().clock("finish", "unit").cutoff == 900
    assert str(changed.hours) == "08:00-16:00"
    assert (
        PolicyDocument.parse(with_spans(changed.raw, {}, "", "")).select().clock("finish", "unit").cutoff
        is None
    )
    assert str(found.select().clock("dispatch", "city").span) == "4 hour"
