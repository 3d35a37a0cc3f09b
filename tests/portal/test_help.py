"""Online help on the portal: works by posting alone, keeps what was typed, shows nobody another's chat."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hotline.chat import actions
from hotline.chat.models import ChatState, Conversation, Message
from hotline.chat.rules import A_MINUTE, LONGEST
from hotline.kit import livetoken
from tests.accounts.cast import Cast
from tests.chat.factories import make_knowledge

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
BACKGROUND = {"X-Requested-With": "help"}


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def text(response: HttpResponse) -> str:
    return response.content.decode()


def client_id(page: str) -> str:
    found = re.search(r'name="client" value="([0-9a-f]+)"', page)
    assert found
    return found.group(1)


def test_question_citation_person_end_without_scripts(cast: Cast) -> None:
    make_knowledge(cast)
    visitor = Client()
    page = text(visitor.get("/help/"))
    assert "转人工" not in page  # nothing was asked yet
    sent = {"text": "居住证怎么办理", "client": client_id(page)}
    for _ in range(2):  # a double click
        assert visitor.post("/help/say/", sent)["Location"] == "/help/#now"
    page = text(visitor.get("/help/"))
    assert Message.objects.count() == 2
    assert "居住证办理和签注" in page
    assert "/knowledge/" in page
    visitor.post("/help/say/", {"text": "<b>粗</b><script>alert(1)</script>", "client": "html"})
    page = text(visitor.get("/help/"))
    assert "&lt;b&gt;粗&lt;/b&gt;&lt;script&gt;" in page
    visitor.post("/help/person/")
    assert "下一位就是您" in text(visitor.get("/help/"))
    visitor.post("/help/machine/")
    visitor.post("/help/person/")
    agent = cast.actor("agent")
    actions.open_seat(actor=agent)
    chat = actions.take_next(actor=agent)
    assert chat is not None
    actions.reply(actor=agent, conversation_id=chat.pk, text="您好", client="x")
    page = text(visitor.get("/help/"))
    assert f"话务员 {agent.id} 号" in page
    assert cast.agent.name not in page
    visitor.post("/help/leave/")
    page = text(visitor.get("/help/"))
    assert "发起新会话" in page
    assert 'id="help-form"' not in page
    visitor.post("/help/again/")
    assert "<script>" not in page
    assert "&lt;b&gt;粗" not in text(visitor.get("/help/"))


def test_again_does_not_throw_a_running_chat_away(cast: Cast) -> None:
    visitor = Client()
    visitor.get("/help/")
    visitor.post("/help/say/", {"text": "在吗", "client": "a"})
    visitor.post("/help/again/")
    assert "在吗" in text(visitor.get("/help/"))


def test_what_is_refused_keeps_the_words(cast: Cast) -> None:
    visitor = Client()
    answer = visitor.post("/help/say/", {"text": "长" * (LONGEST + 1), "client": "a"})
    assert answer.status_code == 422
    assert "长" * (LONGEST + 1) in text(answer)
    told = visitor.post("/help/say/", {"text": " ", "client": "b"}, headers=BACKGROUND)
    assert told.status_code == 422
    assert told["Content-Type"].startswith("text/plain")
    for number in range(A_MINUTE):
        visitor.post("/help/say/", {"text": f"第{number}句", "client": f"c{number}"})
    flooded = visitor.post("/help/say/", {"text": "又一句", "client": "z"})
    assert flooded.status_code == 429
    assert "又一句" in text(flooded)
    assert Message.objects.filter(sender="citizen").count() == A_MINUTE


def test_at_night_the_hours_are_said(cast: Cast, monday) -> None:
    monday.move_to(MONDAY.replace(hour=18))
    visitor = Client()
    visitor.post("/help/say/", {"text": "在吗", "client": "a"})
    assert "08:30" in text(visitor.get("/help/"))
    refused = visitor.post("/help/person/")
    assert refused.status_code == 409
    assert "在吗" in text(refused)
    assert Conversation.objects.get().state == ChatState.MACHINE


def test_nobody_reads_anothers_chat(cast: Cast) -> None:
    one, two = Client(), Client()
    one.get("/help/")
    one.post("/help/say/", {"text": "我家的事", "client": "a"})
    assert "我家的事" not in text(two.get("/help/"))
    assert "我家的事" not in text(two.get("/help/chat/"))
    assert two.get("/help/token/").status_code == 404
    for verb in ("person", "machine", "leave"):
        assert two.post(f"/help/{verb}/").status_code == 404
    given = one.get("/help/token/").json()
    token = livetoken.read(given["token"], settings.SECRET_KEY, MONDAY)
    assert token.topics == {f"chat:{Conversation.objects.get().pk}"}
    assert token.expires_at <= MONDAY + timedelta(minutes=10)


def test_signed_out_the_chat_is_closed_to_the_browser(cast: Cast) -> None:
    client = cast.client("agent")  # staff who tried the portal: their session stays
    client.get("/help/")
    client.post("/help/say/", {"text": "在吗", "client": "a"})
    client.post("/me/sign-out/")
    assert "在吗" not in text(client.get("/help/"))


def test_in_the_background_the_chat_comes_back_alone(cast: Cast) -> None:
    visitor = Client()
    visitor.get("/help/")
    answer = text(visitor.post("/help/say/", {"text": "在吗", "client": "a"}, headers=BACKGROUND))
    assert "在吗" in answer
    assert "<html" not in answer


def test_english(cast: Cast) -> None:
    visitor = Client(headers={"Accept-Language": "en"})
    visitor.post("/language/", {"language": "en", "next": "/help/"})
    visitor.post("/help/say/", {"text": "hello", "client": "a"})
    page = text(visitor.get("/help/"))
    assert "Please say in a few words" in page
    assert Conversation.objects.get().language == "en"


def test_queries_do_not_grow_with_what_was_said(cast: Cast) -> None:
    visitor = Client()
    visitor.get("/help/")

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            visitor.get("/help/chat/")
        return len(found)

    visitor.post("/help/say/", {"text": "在吗", "client": "a"})
    few = count()
    for number in range(8):
        visitor.post("/help/say/", {"text": "你好", "client": f"b{number}"})
    assert count() == few
    assert few <= 12
