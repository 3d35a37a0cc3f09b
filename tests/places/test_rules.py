import pytest

from hotline.places import rules
from hotline.places.rules import DivisionRow


@pytest.mark.parametrize(
    ("code", "padded"), [("31", "310000000000"), ("310106", "310106000000"), ("310106013001", "310106013001")]
)
def test_codes_are_padded(code: str, padded: str) -> None:
    assert rules.pad_code(code) == padded


@pytest.mark.parametrize("code", ["", "3", "31a", "3101060130011", "３１"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        rules.pad_code(code)


def test_a_code_from_outside_is_twelve_digits() -> None:
    assert rules.is_code("310106013001")
    assert not any(map(rules.is_code, ["", "310106", "3101060130011", "31010601300a", "31010601300²"]))


@pytest.mark.parametrize(
    ("code", "level"),
    [("310000000000", 1), ("310100000000", 2), ("310106000000", 3), ("310106013000", 4), ("310106013001", 5)],
)
def test_level_follows_from_the_code(code: str, level: int) -> None:
    assert rules.level_of(code) == level


def test_ancestors_nearest_first() -> None:
    assert rules.ancestors("310106013001") == ("310106013000", "310106000000", "310100000000", "310000000000")
    assert rules.ancestors("310000000000") == ()


@pytest.mark.parametrize(
    ("area", "code", "inside"),
    [
        ("310106000000", "310106013001", True),
        ("310106000000", "310106000000", True),
        ("310106000000", "310107005001", False),
        ("310000000000", "310107005001", True),
        ("", "310107005001", True),
        ("310106000000", "", False),
        # A street whose number ends in zero must not swallow its neighbours.
        ("310106010000", "310106013001", False),
    ],
)
def test_lying_inside(area: str, code: str, inside: bool) -> None:
    assert rules.covers(area, code) is inside


def test_nobody_says_the_middle_row() -> None:
    assert rules.spoken_path(["某市", "市辖区", "某区"]) == "某市 某区"


def row(code: str, name: str = "名", level: int = 0, parent: str = "", line: int = 2) -> DivisionRow:
    padded = rules.pad_code(code)
    return DivisionRow(padded, name, level or rules.level_of(padded), parent, line)


def test_a_list_that_hangs_together_has_no_faults() -> None:
    assert rules.check_rows([row("31"), row("3101"), row("310106")], set()) == []
    assert rules.check_rows([row("310106013")], {"310106000000"}) == []


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row("31"), row("31")], "duplicate"),
        ([row("31", name="")], "empty"),
        ([row("31", level=7)], "unknown_level"),
        ([row("31"), row("3101", parent="990000000000")], "unknown_parent"),
        ([row("31"), row("3101", parent="310100000000")], "parent_not_above"),
        ([row("310106013001")], "no_parent"),
    ],
)
def test_faults_name_the_line(rows: list[DivisionRow], code: str) -> None:
    faults = rules.check_rows(rows, set())
    assert code in {fault.code for fault in faults}
    assert all(fault.line == 2 for fault in faults)
