"""One act on many orders: reasons beforehand, results afterwards, nothing half done."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from hotline.audit.models import AuditEntry
from hotline.kit import clock
from hotline.kit.errors import NotPermitted
from hotline.workorders.actions.bulk import run_bulk
from hotline.workorders.forms.bulk import BULK_FORMS, BULK_VERBS
from hotline.workorders.models import Category, OrderAccess, WorkOrder
from hotline.workorders.queries.bulk import preview
from tests.accounts.cast import Cast
from tests.workorders.factories import closed, dispatched, fresh, make_order, signed


def test_every_bulk_verb_has_form_and_call() -> None:
    from hotline.workorders.actions.bulk import _calls

    assert set(BULK_VERBS) == set(BULK_FORMS) == set(_calls())


def test_preview_names_the_reason_of_each_excluded_row(city: Cast) -> None:
    mine, theirs, done = dispatched(city).order, dispatched(city, unit="b").order, signed(city).order
    rows = {
        row.order.pk: row
        for row in preview(city.actor("handler"), "sign", [mine.pk, theirs.pk, done.pk], now=clock.now())
    }
    assert rows[mine.pk].reason == ""
    assert rows[mine.pk].assignment_id
    assert rows[done.pk].reason
    assert theirs.pk not in rows  # of another unit: it does not exist


def test_preview_agrees_with_what_then_happens(city: Cast) -> None:
    orders = [make_order(city), make_order(city, reviewed=False), dispatched(city).order, closed(city)]
    actor = city.actor("dispatcher")
    for verb, given in (
        ("urge", {"text": ""}),
        ("dispatch", {"lead_unit": city.b, "instructions": ""}),
        ("note", {"text": "备注"}),
    ):
        rows = preview(actor, verb, [order.pk for order in orders], now=clock.now())
        able = [(row.order.pk, row.assignment_id) for row in rows if not row.reason]
        results = run_bulk(actor=actor, verb=verb, given=given, targets=able)
        assert able
        assert set(results.values()) == {""}, (verb, results)
        for row in rows:
            if row.reason:
                refused = run_bulk(
                    actor=actor, verb=verb, given=given, targets=[(row.order.pk, row.assignment_id)]
                )
                assert refused[row.order.pk], verb


def test_one_refusal_stops_no_other(city: Cast) -> None:
    one, two = make_order(city), make_order(city)
    dispatched(city, one)
    results = run_bulk(
        actor=city.actor("dispatcher"),
        verb="dispatch",
        given={"lead_unit": city.b, "instructions": ""},
        targets=[(one.pk, None), (two.pk, None)],
    )
    assert results[one.pk]
    assert results[two.pk] == ""
    assert fresh(two).state == "pending_sign"
    row = AuditEntry.objects.get(verb="workorders.bulk")
    assert row.data["done"] == 1


def test_bulk_needs_its_own_permission(city: Cast) -> None:
    order = make_order(city)
    with pytest.raises(NotPermitted):
        run_bulk(actor=city.actor("agent"), verb="note", given={"text": "x"}, targets=[(order.pk, None)])
    assert city.client("agent").post(reverse("workorders:bulk"), {"order": order.pk}).status_code == 403


def test_confidential_orders_are_not_dispatched_in_bulk(city: Cast) -> None:
    order = make_order(city)
    WorkOrder.objects.filter(pk=order.pk).update(secret=True)
    OrderAccess.objects.get_or_create(
        order=order, person=city.dispatcher, defaults={"granted_by": "x", "reason": "x"}
    )
    (row,) = preview(city.actor("dispatcher"), "dispatch", [order.pk], now=clock.now())
    assert row.reason


def test_labels_are_added_and_kept(city: Cast) -> None:
    order = make_order(city, labels=["夜间"])
    given: dict[str, Any] = {"category": None, "urgency": "", "labels": "噪声 夜间", "text": ""}
    assert run_bulk(
        actor=city.actor("dispatcher"), verb="reclassify", given=given, targets=[(order.pk, None)]
    ) == {order.pk: ""}
    assert fresh(order).labels == ["夜间", "噪声"]


def test_three_steps_on_the_screen(city: Cast) -> None:
    one, two = make_order(city), dispatched(city).order
    client, url = city.client("dispatcher"), reverse("workorders:bulk")
    both = {"order": [one.pk, two.pk]}
    assert client.post(url, both).status_code == 200
    shown = client.post(url, {**both, "verb": "dispatch", "step": "preview"})
    assert shown.status_code == 200
    assert "bulk-yes" in shown.content.decode()
    assert "bulk-no" in shown.content.decode()
    assert client.post(url, {**both, "verb": "dispatch", "step": "run"}).status_code == 422
    assert fresh(one).state == "pending_dispatch"
    done = client.post(url, {**both, "verb": "dispatch", "step": "run", "lead_unit": city.a.pk})
    assert done.status_code == 200
    assert fresh(one).state == "pending_sign"
    assert client.post(url, {}).status_code == 302


def test_category_and_urgency_are_changed_alone(city: Cast) -> None:
    order = make_order(city, labels=["夜间"])
    noise = Category.objects.create(code="02", name="噪声", path_name="噪声")
    actor = city.actor("dispatcher")
    for given in ({"category": noise, "urgency": "", "labels": ""}, {"category": None, "urgency": "elevated", "labels": ""}):
        assert run_bulk(
            actor=actor, verb="reclassify", given={**given, "text": "核对"}, targets=[(order.pk, None)]
        ) == {order.pk: ""}
    order = fresh(order)
    assert (order.category_id, order.urgency, order.labels) == (noise.pk, "elevated", ["夜间"])


def test_an_order_that_went_away_stops_no_other(city: Cast) -> None:
    order = make_order(city)
    results = run_bulk(
        actor=city.actor("dispatcher"), verb="note", given={"text": "备注"}, targets=[(0, None), (order.pk, None)]
    )
    assert results[0]
    assert results[order.pk] == ""
    assert AuditEntry.objects.get(verb="workorders.bulk").data["done"] == 1
