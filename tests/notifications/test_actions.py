"""The outbox and the codes."""

from __future__ import annotations

import logging
import re
import threading

import pytest
import time_machine
from django.test import override_settings
from procrastinate.contrib.django.models import ProcrastinateJob

from hotline.audit.models import AuditEntry
from hotline.kit.actor import system_actor
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.kit.health import Level
from hotline.notifications import actions, gateways, queries, tasks
from hotline.notifications.checks import check_gateway
from hotline.notifications.models import Message, MessageState, PhoneCode
from hotline.notifications.rules import GATEWAY_REST, SEND_TRIES, CodeState
from tests.worktime.factories import at

pytestmark = pytest.mark.django_db
JOB = system_actor("notifications")
PHONE = "13800001234"
CONTEXT = {"number": "SH20261122-000001", "url": "https://example.org/12"}


class Recorder:
    """A gateway that remembers, or fails as told."""

    name, sends = "recorder", True

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.fault: Exception | None = None

    def send(self, phone: str, text: str, reference: str) -> None:
        if self.fault is not None:
            raise self.fault
        self.sent.append((phone, text, reference))


@pytest.fixture
def gateway():
    recorder = Recorder()
    gateways.use(lambda: recorder)
    yield recorder
    from hotline.notifications.gateways.protocol import _printed

    gateways.use(_printed)


def queue(cast, key="order:1:closed") -> Message:
    actions.queue_message(actor=JOB, key=key, citizen_id=cast.citizen.pk, template="closed", context=CONTEXT)
    return Message.objects.get(key=key)


def deliveries() -> list[dict[str, object]]:
    """What the jobs that send messages carry."""
    jobs = ProcrastinateJob.objects.filter(task_name="notifications.deliver").order_by("id")
    return list(jobs.values_list("args", flat=True))


def test_a_message_is_written_once_and_waits_until_it_is_handed_over(cast, gateway):
    def write() -> int | None:
        return actions.queue_message(
            actor=JOB, key="k", citizen_id=cast.citizen.pk, template="closed", context=CONTEXT
        )

    first = write()
    message = Message.objects.get()
    assert message.state == MessageState.QUEUED
    assert "SH20261122-000001" in message.text
    assert first == write() == message.pk, "a job that was killed before handing over is told again"
    actions.hand_over(actor=JOB, message_id=message.pk)
    assert write() is None, "what has gone out is nobody's any more"
    assert [reference for _phone, _text, reference in gateway.sent] == ["k"]
    assert deliveries() == []


def test_a_first_try_that_fails_leaves_a_job(cast, gateway):
    gateway.fault = gateways.GatewayDown("no answer")
    message = queue(cast)
    actions.hand_over(actor=JOB, message_id=message.pk)
    assert deliveries() == [{"message_id": message.pk}]
    gateway.fault = None
    assert tasks.deliver(**deliveries()[0]) == MessageState.SENT


