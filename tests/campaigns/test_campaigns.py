"""Campaigns from the list to the answers, with the switch's words and without a switch."""

from __future__ import annotations

import csv
import io
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from hotline.accounts.models import Role
from hotline.accounts.queries import actor_for
from hotline.audit.models import AuditEntry
from hotline.calls.actions import watch
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.models import Ask, Call, CallState
from hotline.campaigns import actions, queries
from hotline.campaigns.models import Answer, Attempt, Campaign, OptOut, State, Target, TargetState
from hotline.campaigns.rules import Outcome, parse
from hotline.kit.errors import Invalid, NotPermitted, Refused
from tests.accounts.cast import Cast, sign_in
from tests.accounts.factories import make_person
from tests.calls.factories import Exchange, make_telephony
from tests.campaigns.factories import (
    GIVEN,
    LIST,
    MORNING,
    SCRIPT,
    asked,
    due,
    picked_up,
    rung,
    running,
    spoken,
)

pytestmark = pytest.mark.django_db


def test_a_list_is_read_dry_then_kept_and_numbers_are_nowhere(leader: Any):
    row = actions.save(actor=leader, campaign_id=None, given=GIVEN)
    look = actions.add_list(actor=leader, campaign_id=row.pk, data=LIST, dry=True)
    assert (look.good, look.twice, look.there, [one.row for one in look.faults]) == (2, 1, 0, [5, 6])
    assert not row.targets.exists()
    OptOut.objects.create(citizen=_citizen("13800000009"), by="x", at=MORNING)
    kept = actions.add_list(
        actor=leader, campaign_id=row.pk, data=LIST.decode().encode("gb18030") + b"x,13800000009\n", dry=False
    )
    assert (kept.good, kept.opted_out) == (2, 1)
    again = actions.add_list(actor=leader, campaign_id=row.pk, data=LIST, dry=False)
    assert (again.good, again.there, row.targets.count()) == (0, 2, 2)
    assert "1380000000" not in str(list(AuditEntry.objects.filter(object_type="campaign").values()))
    assert "13800000001" not in actions.export(actor=leader, campaign_id=row.pk).decode()
    for wrong in (b"\xff\xfe\x00", b"name\nx\n"):
        with pytest.raises(Invalid):
            actions.add_list(actor=leader, campaign_id=row.pk, data=wrong, dry=False)


def _citizen(phone: str) -> Any:
    from hotline.accounts.actions import find_or_create_citizen

    return find_or_create_citizen(actor=SYSTEM, phone=phone)


def test_what_may_not_be_kept_or_started(leader: Any, cast: Cast):
    with pytest.raises(Invalid) as wrong:
        actions.save(
            actor=leader,
            campaign_id=None,
            given={**GIVEN, "script": "hello", "closes": datetime(2026, 1, 1, 22).time()},
        )
    assert set(wrong.value.details) == {"script", "closes"}
    agent = actor_for(make_person("话务员", (Role.AGENT, cast.hub)))
    with pytest.raises(NotPermitted):
        actions.save(actor=agent, campaign_id=None, given=GIVEN)
    row = actions.save(actor=leader, campaign_id=None, given=GIVEN)
    with pytest.raises(Refused) as empty:
        actions.start(actor=leader, campaign_id=row.pk)
    assert empty.value.code == "no_targets"
    actions.add_list(actor=leader, campaign_id=row.pk, data=LIST, dry=False)
    with pytest.raises(Refused) as silent:
        actions.start(actor=leader, campaign_id=row.pk)
    assert silent.value.code == "not_spoken"
    assert set(queries.words().values()) == set(parse(SCRIPT).sounds().values())
    spoken()
    actions.start(actor=leader, campaign_id=row.pk)
    with pytest.raises(Invalid, match="campaign"):
        actions.save(actor=leader, campaign_id=row.pk, given={**GIVEN, "script": SCRIPT + "再说一句"})
    actions.save(actor=leader, campaign_id=row.pk, given={**GIVEN, "lines": 5})


