"""The tree of units changes under open orders."""

from __future__ import annotations

import pytest

from hotline.accounts.actions import close_unit, move_unit
from hotline.kit.actor import system_actor
from hotline.kit.errors import NotPermitted, Refused
from hotline.workorders import queries
from hotline.workorders.actions import units
from tests.accounts.cast import Cast
from tests.workorders.factories import dispatched, make_city

pytestmark = pytest.mark.django_db


def test_a_unit_with_open_orders_stays_open(cast: Cast) -> None:
    make_city(cast)
    dispatched(cast, None, "b")
    with pytest.raises(Refused):
        close_unit(actor=cast.actor("admin"), unit_id=cast.b.pk)


def test_the_new_unit_above_sees_the_orders_of_a_moved_unit(cast: Cast) -> None:
    make_city(cast)
    assignment = dispatched(cast, None, "b")
    manager = cast.actor("manager")
    assert not queries.visible_to(manager).filter(pk=assignment.order_id).exists()
    move_unit(actor=cast.actor("admin"), unit_id=cast.b.pk, parent_id=cast.a.pk)
    keeper = system_actor("keeper")
    assert units.involve_after_move(actor=keeper, unit_id=cast.b.pk) == 1
    assert units.involve_after_move(actor=keeper, unit_id=cast.b.pk) == 0
    assert queries.visible_to(manager).filter(pk=assignment.order_id).exists()


def test_only_jobs_rebuild(cast: Cast) -> None:
    with pytest.raises(NotPermitted):
        units.involve_after_move(actor=cast.actor("admin"), unit_id=cast.b.pk)
