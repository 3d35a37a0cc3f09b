"""Pages of recorded calls: who may see and hear, what is in them; another unit's id in the address."""

from __future__ import annotations

import pytest
from django.test import Client

from hotline.audit.models import AuditEntry
from hotline.calls.models import Call
from hotline.intake.models import Appeal
from hotline.intake.queries.conversation import calls_held, calls_of_order, sees_call
from hotline.kit.clock import now
from hotline.kit.livetopics import allowed
from hotline.transcripts import actions
from hotline.transcripts.models import RecordingAlarm, Utterance
from hotline.workorders.models import WorkOrder
from tests.accounts.cast import Cast, sign_in
from tests.transcripts.factories import KEEPER, SCRIBE, Talk, recorded, said
from tests.workorders.factories import make_city, signed

pytestmark = pytest.mark.django_db

WORDS = (
    ("agent", "您好，请问有什么可以帮您"),
    ("citizen", "小区门口的路灯坏了三天了，我要投诉"),
    ("citizen", "我的电话是13812345678，希望尽快派人来修"),
)


def made_of(talk: Talk, order: WorkOrder | None, **more: object) -> Appeal:
    """What the desk keeps of a call."""
    values: dict[str, object] = {
        "number": f"A{talk.call.pk}", "state": "ordered" if order else "answered", "order": order, "channel": "phone",
        "title": "路灯", "content": "路灯坏了", "call_id": str(talk.call.pk), "created_at": now(), "updated_at": now(),
    }  # fmt: skip
    return Appeal.objects.create(**(values | more))


@pytest.fixture
def city(cast: Cast) -> None:
    make_city(cast)


def statuses(cast: Cast, url: str, *who: str) -> dict[str, int]:
    return {name: cast.client(name).get(url).status_code for name in who}


def test_a_call_is_for_who_sees_its_order_and_nobody_else(cast: Cast, city: None) -> None:
    talk, recording = recorded(cast)
    said(talk, *WORDS)
    actions.keep(actor=KEEPER, recording_id=recording.pk)
    order = signed(cast).order
    made_of(talk, order)
    call, sound = f"/recordings/calls/{talk.call.pk}", f"/recordings/sound/{recording.pk}"
    # A handler at another unit puts the number into the address.
    for url in (call, sound, f"/desk/orders/{order.pk}/calls"):
        found = statuses(cast, url, "handler", "other_handler", "dispatcher", "shift_leader")
        assert found == {"handler": 200, "other_handler": 404, "dispatcher": 200, "shift_leader": 200}, url
    assert statuses(cast, call, "admin", "auditor") == {"admin": 403, "auditor": 403}
    assert Client().get(call).status_code == 302
    WorkOrder.objects.filter(pk=order.pk).update(secret=True)
    for url in (call, sound):
        found = statuses(cast, url, "handler", "dispatcher", "shift_leader")
        assert set(found.values()) == {404}, (url, found)
    heard = AuditEntry.objects.filter(verb="transcripts.listen", object_id=str(talk.call.pk))
    assert heard.count() == 3
    assert (
        AuditEntry.objects.filter(verb="transcripts.open_call", actor=cast.actor("handler").key()).count()
        == 1
    )


def test_of_two_orders_of_a_call_both_must_be_ones_own(cast: Cast, city: None) -> None:
    talk, _recording = recorded(cast)
    ours, theirs = signed(cast).order, signed(cast, "b").order
    made_of(talk, ours)
    actor = cast.actor("handler")
    assert sees_call(actor, talk.call.pk) is True
    made_of(talk, theirs, number="A-other")
    assert sees_call(actor, talk.call.pk) is False
    assert sees_call(cast.actor("dispatcher"), talk.call.pk) is True
    assert calls_of_order(actor, ours.pk) == [talk.call.pk]
    assert calls_of_order(actor, theirs.pk) == []
    assert calls_held([talk.call.pk, 10**9]) == {talk.call.pk}


def test_a_call_of_which_nothing_was_made_is_its_agents_and_the_shift_leaders(cast: Cast, city: None) -> None:
    talk, _recording = recorded(cast)
    url = f"/recordings/calls/{talk.call.pk}"
    found = statuses(cast, url, "shift_leader", "dispatcher", "handler", "agent")
    assert found == {"shift_leader": 200, "dispatcher": 404, "handler": 404, "agent": 404}
    assert sign_in(Client(), talk.session.person).get(url).status_code == 200
    made_of(talk, None, secret=True)
    assert statuses(cast, url, "shift_leader") == {"shift_leader": 404}
    assert sign_in(Client(), talk.session.person).get(url).status_code == 200


