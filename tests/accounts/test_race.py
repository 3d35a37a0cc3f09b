"""Twins at the same moment."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from hotline.accounts.actions import citizen_part, citizen_values, find_or_create_citizen
from hotline.accounts.identity import open_row
from hotline.accounts.models import Citizen
from hotline.audit.models import AuditEntry
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


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("first", "second", "kept"), [("", "李四", "李四"), ("张三", "李四", "张三"), ("", "", "")])
def test_the_second_twin_names_a_citizen_whom_the_first_left_without_a_name(first: str, second: str, kept: str):
    statement = f"WITH message AS (SELECT 1), {citizen_part('message')} SELECT id FROM who"

    def file(name: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(statement, citizen_values(actor=system_actor("t"), phone="13911112223", name=name))
            return int(cursor.fetchone()[0])

    def waits() -> bool:
        with connection.cursor() as cursor:
            # Of this database: what another test worker waits for is nothing to us.
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks one JOIN pg_locks other USING (pid)"
                " JOIN pg_database d ON d.oid = other.database AND d.datname = current_database()"
                " WHERE NOT one.granted AND one.locktype = 'transactionid')"
            )
            return bool(cursor.fetchone()[0])

    made: list[int] = []

    def ask() -> None:
        try:
            made.append(file(second))
        finally:
            connection.close()

    other = threading.Thread(target=ask)
    with transaction.atomic():
        made.append(file(first))
        other.start()
        while not waits() and other.is_alive():
            time.sleep(0.01)
    other.join()
    assert len(made) == 2
    assert len(set(made)) == 1
    assert open_row(Citizen.objects.get()).name == kept
    changed = AuditEntry.objects.filter(verb="accounts.change_citizen", object_id=str(made[0])).count()
    assert changed == (1 if kept == second != "" else 0)
