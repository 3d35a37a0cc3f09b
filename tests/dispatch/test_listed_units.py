"""What the catalogue says of a list's demands is kept for seconds; who opens an order hears the truth at once."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hotline.dispatch import actions
from hotline.dispatch.queries import Tab, catalogue, order_rows, row_of
from hotline.kit.clock import today
from hotline.workorders.models import Category
from tests.accounts.cast import Cast
from tests.workorders.factories import make_order

pytestmark = pytest.mark.django_db
NOISE = ("02.01.01", "310106010000")


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock to be moved by hand, in a process that keeps what it has read."""
    # Here alone: what other packages keep holds rows of tests that are over.
    monkeypatch.setattr(catalogue, "settings", SimpleNamespace(TESTING=False))
    at = [1000.0]
    monkeypatch.setattr(catalogue, "time", SimpleNamespace(monotonic=lambda: at[0]))
    monkeypatch.setattr(catalogue, "_kept", {})
    return at


def entry(cast: Cast, **more: Any) -> None:
    given = {"area_code": "", "lead_unit_id": cast.a.pk, "legal_basis": "", "effective_from": date(2025, 1, 1)}
    category = Category.objects.get(code="02.01").pk
    actions.add_entry(actor=cast.actor("dispatcher"), category_id=category, **{**given, **more})


def test_a_list_asks_again_after_seconds(city: Cast, minute: list[float]) -> None:
    def found(demands: list[tuple[str, str]], day: date) -> tuple[dict[tuple[str, str], int], int]:
        with CaptureQueriesContext(connection) as seen:
            units = catalogue.listed_units(demands, day)
        return {demand: unit.unit_id for demand, unit in units.items()}, len(seen)

    entry(city)
    assert found([NOISE, ("03", "")], today()) == ({NOISE: city.a.pk}, 1)
    assert found([NOISE, ("03", "")], today()) == ({NOISE: city.a.pk}, 0)
    assert found([NOISE, ("02.01.02", "")], today()) == ({NOISE: city.a.pk, ("02.01.02", ""): city.a.pk}, 1)
    entry(city, area_code="310106000000", lead_unit_id=city.b.pk)
    assert found([NOISE], today())[0] == {NOISE: city.a.pk}
    minute[0] += catalogue.SECONDS + 1
    assert found([NOISE], today()) == ({NOISE: city.b.pk}, 1)
    assert found([NOISE], today() + timedelta(days=1)) == ({NOISE: city.b.pk}, 1)


def test_an_order_that_is_opened_shows_the_catalogue_as_it_is(city: Cast, minute: list[float]) -> None:
    order = make_order(city, category_id=Category.objects.get(code=NOISE[0]).pk, division_id=NOISE[1])
    actor = city.actor("dispatcher")
    [listed] = order_rows(actor, Tab.POOL, day=today())
    assert listed.suggested is None
    entry(city)
    [listed] = order_rows(actor, Tab.POOL, day=today())
    opened = row_of(order, today()).suggested
    assert listed.suggested is None
    assert opened is not None
    assert opened.unit_id == city.a.pk
