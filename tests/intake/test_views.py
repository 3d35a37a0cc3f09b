"""The desk and its sisters by their doors."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from hotline.accounts.models import Citizen
from hotline.intake import actions
from hotline.intake.models import Appeal, AppealState, CallerRestriction, CategoryForm, RawMessage
from hotline.kit.errors import Invalid
from hotline.workorders.models import Category, WorkOrder
from tests.accounts.cast import Cast
from tests.intake.factories import CONTENT, PHONE, filed

pytestmark = pytest.mark.django_db
TYPED = {
    "key": "0123456789abcdef0123456789abcdef", "phone": PHONE, "name": "王先生", "demand_type": "complaint", "content": CONTENT,
    "category": "02.01.01", "category_text": "建筑施工噪声", "division": "310106010000", "division_text": "一街道",
    "address": "某路1号", "answers.period": "夜间", "as": "order",
}  # fmt: skip


def send(cast: Cast, door: str, who: str = "agent", /, args: list[Any] | None = None, **fields: Any) -> Any:
    return cast.client(who).post(
        reverse(f"intake:{door}", args=args or []), fields, headers={"HX-Request": "true"}
    )


class TestDesk:
    def test_each_part_asks_for_itself(self, city: Cast) -> None:
        """What a part of the form asks would else wait for another part's answer, or be dropped, and land where the form's does."""
        page = city.client("agent").get(reverse("intake:desk"), {"call_id": "7"}).content.decode()
        form = page.split('id="desk-form"')[1].split("</form>")[0]
        parts = [tag for tag in re.findall(r"<(?:div|section)[^>]*>", form) if "hx-get=" in tag or "hx-post=" in tag]
        assert len(parts) >= 5
        for tag in parts:
            assert 'hx-target="this"' in tag, tag
            assert 'hx-sync="this:replace"' in tag, tag

    def test_f9_files_and_shows_number_and_code(self, city: Cast) -> None:
        answer = send(city, "file", **TYPED)
        order = WorkOrder.objects.get()
        text = answer.content.decode()
        assert answer.status_code == 200
        assert order.number in text
        assert f"工单编号是{order.number}" in text
        again = send(city, "file", **TYPED)
        assert order.number in again.content.decode()
        assert WorkOrder.objects.count() == 1

    def test_who_had_the_proposals_beside_the_form_is_told_to_the_reader(self, city: Cast) -> None:
        send(city, "file", **TYPED)
        order = WorkOrder.objects.get()
        jobs = ProcrastinateJob.objects.filter(args__order_id=order.pk)
        told = {job.args.get("seen_by") for job in jobs if "dispatch.propose" in (job.task_name, *job.args.get("tasks", ()))}
        assert told == {city.actor("agent").key()}

    def test_what_is_wrong_is_named_by_field_and_not_quarantined(self, city: Cast) -> None:
        answer = send(city, "file", **TYPED | {"content": "", "demand_type": "", "answers.period": ""})
        assert answer.status_code == 422
        text = answer.content.decode()
        for field in ("content", "demand_type", "answers.period"):
            assert f'data-field="{field}"' in text
        assert not RawMessage.objects.exists()

    def test_a_category_typed_but_not_chosen_is_not_lost_silently(self, city: Cast) -> None:
        answer = send(city, "file", **TYPED | {"category": "", "category_text": "施工"})
        assert 'data-field="category"' in answer.content.decode()

    def test_answer_refuse_refer(self, city: Cast) -> None:
        for number, (decision, more, state) in enumerate(
            [
                ("answer", {"answer": "须有夜间施工许可。"}, AppealState.ANSWERED),
                ("refuse", {"reason_code": "litigation"}, AppealState.NOT_ACCEPTED),
                ("refer", {"referral_code": "police_110"}, AppealState.REFERRED),
            ]
        ):
            answer = send(city, "file", **TYPED | {"as": decision, "key": f"{number:032d}"} | more)
            assert answer.status_code == 200
            assert Appeal.objects.latest("id").state == state
        assert send(city, "file", **TYPED | {"as": "refuse", "key": "f" * 32}).status_code == 422

    def test_a_draft_comes_back_after_a_crash(self, city: Cast) -> None:
        client = city.client("agent")
        saved = client.post(
            reverse("intake:draft_new"), {"content": "工地又开始了", "phone": PHONE, "key": "k" * 32}
        ).json()
        text = client.get(reverse("intake:desk")).content.decode()
        assert "工地又开始了" in text
        assert saved["url"] in text
        assert "工地又开始了" not in client.get(reverse("intake:desk") + "?new=1").content.decode()
        assert (
            "工地又开始了"
            not in city.client("shift_leader")
            .get(reverse("intake:desk") + f"?draft={saved['draft']}")
            .content.decode()
        )
        client.post(reverse("intake:draft_drop", args=[saved["draft"]]))
        assert not Appeal.objects.exists()

    def test_nothing_typed_makes_no_draft(self, city: Cast) -> None:
        assert send(city, "draft_new", key="k").status_code == 204
        assert not Appeal.objects.exists()

    def test_an_agent_notes_what_the_next_one_should_know(self, city: Cast) -> None:
        send(city, "file", **TYPED)
        given = {"phone": PHONE, "citizen_tags": "听力不便， 讲方言、听力不便", "citizen_remark": "请慢些说"}
        text = send(city, "caller_notes", **given).content.decode()
        assert text.count("desk-tag") == 2
        assert "请慢些说" in send(city, "caller", phone=PHONE).content.decode()
        assert send(city, "caller_notes", **given | {"phone": "13912340000"}).status_code == 404
        assert send(city, "caller_notes", **given | {"citizen_tags": "长" * 21}).status_code == 422
        assert send(city, "caller_notes", "handler", **given).status_code == 403
        send(city, "caller_notes", phone=PHONE, citizen_tags="", citizen_remark="")
        assert "desk-tag" not in send(city, "caller", phone=PHONE).content.decode()

    def test_caller_questions_and_duplicates_beside_the_form(self, city: Cast) -> None:
        result = filed(city)
        text = send(city, "caller", phone=PHONE).content.decode()
        assert result.number in text
        assert PHONE not in text
        assert "噪声时段" in send(city, "category_questions", **TYPED).content.decode()
        assert "选定街镇后" in send(city, "category_questions", **TYPED | {"division": ""}).content.decode()
        citizen = Citizen.objects.get(phone_mask__endswith="5678")
        assert result.number in send(city, "alike", **TYPED, citizen_id=citizen.pk).content.decode()

    def test_supplement_from_the_desk(self, city: Cast) -> None:
        order = filed(city).order_id
        client = city.client("agent")
        assert client.get(reverse("intake:append", args=[order])).status_code == 200
        assert send(city, "append", args=[order], append_key="s1", append_text="").status_code == 422
        assert (
            send(city, "append", args=[order], append_key="s2", append_text="今晚又开始了").status_code == 200
        )
        assert WorkOrder.objects.get().notes.filter(text="今晚又开始了").exists()

    def test_a_file_goes_with_the_order(self, city: Cast) -> None:
        picture = SimpleUploadedFile("a.txt", "现场情况说明".encode())
        answer = send(city, "upload", args=[TYPED["key"]], file=picture)
        assert answer.status_code == 201
        send(city, "file", **TYPED | {"attachment_key": TYPED["key"]})
        assert WorkOrder.objects.get().attachments.count() == 1

    @pytest.mark.parametrize("who", ["handler", "dispatcher", "leader", "admin", "auditor", "reviewer"])
    def test_closed_to_others(self, city: Cast, who: str) -> None:
        assert city.client(who).get(reverse("intake:desk")).status_code == 403
        assert send(city, "file", who, **TYPED).status_code == 403
        assert send(city, "caller", who, phone=PHONE).status_code == 403

    def test_an_ended_session_says_so_and_keeps_the_page(self, city: Cast) -> None:
        answer = send(city, "file", "anonymous", **TYPED)
        assert answer.status_code == 401
        assert answer["HX-Trigger"] == "session-expired"


class TestOtherPages:
    def test_quarantine(self, city: Cast) -> None:
        with pytest.raises(Invalid):
            actions.file_payload(
                actor=city.actor("agent"),
                channel="api",
                source="api:1",
                idempotency_key="x",
                payload=b"<script>alert(1)</script>\x00\xff",
            )
        raw = RawMessage.objects.get()
        client = city.client("dispatcher")
        assert "api:1" in client.get(reverse("intake:quarantine")).content.decode()
        text = client.get(reverse("intake:message", args=[raw.pk])).content.decode()
        assert "&lt;script&gt;alert(1)" in text
        assert "\\x00" in text
        assert (
            client.post(reverse("intake:correct", args=[raw.pk]), {"payload": "{", "reason": "x"}).status_code
            == 422
        )
        client.post(reverse("intake:release", args=[raw.pk]))
        client.post(reverse("intake:discard", args=[raw.pk]), {"reason": "广告"})
        raw.refresh_from_db()
        assert raw.state == "discarded"
        assert city.client("agent").get(reverse("intake:quarantine")).status_code == 403

    def test_restrictions(self, city: Cast) -> None:
        filed(city)
        citizen = Citizen.objects.get(phone_mask__endswith="5678")
        assert (
            send(
                city,
                "restriction_propose",
                restrict_citizen=citizen.pk,
                measure="warn_agent",
                restrict_text="反复辱骂话务员",
            ).status_code
            == 204
        )
        made = CallerRestriction.objects.get()
        assert (
            "反复辱骂话务员" in city.client("supervisor").get(reverse("intake:restrictions")).content.decode()
        )
        assert (
            city.client("agent")
            .post(reverse("intake:restriction_decide", args=[made.pk, "approve"]))
            .status_code
            == 403
        )
        city.client("supervisor").post(reverse("intake:restriction_decide", args=[made.pk, "approve"]))
        assert "反复辱骂话务员" in send(city, "caller", phone=PHONE).content.decode()
        assert (
            city.client("supervisor")
            .post(reverse("intake:restriction_decide", args=[made.pk, "vanish"]))
            .status_code
            == 404
        )

    def test_questions_take_effect_by_version(self, city: Cast) -> None:
        client = city.client("admin")
        url = reverse("intake:questions_edit", args=["02.01"])
        assert "噪声时段" in client.get(url).content.decode()
        assert (
            client.post(
                url, {"questions": "- {code: a}", "publish": "1", "effective_from": "2026-12-01"}
            ).status_code
            == 422
        )
        assert (
            client.post(
                url, {"questions": "- {code: a, label: 甲}", "publish": "1", "effective_from": "2026-12-01"}
            ).status_code
            == 302
        )
        assert [
            form.version
            for form in CategoryForm.objects.filter(category=Category.objects.get(code="02.01")).order_by(
                "version"
            )
        ] == [1, 2]
        assert city.client("agent").get(url).status_code == 403
