"""Division codes: twelve digits, two for the province, two city, two district, three street, three community.

Source: 国家统计局《统计用区划代码和城乡划分代码编制规则》.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

CODE_LENGTH = 12
# Significant digits of each level, province first; the index + 1 is `DivisionLevel`.
LEVEL_DIGITS = (2, 4, 6, 9, 12)
# Provinces without a prefecture have a middle row of these names, which no address is written with.
UNSPOKEN_NAMES = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})


@dataclass(frozen=True, slots=True)
class DivisionRow:
    """One division as read: `parent` empty means "by the code"; `line` is the line in its file, 0 when unknown."""

    code: str
    name: str
    level: int
    parent: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row cannot be taken: line (0 unknown), field, code of the fault, and the value."""

    line: int
    field: str
    code: str
    value: str


def is_code(text: str) -> bool:
    """Whether a text from outside has the form of a division's code, all twelve digits."""
    return len(text) == CODE_LENGTH and text.isascii() and text.isdigit()


def pad_code(code: str) -> str:
    """`310106` → `310106000000`. Raises ValueError when it is not 2 to 12 digits."""
    if not (code.isascii() and code.isdigit() and 2 <= len(code) <= CODE_LENGTH):
        raise ValueError(code)
    return code.ljust(CODE_LENGTH, "0")


def level_of(code: str) -> int:
    """Level (1 province … 5 community) of a padded code: the shortest level whose rest is zeros."""
    significant_digits = len(code.rstrip("0"))
    return 1 + sum(digits < significant_digits for digits in LEVEL_DIGITS)


def significant(code: str) -> str:
    """The digits that lie in every code below: `310106000000` → `310106`; for "is it inside?" by prefix."""
    return code[: LEVEL_DIGITS[level_of(pad_code(code)) - 1]] if code else ""


def covers(area: str, code: str) -> bool:
    """True when division `code` is `area` or lies below it; the empty area covers everything, an empty code nothing else."""
    return not area or (bool(code) and code.startswith(significant(area)))


def ancestors(code: str) -> tuple[str, ...]:
    """Padded codes above, nearest first."""
    level = level_of(code)
    return tuple(code[: LEVEL_DIGITS[up]].ljust(CODE_LENGTH, "0") for up in range(level - 2, -1, -1))


def spoken_path(names: Iterable[str]) -> str:
    """Names from the province down, joined by spaces, without the rows that nobody says."""
    return " ".join(name for name in names if name not in UNSPOKEN_NAMES)


def parent_of(row: DivisionRow, known: Collection[str]) -> str:
    """The parent's code: the one given, else the nearest ancestor that exists; empty at the top."""
    if row.parent:
        return row.parent
    return next((code for code in ancestors(row.code) if code in known), "")


def check_rows(rows: Iterable[DivisionRow], known: Collection[str]) -> list[RowFault]:
    """Faults of a list that is about to be imported on top of the `known` codes: doubles, empty names, bad parents."""
    listed = list(rows)
    levels = {row.code: row.level for row in listed}
    faults: list[RowFault] = []
    seen: set[str] = set()
    for row in listed:
        if row.code in seen:
            faults.append(RowFault(row.line, "code", "duplicate", row.code))
        seen.add(row.code)
        if not row.name:
            faults.append(RowFault(row.line, "name", "empty", row.code))
        if not 1 <= row.level <= len(LEVEL_DIGITS):
            faults.append(RowFault(row.line, "level", "unknown_level", str(row.level)))
        if row.parent:
            if row.parent not in levels and row.parent not in known:
                faults.append(RowFault(row.line, "parent", "unknown_parent", row.parent))
            elif levels.get(row.parent, 0) >= row.level or row.parent == row.code:
                faults.append(RowFault(row.line, "parent", "parent_not_above", row.parent))
        elif row.level > 1 and not any(code in levels or code in known for code in ancestors(row.code)):
            faults.append(RowFault(row.line, "parent", "no_parent", row.code))
    return faults
