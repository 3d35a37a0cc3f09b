"""Drafts that are too long, gone or another's; forms of categories that cannot take effect."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotline.intake import actions
from hotline.intake.actions.drafting import MOST, unsealed
from hotline.intake.models import Appeal
from hotline.kit.clock import today
from hotline.kit.errors import Invalid, NotPermitted, NotVisible
from hotline.workorders.models import Category
from tests.accounts.cast import Cast

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
