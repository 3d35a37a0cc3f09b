from __future__ import annotations

import pytest
import time_machine
from django.db import connection

from hotline.kit import ratelimit

pytestmark = pytest.mark.django_db


def test_limit_holds_within_the_window_and_opens_after_it():
    with time_machine.travel("2026-03-02T08:00:00Z", tick=False) as clock:
        assert [ratelimit.allow("door:1", 3, 60) for _ in range(5)] == [True, True, True, False, False]
        assert ratelimit.allow("door:2", 3, 60)
        clock.shift(59)
        assert not ratelimit.allow("door:1", 3, 60)
        clock.shift(1)
        assert ratelimit.allow("door:1", 3, 60)


def test_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        ratelimit.allow("door:1", 3, 60)


def test_purge_forgets_what_is_long_closed():
    with time_machine.travel("2026-03-02T08:00:00Z", tick=False) as clock:
        ratelimit.allow("old", 3, 60)
        clock.shift(3600 + 61)
        ratelimit.allow("new", 3, 60)
        assert ratelimit.purge() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM kit_rate_limit")
        assert cursor.fetchall() == [("new",)]
