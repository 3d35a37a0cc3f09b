"""Every row once, in order, in both directions, whatever the page size."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.kit.models import LiveEvent
from hotline.kit.paging import keyset

pytestmark = pytest.mark.django_db


@given(kinds=st.lists(st.sampled_from("abc"), min_size=0, max_size=17), size=st.integers(1, 6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@pytest.mark.parametrize("order", [("-id",), ("kind", "-id"), ("-at", "id")])
def test_pages_cover_all_rows_once(order: tuple[str, ...], kinds: list[str], size: int) -> None:
    LiveEvent.objects.all().delete()
    LiveEvent.objects.bulk_create([LiveEvent(topic="t", kind=kind) for kind in kinds])
    wanted = list(LiveEvent.objects.order_by(*order).values_list("id", flat=True))
    seen: list[int] = []
    cursor, pages = "", []
    while True:
        page = keyset(LiveEvent.objects.all(), order=order, cursor=cursor, size=size)
        seen += [row.pk for row in page.rows]
        pages.append([row.pk for row in page.rows])
        if not page.next:
            break
        cursor = page.next
    assert seen == wanted
    back = page
    while back.previous:
        back = keyset(LiveEvent.objects.all(), order=order, cursor=back.previous, size=size)
    assert [row.pk for row in back.rows][:size] == wanted[: len(back.rows)]


@pytest.mark.parametrize("cursor", ["zzz", "e30", "W10", "WzEsMl0", "💥"])
def test_a_damaged_cursor_gives_the_first_page(cursor: str) -> None:
    LiveEvent.objects.create(topic="t", kind="a")
    assert len(keyset(LiveEvent.objects.all(), order=("-id",), cursor=cursor).rows) == 1
