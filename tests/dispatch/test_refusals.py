"""What the catalogue and the judging of automatic dispatch refuse, field by field."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from hotline.dispatch import actions
from hotline.kit.clock import today
from hotline.kit.errors import Invalid, NotVisible, Refused
from tests.accounts.cast import Cast
from tests.dispatch.test_views import entry, waiting
from tests.workorders.factories import fresh

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"category_id": 0}, "category"),
        ({"area_code": "999999000000"}, "area_code"),
        ({"lead_unit_id": 0}, "lead_unit"),
    ],
)
def test_an_entry_names_what_exists(city: Cast, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        entry(city, **given)
    assert set(refusal.value.details) == {field}


def test_a_lead_unit_does_not_assist_itself(city: Cast) -> None:
    with pytest.raises(Invalid) as refusal:
        entry(city, assistant_ids=[city.b.pk, city.a.pk])
    assert set(refusal.value.details) == {"assistants"}


def test_an_entry_ends_once_and_not_before_it_began(city: Cast) -> None:
    boss = city.actor("dispatcher")
    made = entry(city)
    with pytest.raises(NotVisible):
        actions.retire_entry(actor=boss, entry_id=0, last_day=today(), reason="合并")
    with pytest.raises(Invalid) as refusal:
        actions.retire_entry(actor=boss, entry_id=made.pk, last_day=date(2024, 12, 30), reason="合并")
    assert set(refusal.value.details) == {"last_day"}
    actions.retire_entry(actor=boss, entry_id=made.pk, last_day=today() - timedelta(days=1), reason="合并")
    assert fresh(made).effective_to == today() - timedelta(days=1)
    with pytest.raises(Refused):
        actions.retire_entry(actor=boss, entry_id=made.pk, last_day=today(), reason="合并")


def test_only_what_went_out_by_itself_is_judged(city: Cast) -> None:
    order = waiting(city)
    with pytest.raises(NotVisible):
        actions.judge(actor=city.actor("dispatcher"), order_id=order.pk, right=True)
