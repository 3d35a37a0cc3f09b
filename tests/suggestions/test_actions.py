"""Keeping proposals, labels and risks by their actions."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from hotline.kit.actor import system_actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.kit.models import LiveEvent
from hotline.suggestions import actions, queries
from hotline.suggestions.models import Label, RiskAlert, RiskNotice
from hotline.suggestions.rules import Candidate, Proposal
from hotline.workorders import actions as orders
from hotline.workorders.models import Category, CitySettings, WorkOrder
from tests.accounts.cast import Cast
from tests.dispatch.conftest import city as city
from tests.workorders.factories import make_order

pytestmark = pytest.mark.django_db
MACHINE = system_actor("suggestions", "suggestions:make")


def proposals(cast: Cast) -> list[Proposal]:
    return [
        Proposal(
            "category", "category 1", (Candidate("02.01.01", "噪声", 0.9), Candidate("02.01", "环保", 0.05))
        ),
        Proposal("unit", "catalogue", (Candidate(str(cast.b.pk), "乙", 0.7),), (("content", 0, 2),)),
        Proposal("labels", "rules", (Candidate("夜间施工", "夜间施工", 0.8),)),
        Proposal("draft", "rules"),
        Proposal("place", "rules"),
    ]


class TestProposals:
    def test_kept_once_shown_once_settled_once(self, city: Cast) -> None:
        order = make_order(
            city, category_id=Category.objects.get(code="02.01.01").pk, labels=["夜间施工", "扰民"]
        )
        assert actions.keep_proposals(actor=MACHINE, order_id=order.pk, proposals=proposals(city)) == 5
        assert actions.keep_proposals(actor=MACHINE, order_id=order.pk, proposals=proposals(city)) == 0
        actions.note_shown(actor=city.actor("dispatcher"), order_id=order.pk)
        actions.note_shown(actor=city.actor("supervisor"), order_id=order.pk)
        found = queries.proposals_of(order.pk)
        assert found["category"].shown_to == city.actor("dispatcher").key()
        orders.dispatch_order(actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=city.a.pk)
        assert actions.settle(actor=MACHINE, order_id=order.pk, decided_by="staff:1") == 3
        assert actions.settle(actor=MACHINE, order_id=order.pk, decided_by="staff:1") == 0
        outcomes = {kind: (row.outcome, row.final) for kind, row in queries.proposals_of(order.pk).items()}
        assert outcomes == {
            "category": ("accepted", "02.01.01"),
            "unit": ("changed", str(city.a.pk)),
            "labels": ("accepted", "夜间施工 扰民"),
            # The order says no place: nobody has judged what was proposed.
            "place": ("shown", ""),
            "draft": ("shown", ""),
        }

    def test_nothing_for_an_order_that_is_gone_or_a_stranger(self, city: Cast) -> None:
        assert actions.settle(actor=MACHINE, order_id=10**9, decided_by="x") == 0
        with pytest.raises(NotPermitted):
            actions.keep_proposals(actor=city.actor("handler"), order_id=1, proposals=[])

    def test_an_order_without_a_category_judges_none(self, city: Cast) -> None:
        order = make_order(city)
        actions.keep_proposals(actor=MACHINE, order_id=order.pk, proposals=proposals(city))
        orders.dispatch_order(actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=city.a.pk)
        actions.settle(actor=MACHINE, order_id=order.pk, decided_by="staff:1")
        assert queries.acceptance("category", now() - timedelta(days=1))[0].decided == 0

    def test_acceptance_by_all_by_category_by_unit_and_week(self, city: Cast) -> None:
        order = make_order(city, category_id=Category.objects.get(code="02.01.01").pk)
        actions.keep_proposals(actor=MACHINE, order_id=order.pk, proposals=proposals(city))
        orders.dispatch_order(actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=city.a.pk)
        actions.settle(actor=MACHINE, order_id=order.pk, decided_by="staff:1")
        since = now() - timedelta(days=1)
        (whole,) = queries.acceptance("category", since)
        assert (whole.decided, whole.accepted, whole.share, whole.confidence) == (1, 1, 1.0, 0.9)
        assert [one.key for one in queries.acceptance("category", since, by="category")] == ["02"]
        assert [one.label for one in queries.acceptance("unit", since, by="unit")] == [city.a.name]
        (band,) = queries.acceptance("category", since, by="confidence")
        assert (band.key, band.label, band.decided, band.accepted) == ("0.9", "0.90 – 0.95", 1, 1)
        assert queries.acceptance("draft", since)[0].share is None
        assert [week.decided for week in queries.weeks_of("category", now())] == [1]

    def test_examples_to_learn_from_hold_no_identity_and_nothing_confidential(self, city: Cast) -> None:
        noise = Category.objects.get(code="02.01.01")
        for secret in (False, True):
            order = make_order(
                city,
                category_id=noise.pk,
                secret=secret,
                content="工地夜里施工，我叫王小明，电话13812345678，请处理。",
            )
            type(order).objects.filter(pk=order.pk).update(state="closed", closed_at=now())
        rows = list(queries.training_rows())
        assert len(rows) == 1
        _pk, label, _title, text = rows[0]
        assert label.split("/")[-1] == noise.name
        assert "13812345678" not in text
        assert "王小明" not in text
        assert list(queries.training_rows(since=now() + timedelta(days=1))) == []


class TestLabels:
    def test_added_changed_merged_split_retired(self, city: Cast) -> None:
        boss = city.actor("dispatcher")
        noise = actions.add_label(actor=boss, name=" 噪 声", words=["太吵", " ", "太吵"], category_code="02")
        assert (noise.name, noise.words) == ("噪声", ["太吵"])
        actions.change_label(actor=boss, label_id=noise.pk, name="噪音扰民", words=["噪声"])
        assert queries.canonical_labels(["噪声", "噪音扰民", "别的"]) == ["噪音扰民", "别的"]
        make_order(city, labels=["噪声"])
        make_order(city, labels=["噪音扰民", "噪声", "别的"])
        assert queries.label_counts() == {"噪音扰民": 2, "别的": 1}
        actions.change_label(actor=boss, label_id=noise.pk, name="噪音扰民", words=["噪声", "吵"])
        other = actions.add_label(actor=boss, name="吵闹")
        actions.merge_labels(actor=boss, label_id=other.pk, into_id=noise.pk)
        assert [one.name for one in queries.labels()] == ["噪音扰民"]
        assert [one.name for one in queries.labels("吵")] == ["噪音扰民"]
        assert queries.label_facts()[0].words == ("噪声", "吵", "吵闹")
        actions.split_label(actor=boss, label_id=other.pk)
        assert len(queries.labels()) == 2
        actions.retire_label(actor=boss, label_id=other.pk)
        assert len(queries.labels()) == 1
        assert len(queries.labels(retired=True)) == 2
        actions.retire_label(actor=boss, label_id=other.pk, retired=False)
        assert Label.objects.filter(retired_at=None).count() == 3

    def test_what_is_refused(self, city: Cast) -> None:
        boss = city.actor("dispatcher")
        noise = actions.add_label(actor=boss, name="噪声")
        for name in ("", "噪声", "长" * 41):
            with pytest.raises(Invalid):
                actions.add_label(actor=boss, name=name)
        with pytest.raises(Refused):
            actions.merge_labels(actor=boss, label_id=noise.pk, into_id=noise.pk)
        with pytest.raises(NotVisible):
            actions.merge_labels(actor=boss, label_id=noise.pk, into_id=10**9)
        with pytest.raises(Refused):
            actions.split_label(actor=boss, label_id=noise.pk)
        with pytest.raises(NotVisible):
            actions.retire_label(actor=boss, label_id=10**9)
        with pytest.raises(NotPermitted):
            actions.add_label(actor=city.actor("handler"), name="x")


class TestRisks:
    def raised(self, cast: Cast) -> RiskAlert:
        order = make_order(cast)
        given = {"order_id": order.pk, "kinds": ["threat"], "level": "urgent", "model": "rules 1"}
        alert = actions.raise_risk(actor=MACHINE, evidence=[("content", 0, 3)], **given)
        assert alert is not None
        assert actions.raise_risk(actor=MACHINE, evidence=[], **given) is None
        return alert

    def test_a_person_confirms_once(self, city: Cast) -> None:
        alert = self.raised(city)
        dispatcher = city.actor("dispatcher")
        assert [one.pk for one in queries.open_risks(dispatcher)] == [alert.pk]
        actions.answer_risk(actor=dispatcher, order_id=alert.order_id, confirmed=True)
        with pytest.raises(Refused):
            actions.answer_risk(actor=dispatcher, order_id=alert.order_id, confirmed=True)
        assert queries.open_risks(dispatcher) == []
        answered = queries.risk_of(alert.order_id)
        assert answered is not None
        assert answered.confirmed is True

    def test_dismissing_needs_words_and_an_order_with_a_risk(self, city: Cast) -> None:
        alert = self.raised(city)
        with pytest.raises(Invalid):
            actions.answer_risk(actor=city.actor("dispatcher"), order_id=alert.order_id, confirmed=False)
        actions.answer_risk(
            actor=city.actor("dispatcher"), order_id=alert.order_id, confirmed=False, text="玩笑话"
        )
        with pytest.raises(NotVisible):
            actions.answer_risk(actor=city.actor("dispatcher"), order_id=make_order(city).pk, confirmed=True)
        with pytest.raises(NotPermitted):
            actions.answer_risk(actor=city.actor("handler"), order_id=alert.order_id, confirmed=True)

    def test_unanswered_it_climbs_once(self, city: Cast) -> None:
        alert = self.raised(city)
        assert actions.climb_risks(actor=MACHINE) == 0
        with time_machine.travel(now() + timedelta(minutes=6), tick=False):
            assert actions.climb_risks(actor=MACHINE) == 1
            assert actions.climb_risks(actor=MACHINE) == 0
        assert [one.pk for one in queries.open_risks(city.actor("shift_leader"), climbed=True)] == [alert.pk]

    def test_with_its_order_ended_it_is_a_fact_and_no_alarm(self, city: Cast) -> None:
        alert, late = self.raised(city), self.raised(city)
        leader = city.actor("shift_leader")
        WorkOrder.objects.filter(pk=late.order_id).update(state="closed", closed_at=now())
        with time_machine.travel(now() + timedelta(minutes=6), tick=False):
            assert actions.climb_risks(actor=MACHINE) == 1
        assert [one.alert_id for one in queries.unseen_notices(leader)] == [alert.pk]
        WorkOrder.objects.filter(pk=alert.order_id).update(state="closed", closed_at=now())
        assert queries.unseen_notices(leader) == []
        assert queries.open_risks(leader) == queries.open_risks(leader, climbed=True) == []
        assert {one.pk for one in queries.missed_risks(leader)} == {alert.pk, late.pk}
        page = city.client("shift_leader").get(reverse("suggestions:risks"), {"missed": "1"}).content.decode()
        assert alert.order.number in page
        assert "至办结无人确认" in page
        actions.answer_risk(actor=leader, order_id=late.order_id, confirmed=True, text="事后核实属实")
        assert [one.pk for one in queries.missed_risks(leader)] == [alert.pk]

    def test_every_shift_leader_is_told_once_and_sees_it(self, city: Cast) -> None:
        alert = self.raised(city)
        leader = city.actor("shift_leader")
        with time_machine.travel(now() + timedelta(minutes=6), tick=False):
            actions.climb_risks(actor=MACHINE)
            actions.climb_risks(actor=MACHINE)
        assert [(one.person_id, one.alert_id) for one in RiskNotice.objects.all()] == [(leader.id, alert.pk)]
        assert [one.alert_id for one in queries.unseen_notices(leader)] == [alert.pk]
        assert queries.unseen_notices(city.actor("dispatcher")) == []
        assert queries.unseen_notices(MACHINE) == []
        assert LiveEvent.objects.filter(topic=f"person:{leader.id}", kind="risk.climbed").count() == 1
        page = city.client("shift_leader").get(reverse("suggestions:risks"), headers={"HX-Request": "true"})
        assert "有 1 条风险" in page.content.decode()
        assert queries.unseen_notices(leader)  # a list that redraws itself is not looked at
        assert "有 1 条风险" in city.client("shift_leader").get(reverse("suggestions:risks")).content.decode()
        assert queries.unseen_notices(leader) == []
        assert (
            "有 1 条风险"
            not in city.client("shift_leader").get(reverse("suggestions:risks")).content.decode()
        )
        assert actions.note_seen(actor=MACHINE) == 0

    def test_of_a_confidential_order_only_who_may_see_it_is_told(self, city: Cast) -> None:
        alert = self.raised(city)
        WorkOrder.objects.filter(pk=alert.order_id).update(secret=True)
        with time_machine.travel(now() + timedelta(minutes=6), tick=False):
            assert actions.climb_risks(actor=MACHINE) == 1
        assert not RiskNotice.objects.exists()

    def test_what_a_dispatcher_answered_meanwhile_is_no_news(self, city: Cast) -> None:
        alert = self.raised(city)
        with time_machine.travel(now() + timedelta(minutes=6), tick=False):
            actions.climb_risks(actor=MACHINE)
        actions.answer_risk(actor=city.actor("dispatcher"), order_id=alert.order_id, confirmed=True)
        assert queries.unseen_notices(city.actor("shift_leader")) == []

    def test_a_city_sets_its_minutes(self, city: Cast) -> None:
        CitySettings.objects.update(options={"risk_minutes": 60})
        self.raised(city)
        with time_machine.travel(now() + timedelta(minutes=6), tick=False):
            assert actions.climb_risks(actor=MACHINE) == 0
