"""The seat, the leader's pages, prepared answers, the order's panel: what each role sees, bounded queries, text stays text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from hotline.accounts.models import Role
from hotline.accounts.queries import actor_for
from hotline.audit.models import AuditEntry
from hotline.chat import actions
from hotline.chat.models import CannedAnswer, ChatState, CityRules, Conversation, Message
from hotline.intake.models import Appeal
from hotline.kit.livetopics import allowed
from hotline.ui import watches
from tests.accounts.cast import Cast
from tests.accounts.factories import make_person
from tests.chat.factories import make_knowledge, make_talking, make_waiting, say
from tests.intake.factories import make_reference
from tests.workorders.factories import make_city, make_order

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def text(response: HttpResponse) -> str:
    return response.content.decode()


def test_from_the_queue_to_the_end(cast: Cast) -> None:
    client = cast.client("agent")
    assert "chat-open" in text(client.get("/chat/"))
    client.post("/chat/open/")
    _key, chat = make_waiting("<script>alert(1)</script>工地太吵")
    assert f"/chat/{chat.pk}/take/" in text(client.get("/chat/bar/"))
    assert client.post("/chat/next/")["Location"] == "/chat/"
    page = text(client.get("/chat/"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;工地太吵" in page
    assert "<script>alert" not in page
    sent = {"text": "您好，请讲", "client": "a"}
    for _ in range(2):
        answer = client.post(f"/chat/{chat.pk}/reply/", sent, headers=HTMX)
        assert answer.status_code == 200
    assert text(answer).count("您好，请讲") == 1
    assert client.post(f"/chat/{chat.pk}/reply/", {"text": "", "client": "b"}, headers=HTMX).status_code == 422
    assert client.post(f"/chat/{chat.pk}/reply/", {"text": "再见", "client": "c"}).status_code == 302
    client.post(f"/chat/{chat.pk}/end/")
    assert Conversation.objects.get(pk=chat.pk).state == ChatState.ENDED
    assert "data-reply" not in text(client.get(f"/chat/{chat.pk}/", headers=HTMX))
    client.post("/chat/rest/")
    assert client.post("/chat/close/").status_code == 302


def test_who_is_second_is_told(cast: Cast) -> None:
    _key, chat = make_waiting()
    other = actor_for(make_person("另一位", (Role.AGENT, cast.hub)))
    actions.open_seat(actor=other)
    actions.take(actor=other, conversation_id=chat.pk)
    client = cast.client("agent")
    client.post("/chat/open/")
    assert client.post(f"/chat/{chat.pk}/take/").status_code == 404
    assert "现在没有人排队" in text(client.post("/chat/next/", follow=True))


def test_read_marks_and_what_left(cast: Cast) -> None:
    agent = cast.actor("agent")
    key, chat = make_talking(agent)
    say(key, "还有一件事")
    client = cast.client("agent")
    last = Conversation.objects.get(pk=chat.pk).said
    assert 'data-read="0"' in text(client.get(f"/chat/{chat.pk}/", headers=HTMX))
    assert f'data-read="{last}"' in text(client.get(f"/chat/{chat.pk}/?read={last}", headers=HTMX))
    leader = cast.client("shift_leader")
    assert leader.get(f"/chat/{chat.pk}/").status_code == 204  # sees that it is, reads it by the audited way alone


def test_passing_on_and_refusals_keep_the_page(cast: Cast) -> None:
    agent, other = cast.actor("agent"), actor_for(make_person("另一位", (Role.AGENT, cast.hub)))
    _key, chat = make_talking(agent)
    client = cast.client("agent")
    assert client.post(f"/chat/{chat.pk}/pass/", {"to": ""}).status_code == 422
    actions.open_seat(actor=other)
    assert f"person:{other.id}" in text(client.get(f"/chat/{chat.pk}/"))
    client.post(f"/chat/{chat.pk}/pass/", {"to": f"person:{other.id}"})
    assert Conversation.objects.get(pk=chat.pk).agent_id == other.id


def test_an_appeal_opens_at_the_desk_with_the_words(cast: Cast) -> None:
    make_reference()
    _key, chat = make_talking(cast.actor("agent"), "小区门口路灯坏了一周")
    client = cast.client("agent")
    to = client.post(f"/chat/{chat.pk}/appeal/")["Location"]
    desk = text(client.get(to))
    assert "小区门口路灯坏了一周" in desk
    assert '<option value="chat" selected>' in desk
    Appeal.objects.update(state="answered", number="T1")
    assert client.post(f"/chat/{chat.pk}/appeal/")["Location"] == "/chat/"


def test_the_seats_queries_do_not_grow(cast: Cast) -> None:
    agent = cast.actor("agent")
    CityRules.objects.create(most_chats=8)
    client = cast.client("agent")

    def count() -> int:
        with CaptureQueriesContext(connection, ) as found:
            assert client.get("/chat/bar/").status_code == 200
        return len(found)

    make_talking(agent)
    client.get("/chat/bar/")
    few = count()
    for _ in range(3):
        make_talking(agent)
    for _ in range(15):
        make_waiting()
    assert count() == few
    assert few <= 16


def test_a_leader_sees_seats_and_reads_one_with_a_reason(cast: Cast) -> None:
    key, chat = make_talking(cast.actor("agent"))
    say(key, "我的电话13800001234")
    make_waiting()
    client = cast.client("shift_leader")
    page = text(client.get("/chat/seats/"))
    assert cast.agent.name in page
    assert "13800001234" not in page
    asked = text(client.get(f"/chat/seats/{chat.pk}/"))
    assert "居住证丢了" not in asked
    assert client.post(f"/chat/seats/{chat.pk}/", {"reason": ""}).status_code == 422
    assert not AuditEntry.objects.filter(verb="chat.look_in").exists()
    read = text(client.post(f"/chat/seats/{chat.pk}/", {"reason": "市民投诉"}))
    assert "居住证丢了" in read
    assert "13800001234" not in read  # masked, also for who leads
    assert AuditEntry.objects.filter(verb="chat.look_in").count() == 1
    assert cast.client("agent").get("/chat/seats/").status_code == 403
    assert "chat-tiles" in text(client.get("/chat/seats/", headers=HTMX))


def test_at_the_desk_one_still_has_the_chats(cast: Cast, monday) -> None:
    client = cast.client("agent")
    assert text(client.get("/chat/beside/")) == ""  # no seat, no line
    key, chat = make_talking(cast.actor("agent"))
    say(key, "还在吗")
    assert "chat:beside" in [one.url_name for one in watches.watches_for(cast.actor("agent"))]
    for _ in range(5):
        monday.shift(timedelta(minutes=2))
        desk = text(client.get("/chat/beside/", headers={"HX-Current-URL": "http://testserver/desk/?draft=1"}))
        assert actions.watch(actor=actions.MACHINE)["lost"] == 0
    assert "未读" in desk
    assert "every 30s" in desk
    assert "notice" not in text(client.get("/chat/beside/", headers={"HX-Current-URL": "http://testserver/chat/"}))
    assert Conversation.objects.get(pk=chat.pk).agent_id == cast.agent.pk


def test_live_topics(cast: Cast) -> None:
    agent = cast.actor("agent")
    _key, chat = make_talking(agent)
    topics = [f"chat:{chat.pk}", "chats", "chat:0", "chat:x"]
    assert allowed(agent, topics) == topics[:2]
    assert allowed(cast.actor("shift_leader"), topics) == ["chats"]
    assert allowed(cast.actor("handler"), topics) == []


def test_prepared_answers_and_rules(cast: Cast) -> None:
    client = cast.client("shift_leader")
    given = {"key": "hours", "title": "时间", "text": "八点半到二十点", "category_code": "", "version": "0"}
    assert client.post("/chat/prepared/", given).status_code == 302
    row = CannedAnswer.objects.get()
    assert "hours" in text(client.get("/chat/prepared/"))
    assert client.post("/chat/prepared/", given | {"text": "别的"}).status_code == 422  # somebody had it already
    assert client.post("/chat/prepared/", given | {"key": "坏 键"}).status_code == 422
    assert "八点半" in text(client.get(f"/chat/prepared/{row.pk}/"))
    client.post(f"/chat/prepared/{row.pk}/", given | {"text": "全天", "version": "1"})
    assert CannedAnswer.objects.get(current=True).version == 2
    assert client.get("/chat/prepared/0/").status_code == 404
    client.post(f"/chat/prepared/{CannedAnswer.objects.get(current=True).pk}/retire/")
    assert not CannedAnswer.objects.filter(current=True).exists()
    rules = {"opens": "09:00", "closes": "18:00", "most_chats": 2, "most_waiting": 9, "warn_minutes": 5, "end_minutes": 9}
    assert client.post("/chat/prepared/rules/", rules).status_code == 302
    assert CityRules.objects.get().most_chats == 2
    assert client.post("/chat/prepared/rules/", rules | {"warn_minutes": 9}).status_code == 422
    assert client.post("/chat/prepared/rules/", rules | {"most_chats": 99}).status_code == 422


def test_the_order_shows_its_chat_masked(cast: Cast) -> None:
    make_city(cast)
    make_knowledge(cast)
    order = make_order(cast)
    key, chat = make_talking(cast.actor("agent"), "我的电话13800001234，工地太吵")
    appeal = Appeal.objects.create(
        channel="chat", number="T1", state="ordered", order=order, created_at=MONDAY, updated_at=MONDAY
    )
    Conversation.objects.filter(pk=chat.pk).update(appeal=appeal, filed_at=MONDAY)
    client = cast.client("dispatcher")
    page = text(client.get(f"/chat/orders/{order.pk}/"))
    assert "工地太吵" in page
    assert "13800001234" not in page
    assert cast.client("other_handler").get(f"/chat/orders/{order.pk}/").status_code == 404
    assert "beside-chat" not in text(client.get(f"/orders/{order.number}/"))  # came by telephone
    type(order).objects.filter(pk=order.pk).update(channel="chat")
    assert "beside-chat" in text(client.get(f"/orders/{order.number}/"))
    Message.objects.all().delete()
    Conversation.objects.update(words_deleted_at=MONDAY)
    assert "到期删除" in text(client.get(f"/chat/orders/{order.pk}/"))
    assert key
