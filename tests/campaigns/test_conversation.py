"""What is spoken to the machine, and what a machine speaks."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.accounts.actions import find_or_create_citizen
from hotline.calls.models import Ask, Call, CallState
from hotline.campaigns import actions, queries
from hotline.campaigns.actions import MACHINE
from hotline.campaigns.models import Answer, AtMachine, Attempt, Campaign, OptOut, Target, TargetState
from hotline.campaigns.rules import Outcome, sound_of
from hotline.kit.errors import Invalid, NotPermitted
from tests.calls.factories import Exchange, make_telephony
from tests.campaigns.factories import GIVEN, asked, due, picked_up, running

pytestmark = pytest.mark.django_db
MESSAGE = "您好，这里是12345热线，我们会再联系您。"


def said(attempt: Attempt, text: str) -> bool:
    return actions.hear_words(actor=MACHINE, attempt_id=attempt.pk, step="ask", text=text)


def test_an_answer_may_be_spoken_is_asked_once_more_and_the_key_still_works(leader: Any, clock: Any):
    exchange = Exchange()
    row = running(leader, speech=True)
    first, second = due()
    leg = picked_up(exchange, first)
    attempt = Attempt.objects.get(leg=leg)
    assert not said(attempt, "没有解决")  # the question is still being asked
    assert queries.questions()[0].asked_at is None
    exchange.tell_played(leg)
    [heard] = queries.questions()
    assert (heard.leg, heard.step) == (leg, "ask")
    assert heard.asked_at is not None
    assert said(attempt, "今天天气不错")  # once more, and keys pressed late are none of the next
    assert asked(leg) == ["play", "collect", "collect", "play"]
    exchange.digits(leg, "", "timeout")  # of the collection that was ended
    assert Attempt.objects.get(pk=attempt.pk).repeats == 1
    exchange.tell_played(leg)
    assert said(attempt, "还没有给我解决")
    answer = Answer.objects.get()
    assert (answer.key, answer.meaning, answer.spoken) == ("2", "没有解决", "还没有给我解决")
    assert not said(attempt, "解决了")
    exchange.digits(leg, "", "timeout")
    exchange.tell_played(leg)
    exchange.ended(leg, "near")
    assert Target.objects.get(attempts__leg=leg).outcome == Outcome.COMPLETE
    assert "还没有给我解决" in str(queries.page(leader, row.pk).latest[-1].answers.all()[0].spoken)

    other = picked_up(exchange, second)
    exchange.tell_played(other)
    assert said(Attempt.objects.get(leg=other), "不知道")
    exchange.tell_played(other)
    assert said(Attempt.objects.get(leg=other), "什么")  # not a third time: the key is waited for
    assert asked(other)[-1] == "collect"
    exchange.digits(other, "1")
    assert Answer.objects.get(attempt__leg=other).spoken == ""


def test_who_says_a_person_gets_one_and_who_says_no_more_is_left_alone(leader: Any, clock: Any):
    make_telephony()
    exchange = Exchange()
    running(leader, speech=True)
    first, second = due()
    one, other = picked_up(exchange, first), picked_up(exchange, second)
    exchange.tell_played(one)
    exchange.tell_played(other)
    said(Attempt.objects.get(leg=one), "我要转人工")
    assert Call.objects.get(leg=one).state == CallState.QUEUED
    said(Attempt.objects.get(leg=other), "不要再打电话给我了")
    assert OptOut.objects.get().citizen_id == Target.objects.get(attempts__leg=other).citizen_id


def test_without_speech_words_mean_nothing_and_only_the_machine_may_tell(leader: Any, clock: Any):
    exchange = Exchange()
    running(leader)
    leg = picked_up(exchange, due()[0])
    exchange.tell_played(leg)
    attempt = Attempt.objects.get(leg=leg)
    assert not said(attempt, "解决了")
    assert queries.questions() == []
    with pytest.raises(NotPermitted):
        actions.hear_words(actor=leader, attempt_id=attempt.pk, step="ask", text="解决了")
    with pytest.raises(NotPermitted):
        actions.note_machine(actor=leader, attempt_id=attempt.pk)
    exchange.digits(leg, "0")  # also where the script says so itself
    assert Answer.objects.get().meaning == "转人工"


def test_a_machine_is_hung_up_and_tried_again(leader: Any, clock: Any):
    exchange = Exchange()
    running(leader)
    leg = picked_up(exchange, due()[0])
    attempt = Attempt.objects.get(leg=leg)
    assert [one.attempt for one in queries.first_words()] == [attempt.pk]
    assert actions.note_machine(actor=MACHINE, attempt_id=attempt.pk)
    assert asked(leg) == ["play", "hangup"]
    assert not actions.note_machine(actor=MACHINE, attempt_id=attempt.pk)
    assert queries.first_words() == []
    exchange.ended(leg, "near")
    target = Target.objects.get(attempts=attempt)
    assert (target.outcome, target.state, target.tried) == (Outcome.MACHINE, TargetState.WAITING, 1)


def test_a_message_is_left_once(leader: Any, clock: Any):
    exchange = Exchange()
    row = running(leader, at_machine=AtMachine.LEAVE, message=MESSAGE)
    assert sound_of(MESSAGE) in queries.words()
    leg = picked_up(exchange, due()[0])
    attempt = Attempt.objects.get(leg=leg)
    actions.note_machine(actor=MACHINE, attempt_id=attempt.pk)
    assert asked(leg) == ["play", "stop"]
    exchange.digits(leg, "1")  # a machine may beep like a key
    assert not Answer.objects.exists()
    assert actions.leave_message(actor=MACHINE, attempt_id=attempt.pk)
    assert not actions.leave_message(actor=MACHINE, attempt_id=attempt.pk)
    last = Ask.objects.order_by("pk").last()
    assert last is not None
    assert last.arguments["files"] == [sound_of(MESSAGE)]
    exchange.tell_played(leg)
    assert asked(leg)[-1] == "hangup"
    exchange.ended(leg, "near")
    assert Target.objects.get(attempts=attempt).outcome == Outcome.MACHINE
    Target.objects.filter(attempts=attempt).update(not_before=None)
    Target.objects.exclude(attempts=attempt).delete()
    Ask.objects.all().delete()
    again = picked_up(exchange, due()[0])
    actions.note_machine(actor=MACHINE, attempt_id=Attempt.objects.get(leg=again).pk)
    assert asked(again)[-1] == "hangup"
    assert Campaign.objects.get(pk=row.pk).state == "running"


def test_who_has_pressed_a_key_is_no_machine(leader: Any, clock: Any):
    exchange = Exchange()
    running(leader)
    leg = picked_up(exchange, due()[0])
    exchange.digits(leg, "1")
    assert not actions.note_machine(actor=MACHINE, attempt_id=Attempt.objects.get(leg=leg).pk)


def test_a_message_is_written_before_it_is_left(leader: Any):
    with pytest.raises(Invalid) as fault:
        actions.save(actor=leader, campaign_id=None, given={**GIVEN, "at_machine": AtMachine.LEAVE})
    assert set(fault.value.details) == {"message"}
    with pytest.raises(Invalid):
        actions.save(
            actor=leader,
            campaign_id=None,
            given={**GIVEN, "at_machine": AtMachine.LEAVE, "message": "好" * 301},
        )


def test_nobody_who_is_on_the_line_with_us_is_called(leader: Any, clock: Any):
    make_telephony()
    exchange = Exchange()
    call = exchange.queued(caller="13800000001")
    running(leader)
    assert call.citizen_id == find_or_create_citizen(actor=MACHINE, phone="13800000001").pk
    [only] = due()
    assert only.arguments["number"] != f"citizen:{call.citizen_id}"
