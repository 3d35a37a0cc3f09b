"""Rows read by a kept statement are the ORM's own, field by field; errors and counting too."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from hotline.accounts.models import Unit
from hotline.kit.statements import columns, fetch_models, fetch_one
from hotline.workorders.models import Assignment, Clock, WorkOrder
from tests.accounts.cast import Cast
from tests.workorders.factories import MONDAY, make_city, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(cast: Cast) -> Assignment:
    """A signed order."""
    make_city(cast)
    with time_machine.travel(MONDAY, tick=False):
        return signed(cast)


def fields(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize(
    "counted", [False, True], ids=["kept by the server", "written out while somebody counts"]
)
@pytest.mark.parametrize("model", [WorkOrder, Assignment, Clock, Unit])
def test_instances_are_those_of_the_orm(at: Assignment, model: type[Model], counted: bool) -> None:
    statement = f"SELECT {columns(model, 'm')} FROM {model._meta.db_table} m ORDER BY m.id"
    if counted:
        with CaptureQueriesContext(connection) as queries:
            found = fetch_models(statement, [], model)
        assert len(queries) == 1
    else:
        found = fetch_models(statement, [], model)
    known = list(model.objects.order_by("id"))  # type: ignore[attr-defined]
    assert known
    assert [fields(row) for (row,) in found] == [fields(row) for row in known]
    assert all(row._state.db == "default" and not row._state.adding for (row,) in found)


def test_two_models_of_a_row_stand_apart(at: Assignment) -> None:
    statement = (
        f"SELECT {columns(Assignment, 'a')}, {columns(Unit, 'u')} FROM workorders_assignment a"
        " JOIN accounts_unit u ON u.id = a.unit_id WHERE a.id = %s"
    )
    [(row, unit)] = fetch_models(statement, [at.pk], Assignment, Unit)
    assert fields(row) == fields(Assignment.objects.get(pk=at.pk))
    assert unit == row.unit
    assert fetch_models(statement, [0], Assignment, Unit) == []


def test_errors_are_those_of_the_orm() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        fetch_one("INSERT INTO workorders_clock (order_id) VALUES (%s)", [0])
    assert fetch_one("SELECT 1") == (1,)