def test_a_citizen_answers_by_key_and_it_is_written_down(leader: Any, clock: Any):
    exchange = Exchange()
    row = running(leader)
    first, second = due()
    assert first.arguments["number"].startswith("citizen:")  # the number is put in when it is dialled
    assert due() == [first, second]  # no more than its lines
    leg = picked_up(exchange, first)
    assert asked(leg) == ["play"]
    exchange.tell_played(leg)
    assert asked(leg) == ["play", "collect"]
    exchange.digits(leg, "7")  # leads nowhere: said once more
    assert asked(leg) == ["play", "collect", "play"]
    exchange.tell_played(leg)
    exchange.digits(leg, "2")
    answer = Answer.objects.get()
    assert (answer.step, answer.key, answer.meaning) == ("ask", "2", "没有解决")
    exchange.tell_played(leg)
    assert asked(leg)[-1] == "hangup"
    exchange.ended(leg, "near")
    target = Target.objects.get(attempts__leg=leg)
    assert (target.state, target.outcome) == (TargetState.DONE, Outcome.COMPLETE)

    silent = picked_up(exchange, second)
    for _time in range(2):
        exchange.tell_played(silent)
        exchange.digits(silent, "", "timeout")
    assert asked(silent)[-1] == "hangup"
    exchange.ended(silent, "near")
    other = Target.objects.get(attempts__leg=silent)
    assert (other.state, other.outcome, other.tried) == (TargetState.WAITING, Outcome.SILENT, 1)
    assert other.not_before == MORNING.replace(hour=12)
    Ask.objects.all().delete()
    assert due() == []  # not before the afternoon
    clock.move_to(MORNING.replace(hour=12))
    [third] = due()
    ringing = rung(exchange, third)
    exchange.ended(ringing, "no_answer")
    assert Target.objects.get(pk=other.pk).state == TargetState.UNREACHED
    due()
    assert Campaign.objects.get(pk=row.pk).state == State.ENDED
    page = queries.page(leader, row.pk)
    assert [(one.meaning, one.count, one.percent) for one in page.asked[0].meanings][1] == (
        "没有解决",
        1,
        100,
    )
    assert (page.listed, page.settled, page.percent) == (2, 2, 100)
    data = actions.export(actor=leader, campaign_id=row.pk).decode("utf-8-sig")
    [mark], head, *lines, total, [again] = list(csv.reader(io.StringIO(data)))
    assert head[-1] == "ask"
    assert sorted(line[-1] for line in lines) == ["", "没有解决"]
    assert (mark, leader.name in mark, total[1]) == (again, True, "2")
    assert AuditEntry.objects.get(verb="campaigns.export").data["rows"] == 2


def test_a_citizen_who_wants_a_person_waits_for_one_and_one_who_wants_no_calls_gets_none(
    leader: Any, clock: Any
):
    make_telephony()
    exchange = Exchange()
    row = running(leader)
    first, second = due()
    leg = picked_up(exchange, first)
    exchange.digits(leg, "0")
    call = Call.objects.get(leg=leg)
    assert (call.state, call.citizen_id) == (
        CallState.QUEUED,
        Target.objects.get(attempts__leg=leg).citizen_id,
    )
    assert Target.objects.get(attempts__leg=leg).outcome == Outcome.HANDED
    exchange.ended(leg)
    assert Call.objects.get(pk=call.pk).state == CallState.ENDED

    other = picked_up(exchange, second)
    exchange.digits(other, "9")
    exchange.ended(other, "near")
    never = OptOut.objects.get()
    assert Target.objects.get(attempts__leg=other).outcome == Outcome.OPTED_OUT

    # Another campaign leaves both alone: one wants no calls, the other was spoken to today.
    Ask.objects.all().delete()
    Campaign.objects.filter(pk=row.pk).update(state=State.ENDED)
    later = actions.save(actor=leader, campaign_id=None, given=GIVEN)
    Target.objects.create(campaign=later, citizen=never.citizen)
    Target.objects.create(campaign=later, citizen_id=call.citizen_id)
    actions.start(actor=leader, campaign_id=later.pk)
    assert due() == []
    assert set(later.targets.values_list("state", "why")) == {
        (TargetState.SKIPPED, "opted_out"),
        (TargetState.SKIPPED, "rests"),
    }
    actions.take_opt_out_back(actor=leader, citizen_id=never.citizen_id)
    assert not OptOut.objects.exists()


def test_hours_days_off_pause_and_end(leader: Any, clock: Any):
    exchange = Exchange()
    row = running(leader, workdays_only=True)  # on a calendar that is not there nobody is called
    assert due() == []
    Campaign.objects.filter(pk=row.pk).update(workdays_only=False)
    clock.move_to(MORNING.replace(hour=8, minute=30))
    assert due() == []
    clock.move_to(MORNING)
    Campaign.objects.filter(pk=row.pk).update(lines=1)
    [first] = due()
    leg = picked_up(exchange, first)
    actions.pause(actor=leader, campaign_id=row.pk)
    assert due() == []
    exchange.tell_played(leg)
    assert asked(leg)[-1] == "collect"  # who is spoken with is heard to the end
    actions.start(actor=leader, campaign_id=row.pk)
    actions.end(actor=leader, campaign_id=row.pk)
    assert asked(leg)[-1] == "hangup"
    exchange.ended(leg, "near")
    assert due() == []
    with pytest.raises(Refused):
        actions.start(actor=leader, campaign_id=row.pk)


