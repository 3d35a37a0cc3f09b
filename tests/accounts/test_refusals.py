"""Ids that are nobody's, doors that are not due, units that are closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hotline.accounts import actions
from hotline.accounts.actions import people
from hotline.kit.errors import Invalid, NotVisible, Refused
from tests.accounts.cast import Cast

pytestmark = pytest.mark.django_db
NEW = "Neues-Wort-2026"


@pytest.mark.parametrize(
    "act",
    [
        lambda cast, boss: actions.add_membership(actor=boss, person_id=cast.handler.pk, unit_id=0, role="handler"),
        lambda cast, boss: actions.reset_second_factor(actor=boss, person_id=0),
        lambda cast, boss: actions.reveal_identity(actor=boss, citizen_id=0, order_id=None, reason="回拨核实"),
        lambda cast, boss: people.change_password_at_sign_in(actor=boss, person_id=cast.handler.pk, new=NEW),
    ],
)
def test_what_is_not_there_or_not_theirs(cast: Cast, act: Callable[..., Any]) -> None:
    with pytest.raises(NotVisible):
        act(cast, cast.actor("admin"))


def test_a_password_that_is_not_due_is_changed_on_the_profile(cast: Cast) -> None:
    with pytest.raises(Refused):
        people.change_password_at_sign_in(actor=cast.actor("handler"), person_id=cast.handler.pk, new=NEW)


def test_a_code_of_another_unit_is_refused_and_nothing_changes(cast: Cast) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.change_unit(actor=cast.actor("admin"), unit_id=cast.a.pk, version=cast.a.version, code=cast.b.code)
    assert "code" in refusal.value.details
    cast.a.refresh_from_db()
    assert cast.a.code != cast.b.code


def test_nothing_goes_below_a_closed_unit_or_moves_to_where_it_is(cast: Cast) -> None:
    boss = cast.actor("admin")
    same = actions.move_unit(actor=boss, unit_id=cast.street.pk, parent_id=cast.street.parent_id)
    assert same.version == cast.street.version
    made = actions.create_unit(
        actor=boss, parent_id=cast.b.pk, code="N9", name="临时专班", short_name="专班", level="department"
    )
    below = actions.create_unit(
        actor=boss, parent_id=made.pk, code="N10", name="临时小组", short_name="小组", level="department"
    )
    for unit in (below, made):
        actions.close_unit(actor=boss, unit_id=unit.pk)
    with pytest.raises(Refused):
        actions.move_unit(actor=boss, unit_id=cast.street.pk, parent_id=made.pk)
    with pytest.raises(Refused):
        actions.reopen_unit(actor=boss, unit_id=below.pk)
