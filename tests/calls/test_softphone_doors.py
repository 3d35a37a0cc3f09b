"""Doors of the telephone in the browser: the offer and its answer, asking, calling out, listening; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from hotline.accounts.actions import find_or_create_citizen
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.engines import Command, EngineAway, EngineRefused, Offer, Offered
from hotline.calls.exchange import ask_now
from hotline.calls.models import AgentSession, Call, Consultation, Contact, PersonSkill, Skill, Watching
from hotline.calls.views import browser
from tests.accounts.cast import Cast
from tests.calls.factories import CITIZEN, Exchange, distribute, fresh, make_telephony
from tests.calls.test_consulting import comes
from tests.workorders.factories import make_city, make_order

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}
BAR = "/telephone/"


class Switch:
    """Stands for the exchange where a page waits for it."""

    def __init__(self) -> None:
        self.offers: list[Offer] = []
        self.trouble: Exception | None = None

    def __call__(self, command: Command[Any]) -> Any:
        if self.trouble is not None:
            raise self.trouble
        assert isinstance(command, Offer)
        self.offers.append(command)
        return Offered(f"leg-{len(self.offers)}", "v=0 answer")


@pytest.fixture
def switch(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Switch:
    settings.TELEPHONE_ON = True
    made = Switch()
    monkeypatch.setattr(browser, "ask_now", made)
    return made


def at_desk(cast: Cast, exchange: Exchange) -> tuple[Any, AgentSession]:
    """The agent's browser, connected and ready."""
    make_telephony()
    PersonSkill.objects.create(person=cast.agent, skill=Skill.objects.get(code="general"), level=3)
    client = cast.client("agent")
    assert 'id="telephone-here"' in client.get(BAR).content.decode()
    client.post(reverse("calls:sign_in"), {"station": "browser"}, headers=PART)
    session = AgentSession.objects.get()
    assert client.post(reverse("calls:leg"), {"sdp": "v=0 offer"}).json() == {
        "leg": "leg-1",
        "sdp": "v=0 answer",
    }
    comes(exchange, session, "leg-1")
    client.post(reverse("calls:act", args=["ready"]), headers=PART)
    return client, fresh(session)


def test_a_browser_takes_a_call_and_asks_somebody(cast: Cast, switch: Switch):
    exchange = Exchange()
    client, session = at_desk(cast, exchange)
    assert switch.offers == [Offer("v=0 offer", f"agent:{session.pk}", "")]
    Contact.objects.create(code="police", name="公安110", number="110")
    call = exchange.queued()
    distribute()
    bar = client.get(BAR, headers=PART).content.decode()
    assert 'data-state="ringing"' in bar
    assert 'data-key="f1"' in bar
    assert call.citizen.phone_mask in bar
    bar = client.post(reverse("calls:act", args=["answer"]), headers=PART).content.decode()
    assert 'data-state="talking"' in bar
    assert "telephone-ask-button" in bar
    # A reload: the window still knows its leg; another window does not.
    assert client.post(reverse("calls:leg"), {"sdp": "v=0", "last": "leg-1"}).status_code == 200
    assert switch.offers[-1].replaces == "leg-1"
    refused = client.post(reverse("calls:leg"), {"sdp": "v=0", "last": ""})
    assert (refused.status_code, refused.json()["code"]) == (409, "elsewhere")
    assert client.post(reverse("calls:leg"), {"sdp": "v=0", "here": "1"}).status_code == 200

    choices = client.get(reverse("calls:askable"), headers=PART).content.decode()
    assert "公安110" in choices
    target = f"contact:{Contact.objects.get().pk}"
    bar = client.post(
        reverse("calls:ask"), {"target": target, "how": "consult"}, headers=PART
    ).content.decode()
    assert 'data-state="consulting"' in bar
    assert "公安110" in bar
    assert "telephone-take-back" in bar
    client.post(reverse("calls:act", args=["take-back"]), headers=PART)
    foreign = client.post(
        reverse("calls:ask"), {"target": "number", "number": "0044 20", "how": "consult"}, headers=PART
    )
    assert foreign.status_code == 409
    assert (
        client.post(reverse("calls:ask"), {"target": target, "how": "shout"}, headers=PART).status_code == 404
    )
    client.post(
        reverse("calls:ask"), {"target": "number", "number": "139 0000 1111", "how": "pass_on"}, headers=PART
    )
    assert (fresh(call).state, Consultation.objects.latest("pk").name) == ("passed", "139****1111")


