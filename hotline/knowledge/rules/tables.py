"""Entries as rows of a table: the columns of import and export, and cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext as _

from hotline.kit.tables import FORMULA_STARTS, plain_cell
from hotline.knowledge.models import Material, Readers

MOST_ROWS: Final = 1000
"""A batch (Xinyang, A)."""
COLUMNS: Final[Mapping[str, str]] = {
    "title": "标题",
    "category_code": "类别编码",
    "material": "材料类型",
    "content": "内容",
    "unit_code": "发布单位编码",
    "responsible": "责任人账号",
    "region": "适用区划代码",
    "readers": "公开级别",
    "valid_from": "生效日期",
    "valid_to": "失效日期",
    "keywords": "关键词",
    "questions": "问法",
    "legal_basis": "依据",
    "document_number": "文号",
}
"""Column → heading in a file. Either may stand in the first line; lists are divided by semicolons or line breaks."""
NEEDED: Final = ("title", "category_code", "content", "unit_code")
_FORMULA: Final = re.compile(r"\s*(?:[=@＝＠]|[+\-＋－][^\n]*(?:\||\w\())")
_SPLIT: Final = re.compile(r"[;；\n]+")
_ENCODINGS: Final = ("utf-8-sig", "gb18030")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a row; row 0 is the file, the heading is row 1."""

    row: int
    field: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"row": self.row, "field": self.field, "message": self.message}


def unsafe(cell: str) -> str:
    """The inverse of `plain_cell`, for files that this platform wrote."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" ").startswith(FORMULA_STARTS) else cell


def split(cell: str) -> list[str]:
    """A list inside a cell."""
    return [part.strip() for part in _SPLIT.split(cell) if part.strip()]


def read_csv(data: bytes) -> tuple[list[dict[str, str]], list[Fault]]:
    """Rows by column, and what is wrong with the file as such. UTF-8 or GB 18030."""
    text = next((found for name in _ENCODINGS if (found := _decoded(data, name)) is not None), None)
    if text is None or "\0" in text:
        return [], [Fault(0, "", _("The file is neither UTF-8 nor GB 18030 text."))]
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return [], [Fault(0, "", _("The file is not a CSV table: %(error)s.") % {"error": error})]
    if not table:
        return [], [Fault(0, "", _("The file is empty."))]
    names = {label: name for name, label in COLUMNS.items()}
    head = [names.get(cell.strip(), cell.strip()) for cell in table[0]]
    faults = [Fault(1, name, _("There is no such column.")) for name in head if name not in COLUMNS]
    faults += [Fault(1, COLUMNS[name], _("This column is missing.")) for name in NEEDED if name not in head]
    if len(table) - 1 > MOST_ROWS:
        faults.append(Fault(0, "", _("At most %(n)d rows at once; divide the file.") % {"n": MOST_ROWS}))
    if faults:
        return [], faults
    rows = []
    for number, cells in enumerate(table[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(head):
            faults.append(Fault(number, "", _("The row has not as many cells as the first line.")))
            continue
        row = dict(zip(head, cells, strict=True))
        faults += [Fault(number, COLUMNS[name], _("This cell looks like a formula.")) for name, cell in row.items() if _FORMULA.match(cell)]
        rows.append({name: unsafe(cell).strip() for name, cell in row.items()} | {"row": str(number)})
    return rows, faults


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def write_csv(rows: Iterable[Mapping[str, str]]) -> str:
    """A table with the Chinese headings; with a mark for spreadsheets that it is UTF-8."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS.values())
    writer.writerows([plain_cell(row.get(name, "")) for name in COLUMNS] for row in rows)
    return "\ufeff" + buffer.getvalue()


def chosen(cell: str, choices: type[Material] | type[Readers]) -> str:
    """The code that a cell means, by code or by label; the cell itself when it means none."""
    with translation.override("zh-hans"):
        labels = {str(label): value for value, label in choices.choices}
    return labels.get(cell, cell)


def day(cell: str) -> date | None:
    """2026-11-23, 2026/11/23, 20261123 or 2026年11月23日; None when empty. Raises ValueError."""
    digits = re.sub(r"[年月/.\-]", "-", cell.strip()).rstrip("日").strip("-")
    if not digits:
        return None
    if re.fullmatch(r"\d{8}", digits):
        return date.fromisoformat(digits)
    year, month, of_month = (int(part) for part in digits.split("-"))
    return date(year, month, of_month)


def missing(row: Mapping[str, str], names: Sequence[str] = NEEDED) -> list[str]:
    """Needed columns that are empty."""
    return [name for name in names if not row.get(name, "").strip()]
