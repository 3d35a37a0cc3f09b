"""The phone's API: sign to finish, nothing twice, conflicts, other people's devices."""

from __future__ import annotations

import io
import re
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from PIL import Image

from hotline.accounts.models import StaffSession
from hotline.audit.models import AuditEntry
from hotline.frontline.actions import forget_receipts
from hotline.frontline.models import Device, Receipt
from hotline.kit.clock import now
from hotline.workorders import actions
from hotline.workorders.models import Assignment, Attachment, Contact, WorkOrder, WorkOrderEvent
from hotline.workorders.queries.photos import photo_proofs
from tests.accounts.cast import Cast
from tests.frontline.factories import Phone
from tests.frontline.test_rules import scene
from tests.places.shapes import districts, divisions
from tests.workorders.factories import dispatched, fresh, make_city, signed


@pytest.fixture
def files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def picture(seed: int = 1, name: str = "a.jpg", size: tuple[int, int] = (640, 480), quality: int = 85) -> io.BytesIO:
    body = io.BytesIO()
    scene(seed).resize(size).save(body, "JPEG", quality=quality)
    body.seek(0)
    body.name = name
    return body


@pytest.fixture
def world(cast: Cast, files: None) -> Cast:
    make_city(cast, photo_proof={"01": "both"})
    return cast


def revision(assignment: Assignment) -> int:
    return WorkOrder.objects.get(pk=assignment.order_id).revision


def test_from_signing_to_the_answer(world: Cast) -> None:
    assignment = dispatched(world, citizen_id=world.citizen.pk, latitude=31.2304, longitude=121.4737)
    phone = Phone(world, "handler")
    (task,) = phone.get("tasks").json()["tasks"]
    assert (task["id"], task["next"], task["may"]) == (assignment.pk, "sign", ["return", "note"])
    at = phone.act("sign", assignment.pk, task["revision"]).json()["revision"]
    at = phone.act("contact", assignment.pk, at, reached=True, text="约定下午到现场").json()["revision"]
    at = phone.act("arrive", assignment.pk, at, latitude=31.2305, longitude=121.4738, accuracy=12).json()["revision"]
    asked = phone.act("ask_assistance", assignment.pk, at, unit=world.b.pk, text="请带抽水泵来").json()
    (task,) = phone.get("tasks").json()["tasks"]
    assert task["next"] == "after"
    assert (task["asked"][0]["unit"], task["asked"][0]["question"]) == (world.b.short_name, "请带抽水泵来")
    other = Phone(world, "other_handler")
    (theirs,) = other.get("tasks").json()["tasks"]
    assert theirs["role"] == "assistant"
    assert theirs["finish_due"] == task["asked"][0]["due"] is not None, "both see the same clock"
    signed_there = other.act("sign", theirs["id"], asked["revision"]).json()
    answered = other.act("give_opinion", theirs["id"], signed_there["revision"], text="水已抽干")
    assert answered.status_code == 200, answered.content
    photo = phone.photo(phone.envelope("photo", assignment.pk, data={"kind": "after", "public": True, "latitude": 31.2305, "longitude": 121.4738, "accuracy": 9}), picture())
    assert photo.status_code == 200, photo.content
    (task,) = phone.get("tasks").json()["tasks"]
    assert task["next"] == "finish"
    assert task["asked"][0]["answer"] == "水已抽干"
    done = phone.act("reply", assignment.pk, task["revision"], fact_finding="true", demand_finding="reasonable", site_visit="yes", outcome="solved", method="phone", text="积水已排除，护栏已修好。")
    assert done.status_code == 200, done.content
    row = fresh(assignment)
    assert row.state == "replied"
    assert row.arrived_at is not None
    assert Contact.objects.get(assignment=row).text == "约定下午到现场"
    kept = Attachment.objects.get(order=row.order_id)
    assert (kept.kind, kept.audience) == ("after", "public")
    assert [event.verb for event in WorkOrderEvent.objects.filter(order=row.order_id, actor=world.actor("handler").key()).order_by("id")] == [
        "sign", "contact", "arrive", "ask_assistance", "attach", "reply",
    ]  # fmt: skip
    assert phone.get("tasks").json()["tasks"] == []


def test_the_same_envelope_acts_once_and_hears_the_first_answer_again(world: Cast) -> None:
    assignment = dispatched(world)
    phone = Phone(world, "handler")
    envelope = phone.envelope("sign", assignment.pk, revision(assignment))
    first = phone.send(envelope).json()
    actions.add_note(actor=world.actor("dispatcher"), order_id=assignment.order_id, text="请尽快")
    again = phone.send({**envelope, "revision": 99}).json()
    assert (first["again"], again["again"]) == (False, True)
    drop = {"again", "server_time", "until"}
    assert {k: v for k, v in first.items() if k not in drop} == {k: v for k, v in again.items() if k not in drop}
    assert WorkOrderEvent.objects.filter(order=assignment.order_id, verb="sign").count() == 1
    other = phone.send({**envelope, "data": {"text": "another"}})
    assert (other.status_code, other.json()["code"]) == (409, "other_content")


