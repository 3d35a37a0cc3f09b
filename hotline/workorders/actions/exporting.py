"""Orders leave the platform as files: permitted, audited, without confidential orders, marked with who and when."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO, Any

import xlsxwriter
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from hotline.accounts.permissions import scope_allows
from hotline.audit.actions import record
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import NotPermitted
from hotline.kit.tables import Cell, plain_cell
from hotline.kit.watermarks import watermark
from hotline.workorders.models import WorkOrder
from hotline.workorders.queries.filters import OrderFilters, stored
from hotline.workorders.queries.lists import export_rows

EXCEL_ROWS = 1_048_576


def _moment(value: datetime | None) -> str:
    return value.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M:%S") if value else ""


def _yes(value: bool | None) -> str:
    return "" if value is None else _("yes") if value else _("no")


Column = tuple[str | Promise, Callable[[WorkOrder], Any]]
COLUMNS: tuple[Column, ...] = (
    (gettext_lazy("Order number"), lambda o: o.number),
    (pgettext_lazy("order", "State"), lambda o: o.get_state_display()),
    (gettext_lazy("Type"), lambda o: o.get_demand_type_display()),
    (gettext_lazy("Urgency"), lambda o: o.get_urgency_display()),
    (gettext_lazy("Channel"), lambda o: o.get_channel_display()),
    (gettext_lazy("Category"), lambda o: o.category.path_name or o.category.name if o.category else ""),
    (gettext_lazy("Title"), lambda o: o.title),
    (gettext_lazy("Content"), lambda o: o.content),
    (gettext_lazy("District and street"), lambda o: o.division.path_name if o.division else ""),
    (gettext_lazy("Address"), lambda o: o.address),
    (gettext_lazy("Citizen"), lambda o: o.citizen.name_mask if o.citizen and not o.anonymous else ""),
    (gettext_lazy("Phone"), lambda o: o.citizen.phone_mask if o.citizen else ""),
    (gettext_lazy("Lead unit"), lambda o: o.lead_unit.name if o.lead_unit else ""),
    (gettext_lazy("Filed at"), lambda o: _moment(o.created_at)),
    (gettext_lazy("Dispatched"), lambda o: _moment(o.dispatched_at)),
    (gettext_lazy("Deadline"), lambda o: _moment(o.due_at)),
    (gettext_lazy("Replied"), lambda o: _moment(o.replied_at)),
    (pgettext_lazy("order", "Closed at"), lambda o: _moment(o.closed_at)),
    (gettext_lazy("Closing kind"), lambda o: o.get_closing_kind_display() if o.closing_kind else ""),
    (gettext_lazy("Outcome"), lambda o: o.get_outcome_display() if o.outcome else ""),
    (gettext_lazy("Solved"), lambda o: _yes(o.solved)),
    (gettext_lazy("Satisfaction (1–5)"), lambda o: o.satisfaction),
    (gettext_lazy("Returns"), lambda o: o.return_count),
    (gettext_lazy("Extensions"), lambda o: o.extension_count),
    (gettext_lazy("Redos"), lambda o: o.redo_count),
    (gettext_lazy("Urgings"), lambda o: o.urge_count),
    (gettext_lazy("Supervised"), lambda o: _yes(o.supervised)),
    (gettext_lazy("Not appraised"), lambda o: _yes(o.excluded)),
)
_SUMMED = (22, 23, 24, 25)
"""Columns with a control total at the end."""


def _begin(actor: Actor, filters: OrderFilters, at: datetime, kind: str) -> None:
    """Permission and audit row, committed before the first row leaves."""
    if not actor.has("workorders:export"):
        raise NotPermitted("workorders:export", scope_allows(actor, "workorders:export").reason)
    with transaction.atomic():
        record(
            actor=actor,
            verb="workorders.export",
            object_type="work_orders",
            object_id=kind,
            data={"filters": dict(stored(filters)), "at": at.isoformat()},
        )


def _finish(actor: Actor, kind: str, rows: int, at: datetime) -> None:
    record(
        actor=actor,
        verb="workorders.exported",
        object_type="work_orders",
        object_id=kind,
        data={"rows": rows, "at": at.isoformat()},
    )


def _totals(rows: int, sums: list[int]) -> list[Cell]:
    line: list[Cell] = [
        _("Control total"),
        _("%(rows)d orders") % {"rows": rows},
        *([""] * (len(COLUMNS) - 2)),
    ]
    for place, value in zip(_SUMMED, sums, strict=True):
        line[place] = value
    return line


def _lines(actor: Actor, filters: OrderFilters, at: datetime) -> Iterator[list[Cell]]:
    for order in export_rows(actor, filters, now=at):
        yield [plain_cell(read(order)) for _label, read in COLUMNS]


def export_csv(*, actor: Actor, filters: OrderFilters, at: datetime) -> Iterator[bytes]:
    """CSV in pieces, UTF-8 with BOM for spreadsheets. Raises NotPermitted before the first piece."""
    _begin(actor, filters, at, "csv")
    return _csv_pieces(actor, filters, at)


def _csv_pieces(actor: Actor, filters: OrderFilters, at: datetime) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)

    def taken() -> bytes:
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text.encode()

    writer.writerow([watermark(actor, at)])
    writer.writerow([str(label) for label, _read in COLUMNS])
    yield b"\xef\xbb\xbf" + taken()
    rows, sums = 0, [0] * len(_SUMMED)
    # A server-side cursor lives in a transaction.
    with transaction.atomic():
        for line in _lines(actor, filters, at):
            writer.writerow(line)
            rows += 1
            sums = [total + int(line[place] or 0) for total, place in zip(sums, _SUMMED, strict=True)]
            if rows % 500 == 0:
                yield taken()
    writer.writerow(_totals(rows, sums))
    writer.writerow([watermark(actor, at)])
    _finish(actor, "csv", rows, at)
    yield taken()


def export_xlsx(*, actor: Actor, filters: OrderFilters, at: datetime) -> IO[bytes]:
    """An Excel file, written row by row to disk; positioned at its beginning, removed when closed."""
    _begin(actor, filters, at, "xlsx")
    target = tempfile.NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115 (closed by the response)
    try:
        book = xlsxwriter.Workbook(
            target.name,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        sheet = book.add_worksheet(_("orders"))
        bold = book.add_format({"bold": True, "bg_color": "#EEF2F4", "border": 1})
        faint = book.add_format({"italic": True, "font_color": "#66737F"})
        sheet.freeze_panes(2, 1)
        mark = watermark(actor, at)
        sheet.set_header(f"&C{mark.replace('&', '&&')}")
        sheet.set_footer("&C&P / &N")
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, len(COLUMNS) - 1, 16)
        sheet.write_string(0, 0, mark, faint)
        for place, (label, _read) in enumerate(COLUMNS):
            sheet.write_string(1, place, str(label), bold)
        rows, sums = 0, [0] * len(_SUMMED)
        with transaction.atomic():
            for line in _lines(actor, filters, at):
                if rows >= EXCEL_ROWS - 5:
                    sheet.write_string(
                        rows + 2, 0, _("Cut here: Excel holds no more rows. Export as CSV."), bold
                    )
                    break
                _write(sheet, rows + 2, line)
                rows += 1
                sums = [total + int(line[place] or 0) for total, place in zip(sums, _SUMMED, strict=True)]
        _write(sheet, rows + 3, _totals(rows, sums), bold)
        sheet.write_string(rows + 4, 0, mark, faint)
        book.close()
        _finish(actor, "xlsx", rows, at)
        target.seek(0)
        return target
    except BaseException:
        target.close()
        raise


def _write(sheet: Any, row: int, line: list[Cell], style: Any = None) -> None:
    for place, value in enumerate(line):
        if isinstance(value, (int, float)):
            sheet.write_number(row, place, value, style)
        elif value not in (None, ""):
            sheet.write_string(row, place, str(value)[:32000], style)
