"""The agent's telephone and the wall of seats, as pages."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hotline.audit.models import AuditEntry
from hotline.calls import actions
from hotline.calls.models import AgentSession, PersonSkill, Skill
from hotline.kit.errors import NotVisible
from tests.accounts.cast import Cast
from tests.calls.factories import CITIZEN, Exchange, distribute, make_telephony

pytestmark = pytest.mark.django_db
PAGE = "/telephone/"


def test_an_agent_signs_in_takes_a_call_and_sees_who_calls(cast: Cast, settings):
    settings.TELEPHONE_ON = True
    exchange = Exchange()
    make_telephony()
    PersonSkill.objects.create(person=cast.agent, skill=Skill.objects.get(code="general"), level=3)
    client = cast.client("agent")
    assert 'name="number"' in client.get(PAGE).content.decode()
    client.post(reverse("calls:sign_in"), {"number": "no number"})
    assert not AgentSession.objects.exists()
    client.post(reverse("calls:sign_in"), {"number": "6001"})
    session = AgentSession.objects.get()
    assert (session.number, session.trunk, session.state) == ("6001", "local", "paused")
    said = client.get(PAGE).content.decode()
    assert 'id="telephone-ready"' in said
    assert 'id="telephone-hang-up"' not in said
    assert client.post(reverse("calls:act", args=["pause"]), {"code": "break"}).status_code == 409
    client.post(reverse("calls:act", args=["ready"]))
    call = exchange.queued()
    assert distribute() == 1
    fragment = client.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert f"call_id={call.pk}" in fragment
    assert call.citizen.phone_mask in fragment
    assert CITIZEN not in fragment
    assert "<html" not in fragment

    desk = client.get(reverse("intake:desk"), {"call_id": call.pk}).content.decode()
    assert CITIZEN in desk
    assert (
        AuditEntry.objects.filter(verb="accounts.reveal_identity", actor=cast.actor("agent").key()).count()
        == 1
    )
    other = cast.client("shift_leader").get(reverse("intake:desk"), {"call_id": call.pk}).content.decode()
    assert CITIZEN not in other
    with pytest.raises(NotVisible):
        actions.caller_number(actor=cast.actor("shift_leader"), call_id=call.pk)

    exchange.answered(exchange.dialled())
    assert 'id="telephone-hold"' in client.get(PAGE).content.decode()
    for verb in ("hold", "resume", "hang-up", "ready", "sign-out"):
        assert client.post(reverse("calls:act", args=[verb])).status_code == 302
    assert AgentSession.objects.get().state == "signed_out"
    assert client.post(reverse("calls:act", args=["ready"])).status_code == 404
    assert client.post(reverse("calls:act", args=["dance"])).status_code == 404


def test_a_withheld_number_opens_an_empty_desk(cast: Cast):
    exchange = Exchange()
    make_telephony()
    PersonSkill.objects.create(person=cast.agent, skill=Skill.objects.get(code="general"), level=3)
    session = actions.sign_in(actor=cast.actor("agent"), station="phone", number="6001", trunk="local")
    actions.ready(actor=cast.actor("agent"), session_id=session.pk)
    call = exchange.queued(caller="anonymous")
    distribute()
    assert actions.caller_number(actor=cast.actor("agent"), call_id=call.pk) == ""
    assert cast.client("agent").get(reverse("intake:desk"), {"call_id": call.pk}).status_code == 200


def test_without_a_telephone_the_page_says_so(cast: Cast):
    said = cast.client("agent").get(PAGE).content.decode()
    assert "HOTLINE_TELEPHONE" in said
    assert 'name="number"' not in said


def test_the_wall_shows_queues_and_seats_to_those_who_watch(cast: Cast):
    exchange = Exchange()
    make_telephony()
    leader = cast.client("shift_leader")
    assert "“我的话机”" in leader.get("/telephone/seats/").content.decode()
    session = actions.sign_in(actor=cast.actor("agent"), station="phone", number="6001", trunk="local")
    exchange.queued()
    fragment = leader.get("/telephone/seats/", headers={"HX-Request": "true"}).content.decode()
    assert f'id="seat-{session.pk}"' in fragment
    assert cast.agent.name in fragment
    assert cast.client("agent").get("/telephone/seats/").status_code == 403
