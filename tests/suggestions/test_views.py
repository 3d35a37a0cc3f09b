"""Pages of suggestions: risks, labels, what people kept, models; with something on them and empty."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from hotline.kit.actor import system_actor
from hotline.kit.clock import now
from hotline.kit.models import LiveEvent
from hotline.suggestions import actions, queries
from hotline.suggestions.models import Label, RiskAlert
from hotline.workorders import actions as orders
from hotline.workorders.models import Category, WorkOrder
from tests.accounts.cast import Cast
from tests.dispatch.conftest import city as city
from tests.suggestions.test_actions import proposals
from tests.workorders.factories import make_order

pytestmark = pytest.mark.django_db
MACHINE = system_actor("suggestions", "suggestions:make")


def get(cast: Cast, who: str, name: str, query: str = "") -> str:
    answer = cast.client(who).get(reverse(f"suggestions:{name}") + query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def post(cast: Cast, who: str, door: str, *args: int, **fields: Any) -> Any:
    return cast.client(who).post(
        reverse(f"suggestions:{door}", args=args), fields, headers={"HX-Request": "true"}
    )


def risky(cast: Cast) -> WorkOrder:
    order = make_order(cast, title="有人扬言放火", content="邻居扬言要放火。")
    actions.raise_risk(
        actor=MACHINE,
        order_id=order.pk,
        kinds=["threat", "unknown"],
        level="urgent",
        evidence=[("title", 2, 4), ("content", 2, 4), ("content", 900, 902), ("gone", 0, 1)],
        model="rules",
    )
    return order


class TestRisks:
    def test_confirmed_by_one_dispatcher(self, city: Cast) -> None:
        assert "没有待确认的风险" in get(city, "dispatcher", "risks")
        order = risky(city)
        page = get(city, "dispatcher", "risks")
        assert order.number in page
        assert "威胁、扬言" in page
        assert "「扬言」" in page
        assert 'data-live-topic="risks"' in page
        answer = post(city, "dispatcher", "answer_risk", order.pk, confirmed="1", text="已通知派出所")
        assert b"data-answered" in answer.content
        assert "已通知派出所" in answer.content.decode()
        assert RiskAlert.objects.get().confirmed is True
        assert post(city, "supervisor", "answer_risk", order.pk, confirmed="1").status_code == 409

    def test_no_risk_needs_words_and_strangers_do_not_answer(self, city: Cast) -> None:
        order = risky(city)
        assert post(city, "dispatcher", "answer_risk", order.pk, confirmed="0").status_code == 422
        assert post(city, "handler", "answer_risk", order.pk, confirmed="1").status_code == 403
        assert (
            "转述新闻"
            in post(
                city, "dispatcher", "answer_risk", order.pk, confirmed="0", text="转述新闻"
            ).content.decode()
        )

    def test_what_climbed_is_told_apart(self, city: Cast) -> None:
        order = risky(city)
        assert order.number not in get(city, "supervisor", "risks", "?climbed=1")
        RiskAlert.objects.update(raised_at=now() - timedelta(hours=1))
        assert actions.climb_risks(actor=MACHINE) == 1
        assert order.number in get(city, "supervisor", "risks", "?climbed=1")
        fragment = city.client("supervisor").get(reverse("suggestions:risks"), headers={"HX-Request": "true"})
        assert b"<html" not in fragment.content


    def test_a_climbed_one_follows_the_shift_leader_to_every_page(self, city: Cast) -> None:
        order = risky(city)
        address = reverse("suggestions:climbed")
        leader = city.actor("shift_leader")
        anywhere = city.client("shift_leader").get(reverse("knowledge:search")).content.decode()
        assert f'hx-get="{address}"' in anywhere
        assert f'data-live-topic="person:{leader.id}"' in anywhere
        assert address not in city.client("dispatcher").get(reverse("knowledge:search")).content.decode()
        assert "alert" not in get(city, "shift_leader", "climbed")
        with time_machine.travel(now() + timedelta(minutes=6), tick=False):
            actions.climb_risks(actor=MACHINE)
        assert "超时无人确认" in get(city, "shift_leader", "climbed")
        # Somebody else answers: the line goes, and the leader's open pages hear of it.
        post(city, "dispatcher", "answer_risk", order.pk, confirmed="1", text="已通知派出所")
        assert "alert" not in get(city, "shift_leader", "climbed")
        assert LiveEvent.objects.filter(topic=f"person:{leader.id}", kind="risk.answered").count() == 1


class TestLabels:
    def test_added_changed_merged_parted_retired(self, city: Cast) -> None:
        assert "还没有标签" in get(city, "admin", "labels")
        assert post(city, "admin", "label_add", name="夜间施工", words="半夜，凌晨 施工").status_code == 302
        (one,) = queries.labels()
        assert one.words == ["半夜", "凌晨", "施工"]
        post(city, "admin", "label_add", name="夜施")
        other = Label.objects.get(name="夜施")
        post(city, "admin", "label", one.pk, name="夜间施工扰民", words="半夜", category_code="02.01")
        assert queries.canonical_labels(["夜间施工"]) == ["夜间施工扰民"]
        post(city, "admin", "label_merge", other.pk, into=one.pk)
        assert queries.canonical_labels(["夜施"]) == ["夜间施工扰民"]
        assert "夜施" in get(city, "admin", "labels")
        post(city, "admin", "label_split", other.pk)
        assert queries.canonical_labels(["夜施"]) == ["夜施"]
        post(city, "admin", "label_retire", other.pk, retired="1")
        assert f'id="label-{other.pk}"' not in get(city, "admin", "labels", "?q=夜施")
        assert "夜施" in get(city, "admin", "labels", "?retired=1")
        assert "没有名称或词语" in get(city, "admin", "labels", "?q=水质")

    @pytest.mark.parametrize(
        ("name", "fields"),
        [("label_add", {"name": ""}), ("label_add", {"name": "x" * 50})],
    )
    def test_what_is_wrong_is_said_on_the_form(self, city: Cast, name: str, fields: dict[str, str]) -> None:
        assert post(city, "admin", name, **fields).status_code == 422
        assert not Label.objects.exists()

    def test_a_refusal_is_told(self, city: Cast) -> None:
        post(city, "admin", "label_add", name="甲")
        one = Label.objects.get()
        assert post(city, "admin", "label_add", name="甲").status_code == 422
        assert post(city, "admin", "label_merge", one.pk).status_code == 302
        assert post(city, "admin", "label_merge", one.pk, into=one.pk).status_code == 302
        assert post(city, "admin", "label_split", one.pk).status_code == 302
        one.refresh_from_db()
        assert one.merged_into_id is None
        assert post(city, "admin", "label", one.pk, name="").status_code == 422
        assert post(city, "agent", "label_add", name="乙").status_code == 403


class TestQuality:
    def test_what_people_kept_by_week_model_category_and_unit(self, city: Cast) -> None:
        assert "没有可统计的派单" in get(city, "supervisor", "acceptance")
        for unit in (city.a, city.b):
            order = make_order(city, category_id=Category.objects.get(code="02.01.01").pk)
            actions.keep_proposals(actor=MACHINE, order_id=order.pk, proposals=proposals(city))
            orders.dispatch_order(actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=unit.pk)
            actions.settle(actor=MACHINE, order_id=order.pk, decided_by="staff:1")
        page = get(city, "supervisor", "acceptance", "?kind=unit&days=7")
        assert "catalogue" in page
        assert "50" in page
        assert city.a.name in page
        assert "category 1" in get(city, "supervisor", "acceptance", "?kind=nonsense&days=x")
        since = now() - timedelta(days=1)
        assert [one.label for one in queries.acceptance("category", since, by="category")] == [
            Category.objects.get(code="02").name
        ]

    def test_the_machine_does_not_count_itself(self, city: Cast) -> None:
        order = make_order(city, category_id=Category.objects.get(code="02.01.01").pk)
        actions.keep_proposals(actor=MACHINE, order_id=order.pk, proposals=proposals(city))
        actions.settle(actor=MACHINE, order_id=order.pk, decided_by="system:auto-dispatch")
        (whole,) = queries.acceptance("category", now() - timedelta(days=1))
        assert whole.decided == 0
        assert queries.weeks_of("category", now()) == []

    def test_models_with_a_registry_without_one_and_with_a_broken_one(
        self, city: Cast, settings: Any, tmp_path: Any
    ) -> None:
        settings.MODELS_DIR = tmp_path / "models"
        assert "multilingual" in get(city, "supervisor", "models")
        settings.MODELS_DIR.mkdir(exist_ok=True)
        (settings.MODELS_DIR / "registry.json").write_text("{broken")
        assert "hotline models train" in get(city, "supervisor", "models")
        assert city.client("handler").get(reverse("suggestions:models")).status_code == 403
