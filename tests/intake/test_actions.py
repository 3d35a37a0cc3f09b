"""Filing: raw first, once a key, quarantined when wrong, sealed, secret when it must be."""

from __future__ import annotations

import base64
import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from hotline.audit.models import AuditEntry
from hotline.intake import actions, queries
from hotline.intake.actions.drafting import SEALED_DRAFT, unsealed
from hotline.intake.models import Appeal, AppealState, RawMessage, RawState
from hotline.intake.rules import AppealForm, CitizenInput, Filed, to_payload
from hotline.kit.crypto import identity_ring, new_ring
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders.models import OrderState, WorkOrder
from tests.accounts.cast import Cast
from tests.intake.factories import CONTENT, PHONE, caller, demand, filed

pytestmark = pytest.mark.django_db


class TestFiling:
    def test_an_appeal_becomes_an_order_with_a_code(self, city: Cast) -> None:
        result = filed(city)
        order = WorkOrder.objects.get(pk=result.order_id)
        appeal = Appeal.objects.get(pk=result.appeal_id)
        raw = RawMessage.objects.get()
        assert (order.number, appeal.number, appeal.state) == (
            result.number,
            result.number,
            AppealState.ORDERED,
        )
        assert raw.state == RawState.ACCEPTED
        assert appeal.raw_id == raw.pk
        assert result.promised == order.due_at
        assert order.urgency == "elevated", "the category's urgency"
        assert order.answers["values"] == {"period": "夜间"}
        assert order.answers["labels"] == {"period": "噪声时段"}
        assert queries.look_up(result.number, result.lookup_code.lower()).order_id == order.pk

    def test_a_wrong_code_or_number_finds_nothing(self, city: Cast) -> None:
        result = filed(city)
        for number, code in (
            (result.number, "AAAAAAAA"),
            ("JD20200101-999999", result.lookup_code),
            (result.number, ""),
        ):
            with pytest.raises(NotVisible):
                queries.look_up(number, code)

    def test_nothing_of_the_citizen_is_readable_in_the_tables(self, city: Cast) -> None:
        filed(city)
        raw = RawMessage.objects.get()
        stored = bytes(raw.payload)
        assert PHONE.encode() not in stored
        assert "王先生".encode() not in stored
        text = actions.read_raw(actor=city.actor("dispatcher"), raw_id=raw.pk)
        assert PHONE.encode() in text
        assert AuditEntry.objects.filter(verb="intake.read_raw").count() == 1

    def test_the_same_key_gives_the_earlier_result(self, city: Cast) -> None:
        first, second = filed(city), filed(city)
        assert second.again
        assert (first.number, first.lookup_code, first.appeal_id) == (
            second.number,
            second.lookup_code,
            second.appeal_id,
        )
        assert WorkOrder.objects.count() == RawMessage.objects.count() == 1

    def test_the_same_key_with_other_content_is_refused(self, city: Cast) -> None:
        filed(city)
        with pytest.raises(Refused) as caught:
            filed(city, title="另一件事")
        assert caught.value.code == "key_reused"
        assert WorkOrder.objects.count() == 1

    def test_the_same_key_of_another_source_is_another_message(self, city: Cast) -> None:
        filed(city)
        actions.file_appeal(
            actor=city.actor("agent"),
            channel="web",
            source="portal",
            idempotency_key="k1",
            demand=demand(),
            citizen=caller(),
        )
        assert WorkOrder.objects.count() == 2

    def test_a_report_of_wrongdoing_is_confidential(self, city: Cast) -> None:
        result = filed(city, demand_type="report")
        assert WorkOrder.objects.get(pk=result.order_id).secret
        assert Appeal.objects.get(pk=result.appeal_id).secret

    def test_complete_calls_go_to_the_pool_and_the_net_is_read_first(self, city: Cast) -> None:
        assert WorkOrder.objects.get(pk=filed(city).order_id).state == OrderState.PENDING_DISPATCH
        web = actions.file_appeal(
            actor=city.actor("citizen"),
            channel="web",
            source="portal",
            idempotency_key="p1",
            demand=demand(),
            citizen=CitizenInput(citizen_id=city.citizen.pk),
        )
        assert WorkOrder.objects.get(pk=web.order_id).state == OrderState.PENDING_REVIEW
        unsorted = filed(city, key="k2", category="", answers={})
        assert WorkOrder.objects.get(pk=unsorted.order_id).state == OrderState.PENDING_REVIEW

    def test_who_may_not_file(self, city: Cast) -> None:
        for who in ("handler", "leader", "auditor", "follow_up"):
            with pytest.raises(NotPermitted):
                filed(city, who=who)
        assert not RawMessage.objects.exists()

    def test_a_visitor_may_file(self, city: Cast) -> None:
        result = actions.file_appeal(
            actor=city.actor("anonymous"),
            channel="web",
            source="portal",
            idempotency_key="v1",
            demand=demand(),
            citizen=caller(),
        )
        assert result.order_id

    def test_round_trips(self, city: Cast) -> None:
        """Raw, citizen with its audit row, order with event and clocks, live, appeal, job: one statement writes them all."""
        actor, person = city.actor("agent"), caller(phone="13900009999")
        with CaptureQueriesContext(connection) as seen:
            actions.file_appeal(
                actor=actor,
                channel="phone",
                source="desk:1",
                idempotency_key="k",
                demand=demand(),
                citizen=person,
            )
        statements = [query["sql"] for query in seen.captured_queries]
        writes = [sql for sql in statements if "INSERT INTO" in sql or "UPDATE " in sql]
        # What is only read here is reference data, which a running process keeps (`intake.queries.reference`).
        assert len(writes) == 1, "\n".join(sql[:100] for sql in writes)


