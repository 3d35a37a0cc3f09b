"""Automatic dispatch by its actions and its page: what goes out, who may, what stops it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from hotline.dispatch import actions, queries
from hotline.dispatch.models import AutomaticDispatch, CategoryTrust
from hotline.dispatch.rules import FEWEST_JUDGED, Hold
from hotline.dispatch.tasks import SENDER as MACHINE
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders import actions as orders
from hotline.workorders.models import Category, WorkOrder
from tests.accounts.cast import Cast
from tests.dispatch.test_views import entry, noise, waiting
from tests.workorders.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def trusted(city: Cast) -> CategoryTrust:
    entry(city)
    actions.switch(actor=city.actor("dispatcher"), on=True, why="试运行")
    return actions.trust_category(
        actor=city.actor("dispatcher"),
        category_id=Category.objects.get(code="02.01").pk,
        threshold=0.9,
        sample=1,
        most_errors=0.05,
    )


def consider(order: WorkOrder, **more: Any) -> Hold | None:
    given: dict[str, Any] = {"category_code": "02.01.01", "confidence": 0.97, "model": "category 3"}
    return actions.dispatch_automatically(actor=MACHINE, order_id=order.pk, **{**given, **more})


def test_a_sure_order_goes_to_the_catalogues_unit(city: Cast, trusted: CategoryTrust) -> None:
    order = waiting(city)
    assert consider(order) is None
    order.refresh_from_db()
    assert (order.state, order.lead_unit_id) == ("pending_sign", city.a.pk)
    row = AutomaticDispatch.objects.get()
    assert (row.order_id, row.trust_id, row.sampled, row.right) == (order.pk, trusted.pk, True, None)
    assert consider(order) == Hold.CLAIMED


def test_the_machine_fills_a_missing_category_and_takes_assistants(city: Cast, trusted: CategoryTrust) -> None:
    entry(city, category_id=noise().pk, assistant_ids=[city.b.pk])
    order = make_order(city, category_id=None, division_id="310106010000")
    assert consider(order) is None
    order.refresh_from_db()
    assert order.category == noise()
    assert set(order.assignments.values_list("unit_id", flat=True)) == {city.a.pk, city.b.pk}


def test_another_persons_category_holds(city: Cast, trusted: CategoryTrust) -> None:
    assert consider(waiting(city), category_code="02.01.02") == Hold.UNSURE


@pytest.mark.parametrize(
    ("given", "hold"),
    [
        ({"confidence": 0.5}, Hold.UNSURE),
        ({"risks": 1}, Hold.RISK),
        ({"duplicates": 1}, Hold.DUPLICATE),
    ],
)
def test_what_holds(city: Cast, trusted: CategoryTrust, given: dict[str, Any], hold: Hold) -> None:
    order = waiting(city)
    assert consider(order, **given) == hold
    order.refresh_from_db()
    assert order.state == "pending_dispatch"


def test_the_switch_stops_at_once(city: Cast, trusted: CategoryTrust) -> None:
    actions.switch(actor=city.actor("dispatcher"), on=False)
    assert consider(waiting(city)) == Hold.SWITCHED_OFF


def test_an_unknown_order_and_a_stranger(city: Cast, trusted: CategoryTrust) -> None:
    with pytest.raises(NotVisible):
        actions.dispatch_automatically(
            actor=MACHINE, order_id=10**9, category_code="", confidence=1, model=""
        )
    with pytest.raises(NotPermitted):
        actions.dispatch_automatically(
            actor=city.actor("agent"), order_id=1, category_code="", confidence=1, model=""
        )


def test_a_returned_order_counts_as_wrong(city: Cast, trusted: CategoryTrust) -> None:
    order = waiting(city)
    assert actions.note_return(actor=MACHINE, order_id=order.pk) is False
    consider(order)
    assert actions.note_return(actor=MACHINE, order_id=order.pk) is True
    row = AutomaticDispatch.objects.get()
    assert row.right is False
    assert row.why_wrong


def test_its_own_error_rate_stops_a_category_until_a_person_resumes_it(
    city: Cast, trusted: CategoryTrust
) -> None:
    boss = city.actor("dispatcher")
    sent = [waiting(city) for _ in range(FEWEST_JUDGED)]
    for order in sent:
        assert consider(order) is None
    for order in sent[:-2]:
        actions.judge(actor=boss, order_id=order.pk, right=True)
    for order in sent[-2:]:
        actions.judge(actor=boss, order_id=order.pk, right=False, why="应派街道")
    trusted.refresh_from_db()
    assert trusted.stopped_at is not None
    assert consider(waiting(city)) == Hold.STOPPED
    with pytest.raises(Invalid):
        actions.resume_trust(actor=boss, trust_id=trusted.pk, why=" ")
    actions.resume_trust(actor=boss, trust_id=trusted.pk, why="目录已修订")
    assert consider(waiting(city)) is None
    with pytest.raises(Refused):
        actions.resume_trust(actor=boss, trust_id=trusted.pk, why="again")
    standing = queries.standings()[0]
    assert (standing.sent, standing.judged, standing.error_rate) == (1, 0, None)


def test_judging_wrong_needs_words_and_a_row(city: Cast, trusted: CategoryTrust) -> None:
    boss = city.actor("dispatcher")
    with pytest.raises(Invalid):
        actions.judge(actor=boss, order_id=1, right=False)
    with pytest.raises(NotVisible):
        actions.judge(actor=boss, order_id=10**9, right=True)
    with pytest.raises(NotPermitted):
        actions.judge(actor=city.actor("handler"), order_id=1, right=True)


def test_an_order_made_confidential_since_is_not_there_to_judge(city: Cast, trusted: CategoryTrust) -> None:
    order = waiting(city)
    consider(order)
    WorkOrder.objects.filter(pk=order.pk).update(secret=True)
    with pytest.raises(NotVisible):
        actions.judge(actor=city.actor("shift_leader"), order_id=order.pk, right=True)
    assert AutomaticDispatch.objects.get().right is None


def test_a_wrong_one_after_the_trust_ended(city: Cast, trusted: CategoryTrust) -> None:
    order = waiting(city)
    consider(order)
    actions.end_trust(actor=city.actor("dispatcher"), trust_id=trusted.pk)
    actions.judge(actor=city.actor("dispatcher"), order_id=order.pk, right=False, why="错")
    assert AutomaticDispatch.objects.get().trust_id is None
    with pytest.raises(NotVisible):
        actions.end_trust(actor=city.actor("dispatcher"), trust_id=trusted.pk)
    assert queries.standings() == []


def test_a_trust_is_changed_in_place_and_checked(city: Cast, trusted: CategoryTrust) -> None:
    boss = city.actor("dispatcher")
    again = actions.trust_category(
        actor=boss, category_id=trusted.category_id, threshold=0.99, sample=0.2, most_errors=0.1
    )
    assert (again.pk, again.threshold) == (trusted.pk, 0.99)
    with pytest.raises(Invalid) as error:
        actions.trust_category(actor=boss, category_id=0, threshold=0.1, sample=0.2, most_errors=0.1)
    assert set(error.value.details) == {"threshold", "category"}
    with pytest.raises(Invalid):
        actions.switch(actor=boss, on=True)


def test_the_page_does_it_all(city: Cast) -> None:
    entry(city)
    client = city.client("dispatcher")
    page = reverse("dispatch:automatic")
    assert client.get(page).status_code == 200
    client.post(reverse("dispatch:automatic_switch"), {"on": "1"})
    assert queries.the_switch() is None
    client.post(reverse("dispatch:automatic_switch"), {"on": "1", "why": "试运行"})
    bad = client.post(
        reverse("dispatch:automatic_trust"),
        {"category": "02.01", "threshold": "3", "sample": "100", "most_errors": "5"},
    )
    assert bad.status_code == 422
    good = {"category": "02.01", "threshold": "90", "sample": "100", "most_errors": "5"}
    assert client.post(reverse("dispatch:automatic_trust"), good).status_code == 302
    assert client.post(reverse("dispatch:automatic_trust"), {**good, "category": "x"}).status_code == 422
    order = waiting(city)
    assert consider(order) is None
    text = client.get(page).content.decode()
    assert order.number in text
    assert "97 %" in text
    client.post(reverse("dispatch:automatic_judge", args=[order.pk]), {"right": "0"})
    assert AutomaticDispatch.objects.get().right is None
    client.post(reverse("dispatch:automatic_judge", args=[order.pk]), {"right": "1"})
    assert AutomaticDispatch.objects.get().right is True
    assert order.number not in client.get(page).content.decode()
    assert order.number in client.get(page, {"sent": "1"}).content.decode()
    trust = CategoryTrust.objects.get()
    client.post(reverse("dispatch:automatic_resume", args=[trust.pk]), {"why": "x"})
    client.post(reverse("dispatch:automatic_end", args=[trust.pk]))
    assert not CategoryTrust.objects.exists()
    client.post(reverse("dispatch:automatic_switch"), {"on": "0"})
    assert queries.the_switch().on is False  # type: ignore[union-attr]
    assert city.client("handler").get(page).status_code == 403


def test_the_report_names_faults_and_what_would_move(city: Cast) -> None:
    boss = city.actor("dispatcher")
    today = date.today()
    old = entry(city)
    waiting(city)
    city.a.closed_on = today
    city.a.save(update_fields=["closed_on"])
    found, _idle = queries.catalogue_faults(today)
    assert [(one.fault.fault, one.entry.pk) for one in found] == [("closed_unit", old.pk)]
    later = today + timedelta(days=365)
    actions.add_entry(
        actor=boss,
        category_id=old.category_id,
        area_code=old.area_code,
        lead_unit_id=city.b.pk,
        effective_from=later,
    )
    moved = queries.preview(today, later)
    assert [(one.before, one.after, one.orders) for one in moved] == [(city.a.name, city.b.name, 1)]
    page = city.client("dispatcher").get(reverse("dispatch:report"), {"day": later.isoformat()})
    assert city.b.name in page.content.decode()
    assert orders is not None


def finished(city: Cast, unit: Any, times: int, state: str = "done") -> None:
    for _ in range(times):
        order = waiting(city)
        orders.dispatch_order(actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=unit.pk)
        order.assignments.update(state=state)


def test_units_are_named_with_their_reasons(city: Cast) -> None:
    from hotline.dispatch.queries import ranked_units

    day = date(2026, 3, 2)
    assert ranked_units("", "", day) == []
    assert ranked_units("02.01.01", "310106010000", day) == []
    entry(city)
    (first,) = ranked_units("02.01.01", "310106010000", day)
    assert (first.unit_id, bool(first.entry_id)) == (city.a.pk, True)
    finished(city, city.b, 4)
    finished(city, city.a, 2, "returned")
    found = ranked_units("02.01.01", "310106010000", day)
    assert [one.unit_id for one in found] == [city.a.pk, city.b.pk]
    assert "2" in "".join(found[0].reasons)
    assert found[1].entry_id is None
    order = waiting(city)
    text = city.client("dispatcher").get(reverse("dispatch:pane_units", args=[order.pk])).content.decode()
    assert city.b.name[-4:] in text
    orders.dispute(actor=city.actor("dispatcher"), order_id=order.pk, text="争议")
    orders.designate(actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=city.b.pk, text="由乙区办理")
    again = ranked_units("02.01.01", "310106010000", day)
    assert any("1" in reason for reason in next(one for one in again if one.unit_id == city.b.pk).reasons)


def test_the_whole_city_is_a_reason(city: Cast) -> None:
    from hotline.dispatch.queries import ranked_units

    entry(city, area_code="", category_id=noise().pk)
    (one,) = ranked_units("02.01.01", "", date(2026, 3, 2))
    assert len(one.reasons) == 2
