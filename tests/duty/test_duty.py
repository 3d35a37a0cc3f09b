"""Turns and hand-overs, and the pages that show them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from hotline.duty import actions, queries
from hotline.duty.models import HandOver, Turn
from hotline.duty.rules import check_turn, counts
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders import actions as workorders
from tests.accounts.cast import Cast
from tests.accounts.factories import make_person
from tests.workorders.factories import dispatched, make_city, signed


def test_a_turn_has_an_end_and_a_length() -> None:
    at = now()
    assert check_turn(at, at + timedelta(hours=8), at) == {}
    assert set(check_turn(at, at, at)) == {"ends_at"}
    assert set(check_turn(at, at + timedelta(hours=25), at)) == {"ends_at"}
    assert set(check_turn(at + timedelta(days=80), at + timedelta(days=80, hours=8), at)) == {"begins_at"}
    assert not counts(None, None, at)
    assert counts(at - timedelta(hours=3), None, at)
    assert not counts(at - timedelta(hours=25), None, at)


def test_a_turn_from_planning_to_the_one_who_comes(cast: Cast) -> None:
    make_city(cast)
    mate = make_person("夜班", ("handler", cast.a), username="night")
    at = now()
    turn = actions.plan_turn(actor=cast.actor("manager"), unit_id=cast.a.pk, person_id=cast.handler.pk, begins_at=at, ends_at=at + timedelta(hours=8))
    assert queries.turns_ahead(cast.a.pk) == [turn]
    begun = actions.begin_turn(actor=cast.actor("handler"), unit_id=cast.a.pk)
    assert begun.pk == turn.pk
    assert actions.begin_turn(actor=cast.actor("handler"), unit_id=cast.a.pk).pk == turn.pk, "pressed twice"
    assert [one.person_id for one in queries.on_duty([cast.a.pk])[cast.a.pk]] == [cast.handler.pk]
    open_one = signed(cast)
    workorders.record_contact(actor=cast.actor("handler"), assignment_id=open_one.pk, reached=True, person="x", text="答应周三前修好")
    cast.dispatcher.memberships.update(handles_secret=True)
    secret = dispatched(cast, secret=True)
    made = actions.hand_over(actor=cast.actor("handler"), words="钥匙在值班室")
    assert {line["number"] for line in made.log["open"]} == {open_one.order.number, secret.order.number}
    assert {line["title"] for line in made.log["open"] if line["number"] == secret.order.number} == {""}
    assert [line["words"] for line in made.log["promised"]] == ["答应周三前修好"]
    assert made.log["done"] == []
    assert queries.on_duty([cast.a.pk]) == {}
    with pytest.raises(Refused):
        actions.hand_over(actor=cast.actor("handler"))
    with pytest.raises(Refused):
        actions.take_over(actor=cast.actor("handler"), hand_over_id=made.pk)
    with pytest.raises(NotVisible):
        actions.take_over(actor=cast.actor("other_handler"), hand_over_id=made.pk)
    from hotline.accounts.queries import actor_for

    taken = actions.take_over(actor=actor_for(mate), hand_over_id=made.pk)
    assert taken.taken_by_id == mate.pk
    assert queries.latest_of([cast.a.pk])[cast.a.pk].pk == made.pk


def test_who_may_not(cast: Cast) -> None:
    at = now()
    with pytest.raises(NotPermitted):
        actions.begin_turn(actor=cast.actor("handler"), unit_id=cast.b.pk)
    with pytest.raises(NotPermitted):
        actions.plan_turn(actor=cast.actor("handler"), unit_id=cast.a.pk, person_id=cast.handler.pk, begins_at=at, ends_at=at + timedelta(hours=1))
    with pytest.raises(Invalid) as error:
        actions.plan_turn(actor=cast.actor("manager"), unit_id=cast.a.pk, person_id=cast.other_handler.pk, begins_at=at, ends_at=at - timedelta(hours=1))
    assert set(error.value.details) == {"person", "ends_at"}
    with pytest.raises(NotVisible):
        actions.begin_turn(actor=cast.actor("handler"), unit_id=10**9)


def test_planned_turns_are_taken_back_and_begun_ones_are_not(cast: Cast) -> None:
    at = now()
    turn = actions.plan_turn(actor=cast.actor("manager"), unit_id=cast.a.pk, person_id=cast.handler.pk, begins_at=at, ends_at=at + timedelta(hours=1))
    with pytest.raises(NotPermitted):
        actions.drop_turn(actor=cast.actor("handler"), turn_id=turn.pk)
    with pytest.raises(NotVisible):
        actions.drop_turn(actor=cast.actor("other_manager"), turn_id=turn.pk)
    actions.begin_turn(actor=cast.actor("handler"), unit_id=cast.a.pk)
    with pytest.raises(Refused):
        actions.drop_turn(actor=cast.actor("manager"), turn_id=turn.pk)
    Turn.objects.update(began_at=None)
    actions.drop_turn(actor=cast.actor("manager"), turn_id=turn.pk)
    assert not Turn.objects.exists()


def test_a_forgotten_turn_counts_no_more(cast: Cast) -> None:
    actions.begin_turn(actor=cast.actor("handler"), unit_id=cast.a.pk)
    with time_machine.travel(now() + timedelta(hours=30), tick=False):
        assert queries.on_duty([cast.a.pk]) == {}
        again = actions.begin_turn(actor=cast.actor("handler"), unit_id=cast.a.pk)
        assert Turn.objects.exclude(pk=again.pk).get().ended_at is not None
        make_person("x", ("handler", cast.b), username="two")
        with pytest.raises(NotPermitted):
            actions.begin_turn(actor=cast.actor("handler"), unit_id=cast.b.pk)


def test_the_pages_of_station_and_street(cast: Cast, settings: Any) -> None:
    make_city(cast)
    signed(cast)
    client = cast.client("handler")
    page = client.get("/frontline/station/")
    assert page.status_code == 200
    for what in ({"do": "begin"}, {"do": "hand_over", "words": "平安"}):
        assert client.post("/frontline/station/", {"unit": cast.a.pk, **what}).status_code == 302
    made = HandOver.objects.get()
    assert made.words == "平安"
    manager = cast.client("manager")
    assert manager.post("/frontline/station/", {"unit": cast.a.pk, "do": "take_over", "hand_over": made.pk}).status_code == 302
    bad = manager.post("/frontline/station/", {"unit": cast.a.pk, "do": "plan"})
    assert bad.status_code == 422
    assert client.post("/frontline/station/", {"unit": cast.a.pk, "do": "nothing"}).status_code == 422
    street = manager.get("/frontline/street/").content.decode()
    assert cast.street.name in street
    assert cast.client("other_handler").get(f"/frontline/station/?unit={cast.a.pk}").status_code == 404
    assert cast.client("auditor").get("/frontline/street/").status_code == 403