def test_a_replayed_queue_changes_nothing(world: Cast) -> None:
    assignment = dispatched(world)
    phone = Phone(world, "handler")
    envelopes = [phone.envelope("sign", assignment.pk), phone.envelope("contact", assignment.pk, data={"reached": True})]
    photo = phone.envelope("photo", assignment.pk, data={"kind": "after"})
    for _ in range(3):
        assert [phone.send(one).status_code for one in envelopes] == [200, 200]
        assert phone.photo(photo, picture()).status_code == 200
    assert Contact.objects.count() == 1
    assert Attachment.objects.count() == 1
    assert Receipt.objects.count() == 3


def test_what_is_refused_leaves_no_receipt_and_may_be_sent_again(world: Cast) -> None:
    assignment = dispatched(world)
    phone = Phone(world, "handler")
    envelope = phone.envelope("contact", assignment.pk, data={"reached": True})
    assert phone.send(envelope).json()["code"] == "assignment_state"
    assert not Receipt.objects.exists()
    phone.act("sign", assignment.pk)
    assert phone.send(envelope).status_code == 200


def test_a_changed_order_comes_back_with_both_sides(world: Cast) -> None:
    assignment = dispatched(world)
    phone = Phone(world, "handler")
    seen = revision(assignment)
    actions.urge(actor=world.actor("agent"), order_id=assignment.order_id, text="市民再次来电催办", reason_code="")
    envelope = phone.envelope("sign", assignment.pk, seen)
    answer = phone.send(envelope)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "stale")
    assert body["theirs"]["text"] == "市民再次来电催办"
    assert body["theirs"]["revision"] == body["task"]["revision"] == revision(assignment)
    assert fresh(assignment).state == "pending_sign"
    assert phone.send({**envelope, "revision": body["theirs"]["revision"]}).status_code == 200, "the same act, decided by its person"


def test_recalled_meanwhile_nothing_is_done(world: Cast) -> None:
    assignment = signed(world)
    phone = Phone(world, "handler")
    seen = revision(assignment)
    actions.recall(actor=world.actor("dispatcher"), assignment_id=assignment.pk, reason="改派")
    body = phone.act("arrive", assignment.pk, seen).json()
    assert (body["code"], body["task"]) == ("stale", None)
    assert fresh(assignment).arrived_at is None


def test_a_queue_of_another_device_or_person_is_refused(world: Cast) -> None:
    assignment = dispatched(world)
    phone, second, stranger = Phone(world, "handler"), Phone(world, "handler"), Phone(world, "other_handler")
    envelope = phone.envelope("sign", assignment.pk)
    assert second.send(envelope).json()["code"] == "other_device"
    assert stranger.send(envelope).json()["code"] == "other_device"
    assert stranger.send({**envelope, "device": str(stranger.uid)}).status_code == 404, "not their order either"
    assert phone.send(envelope).status_code == 200
    copied = second.send({**envelope, "device": str(second.uid)})
    assert copied.json()["code"] == "other_device"
    assert Receipt.objects.count() == 1


def test_a_token_ends_with_its_session_and_with_a_new_one(world: Cast) -> None:
    phone = Phone(world, "handler")
    assert phone.get("tasks").status_code == 200
    later = Phone(world, "handler", phone.uid)
    assert phone.get("tasks").status_code == 401, "the phone has a newer token"
    assert later.given["queue_key"] == phone.given["queue_key"], "what was queued can be opened again"
    assert later.given["cache_key"] != phone.given["cache_key"], "what was kept of the session before cannot"
    StaffSession.objects.update(ended_at=now(), end_reason="ended")
    assert later.get("tasks").status_code == 401
    assert Device.objects.count() == 1


def test_another_person_on_the_same_phone_gets_other_keys(world: Cast) -> None:
    phone = Phone(world, "handler")
    other = Phone(world, "other_handler", phone.uid)
    assert other.given["queue_key"] != phone.given["queue_key"]
    assert phone.get("tasks").status_code == 200


def test_a_phone_that_sleeps_too_long_has_to_sign_in_again(world: Cast, settings: Any) -> None:
    phone = Phone(world, "handler")
    with time_machine.travel(now() + timedelta(minutes=settings.STAFF_SESSION_IDLE_MINUTES - 1), tick=False):
        assert phone.get("tasks").status_code == 200
    with time_machine.travel(now() + timedelta(minutes=2 * settings.STAFF_SESSION_IDLE_MINUTES), tick=False):
        assert phone.get("tasks").status_code == 401