class TestQuarantine:
    def test_what_is_wrong_is_kept_and_named(self, city: Cast) -> None:
        with pytest.raises(Invalid) as caught:
            filed(city, category="99.99", demand_type="nonsense")
        assert set(caught.value.details) == {"category", "demand_type"}
        raw = RawMessage.objects.get()
        assert raw.state == RawState.QUARANTINED
        assert "category" in raw.error
        assert not WorkOrder.objects.exists()

    def test_a_repeat_of_what_waits_says_so(self, city: Cast) -> None:
        for _ in range(2):
            with pytest.raises(Invalid):
                filed(city, category="99.99")
        assert RawMessage.objects.count() == 1

    def test_required_answers(self, city: Cast) -> None:
        with pytest.raises(Invalid) as caught:
            filed(city, answers={"ongoing": "perhaps"})
        assert set(caught.value.details) == {"answers.period", "answers.ongoing"}

    def test_incomplete_without_contact_is_not_accepted(self, city: Cast) -> None:
        with pytest.raises(Invalid) as caught:
            filed(city, person=CitizenInput(), address="", division="", content=CONTENT)
        assert "phone" in caught.value.details
        assert filed(city, key="k2", address="", division="").order_id, "with a contact it is accepted"

    def test_unreadable_bytes_wait_and_a_mended_copy_goes_on(self, city: Cast) -> None:
        give: dict[str, Any] = {
            "actor": city.actor("agent"),
            "channel": "api",
            "source": "api:1",
            "idempotency_key": "x",
        }
        with pytest.raises(Invalid):
            actions.file_payload(**give, payload=b"\xff\xfe{nonsense")
        raw = RawMessage.objects.get()
        with pytest.raises(Invalid):
            actions.release(actor=city.actor("dispatcher"), raw_id=raw.pk)
        raw.refresh_from_db()
        assert raw.state == RawState.QUARANTINED
        result = actions.correct(
            actor=city.actor("dispatcher"),
            raw_id=raw.pk,
            payload=to_payload(demand(), caller()),
            reason="字段名写错",
        )
        raw.refresh_from_db()
        assert raw.state == RawState.ACCEPTED
        assert raw.decided_by.startswith("staff:")
        assert Appeal.objects.get(pk=result.appeal_id).raw_id == raw.pk
        again = actions.file_payload(**give, payload=b"\xff\xfe{nonsense")
        assert again.number == result.number, "the sender's repeat learns what became of it"

    def test_release_after_the_cause_was_mended(self, city: Cast) -> None:
        from hotline.workorders.models import Category

        with pytest.raises(Invalid):
            filed(city, category="03", answers={})
        Category.objects.create(code="03", name="城市管理", path_name="城市管理")
        result = actions.release(actor=city.actor("shift_leader"), raw_id=RawMessage.objects.get().pk)
        assert WorkOrder.objects.get(pk=result.order_id).category is not None

    def test_discard_needs_a_reason_and_ends_it(self, city: Cast) -> None:
        with pytest.raises(Invalid):
            filed(city, category="99")
        raw = RawMessage.objects.get()
        with pytest.raises(Invalid):
            actions.discard(actor=city.actor("dispatcher"), raw_id=raw.pk, reason=" ")
        actions.discard(actor=city.actor("dispatcher"), raw_id=raw.pk, reason="广告")
        with pytest.raises(Refused):
            actions.release(actor=city.actor("dispatcher"), raw_id=raw.pk)
        assert AuditEntry.objects.filter(verb="intake.discard_raw", reason="广告").exists()

    def test_only_the_centre_opens_the_quarantine(self, city: Cast) -> None:
        with pytest.raises(Invalid):
            filed(city, category="99")
        raw = RawMessage.objects.get()
        for who in ("agent", "handler", "auditor", "leader"):
            with pytest.raises(NotPermitted):
                actions.release(actor=city.actor(who), raw_id=raw.pk)
            with pytest.raises(NotPermitted):
                actions.read_raw(actor=city.actor(who), raw_id=raw.pk)

    def test_a_fault_of_ours_loses_nothing(self, city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        from hotline.intake.actions import filing

        def broken(**_: Any) -> Any:
            raise ValueError("a fault in handling")

        monkeypatch.setattr(filing, "prepare_order", broken)
        with pytest.raises(Invalid) as caught:
            filed(city)
        assert caught.value.code == "not_understood"
        assert RawMessage.objects.get().state == RawState.QUARANTINED


class TestDecisions:
    def common(self, city: Cast, key: str, who: str = "agent", **more: Any) -> dict[str, Any]:
        return {
            "actor": city.actor(who),
            "channel": "phone",
            "source": "desk:1",
            "idempotency_key": key,
            "demand": demand(**more),
            "citizen": caller(),
        }

    def test_direct_answer(self, city: Cast) -> None:
        result = actions.answer_directly(
            **self.common(city, "a"), answer="夜间施工须有许可。", knowledge="噪声污染防治法"
        )
        appeal = Appeal.objects.get(pk=result.appeal_id)
        assert appeal.state == AppealState.ANSWERED
        assert "噪声污染防治法" in appeal.answer
        assert appeal.order is None
        assert "-A" in result.number
        assert queries.look_up(result.number, result.lookup_code).answer == appeal.answer
        with pytest.raises(Invalid):
            actions.answer_directly(**self.common(city, "b"), answer=" ")

    def test_not_accepted_keeps_reason_script_and_basis(self, city: Cast) -> None:
        decided = actions.not_accept(**self.common(city, "a"), reason_code="litigation")
        appeal = Appeal.objects.get(pk=decided.filed.appeal_id)
        assert (appeal.state, appeal.reason_code) == (AppealState.NOT_ACCEPTED, "litigation")
        assert decided.script == "请向人民法院咨询。"
        assert decided.legal_basis in appeal.answer
        with pytest.raises(Invalid):
            actions.not_accept(**self.common(city, "b"), reason_code="because")

    def test_refer_at_once_with_next_to_nothing_typed(self, city: Cast) -> None:
        give = self.common(city, "a") | {"demand": AppealForm(), "citizen": CitizenInput()}
        decided = actions.refer(**give, reason_code="police_110")
        assert Appeal.objects.get(pk=decided.filed.appeal_id).state == AppealState.REFERRED

    def test_permission(self, city: Cast) -> None:
        for who in ("handler", "admin", "follow_up"):
            with pytest.raises(NotPermitted):
                actions.answer_directly(**self.common(city, who, who), answer="x")
            with pytest.raises(NotPermitted):
                actions.not_accept(**self.common(city, who, who), reason_code="litigation")
            with pytest.raises(NotPermitted):
                actions.refer(**self.common(city, who, who), reason_code="police_110")

    def test_supplement_and_urge_make_no_second_order(self, city: Cast) -> None:
        order = WorkOrder.objects.get(pk=filed(city).order_id)
        give: dict[str, Any] = {
            "actor": city.actor("agent"),
            "channel": "phone",
            "source": "desk:1",
            "order_id": order.pk,
            "citizen": caller(),
        }
        actions.append(**give, idempotency_key="s", text="今晚又开始了。")
        actions.append(**give, idempotency_key="u", text="请尽快。", urging=True)
        order.refresh_from_db()
        assert WorkOrder.objects.count() == 1
        assert order.urge_count == 1
        assert order.notes.filter(text="今晚又开始了。").exists()
        assert Appeal.objects.filter(order=order, state=AppealState.APPENDED).count() == 2

    def test_an_order_that_is_not_visible_cannot_be_appended_to(self, city: Cast) -> None:
        secret = filed(city, demand_type="report")
        other = city.actor("shift_leader")
        with pytest.raises(NotVisible):
            actions.append(
                actor=other,
                channel="phone",
                source="d",
                idempotency_key="z",
                order_id=secret.order_id or 0,
                text="x",
                citizen=caller(),
            )


class TestDrafts:
    def test_a_draft_is_sealed_kept_and_becomes_the_appeal(self, city: Cast) -> None:
        agent = city.actor("agent")
        draft = actions.save_draft(actor=agent, draft_id=None, fields={"phone": [PHONE], "content": ["工地"]})
        assert (
            actions.save_draft(
                actor=agent, draft_id=draft, fields={"phone": [PHONE], "content": ["工地噪声"]}
            )
            == draft
        )
        row = Appeal.objects.get(pk=draft)
        assert PHONE not in str(row.form)
        result = actions.file_appeal(
            actor=agent,
            channel="phone",
            source="desk:1",
            idempotency_key="d",
            demand=demand(),
            citizen=caller(),
            draft_id=draft,
        )
        row.refresh_from_db()
        assert (result.appeal_id, row.state, row.form) == (draft, AppealState.ORDERED, {})
        with pytest.raises(NotVisible):
            actions.save_draft(actor=agent, draft_id=draft, fields={"content": ["迟到的字"]})

    def test_a_draft_goes_under_the_new_key_with_all_else(self, city: Cast, settings: Any) -> None:
        agent = city.actor("agent")
        draft = actions.save_draft(actor=agent, draft_id=None, fields={"phone": [PHONE], "content": ["工地"]})
        filed(city)
        settings.IDENTITY_KEYS = f"k2:{new_ring().split(':', 1)[1].split(',')[0]},{settings.IDENTITY_KEYS}"
        assert SEALED_DRAFT.stale().count() == 1
        assert [count for count, _first, _last in SEALED_DRAFT.rotate(10)] == [1]
        assert SEALED_DRAFT.stale().count() == 0
        kept = Appeal.objects.get(pk=draft).form
        assert identity_ring().is_current(base64.b64decode(kept["sealed"]))
        assert unsealed(kept) == {"phone": [PHONE], "content": ["工地"]}

    def test_a_draft_keeps_how_the_citizen_came(self, city: Cast) -> None:
        agent = city.actor("agent")
        draft = actions.save_draft(actor=agent, draft_id=None, fields={"content": ["x"], "channel": ["video"]})
        assert Appeal.objects.get(pk=draft).channel == "video"
        actions.save_draft(actor=agent, draft_id=draft, fields={"content": ["x"], "channel": ["message_board"]})
        assert Appeal.objects.get(pk=draft).channel == "phone", "what the desk does not offer is a call"

    def test_a_colleagues_draft_is_closed(self, city: Cast) -> None:
        draft = actions.save_draft(actor=city.actor("agent"), draft_id=None, fields={"content": ["x"]})
        with pytest.raises(NotVisible):
            queries.open_draft(city.actor("shift_leader"), draft)
        with pytest.raises(NotPermitted):
            actions.drop_draft(actor=city.actor("shift_leader"), draft_id=draft)
        actions.drop_draft(actor=city.actor("agent"), draft_id=draft)
        assert not Appeal.objects.exists()


class TestRestrictions:
    def test_proposed_approved_by_another_shown_and_ended(self, city: Cast) -> None:
        from hotline.accounts.models import Citizen

        filed(city)
        citizen = Citizen.objects.get(phone_mask__endswith="5678")
        leader = city.actor("shift_leader")
        made = actions.propose_restriction(
            actor=leader,
            citizen_id=citizen.pk,
            measure="warn_agent",
            reason_code="malicious",
            text="一天拨打四十次，只骂人。",
        )
        assert not queries.caller_card(PHONE, actor=city.actor("agent")).restrictions, (
            "nothing before the decision"
        )
        with pytest.raises(NotPermitted):
            actions.decide_restriction(actor=leader, restriction_id=made.pk, verb="approve")
        actions.decide_restriction(actor=city.actor("supervisor"), restriction_id=made.pk, verb="approve")
        card = queries.caller_card(PHONE, actor=city.actor("agent"))
        assert [one.id for one in card.restrictions] == [made.pk]
        assert filed(city, key="still").order_id, "never a block"
        actions.appeal_restriction(actor=city.actor("agent"), restriction_id=made.pk, text="我是在催办")
        with pytest.raises(NotPermitted):
            actions.answer_restriction_appeal(actor=leader, restriction_id=made.pk, decision="维持")
        actions.decide_restriction(
            actor=city.actor("supervisor"), restriction_id=made.pk, verb="lift", reason="属实"
        )
        assert not queries.caller_card(PHONE, actor=city.actor("agent")).restrictions

    def test_it_ends_by_itself(self, city: Cast) -> None:
        from datetime import timedelta

        from hotline.accounts.models import Citizen
        from hotline.intake.queries.caller import restrictions_of
        from hotline.kit.clock import now

        filed(city)
        citizen = Citizen.objects.get(phone_mask__endswith="5678")
        made = actions.propose_restriction(
            actor=city.actor("agent"),
            citizen_id=citizen.pk,
            measure="warn_agent",
            reason_code="",
            text="辱骂话务员。",
        )
        actions.decide_restriction(actor=city.actor("shift_leader"), restriction_id=made.pk, verb="approve")
        assert restrictions_of(citizen.pk, now())
        assert not restrictions_of(citizen.pk, now() + timedelta(days=31))


class TestCallerCard:
    def test_history_in_few_queries(self, city: Cast) -> None:
        for number in range(3):
            filed(city, key=f"k{number}")
        actor = city.actor("agent")
        with CaptureQueriesContext(connection) as seen:
            card = queries.caller_card(PHONE, actor=actor)
        assert len(seen.captured_queries) <= 4
        assert len(card.open_orders) == 3
        assert queries.caller_card("13011112222", actor=actor).citizen is None


@pytest.mark.django_db(transaction=True)
class TestTogether:
    def test_two_with_the_same_key_at_the_same_moment_make_one_order(self, city: Cast) -> None:
        results: list[Filed] = []
        faults: list[BaseException] = []
        gate = threading.Barrier(4)
        actor = city.actor("agent")

        def run() -> None:
            try:
                gate.wait(120)
                results.append(
                    actions.file_appeal(
                        actor=actor,
                        channel="phone",
                        source="desk:1",
                        idempotency_key="same",
                        demand=demand(),
                        citizen=caller(),
                    )
                )
            except BaseException as error:
                faults.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert not faults
        assert len({(one.number, one.lookup_code) for one in results}) == 1
        assert [one.again for one in results].count(False) == 1
        assert WorkOrder.objects.count() == RawMessage.objects.count() == Appeal.objects.count() == 1
