"""Drafts that are too long, gone or another's; questions that cannot take effect; messages that are set aside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.audit.models import AuditEntry
from hotline.intake import actions
from hotline.intake.actions import filing
from hotline.intake.actions.drafting import MOST, unsealed
from hotline.intake.actions.receiving import KEY_MOST
from hotline.intake.models import Appeal, RawMessage, RawState
from hotline.intake.rules.demands import to_payload
from hotline.kit.actor import system_actor
from hotline.kit.clock import today
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders.actions import close_directly
from hotline.workorders.models import Category, WorkOrder
from tests.accounts.cast import Cast
from tests.intake.factories import caller, demand, filed

pytestmark = pytest.mark.django_db


def test_a_draft_is_kept_changed_and_dropped_by_its_agent_only(city: Cast) -> None:
    agent = city.actor("agent")
    with pytest.raises(Invalid):
        actions.save_draft(actor=agent, draft_id=None, fields={"content": ["长" * MOST]})
    kept = actions.save_draft(actor=agent, draft_id=None, fields={"content": ["路灯不亮"]})
    with pytest.raises(NotVisible):
        actions.save_draft(actor=agent, draft_id=kept + 1, fields={})
    with pytest.raises(NotVisible):
        actions.drop_draft(actor=agent, draft_id=kept + 1)
    with pytest.raises(NotPermitted):
        actions.drop_draft(actor=city.actor("shift_leader"), draft_id=kept)
    actions.drop_draft(actor=agent, draft_id=kept)
    assert not Appeal.objects.filter(pk=kept).exists()


@pytest.mark.parametrize("form", [{}, {"sealed": "!"}, {"sealed": "AAAA"}])
def test_a_damaged_draft_opens_empty(form: dict[str, str]) -> None:
    assert unsealed(form) == {}


def test_questions_that_cannot_take_effect(city: Cast) -> None:
    boss = city.actor("admin")
    category = Category.objects.get(code="02.01.01")
    good = [{"code": "where", "label": "在哪一层", "kind": "text"}]
    with pytest.raises(NotVisible):
        actions.publish_questions(actor=boss, category_id=0, questions=good, effective_from=today())
    with pytest.raises(Invalid) as refusal:
        actions.publish_questions(actor=boss, category_id=category.pk, questions=[{"kind": "?"}], effective_from=today())
    assert set(refusal.value.details) == {"questions"}
    later = today() + timedelta(days=10)
    actions.publish_questions(actor=boss, category_id=category.pk, questions=good, effective_from=later)
    with pytest.raises(Invalid) as refusal:
        actions.publish_questions(actor=boss, category_id=category.pk, questions=good, effective_from=today())
    assert set(refusal.value.details) == {"effective_from"}


# ── messages that are set aside ──


def set_aside(city: Cast) -> RawMessage:
    with pytest.raises(Invalid):
        filed(city, category="99.99")
    return RawMessage.objects.get(state=RawState.QUARANTINED)


def test_a_channel_that_is_not_there_stores_nothing(city: Cast) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.file_payload(
            actor=city.actor("agent"), channel="smoke", source="api:1", idempotency_key="k", payload=b"{}"
        )
    assert set(refusal.value.details) == {"channel"}
    assert not RawMessage.objects.exists()


@pytest.mark.parametrize("key", ["", "长" * (KEY_MOST + 1)])
def test_a_key_that_names_nothing_stores_nothing(city: Cast, key: str) -> None:
    with pytest.raises(Invalid) as refusal:
        filed(city, key=key)
    assert refusal.value.code == "idempotency_key"
    assert not RawMessage.objects.exists()


def test_a_message_that_is_not_there_cannot_be_decided(city: Cast) -> None:
    clerk = city.actor("dispatcher")
    with pytest.raises(NotVisible):
        actions.release(actor=clerk, raw_id=1)
    with pytest.raises(NotVisible):
        actions.discard(actor=clerk, raw_id=1, reason="广告")
    with pytest.raises(NotVisible):
        actions.read_raw(actor=clerk, raw_id=1)


def test_a_correction_says_what_was_changed(city: Cast) -> None:
    raw = set_aside(city)
    with pytest.raises(Invalid) as refusal:
        actions.correct(actor=city.actor("dispatcher"), raw_id=raw.pk, payload=to_payload(demand(), caller()), reason=" ")
    assert set(refusal.value.details) == {"reason"}
    raw.refresh_from_db()
    assert raw.state == RawState.QUARANTINED


def test_a_damaged_message_waits_for_the_key_ring(city: Cast) -> None:
    raw = set_aside(city)
    whole = bytes(raw.payload)
    RawMessage.objects.filter(pk=raw.pk).update(payload=whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(Refused) as refusal:
        actions.release(actor=city.actor("dispatcher"), raw_id=raw.pk)
    assert refusal.value.code == "damaged"
    raw.refresh_from_db()
    assert raw.state == RawState.QUARANTINED
    assert not AuditEntry.objects.filter(verb="intake.release_raw").exists()
    assert not WorkOrder.objects.exists()


def test_a_fault_of_ours_at_release_keeps_the_message(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = set_aside(city)

    def broken(**_: Any) -> Any:
        raise LookupError("a fault in handling")

    with monkeypatch.context() as patch:
        patch.setattr(filing, "prepare_order", broken)
        with pytest.raises(Invalid) as refusal:
            actions.correct(
                actor=city.actor("dispatcher"), raw_id=raw.pk, payload=to_payload(demand(), caller()), reason="类别写错"
            )
    assert refusal.value.code == "not_understood"
    raw.refresh_from_db()
    assert raw.state == RawState.QUARANTINED
    assert str(raw.pk) in raw.error
    mended = actions.correct(
        actor=city.actor("dispatcher"), raw_id=raw.pk, payload=to_payload(demand(), caller()), reason="类别写错"
    )
    assert WorkOrder.objects.get().number == mended.number


def test_codes_are_told_to_the_platforms_own_notices_only(city: Cast) -> None:
    result = filed(city)
    job = system_actor("notices")
    assert filing.code_for_notice(actor=job, appeal_id=result.appeal_id) == result.lookup_code
    with pytest.raises(NotPermitted):
        filing.code_for_notice(actor=city.actor("admin"), appeal_id=result.appeal_id)
    with pytest.raises(NotVisible):
        filing.code_for_notice(actor=job, appeal_id=result.appeal_id + 1)


# ── decisions on the line ──


def test_a_draft_becomes_the_answered_appeal_of_its_agent_only(city: Cast) -> None:
    agent = city.actor("agent")
    given: dict[str, Any] = {
        "channel": "phone", "source": "desk:1", "demand": demand(), "citizen": caller(), "answer": "夜间施工须有许可。",
    }
    draft = actions.save_draft(actor=agent, draft_id=None, fields={"content": ["工地"]})
    begun = Appeal.objects.get(pk=draft).created_at
    other = actions.answer_directly(
        actor=city.actor("shift_leader"), idempotency_key="a", draft_id=draft, **given
    )
    assert other.appeal_id != draft
    own = actions.answer_directly(actor=agent, idempotency_key="b", draft_id=draft, **given)
    row = Appeal.objects.get(pk=draft)
    assert (own.appeal_id, row.state, row.form, row.created_at) == (draft, "answered", {}, begun)
    assert row.raw is not None
    assert row.raw.state == RawState.ACCEPTED


@pytest.mark.parametrize("decide", ["answer_directly", "append"])
def test_what_cannot_be_kept_waits_with_its_fault(city: Cast, decide: str) -> None:
    given: dict[str, Any] = {
        "actor": city.actor("agent"), "channel": "phone", "source": "desk:1", "idempotency_key": "a", "citizen": caller(),
    }
    if decide == "append":
        given |= {"order_id": filed(city).order_id, "text": "  "}
    else:
        given |= {"demand": demand(category="99.99"), "answer": "夜间施工须有许可。"}
    with pytest.raises(Invalid) as refusal:
        getattr(actions, decide)(**given)
    assert set(refusal.value.details) == {"text" if decide == "append" else "category"}
    assert RawMessage.objects.get(state=RawState.QUARANTINED).source == "desk:1"


def test_a_finished_order_takes_no_more_words(city: Cast) -> None:
    order = WorkOrder.objects.get(pk=filed(city).order_id)
    close_directly(actor=city.actor("dispatcher"), order_id=order.pk, kind="direct_answer", text="已当面答复。")
    with pytest.raises(Refused) as refusal:
        actions.append(
            actor=city.actor("agent"), channel="phone", source="desk:1", idempotency_key="late", order_id=order.pk,
            text="今晚又开始了。", citizen=caller(),
        )
    assert refusal.value.code == "closed"
    assert not order.notes.exists()
