"""The door for the platform: who may come in, what is told again, what is never done twice."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.softswitch.conftest import NEEDS_SIP, PATIENCE, Call, Exchange, Phones, Platform

pytestmark = NEEDS_SIP


def test_nobody_comes_in_without_the_token(exchange: Exchange):
    place = f"ws://127.0.0.1:{exchange.ready['control_port']}"
    for path, given, status in (
        ("/control", None, 401),
        ("/control", "Bearer wrong", 401),
        ("/control", f"Basic {exchange.token}", 401),
        ("/audio/leg", None, 401),
        ("/other", f"Bearer {exchange.token}", 404),
    ):
        headers = {"Authorization": given} if given else {}
        with pytest.raises(InvalidStatus) as refused, connect(place + path, additional_headers=headers):
            pass
        assert refused.value.response.status_code == status


def test_what_is_no_command_does_no_harm(exchange: Exchange, platform: Platform):
    assert platform.refused("explode") == "no_such_verb"
    assert platform.refused("__init__") == "no_such_verb"
    assert platform.refused("answer") == "bad_argument"
    assert platform.refused("answer", leg=["a"]) == "bad_argument"
    assert platform.refused("answer", leg="leg-of-nobody") == "no_leg"
    assert platform.refused("bridge", legs=["a", "a"]) == "bad_argument"
    place = f"ws://127.0.0.1:{exchange.ready['control_port']}/control"
    for rubbish in ("{", "[]", b"\xff\xfe", "x" * 100_000):
        with connect(place, additional_headers={"Authorization": f"Bearer {exchange.token}"}) as other:
            other.send(rubbish)
            with pytest.raises(ConnectionClosed):
                other.recv(PATIENCE)
    assert platform.do("figures")["legs"] == 0


def test_the_gap_of_a_broken_connection_is_told_again_in_order(
    exchange: Exchange, phones: Phones, platform: Platform
):
    first = exchange.platform()
    citizen = Call(exchange, phones, first, "citizen", 440)
    seen = first.events[-1]["number"]
    first.close()

    phones.ask("press", "citizen", digits="1")  # while nobody of that platform listens
    platform.event("leg.digit", digit="1")
    again = exchange.platform(run=first.run, after=seen)
    assert again.followed == {"run": first.run, "after": seen, "reset": False}
    again.event("leg.digit", leg=citizen.leg, digit="1")
    phones.ask("hangup", "citizen")
    again.event("leg.ended", leg=citizen.leg)
    numbers = [one["number"] for one in again.events]
    assert numbers == list(range(seen + 1, numbers[-1] + 1))


def test_too_old_a_number_gets_a_snapshot(phones: Phones, tmp_path: Path):
    exchange = Exchange(tmp_path, phones, events_kept=10)
    try:
        platform = exchange.platform()
        citizen = Call(exchange, phones, platform, "citizen", 440)
        for _ in range(8):
            platform.do("join", leg=citizen.leg, room="somewhere")
            platform.do("leave", leg=citizen.leg)
        late = exchange.platform(run=platform.run, after=1)
        assert late.followed["reset"]
        assert [one["leg"] for one in late.followed["snapshot"]["legs"]] == [citizen.leg]
        assert late.followed["after"] == late.followed["snapshot"]["last"]
    finally:
        assert exchange.end() == 0


def test_a_command_sent_again_is_not_done_again(exchange: Exchange, phones: Phones, platform: Platform):
    phones.ask("expect", "110", tone=2500)
    key = secrets.token_hex(8)
    first = platform.do("originate", trunk="carrier", number="110", key=key)
    second = exchange.platform()
    assert second.do("originate", trunk="carrier", number="110", key=key) == first
    platform.event("leg.answered", leg=first["leg"])
    assert [one["leg"] for one in platform.do("snapshot")["legs"]] == [first["leg"]]


def test_the_call_goes_on_while_the_platform_is_away(exchange: Exchange, phones: Phones):
    first = exchange.platform()
    citizen = Call(exchange, phones, first, "citizen", 440)
    agent = Call(exchange, phones, first, "agent", 1000)
    first.do("bridge", legs=[citizen.leg, agent.leg])
    first.close()
    exchange.platforms.remove(first)
    phones.hears(citizen={1000}, agent={440})
    again = exchange.platform()
    assert {one["leg"] for one in again.followed["snapshot"]["legs"]} == {citizen.leg, agent.leg}
    for leg in (citizen.leg, agent.leg):
        again.do("hangup", leg=leg)
        again.event("leg.ended", leg=leg)


def test_nobody_is_left_alone_for_ever_when_the_platform_does_not_come_back(phones: Phones, tmp_path: Path):
    exchange = Exchange(tmp_path, phones, alone_seconds=1)
    try:
        platform = exchange.platform()
        citizen = Call(exchange, phones, platform, "citizen", 440)
        last = platform.events[-1]["number"]
        exchange.platforms.remove(platform)
        platform.close()
        phones.wait("citizen", state="ended")
        again = exchange.platform(run=platform.run, after=last)
        assert again.event("leg.ended", leg=citizen.leg)["reason"] == "alone"
    finally:
        assert exchange.end() == 0


def test_a_call_that_nobody_answers_is_let_go(phones: Phones, tmp_path: Path):
    exchange = Exchange(tmp_path, phones, unanswered_seconds=1)
    try:
        phones.ask("dial", "patient", to=exchange.sip)
        phones.wait("patient", state="ended")
        platform = exchange.platform(run=exchange.ready["run"], after=0)
        assert platform.event("leg.ended")["reason"] == "unanswered"
    finally:
        assert exchange.end() == 0


def test_only_one_engine_records_into_a_folder(phones: Phones, tmp_path: Path):
    exchange = Exchange(tmp_path, phones)
    try:
        with pytest.raises(AssertionError, match="Another engine records"):
            Exchange(tmp_path, phones)
        assert exchange.platform().do("figures")["legs"] == 0
    finally:
        assert exchange.end() == 0