def test_what_the_switch_lost_is_tried_again(leader: Any, clock: Any):
    exchange = Exchange()
    running(leader)
    first, _second = due()
    leg = picked_up(exchange, first)
    kept = exchange.facts(
        leg, direction="out", state="up", label=Attempt.objects.get(leg=leg) and _label(leg), answered=MORNING
    )
    exchange.reset(kept)  # events were missed: what it says is said anew, the other is still to be dialled
    assert asked(leg) == ["play", "play"]
    assert Attempt.objects.filter(ended_at=None).count() == 2
    exchange.reset(run="run-2")  # the switch was started anew
    assert Attempt.objects.filter(ended_at=None).count() == 0
    assert set(Target.objects.values_list("state", "outcome")) == {(TargetState.WAITING, Outcome.CUT)}
    clock.move_to(MORNING + timedelta(hours=2))
    rows = due()
    assert len(rows) == 2
    from hotline.calls.actions import refused

    refused(actor=SYSTEM, ask_id=rows[0].pk, code="no_trunk")
    assert Target.objects.filter(outcome=Outcome.FAILED, state=TargetState.UNREACHED).count() == 1
    clock.move_to(datetime.now(UTC) + timedelta(minutes=3))  # of the other the switch says nothing at all
    watch(actor=SYSTEM)
    assert Target.objects.filter(outcome=Outcome.CUT, state=TargetState.UNREACHED).count() == 1


def _label(leg: str) -> str:
    return f"campaign:{Attempt.objects.get(leg=leg).pk}"


def test_the_pages(leader: Any, client: Client, clock: Any):
    from hotline.accounts.models import Person

    sign_in(client, Person.objects.get(pk=leader.id))
    assert "还没有自动外呼任务" in client.get("/campaigns/").content.decode()
    form = {
        **GIVEN,
        "opens": "09:00",
        "closes": "20:00",
        "workdays_only": "",
    }
    looked = client.post("/campaigns/new", {**form, "look": "1"}).content.decode()
    assert "way-thanks" in looked
    assert not Campaign.objects.exists()
    wrong = client.post("/campaigns/new", {**form, "script": "hello"})
    assert (wrong.status_code, "第 1 行" in wrong.content.decode()) == (422, True)
    assert client.post("/campaigns/new", form).status_code == 302
    row = Campaign.objects.get()
    place = f"/campaigns/{row.pk}/"
    file = io.BytesIO(LIST)
    file.name = "list.csv"
    shown = client.post(f"{place}list", {"file": file, "look": "1"}).content.decode()
    assert "第 5 行" in shown
    assert "13800000001" not in shown
    file.seek(0)
    client.post(f"{place}list", {"file": file, "add": "1"})
    assert row.targets.count() == 2
    spoken()
    client.post(f"{place}do/start")
    assert "暂停呼叫" in client.get(place).content.decode()
    client.post(f"{place}do/pause")
    client.post(f"{place}do/end")
    page = client.get(place).content.decode()
    assert "已结束" in page
    assert "138****0001" in client.get(f"{place}answers.csv").content.decode()
    OptOut.objects.create(citizen=row.targets.all()[0].citizen, by="x", at=MORNING)
    assert "138****" in client.get("/campaigns/no-calls").content.decode()
    client.post(f"/campaigns/no-calls/{OptOut.objects.get().citizen_id}")
    assert not OptOut.objects.exists()


def test_a_call_that_is_not_a_leg_yet_is_let_go_when_the_campaign_has_ended(leader: Any, clock: Any):
    exchange = Exchange()
    row = running(leader)
    first, _second = due()
    actions.end(actor=leader, campaign_id=row.pk)
    assert set(Attempt.objects.values_list("outcome", "leg")) == {(Outcome.FAILED, "")}
    assert not Attempt.objects.filter(ended_at=None).exists()
    leg = picked_up(exchange, first)
    assert asked(leg) == ["hangup"]  # it hears nothing of the script


def test_who_only_had_a_machine_pick_up_was_not_spoken_to(leader: Any, clock: Any):
    exchange = Exchange()
    row = running(leader)
    for one in due():
        leg = picked_up(exchange, one)
        Attempt.objects.filter(leg=leg).update(machine=True)
        exchange.ended(leg)
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {Outcome.MACHINE}
    Campaign.objects.filter(pk=row.pk).update(state=State.ENDED)
    later = running(leader)
    assert len(due()) == 2
    assert not later.targets.filter(state=TargetState.SKIPPED).exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_changes_a_campaign_keeps_no_call_waiting(leader: Any, clock: Any):
    row = running(leader)
    held, go_on = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            Campaign.objects.select_for_update().get(pk=row.pk)
            held.set()
            go_on.wait(20)
        connection.close()

    other = threading.Thread(target=change)
    other.start()
    try:
        assert held.wait(20)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        assert due() == []  # and no OperationalError: nobody waited
    finally:
        go_on.set()
        other.join()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
    assert len(due()) == 2
