"""SMS by SMPP: the real client against a centre that speaks the real PDUs over loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from hotline.config.environment import Environment, SettingsFault
from hotline.kit.actor import system_actor
from hotline.notifications import actions, gateways
from hotline.notifications.gateways.protocol import _printed
from hotline.notifications.gateways.smpp import gateway as smpp
from hotline.notifications.gateways.smpp.double import ANSWER, DELIVER, ENQUIRE, UNBIND, Centre
from hotline.notifications.gateways.smpp.gateway import Account, SmppGateway
from hotline.notifications.gateways.smpp.pieces import cut
from hotline.notifications.models import Message, MessageState

PHONE = "13800001234"
LONG = "【热线】您的诉求已转交区生态环境局办理，" * 8


@pytest.fixture
def centre() -> Iterator[Centre]:
    made = Centre()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def gateway(centre: Centre) -> Iterator[SmppGateway]:
    made = SmppGateway(Account("127.0.0.1", centre.port, "hotline", "secret", sender="10612345", enquire=0.3))
    yield made
    made.close()


def until(true) -> None:
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


# ---- pieces


@pytest.mark.parametrize(
    ("text", "ucs2", "count"),
    [
        ("Your code is 123456.", False, 1), ("a" * 160, False, 1), ("a" * 161, False, 2), ("a" * 307, False, 3),
        ("热" * 70, True, 1), ("热" * 71, True, 2), ("热" * 134, True, 2), ("热" * 135, True, 3), ("[热线]", True, 1), ("{}", True, 1),
    ],
)  # fmt: skip
def test_how_many_pieces(text, ucs2, count):
    pieces = cut(text, 5)
    assert (pieces.ucs2, len(pieces.bodies), pieces.linked) == (ucs2, count, count > 1)
    assert all(len(body) <= (140 if ucs2 else 160) for body in pieces.bodies)


def test_pieces_are_linked_the_same_way_each_time_and_tear_no_sign():
    text = "热" * 66 + "😀" + "线" * 20
    pieces = cut(text, 0x1FE)
    assert [body[:6] for body in pieces.bodies] == [bytes([5, 0, 3, 0xFE, 2, n]) for n in (1, 2)]
    assert "".join(body[6:].decode("utf-16-be") for body in pieces.bodies) == text
    assert pieces == cut(text, 0x1FE)
    with pytest.raises(ValueError, match="255"):
        cut("热" * 67 * 256, 1)


# ---- the line


def test_a_chinese_message_in_one_piece(centre, gateway):
    gateway.send(PHONE, "【热线】您的验证码 123456", "code:1")
    (piece,) = centre.pieces
    assert (piece.phone, piece.sender, piece.coding, piece.linked) == (PHONE, "10612345", 8, False)
    assert (piece.text, piece.reference) == ("【热线】您的验证码 123456", "code:1#1")


def test_the_pdu_is_of_the_recorded_shape(centre, gateway):
    gateway.send(PHONE, "hi", "k")
    (raw,) = centre.raw
    assert raw[4:12].hex() == "0000000400000000"
    assert raw[16:].hex() == (
        "00" "0000" "313036313233343500" "0101" "313338303030303132333400" "00" "00" "00" "00" "00" "00" "00" "00" "00" "02" "6869"
        "1400" "0003" "6b2331"
    )  # fmt: skip


def test_a_long_one_goes_in_linked_pieces_over_one_connection(centre, gateway):
    gateway.send(PHONE, LONG, "order:1:closed")
    gateway.send(PHONE, "second", "order:2:closed")
    assert "".join(piece.text for piece in centre.pieces[:-1]) == LONG
    assert len({piece.body[3] for piece in centre.pieces[:-1]}) == 1
    assert (centre.pieces[-1].coding, centre.pieces[-1].text, centre.binds) == (0, "second", 1)


def test_the_same_reference_is_one_message(centre, gateway):
    for _time in range(3):
        gateway.send(PHONE, LONG, "order:1:closed")
    assert "".join(piece.text for piece in centre.pieces) == LONG
    assert centre.repeats == 2 * len(centre.pieces)


def test_an_answer_that_is_lost_with_the_line_is_asked_for_again(centre, gateway):
    centre.drop_after = True
    with pytest.raises(gateways.GatewayDown):
        gateway.send(PHONE, "once", "k")
    gateway.send(PHONE, "once", "k")
    assert (len(centre.pieces), centre.repeats, centre.binds) == (1, 1, 2)


def test_too_fast_is_waited_out_and_given_up_in_time(centre, gateway):
    centre.throttle = 2
    gateway.send(PHONE, "slowly", "k")
    assert [piece.text for piece in centre.pieces] == ["slowly"]
    centre.throttle = 10**6
    with patch.object(smpp, "WHOLE_SECONDS", 0.5), pytest.raises(gateways.GatewayDown):
        gateway.send(PHONE, "never", "n")


def test_a_wrong_number_is_refused_for_good_and_too_long_a_text_too(centre, gateway):
    centre.refused = frozenset({PHONE})
    with pytest.raises(gateways.Rejected, match="0x0000000b"):
        gateway.send(PHONE, "x", "k")
    with pytest.raises(gateways.Rejected):
        gateway.send(PHONE, "热" * 67 * 256, "l")
    gateway.send("13900000000", "others go on", "m")
    assert len(centre.pieces) == 1


def test_a_wrong_password_a_closed_port_and_a_centre_that_is_silent(centre, gateway):
    wrong = SmppGateway(Account("127.0.0.1", centre.port, "hotline", "other"))
    with pytest.raises(gateways.GatewayDown):
        wrong.send(PHONE, "x", "k")
    wrong.close()
    gateway.send(PHONE, "x", "a")
    centre.silent = True
    with patch.object(smpp, "ANSWER_SECONDS", 0.3), pytest.raises(gateways.GatewayDown):
        gateway.send(PHONE, "x", "b")
    centre.silent = False
    gateway.send(PHONE, "x", "b")
    centre.stop()
    with pytest.raises(gateways.GatewayDown):
        SmppGateway(Account("127.0.0.1", centre.port, "hotline", "secret")).send(PHONE, "x", "c")


def test_both_sides_test_the_line_and_what_comes_in_is_kept_by_the_centre(centre, gateway):
    gateway.send(PHONE, "x", "k")
    until(lambda: (ENQUIRE, 0) in centre.seen)
    centre.say(ENQUIRE)
    until(lambda: (ENQUIRE | ANSWER, 0) in centre.seen)
    centre.deliver(PHONE, "谢谢")
    until(lambda: (DELIVER | ANSWER, smpp.TRY_LATER) in centre.seen)
    centre.say(UNBIND)
    until(lambda: (UNBIND | ANSWER, 0) in centre.seen)
    until(lambda: not gateway._now.open)
    gateway.send(PHONE, "again", "l")
    assert centre.binds == 2


def test_a_line_that_went_dead_is_noticed(centre, gateway):
    gateway.send(PHONE, "x", "k")
    with patch.object(smpp, "ANSWER_SECONDS", 0.1):
        centre.silent = True
        until(lambda: not gateway._now.open)


# ---- the way of a message


@pytest.mark.django_db
def test_a_worker_killed_after_the_submit_sends_nothing_twice(cast, centre, gateway):
    job = system_actor("notifications")
    gateways.use(lambda: gateway)
    try:
        number = actions.queue_message(
            actor=job, key="order:1:closed", citizen_id=cast.citizen.pk, template="closed", context={"number": "N-1", "url": "u"}
        )
        real = gateways.hand

        def killed(*arguments: object, **more: object) -> None:
            real(*arguments, **more)
            raise SystemExit("killed")

        with patch.object(gateways, "hand", killed), pytest.raises(SystemExit):
            actions.deliver_message(actor=job, message_id=number)
        assert Message.objects.get().state == MessageState.QUEUED
        assert actions.deliver_message(actor=job, message_id=number) == MessageState.SENT
    finally:
        gateways.use(_printed)
    assert "".join(piece.text for piece in centre.pieces) == Message.objects.get().text
    assert {piece.phone for piece in centre.pieces} == {PHONE}


# ---- settings


def test_settings_say_what_is_missing():
    made: Any = Environment
    assert made(hotline_smpp_address="").smpp() is None
    good = {"hotline_smpp_address": "10.1.2.3:2775", "hotline_smpp_system_id": "h", "hotline_smpp_password": "p"}
    assert made(**good).smpp() == ("10.1.2.3", 2775, "h", "p", "", 0x1400)
    for wrong, name in (
        ({"hotline_smpp_address": "10.1.2.3"}, "HOTLINE_SMPP_ADDRESS"),
        ({"hotline_smpp_address": "10.1.2.3:0"}, "HOTLINE_SMPP_ADDRESS"),
        ({"hotline_smpp_system_id": ""}, "HOTLINE_SMPP_SYSTEM_ID"),
        ({"hotline_smpp_password": ""}, "HOTLINE_SMPP_PASSWORD"),
        ({"hotline_smpp_password": "longer-than-8"}, "HOTLINE_SMPP_PASSWORD"),
    ):
        with pytest.raises(SettingsFault, match=name):
            made(**{**good, **wrong}).smpp()
