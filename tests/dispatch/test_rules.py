"""The catalogue's choice, its gaps, its checks; likeness of words."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.dispatch.rules import (
    ALIKE,
    CatalogueRow,
    Entry,
    category_chain,
    check_rows,
    choose,
    gaps,
    in_effect,
    is_ping_pong,
    likeness,
)

DAY = date(2026, 11, 22)
OLD = date(2024, 1, 1)


def entry(
    id: int, category: str, area: str = "", unit: int = 0, first: date = OLD, last: date | None = None
) -> Entry:
    return Entry(id, category, area, unit or id, first, last)


CITY, DISTRICT, STREET = (
    entry(1, "05.03"),
    entry(2, "05.03", "310106000000"),
    entry(3, "05.03", "310106013000"),
)
LEAF = entry(4, "05.03.02")


@pytest.mark.parametrize(
    ("given", "category", "division", "expected"),
    [
        ([CITY], "05.03.01", "310106013001", 1),
        ([CITY, DISTRICT], "05.03.01", "310106013001", 2),
        ([CITY, DISTRICT, STREET], "05.03", "310106013001", 3),
        ([CITY, DISTRICT, STREET], "05.03", "310115000000", 1),
        ([CITY, DISTRICT, LEAF], "05.03.02", "310106013001", 4),  # whose duty it is comes before where
        ([DISTRICT], "05.03", "", None),
        ([CITY], "05.04", "310106000000", None),
        ([CITY], "05", "310106000000", None),
        ([], "05.03", "310106000000", None),
        ([entry(5, "05.03", first=date(2026, 11, 23))], "05.03", "", None),
        ([entry(6, "05.03", last=date(2026, 11, 21))], "05.03", "", None),
        ([entry(7, "05.03", last=DAY)], "05.03", "", 7),
        ([entry(8, "05.03"), entry(9, "05.03", first=date(2025, 1, 1))], "05.03", "", 9),
    ],
)
def test_choose(given: list[Entry], category: str, division: str, expected: int | None) -> None:
    found = choose(given, category, division, DAY)
    assert (found.id if found else None) == expected


def test_chain_and_days() -> None:
    assert category_chain("05.03.02") == ("05.03.02", "05.03", "05")
    assert category_chain("") == ()
    assert in_effect(entry(1, "x", first=DAY, last=DAY), DAY)


def test_gaps_name_what_is_served_only_in_part() -> None:
    areas = ["310106000000", "310115000000"]
    found = gaps([("05.03.01", "漏气"), ("05.04.01", "宽带")], areas, [DISTRICT, entry(6, "05.04")], DAY)
    assert [(gap.code, gap.areas_with_unit, gap.areas) for gap in found] == [("05.03.01", 1, 2)]


def test_faults_of_a_list() -> None:
    def row(line: int, **more: object) -> CatalogueRow:
        given: dict[str, object] = {
            "line": line,
            "category_code": "01",
            "area_code": "",
            "lead_unit_code": "A",
            "assistant_codes": (),
            "legal_basis": "",
            "effective_from": "2026-01-01",
        }
        return CatalogueRow(**{**given, **more})  # type: ignore[arg-type]

    faults = check_rows(
        [
            row(2),
            row(3, category_code="99"),
            row(4, area_code="999"),
            row(5, lead_unit_code="Z", effective_from="2026-01-02"),
            row(6, lead_unit_code="C", effective_from="2026-01-03"),
            row(7, assistant_codes=("A",), effective_from="2026-01-04"),
            row(8, effective_from="soon"),
            row(9),
            row(10, category_code="02"),
            row(11, category_code="02", effective_from="2025-12-31"),
        ],
        categories={"01", "02"},
        divisions=set(),
        units={"A": True, "C": False},
        known={("02", ""): date(2026, 1, 1)},
    )
    assert [(fault.line, fault.code) for fault in faults] == [
        (3, "unknown_category"), (4, "unknown_area"), (5, "unknown_unit"), (6, "closed_unit"), (7, "lead_assists_itself"),
        (8, "bad_date"), (9, "twice_in_list"), (10, "already_known"),
        (11, "later_known"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("小区东侧工地夜间施工噪声扰民", "小区东边工地晚上施工噪声太大，睡不着", True),
        ("市民来电反映路灯不亮，希望尽快处理", "市民来电反映噪声扰民，希望尽快处理", False),
        ("", "路灯不亮", False),
    ],
)
def test_likeness(first: str, second: str, alike: bool) -> None:
    score = likeness(first, second)
    assert (score >= ALIKE) is alike
    assert score == likeness(second, first)
    assert 0 <= score <= 1


def test_ping_pong() -> None:
    assert [is_ping_pong(count) for count in (0, 1, 2, 3)] == [False, False, True, True]
