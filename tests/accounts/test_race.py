"""Twins at the same moment."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from hotline.accounts.actions import find_or_create_citizen
from hotline.accounts.models import Citizen
from hotline.kit.actor import system_actor


@pytest.mark.django_db(transaction=True)
def test_one_phone_number_is_one_citizen_however_many_ask_at_once():
    start = threading.Barrier(8)
    made: list[int] = []

    def ask() -> None:
        start.wait()
        try:
            made.append(find_or_create_citizen(actor=system_actor("t"), phone="13911112222", name="孪生").pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert Citizen.objects.count() == 1
