"""Rows of the online help: nothing twice, one agent a chat, nothing lost, who may what."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from hotline.accounts.models import Role
from hotline.accounts.queries import actor_for, citizen_actor
from hotline.audit.models import AuditEntry
from hotline.calls.models import Lane, PersonSkill, Skill
from hotline.chat import actions, queries
from hotline.chat.actions import MACHINE, TooFast
from hotline.chat.models import CannedAnswer, ChatState, CityRules, Conversation, Message, Seat, Sender
from hotline.chat.rules import A_MINUTE, GONE, LONGEST, LONGEST_WAIT, MACHINE_LIFE, MOST
from hotline.intake.actions.drafting import unsealed
from hotline.intake.models import Appeal
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused, Stale
from hotline.knowledge.models import Gap
from hotline.workorders.models import WorkOrder
from tests.accounts.cast import Cast
from tests.accounts.factories import make_person
from tests.chat.factories import VISITOR, chat_of, make_knowledge, make_talking, make_waiting, new_key, say
from tests.intake.factories import make_reference

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in the city
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def texts(key: str) -> list[tuple[str, str, str]]:
    return [(one.sender, one.code, one.text) for one in queries.messages_of(chat_of(key))]


def codes(key: str) -> list[str]:
    return [one.code for one in queries.messages_of(chat_of(key)) if one.code]


# ── the citizen and the machine ──


def test_the_answer_is_a_paragraph_with_its_source(cast: Cast) -> None:
    entry = make_knowledge(cast)
    key = new_key()
    asked = say(key, "居住证怎么办理")
    row = actions.answer(actor=MACHINE, message_id=asked.pk)
    assert row is not None
    assert row.cites == [{"entry": entry.pk, "version": entry.number, "anchor": row.cites[0]["anchor"]}]
    (question, answer) = queries.messages_of(chat_of(key))
    assert answer.text == entry.content.replace("\n\n", "\n")
    assert answer.cites[0].title == entry.title
    assert question.text == "居住证怎么办理"
    # Again is the same answer; a second process finds it.
    assert actions.answer(actor=MACHINE, message_id=asked.pk) == row
    assert Message.objects.count() == 2


def test_what_is_for_staff_alone_is_never_quoted(cast: Cast) -> None:
    make_knowledge(cast)
    key = new_key()
    actions.answer(actor=MACHINE, message_id=say(key, "遇到居住证争议先安抚").pk)
    assert "内部" not in texts(key)[1][2]


def test_what_is_not_known_is_said_and_becomes_a_gap(cast: Cast) -> None:
    make_knowledge(cast)
    key = new_key()
    actions.answer(actor=MACHINE, message_id=say(key, "火星移民手续在哪里办理登记，我的电话13800001234").pk)
    assert texts(key)[1][:2] == (Sender.MACHINE, "unknown")
    assert "13800001234" not in Gap.objects.get().text


def test_danger_and_greeting_and_a_person(cast: Cast) -> None:
    make_knowledge(cast)
    key = new_key()
    for text in ("你好", "家里煤气泄漏了快来", "转人工"):
        actions.answer(actor=MACHINE, message_id=say(key, text).pk)
    assert codes(key) == ["more", "danger", "waiting"]
    assert chat_of(key).state == ChatState.WAITING
    # In the queue the machine is silent.
    assert actions.answer(actor=MACHINE, message_id=say(key, "居住证怎么办理").pk) is None


def test_at_night_a_wish_for_a_person_is_not_queued(cast: Cast, monday) -> None:
    make_knowledge(cast)
    monday.move_to(MONDAY.replace(hour=18))  # two at night
    key = new_key()
    actions.answer(actor=MACHINE, message_id=say(key, "转人工").pk)
    assert chat_of(key).state == ChatState.MACHINE
    assert codes(key) == ["unknown"]
    with pytest.raises(Refused) as refused:
        actions.ask_person(actor=VISITOR, key=key)
    assert "08:30" in str(refused.value.message)


def test_the_same_message_twice_is_one(cast: Cast) -> None:
    key = new_key()
    first = say(key, "路灯坏了", client="a")
    assert say(key, "路灯坏了", client="a") == first
    say(key, "路灯坏了", client="b")
    assert [one.number for one in Message.objects.order_by("number")] == [1, 2]


def test_words_are_sealed_and_tied_to_their_place(cast: Cast) -> None:
    key = new_key()
    one, two = say(key, "我的电话是13800001234"), say(key, "在吗")
    raw = bytes(Message.objects.get(pk=one.pk).sealed)
    assert b"13800001234" not in raw
    Message.objects.filter(pk=two.pk).update(sealed=raw)
    assert "13800001234" not in queries.messages_of(chat_of(key))[1].text
    assert "13800001234" not in queries.messages_of(chat_of(key), masked=True)[0].text


def test_limits_of_a_citizen(cast: Cast) -> None:
    key = new_key()
    with pytest.raises(Invalid):
        say(key, " \n")
    with pytest.raises(Invalid):
        say(key, "长" * (LONGEST + 1))
    with pytest.raises(NotVisible):
        say("short", "x")
    for number in range(A_MINUTE):
        say(key, f"第{number}句")
    with pytest.raises(TooFast):
        say(key, "太快")
    assert chat_of(key).said == A_MINUTE
    Conversation.objects.update(said=MOST)
    with time_machine.travel(MONDAY + 2 * MINUTE), pytest.raises(Refused):
        say(key, "满了")


def test_a_chat_of_a_known_citizen_is_theirs_alone(cast: Cast) -> None:
    key, mine = new_key(), citizen_actor(cast.citizen.pk)
    say(key, "在吗", actor=mine)
    assert chat_of(key).citizen_id == cast.citizen.pk
    for stranger in (VISITOR, cast.actor("agent")):
        with pytest.raises(NotPermitted):
            say(key, "我也在", actor=stranger)


def test_queue_and_back_and_end(cast: Cast) -> None:
    key, chat = make_waiting()
    assert actions.ask_person(actor=VISITOR, key=key).pk == chat.pk
    assert codes(key) == ["waiting"]
    actions.back_to_machine(actor=VISITOR, key=key)
    actions.back_to_machine(actor=VISITOR, key=key)
    assert chat_of(key).state == ChatState.MACHINE
    actions.leave(actor=VISITOR, key=key)
    actions.leave(actor=VISITOR, key=key)
    assert codes(key) == ["waiting", "back", "left"]
    with pytest.raises(Refused):
        say(key, "还有一件")
    with pytest.raises(Refused):
        actions.ask_person(actor=VISITOR, key=key)
    with pytest.raises(NotVisible):
        actions.leave(actor=VISITOR, key=new_key())


def test_a_full_queue_says_so(cast: Cast) -> None:
    CityRules.objects.create(most_waiting=1)
    make_waiting()
    with pytest.raises(Refused) as refused:
        make_waiting()
    assert refused.value.code == "full"


def test_place_and_likely_wait(cast: Cast) -> None:
    waiting = [make_waiting()[1] for _ in range(3)]
    assert [queries.place_of(one).ahead for one in waiting] == [0, 1, 2]
    assert queries.place_of(waiting[2]).wait is None  # nobody sits there: no time is promised
    actions.open_seat(actor=cast.actor("agent"))
    assert queries.place_of(waiting[0]).wait == timedelta(0)
    CityRules.objects.create(most_chats=1)
    assert queries.place_of(waiting[2]).wait == 3 * timedelta(minutes=8)
    Conversation.objects.filter(pk=waiting[2].pk).update(at_head=True)
    assert queries.place_of(Conversation.objects.get(pk=waiting[2].pk)).ahead == 0
    assert queries.place_of(waiting[0]).ahead == 1


def test_only_the_machine_answers_as_the_machine(cast: Cast) -> None:
    row = say(new_key(), "居住证")
    for actor in (VISITOR, cast.actor("agent"), cast.actor("admin")):
        with pytest.raises(NotPermitted):
            actions.answer(actor=actor, message_id=row.pk)
        with pytest.raises(NotPermitted):
            actions.watch(actor=actor)
    with pytest.raises(NotVisible):
        actions.answer(actor=MACHINE, message_id=0)


def test_what_a_killed_process_owes_is_answered(cast: Cast, monday) -> None:
    make_knowledge(cast)
    key = new_key()
    say(key, "居住证怎么办理")
    assert actions.answer_waiting(actor=MACHINE) == 0  # its own process is still at it
    monday.shift(MINUTE)
    assert actions.answer_waiting(actor=MACHINE) == 1
    assert actions.answer_waiting(actor=MACHINE) == 0
    assert texts(key)[1][0] == Sender.MACHINE


def test_what_is_near_is_named_and_not_quoted(cast: Cast) -> None:
    make_knowledge(cast)
    key = new_key()
    actions.answer(actor=MACHINE, message_id=say(key, "房东不肯退押金").pk)
    (_asked, answer) = queries.messages_of(chat_of(key))
    assert answer.code == "near"
    assert next(one.title for one in answer.cites) == "租房押金不退怎么办"


# ── the seat ──


def test_take_answer_end(cast: Cast) -> None:
    agent = cast.actor("agent")
    with pytest.raises(Refused):
        actions.take_next(actor=agent)  # no seat
    actions.open_seat(actor=agent)
    assert actions.take_next(actor=agent) is None
    key, chat = make_waiting()
    assert actions.take_next(actor=agent).pk == chat.pk
    assert actions.take(actor=agent, conversation_id=chat.pk).pk == chat.pk
    canned = actions.save_canned(actor=cast.actor("shift_leader"), key="hello", title="问候", text="您好")
    row = actions.reply(actor=agent, conversation_id=chat.pk, text="您好", client="x", canned_id=canned.pk)
    assert actions.reply(actor=agent, conversation_id=chat.pk, text="您好", client="x") == row
    assert row.canned_id == canned.pk
    say(key, "身份证丢了")
    (mine,) = queries.own_chats(agent.id)
    assert mine.unread == 1
    actions.read_up_to(actor=agent, conversation_id=chat.pk, number=99)
    assert queries.own_chats(agent.id)[0].unread == 0
    actions.end(actor=agent, conversation_id=chat.pk)
    actions.end(actor=agent, conversation_id=chat.pk)
    assert codes(key) == ["waiting", "joined", "ended"]
    with pytest.raises(Refused):
        actions.reply(actor=agent, conversation_id=chat.pk, text="还在吗", client="y")
    assert AuditEntry.objects.filter(verb="chat.take").count() == 1


def test_an_answer_may_cite(cast: Cast) -> None:
    entry = make_knowledge(cast)
    agent = cast.actor("agent")
    key, chat = make_talking(agent)
    actions.reply(actor=agent, conversation_id=chat.pk, text="见办理指南", client="x", entry_id=entry.pk)
    assert queries.messages_of(chat_of(key))[-1].cites[0].entry_id == entry.pk
    with pytest.raises(NotVisible):
        actions.reply(actor=agent, conversation_id=chat.pk, text="见", client="z", canned_id=99)


def test_a_colleague_neither_reads_nor_writes(cast: Cast) -> None:
    _key, chat = make_talking(cast.actor("agent"))
    other = actor_for(make_person("另一位", (Role.AGENT, cast.hub)))
    for call in (
        lambda: actions.reply(actor=other, conversation_id=chat.pk, text="我来", client="x"),
        lambda: actions.end(actor=other, conversation_id=chat.pk),
        lambda: actions.begin_appeal(actor=other, conversation_id=chat.pk),
        lambda: actions.transfer(actor=other, conversation_id=chat.pk, person_id=other.id),
        lambda: queries.conversation_for(other, chat.pk),
    ):
        with pytest.raises(NotVisible):
            call()
    leader = cast.actor("shift_leader")  # sees it, yet has it not
    with pytest.raises(NotPermitted):
        actions.reply(actor=leader, conversation_id=chat.pk, text="我来", client="x")
    with pytest.raises(NotPermitted):
        actions.open_seat(actor=cast.actor("handler"))


def test_no_more_than_one_can_have(cast: Cast) -> None:
    CityRules.objects.create(most_chats=1)
    agent = cast.actor("agent")
    make_talking(agent)
    _key, second = make_waiting()
    with pytest.raises(Refused):
        actions.take_next(actor=agent)
    with pytest.raises(Refused):
        actions.take(actor=agent, conversation_id=second.pk)
    with pytest.raises(Refused):
        actions.close_seat(actor=agent)


@pytest.mark.django_db(transaction=True)
def test_of_two_agents_one_gets_it(cast: Cast) -> None:
    people = [actor_for(make_person(f"甲{n}", (Role.AGENT, cast.hub))) for n in range(4)]
    for one in people:
        actions.open_seat(actor=one)
    chats = {make_waiting()[1].pk for _ in range(2)}
    got: list[int] = []
    barrier = threading.Barrier(4)

    def press(actor) -> None:
        try:
            barrier.wait()
            found = actions.take_next(actor=actor)
            if found is not None:
                got.append(found.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(chats)


@pytest.mark.django_db(transaction=True)
def test_of_two_first_words_at_once_there_is_one_chat(cast: Cast) -> None:
    key = new_key()
    barrier = threading.Barrier(4)

    def send() -> None:
        try:
            barrier.wait()
            say(key, "路灯坏了", client="same")
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert Conversation.objects.count() == 1
    assert Message.objects.count() == 1


def test_the_table_guards_who_has_it(cast: Cast) -> None:
    _key, chat = make_waiting()
    for columns in ({"state": "talking"}, {"agent_id": cast.person("agent").pk}, {"state": "ended"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Conversation.objects.filter(pk=chat.pk).update(**columns)


def lane_of(name: str) -> Lane:
    skill = Skill.objects.create(code=name, name=name)
    return Lane.objects.create(code=name, name=name, skill=skill, least_level=3)


def test_passed_to_a_colleague_or_a_lane(cast: Cast) -> None:
    agent, other = cast.actor("agent"), actor_for(make_person("另一位", (Role.AGENT, cast.hub)))
    key, chat = make_talking(agent)
    with pytest.raises(Refused):
        actions.transfer(actor=agent, conversation_id=chat.pk, person_id=other.id)  # not there
    actions.open_seat(actor=other)
    for to in ({}, {"person_id": other.id, "lane_id": 1}):
        with pytest.raises(Invalid):
            actions.transfer(actor=agent, conversation_id=chat.pk, **to)
    with pytest.raises(Refused):
        actions.transfer(actor=agent, conversation_id=chat.pk, person_id=agent.id)
    assert [one.seat.person_id for one in queries.colleagues(agent)] == [other.id]
    actions.transfer(actor=agent, conversation_id=chat.pk, person_id=other.id)
    assert chat_of(key).agent_id == other.id
    expert = lane_of("expert")
    with pytest.raises(NotVisible):
        actions.transfer(actor=other, conversation_id=chat.pk, lane_id=0)
    actions.transfer(actor=other, conversation_id=chat.pk, lane_id=expert.pk)
    with pytest.raises(NotVisible):
        actions.take(actor=agent, conversation_id=chat.pk)  # has not the skill
    assert actions.take_next(actor=agent) is None
    PersonSkill.objects.create(person_id=agent.id, skill=expert.skill, level=2)
    assert actions.take_next(actor=agent) is None  # not enough of it
    PersonSkill.objects.update(level=3)
    assert actions.take_next(actor=agent).pk == chat.pk
    assert codes(key) == ["waiting", "joined", "passed", "queued", "joined"]


def test_a_seat_that_rests_gets_none_passed(cast: Cast) -> None:
    agent, other = cast.actor("agent"), actor_for(make_person("另一位", (Role.AGENT, cast.hub)))
    _key, chat = make_talking(agent)
    actions.open_seat(actor=other)
    actions.rest(actor=other)
    actions.rest(actor=other)
    with pytest.raises(Refused):
        actions.transfer(actor=agent, conversation_id=chat.pk, person_id=other.id)
    actions.open_seat(actor=other)
    assert not Seat.objects.get(person_id=other.id).resting
    actions.close_seat(actor=other)
    assert not actions.be_seen(actor=other)


# ── what follows by itself ──


def test_an_agent_who_vanishes_loses_the_chats_to_the_head(cast: Cast, monday) -> None:
    agent = cast.actor("agent")
    key, chat = make_talking(agent)
    monday.shift(GONE - timedelta(seconds=1))
    _other, waiting = make_waiting()
    assert actions.watch(actor=MACHINE)["lost"] == 0
    monday.shift(timedelta(seconds=2))
    assert actions.watch(actor=MACHINE)["lost"] == 1
    assert actions.watch(actor=MACHINE)["lost"] == 0
    assert codes(key)[-1] == "lost"
    assert [one.pk for one in queries.queue()] == [chat.pk, waiting.pk]
    actions.open_seat(actor=agent)
    assert actions.take_next(actor=agent).pk == chat.pk


def test_a_page_that_is_there_keeps_the_seat(cast: Cast, monday) -> None:
    agent = cast.actor("agent")
    make_talking(agent)
    for _ in range(3):
        monday.shift(GONE - MINUTE)
        assert actions.be_seen(actor=agent)
        assert actions.watch(actor=MACHINE)["lost"] == 0


def test_silence_reminds_then_ends(cast: Cast, monday) -> None:
    agent = cast.actor("agent")
    key, _chat = make_talking(agent)

    def later(minutes: int) -> int:
        for _ in range(minutes):
            monday.shift(MINUTE)
            actions.be_seen(actor=agent)
        return actions.watch(actor=MACHINE)["silent"]

    assert (later(7), later(1), later(1)) == (0, 1, 0)
    say(key, "我在找材料")
    assert (later(7), later(1), later(7)) == (0, 1, 1)
    assert codes(key)[-3:] == ["warned", "warned", "idle"]
    assert chat_of(key).end_reason == "idle"


def test_waiting_and_forgotten_chats_end(cast: Cast, monday) -> None:
    key = new_key()
    say(key, "在吗")
    make_waiting()
    monday.shift(LONGEST_WAIT)
    assert actions.watch(actor=MACHINE)["silent"] == 1
    monday.shift(MACHINE_LIFE)
    assert actions.watch(actor=MACHINE)["silent"] == 1


def test_the_appeal_keeps_the_chat_and_its_number_comes_back(cast: Cast) -> None:
    make_reference()
    agent = cast.actor("agent")
    key, chat = make_talking(agent, "工地夜里施工太吵", actor=citizen_actor(cast.citizen.pk))
    draft = actions.begin_appeal(actor=agent, conversation_id=chat.pk)
    assert actions.begin_appeal(actor=agent, conversation_id=chat.pk) == draft
    typed = unsealed(Appeal.objects.get(pk=draft).form)
    assert typed["channel"] == ["chat"]
    assert typed["content"] == ["工地夜里施工太吵"]
    assert typed["phone"]
    assert not actions.note_filed(actor=MACHINE, appeal_id=draft)  # has no number yet
    from hotline.intake import actions as intake
    from hotline.intake.rules import AppealForm, CitizenInput

    filed = intake.file_appeal(
        actor=agent, channel="chat", source=f"desk:{agent.id}", idempotency_key=typed["key"][0],
        demand=AppealForm(content="工地夜里施工太吵，影响休息", demand_type="complaint", address="一路1号"),
        citizen=CitizenInput(phone=typed["phone"][0]), draft_id=draft,
    )  # fmt: skip
    assert actions.note_filed(actor=MACHINE, appeal_id=filed.appeal_id)
    assert not actions.note_filed(actor=MACHINE, appeal_id=filed.appeal_id)
    assert filed.number in queries.messages_of(chat_of(key))[-1].text
    assert WorkOrder.objects.get(pk=filed.order_id).channel == "chat"
    assert [one.pk for one in queries.of_order(filed.order_id)] == [chat.pk]
    with pytest.raises(Refused):
        actions.begin_appeal(actor=agent, conversation_id=chat.pk)
    assert not actions.note_filed(actor=MACHINE, appeal_id=0)


def test_a_leader_reads_with_a_reason_that_is_written_down(cast: Cast) -> None:
    _key, chat = make_talking(cast.actor("agent"))
    leader = cast.actor("shift_leader")
    with pytest.raises(Invalid):
        actions.look_in(actor=leader, conversation_id=chat.pk, reason=" ")
    with pytest.raises(NotPermitted):
        actions.look_in(actor=cast.actor("agent"), conversation_id=chat.pk, reason="好奇")
    actions.look_in(actor=leader, conversation_id=chat.pk, reason="市民投诉态度")
    row = AuditEntry.objects.get(verb="chat.look_in")
    assert (row.object_id, row.reason) == (str(chat.pk), "市民投诉态度")


def test_words_go_after_their_time_unless_the_order_is_open(cast: Cast, monday, settings) -> None:
    agent = cast.actor("agent")
    settings.CHAT_DAYS = 30
    key, chat = make_talking(agent)
    other, _kept = make_talking(agent)
    for one in (key, other):
        actions.leave(actor=VISITOR, key=one)
    from tests.workorders.factories import make_city, make_order

    make_city(cast)
    order = make_order(cast)
    appeal = Appeal.objects.create(
        channel="chat", number="T1", state="ordered", order=order, created_at=MONDAY, updated_at=MONDAY
    )
    Conversation.objects.filter(pk=chat.pk).update(appeal=appeal, filed_at=MONDAY)
    monday.shift(timedelta(days=29))
    assert actions.delete_old(actor=MACHINE) == 0
    monday.shift(timedelta(days=2))
    assert actions.delete_old(actor=MACHINE) == 1
    assert not Message.objects.filter(conversation=chat_of(other)).exists()
    assert Message.objects.filter(conversation=chat).exists()
    WorkOrder.objects.filter(pk=order.pk).update(state="closed", closed_at=MONDAY)
    assert actions.delete_old(actor=MACHINE) == 1
    assert actions.delete_old(actor=MACHINE) == 0


# ── configuration ──


def test_prepared_answers_have_versions(cast: Cast) -> None:
    leader = cast.actor("shift_leader")
    first = actions.save_canned(actor=leader, key="hours", title="时间", text="八点半到二十点")
    again = actions.save_canned(actor=leader, key="hours", title="时间", text="八点半到二十点", version=1)
    assert again == first
    with pytest.raises(Stale):
        actions.save_canned(actor=leader, key="hours", title="时间", text="全天")
    second = actions.save_canned(actor=leader, key="hours", title="时间", text="全天", version=1)
    assert [one.pk for one in queries.canned()] == [second.pk]
    assert [one.version for one in queries.canned_versions("hours")] == [2, 1]
    actions.retire_canned(actor=leader, canned_id=second.pk)
    actions.retire_canned(actor=leader, canned_id=second.pk)
    assert queries.canned() == []
    assert actions.save_canned(actor=leader, key="hours", title="时间", text="全天候").version == 3
    assert CannedAnswer.objects.count() == 3
    with pytest.raises(NotVisible):
        actions.retire_canned(actor=leader, canned_id=0)
    with pytest.raises(NotPermitted):
        actions.save_canned(actor=cast.actor("agent"), key="x", title="x", text="x")


def test_the_citys_rules(cast: Cast) -> None:
    given = {
        "opens": time(9), "closes": time(9), "workdays_only": False, "most_chats": 2, "most_waiting": 10,
        "warn_minutes": 5, "end_minutes": 10,
    }  # fmt: skip
    leader = cast.actor("shift_leader")
    actions.save_rules(actor=leader, given=given)
    actions.save_rules(actor=leader, given=given | {"most_chats": 4})
    assert CityRules.objects.get().most_chats == 4
    assert queries.opened(MONDAY.replace(hour=19)).open
    with pytest.raises(Invalid):
        actions.save_rules(actor=leader, given=given | {"warn_minutes": 10})
    with pytest.raises(NotPermitted):
        actions.save_rules(actor=cast.actor("agent"), given=given)
    actions.save_rules(actor=leader, given=given | {"workdays_only": True})
    assert not queries.opened(MONDAY).open  # no calendar knows the day
