"""Exports: permitted, audited, marked, harmless in a spreadsheet, without confidential orders."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest
from django.urls import reverse

from hotline.audit.models import AuditEntry
from hotline.kit import clock
from hotline.kit.errors import NotPermitted
from hotline.kit.tables import plain_cell
from hotline.workorders.actions import exporting
from hotline.workorders.actions.exporting import COLUMNS, export_csv, export_xlsx
from hotline.workorders.models import WorkOrder
from hotline.workorders.queries.filters import OrderFilters
from tests.accounts.cast import Cast
from tests.workorders.factories import dispatched, make_order


def rows_of(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def exported(cast: Cast, who: str = "dispatcher", **filters: Any) -> list[list[str]]:
    pieces = export_csv(actor=cast.actor(who), filters=OrderFilters(**filters), at=clock.now())
    return rows_of(b"".join(pieces))


def test_csv_has_marks_rows_and_control_totals(city: Cast) -> None:
    first, second = make_order(city, citizen_id=city.citizen.pk), make_order(city)
    WorkOrder.objects.filter(pk=second.pk).update(return_count=2, urge_count=3)
    rows = exported(city)
    assert city.dispatcher.name in rows[0][0]
    assert rows[0] == rows[-1]
    assert len(rows[1]) == len(COLUMNS)
    assert [row[0] for row in rows[2:-2]] == [first.number, second.number]
    totals = rows[-2]
    assert "2" in totals[1]
    assert [totals[22], totals[23], totals[24], totals[25]] == ["2", "0", "0", "3"]
    text = "\n".join(",".join(row) for row in rows)
    assert "138****1234" in text
    assert "13800001234" not in text
    begun, ended = AuditEntry.objects.filter(verb__startswith="workorders.export").order_by("id")
    assert (begun.verb, ended.data["rows"]) == ("workorders.export", 2)


def test_excel_equals_csv(city: Cast) -> None:
    make_order(city, title="=HYPERLINK(1)")
    make_order(city)
    with export_xlsx(actor=city.actor("dispatcher"), filters=OrderFilters(), at=clock.now()) as stream:
        sheet = openpyxl.load_workbook(stream, read_only=False).active
        cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    rows = exported(city)
    assert [row[0] for row in cells[2:4]] == [row[0] for row in rows[2:4]]
    assert [row[6] for row in cells[2:4]] == [row[6] for row in rows[2:4]]
    assert city.dispatcher.name in str(cells[0][0])


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1+1", "\n=cmd"])
def test_formulas_become_text(text: str) -> None:
    assert str(plain_cell(text)).startswith("'")


@pytest.mark.parametrize(
    ("given", "cell"),
    [(3, 3), (1.5, 1.5), (None, None), ("普通文字", "普通文字"), ("a=b", "a=b"), (True, "True")],
)
def test_other_cells_stay(given: Any, cell: Any) -> None:
    assert plain_cell(given) == cell


def test_confidential_orders_never_leave(city: Cast) -> None:
    order = make_order(city)
    WorkOrder.objects.filter(pk=order.pk).update(secret=True)
    city.person("dispatcher").memberships.update(handles_secret=True)
    rows = exported(city)
    assert [row[0] for row in rows[2:-2]] == []


def test_export_reaches_as_far_as_the_unit(city: Cast) -> None:
    mine = dispatched(city).order
    dispatched(city, unit="b")
    assert [row[0] for row in exported(city, "manager")[2:-2]] == [mine.number]


def test_who_may_not_gets_nothing_and_leaves_nothing(city: Cast) -> None:
    make_order(city)
    for who in ("agent", "handler", "leader", "admin"):
        with pytest.raises(NotPermitted):
            export_csv(actor=city.actor(who), filters=OrderFilters(), at=clock.now())
        assert city.client(who).post(reverse("workorders:export", args=["csv"])).status_code == 403
    assert not AuditEntry.objects.filter(verb__startswith="workorders.export").exists()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_over_http_with_the_filters_of_the_list(city: Cast, kind: str) -> None:
    wanted = make_order(city, urgency="urgent")
    make_order(city)
    response = city.client("dispatcher").post(
        reverse("workorders:export", args=[kind]), {"query": "urgency=urgent"}
    )
    assert response.status_code == 200
    content = b"".join(response.streaming_content)  # type: ignore[arg-type]
    assert response["Content-Disposition"].startswith("attachment")
    if kind == "csv":
        assert [row[0] for row in rows_of(content)[2:-2]] == [wanted.number]
    else:
        assert content.startswith(b"PK")


def test_a_sheet_that_is_full_says_so(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "EXCEL_ROWS", 6)
    make_order(city)
    make_order(city)
    with export_xlsx(actor=city.actor("dispatcher"), filters=OrderFilters(), at=clock.now()) as stream:
        cells = [[cell.value for cell in row] for row in openpyxl.load_workbook(stream).active.iter_rows()]
    assert sum(str(row[0]).startswith("JD") for row in cells) == 1
    assert "CSV" in str(cells[3][0])


def test_an_export_that_breaks_off_leaves_no_file_open(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[Any] = []
    make = exporting.tempfile.NamedTemporaryFile

    def kept(*args: Any, **more: Any) -> Any:
        files.append(make(*args, **more))
        return files[-1]

    def broken(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(exporting.tempfile, "NamedTemporaryFile", kept)
    monkeypatch.setattr(exporting, "_finish", broken)
    with pytest.raises(OSError, match="full"):
        export_xlsx(actor=city.actor("dispatcher"), filters=OrderFilters(), at=clock.now())
    assert files[0].closed
