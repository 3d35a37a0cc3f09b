"""Lists from a query: as the actor may see, nothing confidential, frozen when it starts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from hotline.accounts.models import Citizen, Person
from hotline.campaigns import actions, queries
from hotline.campaigns.models import Selection, Target, TargetState
from hotline.intake.models import Appeal, AppealState
from hotline.kit.clock import now, today
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders.models import WorkOrder
from tests.accounts.cast import Cast, sign_in
from tests.campaigns.factories import GIVEN, due, spoken
from tests.workorders.factories import closed, make_city

pytestmark = pytest.mark.django_db


def citizen(phone: str) -> Citizen:
    from hotline.accounts.actions import find_or_create_citizen

    return find_or_create_citizen(actor=actions.MACHINE, phone=phone)


def period(**more: Any) -> dict[str, Any]:
    day = today()
    return {"period": "closed", "since": str(day - timedelta(days=1)), "until": str(day), **more}


@pytest.fixture
def orders(cast: Cast) -> list[WorkOrder]:
    """Content, dissatisfied, confidential, a report of wrongdoing, nameless, twice the same citizen."""
    make_city(cast)
    made = [
        closed(cast, citizen_id=citizen(f"1390000000{number}").pk, satisfaction=1 if number == 1 else 5)
        for number in range(5)
    ]
    made.append(closed(cast, citizen_id=made[0].citizen_id))
    WorkOrder.objects.filter(pk=made[2].pk).update(secret=True)
    WorkOrder.objects.filter(pk=made[3].pk).update(demand_type="report")
    WorkOrder.objects.filter(pk=made[4].pk).update(anonymous=True)
    return made


def test_a_query_counts_shows_a_sample_and_never_what_is_confidential(
    leader: Any, orders: list[WorkOrder], client: Client
):
    row = actions.save(actor=leader, campaign_id=None, given=GIVEN)
    source = queries.source_of(leader, "orders")
    found = queries.preview(leader, row.pk, source, _valid(source, period()))
    assert [one.about for one in found.people] == [orders[5].number, orders[1].number]
    assert (found.good, found.there, found.more) == (2, 0, False)
    only = queries.preview(leader, row.pk, source, _valid(source, period(result="dissatisfied")))
    assert [one.about for one in only.people] == [orders[1].number]
    sign_in(client, Person.objects.get(pk=leader.id))
    place = f"/campaigns/{row.pk}/query/orders"
    assert client.get(place).status_code == 200
    shown = client.post(place, period()).content.decode()
    assert "139****0001" in shown
    assert "13900000001" not in shown
    assert not Selection.objects.exists()
    assert client.post(place, {**period(), "until": "2020-01-01"}).status_code == 422
    assert client.post(place, {**period(), "add": "1"}).status_code == 302
    page = client.get(f"/campaigns/{row.pk}/").content.decode()
    assert "启动时查询" in page
    selection = Selection.objects.get()
    client.post(f"/campaigns/{row.pk}/queries/{selection.pk}/drop")
    assert not Selection.objects.exists()
    assert client.post(f"/campaigns/{row.pk}/queries/{selection.pk}/drop").status_code == 404


def _valid(source: Any, data: dict[str, Any]) -> Any:
    form = source.form(data)
    assert form.is_valid(), form.errors
    return form


def test_the_list_is_what_the_query_found_when_it_started(leader: Any, orders: list[WorkOrder], clock: Any):
    row = actions.save(actor=leader, campaign_id=None, given=GIVEN)
    actions.add_query(actor=leader, campaign_id=row.pk, source="orders", data=_period_of(orders))
    WorkOrder.objects.filter(pk=orders[2].pk).update(secret=False)  # by the time it starts
    spoken()
    actions.start(actor=leader, campaign_id=row.pk)
    assert set(row.targets.values_list("about", flat=True)) == {
        orders[5].number,
        orders[1].number,
        orders[2].number,
    }
    selection = Selection.objects.get()
    assert (selection.found, selection.frozen_at is not None) == (3, True)
    for refused in (
        lambda: actions.add_query(actor=leader, campaign_id=row.pk, source="orders", data=_period_of(orders)),
        lambda: actions.drop_query(actor=leader, campaign_id=row.pk, selection_id=selection.pk),
    ):
        with pytest.raises(Refused, match="list_frozen"):
            refused()
    actions.pause(actor=leader, campaign_id=row.pk)
    closed_later = row.targets.count()
    actions.start(actor=leader, campaign_id=row.pk)
    assert row.targets.count() == closed_later
    # What has become confidential since is not called about.
    WorkOrder.objects.filter(pk=orders[1].pk).update(secret=True)
    due()
    target = Target.objects.get(about=orders[1].number)
    assert (target.state, target.why) == (TargetState.SKIPPED, "confidential")


def _period_of(orders: list[WorkOrder]) -> dict[str, Any]:
    days = [one.closed_at.date() for one in orders if one.closed_at]
    return {
        "period": "closed",
        "since": str(min(days) - timedelta(days=1)),
        "until": str(max(days) + timedelta(days=1)),
    }


def test_nobody_asks_what_they_may_not_see(cast: Cast, leader: Any, orders: list[WorkOrder]):
    row = actions.save(actor=leader, campaign_id=None, given=GIVEN)
    admin = cast.actor("admin")
    assert [one.code for one in queries.sources(admin)] == []
    with pytest.raises(NotVisible):
        actions.add_query(actor=admin, campaign_id=row.pk, source="orders", data=period())
    with pytest.raises(NotVisible):
        actions.add_query(actor=leader, campaign_id=row.pk, source="no-such", data=period())
    with pytest.raises(Invalid):
        actions.add_query(actor=leader, campaign_id=row.pk, source="orders", data={})
    with pytest.raises(NotPermitted):
        actions.add_query(actor=cast.actor("agent"), campaign_id=row.pk, source="orders", data=period())
    actions.add_query(actor=leader, campaign_id=row.pk, source="orders", data=period())
    with pytest.raises(NotVisible):
        actions.start(actor=admin, campaign_id=row.pk)
    assert not row.targets.exists()


def test_who_was_answered_without_an_order(leader: Any, cast: Cast):
    made = [
        Appeal.objects.create(
            number=f"S20261123-00000{number}",
            state=state,
            citizen=citizen(phone),
            channel="phone",
            demand_type=kind,
            title="咨询",
            secret=secret,
            created_at=now(),
            updated_at=now(),
        )
        for number, (state, phone, kind, secret) in enumerate(
            [
                (AppealState.ANSWERED, "13900000001", "consult", False),
                (AppealState.REFERRED, "13900000001", "consult", False),
                (AppealState.ANSWERED, "13900000002", "consult", True),
                (AppealState.ANSWERED, "13900000003", "report", False),
                (AppealState.ORDERED, "13900000004", "consult", False),
                (AppealState.ANSWERED, "13900000005", "consult", False),
            ]
        )
    ]
    row = actions.save(actor=leader, campaign_id=None, given=GIVEN)
    source = queries.source_of(leader, "appeals")

    def found(**more: Any) -> list[str]:
        data = {"since": str(today()), "until": str(today()), **more}
        return [one.about for one in queries.preview(leader, row.pk, source, _valid(source, data)).people]

    assert found() == [made[5].number, made[1].number]
    assert found(least=2) == [made[1].number]
    assert found(state="answered") == [made[5].number, made[0].number]
    assert found(since="2020-01-01", until="2020-01-02") == []
    assert not source.form({"since": "2026-01-02", "until": "2026-01-01"}).is_valid()
    assert not source.form({"since": "2025-01-01", "until": "2026-01-02"}).is_valid(), "more than a year is read by nobody"
    assert source.form({"since": "2025-01-02", "until": "2026-01-02"}).is_valid()
    assert "2 次" in source.words(_valid(source, {"since": "2026-01-01", "until": "2026-01-02", "least": 2}))
    about = source.about(leader, str(made[5].number))
    assert about is not None
    assert source.about(leader, str(made[2].number)) is None
    assert source.still({str(made[2].number), str(made[5].number)}) == {made[5].number}


def test_the_order_stands_beside_the_call_for_who_may_see_it(
    leader: Any, cast: Cast, orders: list[WorkOrder]
):
    source = queries.source_of(leader, "orders")
    about = source.about(cast.actor("agent"), orders[1].number)
    assert about is not None
    assert about.url.endswith(f"{orders[1].number}/")
    assert any("夜间停工" in words for _label, words in about.facts)
    assert source.about(cast.actor("agent"), orders[2].number) is None
    assert source.about(cast.actor("other_handler"), orders[1].number) is None
