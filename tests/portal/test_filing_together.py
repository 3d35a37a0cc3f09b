"""Citizens nobody knew yet, who file at the same moment from one phone. Real connections, real transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction

from hotline.accounts.actions import find_or_create_citizen
from hotline.accounts.models import Citizen
from hotline.accounts.queries import citizen_actor
from hotline.audit.models import AuditEntry
from hotline.intake import actions as intake
from hotline.intake.models import Appeal
from hotline.intake.queries import forget_reference
from hotline.intake.rules import AppealForm, CitizenInput, Filed
from hotline.portal.visitor import PORTAL
from hotline.workorders.models import WorkOrder
from tests.accounts.cast import Cast
from tests.intake.factories import CONTENT, make_reference
from tests.workorders.factories import make_city

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "13977001234"
PATIENCE = 60.0
"""Seconds until a thread is given up; nothing waits that long when it is well."""


@pytest.fixture
def city(transactional_db: None) -> Iterator[Cast]:
    cast = Cast()
    make_city(cast)
    make_reference()
    forget_reference()
    yield cast
    forget_reference()


def file(key: str, name: str = "王小明") -> Filed:
    """As the portal does for somebody who has not signed in."""
    return intake.file_appeal(
        actor=citizen_actor(0),
        channel="web",
        source="portal",
        idempotency_key=key,
        demand=AppealForm(content=CONTENT, demand_type="complaint", division="310106010000", address="人民路1号"),
        citizen=CitizenInput(phone=PHONE, name=name),
    )


class Crew:
    """Threads with a connection each; `ended` gives their results or errors in order."""

    def __init__(self) -> None:
        self.results: dict[int, Any] = {}
        self._threads: list[Thread] = []

    def start(self, act: Callable[[], Any]) -> None:
        place = len(self._threads)

        def run() -> None:
            try:
                self.results[place] = act()
            except Exception as error:
                self.results[place] = error
            finally:
                connection.close()

        self._threads.append(Thread(target=run, daemon=True))
        self._threads[-1].start()

    def ended(self) -> list[Any]:
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "somebody waits for ever"
        return [self.results[place] for place in sorted(self.results)]


def until_one_waits(crew: Crew) -> None:
    """Until the second thread's connection waits for a lock that the first holds."""
    end = time.monotonic() + PATIENCE
    waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
    while True:
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        assert 1 not in crew.results, f"the second did not wait: {crew.results[1]}"
        assert time.monotonic() < end, "the second neither waited nor ended"
        time.sleep(0.02)


def one_citizen(filed: list[Any]) -> Citizen:
    """All were taken, all for the one citizen, who was made once and noted once."""
    assert all(isinstance(one, Filed) for one in filed), filed
    assert len({one.number for one in filed}) == len(filed)
    citizen = Citizen.objects.get()
    appeals = Appeal.objects.filter(pk__in=[one.appeal_id for one in filed])
    assert [appeal.citizen_id for appeal in appeals] == [citizen.pk] * len(filed)
    orders = WorkOrder.objects.filter(pk__in=[one.order_id for one in filed])
    assert [order.citizen_id for order in orders] == [citizen.pk] * len(filed)
    noted = AuditEntry.objects.filter(verb="accounts.create_citizen")
    assert [entry.object_id for entry in noted] == [str(citizen.pk)]
    return citizen


def test_at_the_same_moment(city: Cast) -> None:
    crew, barrier = Crew(), Barrier(4)

    def act(key: str) -> Filed:
        barrier.wait(PATIENCE)
        return file(key)

    for number in range(4):
        crew.start(lambda number=number: act(f"key-{number}"))  # type: ignore[misc]
    one_citizen(crew.ended())


def test_the_second_waits_for_the_first_and_takes_the_same_citizen(city: Cast) -> None:
    crew, written, go = Crew(), Event(), Event()

    def first() -> Filed:
        with transaction.atomic():
            filed = file("key-first")
            written.set()
            assert go.wait(PATIENCE)
        return filed

    crew.start(first)
    assert written.wait(PATIENCE)
    crew.start(lambda: file("key-second", name="王大明"))
    until_one_waits(crew)
    go.set()
    citizen = one_citizen(crew.ended())
    assert citizen.name_mask.startswith("王")


def test_when_the_first_takes_it_back_the_second_makes_the_citizen(city: Cast) -> None:
    crew, written, go = Crew(), Event(), Event()

    class TakenBack(Exception):
        pass

    def first() -> None:
        with transaction.atomic():
            file("key-first")
            written.set()
            assert go.wait(PATIENCE)
            raise TakenBack

    crew.start(first)
    assert written.wait(PATIENCE)
    crew.start(lambda: file("key-second"))
    until_one_waits(crew)
    go.set()
    gone, filed = crew.ended()
    assert isinstance(gone, TakenBack)
    one_citizen([filed])
    assert Appeal.objects.count() == 1


def test_while_the_phone_signs_in_elsewhere(city: Cast) -> None:
    crew, written, go = Crew(), Event(), Event()

    def sign_in() -> int:
        with transaction.atomic():
            citizen = find_or_create_citizen(actor=PORTAL, phone=PHONE)
            written.set()
            assert go.wait(PATIENCE)
        return citizen.pk

    crew.start(sign_in)
    assert written.wait(PATIENCE)
    crew.start(lambda: file("key-1"))
    until_one_waits(crew)
    go.set()
    signed_in, filed = crew.ended()
    assert one_citizen([filed]).pk == signed_in


def test_one_filing_sent_twice_at_the_same_moment(city: Cast) -> None:
    crew, barrier = Crew(), Barrier(3)

    def act() -> Filed:
        barrier.wait(PATIENCE)
        return file("the-same-key")

    for _number in range(3):
        crew.start(act)
    filed = crew.ended()
    assert {one.number for one in filed} == {WorkOrder.objects.get().number}, filed
    assert len({one.lookup_code for one in filed}) == 1
    assert Citizen.objects.count() == 1
