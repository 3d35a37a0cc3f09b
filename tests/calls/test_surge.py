"""More calls than one look holds, and callers whose number is no number: nobody's wait is another's fault."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.calls.models import Call
from hotline.calls.rules import CallState
from tests.accounts.cast import Cast
from tests.calls.factories import Exchange, distribute, fresh, make_agent, make_telephony

pytestmark = pytest.mark.django_db


def test_a_lane_that_nobody_serves_hides_no_caller_of_another(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hotline.calls.actions.distributing.MOST", 2)
    exchange = Exchange()
    make_telephony(choice=True)
    crowd = [exchange.queued_after_key("0", caller=f"1380000{number:04}") for number in range(3)]
    english = exchange.queued_after_key("1", caller="13900000000")
    make_agent(cast, "6001", english=3)
    assert distribute() == 1
    assert fresh(english).state == CallState.OFFERED
    assert {fresh(call).state for call in crowd} == {CallState.QUEUED}


def test_an_agent_whom_nobody_needs_hides_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hotline.calls.actions.distributing.MOST_READY", 1)
    exchange = Exchange()
    make_telephony()
    make_agent(cast, "6001", english=3)
    able = make_agent(cast, "6002", general=3)
    exchange.queued()
    assert distribute() == 1
    assert fresh(able).state == "ringing"


@pytest.mark.parametrize(
    "odd",
    [
        {"caller": "1" * 300},
        {"caller": "１３８００００１２３４\x00"},
        {"headers": {"x-district": "²" * 20}},
        {"headers": {"X-District": "3101\x00"}},
        {"trunk": "t" * 80},
    ],
)
def test_a_carrier_may_say_anything(odd: dict[str, Any]):
    exchange = Exchange()
    make_telephony()
    exchange.ring(**odd)
    assert exchange.queued().state == CallState.QUEUED
    assert Call.objects.count() == 2