def test_the_exchange_is_away_or_says_no(cast: Cast, switch: Switch):
    exchange = Exchange()
    client, _session = at_desk(cast, exchange)
    assert cast.client("shift_leader").post(reverse("calls:leg"), {"sdp": "v=0"}).status_code == 404
    for trouble, code in (
        (EngineAway("gone"), "exchange_away"),
        (EngineRefused("bad_offer", "no"), "bad_offer"),
    ):
        switch.trouble = trouble
        answer = client.post(reverse("calls:leg"), {"sdp": "v=0", "last": "leg-1"})
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    with pytest.raises(EngineAway):
        ask_now(Offer("v=0", "agent:1"))


def test_calling_out_from_the_bar_and_from_an_order(cast: Cast, switch: Switch):
    exchange = Exchange()
    make_city(cast)
    citizen = find_or_create_citizen(actor=SYSTEM, phone=CITIZEN)
    order = make_order(cast, citizen_id=citizen.pk)
    client, session = at_desk(cast, exchange)
    page = client.get(reverse("workorders:detail", args=[order.number])).content.decode()
    assert 'id="citizen-call"' in page
    answer = client.post(reverse("workorders:call_citizen", args=[order.number]), headers=PART)
    assert answer.status_code == 204
    assert "toast" in answer["HX-Trigger"]
    call = Call.objects.get()
    assert (call.order_number, call.citizen_id, fresh(session).state) == (
        order.number,
        order.citizen_id,
        "dialling",
    )
    again = client.post(reverse("workorders:call_citizen", args=[order.number]), headers=PART)
    assert again.status_code == 409
    assert "telephone-stop-dialling" in client.get(BAR, headers=PART).content.decode()
    client.post(reverse("calls:act", args=["stop-dialling"]), headers=PART)
    bar = client.post(reverse("calls:dial"), {"number": "139 0000 1111"}, headers=PART).content.decode()
    assert 'data-state="dialling"' in bar
    assert "13900001111" not in bar


def test_a_leader_listens_from_the_wall(cast: Cast, switch: Switch):
    exchange = Exchange()
    _client, session = at_desk(cast, exchange)
    exchange.queued()
    distribute()
    cast.client("agent").post(reverse("calls:act", args=["answer"]), headers=PART)
    leader = cast.client("shift_leader")
    assert f'data-seat="{session.pk}"' in leader.get("/telephone/seats/").content.decode()
    url = reverse("calls:watch")
    assert (
        cast.client("agent").post(url, {"sdp": "v=0", "seat": session.pk, "role": "listen"}).status_code
        == 403
    )
    switch.trouble = EngineAway("gone")
    assert leader.post(url, {"sdp": "v=0", "seat": session.pk, "role": "listen"}).status_code == 409
    assert not Watching.objects.filter(ended_at=None).exists()
    switch.trouble = None
    assert leader.post(url, {"sdp": "v=0", "seat": "x", "role": "listen"}).status_code == 404
    leg = leader.post(url, {"sdp": "v=0", "seat": session.pk, "role": "listen"}).json()["leg"]
    row = Watching.objects.get(ended_at=None)
    assert (row.leg, switch.offers[-1].label) == (leg, f"watch:{row.pk}")
    comes(exchange, session, leg, f"watch:{row.pk}")
    assert leader.post(url, {"role": "whisper"}).status_code == 200
    assert fresh(row).role == "whisper"
    assert leader.post(reverse("calls:unwatch")).status_code == 204
    assert leader.post(url, {"role": "listen"}).json()["code"] == "not_watching"


def test_no_bar_where_there_is_no_telephone(cast: Cast, settings: Any):
    settings.TELEPHONE_ON = False
    assert 'id="softphone"' not in cast.client("agent").get("/desk/").content.decode()
    settings.TELEPHONE_ON = True
    assert 'id="softphone"' in cast.client("agent").get("/desk/").content.decode()
