"""Bounds that only show under pressure."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hotline.live.app import MOST_WAITING, Hub, Row, parse_cursor

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def test_slow_listener_is_sent_away_instead_of_filling_memory() -> None:
    hub = Hub("postgresql://unused", "k")
    slow = hub.join(["pool"], LATER)
    for number in range(MOST_WAITING + 5):
        slow.push(number, b"x")
    assert slow.closing
    assert len(slow.waiting) == 1
    assert b"event: reset" in slow.waiting[0][1]


def test_leaving_forgets_the_listener_and_its_topics() -> None:
    hub = Hub("postgresql://unused", "k")
    first, second = hub.join(["pool", "desk"], LATER), hub.join(["pool"], LATER)
    hub.leave(first)
    assert hub.listeners == 1
    assert dict(hub._listeners) == {"pool": {second}}


def test_text_of_a_row_is_one_line_of_data() -> None:
    text = Row(7, 3, "order:1", "work_order.signed", {"note": "一\n二"}).encode(2).decode()
    assert text.startswith("id: 2-7\ndata: {")
    assert text.endswith("}\n\n")
    assert text.count("\n") == 3


@pytest.mark.parametrize(
    ("text", "cursor"),
    [("5-7", (5, 7)), ("5-", None), ("", None), ("a-1", None), ("5", None), ("-1-2", None)],
)
def test_cursor(text: str, cursor: tuple[int, int] | None) -> None:
    assert parse_cursor(text) == cursor