def test_the_cookie_alone_opens_no_api(world: Cast) -> None:
    client = world.client("handler")
    assert client.get("/frontline/api/v1/tasks").status_code == 401
    assert client.post("/frontline/api/v1/acts", "{}", "application/json").status_code == 401
    assert world.client("auditor").post("/frontline/api/v1/devices", "{}", "application/json").status_code == 403


def test_a_clock_wrong_by_a_day_keeps_both_times(world: Cast) -> None:
    assignment = signed(world)
    phone = Phone(world, "handler")
    wrong = now() + timedelta(days=1)
    envelope = phone.envelope("contact", assignment.pk, at=wrong, data={"reached": True})
    answer = phone.send(envelope)
    assert answer.status_code == 200, answer.content
    receipt = Receipt.objects.get()
    assert receipt.device_at == wrong
    assert abs(receipt.true_at - now()) < timedelta(seconds=5)
    assert abs(Contact.objects.get().contacted_at - now()) < timedelta(seconds=5)


def test_confidential_orders_stay_on_the_computer(world: Cast) -> None:
    world.handler.memberships.update(handles_secret=True)
    world.dispatcher.memberships.update(handles_secret=True)
    assignment = dispatched(world, secret=True)
    phone = Phone(world, "handler")
    body = phone.get("tasks").json()
    assert (body["tasks"], body["secret"]) == ([], 1)
    assert phone.act("sign", assignment.pk).json()["code"] == "secret"
    assert phone.get(f"tasks/{assignment.pk}").status_code == 404
    assert fresh(assignment).state == "pending_sign"


def test_a_number_is_shown_for_a_reason_and_recorded(world: Cast) -> None:
    assignment = signed(world, citizen_id=world.citizen.pk)
    phone = Phone(world, "handler")
    path = f"/frontline/api/v1/tasks/{assignment.pk}"
    assert phone.bare.post(f"{path}/call", "{}", "application/json", headers=phone.door).json()["code"] == "no_telephone"
    assert phone.bare.post(f"{path}/reveal", "{}", "application/json", headers=phone.door).status_code == 422
    shown = phone.bare.post(f"{path}/reveal", '{"reason": "先行联系"}', "application/json", headers=phone.door)
    assert shown.json()["phone"] == "13800001234"
    assert AuditEntry.objects.filter(verb="accounts.reveal_identity", reason="先行联系").count() == 1
    stranger = Phone(world, "other_handler")
    assert stranger.bare.post(f"{path}/reveal", '{"reason": "x1"}', "application/json", headers=stranger.door).status_code == 404
    assert "13800001234" not in str(phone.get("tasks").content, "utf-8")


@pytest.mark.parametrize("body", ["", "[]", "{", '{"verb": "dispatch"}', '{"client_id": "' + "9" * 500 + '"}'])
def test_what_cannot_be_read_is_said(world: Cast, body: str) -> None:
    phone = Phone(world, "handler")
    answer = phone.bare.post("/frontline/api/v1/acts", body, "application/json", headers=phone.door)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")


def test_bad_words_reach_no_database(world: Cast) -> None:
    assignment = signed(world)
    phone = Phone(world, "handler")
    assert phone.act("note", assignment.pk, text="a\0b").status_code == 200
    assert phone.act("send_down", assignment.pk, unit="x").status_code == 422
    assert phone.act("ask_assistance", assignment.pk, unit=10**15, text="x").status_code == 422


# ── photos ──


def test_a_photo_used_again_is_pointed_out_and_not_judged(world: Cast) -> None:
    one, two = signed(world, latitude=31.2304, longitude=121.4737), signed(world, latitude=31.2304, longitude=121.4737)
    phone = Phone(world, "handler")
    near = {"kind": "after", "latitude": 31.2305, "longitude": 121.4738, "accuracy": 10}
    phone.photo(phone.envelope("photo", one.pk, data=near), picture(5))
    far = {"kind": "after", "latitude": 31.30, "longitude": 121.50, "accuracy": 10}
    late = phone.envelope("photo", two.pk, data=far)
    late["at"] = (now() - timedelta(days=3)).isoformat()
    assert phone.photo(late, picture(5, "b.jpg", (400, 300), 60)).status_code == 200
    phone.photo(phone.envelope("photo", two.pk, data={"kind": "before"}), picture(6))
    again, fresh_one = photo_proofs(world.actor("reviewer"), two.order_id)
    assert [twin.number for twin in again.twins] == [one.order.number]
    assert again.far
    assert again.metres is not None
    assert again.metres > 5_000
    assert again.old
    assert fresh_one.twins == []
    assert (fresh_one.metres, fresh_one.far) == (None, False)
    (first,) = photo_proofs(world.actor("manager"), one.order_id)
    assert not first.far
    assert first.metres == pytest.approx(14, abs=3)
    page = world.client("reviewer").get(f"/orders/photos/{two.order_id}/").content.decode()
    assert one.order.number in page
    assert world.client("other_handler").get(f"/orders/photos/{two.order_id}/").status_code == 404


