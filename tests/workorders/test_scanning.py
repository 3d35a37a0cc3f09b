"""The scanner takes clocks batch by batch: no border between two of them raises a level twice or loses one; cards only grow."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection, connections, transaction

from hotline.kit.clock import now
from hotline.workorders import actions
from hotline.workorders.actions import scanning
from hotline.workorders.actions._cards import raise_cards, set_card
from hotline.workorders.actions.checking import check_orders
from hotline.workorders.models import Clock, StandingCard, WorkOrder, WorkOrderEvent
from tests.accounts.cast import Cast
from tests.workorders.factories import closed, fresh, make_city, make_order, signed


@pytest.fixture
def served(cast: Cast) -> Cast:
    make_city(cast)
    return cast


def raised() -> Counter[tuple[object, ...]]:
    return Counter(
        (event.order_id, *map(str, event.data["clocks"][0])) for event in WorkOrderEvent.objects.filter(verb="raise_card")
    )


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_border_of_a_batch_doubles_or_loses_a_level(served: Cast, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(scanning, "BATCH", size)
    orders = [signed(served).order for _number in range(2)]
    at = now() + timedelta(days=60)
    running = Clock.objects.filter(state="running", next_at__isnull=False).count()
    assert running > size
    scan = scanning.scan_clocks(now=at)
    assert scan.clocks == running
    assert set(raised().values()) == {1}
    assert scan.raised.total() == raised().total()
    assert {fresh(order).card for order in orders} == {"escalated"}
    assert list(check_orders()) == []
    assert scanning.scan_clocks(now=at).clocks == 0


def test_a_card_only_grows_until_the_round_ends(served: Cast) -> None:
    order = closed(served, solved=False, satisfaction=1)
    set_card(order, "red")
    assert order.card == "red"
    raise_cards({order.pk: "yellow"})
    assert fresh(order).card == "red"
    raise_cards({order.pk: "escalated"})
    assert fresh(order).card == "escalated"
    actions.reopen(actor=served.actor("reviewer"), order_id=order.pk, text="群众再次反映")
    assert fresh(order).card == "green"
    assert not StandingCard.objects.exists()
    raise_cards({})


def test_a_card_is_shown_at_once_to_who_issued_it(served: Cast) -> None:
    order = make_order(served)
    issued = actions.issue_card(actor=served.actor("supervisor"), order_id=order.pk, level="yellow", text="久未派单")
    assert (issued.card, fresh(order).card) == ("yellow", "yellow")
    graver = actions.issue_card(actor=served.actor("supervisor"), order_id=order.pk, level="red", text="仍未派单")
    assert (graver.card, fresh(order).card) == ("red", "red")
    assert list(check_orders()) == []


@pytest.mark.django_db(transaction=True)
def test_what_an_action_stops_meanwhile_is_not_raised() -> None:
    """The scanner looks while somebody holds the order: it passes over it, and finds the clock stopped when it looks again."""
    cast = Cast()
    make_city(cast)
    order = signed(cast).order
    at = now() + timedelta(days=60)
    held, done, scans = Event(), Event(), []

    def hold() -> None:
        try:
            with transaction.atomic():
                WorkOrder.objects.select_for_update().get(pk=order.pk)
                held.set()
                done.wait(60)
                Clock.objects.filter(order=order, state="running").update(state="void", next_at=None)
        finally:
            connection.close()

    person = Thread(target=hold)
    person.start()
    held.wait(60)
    scans.append(scanning.scan_clocks(now=at))
    done.set()
    person.join()
    scans.append(scanning.scan_clocks(now=at))
    assert [scan.clocks for scan in scans] == [0, 0]
    assert not raised()
    connections.close_all()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("meanwhile", ["touched", "stopped", "raised", "moved"])
def test_a_clock_that_changes_under_the_look_is_judged_as_it_became(meanwhile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's change is committed between the scanner's first look at the rows and its lock on them."""
    cast = Cast()
    make_city(cast)
    order = signed(cast).order
    at = now() + timedelta(days=60)
    clocks = Clock.objects.filter(order=order, state="running")
    due = clocks.count()
    levels = sum(len(clock.marks) for clock in clocks)
    # The look has begun when it waits here; what it finds afterwards is of that moment.
    waiting = "(SELECT unnest(%s::bigint[]) AS id, pg_advisory_xact_lock_shared(77) OFFSET 0) AS given"
    monkeypatch.setattr(scanning, "_RAISE", scanning._RAISE.replace("unnest(%s::bigint[]) AS given(id)", waiting))
    scans: list[scanning.Scan] = []

    def look() -> None:
        try:
            scans.append(scanning.scan_clocks(now=at))
        finally:
            connection.close()

    scanner = Thread(target=look)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(77)")
        scanner.start()
        blocked = 0
        while not blocked and scanner.is_alive():
            cursor.execute(
                "SELECT count(*) FROM pg_locks, pg_sleep(0.02) WHERE locktype = 'advisory' AND objid = 77 AND NOT granted"
            )
            blocked = cursor.fetchone()[0]
        WorkOrder.objects.filter(pk=order.pk).update(revision=order.revision + 1)
        if meanwhile == "stopped":
            clocks.update(state="void", next_at=None)
        elif meanwhile == "raised":
            clocks.update(level="escalated", next_at=None)
        elif meanwhile == "moved":
            later = (at + timedelta(days=1)).isoformat()
            clocks.update(marks=[["warning", "2000-01-01T00:00:00+00:00"], ["yellow", later]])
    scanner.join()
    assert blocked
    found = scans[0]
    assert (found.clocks, found.raised.total()) == {
        "touched": (due, levels), "stopped": (0, 0), "raised": (0, 0), "moved": (due, due)
    }[meanwhile]  # fmt: skip
    assert raised().total() == found.raised.total()
    if meanwhile == "moved":
        assert {(clock.level, clock.next_at) for clock in clocks} == {("warning", at + timedelta(days=1))}
    connections.close_all()