class Hanging(Recorder):
    """A gateway that answers when `let_go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go, self.began, self.asked = threading.Event(), threading.Event(), 0

    def send(self, phone: str, text: str, reference: str) -> None:
        self.asked += 1
        self.began.set()
        self.let_go.wait()
        super().send(phone, text, reference)


def test_a_gateway_that_hangs_is_left_alone_and_found_well_again():
    line, hanging, well = gateways.Line(at_once=2, seconds=0.05), Hanging(), Recorder()
    with time_machine.travel(at("2026-11-23 09:00"), tick=False) as clock:
        with pytest.raises(gateways.GatewayDown, match=r"0\.05"):
            line.send(hanging, PHONE, "text", "a")
        assert hanging.began.wait(60)
        line.seconds = 600
        for _more in range(3):
            with pytest.raises(gateways.GatewayDown):
                line.send(well, PHONE, "text", "b")
        assert (hanging.asked, well.sent) == (1, []), "nobody waits for one that has just hung"
        clock.shift(GATEWAY_REST)
        line.send(well, PHONE, "text", "b")
        line.seconds = 0.05
        with pytest.raises(gateways.GatewayDown):
            line.send(hanging, PHONE, "text", "c")
        line.seconds = 600
        clock.shift(GATEWAY_REST)
        with pytest.raises(gateways.GatewayDown):
            line.send(well, PHONE, "text", "d")
        assert len(well.sent) == 1, "both places are held by calls that hang"
        held = [thread for thread in threading.enumerate() if thread.name == "sms"]
        hanging.let_go.set()
        for thread in held:
            thread.join()
        line.send(well, PHONE, "text", "d")
    assert [reference for _phone, _text, reference in well.sent] == ["b", "d"]


def test_a_line_passes_on_what_the_gateway_raises_and_waits_for_a_place():
    line, gateway = gateways.Line(at_once=1, seconds=600, wait=0.05), Recorder()
    gateway.fault = gateways.Rejected("blocked number")
    with pytest.raises(gateways.Rejected, match="blocked"):
        line.send(gateway, PHONE, "text", "a")
    gateway.fault = None
    line.send(gateway, PHONE, "text", "a")
    hanging = Hanging()
    first = threading.Thread(target=line.send, args=(hanging, PHONE, "text", "b"))
    first.start()
    try:
        assert hanging.began.wait(60)
        with pytest.raises(gateways.GatewayDown):
            line.send(gateway, PHONE, "text", "c")
    finally:
        hanging.let_go.set()
        first.join()
    line.send(gateway, PHONE, "text", "c")
    assert [reference for _phone, _text, reference in gateway.sent] == ["a", "c"]


def test_delivery_reads_the_number_then_and_leaves_a_trace(cast, gateway):
    message = queue(cast)
    assert tasks.deliver(message.pk) == MessageState.SENT
    assert tasks.deliver(message.pk) == MessageState.SENT
    assert [(phone, reference) for phone, _text, reference in gateway.sent] == [(PHONE, "order:1:closed")]
    message.refresh_from_db()
    assert message.sent_at is not None
    assert AuditEntry.objects.filter(verb="accounts.contact_citizen").count() == 1


def test_a_gateway_that_is_down_is_tried_again_until_it_is_given_up(cast, gateway):
    message = queue(cast)
    gateway.fault = gateways.GatewayDown("no answer")
    for _attempt in range(SEND_TRIES):
        with pytest.raises(gateways.GatewayDown):
            tasks.deliver(message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.error) == (MessageState.FAILED, SEND_TRIES, "no answer")
    with pytest.raises(NotPermitted):
        actions.send_again(actor=cast.actor("agent"), message_id=message.pk)
    actions.send_again(actor=cast.actor("admin"), message_id=message.pk)
    gateway.fault = None
    assert tasks.deliver(message.pk) == MessageState.SENT
    with pytest.raises(Refused):
        actions.send_again(actor=cast.actor("admin"), message_id=message.pk)
    with pytest.raises(NotVisible):
        actions.send_again(actor=cast.actor("admin"), message_id=0)


def test_what_will_never_go_out_fails_at_once(cast, gateway):
    gateway.fault = gateways.Rejected("blocked")
    assert tasks.deliver(queue(cast).pk) == MessageState.FAILED
    from tests.accounts.factories import make_citizen

    landline = make_citizen("02164321234", "王固话")
    actions.queue_message(actor=JOB, key="l", citizen_id=landline.pk, template="closed", context=CONTEXT)
    gateway.fault = None
    assert tasks.deliver(Message.objects.get(key="l").pk) == MessageState.FAILED
    assert gateway.sent == []


def test_people_do_not_deliver(cast):
    message = queue(cast)
    for act in (
        lambda actor: actions.deliver_message(actor=actor, message_id=message.pk),
        lambda actor: actions.deliver_code(actor=actor, code_id=1, sealed=""),
        lambda actor: actions.purge_codes(actor=actor),
    ):
        with pytest.raises(NotPermitted):
            act(cast.actor("admin"))
    with pytest.raises(NotVisible):
        tasks.deliver(0)


def test_the_double_prints_with_a_masked_phone(cast, caplog):
    with caplog.at_level(logging.INFO, "hotline.notifications"):
        tasks.deliver(queue(cast).pk)
    assert "138****1234" in caplog.text
    assert PHONE not in caplog.text
    assert [warning.id for warning in check_gateway()] == ["notifications.W001"]


def test_a_real_gateway_passes_the_check(gateway):
    assert check_gateway() == []


# ---- codes


def sent_code(gateway) -> str:
    job = ProcrastinateJob.objects.filter(task_name="notifications.deliver_code").latest("id")
    assert tasks.deliver_code(**job.args)
    found = re.search(r"验证码 (\d{6})，10 分钟", gateway.sent[-1][1])
    assert found
    return found[1]


def test_a_code_is_sent_checked_and_used_up(cast, gateway):
    citizen = cast.actor("anonymous")
    sent = actions.send_code(actor=citizen, phone="138 0000 1234", purpose="sign_in")
    assert sent.shown == ""
    job = ProcrastinateJob.objects.get(task_name="notifications.deliver_code")
    code = sent_code(gateway)
    assert code not in str(job.args)
    assert PHONE not in str(job.args)
    assert code not in PhoneCode.objects.get().code_hash
    assert actions.check_code(actor=citizen, phone=PHONE, purpose="appeal", code=code).state is CodeState.NONE
    assert actions.check_code(actor=citizen, phone=PHONE, purpose="sign_in", code=f" {code[:3]} {code[3:]}")
    assert (
        actions.check_code(actor=citizen, phone=PHONE, purpose="sign_in", code=code).state is CodeState.USED
    )
    assert not tasks.deliver_code(**job.args)
    assert actions.check_code(actor=citizen, phone="", purpose="sign_in", code=code).state is CodeState.NONE


def test_five_tries(cast, gateway):
    citizen = cast.actor("anonymous")
    actions.send_code(actor=citizen, phone=PHONE, purpose="sign_in")
    code = sent_code(gateway)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    states = [
        actions.check_code(actor=citizen, phone=PHONE, purpose="sign_in", code=wrong).state
        for _try in range(5)
    ]
    assert states == [CodeState.WRONG] * 4 + [CodeState.TOO_MANY]
    assert (
        actions.check_code(actor=citizen, phone=PHONE, purpose="sign_in", code=code).state
        is CodeState.TOO_MANY
    )


def test_ten_minutes_one_a_minute_and_five_an_hour(cast, gateway):
    citizen = cast.actor("anonymous")
    with time_machine.travel(at("2026-11-22 10:00"), tick=False) as traveller:
        actions.send_code(actor=citizen, phone=PHONE, purpose="sign_in")
        first = sent_code(gateway)
        with pytest.raises(Refused) as refused:
            actions.send_code(actor=citizen, phone=PHONE, purpose="sign_in")
        assert 0 < refused.value.details["retry_after"] <= 61
        traveller.move_to(at("2026-11-22 10:02"))
        actions.send_code(actor=citizen, phone=PHONE, purpose="sign_in")
        second = sent_code(gateway)
        if first != second:
            assert (
                actions.check_code(actor=citizen, phone=PHONE, purpose="sign_in", code=first).state
                is CodeState.WRONG
            )
        traveller.move_to(at("2026-11-22 10:12"))
        assert (
            actions.check_code(actor=citizen, phone=PHONE, purpose="sign_in", code=second).state
            is CodeState.EXPIRED
        )
        for minute in (14, 16, 18):
            traveller.move_to(at(f"2026-11-22 10:{minute}"))
            actions.send_code(actor=citizen, phone=PHONE, purpose="sign_in")
        traveller.move_to(at("2026-11-22 10:20"))
        with pytest.raises(Refused):
            actions.send_code(actor=citizen, phone=PHONE, purpose="sign_in")
        traveller.move_to(at("2026-11-24 10:20"))
        assert tasks.purge_codes(0) == 5


def test_only_mobiles_get_codes(cast):
    with pytest.raises(Invalid):
        actions.send_code(actor=cast.actor("anonymous"), phone="021-64321234", purpose="sign_in")


def test_only_the_demo_shows_the_code(cast):
    with override_settings(DEMO=True):
        sent = actions.send_code(actor=cast.actor("anonymous"), phone=PHONE, purpose="sign_in")
    assert len(sent.shown) == 6
    assert actions.check_code(actor=cast.actor("anonymous"), phone=PHONE, purpose="sign_in", code=sent.shown)


# ---- page, health


def test_the_page_masks_and_is_for_those_who_look_after_the_platform(cast, gateway):
    message = queue(cast)
    gateway.fault = gateways.Rejected("blocked")
    tasks.deliver(message.pk)
    assert cast.client("handler").get("/notifications/").status_code == 403
    page = cast.client("admin").get("/notifications/?state=failed").content.decode()
    assert "138****1234" in page
    assert PHONE not in page
    assert "重发" in page
    assert cast.client("admin").post(f"/notifications/{message.pk}/send-again").status_code == 302
    message.refresh_from_db()
    assert message.state == MessageState.QUEUED
    assert "没有符合条件的短信" in cast.client("admin").get("/notifications/?state=sent").content.decode()


def test_a_full_outbox_warns(cast, monkeypatch):
    queue(cast)
    assert queries.outbox_health().level is Level.OK
    monkeypatch.setattr(queries, "QUEUED_IS_STUCK", 0)
    assert queries.outbox_health().level is Level.WARN