def test_the_page_has_words_to_jump_to_and_the_sound_comes_in_parts(cast: Cast, city: None) -> None:
    talk, recording = recorded(cast)
    transcript = said(talk, *WORDS)
    actions.file(actor=SCRIBE, transcript_id=transcript)
    actions.keep(actor=KEEPER, recording_id=recording.pk)
    client = cast.client("shift_leader")
    page = client.get(f"/recordings/calls/{talk.call.pk}").content.decode()
    assert 'data-jump="2000"' in page
    assert "data-peaks" in page
    assert '<span data-at="' in page
    assert 'class="personal"' in page
    assert "13812345678" in page
    stored = Utterance.objects.get(start_ms=4000)
    assert "13812345678" not in stored.text
    assert "138****5678" in stored.text
    url = f"/recordings/sound/{recording.pk}"
    whole = client.get(url)
    content = b"".join(whole.streaming_content)
    assert (whole.status_code, whole["Accept-Ranges"], whole["Content-Type"]) == (200, "bytes", "audio/wav")
    assert content[:4] == b"RIFF"
    part = client.get(url, headers={"Range": "bytes=70000-70009"})
    assert (part.status_code, part["Content-Range"]) == (206, f"bytes 70000-70009/{len(content)}")
    assert b"".join(part.streaming_content) == content[70000:70010]
    last = client.get(url, headers={"Range": "bytes=-5"})
    assert b"".join(last.streaming_content) == content[-5:]
    open_end = client.get(url, headers={"Range": f"bytes={len(content) - 3}-"})
    assert b"".join(open_end.streaming_content) == content[-3:]
    assert client.get(url, headers={"Range": f"bytes={len(content)}-"}).status_code == 416
    odd = client.get(url, headers={"Range": "lines=1-2"})
    assert odd.status_code == 200


def test_the_order_page_shows_its_calls_masked(cast: Cast, city: None) -> None:
    talk, _recording = recorded(cast)
    said(talk, *WORDS)
    order = signed(cast).order
    made_of(talk, order)
    shown = cast.client("handler").get(f"/desk/orders/{order.pk}/calls").content.decode()
    assert "路灯坏了" in shown
    assert "138****5678" in shown
    assert "13812345678" not in shown
    page = cast.client("handler").get(f"/orders/{order.number}/").content.decode()
    assert f"/desk/orders/{order.pk}/calls" in page


def test_the_desk_reads_along_and_fills_its_form_from_what_was_said(cast: Cast, city: None) -> None:
    talk = Talk(cast)
    said(talk, *WORDS)
    client = sign_in(Client(), talk.session.person)
    desk = client.get(f"/desk/?call_id={talk.call.pk}").content.decode()
    assert f'data-live-topic="transcript:{talk.call.pk}"' in desk
    pane = client.get(f"/recordings/calls/{talk.call.pk}/live").content.decode()
    assert "13812345678" in pane
    assert 'id="recording-off"' in pane
    first = Utterance.objects.order_by("pk").first()
    assert first is not None
    fresh_lines = client.get(f"/recordings/calls/{talk.call.pk}/live?after={first.pk}").content.decode()
    assert "您好" not in fresh_lines
    assert "路灯" in fresh_lines
    drafted = client.post(f"/desk/calls/{talk.call.pk}/draft").content.decode()
    assert 'data-fill="content"' in drafted
    assert 'data-fill="demand_type" data-value="complaint"' in drafted
    complained = Utterance.objects.get(start_ms=2000)
    assert f'data-source="{complained.pk}"' in drafted
    assert 'data-fill="expectation"' in drafted
    paused = client.post(f"/recordings/calls/{talk.call.pk}/recording", {"pause": "1"}).content.decode()
    assert 'id="recording-on"' in paused
    going = client.post(f"/recordings/calls/{talk.call.pk}/recording", {"pause": "0"}).content.decode()
    assert 'id="recording-off"' in going
    # Another agent puts the call's number into the address.
    other = cast.client("agent")
    for url in (f"/recordings/calls/{talk.call.pk}/live", f"/recordings/calls/{talk.call.pk}"):
        assert other.get(url).status_code == 404
    assert other.post(f"/desk/calls/{talk.call.pk}/draft").status_code == 404
    assert other.post(f"/recordings/calls/{talk.call.pk}/recording", {"pause": "1"}).status_code == 404
    topic = [f"transcript:{talk.call.pk}"]
    assert allowed(talk.agent, topic) == topic
    assert allowed(cast.actor("shift_leader"), topic) == topic
    assert allowed(cast.actor("agent"), topic) == []
    assert allowed(cast.actor("agent"), ["transcript:x"]) == []


def test_alarms_stand_on_every_page_of_who_leads_until_answered(cast: Cast) -> None:
    _talk, recording = recorded(cast, sha256="0" * 64)
    actions.keep(actor=KEEPER, recording_id=recording.pk)
    leader = cast.client("shift_leader")
    assert "/recordings/alarms/" in leader.get("/recordings/alarms/now").content.decode()
    assert "/recordings/alarms/now" in leader.get("/recordings/").content.decode()
    (alarm,) = RecordingAlarm.objects.all()
    assert leader.post(f"/recordings/alarms/{alarm.pk}", {"answer": ""}).status_code == 422
    assert leader.post(f"/recordings/alarms/{alarm.pk}", {"answer": "已核实，磁盘故障"}).status_code == 302
    assert leader.get("/recordings/alarms/now").content.decode().strip() == ""
    assert cast.client("handler").get("/recordings/alarms/").status_code == 403


def test_lists_are_ones_own_or_all_and_of_a_day(cast: Cast) -> None:
    talk, _recording = recorded(cast)
    said(talk, *WORDS)
    leader = cast.client("shift_leader")
    assert f'id="call-{talk.call.pk}"' in leader.get("/recordings/").content.decode()
    assert f'id="call-{talk.call.pk}"' not in cast.client("agent").get("/recordings/").content.decode()
    assert f'id="call-{talk.call.pk}"' not in leader.get("/recordings/?day=2020-01-01").content.decode()
    for odd in ("2020-13-45", "x", "9999-12-31"):
        assert leader.get(f"/recordings/?day={odd}").status_code == 200
    assert Call.objects.count() == 1