def test_a_twin_of_an_order_that_one_may_not_see_is_told_without_its_number(world: Cast) -> None:
    mine, theirs = signed(world), signed(world, "b")
    Phone(world, "other_handler").photo((one := Phone(world, "other_handler")).envelope("photo", theirs.pk, data={}), picture(9))
    one.photo(one.envelope("photo", theirs.pk, data={}), picture(9))
    phone = Phone(world, "handler")
    phone.photo(phone.envelope("photo", mine.pk, data={}), picture(9))
    (proof,) = photo_proofs(world.actor("handler"), mine.order_id)
    assert [twin.number for twin in proof.twins] == [""]


def test_a_broken_photo_is_refused_and_leaves_nothing(world: Cast) -> None:
    assignment = signed(world)
    phone = Phone(world, "handler")
    bad = io.BytesIO(picture().getvalue()[:900])
    bad.name = "a.jpg"
    assert phone.photo(phone.envelope("photo", assignment.pk, data={}), bad).status_code == 422
    assert not Attachment.objects.exists()
    assert not Receipt.objects.exists()


def test_black_photos_have_no_twins(world: Cast) -> None:
    one, two = signed(world), signed(world)
    phone = Phone(world, "handler")
    for assignment in (one, two):
        body = io.BytesIO()
        Image.new("RGB", (200, 100)).save(body, "JPEG")
        body.seek(0)
        body.name = "black.jpg"
        assert phone.photo(phone.envelope("photo", assignment.pk, data={}), body).status_code == 200
    assert [proof.twins for proof in photo_proofs(world.actor("reviewer"), one.order_id)] == [[]]


# ── the rest ──


def test_a_phone_hears_its_units_and_knows_whom_to_ask(world: Cast) -> None:
    phone = Phone(world, "station_handler")
    basis = phone.get("basis").json()
    assert [one["name"] for one in basis["units"]] == [world.station.short_name or world.station.name]
    assert world.b.pk in [one["id"] for one in basis["ask"]]
    assert world.hub.pk not in [one["id"] for one in basis["ask"]]
    live = phone.get("live").json()
    assert live["url"].endswith("/live/stream")
    assert phone.get("").status_code == 200


def test_the_shell_holds_nobodys_data(world: Cast) -> None:
    pages = [world.client(who).get(path) for who in ("handler", "anonymous") for path in ("/frontline/", "/frontline/tasks/7/")]
    assert {page.status_code for page in pages} == {200}
    assert len({page.content for page in pages}) == 1
    worker = pages[0].client.get("/frontline/worker.js") if hasattr(pages[0], "client") else None
    assert worker is not None
    assert worker["Content-Type"].startswith("text/javascript")
    assert pages[0].client.get("/frontline/manifest.webmanifest").json()["scope"] == "/frontline/"


def test_the_shell_names_the_outlines_that_hold_and_the_worker_keeps_them(world: Cast) -> None:
    client = world.client("anonymous")
    assert 'data-outlines-district=""' in client.get("/frontline/").content.decode()
    divisions()
    assert not districts().faults
    page = client.get("/frontline/").content.decode()
    found = re.search(r'data-outlines-district="(/places/outlines/district.json\?v=\d+)"', page)
    assert found
    assert client.get(found.group(1) + "&detail=0").status_code == 200
    assert "/places/outlines/" in client.get("/frontline/worker.js").content.decode()


def test_receipts_are_forgotten_after_two_months(world: Cast) -> None:
    phone = Phone(world, "handler")
    phone.act("sign", dispatched(world).pk)
    assert forget_receipts() == 0
    assert forget_receipts(before=now() + timedelta(seconds=1)) == 1


@pytest.mark.django_db(transaction=True)
def test_twins_at_the_same_moment_act_once(world: Cast) -> None:
    assignment = dispatched(world)
    phone = Phone(world, "handler")
    envelope = phone.envelope("sign", assignment.pk, revision(assignment))
    answers: list[Any] = []

    def one() -> None:
        answers.append(phone.send(envelope))
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 4
    assert sorted(answer.json()["again"] for answer in answers) == [False, True, True, True]
    assert WorkOrderEvent.objects.filter(order=assignment.order_id, verb="sign").count() == 1
    assert uuid.UUID(answers[0].json()["client_id"])
